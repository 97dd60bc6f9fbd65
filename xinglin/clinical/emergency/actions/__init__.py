"""What people do with a case of the green channel. Every write to one happens here."""

from xinglin.clinical.emergency.actions.answering import admit, confirm, prepare, redirect
from xinglin.clinical.emergency.actions.bedding import hear_of_bed
from xinglin.clinical.emergency.actions.ending import hear_of_death, report_death, stand_down
from xinglin.clinical.emergency.actions.noting import attach, describe, observe
from xinglin.clinical.emergency.actions.opening import (
    CaseRunning,
    NoDestination,
    destinations,
    identify,
    open_case,
)
from xinglin.clinical.emergency.actions.stamping import (
    NotOnesSide,
    StampedAlready,
    correct,
    stamp,
    withdraw,
)

__all__ = [
    "CaseRunning",
    "NoDestination",
    "NotOnesSide",
    "StampedAlready",
    "admit",
    "attach",
    "confirm",
    "correct",
    "describe",
    "destinations",
    "hear_of_bed",
    "hear_of_death",
    "identify",
    "observe",
    "open_case",
    "prepare",
    "redirect",
    "report_death",
    "stamp",
    "stand_down",
    "withdraw",
]
