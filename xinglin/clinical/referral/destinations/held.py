"""The place that a referral has at the house it goes to, as pages, papers and machines tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from xinglin.clinical.capacity.models import Bed, BedHold, Booking, HoldState, Slot, State, Ward
from xinglin.clinical.referral.models import Referral

SUBJECT = "referral"
KEPT = (State.HELD, State.BOOKED, State.DISPLACED, State.ARRIVED)


@dataclass(frozen=True)
class Held:
    """A slot or a bed that is kept for a referral, promised, or used.

    Exactly one of `booking` and `hold` is there.
    """

    booking: Booking | None = None
    hold: BedHold | None = None

    @property
    def slot(self) -> Slot | None:
        return self.booking.slot if self.booking else None

    @property
    def bed(self) -> Bed | None:
        return self.hold.bed if self.hold else None

    @property
    def place(self) -> Slot | Bed:
        """The slot or the bed itself."""
        if self.booking is not None:
            return self.booking.slot
        assert self.hold is not None
        return self.hold.bed

    def runs(self, now: datetime) -> bool:
        """Whether it is still the patient's: what ran out may not have been swept away yet."""
        until = self.until
        return until is None or until > now

    def is_at(self, place: Slot | Ward | Bed) -> bool:
        """Whether this is the place that is meant: the slot, the bed, or a bed of the ward."""
        if self.booking is not None:
            return bool(self.booking.slot_id == place.pk)
        assert self.hold is not None
        return place.pk in (self.hold.bed_id, self.hold.bed.ward_id)

    @property
    def stands(self) -> bool:
        """Whether the patient is awaited there: a session that has fallen away awaits nobody."""
        return self.booking is None or self.booking.state != State.DISPLACED

    @property
    def start_at(self) -> datetime | None:
        """When the patient is awaited; a bed waits from now on."""
        return self.booking.start_at if self.booking else None

    @property
    def until(self) -> datetime | None:
        """Up to when it is kept, while that is not for good."""
        if self.booking:
            return self.booking.expires_at if self.booking.state == State.HELD else None
        return self.hold.until if self.hold and self.hold.state == HoldState.STANDING else None

    @property
    def where(self) -> str:
        """The doctor or room of a slot, the ward and bed of a bed."""
        if self.booking:
            slot = self.booking.slot
            parts = (slot.department.name if slot.department else "", slot.who, slot.place)
            return " ".join(dict.fromkeys(part for part in parts if part))
        return self.hold.bed.full_name if self.hold else ""

    @property
    def state_label(self) -> str:
        """In what way it is the patient's, in a word."""
        row = self.booking or self.hold
        return str(row.get_state_display()) if row else ""

    def __str__(self) -> str:
        if self.start_at is None:
            return self.where
        return f"{timezone.localtime(self.start_at):%m-%d %H:%M} {self.where}"


def held_by(referral: Referral) -> Held | None:
    """The place that a referral has now, or has used; None where it has none."""
    booking = (
        Booking.objects.filter(
            subject_kind=SUBJECT, subject_id=referral.pk, state__in=[str(each) for each in KEPT]
        )
        .select_related("slot__schedule", "slot__practitioner", "slot__department", "person")
        .order_by("-created_at", "-id")
        .first()
    )
    if booking is not None:
        return Held(booking=booking)
    hold = (
        BedHold.objects.of(SUBJECT, referral.pk)
        .filter(state__in=[HoldState.STANDING, HoldState.USED])
        .select_related("bed__ward__department", "person")
        .order_by("-created_at", "-id")
        .first()
    )
    return Held(hold=hold) if hold is not None else None
