"""Two registrations become one, and nobody is in two places by it."""

from __future__ import annotations

import pytest

from tests import cast
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import BedHold, Booking
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.capacity.tests import factories as booking
from xinglin.kernel import outbox
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Merge, Person


def merged(county: cast.Cast, survivor: Person, loser: Person) -> Merge:
    told = Merge(county=county.region, survivor=survivor, loser=loser, reason="同一身份证")
    return people.merge(told, by=county.sun)


def test_two_who_are_booked_at_one_time_are_not_merged_until_that_is_settled(county):
    schedule = booking.clinic(county)
    twin = booking.someone(county, "陈贵香")
    booking.booked(county, booking.slot(schedule), county.patient)
    other = booking.booked(county, booking.slot(schedule), twin)
    with pytest.raises(people.CannotMerge, match="都有普通门诊预约"):
        merged(county, county.patient, twin)
    capacity.move(other, by=county.desk, slot=booking.slot(schedule, "09:00"))
    merge = merged(county, county.patient, twin)
    assert Booking.objects.filter(person=county.patient).count() == 2
    people.unmerge(merge, by=county.sun, reason="不是同一人")
    other.refresh_from_db()
    assert other.person == twin


def test_two_who_lie_in_two_beds_or_are_expected_in_two_are_not_merged(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", sex="either")
    one, two = ward_of.woman(county), ward_of.woman(county, "陈贵香")
    for number, person in (("1", one), ("2", two)):
        beds.hold_bed(ward_of.found(ward, number), by=county.ma, person=person)
    with pytest.raises(people.CannotMerge, match="各预留了一张床位"):
        merged(county, one, two)
    stays = [
        ward_of.lying(ward, number, person, county.ma)
        for number, person in (("1", one), ("2", two))
    ]
    assert not BedHold.objects.standing().exists()
    with pytest.raises(people.CannotMerge, match="各占一张床位"):
        merged(county, one, two)
    beds.void(stays[1], by=county.ma, code="wrong-person")
    merge = merged(county, one, two)
    people.unmerge(merge, by=county.sun, reason="不是同一人")
    outbox.deliver()
    stays[1].refresh_from_db()
    assert stays[1].person == two
