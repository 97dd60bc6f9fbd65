"""Schedules, slots and bookings as a test needs them, made by the cast's own acts."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity.models import (
    TAKING,
    Booking,
    Closure,
    Schedule,
    Session,
    Slot,
    Waiting,
)
from xinglin.registry.organisations.models import Department
from xinglin.registry.people.models import Person
from xinglin.registry.staff.models import Practitioner

MONDAY = date(2026, 3, 2)
TUESDAY = MONDAY + timedelta(days=1)


def staffed(county: cast.Cast) -> None:
    """A booking desk, an outpatient office, two departments."""
    for part, name, role in (("desk", "刘预约", "clerk"), ("office_clerk", "何主管", "scheduler")):
        county.users[part], county.actors[part] = cast.hire(
            county.admin, county.hospital, name, role
        )
    for code, name in (("XN", "心内科"), ("GK", "骨科")):
        Department(organisation=county.hospital, code=code, name=name).save()


def department(county: cast.Cast, name: str = "心内科") -> Department:
    return Department.objects.get(organisation=county.hospital, name=name)


def doctor(county: cast.Cast) -> Practitioner:
    return Practitioner.objects.get(pk=county.chen.practitioner_id)


def hours(
    start: str = "08:00",
    end: str = "10:00",
    *,
    minutes: int = 30,
    places: int = 5,
    weekday: int | None = 2,
    day: date | None = None,
) -> Session:
    """Tuesday morning: four slots of five places."""
    return Session(
        weekday=None if day else weekday,
        day=day,
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        minutes=minutes,
        places=places,
    )


def written(county: cast.Cast, **facts: Any) -> Schedule:
    """A general clinic of cardiology, not yet saved."""
    base = {
        "organisation": county.hospital,
        "department": department(county),
        "kind": "clinic",
        "title": "心内科普通门诊",
        "since": MONDAY,
    }
    return Schedule(**{**base, **facts})


def clinic(county: cast.Cast, *sessions: Session, **facts: Any) -> Schedule:
    return capacity.establish(
        written(county, **facts), by=county.office_clerk, sessions=sessions or [hours()]
    )


def expert(county: cast.Cast, *sessions: Session, **facts: Any) -> Schedule:
    base = {
        "kind": "expert",
        "title": "陈主任专家门诊",
        "practitioner": doctor(county),
        "quotas": {"referral": 20},
        "fee": 30,
    }
    return clinic(county, *sessions, **{**base, **facts})


def at(clock: str, day: date = TUESDAY) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.fromisoformat(clock)))


def slot(schedule: Schedule, clock: str = "08:00", day: date = TUESDAY, kept: str = "") -> Slot:
    return Slot.objects.get(schedule=schedule, start_at=at(clock, day), kept_for=kept)


def someone(county: cast.Cast, name: str = "患者") -> Person:
    return cast.resident(county.admin, county.region, name)


def booked(county: cast.Cast, where: Slot, person: Person | None = None, **facts: Any) -> Booking:
    return capacity.book(
        where,
        by=facts.pop("by", county.desk),
        person=person or someone(county),
        channel=facts.pop("channel", "counter"),
        **facts,
    )


def filled(county: cast.Cast, where: Slot) -> list[Booking]:
    """Everything that is left of a slot, booked."""
    where.refresh_from_db()
    return [booked(county, where) for _place in range(where.left)]


def waits(
    county: cast.Cast, schedule: Schedule, person: Person | None = None, **facts: Any
) -> Waiting:
    base = {
        "county_id": county.region.pk,
        "organisation": county.hospital,
        "department": schedule.department,
        "schedule": schedule,
        "kind": schedule.kind,
        "person": person or someone(county),
        "channel": "counter",
        "since": MONDAY,
        "until": TUESDAY,
        "asked_by": county.hospital,
    }
    by = facts.pop("by", county.desk)
    return capacity.wait(Waiting(**{**base, **facts}), by=by)


def closing(county: cast.Cast, where: Slot) -> Closure:
    """That a slot falls away, not yet said."""
    return Closure(
        organisation=county.hospital,
        schedule=where.schedule,
        start_at=where.start_at,
        end_at=where.end_at,
        reason="leave",
    )


def true(where: Slot) -> bool:
    """Whether the count of a slot is the number of bookings that take a place there."""
    where.refresh_from_db()
    return where.taken == Booking.objects.filter(slot=where, state__in=TAKING).count()
