"""Drugs, items, frequencies, routes, sets and reasons of orders, from `catalogue/`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any

from xinglin.kernel import catalogue
from xinglin.kernel.reasons import Coded, Reasons
from xinglin.registry.terminology.rules import Entry, Index

DRUGS = "drugs.csv"
CLASSES = "drug-classes.toml"
FREQUENCIES = "frequencies.toml"
ROUTES = "order-routes.toml"
ITEMS = "order-items.toml"
SETS = "order-sets.toml"
# The questions: send-back, omit, stop, cancel, void.
reasons = Reasons("order-reasons.toml")


@dataclass(frozen=True)
class DrugClass(Coded):
    """What drugs of one kind share: an allergen's code, the words for it, its relatives."""

    allergen: str = ""
    words: tuple[str, ...] = ()
    cross: tuple[str, ...] = ()
    several: bool = False


@dataclass(frozen=True)
class Drug(Coded):
    """A drug as it lies on the shelf; doses in `unit` (UCUM), None where there is no maximum."""

    form: str
    strength: str
    unit: str
    usual: Decimal
    route: str
    frequency: str
    max_single: Decimal | None
    max_daily: Decimal | None
    group: str
    high_alert: bool
    skin_test: bool
    min_age: int | None
    pregnancy: str


@dataclass(frozen=True)
class Frequency(Coded):
    """How often, and at which hours of the ward's clock."""

    kind: str
    times: tuple[time, ...] = ()
    every_days: int = 1
    weekdays: tuple[int, ...] = ()
    fhir: str = ""

    @property
    def per_day(self) -> int:
        """How many times on a day on which it is due; 1 for what is done once."""
        return len(self.times) or 1

    @property
    def label(self) -> str:
        said = super().label
        return said if self.kind == "standing" else f"{self.code} {said}"


@dataclass(frozen=True)
class Route(Coded):
    """How a drug gets into the body; several may share one drip."""

    ws364: str
    drip: bool = False
    snomed: str = ""


@dataclass(frozen=True)
class Item(Coded):
    """What is ordered besides drugs; of one `family` one holds at a time."""

    kind: str
    term: str
    frequency: str
    family: str = ""


@dataclass(frozen=True)
class Line:
    """One line of an order set."""

    drug: str = ""
    item: str = ""
    frequency: str = ""
    dose: Decimal | None = None
    group: int = 0


@dataclass(frozen=True)
class OrderSet(Coded):
    """What a ward usually orders for an illness."""

    lines: tuple[Line, ...] = field(default=())


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@catalogue.cached
def _drugs(name: str) -> dict[str, Drug]:
    return {
        row["code"]: Drug(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            form=row["form"],
            strength=row["strength"],
            unit=row["unit"],
            usual=Decimal(row["usual"]),
            route=row["route"],
            frequency=row["frequency"],
            max_single=_number(row["max_single"]),
            max_daily=_number(row["max_daily"]),
            group=row["class"],
            high_alert=bool(row["high_alert"]),
            skin_test=bool(row["skin_test"]),
            min_age=int(row["min_age"]) if row["min_age"] else None,
            pregnancy=row["pregnancy"],
        )
        for row in catalogue.read_csv(name)
    }


def drugs() -> dict[str, Drug]:
    """The house's drugs by code, in the order of the file."""
    return _drugs(DRUGS)


@catalogue.cached
def _classes(name: str) -> dict[str, DrugClass]:
    return {
        row["code"]: DrugClass(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            allergen=row.get("allergen", ""),
            words=tuple(row.get("words", ())),
            cross=tuple(row.get("cross", ())),
            several=row.get("several", False),
        )
        for row in catalogue.read_toml(name)["classes"]["rows"]
    }


def classes() -> dict[str, DrugClass]:
    return _classes(CLASSES)


def classes_of(name: str) -> frozenset[str]:
    """The classes of drug that a written name tells; two for a pill that holds two."""
    # A syllable stands in the name of half the drugs there are.
    whole = len(name) > 2
    told = {
        drug.group for drug in drugs().values() if drug.zh in name or (whole and name in drug.zh)
    }
    told |= {each.code for each in classes().values() if any(word in name for word in each.words)}
    return frozenset(told)


@catalogue.cached
def _frequencies(name: str) -> dict[str, Frequency]:
    return {
        row["code"]: Frequency(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            kind=row["kind"],
            times=tuple(sorted(time.fromisoformat(each) for each in row.get("times", ()))),
            every_days=row.get("every_days", 1),
            weekdays=tuple(row.get("weekdays", ())),
            fhir=row.get("fhir", ""),
        )
        for row in catalogue.read_toml(name)["frequencies"]["rows"]
    }


def frequencies() -> dict[str, Frequency]:
    return _frequencies(FREQUENCIES)


@catalogue.cached
def _routes(name: str) -> dict[str, Route]:
    return {
        row["code"]: Route(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            ws364=row["ws364"],
            drip=row.get("drip", False),
            snomed=row.get("snomed", ""),
        )
        for row in catalogue.read_toml(name)["routes"]["rows"]
    }


def routes() -> dict[str, Route]:
    return _routes(ROUTES)


@catalogue.cached
def _items(name: str) -> dict[str, Item]:
    return {
        row["code"]: Item(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            kind=row["kind"],
            term=row["term"],
            frequency=row["frequency"],
            family=row.get("family", ""),
        )
        for row in catalogue.read_toml(name)["items"]["rows"]
    }


def items() -> dict[str, Item]:
    return _items(ITEMS)


@catalogue.cached
def _sets(name: str) -> dict[str, OrderSet]:
    return {
        row["code"]: OrderSet(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            lines=tuple(
                Line(
                    drug=line.get("drug", ""),
                    item=line.get("item", ""),
                    frequency=line.get("frequency", ""),
                    dose=_number(str(line.get("dose", ""))),
                    group=line.get("group", 0),
                )
                for line in row["lines"]
            ),
        )
        for row in catalogue.read_toml(name)["set"]
    }


def sets() -> dict[str, OrderSet]:
    return _sets(SETS)


@catalogue.cached
def _drug_index(name: str) -> Index:
    return Index(_entries(_drugs(name).values()))


@catalogue.cached
def _item_index(name: str) -> Index:
    return Index(_entries(_items(name).values()))


def _entries(found: Iterable[Coded]) -> list[Entry]:
    return [Entry(each.code, each.zh, each.en) for each in found]


def search_drugs(text: str, limit: int) -> list[Drug]:
    """The best drugs for a few characters of name, pinyin, initials or English."""
    rows = list(drugs().values())
    return [rows[place] for place in _drug_index(DRUGS).search(text, limit)]


def search_items(text: str, limit: int) -> list[Item]:
    rows = list(items().values())
    return [rows[place] for place in _item_index(ITEMS).search(text, limit)]


def choices(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Codes with their names, for a select."""
    return [(code, each.label) for code, each in found.items()]
