"""The houses of a county that give care, with what they can do and where patients are taken."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from xinglin.kernel import clock
from xinglin.registry.organisations import catalogue
from xinglin.registry.organisations.models import (
    CARE_LEVELS,
    Capability,
    Department,
    Organisation,
    Profile,
    profiles,
    tree,
)


@dataclass(frozen=True)
class Part:
    """A department; `ability` is its code in `catalogue/techniques.toml`, "" where it has none."""

    id: UUID
    name: str
    ability: str
    takes: bool


@dataclass(frozen=True)
class Facility:
    """A house as a destination: its abilities and its departments, the first by code first."""

    house: Organisation
    profile: Profile
    parts: tuple[Part, ...]


def ability_of(name: str) -> str:
    """The code of a department by its name, its other names or the code itself; "" of none."""
    told = name.strip()
    known = catalogue.abilities()
    if told in known:
        return told
    for each in known.values():
        if each.kind == Capability.Kind.DEPARTMENT and told in (each.zh, each.en, *each.also):
            return each.code
    return ""


class Directory:
    """Read again at most every `LASTS` seconds, as the tree of houses is: it changes by the month.

    What changes by the minute, slots and beds, is never kept here.
    """

    LASTS = 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at: dict[UUID, float] = {}
        self._rows: dict[UUID, list[Facility]] = {}

    def forget(self) -> None:
        self._read_at = {}

    def of(self, county_id: UUID) -> list[Facility]:
        """The county's houses and its partners outside, in the order of the tree."""
        now = time.monotonic()
        if now - self._read_at.get(county_id, float("-inf")) > self.LASTS:
            with self._lock:
                self._rows[county_id] = _read(county_id)
                self._read_at[county_id] = now
        return self._rows[county_id]


def _read(county_id: UUID) -> list[Facility]:
    houses = [
        row
        for row in tree.rows().values()
        if row.county_id == county_id and row.level in CARE_LEVELS
    ]
    known = profiles(houses, timezone.localdate(clock.now()))
    parts: dict[UUID, list[Part]] = defaultdict(list)
    rows = Department.objects.filter(organisation__in=list(known), closed_on=None)
    for pk, house, name, takes in rows.order_by("code", "id").values_list(
        "id", "organisation_id", "name", "takes_referrals"
    ):
        parts[house].append(Part(pk, name, ability_of(name), takes))
    return [Facility(house, known[house.pk], tuple(parts[house.pk])) for house in houses]


directory = Directory()
