"""How an order and its times read on every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from xinglin.clinical.orders.models import Done, State
from xinglin.ui.templatetags.ui import chip

register = template.Library()

TONES: dict[str, str] = {
    State.DRAFT: "plain",
    State.REVIEW: "info",
    State.SENT_BACK: "bad",
    State.TO_CHECK: "warn",
    State.ACTIVE: "brand",
    State.UNSIGNED: "warn",
    State.STOPPED: "warn",
    State.ENDED: "plain",
    State.COMPLETED: "good",
    State.NOT_DONE: "bad",
    State.CANCELLED: "plain",
    State.VOIDED: "plain",
}
DONE: dict[str, tuple[str, str]] = {
    Done.DUE: ("info", "clock"),
    Done.GIVEN: ("good", "circle-check"),
    Done.OMITTED: ("bad", "circle-x"),
    Done.DROPPED: ("plain", "ban"),
}


@register.simple_tag
def order_state(state: Any) -> SafeString:
    """Word, shape and colour of an order's state."""
    return chip(State(state).label, TONES[str(state)])


@register.simple_tag
def done_state(row: Any) -> SafeString:
    """What became of one time."""
    if row.voided_at is not None:
        return chip(_("已作废"), "plain", "ban")
    return chip(Done(row.state).label, *DONE[str(row.state)])
