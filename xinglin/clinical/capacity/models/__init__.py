"""What can be booked, and what is booked: slots and beds."""

from xinglin.clinical.capacity.models.beds import (
    Bed,
    BedKind,
    BedState,
    FreeBeds,
    Room,
    RoomSex,
    Ward,
)
from xinglin.clinical.capacity.models.bookings import (
    LIVE,
    TAKING,
    Booking,
    BookingQuerySet,
    State,
)
from xinglin.clinical.capacity.models.closures import Closure, Substitution
from xinglin.clinical.capacity.models.schedules import WEEKDAYS, Schedule, Session
from xinglin.clinical.capacity.models.slots import FirstFree, Slot, SlotQuerySet, first_free
from xinglin.clinical.capacity.models.stays import (
    BedHold,
    BedStay,
    HoldState,
    StayEnd,
    bed_labels,
    bed_of_visit,
    in_the_past_too,
)
from xinglin.clinical.capacity.models.waiting import Priority, Waiting, WaitState

__all__ = [
    "LIVE",
    "TAKING",
    "WEEKDAYS",
    "Bed",
    "BedHold",
    "BedKind",
    "BedState",
    "BedStay",
    "Booking",
    "BookingQuerySet",
    "Closure",
    "FreeBeds",
    "HoldState",
    "Priority",
    "Room",
    "RoomSex",
    "Schedule",
    "Session",
    "Slot",
    "SlotQuerySet",
    "State",
    "StayEnd",
    "Substitution",
    "WaitState",
    "Waiting",
    "Ward",
    "bed_labels",
    "bed_of_visit",
    "FirstFree",
    "first_free",
    "in_the_past_too",
]
