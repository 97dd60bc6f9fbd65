"""A slot or a bed that goes with a referral: held, promised, used, and given back at every end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity import actions as bookings
from xinglin.clinical.capacity.models import BedHold, BedStay, Booking, HoldState, State
from xinglin.clinical.capacity.tests import factories as capacity
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.actions.placing import PlaceGone, WrongPlace
from xinglin.clinical.referral.destinations.held import held_by
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.models import State as Stage
from xinglin.clinical.referral.tests import placing
from xinglin.clinical.referral.tests.asking import DAY, HOUR, NOON, refused
from xinglin.kernel import outbox
from xinglin.kernel.access import system
from xinglin.kernel.models import Notice, TrailEntry
from xinglin.kernel.worker import everything_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(county_at_noon):
    return placing.ready(county_at_noon)


def with_slot(county, clock="08:00", **facts) -> Referral:
    return referrals.submit(cast.letter(county, **facts), by=county.wang, place=placing.slot(clock))


def with_bed(county, **facts) -> Referral:
    facts = {"kind": "inpatient", **facts}
    return referrals.submit(cast.letter(county, **facts), by=county.wang, place=placing.ward())


def booking(referral) -> Booking:
    return Booking.objects.filter(subject_id=referral.pk).latest("created_at")


def hold(referral) -> BedHold:
    return BedHold.objects.of("referral", referral.pk).latest("created_at")


def test_the_slot_is_held_with_the_request(county):
    referral = with_slot(county)
    found = booking(referral)
    assert (found.state, found.channel, found.person_id) == (
        State.HELD,
        "referral",
        referral.person_id,
    )
    assert found.booked_by_id == county.township.pk
    # A routine request is the office's after two days; the clinic begins before that.
    assert found.expires_at == found.start_at
    assert placing.slot().taken == 1


def test_an_urgent_request_keeps_its_place_until_it_is_the_offices(county):
    referral = with_slot(county, urgency="urgent")
    assert booking(referral).expires_at == NOON + 4 * HOUR


def test_the_letter_goes_to_the_department_of_the_slot(county):
    referral = with_slot(county, to_department="")
    assert referral.to_department == "心内科"


def test_a_bed_is_held_with_the_request_and_the_ward_sees_it(county):
    referral = with_bed(county)
    found = hold(referral)
    assert (found.state, found.made_by_id) == (HoldState.STANDING, county.township.pk)
    assert found.until == NOON + 2 * DAY
    assert referral.to_department == "心内科"


def test_acceptance_makes_the_slot_the_patients(county):
    referral = referrals.accept(with_slot(county), by=county.li, doctor="陈主任")
    assert booking(referral).state == State.BOOKED
    assert referral.expected_at == placing.slot().start_at
    assert referral.place == "心内科 心内科普通门诊"


def test_acceptance_keeps_the_bed_as_long_as_the_promise_holds(county):
    referral = referrals.accept(with_bed(county), by=county.li)
    assert hold(referral).until == NOON + 7 * DAY
    assert referral.place == "心内病区 1 床"


def test_the_desk_gives_another_time_and_the_first_is_free_again(county):
    referral = with_slot(county)
    referrals.accept(referral, by=county.li, slot_or_bed=placing.slot("09:00"))
    assert placing.slot().taken == 0
    assert placing.slot("09:00").taken == 1
    assert referral.expected_at == placing.slot("09:00").start_at
    assert len(placing.kept(referral)) == 1


def test_the_desk_gives_a_bed_that_nobody_asked_for(county):
    referral = referrals.submit(cast.letter(county, kind="inpatient"), by=county.wang)
    referrals.accept(referral, by=county.li, slot_or_bed=placing.ward())
    assert hold(referral).made_by_id == county.hospital.pk


def test_the_desk_accepts_without_the_place(county):
    referral = referrals.accept(with_slot(county), by=county.li, keeps_place=False)
    assert placing.kept(referral) == []
    assert referral.expected_at is None


def test_arrival_on_the_day_is_the_bookings_too(county, noon):
    referral = referrals.accept(with_slot(county), by=county.li)
    noon.move_to(capacity.at("07:50"))
    referrals.receive(referral, by=county.li, arrived_at=timezone.now())
    assert booking(referral).state == State.ARRIVED


def test_who_comes_a_day_early_gives_the_booking_back(county):
    referral = referrals.accept(with_slot(county), by=county.li)
    referrals.receive(referral, by=county.li, arrived_at=timezone.now())
    assert placing.kept(referral) == []
    assert placing.slot().taken == 0


def test_who_arrives_lies_in_the_bed_that_was_kept(county):
    referral = referrals.accept(with_bed(county), by=county.li)
    referrals.receive(referral, by=county.li, arrived_at=timezone.now())
    assert hold(referral).state == HoldState.USED
    stay = BedStay.objects.current().get(person=referral.person)
    assert stay.bed.number == "1"
    referrals.treat(referral, by=county.chen)
    everything_due()
    stay.refresh_from_db()
    assert stay.encounter_id == referral.encounter_id


ENDS = {
    "declined": lambda c, r: referrals.decline(r, by=c.li, code="no-bed", alternative="门诊随诊"),
    "waitlisted": lambda c, r: referrals.waitlist(r, by=c.li, code="no-bed"),
    "cancelled": lambda c, r: referrals.cancel(r, by=c.wang, code="patient-better"),
    "ended": lambda c, r: referrals.end(r, by=c.wang, code="died"),
    "redirected": lambda c, r: referrals.redirect(
        referrals.decline(r, by=c.li, code="no-bed", alternative="柳溪"),
        by=c.wang,
        to_org=c.other_township,
    ),
}


@pytest.mark.parametrize("way", [with_slot, with_bed])
@pytest.mark.parametrize("ending", ENDS)
def test_every_answer_but_yes_gives_the_place_back(county, way, ending):
    referral = way(county)
    assert len(placing.kept(referral)) == 1
    ENDS[ending](county, referral)
    assert placing.kept(referral) == []
    assert placing.counts_hold()


@pytest.mark.parametrize("way", [with_slot, with_bed])
@pytest.mark.parametrize("ending", ["cancelled", "ended"])
def test_a_promise_ends_with_the_referral(county, way, ending):
    referral = referrals.accept(way(county), by=county.li)
    assert len(placing.kept(referral)) == 1
    ENDS[ending](county, referral)
    assert placing.kept(referral) == []
    assert placing.counts_hold()


@pytest.mark.parametrize("way", [with_slot, with_bed])
def test_who_does_not_come_keeps_nothing(county, noon, way):
    referral = referrals.accept(way(county), by=county.li)
    noon.shift(15 * DAY)
    everything_due()
    referral.refresh_from_db()
    assert referral.state == Stage.EXPIRED
    assert placing.kept(referral) == []
    assert placing.counts_hold()


@pytest.mark.parametrize("way", [with_slot, with_bed])
def test_silence_gives_the_place_back(county, noon, way):
    referral = way(county)
    noon.shift(3 * DAY)
    everything_due()
    referral.refresh_from_db()
    assert referral.state == Stage.UNANSWERED
    assert placing.kept(referral) == []


def test_a_slot_taken_meanwhile_is_told_and_nothing_is_sent(county):
    placing.filled(county, placing.slot())
    told = refused(PlaceGone, with_slot, county)
    assert "号源已满" in str(told)
    assert told.field == "place" or "place" in told.fields
    assert not Referral.objects.exists()
    assert placing.counts_hold()


def test_a_draft_stays_a_draft_when_its_slot_has_gone(county):
    referral = referrals.draft(cast.letter(county), by=county.wang)
    placing.filled(county, placing.slot())
    refused(PlaceGone, referrals.submit, referral, by=county.wang, place=placing.slot())
    assert Referral.objects.get().state == Stage.DRAFT


def test_a_redirect_to_a_slot_that_has_gone_leaves_all_as_it_was(county):
    referral = referrals.waitlist(
        referrals.submit(cast.letter(county), by=county.wang), by=county.li, code="no-bed"
    )
    placing.filled(county, placing.slot())
    refused(
        PlaceGone,
        referrals.redirect,
        referral,
        by=county.wang,
        to_org=county.hospital,
        place=placing.slot(),
    )
    assert Referral.objects.get().state == Stage.WAITLISTED


def test_a_hold_that_ran_out_is_taken_up_again_if_the_place_is_free(county, noon):
    referral = with_slot(county, urgency="urgent")
    noon.shift(5 * HOUR)
    referrals.accept(referral, by=county.li)
    assert booking(referral).state == State.BOOKED
    assert placing.counts_hold()


def test_a_hold_that_ran_out_and_is_taken_is_told_to_who_accepts(county, noon):
    referral = with_slot(county, urgency="urgent")
    noon.shift(4 * HOUR + timedelta(minutes=1))
    placing.filled(county, placing.slot())
    capacity.booked(county, placing.slot())
    told = refused(PlaceGone, referrals.accept, referral, by=county.li)
    assert "请改选" in str(told)
    assert Referral.objects.get().state == Stage.SUBMITTED
    referrals.accept(referral, by=county.li, keeps_place=False)
    assert Referral.objects.get().state == Stage.ACCEPTED


def test_a_bed_hold_that_ran_out_is_taken_up_again(county, noon):
    referral = with_bed(county, urgency="emergency")
    noon.shift(5 * HOUR)
    referrals.accept(referral, by=county.li)
    assert len(placing.kept(referral)) == 1
    assert placing.counts_hold()


def test_a_place_of_another_house_is_refused(county):
    letter = cast.letter(county, to_org=county.other_township)
    told = refused(WrongPlace, referrals.submit, letter, by=county.wang, place=placing.slot())
    assert "县人民医院" in str(told)


def test_a_bed_is_for_who_lies_down(county):
    for kind, place in (("outpatient", placing.ward()), ("inpatient", placing.slot())):
        letter = cast.letter(county, kind=kind)
        refused(WrongPlace, referrals.submit, letter, by=county.wang, place=place)


def test_the_office_redirects_and_keeps_a_place(county, noon):
    referral = referrals.submit(cast.letter(county), by=county.wang)
    noon.shift(3 * DAY)
    everything_due()
    referral.refresh_from_db()
    coming = placing.Slot.objects.filter(start_at__gt=timezone.now()).in_order().first()
    boss = next(
        actor
        for actor in county.actors.values()
        if actor.org_id == county.office.pk and actor.may("referral.redirect")
    )
    referrals.redirect(referral, by=boss, to_org=county.hospital, place=coming)
    assert held_by(referral).booking.slot_id == coming.pk


# ------------------------------------------------------------- what the house does to a promise


def promised(county) -> Referral:
    return referrals.accept(with_slot(county), by=county.li, department="心内科", doctor="陈主任")


def after_the_news(referral) -> Referral:
    outbox.deliver()
    return Referral.objects.get(pk=referral.pk)


def told_sender(county) -> list[str]:
    rows = Notice.objects.filter(org_id=county.township.pk).order_by("id")
    return [notice.text for notice in rows]


def test_the_letter_follows_a_booking_that_is_moved(county):
    referral = promised(county)
    bookings.move(booking(referral), by=county.li, slot=placing.slot("09:00"))
    letter = after_the_news(referral)
    assert letter.expected_at == placing.slot("09:00").start_at
    assert letter.due_at > letter.expected_at
    assert "的就诊安排改为" in "".join(told_sender(county))
    line = TrailEntry.objects.filter(verb="referral.hear").latest("id")
    assert line.subject_id == referral.pk


def test_a_session_that_falls_away_leaves_no_time_in_the_letter_until_it_is_back(county):
    referral = promised(county)
    first = referral.expected_at
    found = booking(referral)
    bookings.displace(found, by=system(county.region.pk))
    letter = after_the_news(referral)
    assert (letter.expected_at, letter.place, letter.state) == (None, "", Stage.ACCEPTED)
    assert "的预约已取消，待改约" in "".join(told_sender(county))
    bookings.restore(booking(referral), by=system(county.region.pk))
    assert after_the_news(referral).expected_at == first


def test_a_booking_that_the_house_cancels_leaves_the_letter_accepted_without_a_time(county):
    referral = promised(county)
    bookings.cancel(booking(referral), by=county.li, code="closed")
    letter = after_the_news(referral)
    assert (letter.expected_at, letter.place, letter.state) == (None, "", Stage.ACCEPTED)


@pytest.mark.parametrize("end", ["cancel", "displace"])
def test_the_news_of_a_move_may_come_when_the_booking_is_gone_again(county, end):
    referral = promised(county)
    found = bookings.move(booking(referral), by=county.li, slot=placing.slot("09:00"))
    if end == "cancel":
        bookings.cancel(found, by=county.li, code="closed")
    else:
        bookings.displace(found, by=system(county.region.pk))
    letter = after_the_news(referral)
    assert (letter.expected_at, letter.place) == (None, "")


def test_what_a_desk_wrote_itself_stays_when_it_gave_another_place(county):
    referral = with_slot(county)
    referrals.accept(
        referral,
        by=county.li,
        department="心内科",
        place="门诊三楼 302",
        slot_or_bed=placing.slot("09:00"),
    )
    letter = after_the_news(referral)
    assert letter.place == "门诊三楼 302"
    assert letter.expected_at == placing.slot("09:00").start_at
