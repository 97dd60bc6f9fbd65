"""What lies in the tree, and what does not."""

from __future__ import annotations

import json
import re

import pytest
from django.apps import apps

from tests.house import reading

LONGEST = 500
# Names that say nothing of what is inside.
NAMELESS = {"utils", "helpers", "services", "common", "misc", "base", "tools", "manager", "lib"}


def text_of(path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_module_is_longer_than_one_can_read():
    too_long = {
        reading.name_of(path): count
        for path in reading.files()
        if path.suffix in (".py", ".html", ".css", ".js")
        and (reading.PACKAGE in path.parents or reading.ROOT / "tests" in path.parents)
        and "migrations" not in path.parts
        and path.suffix == ".py"
        and (count := len(text_of(path).splitlines())) > LONGEST
    }
    assert too_long == {}


def test_no_module_has_a_name_that_says_nothing():
    nameless = [
        reading.name_of(path)
        for path in reading.files()
        if path.suffix == ".py" and (path.stem in NAMELESS or path.parent.name in NAMELESS)
    ]
    assert nameless == []


def test_every_module_says_in_a_sentence_what_it_is():
    """Doors and tables of addresses speak for themselves; what has functions of its own says so."""
    import ast

    speechless = []
    for path in reading.sources():
        tree = reading.tree(path)
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        small = path.stem in ("apps", "urls", "permissions", "events", "forms")
        if len(functions) > 1 and not small and not ast.get_docstring(tree):
            speechless.append(reading.name_of(path))
    assert speechless == []


def test_every_app_says_in_a_sentence_what_it_is():
    import ast

    for config in apps.get_app_configs():
        if config.name.startswith("xinglin."):
            path = reading.ROOT / config.name.replace(".", "/") / "__init__.py"
            assert ast.get_docstring(reading.tree(path)), config.name


def test_every_app_is_named_in_the_glossary():
    glossary = (reading.ROOT / "docs" / "glossary.md").read_text("utf-8")
    for config in apps.get_app_configs():
        if config.name.startswith("xinglin."):
            assert f"`{config.label}`" in glossary, config.label


def test_every_table_is_named_in_the_glossary():
    glossary = (reading.ROOT / "docs" / "glossary.md").read_text("utf-8")
    missing = [
        f"{config.label}.{model.__name__}"
        for config in apps.get_app_configs()
        if config.name.startswith("xinglin.")
        for model in config.get_models()
        if not model._meta.auto_created and f"`{model.__name__}`" not in glossary
    ]
    assert missing == []


def test_locks_name_no_host():
    """A lock made behind a mirror would send everybody to that mirror."""
    for path in (reading.ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text("utf-8"), path.name
    lock = reading.ROOT / "package-lock.json"
    if lock.exists():
        assert '"resolved"' not in lock.read_text("utf-8")
        assert json.loads(lock.read_text("utf-8"))["lockfileVersion"] >= 3


def test_locks_check_what_they_install():
    for path in (reading.ROOT / "requirements").glob("*.txt"):
        for line in path.read_text("utf-8").splitlines():
            if re.match(r"[a-z0-9]", line, re.IGNORECASE):
                assert line.rstrip().endswith("\\"), f"{path.name}: {line} has no hash"


# Where people work, as it must not stand in what others get.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(home|Users|root|work|tmp/dev)/[\w.-]+")


def test_no_file_names_somebodys_machine():
    found = []
    for path in reading.files():
        if path == reading.ROOT / "tests" / "house" / "test_tree.py":
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if MACHINE_PATHS.search(line):
                found.append(f"{reading.name_of(path)}:{number} {line.strip()[:100]}")
    assert found == []


SOMEBODYS = re.compile(r"(?i)\bcopyright\b|@license")


# Styles, scripts, fonts and icons of others are installed, not copied.
def test_nobody_elses_files_lie_in_the_tree():
    found = [
        reading.name_of(path)
        for path in reading.files()
        if path.suffix in (".woff", ".woff2", ".ttf", ".otf", ".eot", ".jar", ".whl", ".so", ".exe")
        or path.name.endswith((".min.js", ".min.css"))
        or "node_modules" in path.parts
        or "vendor" in path.parts
        or ("built" in path.parts and "static" in path.parts)
        or (path.suffix in (".js", ".css") and SOMEBODYS.search(text_of(path)))
    ]
    assert found == []


def test_no_file_is_heavy():
    heavy = {
        reading.name_of(path): path.stat().st_size // 1024
        for path in reading.files()
        if path.stat().st_size > 1024 * 1024
    }
    assert heavy == {}


def test_no_secret_and_no_database_lies_in_the_tree():
    found = [
        reading.name_of(path)
        for path in reading.files()
        if path.suffix in (".sqlite3", ".pem", ".key", ".log", ".pyc")
        or path.name in (".env", "secret_key", ".DS_Store")
    ]
    assert found == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_nothing_is_left_for_later_in_the_code(word):
    found = [
        f"{reading.name_of(path)}:{number}"
        for path in reading.files()
        if path.suffix in (".py", ".html", ".js", ".css") and path.name != "test_tree.py"
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if re.search(rf"\b{word}\b", line)
    ]
    assert found == []
