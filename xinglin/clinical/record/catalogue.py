"""What is measured: units, what a body can have, what is usual; from `observations.csv`.

item = find("718-7")                 # by LOINC code
item = named("血红蛋白")              # by name, abbreviation or local code
panel("blood-count")                 # the items of one sheet, in its order
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from xinglin.kernel import catalogue
from xinglin.registry.terminology.catalogue import find as concept

FILE = "observations.csv"
_RANGE = re.compile(
    r"(?:(?P<sex>[MF])?(?:(?P<of>\d+)(?:\+|-(?P<to>\d+)))?:)?(?P<low>[\d.]*)~(?P<high>[\d.]*)"
)
_SEXES = {"M": "1", "F": "2"}


class BadCatalogue(ValueError):
    """A row of the catalogue that cannot be read: a mistake of whoever wrote the file."""


@dataclass(frozen=True)
class Range:
    """What is usual for a sex and an age in whole years; None where there is no limit."""

    low: Decimal | None
    high: Decimal | None
    sex: str = ""
    of: int = 0
    to: int | None = None

    def fits(self, sex: str, age: int | None) -> bool:
        if self.sex and self.sex != sex:
            return False
        if not self.of and self.to is None:
            return True
        return age is not None and age >= self.of and (self.to is None or age <= self.to)


@dataclass(frozen=True)
class Item:
    """One vital sign or laboratory item; `unit` is UCUM's, with mmHg as on a ward."""

    code: str
    zh: str
    kind: str
    panel: str
    specimen: str
    unit: str
    low: Decimal | None
    high: Decimal | None
    reference: tuple[Range, ...]
    critical: Range | None
    units: tuple[tuple[str, Decimal], ...]
    texts: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        found = concept("loinc", self.code)
        return found.label if found else self.zh

    def usual(self, sex: str, age: int | None) -> Range | None:
        """The reference range for somebody; None where the catalogue has none."""
        return next((each for each in self.reference if each.fits(sex, age)), None)


def find(code: str) -> Item | None:
    """The item of a LOINC code."""
    return _items(FILE)[0].get(code)


def named(text: str) -> Item | None:
    """The item of a LOINC code, a local code, a name or an abbreviation, in any width or case."""
    return _items(FILE)[1].get(_plain(text))


def panel(code: str) -> list[Item]:
    """The items of one sheet, in the catalogue's order; [] for no such sheet."""
    return [item for item in _items(FILE)[0].values() if item.panel == code]


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


@catalogue.cached
def _items(name: str) -> tuple[dict[str, Item], dict[str, Item]]:
    by_code: dict[str, Item] = {}
    by_name: dict[str, Item] = {}
    for row in catalogue.read_csv(name):
        item = _item(row)
        by_code[item.code] = item
        also = (row.get("also") or "").split(";")
        for said in (item.code, item.zh, row.get("name_en") or "", row.get("ws446") or "", *also):
            if said:
                by_name.setdefault(_plain(said), item)
    return by_code, by_name


def _item(row: dict[str, str]) -> Item:
    try:
        critical = _ranges(row["critical"])
        return Item(
            code=row["code"],
            zh=row["name_zh"],
            kind=row["kind"],
            panel=row["panel"],
            specimen=row["specimen"],
            unit=row["unit"],
            low=_number(row["min"]),
            high=_number(row["max"]),
            reference=_ranges(row["reference"]),
            critical=critical[0] if critical else None,
            units=tuple(
                (unit, Decimal(factor))
                for unit, _is, factor in (
                    each.rpartition("=") for each in row["units"].split(";") if each
                )
            ),
            texts=tuple(filter(None, row["texts"].split(";"))),
        )
    except (ValueError, InvalidOperation) as error:
        raise BadCatalogue(f"{FILE} {row['code']}: {error}") from error


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _ranges(text: str) -> tuple[Range, ...]:
    found = []
    for each in filter(None, text.split(";")):
        told = _RANGE.fullmatch(each)
        if told is None:
            raise BadCatalogue(each)
        found.append(
            Range(
                _number(told["low"]),
                _number(told["high"]),
                _SEXES.get(told["sex"] or "", ""),
                int(told["of"] or 0),
                int(told["to"]) if told["to"] else None,
            )
        )
    return tuple(found)
