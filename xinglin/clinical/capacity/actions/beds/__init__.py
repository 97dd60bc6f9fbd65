"""Every write on beds: opened and closed, kept for somebody, lain in, moved between, left."""

from xinglin.clinical.capacity.actions.beds.holding import (
    AlreadyHeld,
    NoFreeBed,
    extend,
    hold,
    hold_bed,
    lapse,
    release,
)
from xinglin.clinical.capacity.actions.beds.keeping import (
    add_extra,
    block,
    change_room,
    change_ward,
    clean,
    cleaned,
    close_bed,
    close_ward,
    open_bed,
    open_room,
    open_ward,
    reopen,
)
from xinglin.clinical.capacity.actions.beds.leaving import discharge, leave, void
from xinglin.clinical.capacity.actions.beds.lying import admit, join, move, plan, swap
from xinglin.clinical.capacity.actions.beds.steps import (
    AlreadyInBed,
    BedNotFree,
    WrongBed,
    WrongSex,
    WrongTime,
)

__all__ = [
    "AlreadyHeld",
    "AlreadyInBed",
    "BedNotFree",
    "NoFreeBed",
    "WrongBed",
    "WrongSex",
    "WrongTime",
    "add_extra",
    "admit",
    "block",
    "change_room",
    "change_ward",
    "clean",
    "cleaned",
    "close_bed",
    "close_ward",
    "discharge",
    "extend",
    "hold",
    "hold_bed",
    "join",
    "lapse",
    "leave",
    "move",
    "open_bed",
    "open_room",
    "open_ward",
    "plan",
    "release",
    "reopen",
    "swap",
    "void",
]
