"""Putting a booking into its slot: what must hold, then the count, then the row."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from xinglin.clinical.capacity.actions import steps
from xinglin.clinical.capacity.models import Booking, Slot
from xinglin.kernel.prepared import store


def place(booking: Booking, now: datetime, *, waits: bool = True) -> None:
    """Take the place and store the booking, both or neither.

    The slot comes last: it is what many want at once, and is theirs until the act is over.
    """
    slot = _as_it_is(booking.slot_id)
    steps.bookable(slot, booking.channel, now)
    if slot.taken >= slot.places:
        raise steps.full(slot)
    steps.alone_with(booking.person_id, waits=waits)
    steps.not_twice(booking, slot, now)
    booking.start_at, booking.end_at, booking.kind = slot.start_at, slot.end_at, slot.kind
    if booking.expires_at is not None:
        booking.expires_at = min(booking.expires_at, slot.start_at)
    booking.clean_or_refuse(exclude=["county", "organisation", "slot", "person", "booked_by"])
    steps.take(slot.pk, booking.channel, now)
    store(booking)


def _as_it_is(slot_id: UUID) -> Slot:
    return Slot.objects.select_related("schedule", "practitioner").get(pk=slot_id)
