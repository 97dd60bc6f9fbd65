"""What people and the clock do with care plans and their tasks. Every write happens here."""

from xinglin.clinical.careplans.actions.answering import Objection, accept, object_to, settle
from xinglin.clinical.careplans.actions.checking import (
    CriteriaOpen,
    FromTemplate,
    WrongItem,
    check_items,
    from_template,
)
from xinglin.clinical.careplans.actions.doing import do, note_follow_up, skip
from xinglin.clinical.careplans.actions.running import (
    arrive,
    await_evaluation,
    end,
    evaluate,
    miss,
    move,
    offer,
    open_task,
    seek,
)
from xinglin.clinical.careplans.actions.writing import propose, revise

__all__ = [
    "CriteriaOpen",
    "FromTemplate",
    "Objection",
    "WrongItem",
    "accept",
    "arrive",
    "await_evaluation",
    "check_items",
    "do",
    "end",
    "evaluate",
    "from_template",
    "miss",
    "move",
    "note_follow_up",
    "object_to",
    "offer",
    "open_task",
    "propose",
    "revise",
    "seek",
    "settle",
    "skip",
]
