"""Which houses could take the patient, why the others cannot, and what each has free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity.models import Bed, FirstFree, first_free
from xinglin.clinical.referral import rules
from xinglin.clinical.referral.destinations.directory import Facility, Part, ability_of, directory
from xinglin.clinical.referral.destinations.ranking import ABLE, OWN, UNASKED
from xinglin.clinical.referral.destinations.wanted import Wanted
from xinglin.clinical.referral.models import Direction, Urgency
from xinglin.clinical.triage import catalogue as triage
from xinglin.clinical.triage.rules.advising import House, advise
from xinglin.clinical.triage.rules.case import Case
from xinglin.clinical.triage.rules.terms import within
from xinglin.kernel import clock
from xinglin.registry.agreements.models import Kind, book, uses
from xinglin.registry.agreements.rules import Cover, Terms, judge
from xinglin.registry.organisations.catalogue import abilities_of_level, ability_label
from xinglin.registry.organisations.models import Organisation, tree

RANK = {"village": 0, "township": 1, "county": 2, "city": 3}
# What the lists of diseases say of a house that should not treat one.
BEYOND = frozenset({"cat-above", "cat-out"})


@dataclass(frozen=True)
class Candidate:
    """A house, and the department there, that the hard rules let through."""

    house: Organisation
    part: Part | None
    capability: float

    @property
    def department(self) -> str:
        return self.part.name if self.part else ""


@dataclass(frozen=True)
class Excluded:
    """A house that cannot take the patient, and the reason in a sentence."""

    house: Organisation
    reason: str


def candidates(wanted: Wanted) -> tuple[list[Candidate], list[Excluded]]:
    """The hard rules: direction, route, open, ability, department, the lists of diseases."""
    here = tree.get(wanted.from_org_id)
    if here is None:
        return [], []
    found: list[Candidate] = []
    left: list[Excluded] = []
    ability = ability_of(wanted.department)
    facilities = directory.of(wanted.county_id)
    closed = _closed_levels(here, wanted, {each.house.level for each in facilities})
    for facility in facilities:
        house = facility.house
        if house.pk == here.pk or not _on_the_way(here, house, wanted):
            continue
        why = _barred(here, facility, wanted, ability, closed)
        if why:
            left.append(Excluded(house, why))
            continue
        parts = _parts(facility, wanted, ability)
        if parts is None:
            left.append(Excluded(house, _("该科室暂不接收转诊。")))
            continue
        asked = bool(wanted.department)
        for part in parts:
            found.append(Candidate(house, part, OWN if asked else UNASKED))
        if not parts:
            found.append(Candidate(house, None, ABLE if asked else UNASKED))
    return found, left


def _on_the_way(here: Organisation, house: Organisation, wanted: Wanted) -> bool:
    """Whether a house lies in the direction that is asked for; others are not even told."""
    way = rules.direction_of(here.level, house.level)
    if wanted.level and RANK.get(house.level, 0) < RANK.get(wanted.level, 0):
        return False
    if not wanted.way:
        return True
    if wanted.way == Direction.UP:
        # A neighbour of the same kind may have what is needed, but no other village clinic.
        near = way == Direction.LATERAL and here.level != "village"
        return way in (Direction.UP, Direction.OUT) or near
    return way == wanted.way


@dataclass(frozen=True)
class _Closed:
    """Levels of care to which no route leads, and whose lists of diseases end before this one."""

    routes: frozenset[str]
    lists: frozenset[str]


def _closed_levels(here: Organisation, wanted: Wanted, levels: set[str]) -> _Closed:
    """What holds for a level is asked once, and not of two hundred houses."""
    emergency = wanted.urgency == Urgency.EMERGENCY
    code, edition = wanted.diagnosis.strip().upper(), triage.edition()
    return _Closed(
        frozenset(
            level for level in levels if rules.route(here.level, level, emergency=emergency) is None
        ),
        frozenset(level for level in levels if code and _beyond(edition, code, level)),
    )


def _barred(
    here: Organisation, facility: Facility, wanted: Wanted, ability: str, closed: _Closed
) -> str:
    """Why a house cannot take the patient; "" if nothing stands against it."""
    house, profile = facility.house, facility.profile
    if house.closed_on is not None:
        return _("已停办。")
    if house.level in closed.routes:
        return _("%(source)s不能直接转往%(target)s；急诊除外。") % {
            "source": here.get_level_display(),
            "target": house.get_level_display(),
        }
    if house.outside:
        # What a hospital outside can do is not for us to say.
        return ""
    lacking = [code for code in wanted.needs if code not in profile.has]
    if ability and ability not in profile.has:
        lacking.insert(0, ability)
    if lacking:
        names = _("、").join(dict.fromkeys(ability_label(code) for code in lacking))
        return _("不具备：%(what)s。") % {"what": names}
    way = rules.direction_of(here.level, house.level)
    if wanted.diagnosis and way in (Direction.UP, Direction.LATERAL):
        code = wanted.diagnosis.strip().upper()
        added = within(code, tuple((each, each) for each in profile.added))
        dropped = within(code, tuple((each, each) for each in profile.dropped))
        if dropped or not added and house.level in closed.lists:
            return _("%(code)s 不在该机构的病种目录内。") % {"code": code}
    return ""


@lru_cache(maxsize=8192)
def _beyond(edition: str, code: str, level: str) -> bool:
    """Whether the lists of diseases, of this edition, send a case on from a house of a level."""
    advice = advise(Case((code,)), House(level, abilities_of_level(level)))
    return any(ground.code in BEYOND for ground in advice.grounds)


def _parts(facility: Facility, wanted: Wanted, ability: str) -> list[Part] | None:
    """The departments that are meant; none of its own is [], one that takes nobody is None."""
    asked = wanted.department.strip()
    if not asked:
        return [part for part in facility.parts if part.takes]
    meant = [
        part
        for part in facility.parts
        if part.name == asked or (ability and part.ability == ability)
    ]
    taking = [part for part in meant if part.takes]
    return None if meant and not taking else taking


# ------------------------------------------------------------------------------- what is free


@dataclass(frozen=True)
class Ward:
    """A ward with beds that are free for the patient."""

    id: UUID
    free: int


def slots(wanted: Wanted, found: Iterable[Candidate]) -> dict[UUID, FirstFree]:
    """The first free slot of each department, for whoever comes by referral; one query."""
    if not wanted.slot_kinds:
        return {}
    departments = [each.part.id for each in found if each.part]
    return first_free(departments, channel="referral", kinds=wanted.slot_kinds)


def wards(wanted: Wanted, found: Iterable[Candidate]) -> dict[UUID, list[Ward]]:
    """The wards of each department with free beds for the sex, the fullest choice first."""
    if not wanted.lies:
        return {}
    departments = [each.part.id for each in found if each.part]
    told: dict[UUID, list[Ward]] = {}
    for department, ward, free in Bed.objects.free_of(departments, sex=wanted.sex):
        told.setdefault(department, []).append(Ward(ward, free))
    for rows in told.values():
        rows.sort(key=lambda each: (-each.free, each.id))
    return told


def covers(wanted: Wanted, found: Iterable[Candidate]) -> dict[tuple[UUID, str], Cover]:
    """What agreements say of each house and department; at most one query, for quotas."""
    here = tree.get(wanted.from_org_id)
    if here is None:
        return {}
    day = timezone.localdate(clock.now())
    sending = [
        terms
        for terms in book.of(wanted.county_id, Kind.REFERRAL)
        if any(side.sends and side.takes_in(here.path) for side in terms.sides)
    ]
    limited = [terms for terms in sending if terms.quota is not None]
    used = uses(limited, day) if limited else {}

    def count(terms: Terms) -> int:
        return used.get(terms.id, 0)

    return {
        (each.house.pk, each.department): judge(
            sending,
            here.path,
            each.house.path,
            on=day,
            department=each.department,
            diagnosis=wanted.diagnosis,
            used=count,
        )
        for each in found
    }
