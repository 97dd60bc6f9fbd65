"""What cannot be meant, through every door: a sentence, and the state stays true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import listeners
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import (
    BedStay,
    Booking,
    Closure,
    Schedule,
    Slot,
    State,
    Substitution,
)
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import Notice
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Merge

NEXT = booking.TUESDAY + timedelta(days=7)


@pytest.fixture
def enter(county):
    def browser(part: str) -> Client:
        client = Client()
        client.force_login(county.users[part])
        return client

    return browser


def post(browser: Client, address: str, status: int, **body: Any) -> str:
    """What REST refuses with: a problem with a sentence, under this status."""
    answer = browser.post(f"/api/v1{address}", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["title"]
    return str(told["title"])


# --------------------------------------------------------------------------------- schedules


HOURS = {"weekday": 2, "start": "08:00", "end": "10:00", "minutes": 30, "places": 5}


@pytest.mark.parametrize(
    "hours",
    [
        {"end": "08:00"},
        {"end": "07:00"},
        {"start": "22:00", "end": "02:00"},
        {"minutes": 0},
        {"minutes": -30},
        {"minutes": 45},
        {"places": 0},
        {"places": -1},
        {"places": 32767},
        {"weekday": 0},
        {"weekday": 8},
        {"weekday": None},
        {"day": "2026-03-03"},
        {"weekday": None, "day": "2020-01-01"},
    ],
    ids=str,
)
def test_rest_refuses_hours_that_cannot_be_meant(county, enter, hours):
    facts = {
        "kind": "clinic",
        "title": "门诊",
        "department": str(booking.department(county).pk),
        "since": "2026-03-02",
    }
    post(enter("office_clerk"), "/schedules", 422, **facts, sessions=[{**HOURS, **hours}])
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"hours-0-end": "07:00"},
        {"hours-0-end": "08:00"},
        {"hours-0-places": "0"},
        {"hours-0-places": "-3"},
        {"hours-0-minutes": "-30"},
        {"hours-0-minutes": "50"},
        {"hours-0-start": "25:00"},
        {"until": "2020-01-01"},
        {"fee": "-1"},
        {"title": ""},
        {"quota_portal": "101"},
    ],
    ids=str,
)
def test_the_page_refuses_hours_that_cannot_be_meant(county, enter, changed):
    facts = {
        "kind": "clinic",
        "title": "门诊",
        "fee": "0",
        "since": "2026-03-02",
        "hours-TOTAL_FORMS": 1,
        "hours-INITIAL_FORMS": 0,
        "hours-0-weekdays": [2],
        "hours-0-start": "08:00",
        "hours-0-end": "10:00",
        "hours-0-minutes": 30,
        "hours-0-places": 5,
    }
    told = enter("office_clerk").post(reverse("capacity:new"), {**facts, **changed})
    assert told.status_code == 422
    assert not Schedule.objects.exists()


def test_a_session_up_to_midnight_is_that_day_s_and_ends_with_it(county, noon):
    schedule = booking.clinic(county, booking.hours("23:00", "00:00", places=1))
    last = booking.slot(schedule, "23:30")
    assert last.end_at == booking.at("00:00", booking.TUESDAY + timedelta(days=1))
    mine = booking.booked(county, last)
    noon.move_to(booking.at("23:45"))
    capacity.arrive(mine, by=county.desk)
    # From midnight on it is another day's.
    capacity.undo(mine, by=county.desk)
    noon.move_to(booking.at("00:00", booking.TUESDAY + timedelta(days=1)))
    with pytest.raises(Refused, match="不能在其他日期"):
        capacity.arrive(mine, by=county.desk)
    day = Slot.objects.filter(start_at__date=booking.TUESDAY)
    assert day.count() == 2


def test_two_offices_that_changed_one_schedule_both_read_what_is_true(county, enter):
    """The second of two stale pages is written over the first, and nobody is lost."""
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule, "09:30"))
    stale = Schedule.objects.get(pk=schedule.pk)
    capacity.revise(schedule, by=county.office_clerk, sessions=[booking.hours("08:00", "09:00")])
    mine.refresh_from_db()
    assert mine.state == State.DISPLACED
    capacity.revise(stale, by=county.office_clerk, sessions=[booking.hours()])
    mine.refresh_from_db()
    assert (mine.state, mine.owner) == (State.BOOKED, None)


def test_another_doctor_in_a_changed_schedule_is_told_to_who_had_booked(county):
    schedule = booking.expert(county)
    mine = booking.booked(county, booking.slot(schedule))
    _user, other = cast.hire(county.admin, county.hospital, "朱副主任", "specialist")
    capacity.revise(schedule, by=county.office_clerk, practitioner_id=other.practitioner_id)
    news = Notice.objects.filter(subject_id=mine.pk)
    assert "朱副主任" in news.get().params["who"]


# ------------------------------------------------------------------------------------ closures


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-03-01T08:00", "2026-03-01T12:00"), ("2026-03-03T12:00", "2026-03-03T08:00")],
)
def test_a_closure_in_the_past_or_backwards_is_refused_on_the_page_and_over_rest(
    county, enter, start, end
):
    booking.clinic(county)
    office = enter("office_clerk")
    facts = {"start_at": start, "end_at": end, "reason": "leave"}
    told = office.post(reverse("capacity:close"), facts)
    assert told.status_code == 422
    told = {name: f"{value}:00+08:00" for name, value in facts.items() if name != "reason"}
    post(office, "/closures", 422, reason="leave", **told)
    assert not Closure.objects.exists()
    assert not Slot.objects.away().exists()


def test_a_stand_in_on_leave_or_elsewhere_is_no_stand_in(county, enter):
    plain = booking.clinic(county)
    booking.expert(county, department=booking.department(county, "骨科"))
    office = enter("office_clerk")
    facts = {
        "start_at": "2026-03-03T00:00",
        "end_at": "2026-03-04T00:00",
        "practitioner": booking.doctor(county).pk,
    }
    address = reverse("capacity:substitute", args=[plain.pk])
    told = office.post(address, facts)
    assert told.status_code == 422
    assert "已有安排" in told.content.decode()
    body = {**facts, "practitioner": str(facts["practitioner"])}
    for name in ("start_at", "end_at"):
        body[name] += ":00+08:00"
    assert "时间重叠" in post(office, f"/schedules/{plain.pk}/substitute", 409, **body)
    assert booking.slot(plain).practitioner is None
    assert not Substitution.objects.exists()


def test_who_stands_in_has_no_other_schedule_at_that_time(county):
    """The other way round: the substitution came first."""
    plain = booking.clinic(county)
    change = Substitution(
        schedule=plain,
        start_at=booking.at("00:00"),
        end_at=booking.at("12:00"),
        practitioner=booking.doctor(county),
    )
    capacity.substitute(change, by=county.office_clerk)
    with pytest.raises(capacity.Overlap, match="已有安排"):
        booking.expert(county)
    assert Schedule.objects.count() == 1
    booking.expert(county, booking.hours("10:00", "12:00"))


def test_a_closure_follows_whoever_stands_there(county):
    """A doctor on leave closes where they stand in, and no longer where somebody stands in."""
    schedule = booking.expert(county)
    mine = booking.booked(county, booking.slot(schedule))
    leave = Closure(
        organisation=county.hospital,
        practitioner=booking.doctor(county),
        start_at=booking.at("00:00"),
        end_at=booking.at("23:00"),
        reason="leave",
    )
    capacity.close(leave, by=county.office_clerk)
    mine.refresh_from_db()
    assert mine.state == State.DISPLACED
    _user, other = cast.hire(county.admin, county.hospital, "朱副主任", "specialist")

    def stands_in(where: Schedule, who: Any) -> None:
        change = Substitution(
            schedule=where,
            start_at=booking.at("00:00"),
            end_at=booking.at("23:00"),
            practitioner_id=who,
        )
        capacity.substitute(change, by=county.office_clerk)

    stands_in(schedule, other.practitioner_id)
    mine.refresh_from_db()
    assert (mine.state, booking.slot(schedule).closure) == (State.BOOKED, None)
    # And back to who is on leave: closed again, and told again.
    stands_in(schedule, booking.doctor(county).pk)
    mine.refresh_from_db()
    assert (mine.state, booking.slot(schedule).closure) == (State.DISPLACED, leave)


def test_a_session_is_not_opened_again_while_its_doctor_is_elsewhere(county):
    schedule = booking.expert(county)
    plain = booking.clinic(county, department=booking.department(county, "骨科"))
    closure = capacity.close(
        Closure(
            organisation=county.hospital,
            schedule=schedule,
            start_at=booking.at("00:00"),
            end_at=booking.at("23:00"),
            reason="leave",
        ),
        by=county.office_clerk,
    )
    change = Substitution(
        schedule=plain,
        start_at=booking.at("00:00"),
        end_at=booking.at("23:00"),
        practitioner=booking.doctor(county),
    )
    capacity.substitute(change, by=county.office_clerk)
    with pytest.raises(capacity.Overlap):
        capacity.reopen(closure, by=county.office_clerk)
    closure.refresh_from_db()
    assert closure.lifted_at is None


# ------------------------------------------------------------------------------------ bookings


@pytest.mark.parametrize("who", ["dead", "merged", "alien"])
def test_nobody_is_booked_held_waited_for_or_laid_down_who_cannot_be(county, enter, who):
    full = booking.clinic(county, booking.hours(end="08:30", places=1))
    for each in Slot.objects.filter(schedule=full):
        booking.filled(county, each)
    slot = booking.slot(booking.clinic(county, department=booking.department(county, "骨科")))
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", sex="either")
    person = booking.someone(county)
    if who == "dead":
        people.report_death(person, by=county.wang, died_on=booking.MONDAY)
    elif who == "merged":
        merge = Merge(
            county=county.region, survivor=county.patient, loser=person, reason="同一身份证"
        )
        people.merge(merge, by=county.sun)
    else:
        person = cast.resident(county.strange_admin, county.strange_region, "外人")
    for act in (capacity.book, capacity.hold):
        with pytest.raises(capacity.WrongPerson):
            act(slot, by=county.desk, person=person, channel="counter")
    with pytest.raises(capacity.WrongPerson):
        booking.waits(county, full, person)
    bed = ward_of.found(ward, "1")
    with pytest.raises(capacity.WrongPerson):
        beds.hold_bed(bed, by=county.ma, person=person)
    with pytest.raises(capacity.WrongPerson):
        beds.admit(BedStay.into(bed, person), by=county.ma)
    key = str(person.pk)
    browser, nurse = enter("desk"), enter("ma")
    post(browser, f"/slots/{slot.pk}/book", 422, person=key, channel="counter")
    post(nurse, f"/beds/{bed.pk}/admit", 422, person=key)
    told = browser.post(
        reverse("capacity:book", args=[slot.pk]), {"person": key, "channel": "counter"}
    )
    assert told.status_code == 422
    assert not Booking.objects.filter(person=person).exists()
    assert booking.true(slot)


def test_a_slot_in_the_past_a_full_one_and_a_hold_that_ran_out_answer_with_a_sentence(
    county, enter, noon
):
    schedule = booking.clinic(county, booking.hours(places=1))
    early, late = booking.slot(schedule, "08:00"), booking.slot(schedule, "09:30")
    noon.move_to(booking.at("07:50"))
    held = capacity.hold(late, by=county.desk, person=county.patient, channel="phone")
    desk = enter("desk")
    facts = {"person": str(booking.someone(county).pk), "channel": "counter"}
    assert "已满" in post(desk, f"/slots/{late.pk}/book", 409, **facts)
    noon.move_to(booking.at("08:06"))
    assert "已过" in post(desk, f"/slots/{early.pk}/book", 422, **facts)
    told = desk.post(reverse("capacity:book", args=[early.pk]), facts)
    assert (told.status_code, "已过" in told.content.decode()) == (422, True)
    assert "占号已过期" in post(desk, f"/bookings/{held.pk}/confirm", 409)
    page = desk.post(reverse("capacity:act", args=[held.pk, "confirm"]))
    assert (page.status_code, "占号已过期" in page.content.decode()) == (409, True)
    assert all(map(booking.true, (early, late)))


def test_a_hold_in_a_session_that_fell_away_is_not_confirmed(county, monkeypatch):
    slot = booking.slot(booking.clinic(county))
    held = capacity.hold(slot, by=county.desk, person=county.patient, channel="phone")
    from xinglin.clinical.capacity.actions import closing

    with monkeypatch.context() as crash:
        crash.setattr(closing.changing, "settle", lambda slots: 0)
        capacity.close(booking.closing(county, slot), by=county.office_clerk)
    with pytest.raises(capacity.NotBookable, match="已停诊"):
        capacity.confirm(held, by=county.desk)
    listeners.watch_the_day()
    held.refresh_from_db()
    assert held.state == State.RELEASED


def test_two_desks_with_stale_pages_do_not_undo_one_another(county, enter):
    schedule = booking.clinic(county, booking.hours(places=1))
    one, two, three = (booking.slot(schedule, at) for at in ("08:00", "08:30", "09:00"))
    mine = booking.booked(county, one)
    first, second = enter("desk"), enter("desk")
    first.post(reverse("capacity:move", args=[mine.pk, two.pk]))
    second.post(reverse("capacity:act", args=[mine.pk, "cancel"]), {"code": "patient"})
    late = first.post(reverse("capacity:move", args=[mine.pk, three.pk]), follow=True)
    assert "已取消" in late.content.decode()
    again = second.post(reverse("capacity:act", args=[mine.pk, "cancel"]), {"code": "patient"})
    assert again.status_code == 409
    mine.refresh_from_db()
    assert (mine.state, mine.slot) == (State.CANCELLED, two)
    assert all(map(booking.true, (one, two, three)))


def test_nobody_moves_into_kept_places_by_a_way_that_is_not_theirs(county, enter):
    schedule = booking.expert(county)
    kept = booking.slot(schedule, "08:00", day=NEXT, kept="referral")
    mine = booking.booked(county, booking.slot(schedule, "09:00"))
    with pytest.raises(capacity.NotBookable, match="预留给转诊"):
        capacity.move(mine, by=county.desk, slot=kept)
    theirs = booking.booked(
        county, booking.slot(schedule, "09:30"), by=county.wang, channel="family-doctor"
    )
    other = str(booking.slot(schedule, "08:30").pk)
    post(enter("wang"), f"/bookings/{theirs.pk}/move", 403, slot=other, channel="counter")
    post(enter("wang"), f"/bookings/{theirs.pk}/move", 422, slot=other, channel="pigeon")
    theirs.refresh_from_db()
    assert theirs.channel == "family-doctor"


def test_whoever_was_missed_and_went_elsewhere_does_not_arrive_at_both(county, noon):
    morning = booking.slot(booking.clinic(county, booking.hours(end="10:00", minutes=60)))
    bones = booking.clinic(
        county,
        booking.hours("08:30", "09:30", minutes=60),
        department=booking.department(county, "骨科"),
    )
    mine = booking.booked(county, morning, county.patient)
    noon.move_to(booking.at("08:10"))
    capacity.miss(mine, by=county.desk)
    booking.booked(county, booking.slot(bones, "08:30"), county.patient)
    with pytest.raises(capacity.TwiceAtOnce):
        capacity.arrive(mine, by=county.desk)


# -------------------------------------------------------------------------------------- beds


def test_a_bed_is_not_given_to_two_over_rest_or_on_the_board(county, enter):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", sex="either")
    ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    bed, nurse = ward_of.found(ward, "1"), enter("ma")
    other = str(ward_of.woman(county, "卫兰").pk)
    assert "已有患者" in post(nurse, f"/beds/{bed.pk}/admit", 409, person=other)
    assert "已有患者" in post(nurse, f"/beds/{bed.pk}/hold", 409, person=other)
    until = f"{timezone.localtime() - timedelta(hours=2):%Y-%m-%dT%H:%M:00+08:00}"
    post(nurse, f"/beds/{bed.pk}/hold", 422, person=other, until=until)
    page = nurse.post(reverse("capacity:beds-act", args=[bed.pk, "admit"]), {"person": other})
    assert page.status_code == 422
    assert BedStay.objects.current().count() == 1
