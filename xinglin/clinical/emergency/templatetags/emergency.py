"""How a case and its clock read on every page: word, shape and colour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from xinglin.clinical.emergency import rules
from xinglin.clinical.emergency.models import State
from xinglin.clinical.emergency.portrait import TONES
from xinglin.clinical.record.rules import said_unit
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.templatetags.ui import chip, icon, or_dash

register = template.Library()

SHAPES = {
    rules.Pace.RUNNING: "clock",
    rules.Pace.NEAR: "hourglass",
    rules.Pace.LATE: "alert-triangle",
    rules.Pace.MET: "circle-check",
    rules.Pace.MISSED: "alert-triangle",
    rules.Pace.FREE: "circle",
}


@register.simple_tag
def green_state(state: Any) -> SafeString:
    """Word, shape and colour of a state."""
    return chip(State(state).label, TONES[str(state)])


@register.simple_tag
def code_label(system: str, code: str) -> SafeString:
    """The words of a code of a value set, a dash without one."""
    found = terminology.find(system, code) if code else None
    return or_dash(found.label if found else code)


@register.filter
def unit_words(unit: str) -> str:
    """A unit as people on a ward write it."""
    return said_unit(unit)


@register.filter
def span(value: timedelta | None) -> str:
    """A short span to the second: 3:07, 1:12:40; "" of none."""
    if value is None:
        return ""
    seconds = max(0, int(value.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


@register.filter
def minutes(value: timedelta | None) -> str:
    """A span in minutes, with one decimal where it is not whole."""
    if value is None:
        return ""
    return f"{value.total_seconds() / 60:.1f}".removesuffix(".0")


@register.filter
def epoch(value: datetime | None) -> str:
    """Seconds since 1970, as the page's clock counts."""
    return "" if value is None else str(int(value.timestamp()))


@register.filter
def hour(value: datetime | None) -> str:
    """14:05:09 of today, with the date on other days; "" of none."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    same = local.date() == timezone.localdate()
    return local.strftime("%H:%M:%S" if same else "%m-%d %H:%M")


@register.simple_tag
def limit_clock(measure: rules.Measure, now: datetime) -> SafeString:
    """One limit: how long is left, how long over, or whether it was met. Ticks in the browser."""
    whole = minutes(measure.limit.span)
    if measure.took is not None:
        word = _("达标") if measure.pace is rules.Pace.MET else _("超时")
        return format_html(
            '<span class="limit limit-{}">{}{} {} / {}</span>',
            measure.pace.value,
            icon(SHAPES[measure.pace]),
            word,
            span(measure.took),
            _("限 %(minutes)s 分") % {"minutes": whole},
        )
    if measure.due_at is None or measure.since is None:
        return format_html(
            '<span class="limit limit-free">{}</span>', _("限 %(minutes)s 分") % {"minutes": whole}
        )
    late = measure.pace is rules.Pace.LATE
    words = _("超时 %(time)s") if late else _("剩 %(time)s")
    return format_html(
        '<span class="limit limit-{}" data-limit data-since="{}" data-due="{}">{}'
        "<span data-tick>{}</span> / {}</span>",
        measure.pace.value,
        epoch(measure.since),
        epoch(measure.due_at),
        icon(SHAPES[measure.pace]),
        words % {"time": span(abs(measure.due_at - now))},
        _("限 %(minutes)s 分") % {"minutes": whole},
    )


@register.simple_tag
def due_clock(due_at: datetime | None, since: datetime | None, now: datetime) -> SafeString:
    """The next deadline of a case, to the second."""
    if due_at is None:
        return format_html("")
    begun = since or due_at
    share = (now - begun) / (due_at - begun) if due_at > begun else 0
    pace = (
        rules.Pace.LATE
        if now > due_at
        else rules.Pace.NEAR
        if share >= rules.NEAR
        else rules.Pace.RUNNING
    )
    words = _("超时 %(time)s") if now > due_at else _("剩 %(time)s")
    return format_html(
        '<span class="limit limit-{}" data-limit data-since="{}" data-due="{}">{}'
        "<span data-tick>{}</span></span>",
        pace.value,
        epoch(since or due_at),
        epoch(due_at),
        icon(SHAPES[pace]),
        words % {"time": span(abs(due_at - now))},
    )


@register.simple_tag
def running_since(at: datetime | None, now: datetime) -> SafeString:
    """How long since a moment, ticking upwards."""
    if at is None:
        return or_dash("", _("未登记"))
    return format_html('<span data-up="{}">{}</span>', epoch(at), span(now - at))
