"""Two referrals for the last slot or bed in the same instant; and one whose ends race."""

from __future__ import annotations

import pytest

from tests import cast
from tests.races import together
from xinglin.clinical.capacity.models import BedHold, Booking, State
from xinglin.clinical.capacity.tests import bed_factories, factories
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.actions.placing import PlaceGone
from xinglin.clinical.referral.destinations.directory import directory
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import placing
from xinglin.kernel.errors import Refused

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def county(transactional_db):
    made = cast.make()
    factories.staffed(made)
    return made


def letters(county, many=4, **facts):
    """Letters of so many people, each about somebody else."""
    return [
        cast.letter(county, person=factories.someone(county, f"患者{number}"), **facts)
        for number in range(many)
    ]


def last_slot(county):
    """One clinic with one slot of one place, on the next working day of its kind."""
    schedule = factories.clinic(
        county,
        *[factories.hours("08:00", "08:30", places=1, weekday=day) for day in range(1, 8)],
        since=factories.timezone.localdate(),
    )
    return schedule.slots.in_order().filter(start_at__gt=factories.timezone.now()).first()


def test_the_last_slot_is_kept_for_one_of_them(county):
    slot = last_slot(county)
    given = together(
        *[
            lambda letter=letter: referrals.submit(letter, by=county.wang, place=slot)
            for letter in letters(county)
        ]
    )
    assert sum(isinstance(x, Referral) for x in given) == 1, given
    assert sum(isinstance(x, PlaceGone) for x in given) == 3, given
    assert Referral.objects.count() == 1
    assert Booking.objects.filter(slot=slot, state=State.HELD).count() == 1
    assert placing.counts_hold()


def test_the_last_bed_is_kept_for_one_of_them(county):
    ward = bed_factories.ward(county.hospital, "心内病区")
    bed_factories.room(ward, "301", "1", sex="either")
    directory.forget()
    given = together(
        *[
            lambda letter=letter: referrals.submit(letter, by=county.wang, place=ward)
            for letter in letters(county, kind="inpatient")
        ]
    )
    assert sum(isinstance(x, Referral) for x in given) == 1, given
    assert sum(isinstance(x, PlaceGone) for x in given) == 3, given
    assert BedHold.objects.standing().count() == 1
    assert placing.counts_hold()


def test_accept_and_cancel_at_once_leave_no_place_behind(county):
    slot = last_slot(county)
    [letter] = letters(county, 1)
    referral = referrals.submit(letter, by=county.wang, place=slot)
    together(
        lambda: referrals.accept(Referral.objects.get(pk=referral.pk), by=county.li),
        lambda: referrals.cancel(
            Referral.objects.get(pk=referral.pk), by=county.wang, code="patient-better"
        ),
    )
    referral.refresh_from_db()
    if referral.state == "cancelled":
        assert placing.kept(referral) == []
    else:
        assert len(placing.kept(referral)) == 1
    assert placing.counts_hold()


def test_redirects_that_cross_do_not_wait_for_each_other(county):
    """Each gives back what the other wants."""
    day = factories.timezone.localdate()
    sessions = [factories.hours("08:00", "09:00", places=1, weekday=n) for n in range(1, 8)]
    schedule = factories.clinic(county, *sessions, since=day)
    one, two = list(schedule.slots.in_order().filter(start_at__gt=factories.timezone.now())[:2])
    first, second = letters(county, 2)
    referrals.submit(first, by=county.wang, place=one)
    referrals.submit(second, by=county.wang, place=two)
    for each in (first, second):
        referrals.decline(each, by=county.li, code="no-bed", alternative="改时间")

    def send_on(referral, slot):
        return referrals.redirect(
            Referral.objects.get(pk=referral.pk),
            by=county.wang,
            to_org=county.hospital,
            to_department="心内科",
            place=slot,
        )

    given = together(lambda: send_on(first, two), lambda: send_on(second, one))
    assert all(isinstance(x, (Referral, Refused)) for x in given), given
    assert sum(isinstance(x, Referral) for x in given) == 2, given
    assert placing.counts_hold()
