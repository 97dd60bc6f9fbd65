"""How a booking, a wait and a slot read on every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from xinglin.clinical.capacity.models import WEEKDAYS, State, WaitState
from xinglin.ui.templatetags.ui import chip

register = template.Library()

TONES: dict[str, tuple[str, str]] = {
    State.HELD: ("warn", "hourglass"),
    State.BOOKED: ("brand", "calendar"),
    State.DISPLACED: ("bad", "alert-triangle"),
    State.ARRIVED: ("good", "circle-check"),
    State.NO_SHOW: ("bad", "circle-x"),
    State.CANCELLED: ("plain", "ban"),
    State.RELEASED: ("plain", "arrow-back-up"),
    State.EXPIRED: ("plain", "clock"),
}


@register.simple_tag
def booking_state(state: Any) -> SafeString:
    """Word, shape and colour of a booking's state."""
    return chip(State(state).label, *TONES[str(state)])


@register.simple_tag
def wait_state(state: Any) -> SafeString:
    """Word, shape and colour of a place in the line."""
    return chip(WaitState(state).label, "warn" if state == WaitState.OFFERED else "info")


@register.filter
def hour(value: Any) -> str:
    """The time on the wall: 08:30."""
    return f"{timezone.localtime(value):%H:%M}" if value else ""


@register.filter
def weekday(value: Any) -> str:
    """周一 … 周日, in the reader's language."""
    return str(dict(WEEKDAYS)[value.isoweekday()])
