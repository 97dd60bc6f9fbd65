"""Holding, booking, cancelling, moving, arriving, missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import listeners
from xinglin.clinical.capacity.models import Booking, Slot, State, first_free
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.kernel import outbox
from xinglin.kernel.errors import Conflict, Forbidden, Refused, WrongState
from xinglin.kernel.models import OutboxEvent, TrailEntry
from xinglin.kernel.reasons import UnknownReason
from xinglin.registry.people import actions as people


def test_a_hold_becomes_a_booking_and_says_so(county):
    slot = booking.slot(booking.clinic(county))
    held = capacity.hold(slot, by=county.wang, person=county.patient, channel="family-doctor")
    assert held.state == State.HELD
    assert held.expires_at == timezone.now() + timedelta(minutes=15)
    assert held.booked_by == county.township
    done = capacity.confirm(held, by=county.wang)
    assert (done.state, done.expires_at) == (State.BOOKED, None)
    names = OutboxEvent.objects.filter(name__startswith="capacity.").values_list("name", flat=True)
    assert {"capacity.slot-held", "capacity.slot-booked"} <= set(names)
    verbs = TrailEntry.objects.filter(subject_id=held.pk).order_by("id").values_list("verb")
    assert [verb for (verb,) in verbs] == ["capacity.hold", "capacity.confirm"]
    assert booking.true(slot)


def test_the_last_place_goes_once_and_then_it_is_full(county):
    slot = booking.slot(booking.clinic(county))
    booking.filled(county, slot)
    with pytest.raises(capacity.Full, match="号源已满"):
        booking.booked(county, slot)
    assert booking.true(slot)
    assert not Slot.objects.free().filter(pk=slot.pk).exists()


def test_the_database_itself_refuses_one_booking_too_many(county):
    slot = booking.slot(booking.clinic(county))
    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.filter(pk=slot.pk).update(taken=slot.places + 1)


def test_a_hold_that_is_over_counts_no_more_even_before_the_clock_comes(county, noon):
    slot = booking.slot(booking.clinic(county, booking.hours(places=1)))
    held = capacity.hold(slot, by=county.desk, person=county.patient, channel="counter")
    assert not Slot.objects.free().filter(pk=slot.pk).exists()
    noon.shift(timedelta(minutes=16))
    assert Slot.objects.free().filter(pk=slot.pk).exists()
    with pytest.raises(WrongState, match="占号已过期"):
        capacity.confirm(held, by=county.desk)
    slot.refresh_from_db()
    booking.booked(county, slot)
    held.refresh_from_db()
    assert held.state == State.EXPIRED
    assert booking.true(slot)


def test_the_clock_lets_holds_run_out(county, noon):
    slot = booking.slot(booking.clinic(county))
    capacity.hold(slot, by=county.desk, person=county.patient, channel="counter")
    noon.shift(timedelta(minutes=16))
    assert listeners.let_holds_run_out() == 1
    assert listeners.let_holds_run_out() == 0
    slot.refresh_from_db()
    assert slot.taken == 0


def test_kept_places_are_for_those_they_are_kept_for_until_they_open(county, noon):
    schedule = booking.expert(county)
    later = booking.TUESDAY + timedelta(days=7)
    kept = booking.slot(schedule, "08:00", day=later, kept="referral")
    with pytest.raises(capacity.NotBookable, match="预留给转诊"):
        booking.booked(county, kept)
    assert not Slot.objects.free(channel="counter").filter(pk=kept.pk).exists()
    assert Slot.objects.free(channel="referral").filter(pk=kept.pk).exists()
    referred = capacity.book(kept, by=county.wang, person=county.patient, channel="referral")
    assert referred.state == State.BOOKED
    # The second kept slot opens a day before it begins.
    other = booking.slot(schedule, "09:00", day=later, kept="referral")
    noon.move_to(other.start_at - timedelta(hours=23))
    assert booking.booked(county, other).state == State.BOOKED


def test_a_schedule_may_keep_its_places_longer(county, noon):
    schedule = booking.expert(county, release_hours=1)
    later = booking.TUESDAY + timedelta(days=7)
    kept = booking.slot(schedule, "08:00", day=later, kept="referral")
    noon.move_to(kept.start_at - timedelta(hours=2))
    with pytest.raises(capacity.NotBookable):
        booking.booked(county, kept)
    noon.move_to(kept.start_at - timedelta(minutes=59))
    assert booking.booked(county, kept)


def test_nobody_sits_in_two_clinics_of_one_kind_at_once(county):
    one = booking.slot(booking.clinic(county))
    bones = booking.clinic(county, department=booking.department(county, "骨科"), title="骨科门诊")
    booking.booked(county, one, county.patient)
    with pytest.raises(capacity.TwiceAtOnce, match="同一时间不能重复预约"):
        booking.booked(county, booking.slot(bones), county.patient)
    # Half an hour later, or of another kind, is no contradiction.
    booking.booked(county, booking.slot(bones, "08:30"), county.patient)
    machine = booking.clinic(county, kind="exam", place="彩超 1 室", title="心脏彩超")
    booking.booked(county, booking.slot(machine), county.patient)


@pytest.mark.parametrize("act", ["past", "closed", "dead", "channel", "void"])
def test_what_cannot_be_booked_is_refused_with_a_sentence(county, noon, act):
    slot = booking.slot(booking.clinic(county))
    person, channel = county.patient, "counter"
    if act == "past":
        noon.move_to(slot.start_at)
    elif act == "closed":
        Slot.objects.filter(pk=slot.pk).update(withdrawn_at=timezone.now())
    elif act == "dead":
        people.report_death(person, by=county.wang, died_on=booking.MONDAY)
    elif act == "channel":
        channel = "pigeon"
    else:
        type(person).objects.filter(pk=person.pk).update(voided_at=timezone.now())
    with pytest.raises(Refused) as told:
        booking.booked(county, slot, person, channel=channel)
    assert "。" in str(told.value)
    assert booking.true(slot)


def test_only_the_house_itself_books_at_its_counter(county):
    slot = booking.slot(booking.clinic(county))
    with pytest.raises(Forbidden):
        booking.booked(county, slot, by=county.wang)
    with pytest.raises(Forbidden):
        booking.booked(county, slot, by=county.stranger, channel="referral")
    assert booking.booked(county, slot, by=county.wang, channel="family-doctor")


def test_a_cancelled_place_is_free_again_and_says_why(county):
    slot = booking.slot(booking.clinic(county, booking.hours(places=1)))
    mine = booking.booked(county, slot)
    with pytest.raises(UnknownReason):
        capacity.cancel(mine, by=county.desk, code="")
    with pytest.raises(UnknownReason, match="补充说明"):
        capacity.cancel(mine, by=county.desk, code="other")
    capacity.cancel(mine, by=county.desk, code="better")
    assert mine.end_label == "病情好转"
    assert Slot.objects.free().filter(pk=slot.pk).exists()
    with pytest.raises(WrongState):
        capacity.cancel(mine, by=county.desk, code="better")
    assert booking.true(slot)


def test_after_the_cut_off_only_the_house_that_is_gone_to_cancels(county, noon):
    slot = booking.slot(booking.clinic(county))
    theirs = booking.booked(county, slot, by=county.wang, channel="family-doctor")
    noon.move_to(slot.start_at - timedelta(minutes=90))
    with pytest.raises(capacity.TooLate, match="电话联系"):
        capacity.cancel(theirs, by=county.wang, code="patient")
    capacity.cancel(theirs, by=county.desk, code="patient")
    late = booking.booked(county, slot)
    noon.move_to(slot.end_at)
    with pytest.raises(capacity.TooLate, match="登记爽约"):
        capacity.cancel(late, by=county.desk, code="patient")


def test_a_booking_moves_in_one_act(county):
    schedule = booking.clinic(county, booking.hours(places=1))
    old, new, third = (booking.slot(schedule, clock) for clock in ("08:00", "08:30", "09:00"))
    mine = booking.booked(county, old)
    booking.booked(county, third)
    with pytest.raises(capacity.Full):
        capacity.move(mine, by=county.desk, slot=third)
    assert all(map(booking.true, (old, new, third)))
    with pytest.raises(Refused, match="另一时段"):
        capacity.move(mine, by=county.desk, slot=old)
    capacity.move(mine, by=county.desk, slot=new)
    assert (mine.slot, mine.start_at, mine.moved) == (new, new.start_at, 1)
    assert all(map(booking.true, (old, new, third)))
    assert Slot.objects.free().filter(pk=old.pk).exists()


def test_the_person_comes_on_the_day(county, noon):
    slot = booking.slot(booking.clinic(county))
    mine = booking.booked(county, slot)
    with pytest.raises(Refused, match="不能在其他日期"):
        capacity.arrive(mine, by=county.desk)
    noon.move_to(slot.start_at - timedelta(minutes=10))
    with pytest.raises(Forbidden):
        capacity.arrive(mine, by=county.wang)
    capacity.arrive(mine, by=county.desk)
    assert mine.arrived_at == timezone.now()
    capacity.undo(mine, by=county.desk)
    assert mine.state == State.BOOKED


def test_who_does_not_come_is_counted_by_the_clock(county, noon):
    slot = booking.slot(booking.clinic(county))
    mine = booking.booked(county, slot, county.patient)
    with pytest.raises(WrongState, match="未到"):
        capacity.miss(mine, by=county.desk)
    noon.move_to(slot.end_at + timedelta(minutes=61))
    listeners.watch_the_day()
    mine.refresh_from_db()
    assert mine.state == State.NO_SHOW
    assert Booking.objects.missed_by(county.patient.pk) == 1
    # Late is not absent: whoever comes after all has come.
    capacity.arrive(mine, by=county.desk)
    assert Booking.objects.missed_by(county.patient.pk) == 0
    assert booking.true(slot)


def test_death_calls_everything_off(county):
    schedule = booking.clinic(county)
    one = booking.booked(county, booking.slot(schedule), county.patient)
    two = capacity.hold(
        booking.slot(schedule, "09:00"), by=county.desk, person=county.patient, channel="phone"
    )
    people.report_death(county.patient, by=county.wang, died_on=booking.MONDAY)
    outbox.deliver()
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.state, one.end_code, two.state) == (State.CANCELLED, "died", State.RELEASED)


def test_the_first_free_slot_of_each_department_comes_in_one_query(
    county, django_assert_num_queries
):
    booking.clinic(county)
    bones = booking.department(county, "骨科")
    booking.clinic(county, booking.hours("14:00", "16:00"), department=bones, title="骨科门诊")
    booking.filled(county, booking.slot(booking.Schedule.objects.get(title="心内科普通门诊")))
    heart = booking.department(county)
    with django_assert_num_queries(1):
        found = first_free([heart.pk, bones.pk], channel="referral")
    assert found[heart.pk].start_at == booking.at("08:30")
    assert found[bones.pk].start_at == booking.at("14:00")
    assert first_free([heart.pk], kinds=["expert"]) == {}


def test_both_houses_see_a_booking_and_no_other(county):
    slot = booking.slot(booking.clinic(county))
    booking.booked(county, slot, by=county.wang, channel="family-doctor")
    for actor, count in ((county.wang, 1), (county.desk, 1), (county.liu, 0), (county.stranger, 0)):
        assert Booking.objects.visible_to(actor).count() == count
        assert Slot.objects.visible_to(actor).exists() is (actor is not county.stranger)


def test_one_person_is_not_booked_twice_into_one_slot(county):
    slot = booking.slot(booking.clinic(county))
    booking.booked(county, slot, county.patient)
    with pytest.raises(Conflict):
        booking.booked(county, slot, county.patient)
