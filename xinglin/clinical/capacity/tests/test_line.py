"""The waiting list: nobody starves in it, and whoever asked is told."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import listeners
from xinglin.clinical.capacity.models import Booking, Slot, State
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.kernel import inbox
from xinglin.kernel.models import InboxItem, Notice


def test_nobody_starves_behind_who_is_elsewhere_and_they_are_told(county):
    """More who are busy at that time stand in front than are tried in one act."""
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    other = booking.clinic(
        *(county, booking.hours(end="08:30", places=9)),
        department=booking.department(county, "骨科"),
        title="骨科门诊",
    )
    (taken,) = booking.filled(county, booking.slot(schedule))
    busy = [booking.someone(county, f"卫{n}") for n in range(7)]
    lines = [booking.waits(county, schedule, person) for person in busy]
    for person in busy:
        booking.booked(county, booking.slot(other), person)
    last = booking.waits(county, schedule)
    capacity.cancel(taken, by=county.desk, code="better")
    last.refresh_from_db()
    assert last.state == "offered"
    for entry in lines:
        (news,) = Notice.objects.filter(subject_id=entry.pk)
        assert "同一时间已有其他预约" in news.message
    # And once only, however often the clock comes by.
    capacity.leave(last, by=county.desk, code="patient")
    listeners.let_holds_run_out()
    assert Notice.objects.filter(subject_id__in=[entry.pk for entry in lines]).count() == 7


def test_a_place_that_was_let_go_does_not_hide_the_later_ones(county, noon):
    schedule = booking.clinic(county, booking.hours(places=1))
    for slot in Slot.objects.filter(schedule=schedule, start_at__date=booking.TUESDAY):
        booking.filled(county, slot)
    entry = booking.waits(county, schedule)
    first, second = (
        Booking.objects.get(slot=booking.slot(schedule, at)) for at in ("08:00", "08:30")
    )
    capacity.cancel(first, by=county.desk, code="better")
    noon.shift(timedelta(minutes=61))
    listeners.let_holds_run_out()
    entry.refresh_from_db()
    assert (entry.state, Notice.objects.filter(subject_id=entry.pk).count()) == ("waiting", 1)
    # While the place they let go stands free, another one is freed by nobody's act.
    Booking.objects.filter(pk=second.pk).update(state=State.CANCELLED, end_code="better")
    Slot.objects.filter(pk=second.slot_id).update(taken=0)
    listeners.let_holds_run_out()
    entry.refresh_from_db()
    assert entry.state == "offered"
    assert entry.booking.slot_id == second.slot_id


def test_an_offer_that_nobody_answers_is_raised_before_it_lapses(county, noon):
    schedule = booking.clinic(county, booking.hours(end="08:30", places=1))
    (taken,) = booking.filled(county, booking.slot(schedule))
    entry = booking.waits(county, schedule)
    capacity.cancel(taken, by=county.desk, code="better")
    noon.shift(timedelta(minutes=31))
    inbox.raise_overdue()
    assert InboxItem.objects.filter(subject_id=entry.pk, level=1).get().audience == "role:clerk"
    noon.shift(timedelta(minutes=15))
    inbox.raise_overdue()
    assert InboxItem.objects.filter(subject_id=entry.pk, level=2).get().audience == "role:leader"


def test_the_waiting_form_shows_what_the_chosen_house_has(county):
    desk = Client()
    desk.force_login(county.users["desk"])
    page = desk.get(
        reverse("capacity:wait"),
        {"house": county.township.pk, "note": "下午"},
        headers={"HX-Request": "true", "HX-Target": "wait-fields"},
    )
    told = page.content.decode()
    assert "<html" not in told
    assert "心内科" not in told
    assert 'value="下午"' in told
