"""Keeping schedules: hours into slots, what is refused, closures and substitutions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import listeners
from xinglin.clinical.capacity.models import (
    Booking,
    Closure,
    Schedule,
    Session,
    Slot,
    State,
    Substitution,
)
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.kernel import inbox, outbox
from xinglin.kernel.access import system
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.kernel.models import InboxItem, Notice, OutboxEvent

NEXT = booking.TUESDAY + timedelta(days=7)


def test_the_coming_days_are_laid_out_and_no_more(county):
    schedule = booking.clinic(county)
    slots = Slot.objects.filter(schedule=schedule)
    assert slots.count() == 4 * 4
    assert {timezone.localdate(slot.start_at).isoweekday() for slot in slots} == {2}
    assert schedule.laid_until == booking.MONDAY + timedelta(days=28)


def test_laying_out_twice_changes_nothing_and_the_clock_goes_on(county, noon):
    schedule = booking.clinic(county)
    keys = set(Slot.objects.values_list("pk", "updated_at"))
    capacity.plan(schedule, by=system(county.region.pk))
    assert set(Slot.objects.values_list("pk", "updated_at")) == keys
    assert list(capacity.due(timezone.now())) == []
    noon.shift(timedelta(days=7))
    listeners.watch_the_day()
    listeners.watch_the_day()
    assert Slot.objects.filter(schedule=schedule).count() == 4 * 5


def test_a_fifth_of_an_expert_s_places_is_kept_for_referrals(county):
    schedule = booking.expert(county)
    of_the_day = Slot.objects.filter(schedule=schedule, start_at__date=booking.TUESDAY)
    kept = sum(slot.places for slot in of_the_day if slot.kept_for == "referral")
    assert (kept, sum(slot.places for slot in of_the_day)) == (4, 20)


@pytest.mark.parametrize("quotas", [{}, {"referral": 19}, {"portal": 50}])
def test_an_expert_who_keeps_too_few_is_refused_with_a_sentence(county, quotas):
    with pytest.raises(capacity.TooFewKept, match="不能少于 20%"):
        booking.expert(county, quotas=quotas)
    assert not Schedule.objects.exists()


BAD: list[tuple[str, dict[str, Any], list[Session], str]] = [
    ("no hours", {}, [], "至少填写一段"),
    ("end before start", {}, [booking.hours("10:00", "08:00")], "结束须晚于开始"),
    ("over midnight", {}, [booking.hours("22:00", "02:00")], "跨零点"),
    ("no length", {}, [booking.hours("08:00", "08:00")], "结束须晚于开始"),
    ("no minutes", {}, [booking.hours(minutes=0)], "分钟数须大于 0"),
    ("no places", {}, [booking.hours(places=0)], "号数须大于 0"),
    ("too many", {}, [booking.hours(places=5000)], "不能超过"),
    ("a rest", {}, [booking.hours(minutes=25)], "不能按每段 25 分钟分完"),
    ("eighth day", {}, [booking.hours(weekday=8)], "1 至 7"),
    ("no day", {}, [booking.hours(weekday=None)], "二者填一"),
    ("twice", {}, [booking.hours(), booking.hours("09:00", "11:00")], "重叠"),
    ("odd outside", {}, [booking.hours(day=booking.MONDAY - timedelta(days=9))], "有效期"),
    ("ends first", {"until": booking.MONDAY - timedelta(days=1)}, [booking.hours()], "早于"),
    ("kind", {"kind": "circus"}, [booking.hours()], "选择类别"),
    ("nobody", {"kind": "consultation"}, [booking.hours()], "须指定医生"),
    ("nowhere", {"kind": "exam"}, [booking.hours()], "须填写诊室"),
    ("channel", {"quotas": {"pigeon": 5}}, [booking.hours()], "渠道"),
    ("negative", {"quotas": {"portal": -5}}, [booking.hours()], "0 至 100"),
    ("all too much", {"quotas": {"portal": 60, "phone": 60}}, [booking.hours()], "100%"),
    ("no title", {"title": ""}, [booking.hours()], "号别名称"),
    ("fee", {"fee": -1}, [booking.hours()], "挂号费"),
]


@pytest.mark.parametrize(
    ("facts", "sessions", "sentence"),
    [bad[1:] for bad in BAD],
    ids=[bad[0] for bad in BAD],
)
def test_hours_that_cannot_be_meant_are_refused(county, facts, sessions, sentence):
    with pytest.raises(Refused, match=sentence):
        capacity.establish(
            booking.written(county, **facts), by=county.office_clerk, sessions=sessions
        )
    assert not Slot.objects.exists()


def test_a_doctor_is_in_one_place_at_a_time(county):
    first = booking.expert(county)
    with pytest.raises(capacity.Overlap, match="时间重叠"):
        booking.expert(county, booking.hours("09:00", "11:00"), title="又一个")
    # After the other has ended it is no contradiction.
    capacity.end(first, by=county.office_clerk, on=booking.TUESDAY)
    booking.expert(
        county,
        booking.hours("09:00", "11:00"),
        title="又一个",
        since=booking.TUESDAY + timedelta(1),
    )


def test_a_room_has_one_clinic_at_a_time(county):
    booking.clinic(county, place="3 诊室")
    with pytest.raises(capacity.Overlap, match="3 诊室"):
        booking.clinic(county, place="3 诊室", title="别的门诊")
    booking.clinic(county, booking.hours("10:00", "12:00"), place="3 诊室", title="别的门诊")


def test_only_who_keeps_the_house_s_schedules_changes_them(county):
    with pytest.raises(Forbidden):
        capacity.establish(booking.written(county), by=county.desk, sessions=[booking.hours()])
    with pytest.raises(Forbidden):
        capacity.establish(booking.written(county), by=county.zhou, sessions=[booking.hours()])


def test_changed_hours_keep_what_is_booked_and_owe_the_rest_another_time(county):
    schedule = booking.clinic(county)
    stays = booking.booked(county, booking.slot(schedule, "08:00"))
    goes = booking.booked(county, booking.slot(schedule, "09:30"))
    capacity.revise(
        schedule, by=county.office_clerk, sessions=[booking.hours("08:00", "09:00", places=2)]
    )
    stays.refresh_from_db()
    goes.refresh_from_db()
    assert (stays.state, goes.state) == (State.BOOKED, State.DISPLACED)
    assert booking.slot(schedule, "08:00").places == 2
    assert Slot.objects.open().filter(schedule=schedule).count() == 2 * 4
    # Put back, the hours are the same slots again.
    capacity.revise(schedule, by=county.office_clerk, sessions=[booking.hours()])
    assert Slot.objects.open().filter(schedule=schedule).count() == 4 * 4


def test_no_taken_place_is_shortened_away(county):
    schedule = booking.clinic(county)
    slot = booking.slot(schedule)
    booking.filled(county, slot)
    capacity.revise(schedule, by=county.office_clerk, sessions=[booking.hours(places=1)])
    slot.refresh_from_db()
    assert (slot.places, slot.taken) == (5, 5)


def test_an_odd_day_replaces_the_weekday_s_hours(county):
    schedule = booking.clinic(
        county, booking.hours(), booking.hours("14:00", "15:00", day=booking.TUESDAY)
    )
    day = Slot.objects.filter(schedule=schedule, start_at__date=booking.TUESDAY)
    assert [timezone.localtime(slot.start_at).hour for slot in day.in_order()] == [14, 14]


def closed(county: cast.Cast, **facts: Any) -> Closure:
    base = {
        "organisation": county.hospital,
        "start_at": booking.at("00:00"),
        "end_at": booking.at("00:00", booking.TUESDAY + timedelta(days=1)),
        "reason": "leave",
    }
    return capacity.close(Closure(**{**base, **facts}), by=county.office_clerk)


def test_a_closure_tells_everybody_who_had_booked_and_offers_to_move_them(county):
    schedule = booking.clinic(county)
    theirs = booking.booked(county, booking.slot(schedule), by=county.wang, channel="family-doctor")
    held = capacity.hold(
        booking.slot(schedule), by=county.desk, person=booking.someone(county), channel="phone"
    )
    closed(county, schedule=schedule)
    theirs.refresh_from_db()
    held.refresh_from_db()
    assert (theirs.state, held.state) == (State.DISPLACED, State.RELEASED)
    item = InboxItem.objects.get(subject_id=theirs.pk, level=0)
    assert (item.org_id, item.audience) == (county.township.pk, "capacity.move")
    assert Notice.objects.filter(org_id=county.township.pk, subject_id=theirs.pk).exists()
    assert OutboxEvent.objects.filter(name="capacity.booking-displaced").count() == 1
    with pytest.raises(capacity.NotBookable, match="已停诊"):
        booking.booked(county, booking.slot(schedule))
    capacity.move(theirs, by=county.wang, slot=booking.slot(schedule, day=NEXT))
    assert theirs.state == State.BOOKED
    assert not InboxItem.objects.filter(subject_id=theirs.pk).exists()


@pytest.mark.parametrize("what", ["house", "department", "person"])
def test_a_house_a_department_or_a_person_is_closed(county, what):
    schedule = booking.expert(county)
    other = booking.clinic(
        county, booking.hours("14:00", "16:00"), department=booking.department(county, "骨科")
    )
    facts = {
        "house": {},
        "department": {"department": booking.department(county)},
        "person": {"practitioner": booking.doctor(county)},
    }[what]
    closed(county, **facts)
    assert (
        not Slot.objects.open().filter(schedule=schedule, start_at__date=booking.TUESDAY).exists()
    )
    rest = Slot.objects.open().filter(schedule=other, start_at__date=booking.TUESDAY)
    assert rest.exists() is (what != "house")


def test_what_is_laid_out_later_is_closed_as_well(county, noon):
    schedule = booking.clinic(county)
    far = booking.TUESDAY + timedelta(days=28)
    closed(
        county,
        department=booking.department(county),
        start_at=booking.at("00:00", far),
        end_at=booking.at("00:00", far + timedelta(days=1)),
    )
    noon.shift(timedelta(days=3))
    listeners.watch_the_day()
    assert booking.slot(schedule, day=far).closure is not None


def test_an_opened_session_gives_the_displaced_their_time_back(county):
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule))
    closure = closed(county, schedule=schedule)
    wider = closed(county, department=booking.department(county))
    capacity.reopen(closure, by=county.office_clerk)
    mine.refresh_from_db()
    assert mine.state == State.DISPLACED
    assert booking.slot(schedule).closure == wider
    capacity.reopen(wider, by=county.office_clerk)
    mine.refresh_from_db()
    assert (mine.state, mine.owner) == (State.BOOKED, None)
    with pytest.raises(WrongState):
        capacity.reopen(wider, by=county.office_clerk)


def test_a_closure_cut_short_by_a_crash_is_finished_by_the_clock(county, monkeypatch):
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule))
    from xinglin.clinical.capacity.actions import closing

    with monkeypatch.context() as crash:
        crash.setattr(closing.changing, "settle", lambda slots: 0)
        closed(county, schedule=schedule)
    mine.refresh_from_db()
    assert mine.state == State.BOOKED
    listeners.watch_the_day()
    mine.refresh_from_db()
    assert mine.state == State.DISPLACED


def test_nobody_who_was_displaced_is_counted_as_missing(county, noon):
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule))
    closed(county, schedule=schedule)
    noon.move_to(booking.at("13:00"))
    listeners.watch_the_day()
    mine.refresh_from_db()
    assert (mine.state, mine.end_code) == (State.CANCELLED, "closed")
    assert Booking.objects.missed_by(mine.person_id) == 0


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"end_at": booking.at("00:00") - timedelta(days=1)}, "晚于"),
        (
            {
                "start_at": booking.at("00:00") - timedelta(days=9),
                "end_at": booking.at("00:00") - timedelta(days=8),
            },
            "已过",
        ),
        ({"reason": ""}, "选择原因"),
        ({"reason": "other"}, "补充说明"),
    ],
)
def test_a_closure_that_cannot_be_meant_is_refused(county, facts, sentence):
    with pytest.raises(Refused, match=sentence):
        closed(county, **facts)


def test_somebody_else_stands_in_and_the_bookings_stand(county):
    schedule = booking.expert(county)
    mine = booking.booked(
        county, booking.slot(schedule, kept="referral"), by=county.wang, channel="referral"
    )
    _user, other = cast.hire(county.admin, county.hospital, "朱副主任", "specialist")
    change = Substitution(
        schedule=schedule,
        start_at=booking.at("00:00"),
        end_at=booking.at("00:00", booking.TUESDAY + timedelta(days=1)),
        practitioner_id=other.practitioner_id,
        place="5 诊室",
    )
    capacity.substitute(change, by=county.office_clerk)
    slot = booking.slot(schedule)
    assert (slot.practitioner_id, slot.place) == (other.practitioner_id, "5 诊室")
    assert booking.slot(schedule, day=NEXT).practitioner == booking.doctor(county)
    mine.refresh_from_db()
    assert mine.state == State.BOOKED
    assert OutboxEvent.objects.filter(name="capacity.slot-substituted").count() == 1
    # The office changes the hours afterwards; who stands in stays.
    capacity.revise(schedule, by=county.office_clerk, fee=50)
    slot.refresh_from_db()
    assert slot.practitioner_id == other.practitioner_id


def test_nobody_stands_in_who_is_elsewhere_himself(county):
    schedule = booking.clinic(county)
    booking.expert(county, department=booking.department(county, "骨科"))
    change = Substitution(
        schedule=schedule,
        start_at=booking.at("00:00"),
        end_at=booking.at("12:00"),
        practitioner=booking.doctor(county),
    )
    with pytest.raises(capacity.Overlap, match="已有安排"):
        capacity.substitute(change, by=county.office_clerk)


def test_who_waits_first_gets_the_freed_place_and_the_next_when_it_lapses(county, noon):
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    slot = booking.slot(schedule)
    with pytest.raises(capacity.NothingToWaitFor, match="尚有余号"):
        booking.waits(county, schedule)
    (taken,) = booking.filled(county, slot)
    routine = booking.waits(county, schedule)
    urgent = booking.waits(county, schedule, priority=2, asked_by=county.hospital)
    with pytest.raises(Refused, match="同一候补名单"):
        booking.waits(county, schedule, urgent.person)
    capacity.cancel(taken, by=county.desk, code="better")
    urgent.refresh_from_db()
    routine.refresh_from_db()
    assert (urgent.state, routine.state) == ("offered", "waiting")
    assert InboxItem.objects.get(subject_id=urgent.pk).audience == "capacity.confirm"
    with pytest.raises(capacity.Full):
        booking.booked(county, slot)
    noon.shift(timedelta(minutes=61))
    listeners.let_holds_run_out()
    urgent.refresh_from_db()
    routine.refresh_from_db()
    assert (urgent.state, routine.state) == ("waiting", "offered")
    capacity.confirm(routine.booking, by=county.desk)
    routine.refresh_from_db()
    assert (routine.state, routine.owner) == ("served", None)
    assert booking.true(slot)


def test_a_new_place_goes_to_the_line_by_the_clock(county):
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    booking.filled(county, booking.slot(schedule))
    entry = booking.waits(county, schedule)
    capacity.revise(
        schedule, by=county.office_clerk, sessions=[booking.hours(end="08:30", places=2)]
    )
    listeners.let_holds_run_out()
    entry.refresh_from_db()
    assert entry.state == "offered"
    capacity.leave(entry, by=county.desk, code="patient")
    slot = booking.slot(schedule)
    assert (slot.taken, slot.places) == (1, 2)


def test_the_line_is_left_when_the_wanted_days_are_over(county, noon):
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    booking.filled(county, booking.slot(schedule))
    entry = booking.waits(county, schedule)
    noon.shift(timedelta(days=2))
    listeners.let_holds_run_out()
    entry.refresh_from_db()
    assert (entry.state, entry.end_code) == ("left", "over")


def test_overdue_displaced_bookings_are_raised(county, noon):
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule))
    closed(county, schedule=schedule)
    noon.shift(timedelta(hours=21))
    inbox.raise_overdue()
    outbox.deliver()
    assert InboxItem.objects.filter(subject_id=mine.pk, level__gt=0).exists()
