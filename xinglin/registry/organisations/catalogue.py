"""Classes of health institutions (WS 218), and what houses can do, from `catalogue/`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from xinglin.kernel import catalogue

FILE = "organisation-classes.toml"
TECHNIQUES = "techniques.toml"


def classes() -> dict[str, str]:
    """Name of every class by its code, in the reader's language."""
    name = "en" if (get_language() or "").startswith("en") else "zh"
    return {row["code"]: row[name] for row in catalogue.read_toml(FILE)["class"]}


def class_choices() -> list[tuple[str, str]]:
    """For a form: the code is told with the name, for people know both."""
    return [("", "—"), *((code, f"{code} {name}") for code, name in classes().items())]


@dataclass(frozen=True)
class Ability:
    """A department, technique or piece of equipment, and the levels that have it by themselves.

    `also` are other names of a department.
    """

    code: str
    kind: str
    zh: str
    en: str
    levels: frozenset[str]
    also: tuple[str, ...]

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@catalogue.cached
def _abilities(name: str) -> dict[str, Ability]:
    return {
        row["code"]: Ability(
            row["code"],
            row["kind"],
            row["zh"],
            row["en"],
            frozenset(row["levels"]),
            tuple(row.get("also", ())),
        )
        for row in catalogue.read_toml(name)["capability"]
    }


def abilities() -> dict[str, Ability]:
    """What a house may be able to do, by code, in the order of the file."""
    return _abilities(TECHNIQUES)


def ability_label(code: str) -> str:
    """What a department, technique or piece of equipment is called."""
    found = abilities().get(code)
    return found.label if found else code


def abilities_of_level(level: str) -> frozenset[str]:
    """What every house of a level has unless it says otherwise."""
    return frozenset(code for code, each in abilities().items() if level in each.levels)
