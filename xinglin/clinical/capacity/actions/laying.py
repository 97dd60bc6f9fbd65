"""Making the slots say what the schedule says, for a stretch of days; what is booked stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from xinglin.clinical.capacity import rules
from xinglin.clinical.capacity.models import Booking, Closure, Schedule, Slot, State, Substitution
from xinglin.kernel import bulk, clock, parameters

Key = tuple[datetime, str]


def horizon(today: date) -> date:
    """The last day that has slots."""
    span: timedelta = parameters.duration("capacity.plan_days")
    return today + span


def lay_out(schedule: Schedule, first: date, last: date, now: datetime) -> None:
    """New slots are made, those that no longer belong are withdrawn, the others are adjusted.

    The schedule's row is locked by the act, so that two workers lay out one after the other, and
    the second finds nothing to do. A slot that has begun is never touched.
    """
    wanted = _wanted(schedule, first, last, now)
    known = {(slot.start_at, slot.kept_for): slot for slot in _known(schedule, first, last, now)}
    # The ways of the day: who stands in, what is closed.
    closures = list(
        Closure.objects.standing().filter(
            organisation=schedule.organisation_id, end_at__gt=now, start_at__lt=_begin(last, 1)
        )
    )
    changes = list(schedule.substitutions.filter(end_at__gt=now).order_by("created_at"))
    fresh = []
    for key, place in wanted.items():
        slot = known.get(key)
        if slot is None:
            fresh.append(_slot(schedule, key, place, closures, changes))
        else:
            _adjust(slot, schedule, place, changes, now)
    bulk.create(fresh)
    gone = [slot.pk for key, slot in known.items() if key not in wanted]
    Slot.objects.filter(pk__in=gone, withdrawn_at=None).update(withdrawn_at=now)
    schedule.laid_until = max(last, schedule.laid_until or last)
    schedule.save(update_fields=["laid_until", "updated_at"])


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


def _adjust(
    slot: Slot,
    schedule: Schedule,
    place: rules.Place,
    changes: list[Substitution],
    now: datetime,
) -> None:
    """The same time as before: places, end, doctor and room as they are now meant.

    No place that is taken goes away; the count is compared in the database, as it is then.
    """
    told = Slot(
        practitioner_id=schedule.practitioner_id, place=schedule.place, start_at=slot.start_at
    )
    _substitute(told, changes)
    key = (slot.start_at, slot.kept_for)
    facts = {
        "end_at": timezone.make_aware(place.end),
        "department_id": schedule.department_id,
        "kind": schedule.kind,
        "practitioner_id": told.practitioner_id,
        "place": told.place,
        "opens_at": _opens(schedule, key),
        "withdrawn_at": None,
    }
    same = all(getattr(slot, name) == value for name, value in facts.items())
    if same and slot.places == place.places:
        return
    Slot.objects.filter(pk=slot.pk).update(
        places=Greatest(F("taken"), place.places), updated_at=now, **facts
    )
    if slot.taken:
        Booking.objects.filter(slot=slot, state__in=(State.HELD, State.BOOKED)).update(
            end_at=facts["end_at"], kind=schedule.kind
        )
