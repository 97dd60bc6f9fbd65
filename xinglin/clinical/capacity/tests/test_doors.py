"""The desk's pages, the office's pages, REST and FHIR."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity.models import Booking, Closure, Schedule, Slot, State, Waiting
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.kernel.models import TrailEntry


@pytest.fixture
def enter(county):
    def browser(part: str) -> Client:
        client = Client()
        client.force_login(county.users[part])
        return client

    return browser


def test_the_desk_finds_a_place_and_books_it_in_two_steps(county, enter):
    schedule = booking.expert(county)
    slot = booking.slot(schedule)
    desk = enter("desk")
    shown = desk.get(reverse("capacity:find"), {"doctor": "陈"})
    assert "08:00" in shown.content.decode()
    assert reverse("capacity:book", args=[slot.pk]) in shown.content.decode()
    done = desk.post(
        reverse("capacity:book", args=[slot.pk]),
        {"person": county.patient.pk, "channel": "counter"},
    )
    made = Booking.objects.get()
    assert done.status_code == 302
    assert done["Location"] == made.get_absolute_url()
    page = desk.get(made.get_absolute_url()).content.decode()
    assert "陈桂香" in page
    assert "取消预约" in page
    read = TrailEntry.objects.filter(kind="read", verb="capacity.read", person_id=county.patient.pk)
    assert read.exists()


def test_a_full_slot_says_so_beside_what_was_typed(county, enter):
    slot = booking.slot(booking.clinic(county, booking.hours(places=1)))
    booking.filled(county, slot)
    told = enter("desk").post(
        reverse("capacity:book", args=[slot.pk]),
        {"person": county.patient.pk, "channel": "counter"},
    )
    assert told.status_code == 422
    assert "号源已满" in told.content.decode()


def test_the_desk_holds_first_and_confirms(county, enter):
    slot = booking.slot(booking.clinic(county))
    desk = enter("desk")
    desk.post(
        reverse("capacity:book", args=[slot.pk]),
        {"person": county.patient.pk, "channel": "phone", "hold": "1"},
    )
    held = Booking.objects.get()
    assert held.state == State.HELD
    desk.post(reverse("capacity:act", args=[held.pk, "confirm"]))
    held.refresh_from_db()
    assert held.state == State.BOOKED


def test_the_day_s_list_takes_arrivals_with_one_tap(county, enter, noon):
    slot = booking.slot(booking.clinic(county))
    mine = booking.booked(county, slot, county.patient)
    noon.move_to(slot.start_at)
    desk = enter("desk")
    assert "陈桂香" in desk.get(reverse("capacity:day")).content.decode()
    done = desk.post(reverse("capacity:act", args=[mine.pk, "arrive"]), {"back": "day=2026-03-03"})
    assert done["Location"].endswith("/day/?day=2026-03-03")
    mine.refresh_from_db()
    assert mine.state == State.ARRIVED


def test_a_booking_is_cancelled_with_a_reason_and_moved_with_a_tap(county, enter):
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule), county.patient)
    desk = enter("desk")
    told = desk.post(reverse("capacity:act", args=[mine.pk, "cancel"]), {"code": ""})
    assert told.status_code == 422
    shown = desk.get(reverse("capacity:find"), {"move": mine.pk}).content.decode()
    other = booking.slot(schedule, "09:00")
    address = reverse("capacity:move", args=[mine.pk, other.pk])
    assert address in shown
    desk.post(address)
    mine.refresh_from_db()
    assert mine.slot == other
    desk.post(reverse("capacity:act", args=[mine.pk, "cancel"]), {"code": "patient"})
    mine.refresh_from_db()
    assert mine.state == State.CANCELLED


def test_somebody_is_put_on_the_list_and_taken_off(county, enter):
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    for slot in Slot.objects.filter(schedule=schedule):
        booking.filled(county, slot)
    desk = enter("desk")
    facts = {
        "person": county.patient.pk,
        "house": county.hospital.pk,
        "kind": "clinic",
        "department": schedule.department_id,
        "channel": "counter",
        "priority": 3,
        "since": "2026-03-03",
    }
    assert desk.get(reverse("capacity:wait")).status_code == 200
    assert desk.post(reverse("capacity:wait"), facts).status_code == 302
    entry = Waiting.objects.get()
    assert "陈桂香" in desk.get(reverse("capacity:waiting")).content.decode()
    desk.post(reverse("capacity:leave", args=[entry.pk]), {"code": "patient"})
    entry.refresh_from_db()
    assert entry.state == "left"


HOURS = {
    "hours-TOTAL_FORMS": 2,
    "hours-INITIAL_FORMS": 0,
    "hours-0-weekdays": [1, 3],
    "hours-0-start": "08:00",
    "hours-0-end": "11:00",
    "hours-0-minutes": 30,
    "hours-0-places": 4,
    "hours-1-day": "2026-03-05",
    "hours-1-start": "14:00",
    "hours-1-end": "15:00",
    "hours-1-minutes": 30,
    "hours-1-places": 2,
}


def test_the_office_opens_a_schedule_changes_it_and_ends_it(county, enter):
    office = enter("office_clerk")
    facts = {
        "kind": "expert",
        "title": "陈主任专家门诊",
        "department": booking.department(county).pk,
        "practitioner": booking.doctor(county).pk,
        "fee": 30,
        "since": "2026-03-02",
    }
    assert office.get(reverse("capacity:new")).status_code == 200
    told = office.post(reverse("capacity:new"), {**facts, **HOURS})
    assert told.status_code == 422
    assert "不能少于 20%" in told.content.decode()
    done = office.post(reverse("capacity:new"), {**facts, **HOURS, "quota_referral": 25})
    schedule = Schedule.objects.get()
    assert done["Location"] == schedule.get_absolute_url()
    assert schedule.sessions.count() == 3
    shown = office.get(schedule.get_absolute_url()).content.decode()
    assert "周一、周三" in shown
    form = office.get(reverse("capacity:edit", args=[schedule.pk])).content.decode()
    assert 'value="11:00"' in form
    changed = {**HOURS, "hours-0-places": 6, "hours-INITIAL_FORMS": 2}
    office.post(
        reverse("capacity:edit", args=[schedule.pk]),
        {**facts, **changed, "quota_referral": 25},
    )
    assert schedule.sessions.filter(weekday=1).get().places == 6
    assert "陈主任" in office.get(reverse("capacity:week"), {"day": "2026-03-11"}).content.decode()
    assert "陈主任" in office.get(reverse("capacity:schedules")).content.decode()
    office.post(reverse("capacity:end", args=[schedule.pk]), {"on": "2026-03-10"})
    schedule.refresh_from_db()
    assert str(schedule.until) == "2026-03-10"


def test_the_office_closes_and_opens_again(county, enter):
    schedule = booking.clinic(county)
    booking.booked(county, booking.slot(schedule), county.patient)
    office = enter("office_clerk")
    facts = {
        "schedule": schedule.pk,
        "start_at": "2026-03-03T00:00",
        "end_at": "2026-03-04T00:00",
        "reason": "leave",
    }
    assert office.get(reverse("capacity:close"), {"schedule": schedule.pk}).status_code == 200
    office.post(reverse("capacity:close"), facts)
    shown = office.get(reverse("capacity:closures")).content.decode()
    assert "医生请假" in shown
    assert "1 人" in shown
    office.post(reverse("capacity:reopen", args=[Closure.objects.get().pk]))
    assert Booking.objects.get().state == State.BOOKED


def test_a_stand_in_is_arranged_on_the_page(county, enter):
    schedule = booking.clinic(county)
    address = reverse("capacity:substitute", args=[schedule.pk])
    office = enter("office_clerk")
    assert office.get(address).status_code == 200
    office.post(
        address,
        {
            "start_at": "2026-03-03T00:00",
            "end_at": "2026-03-04T00:00",
            "practitioner": booking.doctor(county).pk,
        },
    )
    assert booking.slot(schedule).practitioner == booking.doctor(county)
    assert "替诊" in office.get(schedule.get_absolute_url()).content.decode()


def test_strangers_find_nothing(county, enter):
    schedule = booking.clinic(county)
    mine = booking.booked(county, booking.slot(schedule), county.patient)
    stranger = enter("stranger")
    for name, key in (
        ("booking", mine.pk),
        ("book", mine.slot_id),
        ("schedule", schedule.pk),
    ):
        assert stranger.get(reverse(f"capacity:{name}", args=[key])).status_code == 404
    assert enter("liu").get(mine.get_absolute_url()).status_code == 404


def test_rest_holds_confirms_moves_and_cancels(county, enter):
    schedule = booking.clinic(county)
    desk = enter("desk")

    def post(address: str, **body):
        return desk.post(f"/api/v1{address}", body, content_type="application/json")

    listed = desk.get("/api/v1/slots", {"channel": "counter", "page_size": 5}).json()
    assert listed["count"] == 16
    slot = listed["items"][0]
    assert (slot["title"], slot["left"], slot["closed"]) == ("心内科普通门诊", 5, False)
    made = post(f"/slots/{slot['id']}/hold", person=str(county.patient.pk), channel="counter")
    assert made.status_code == 201, made.content
    key = made.json()["id"]
    assert made.json()["acts"] == ["confirm", "release"]
    assert post(f"/bookings/{key}/confirm").json()["state"] == "booked"
    other = str(booking.slot(schedule, "09:00").pk)
    assert post(f"/bookings/{key}/move", slot=other).json()["slot"]["id"] == other
    again = post(f"/slots/{other}/book", person=str(county.patient.pk), channel="phone")
    assert (again.status_code, again.json()["type"]) == (409, "about:xinglin/twice-at-once")
    assert post(f"/bookings/{key}/cancel", code="better").json()["state"] == "cancelled"
    assert desk.get("/api/v1/bookings", {"state": "cancelled"}).json()["count"] == 1


def test_rest_keeps_schedules_and_closures(county, enter):
    office = enter("office_clerk")

    def post(address: str, **body):
        return office.post(f"/api/v1{address}", body, content_type="application/json")

    hours = [{"weekday": 2, "start": "08:00", "end": "10:00", "minutes": 30, "places": 5}]
    facts = {
        "kind": "clinic",
        "title": "骨科门诊",
        "department": str(booking.department(county, "骨科").pk),
        "since": "2026-03-02",
    }
    made = post("/schedules", **facts, sessions=hours)
    assert made.status_code == 201, made.content
    key = made.json()["id"]
    bad = post("/schedules", **facts, sessions=[{**hours[0], "end": "07:00"}])
    assert (bad.status_code, bad.json()["type"]) == (422, "about:xinglin/bad-schedule")
    changed = office.patch(
        f"/api/v1/schedules/{key}", {"fee": "12.50"}, content_type="application/json"
    )
    assert changed.json()["fee"] == "12.50"
    closed = post(
        "/closures",
        schedule=key,
        start_at="2026-03-03T00:00:00+08:00",
        end_at="2026-03-04T00:00:00+08:00",
        reason="leave",
    )
    assert closed.status_code == 201, closed.content
    assert office.get("/api/v1/slots", {"schedule": key}).json()["count"] == 12
    assert post(f"/closures/{closed.json()['id']}/reopen").status_code == 200
    assert post(f"/schedules/{key}/end", on="2026-03-09").json()["until"] == "2026-03-09"
    assert office.get("/api/v1/catalogue/capacity-kinds").json()["count"] == 6


def test_rest_keeps_the_waiting_list(county, enter):
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    for slot in Slot.objects.filter(schedule=schedule):
        booking.filled(county, slot)
    desk = enter("desk")
    made = desk.post(
        "/api/v1/waiting",
        {
            "person": str(county.patient.pk),
            "organisation": str(county.hospital.pk),
            "schedule": str(schedule.pk),
            "kind": "clinic",
            "channel": "counter",
            "since": "2026-03-02",
        },
        content_type="application/json",
    )
    assert made.status_code == 201, made.content
    key = made.json()["id"]
    assert desk.get("/api/v1/waiting").json()["count"] == 1
    left = desk.post(
        f"/api/v1/waiting/{key}/leave", {"code": "patient"}, content_type="application/json"
    )
    assert left.json()["state"] == "left"


def test_fhir_tells_of_schedules_slots_and_appointments(county, enter):
    schedule = booking.expert(county)
    mine = booking.booked(county, booking.slot(schedule), county.patient)
    desk = enter("desk")
    slots = desk.get(
        "/fhir/Slot", {"schedule": str(schedule.pk), "status": "free", "_count": 50}
    ).json()
    assert slots["total"] == 32
    found = desk.get("/fhir/Appointment", {"patient": str(county.patient.pk)}).json()
    (entry,) = found["entry"]
    assert entry["resource"]["status"] == "booked"
    assert entry["resource"]["id"] == str(mine.pk)
    assert desk.get(f"/fhir/Schedule/{schedule.pk}").json()["comment"] == "陈主任专家门诊"
    capacity.cancel(mine, by=county.desk, code="better")
    assert desk.get(f"/fhir/Appointment/{mine.pk}").json()["status"] == "cancelled"
