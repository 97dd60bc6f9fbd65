"""Slots and beds at the county hospital, as tests of places need them."""

from __future__ import annotations

from typing import Any

from tests import cast
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import (
    TAKING,
    Bed,
    BedHold,
    BedState,
    Booking,
    Slot,
    State,
    Ward,
)
from xinglin.clinical.capacity.tests import bed_factories, factories
from xinglin.clinical.referral.destinations.directory import directory
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.access import system


def ready(county: cast.Cast) -> cast.Cast:
    """Tuesday's clinic in cardiology: four slots of five places. A ward with two beds."""
    factories.staffed(county)
    factories.clinic(county)
    by = system(county.region.pk)
    ward = beds.open_ward(
        Ward(
            county_id=county.region.pk,
            organisation=county.hospital,
            department=factories.department(county),
            code="XN1",
            name="心内病区",
        ),
        by=by,
    )
    bed_factories.room(ward, "301", "1", "2", sex="either")
    directory.forget()
    return county


def slot(clock: str = "08:00") -> Slot:
    return Slot.objects.get(start_at=factories.at(clock))


def ward() -> Ward:
    return Ward.objects.get(name="心内病区")


def filled(county: cast.Cast, where: Slot) -> None:
    factories.filled(county, where)


def kept(referral: Referral) -> list[Any]:
    """Whatever is still held or promised for a referral; at its end there must be nothing."""
    going = (State.HELD, State.BOOKED, State.DISPLACED)
    rows = Booking.objects.filter(subject_id=referral.pk, state__in=[str(s) for s in going])
    return [*rows, *BedHold.objects.standing().of("referral", referral.pk)]


def counts_hold() -> bool:
    """Whether slots and beds say the same as the rows that take them."""
    slots = all(
        each.taken == Booking.objects.filter(slot=each, state__in=TAKING).count()
        for each in Slot.objects.all()
    )
    held = set(BedHold.objects.standing().values_list("bed_id", flat=True))
    beds = set(Bed.objects.filter(state=BedState.HELD).values_list("pk", flat=True))
    return slots and held == beds
