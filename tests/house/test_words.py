"""Templates and their words: Chinese in the source, English complete, nothing inline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import reading

ENGLISH = reading.PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"
HAN = re.compile(r"[\u3400-\u9fff]")
# Kinds of file in which Django looks for texts.
WORDED = (".py", ".html", ".txt")
# Texts that are the same in every language.
SAME = re.compile(r"^[\W\d_]*$")


def test_no_template_carries_style_or_script():
    """What a page does and how it looks is in files that the browser's policy allows."""
    found = []
    for path in reading.templates():
        if path.suffix != ".html":
            continue
        text = re.sub(
            r"{#.*?#}|{% comment %}.*?{% endcomment %}",
            _as_lines,
            path.read_text("utf-8"),
            flags=re.DOTALL,
        )
        for number, line in enumerate(text.splitlines(), 1):
            if (
                re.search(r"<style\b", line)
                or re.search(r"<[^>]*\sstyle=", line)
                or re.search(r"\son[a-z]+\s*=\s*[\"']", line)
                or re.search(r"javascript:", line)
                or (re.search(r"<script\b", line) and "src=" not in line)
            ):
                found.append(f"{reading.name_of(path)}:{number} {line.strip()[:100]}")
    assert found == []


def test_no_template_marks_a_value_as_safe():
    found = [
        f"{reading.name_of(path)}:{number}"
        for path in reading.templates()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\|\s*safe\b|autoescape off", line)
    ]
    assert found == []


def test_no_text_of_a_page_goes_round_translation():
    """Chinese outside a tag that translates it would stay Chinese in English."""
    found = []
    for path in reading.templates():
        if path.suffix != ".html":
            continue
        text = path.read_text("utf-8")
        text = re.sub(r"{#.*?#}", "", text)
        for block in ("comment", "blocktranslate", "blocktrans"):
            text = re.sub(
                rf"{{% *{block}\b.*?{{% *end{block} *%}}", _as_lines, text, flags=re.DOTALL
            )
        text = re.sub(r"{%.*?%}|{{.*?}}", _as_lines, text, flags=re.DOTALL)
        for number, line in enumerate(text.splitlines(), 1):
            # The name of a language stands in that language.
            if HAN.search(line) and "lang=" not in line:
                found.append(f"{reading.name_of(path)}:{number} {line.strip()[:80]}")
    assert found == []


def _as_lines(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def test_every_text_of_a_template_is_chinese():
    found = []
    for path in reading.templates():
        text = path.read_text("utf-8")
        told = re.findall(r"{%-? *trans(?:late)? +\"([^\"]*)\"", text)
        told += re.findall(r"{%-? *trans(?:late)? +'([^']*)'", text)
        told += re.findall(
            r"{% *blocktrans(?:late)?\b[^%]*%}(.*?){% *(?:plural|endblocktrans)", text, re.DOTALL
        )
        found += [
            f"{reading.name_of(path)}: {words}"
            for words in told
            if not HAN.search(words) and not SAME.match(re.sub(r"{{.*?}}", "", words))
        ]
    assert found == []


def test_placeholders_have_names():
    """A translator may have to turn a sentence round; `%s` and f-strings do not let them."""
    import ast

    found = []
    for path in reading.sources():
        for node in ast.walk(reading.tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in ("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"):
                continue
            for argument in node.args[: 2 if node.func.id == "ngettext" else 1]:
                where = f"{reading.name_of(path)}:{node.lineno}"
                if isinstance(argument, ast.JoinedStr):
                    found.append(f"{where} an f-string")
                if isinstance(argument, ast.Constant) and re.search(
                    r"%[sdfr]", str(argument.value)
                ):
                    found.append(f"{where} {argument.value}")
    assert found == []


def entries(text: str) -> Iterator[tuple[tuple[str, str], dict[str, str], bool]]:
    """Each entry of a catalogue of texts: (context, msgid), its translations, whether fuzzy."""
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        fuzzy = False
        for line in block.splitlines():
            if line.startswith("#,") and "fuzzy" in line:
                fuzzy = True
            if line.startswith("#"):
                continue
            begun = re.match(r'(msg\w+(?:\[\d\])?)\s+"(.*)"$', line)
            if begun:
                name = begun[1]
                fields[name] = begun[2]
            elif line.startswith('"'):
                fields[name] += line[1:-1]
        if fields.get("msgid"):
            told = {key: text for key, text in fields.items() if key.startswith("msgstr")}
            yield (fields.get("msgctxt", ""), fields["msgid"]), told, fuzzy


@pytest.fixture(scope="module")
def extracted(tmp_path_factory) -> set[tuple[str, str]]:
    """What Django finds to translate in a copy of the package."""
    if not shutil.which("xgettext"):
        pytest.skip("GNU gettext not found: install it (Debian: apt-get install gettext).")
    home = tmp_path_factory.mktemp("words")
    package = home / "xinglin"
    for path in reading.files():
        if reading.PACKAGE not in path.parents or path.suffix not in WORDED:
            continue
        inside = path.relative_to(reading.PACKAGE)
        if "tests" in inside.parts or "migrations" in inside.parts:
            continue
        (package / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, package / inside)
    (package / "locale").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "en", "--add-location", "never"],
        cwd=package,
        env={
            **os.environ,
            "PYTHONPATH": str(reading.ROOT),
            "DJANGO_SETTINGS_MODULE": "xinglin.config.settings",
            "XINGLIN_HOME": str(home),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = list(package.rglob("django.po"))
    assert len(found) == 1, done.stdout + done.stderr
    return {key for key, _told, _fuzzy in entries(found[0].read_text("utf-8"))}


def test_every_text_of_the_house_is_in_the_english_catalogue(extracted):
    known = {key for key, _told, _fuzzy in entries(ENGLISH.read_text("utf-8"))}
    missing = sorted(msgid for _context, msgid in extracted - known)
    assert missing == [], f"{len(missing)} texts; make messages, then translate"


def test_the_english_catalogue_knows_no_text_that_is_gone(extracted):
    known = {key for key, _told, _fuzzy in entries(ENGLISH.read_text("utf-8"))}
    assert sorted(msgid for _context, msgid in known - extracted) == []


def test_every_text_is_translated():
    found = []
    for (_context, msgid), told, fuzzy in entries(ENGLISH.read_text("utf-8")):
        if fuzzy or not told or not all(told.values()):
            found.append(msgid)
    assert found == []


def test_a_translation_keeps_the_placeholders_and_is_english():
    wrong = []
    for (_context, msgid), told, _fuzzy in entries(ENGLISH.read_text("utf-8")):
        wanted = set(re.findall(r"%\((\w+)\)[sd]", msgid))
        for text in told.values():
            given = set(re.findall(r"%\((\w+)\)[sd]", text))
            # A singular may do without its number.
            if given - wanted or (wanted - given and len(told) == 1):
                wrong.append(f"{msgid} → {text}")
            # An example of what to type is typed in Chinese.
            if HAN.search(text) and "中文" not in text and not msgid.startswith("例如"):
                wrong.append(f"{msgid} → {text}")
    assert wrong == []


def test_both_names_of_every_code_are_given():
    """Catalogues carry their own English; where one has `zh` it has `en` too."""
    import tomllib

    found = []

    def look(value, where: str) -> None:
        if isinstance(value, dict):
            if "zh" in value and not value.get("en"):
                found.append(f"{where}: {value['zh']}")
            for key, inner in value.items():
                look(inner, f"{where}.{key}")
        elif isinstance(value, list):
            for inner in value:
                look(inner, where)

    for path in sorted(Path(reading.ROOT / "catalogue").rglob("*.toml")):
        look(tomllib.loads(path.read_text("utf-8")), path.name)
    assert found == []
