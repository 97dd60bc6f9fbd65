"""Processes that race for the same places, and one that is killed in the middle of an act.

Real processes with connections of their own, on a real file and on a real server.
"""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import listeners
from xinglin.clinical.capacity.models import Booking, Slot, State
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.clinical.capacity.tests.racing import PROCESSES, fork, racing, trying
from xinglin.kernel import trail
from xinglin.kernel.models import OutboxEvent, TrailEntry
from xinglin.registry.people.models import Person

pytestmark = [
    pytest.mark.race,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def county(transactional_db):
    made = cast.make()
    booking.staffed(made)
    return made


def tomorrow(county: cast.Cast, **facts: Any) -> Slot:
    """A slot of tomorrow, whatever day it is."""
    day = timezone.localdate() + timedelta(days=1)
    places = facts.pop("places", 5)
    make = facts.pop("make", booking.clinic)
    session = booking.hours(end="08:30", places=places, weekday=day.isoweekday())
    schedule = make(county, session, since=timezone.localdate(), **facts)
    return Slot.objects.filter(schedule=schedule, start_at__date=day).in_order().first()


def people_of(county: cast.Cast, count: int) -> list[UUID]:
    return [booking.someone(county, f"患者{number}").pk for number in range(count)]


def test_racing_processes_take_every_place_once(county):
    slot = tomorrow(county, places=17)
    mine = people_of(county, 8 * PROCESSES)

    def act(place: int):
        for key in mine[place::PROCESSES]:
            fresh, person = Slot.objects.get(pk=slot.pk), Person.objects.get(pk=key)
            yield trying(
                lambda fresh=fresh, person=person: capacity.book(
                    fresh, by=county.desk, person=person, channel="counter"
                )
            )

    answers = racing(act)
    assert answers == {"done": 17, "slot-full": 8 * PROCESSES - 17}
    slot.refresh_from_db()
    assert slot.taken == slot.places == 17
    assert booking.true(slot)
    booked = Booking.objects.filter(slot=slot)
    assert TrailEntry.objects.filter(verb="capacity.book").count() == booked.count() == 17
    assert OutboxEvent.objects.filter(name="capacity.slot-booked").count() == 17


def test_racing_channels_do_not_take_what_is_kept_for_others(county):
    kept_for = tomorrow(county, make=booking.expert, places=10, release_hours=0)
    schedule = kept_for.schedule
    day = Slot.objects.filter(schedule=schedule, start_at=kept_for.start_at)
    assert {slot.kept_for: slot.places for slot in day} == {"": 8, "referral": 2}
    keys = {slot.kept_for: slot.pk for slot in day}
    mine = people_of(county, 6 * PROCESSES)

    def act(place: int):
        channel = "referral" if place % 2 else "phone"
        for key in mine[place::PROCESSES]:
            person = Person.objects.get(pk=key)
            for sort in ("referral", ""):
                fresh = Slot.objects.get(pk=keys[sort])
                done = trying(
                    lambda fresh=fresh, person=person: capacity.book(
                        fresh, by=county.desk, person=person, channel=channel
                    )
                )
                yield f"{channel} {sort} {done}"
                if done == "done":
                    break

    answers = racing(act)
    assert answers["phone referral done"] == 0
    assert answers["referral referral done"] == 2
    assert answers["phone  done"] + answers["referral  done"] == 8
    assert all(map(booking.true, day))


def test_one_person_is_booked_once_however_many_try(county):
    one = tomorrow(county, title="甲")
    two = tomorrow(county, title="乙", department=booking.department(county, "骨科"))

    def act(place: int):
        slot = Slot.objects.get(pk=(one if place % 2 else two).pk)
        person = Person.objects.get(pk=county.patient.pk)
        yield trying(lambda: capacity.book(slot, by=county.desk, person=person, channel="counter"))

    assert racing(act) == {"done": 1, "twice-at-once": PROCESSES - 1}


def test_bookings_moved_against_each_other_keep_the_count(county):
    """Two slots of few places, and everybody moves to the other one and back."""
    day = timezone.localdate() + timedelta(days=1)
    session = booking.hours(end="09:00", places=4, weekday=day.isoweekday())
    schedule = booking.clinic(county, session, since=timezone.localdate())
    slots = list(Slot.objects.filter(schedule=schedule, start_at__date=day).in_order())
    mine = [booking.booked(county, slots[number % 2]).pk for number in range(PROCESSES)]

    def act(place: int):
        for number in range(8):
            row = Booking.objects.get(pk=mine[place])
            other = Slot.objects.get(pk=slots[(place + number + 1) % 2].pk)
            if row.slot_id == other.pk:
                other = Slot.objects.get(pk=slots[(place + number) % 2].pk)
            yield trying(
                lambda row=row, other=other: capacity.move(row, by=county.desk, slot=other)
            )

    answers = racing(act)
    assert set(answers) <= {"done", "slot-full"}
    assert all(map(booking.true, slots))
    assert Booking.objects.filter(state=State.BOOKED).count() == PROCESSES


def test_cancelling_closing_and_booking_at_once_lose_nobody(county):
    slot = tomorrow(county, places=6)
    mine = [booking.booked(county, slot).pk for _number in range(4)]
    others = people_of(county, PROCESSES)

    def act(place: int):
        fresh = Slot.objects.get(pk=slot.pk)
        if place == 0:
            closure = booking.closing(county, fresh)
            yield trying(lambda: capacity.close(closure, by=county.office_clerk))
        elif place < 3:
            row = Booking.objects.get(pk=mine[place])
            yield trying(lambda: capacity.cancel(row, by=county.desk, code="better"))
        else:
            person = Person.objects.get(pk=others[place])
            yield trying(
                lambda: capacity.book(fresh, by=county.desk, person=person, channel="counter")
            )

    answers = racing(act)
    assert set(answers) <= {"done", "not-bookable", "slot-full"}
    # What the closing process saw too early, the clock tells a minute later.
    listeners.watch_the_day()
    assert booking.true(slot)
    assert not Booking.objects.filter(slot=slot, state=State.BOOKED).exists()


def test_a_process_killed_in_the_middle_of_a_booking_leaves_nothing(county, monkeypatch):
    slot = tomorrow(county, places=1)
    person = Person.objects.get(pk=county.patient.pk)
    reached = fork.Event()

    def stuck(*args: Any, **kwargs: Any) -> None:
        # The place is counted, the booking stored, the line of the trail not yet.
        reached.set()
        time.sleep(600)

    def book() -> None:
        capacity.book(
            Slot.objects.get(pk=slot.pk), by=county.desk, person=person, channel="counter"
        )

    connections.close_all()
    with monkeypatch.context() as slow:
        slow.setattr(trail, "record", stuck)
        process = fork.Process(target=book)
        process.start()
        assert reached.wait(60)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
    assert process.exitcode == -signal.SIGKILL
    slot.refresh_from_db()
    assert slot.taken == 0
    assert not Booking.objects.exists()
    assert not OutboxEvent.objects.filter(name__startswith="capacity.").exists()
    # And the place is to be had.
    book()
    slot.refresh_from_db()
    assert slot.taken == 1
    assert booking.true(slot)
