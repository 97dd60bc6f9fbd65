"""Classes of health institutions (WS 218), from `catalogue/organisation-classes.toml`."""

from __future__ import annotations

from django.utils.translation import get_language

from xinglin.kernel import catalogue

FILE = "organisation-classes.toml"


def classes() -> dict[str, str]:
    """Name of every class by its code, in the reader's language."""
    name = "en" if (get_language() or "").startswith("en") else "zh"
    return {row["code"]: row[name] for row in catalogue.read_toml(FILE)["class"]}


def class_choices() -> list[tuple[str, str]]:
    """For a form: the code is told with the name, for people know both."""
    return [("", "—"), *((code, f"{code} {name}") for code, name in classes().items())]
