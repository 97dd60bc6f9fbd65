"""Putting a booking into its slot: what must hold, then the count, then the row.

The hottest path of the house, when a day's places open: its queries are compiled once.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from uuid import UUID

from django.db.models import OuterRef, Subquery

from xinglin.clinical.capacity.actions import steps
from xinglin.clinical.capacity.models import Booking, Slot, State
from xinglin.kernel.prepared import SLOT, Prepared, store

SEEN = (
    "id",
    "kind",
    "start_at",
    "end_at",
    "kept_for",
    "opens_at",
    "places",
    "taken",
    "closure_id",
    "withdrawn_at",
)


@cache
def _look() -> Prepared:
    held = Booking.objects.filter(slot=OuterRef("pk"), state=State.HELD).order_by("expires_at")
    lapses = Subquery(held.values("expires_at")[:1])
    return Prepared(Slot.objects.filter(pk=SLOT).values_list(*SEEN, lapses))


def look(slot_id: UUID) -> tuple[Slot, datetime | None]:
    """A slot as it is now, as far as booking asks; and when its first hold lapses."""
    found = _look().first(slot_id)
    assert found is not None, "nobody books what does not exist"
    *values, lapses = found
    return _look().row(Slot, SEEN, values), lapses


def place(booking: Booking, seen: Slot, now: datetime, *, waits: bool = True) -> None:
    """Take the place and store the booking, both or neither; `seen` is what `look` saw.

    The slot comes last: it is what many want at once, and is theirs until the act is over. What
    changed since it was looked at, the counting itself refuses.
    """
    steps.alone_with(booking.person_id, booking.county_id, waits=waits)
    steps.not_twice(booking, seen, now)
    booking.start_at, booking.end_at, booking.kind = seen.start_at, seen.end_at, seen.kind
    if booking.expires_at is not None:
        booking.expires_at = min(booking.expires_at, seen.start_at)
    if booking.note or booking.subject_kind:
        booking.clean_or_refuse(exclude=["county", "organisation", "slot", "person", "booked_by"])
    steps.take(booking.slot_id, booking.channel, now)
    store(booking)


def told(slot_id: UUID) -> Slot:
    """A slot with what a sentence about it names."""
    return Slot.objects.select_related("schedule", "practitioner").get(pk=slot_id)
