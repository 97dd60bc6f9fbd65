"""Any sequence of acts at the desk, at the office and by the clock keeps what was promised."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests import cast
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.actions.waiting import SOONEST
from xinglin.clinical.capacity.models import (
    LIVE,
    TAKING,
    Booking,
    Closure,
    Slot,
    State,
    Substitution,
    Waiting,
    WaitState,
)
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.clinical.capacity.tests.conftest import NOON
from xinglin.kernel import worker
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, Notice

PEOPLE = 5
people_ = st.integers(0, PEOPLE - 1)
slots_ = st.integers(0, 40)
rows_ = st.integers(0, 40)
channels_ = st.sampled_from(("counter", "phone", "referral", "family-doctor"))
scopes_ = st.sampled_from(("schedule", "practitioner", "department"))


def machine(county: Any, traveller: Any) -> type[RuleBasedStateMachine]:
    class AnyActs(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.block = transaction.atomic()
            self.block.__enter__()
            traveller.move_to(NOON)
            until = booking.TUESDAY + timedelta(days=7)
            self.plain = booking.clinic(county, booking.hours(end="09:00", places=1), until=until)
            # Half an hour later and longer: overlaps that are no equal times.
            self.bones = booking.clinic(
                *(county, booking.hours("08:15", "09:15", minutes=60, places=2)),
                title="骨科门诊",
                department=booking.department(county, "骨科"),
                until=until,
            )
            self.expert = booking.expert(
                county, booking.hours(end="09:00", places=2), kind="clinic", until=until
            )
            self.people = [booking.someone(county, f"卫{n}") for n in range(PEOPLE)]
            _user, other = cast.hire(county.admin, county.hospital, "朱副主任", "specialist")
            self.doctors = [booking.doctor(county).pk, other.practitioner_id]
            self.placed: set[tuple[Any, Any]] = set()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

        def slot(self, number: int) -> Slot:
            known = list(Slot.objects.in_order().order_by("start_at", "kept_for", "schedule"))
            return known[number % len(known)]

        def one(self, rows: Any, number: int) -> Any:
            known = list(rows.order_by("created_at", "pk"))
            return known[number % len(known)] if known else None

        def attempt(self, act: Any, row: Any, **facts: Any) -> None:
            """Do it, or read why not; what is refused changes nothing."""
            if row is None:
                return
            before = self.everything()
            told = ""
            try:
                with transaction.atomic():
                    act(row, **facts)
            except Refused as refusal:
                told = str(refusal)
            else:
                return
            assert "。" in told
            assert self.everything() == before

        def everything(self) -> list[Any]:
            # But a hold whose time is over, which may be let go on the way to a refusal.
            rows = Booking.objects.exclude(
                state__in=(State.HELD, State.EXPIRED), expires_at__lte=timezone.now()
            )
            lines = Waiting.objects.exclude(state__in=(WaitState.OFFERED, WaitState.WAITING))
            return [
                list(rows.order_by("pk").values("state", "slot", "channel")),
                list(Slot.objects.order_by("pk").values("places", "closure", "practitioner")),
                list(lines.order_by("pk").values("state", "booking")),
            ]

        # ------------------------------------------------------------------------- the desk

        @rule(number=slots_, who=people_, channel=channels_, township=st.booleans())
        def book(self, number: int, who: int, channel: str, township: bool) -> None:
            by = county.wang if township else county.desk
            facts = {"by": by, "person": self.people[who], "channel": channel}
            self.attempt(capacity.book, self.slot(number), **facts)

        @rule(number=slots_, who=people_, channel=channels_)
        def hold(self, number: int, who: int, channel: str) -> None:
            facts = {"by": county.desk, "person": self.people[who], "channel": channel}
            self.attempt(capacity.hold, self.slot(number), **facts)

        @rule(number=rows_)
        def confirm(self, number: int) -> None:
            held = self.one(Booking.objects.filter(state=State.HELD), number)
            self.attempt(capacity.confirm, held, by=county.desk)

        @rule(number=rows_)
        def release(self, number: int) -> None:
            held = self.one(Booking.objects.filter(state=State.HELD), number)
            self.attempt(capacity.release, held, by=county.desk)

        @rule(number=rows_, act=st.sampled_from(("arrive", "undo", "miss", "confirm")))
        def any_act_on_any_booking(self, number: int, act: str) -> None:
            row = self.one(Booking.objects.all(), number)
            self.attempt(getattr(capacity, act), row, by=county.desk)

        @rule(number=rows_)
        def cancel(self, number: int) -> None:
            row = self.one(Booking.objects.all(), number)
            self.attempt(capacity.cancel, row, by=county.desk, code="patient")

        @rule(number=rows_, where=slots_, channel=st.sampled_from(("", "", "referral")))
        def move(self, number: int, where: int, channel: str) -> None:
            row = self.one(Booking.objects.filter(state__in=LIVE), number)
            facts = {"by": county.desk, "slot": self.slot(where), "channel": channel}
            self.attempt(capacity.move, row, **facts)

        @rule(who=people_, channel=channels_, priority=st.integers(1, 3), narrow=st.booleans())
        def wait(self, who: int, channel: str, priority: int, narrow: bool) -> None:
            entry = Waiting(
                county_id=county.region.pk,
                organisation=county.hospital,
                schedule=self.plain if narrow else None,
                kind="clinic",
                person=self.people[who],
                channel=channel,
                priority=priority,
                since=booking.MONDAY,
                asked_by=county.hospital,
            )
            self.attempt(capacity.wait, entry, by=county.desk)

        @rule(number=rows_)
        def leave(self, number: int) -> None:
            entry = self.one(Waiting.objects.all(), number)
            self.attempt(capacity.leave, entry, by=county.desk, code="patient")

        # ----------------------------------------------------------------------- the office

        @rule(number=slots_, scope=scopes_, doctor=st.integers(0, 1))
        def close(self, number: int, scope: str, doctor: int) -> None:
            slot = self.slot(number)
            named: dict[str, Any] = {
                "schedule": {"schedule": slot.schedule},
                "practitioner": {"practitioner_id": self.doctors[doctor]},
                "department": {"department_id": slot.department_id},
            }[scope]
            closure = Closure(
                organisation=county.hospital,
                start_at=slot.start_at,
                end_at=slot.end_at,
                reason="leave",
                **named,
            )
            self.attempt(capacity.close, closure, by=county.office_clerk)

        @rule(number=rows_)
        def reopen(self, number: int) -> None:
            closure = self.one(Closure.objects.standing(), number)
            self.attempt(capacity.reopen, closure, by=county.office_clerk)

        @rule(number=slots_, doctor=st.integers(0, 1))
        def substitute(self, number: int, doctor: int) -> None:
            slot = self.slot(number)
            change = Substitution(
                schedule=slot.schedule,
                start_at=slot.start_at,
                end_at=slot.end_at,
                practitioner_id=self.doctors[doctor],
            )
            self.attempt(capacity.substitute, change, by=county.office_clerk)

        @rule(minutes=st.sampled_from((30, 60)))
        def other_hours(self, minutes: int) -> None:
            hours = [booking.hours(end="09:00", minutes=minutes, places=1)]
            self.attempt(capacity.revise, self.plain, by=county.office_clerk, sessions=hours)

        # ------------------------------------------------------------------------ the clock

        @rule(minutes=st.sampled_from((10, 20, 65, 19 * 60, 24 * 60)))
        def time_passes(self, minutes: int) -> None:
            traveller.shift(timedelta(minutes=minutes))
            for _round in range(PEOPLE + 1):
                worker.everything_due()
            now = timezone.now()
            today = timezone.localdate()
            assert not Booking.objects.filter(state=State.HELD, expires_at__lte=now).exists()
            # Nobody waits for what is free.
            for entry in Waiting.objects.filter(state=WaitState.WAITING):
                free = entry.wanted(today).free(channel=entry.channel)
                free = free.filter(start_at__gte=now + SOONEST)
                assert not entry.fitting(free).exists()

        # --------------------------------------------------------------------- the promises

        @invariant()
        def as_many_are_taken_as_live_and_never_more_than_places(self) -> None:
            for slot in Slot.objects.all():
                live = Booking.objects.filter(slot=slot, state__in=TAKING).count()
                assert slot.taken == live <= slot.places

        @invariant()
        def kept_places_go_to_others_only_when_they_open(self) -> None:
            rows = Booking.objects.filter(state__in=TAKING).exclude(slot__kept_for="")
            for row in rows.select_related("slot"):
                key = (row.pk, row.slot_id)
                if key in self.placed:
                    continue
                self.placed.add(key)
                if row.slot.kept_for not in catalogue.kept_for(row.channel):
                    assert row.slot.opens_at is not None
                    assert row.slot.opens_at <= timezone.now()

        @invariant()
        def nobody_is_in_two_places_at_once(self) -> None:
            now = timezone.now()
            known: dict[Any, list[Booking]] = defaultdict(list)
            for row in Booking.objects.filter(state__in=(*LIVE, State.ARRIVED)):
                if row.state == State.HELD and row.expires_at <= now:
                    continue
                for other in known[row.person_id]:
                    assert row.start_at >= other.end_at or other.start_at >= row.end_at
                known[row.person_id].append(row)

        @invariant()
        def no_doctor_is_in_two_places_at_once(self) -> None:
            for slot in Slot.objects.open().filter(practitioner__isnull=False):
                others = Slot.objects.open().filter(practitioner=slot.practitioner_id)
                others = others.exclude(schedule=slot.schedule_id)
                meets = others.filter(start_at__lt=slot.end_at, end_at__gt=slot.start_at)
                assert not meets.filter(start_at__gt=timezone.now()).exists()

        @invariant()
        def nobody_is_lost_from_the_line(self) -> None:
            for entry in Waiting.objects.select_related("booking"):
                if entry.state == WaitState.OFFERED:
                    assert entry.booking is not None
                    assert entry.booking.state == State.HELD
                    assert entry.booking.person_id == entry.person_id
                    assert InboxItem.objects.filter(subject_id=entry.pk, level=0).exists()
                elif entry.state == WaitState.SERVED:
                    assert entry.booking is not None
                    assert entry.booking.state not in (State.HELD, State.EXPIRED, State.RELEASED)
                elif entry.state == WaitState.LEFT:
                    assert entry.end_code
                    if entry.end_code == "silent":
                        assert Notice.objects.filter(subject_id=entry.pk).exists()

        @invariant()
        def whoever_is_displaced_is_told_and_nobody_stands_before_a_closed_door(self) -> None:
            coming = Slot.objects.filter(end_at__gt=timezone.now())
            gone = Booking.objects.filter(slot__in=coming.away())
            assert not gone.filter(state__in=(State.HELD, State.BOOKED)).exists()
            assert not Booking.objects.filter(
                slot__in=coming.open(), state=State.DISPLACED
            ).exists()
            for row in Booking.objects.filter(state=State.DISPLACED):
                item = InboxItem.objects.get(subject_id=row.pk, level=0)
                assert item.org_id == row.booked_by_id
                assert Notice.objects.filter(subject_id=row.pk, org_id=row.booked_by_id).exists()

    return AnyActs


@pytest.mark.slow
def test_any_sequence_of_acts_keeps_every_promise(county, noon):
    run_state_machine_as_test(
        machine(county, noon),
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
