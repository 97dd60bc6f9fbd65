"""What can be booked, and what is booked."""

from xinglin.clinical.capacity.models.bookings import (
    LIVE,
    TAKING,
    Booking,
    BookingQuerySet,
    State,
)
from xinglin.clinical.capacity.models.closures import Closure, Substitution
from xinglin.clinical.capacity.models.schedules import WEEKDAYS, Schedule, Session
from xinglin.clinical.capacity.models.slots import Slot, SlotQuerySet, first_free
from xinglin.clinical.capacity.models.waiting import Priority, Waiting, WaitState

__all__ = [
    "LIVE",
    "TAKING",
    "WEEKDAYS",
    "Booking",
    "BookingQuerySet",
    "Closure",
    "Priority",
    "Schedule",
    "Session",
    "Slot",
    "SlotQuerySet",
    "State",
    "Substitution",
    "WaitState",
    "Waiting",
    "first_free",
]
