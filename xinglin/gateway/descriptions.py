"""The texts of the OpenAPI document in other languages.

They stand in docstrings, summaries and schemas, where `makemessages` cannot find them, and so
have a domain of their own, `api`, which `python -m xinglin.gateway.descriptions` brings up to
date from the document itself.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale

DOMAIN = "api"
WORDED = ("title", "summary", "description")
_CHINESE = re.compile("[\u4e00-\u9fff]")


def texts(told: Any) -> Iterator[str]:
    """Every Chinese text that a person reads in a document, tags included."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key in WORDED and isinstance(value, str):
                yield from _chinese([value])
            elif key == "tags":
                yield from _chinese(value)
            elif key not in ("examples", "example", "default", "enum"):
                yield from texts(value)
    elif isinstance(told, list):
        for value in told:
            yield from texts(value)


def _chinese(values: list[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str) and _CHINESE.search(value)]


def translated(told: Any, language: str) -> Any:
    """The document with its texts in a language; what has no translation stays as it is."""
    catalogue = _catalogue(to_locale(language))

    def reworded(told: Any) -> Any:
        if isinstance(told, dict):
            return {key: _one(key, value) for key, value in told.items()}
        if isinstance(told, list):
            return [reworded(value) for value in told]
        return told

    def _one(key: str, value: Any) -> Any:
        if key in WORDED and isinstance(value, str):
            return catalogue.gettext(value) if value else value
        if key == "tags":
            return [catalogue.gettext(tag) if isinstance(tag, str) else tag for tag in value]
        return reworded(value)

    return reworded(told)


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, settings.LOCALE_PATHS[0], [locale], fallback=True)


def file_for(locale: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="en", project="Xinglin", version="0.1", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale="en")


def collect() -> None:
    """Bring the catalogue of every other language up to date: new texts empty, gone ones gone."""
    import django

    django.setup()
    from xinglin.gateway.openapi import document

    wanted = Catalog()
    for text in texts(document()):
        wanted.add(text)
    for code, _name in settings.LANGUAGES:
        if code != "zh-hans":
            path = file_for(to_locale(code))
            catalogue = read(path)
            catalogue.update(wanted, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            catalogue.header_comment = "# Texts of the OpenAPI document, collected from itself."
            catalogue.fuzzy = False
            told = BytesIO()
            write_po(told, catalogue, sort_output=True, width=100)
            # Dates that change with every run would be in every diff.
            kept = [line for line in told.getvalue().splitlines(True) if b"-Date: " not in line]
            path.write_bytes(b"".join(kept))


if __name__ == "__main__":
    collect()
