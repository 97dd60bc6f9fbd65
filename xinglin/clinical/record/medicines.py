"""What somebody takes, of all houses: one medicine for each substance, with what contradicts.

Two houses order one substance under two names, in two doses; that is what this finds. The substance
behind a name is looked up in `catalogue/medicines.csv` (ATC); a name that is not there counts by
itself, without its form of dosage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import get_language

from xinglin.clinical.record.lines import Line
from xinglin.kernel import catalogue

FILE = "medicines.csv"
STATEMENT = "statement"
# Signs of an ATC code that name the class (chemical subgroup).
CLASS = 5
_FORMS = re.compile(
    r"[（(【\[].*?[）)】\]]|缓释|控释|肠溶|分散|咀嚼|泡腾|口崩|薄膜衣|片|胶囊|颗粒|口服液|注射液|注射用|"
    r"气雾剂|吸入剂|粉雾剂|喷雾剂|滴丸|滴眼液|软膏|乳膏|糖浆|丸|散|\s"
)
_NOISE = re.compile(r"[\s，,。.·]")


@dataclass(frozen=True)
class Substance:
    """One row of the catalogue: its own code, and those of what is in it."""

    atc: str
    zh: str
    en: str
    ingredients: frozenset[str]

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") and self.en else self.zh

    @property
    def key(self) -> str:
        """What stands on one line: a lone ingredient under whatever name, else the combination."""
        return next(iter(self.ingredients)) if len(self.ingredients) == 1 else self.atc


@catalogue.cached
def _names(name: str) -> list[tuple[str, Substance]]:
    found = []
    for row in catalogue.read_csv(name):
        parts = frozenset(filter(None, (row.get("ingredients") or "").split("|")))
        substance = Substance(
            row["atc"], row["name_zh"], row["name_en"], parts or frozenset({row["atc"]})
        )
        for each in (row["name_zh"], row["name_en"], *(row.get("aliases") or "").split("|")):
            if each:
                found.append((each.lower(), substance))
    return sorted(found, key=lambda pair: -len(pair[0]))


def substance(name: str) -> Substance | None:
    """The substance of a medicine's name, the longest known name in it; None if none is known."""
    return _substance(name, catalogue.stamp(FILE))


@lru_cache(maxsize=2000)
def _substance(name: str, stamp: object) -> Substance | None:
    """`stamp` is there so that a changed catalogue counts at once."""
    said = name.lower()
    return next((found for alias, found in _names(FILE) if alias in said), None)


def key_of(name: str) -> str:
    """What two orders of one medicine have in common."""
    known = substance(name)
    return known.key if known else _bare(name)


def _bare(name: str) -> str:
    """A name without the form of dosage."""
    return _FORMS.sub("", name).lower() or name


@dataclass
class Medicine:
    """One medicine with the orders for it, the newest first, and what the person says of it."""

    key: str
    known: Substance | None
    orders: list[Line] = field(default_factory=list)
    statements: list[Line] = field(default_factory=list)
    # Names of other medicines of this list with the same ingredient, and of the same class.
    shares: list[str] = field(default_factory=list)
    resembles: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        return self.orders or self.statements

    @property
    def name(self) -> str:
        return self.lines[0].title

    @property
    def statement(self) -> Line | None:
        """What was last found out about the taking of it."""
        return self.statements[0] if self.statements else None

    @property
    def taken(self) -> bool | None:
        """Whether it is taken; None where nobody has asked since it was last ordered."""
        said = self.statement
        if said is None or (self.orders and said.at < self.orders[0].at):
            return None
        return said.mark is not False

    @property
    def repeated(self) -> bool:
        """Ordered more than once at the same time."""
        return len(self.orders) > 1

    @property
    def doses(self) -> list[str]:
        """The doses that the orders name, each once, the newest first."""
        return list(dict.fromkeys(filter(None, (dose(line) for line in self.orders))))

    @property
    def conflicting(self) -> bool:
        return len({_NOISE.sub("", said).lower() for said in self.doses}) > 1


def dose(line: Line) -> str:
    """How much and how often, as it was said."""
    return " ".join(filter(None, (line.detail, line.more)))


def reconcile(lines: Iterable[Line]) -> list[Medicine]:
    """The medicines of these orders and statements, the last ordered first."""
    found: dict[str, Medicine] = {}
    stamp = catalogue.stamp(FILE)
    for line in sorted(lines, key=lambda line: (line.at, line.id), reverse=True):
        known = _substance(line.title, stamp)
        key = known.key if known else _bare(line.title)
        medicine = found.setdefault(key, Medicine(key, known))
        (medicine.statements if line.flag == STATEMENT else medicine.orders).append(line)
    medicines = list(found.values())
    for medicine in medicines:
        _compare(medicine, [other for other in medicines if other is not medicine])
    return medicines


def _compare(medicine: Medicine, others: Sequence[Medicine]) -> None:
    if medicine.known is None or medicine.taken is False:
        return
    for other in others:
        if other.known is None or other.taken is False:
            continue
        if medicine.known.ingredients & other.known.ingredients:
            medicine.shares.append(other.name)
        elif medicine.known.atc[:CLASS] == other.known.atc[:CLASS]:
            medicine.resembles.append(other.name)
