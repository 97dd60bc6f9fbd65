"""The roles of the house, from `catalogue/roles.toml`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from xinglin.kernel import catalogue
from xinglin.kernel.access import Reach

FILE = "roles.toml"


@dataclass(frozen=True)
class Role:
    """What a post of this kind may do, and how far it sees."""

    code: str
    zh: str
    en: str
    reach: Reach
    permissions: frozenset[str]
    levels: tuple[str, ...]

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@catalogue.cached
def _roles(name: str) -> dict[str, Role]:
    rows = catalogue.read_toml(name)["role"]
    return {
        row["code"]: Role(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            reach=Reach(row["reach"]),
            permissions=frozenset(row["permissions"]),
            levels=tuple(row.get("levels", ())),
        )
        for row in rows
    }


@catalogue.cached
def _posts(name: str) -> dict[str, Role]:
    return {code: role for code, role in _roles(name).items() if role.reach is not Reach.NOTHING}


def roles() -> dict[str, Role]:
    """Every role that a post may have, by its code."""
    return _posts(FILE)


def resident() -> Role:
    """What a resident may do on their own page; nobody is appointed to it."""
    return _roles(FILE)["resident"]
