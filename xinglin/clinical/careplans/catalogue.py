"""Templates of plans, the criteria for going down, and coded reasons, from `catalogue/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from xinglin.kernel import catalogue
from xinglin.kernel.reasons import Coded, Reasons

TEMPLATES = "careplan-templates.toml"
# The template for what has none of its own.
GENERAL = "general"
# The questions: exception, objection, skip, revision, end, outcome, find, symptom.
reasons = Reasons("careplan-reasons.toml")


@dataclass(frozen=True)
class TemplateItem(Coded):
    """One line of a template; days count from the day of the referral."""

    kind: str = ""
    performer: str = "village"
    timing: str = "once"
    from_day: int = 0
    until_day: int | None = None
    every_days: int = 0
    weekdays: tuple[int, ...] = ()
    window_days: int = 0
    instruction: str = ""
    codes: tuple[str, ...] = ()
    limits: tuple[dict[str, Any], ...] = ()
    symptoms: tuple[str, ...] = ()
    follow_up: bool = False


@dataclass(frozen=True)
class Template(Coded):
    """What usually follows a disease: items, the points to answer first, how long, what for."""

    icd10: tuple[str, ...] = ()
    days: int = 30
    goal: str = ""
    criteria: tuple[Coded, ...] = ()
    items: tuple[TemplateItem, ...] = field(default=())
    source: str = ""
    edition: str = ""
    valid_from: date | None = None


def _coded(row: dict[str, Any]) -> Coded:
    return Coded(row["code"], row["zh"], row["en"])


def _item(row: dict[str, Any], place: int) -> TemplateItem:
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    return TemplateItem(code=str(place), **told)


@catalogue.cached
def _templates(name: str) -> dict[str, Template]:
    return {
        row["code"]: Template(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            icd10=tuple(row["icd10"]),
            days=row["days"],
            goal=row["goal"],
            criteria=tuple(_coded(each) for each in row["criteria"]),
            items=tuple(_item(each, place) for place, each in enumerate(row["item"])),
            source=row["source"],
            edition=str(row["edition"]),
        )
        for row in catalogue.read_toml(name)["template"]
    }


def templates() -> dict[str, Template]:
    """Every template by its code, in the order of the file."""
    return _templates(TEMPLATES)


def template_for(diagnosis: str) -> Template:
    """The template of a diagnosis: the longest code that it begins with, else the general one."""
    told = diagnosis.strip().upper()
    best, length = templates()[GENERAL], 0
    for each in templates().values():
        for code in each.icd10:
            if told.startswith(code) and len(code) > length:
                best, length = each, len(code)
    return best


@catalogue.cached
def _general(name: str) -> tuple[Coded, ...]:
    return tuple(_coded(row) for row in catalogue.read_toml(name)["criterion"])


def criteria_of(template: str) -> Sequence[Coded]:
    """The points that are answered before somebody goes down: the general ones, the disease's."""
    own = templates().get(template)
    return (*_general(TEMPLATES), *(own.criteria if own else ()))
