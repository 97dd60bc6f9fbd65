"""The person's door of capacity: finding and booking, the desk's day, keeping schedules."""

from xinglin.clinical.capacity.views.desk import act, booking, day, leave, move, wait, waiting
from xinglin.clinical.capacity.views.finding import book, find
from xinglin.clinical.capacity.views.keeping import (
    close,
    closures,
    edit,
    end,
    new,
    reopen,
    schedule,
    schedules,
    substitute,
    week,
)

__all__ = [
    "act",
    "book",
    "booking",
    "close",
    "closures",
    "day",
    "edit",
    "end",
    "find",
    "leave",
    "move",
    "new",
    "reopen",
    "schedule",
    "schedules",
    "substitute",
    "wait",
    "waiting",
    "week",
]
