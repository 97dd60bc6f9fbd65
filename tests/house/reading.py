"""The house read as data: its files, their trees, its templates."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "xinglin"
# Where people's and machines' requests come in; everything else answers calls.
DOORS = ("views", "api", "fhir", "forms", "listeners")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the tree that belongs to it: tracked, or new and not ignored."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    found = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in found if path.is_file()))


def sources(*, tests: bool = False) -> Iterator[Path]:
    """The product's own modules, without what Django writes."""
    for path in files():
        if path.suffix != ".py" or PACKAGE not in path.parents:
            continue
        parts = path.relative_to(PACKAGE).parts
        if "migrations" in parts or (not tests and "tests" in parts):
            continue
        yield path


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def called(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call of a method, with the method's name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func.attr


def chain(node: ast.AST) -> list[str]:
    """The names along `A.objects.filter(…).order_by(…)`, from the left."""
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    if isinstance(node, ast.Call):
        return chain(node.func)
    if isinstance(node, ast.Subscript):
        return chain(node.value)
    return [node.id] if isinstance(node, ast.Name) else []


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def kind_of(path: Path) -> str:
    """What a module is in its app: `views`, `actions`…, a package counting as its name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    known = {*DOORS, "actions", "models", "permissions", "events", "rules", "catalogue"}
    return next((part for part in parts if part in known), parts[-1])


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def templates() -> Iterator[Path]:
    for path in files():
        if path.suffix in (".html", ".txt", ".typ") and "templates" in path.parts:
            yield path
