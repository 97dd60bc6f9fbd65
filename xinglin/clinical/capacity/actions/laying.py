"""Making the slots say what the schedule says, for a stretch of days; what is booked stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import rules
from xinglin.clinical.capacity.actions.steps import when
from xinglin.clinical.capacity.models import (
    LIVE,
    Booking,
    Closure,
    Schedule,
    Slot,
    SlotQuerySet,
    Substitution,
)
from xinglin.kernel import bulk, clock, parameters
from xinglin.kernel.errors import Conflict
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.staff.models import Practitioner

Key = tuple[datetime, str]


def horizon(today: date) -> date:
    """The last day that has slots."""
    span: timedelta = parameters.duration("capacity.plan_days")
    return today + span


class Overlap(Conflict):
    """The doctor or the room is elsewhere at that hour."""

    code = "schedules-overlap"


def one_at_a_time(house_id: UUID, practitioner_id: UUID | None = None) -> None:
    """Whoever keeps the hours of a house, or of a doctor, does so one after the other.

    So nothing is laid out beside a closure that is being made, and two clerks do not put one
    doctor into two rooms in the same moment.
    """
    houses = Organisation.objects.select_for_update(no_key=True)
    list(houses.filter(pk=house_id).values_list("pk"))
    if practitioner_id is not None:
        people = Practitioner.objects.select_for_update(no_key=True)
        list(people.filter(pk=practitioner_id).values_list("pk"))


def lay_out(schedule: Schedule, first: date, last: date, now: datetime) -> list[UUID]:
    """New slots are made, those that no longer belong are withdrawn, the others are adjusted.

    The house is locked by the act, so that two workers lay out one after the other, and the
    second finds nothing to do. A slot that has begun is never touched. Answers with the slots
    in which another doctor or another room now awaits who had booked.
    """
    wanted = _wanted(schedule, first, last, now)
    known = {(slot.start_at, slot.kept_for): slot for slot in _known(schedule, first, last, now)}
    # The ways of the day: who stands in, what is closed.
    closures = _closures(schedule.organisation_id, now)
    changes = list(schedule.substitutions.filter(end_at__gt=now).order_by("created_at"))
    fresh, other = [], []
    for key, place in wanted.items():
        meant = _slot(schedule, key, place, closures, changes)
        slot = known.get(key)
        if slot is None:
            fresh.append(meant)
        elif _adjust(slot, meant, now):
            other.append(slot.pk)
    bulk.create(fresh)
    gone = [slot.pk for key, slot in known.items() if key not in wanted]
    Slot.objects.filter(pk__in=gone, withdrawn_at=None).update(withdrawn_at=now)
    schedule.laid_until = max(last, schedule.laid_until or last)
    schedule.save(update_fields=["laid_until", "updated_at"])
    return other


def lock(rows: SlotQuerySet) -> list[UUID]:
    """The keys of slots, locked in the order in which everybody locks them."""
    found = rows.order_by("pk").select_for_update(no_key=True)
    return list(found.values_list("pk", flat=True))


def close_anew(rows: SlotQuerySet, now: datetime) -> None:
    """Let slots be closed by what closes them as they are now: who stands there may have changed.

    Two closures may lie over one another; where one is lifted, the other one holds.
    """
    closures: dict[UUID, list[Closure]] = {}
    for slot in list(rows):
        house = slot.organisation_id
        if house not in closures:
            closures[house] = _closures(house, now)
        found = closed_by(slot, closures[house])
        if slot.closure_id != (found and found.pk):
            slot.closure = found
            slot.save(update_fields=["closure", "updated_at"])


def _closures(house_id: UUID, now: datetime) -> list[Closure]:
    return list(Closure.objects.standing().filter(organisation=house_id, end_at__gt=now))


def nowhere_else(rows: SlotQuerySet, now: datetime) -> None:
    """Refuse that a doctor is in two places in these slots, or that a room has two clinics."""
    mine = rows.open().filter(start_at__gt=now)
    meets = (
        Slot.objects.open()
        .filter(start_at__lt=OuterRef("end_at"), end_at__gt=OuterRef("start_at"))
        .exclude(schedule=OuterRef("schedule"))
    )
    seen = meets.filter(practitioner=OuterRef("practitioner"))
    _refuse_both(mine.filter(practitioner__isnull=False), seen, "practitioner")
    places = set(mine.exclude(place="").values_list("organisation", "place").distinct())
    for house, place in places:
        # By their schedules: no index leads from a room to its slots.
        there = Schedule.objects.filter(
            Q(place=place) | Q(substitutions__place=place), organisation=house
        ).values_list("pk", flat=True)
        seen = meets.filter(schedule__in=set(there), place=place)
        _refuse_both(mine.filter(place=place), seen, "place")


def _refuse_both(mine: SlotQuerySet, seen: SlotQuerySet, field: str) -> None:
    pair = (
        mine.annotate(other=Subquery(seen.order_by("start_at").values("pk")[:1]))
        .filter(other__isnull=False)
        .order_by("start_at")
        .values_list("other", flat=True)
        .first()
    )
    if pair is None:
        return
    other = Slot.objects.select_related("schedule", "practitioner").get(pk=pair)
    raise Overlap(
        _("%(who)s %(time)s 在%(house)s“%(title)s”已有安排，时间重叠。")
        % {
            "who": other.practitioner if field == "practitioner" else other.place,
            "time": when(other.start_at),
            "house": other.house_name,
            "title": other.schedule.title,
        },
        field=field,
    )


def _begin(day: date, later: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=later), time()))


def _wanted(schedule: Schedule, first: date, last: date, now: datetime) -> dict[Key, rules.Place]:
    patterns = schedule.patterns()
    found = {}
    start = max(first, schedule.since)
    end = min(last, schedule.until) if schedule.until else last
    for day in rules.days_between(start, end):
        for pattern in rules.sessions_of(day, patterns):
            for place in rules.lay_out(day, pattern, schedule.quotas):
                at = timezone.make_aware(place.start)
                if at > now:
                    found[at, place.kept_for] = place
    return found


def _known(schedule: Schedule, first: date, last: date, now: datetime) -> Iterable[Slot]:
    rows = Slot.objects.filter(
        schedule=schedule, start_at__gte=max(_begin(first), now), start_at__lt=_begin(last, 1)
    )
    if schedule.laid_until is None:
        # Rewritten: what was laid out beyond the days in question must go, too.
        rows = Slot.objects.filter(schedule=schedule, start_at__gte=max(_begin(first), now))
    # By their keys, as everybody locks slots.
    return rows.select_for_update(no_key=True).order_by("pk")


def _slot(
    schedule: Schedule,
    key: Key,
    place: rules.Place,
    closures: list[Closure],
    changes: list[Substitution],
) -> Slot:
    start, kept_for = key
    slot = Slot(
        county_id=schedule.county_id,
        organisation_id=schedule.organisation_id,
        department_id=schedule.department_id,
        schedule=schedule,
        kind=schedule.kind,
        practitioner_id=schedule.practitioner_id,
        place=schedule.place,
        start_at=start,
        end_at=timezone.make_aware(place.end),
        kept_for=kept_for,
        opens_at=_opens(schedule, key),
        places=place.places,
        updated_at=clock.now(),
    )
    _substitute(slot, changes)
    slot.closure = closed_by(slot, closures)
    return slot


def _opens(schedule: Schedule, key: Key) -> datetime | None:
    start, kept_for = key
    return start - timedelta(hours=schedule.opens_hours) if kept_for else None


def closed_by(slot: Slot, closures: Iterable[Closure]) -> Closure | None:
    """The closure that takes a slot away, if one does."""
    for each in closures:
        named = (
            (each.department_id, slot.department_id),
            (each.schedule_id, slot.schedule_id),
            (each.practitioner_id, slot.practitioner_id),
        )
        meets = slot.start_at < each.end_at and slot.end_at > each.start_at
        if meets and all(key is None or key == own for key, own in named):
            return each
    return None


def _substitute(slot: Slot, changes: Iterable[Substitution]) -> None:
    for change in changes:
        if change.start_at <= slot.start_at < change.end_at:
            if change.practitioner_id is not None:
                slot.practitioner_id = change.practitioner_id
            slot.place = change.place or slot.place


def _adjust(slot: Slot, meant: Slot, now: datetime) -> bool:
    """The same time as before, as it is meant now; whether somebody else or another room waits.

    No place that is taken goes away; the count is compared in the database, as it is then.
    """
    names = ("end_at", "department_id", "kind", "practitioner_id", "place", "opens_at")
    facts = {name: getattr(meant, name) for name in (*names, "closure_id", "withdrawn_at")}
    same = all(getattr(slot, name) == value for name, value in facts.items())
    if same and slot.places == meant.places:
        return False
    Slot.objects.filter(pk=slot.pk).update(
        places=Greatest(F("taken"), meant.places), updated_at=now, **facts
    )
    if slot.taken:
        Booking.objects.filter(slot=slot, state__in=LIVE).update(
            end_at=meant.end_at, kind=meant.kind
        )
    before = slot.practitioner_id, slot.place
    return bool(slot.taken) and before != (meant.practitioner_id, meant.place)
