"""How large a county is, its houses and residents, and how things are drawn at random."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any
from uuid import UUID

from xinglin.registry.people import rules


@dataclass(frozen=True)
class Scale:
    """How large the county is."""

    people: int
    encounters: int
    referrals: int
    # Facts in all, the encounters among them; 0 where the record is not what is measured.
    facts: int = 0

    @property
    def name(self) -> str:
        return f"{self.people}-{self.encounters}-{self.referrals}-{self.facts}"

    @property
    def size(self) -> int:
        """What the county is called by: its people where the record is measured, else referrals."""
        return self.people if self.facts else self.referrals


@dataclass(frozen=True)
class House:
    id: UUID
    level: str
    name: str


@dataclass(frozen=True)
class Houses:
    """The houses of the county that was established by the product's own actions."""

    region: House
    office: House
    hospitals: Sequence[House]
    townships: Sequence[House]
    villages: Sequence[tuple[House, House]]  # each with its township
    city: House


@dataclass(frozen=True)
class Resident:
    id: UUID
    name: str
    phone: str
    id_number: str
    record_no: str
    home: int  # the village's place in `Houses.villages`
    managed_by: UUID


class Choice:
    """Choosing by weight, many times."""

    def __init__(self, draw: random.Random, weighted: Sequence[tuple[Any, float]]) -> None:
        self._values = [value for value, _weight in weighted]
        self._weights = list(accumulate(weight for _value, weight in weighted))
        self._draw = draw

    def __call__(self) -> Any:
        return self._draw.choices(self._values, cum_weights=self._weights)[0]


def uuid7(at: datetime, draw: random.Random) -> UUID:
    """An identifier as the product would have made it at that moment."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | draw.getrandbits(12) << 64
        | 0b10 << 62
        | draw.getrandbits(62)
    )


class Readings:
    """Pinyin and initials of names, by their parts: reading half a million whole names is slow."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[str, str]] = {}

    def of(self, surname: str, given: str) -> tuple[str, str]:
        first = self._part(surname, surname + "一", 2, 1)
        rest = self._part("·" + given, "王" + given, -4, -1)
        return first[0] + rest[0], first[1] + rest[1]

    def _part(self, key: str, name: str, letters: int, initials: int) -> tuple[str, str]:
        if key not in self._parts:
            spoken, short = rules.pinyin_of(name), rules.initials_of(name)
            # Take "yi" from the end or "wang" from the beginning again.
            self._parts[key] = (
                (spoken[:-letters], short[:-initials])
                if letters > 0
                else (spoken[-letters:], short[-initials:])
            )
        return self._parts[key]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
