"""Every threshold, time limit and switch of the house, with its source.

They live in `catalogue/parameters.toml`; a county lays its own `parameters.toml` over it.
A key may have several entries with different `valid_from`: the newest that is in force
counts, and the county's own word before the common one. Nothing here may be an `if` in
the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

from xinglin.kernel import catalogue

FILE = "parameters.toml"
UNITS = {"minutes": "minutes", "hours": "hours", "days": "days"}


@dataclass(frozen=True)
class Parameter:
    """One value in force, with what it rests on."""

    key: str
    value: Any
    unit: str
    zh: str
    en: str
    source: str
    edition: str
    valid_from: date
    confidence: str
    overlay: bool = False

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


def every() -> list[Parameter]:
    """All entries, in the order of the file."""
    return [
        Parameter(
            key=row["key"],
            value=row["value"],
            unit=row.get("unit", ""),
            zh=row.get("zh", row["key"]),
            en=row.get("en", row["key"]),
            source=row.get("source", ""),
            edition=str(row.get("edition", "")),
            valid_from=row.get("valid_from", date.min),
            confidence=row.get("confidence", "check"),
            overlay=row.get("overlay", False),
        )
        for row in catalogue.read_toml(FILE)["parameter"]
    ]


_index: tuple[Any, dict[str, list[Parameter]]] = (None, {})


def find(key: str, on: date | None = None) -> Parameter:
    """The entry in force on a day (today by default); KeyError names an unknown key."""
    global _index
    now = catalogue.stamp(FILE)
    if _index[0] != now:
        rows: dict[str, list[Parameter]] = {}
        for parameter in every():
            rows.setdefault(parameter.key, []).append(parameter)
        for entries in rows.values():
            entries.sort(key=lambda p: (p.overlay, p.valid_from), reverse=True)
        _index = (now, rows)
    day = on or timezone.localdate()
    for parameter in _index[1][key]:
        if parameter.valid_from <= day:
            return parameter
    raise KeyError(f"{key} has no value in force on {day}")


def get(key: str, on: date | None = None) -> Any:
    """The value in force."""
    return find(key, on).value


def duration(key: str) -> timedelta:
    """The value in force as a span of time, by its unit (minutes, hours or days)."""
    parameter = find(key)
    return timedelta(**{UNITS[parameter.unit]: parameter.value})
