"""Every write on orders: written and signed, checked, carried out, ended."""

from xinglin.clinical.orders.actions.checking import (
    accept,
    check,
    check_stop,
    hand_over,
    let_pass,
    send_back,
)
from xinglin.clinical.orders.actions.doing import (
    NotYet,
    give,
    give_all,
    note_skin_test,
    omit,
    plan,
    strike,
)
from xinglin.clinical.orders.actions.ending import (
    cancel,
    end_with_encounter,
    keep,
    lapse,
    stop,
    stop_group,
    void,
)
from xinglin.clinical.orders.actions.safety import findings_of
from xinglin.clinical.orders.actions.steps import WrongOrder, WrongTime, group_of
from xinglin.clinical.orders.actions.writing import (
    NeedsReason,
    Unsafe,
    apply_set,
    change,
    draft,
    repeat,
    sign,
    sign_all,
    voice,
)

__all__ = [
    "NeedsReason",
    "NotYet",
    "Unsafe",
    "WrongOrder",
    "WrongTime",
    "accept",
    "apply_set",
    "cancel",
    "change",
    "check",
    "check_stop",
    "draft",
    "end_with_encounter",
    "findings_of",
    "give",
    "give_all",
    "group_of",
    "hand_over",
    "keep",
    "lapse",
    "let_pass",
    "note_skin_test",
    "omit",
    "plan",
    "repeat",
    "send_back",
    "sign",
    "sign_all",
    "stop",
    "stop_group",
    "strike",
    "void",
    "voice",
]
