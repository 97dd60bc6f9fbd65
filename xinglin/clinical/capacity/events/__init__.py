"""What capacity announces of bookings; of beds in `beds`."""

from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class BookingEvent(Event):
    """What every piece of news about a booking says; `channel` and `subject_*` tell whose it is."""

    booking_id: UUID
    person_id: UUID
    organisation_id: UUID
    booked_by_id: UUID
    slot_id: UUID
    kind: str
    channel: str
    subject_kind: str
    subject_id: UUID | None
    start_at: datetime
    at: datetime


class SlotHeld(BookingEvent):
    """A place is held for somebody until `expires_at`."""

    name = "capacity.slot-held"
    expires_at: datetime


class SlotBooked(BookingEvent):
    """A place is somebody's."""

    name = "capacity.slot-booked"


class HoldReleased(BookingEvent):
    """A hold was given back, or its time is over (`expired`)."""

    name = "capacity.hold-released"
    expired: bool


class BookingCancelled(BookingEvent):
    """Somebody does not come, with the coded reason."""

    name = "capacity.booking-cancelled"
    end_code: str


class BookingMoved(BookingEvent):
    """Somebody comes at another time; `from_slot_id` is where they would have come before."""

    name = "capacity.booking-moved"
    from_slot_id: UUID


class BookingDisplaced(BookingEvent):
    """The session falls away; the person is owed another time."""

    name = "capacity.booking-displaced"


class BookingRestored(BookingEvent):
    """The session takes place after all; the booking stands again."""

    name = "capacity.booking-restored"


class SlotSubstituted(BookingEvent):
    """The booking stands, but another doctor or another room awaits the person."""

    name = "capacity.slot-substituted"
    practitioner_id: UUID | None
    place: str


class BookingArrived(BookingEvent):
    """The person is here."""

    name = "capacity.booking-arrived"


class NoShow(BookingEvent):
    """The person did not come."""

    name = "capacity.no-show"


class PlaceOffered(BookingEvent):
    """A freed place is held for somebody on the waiting list until `expires_at`."""

    name = "capacity.place-offered"
    waiting_id: UUID
    expires_at: datetime


class ClosureMade(Event):
    """A house, a department, a schedule or a person cannot be booked for a time."""

    name = "capacity.closure-made"
    closure_id: UUID
    organisation_id: UUID
    start_at: datetime
    end_at: datetime
