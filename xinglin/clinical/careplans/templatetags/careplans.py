"""How plans, items and tasks read on every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.models import (
    Performer,
    PlanItem,
    Progress,
    Standing,
    State,
    Timing,
)
from xinglin.clinical.careplans.rules import limits_of
from xinglin.clinical.record import catalogue as measured
from xinglin.clinical.record.rules import said_unit
from xinglin.ui.templatetags.ui import chip, or_dash

register = template.Library()

TONES: dict[str, str] = {
    State.PROPOSED: "plain",
    State.OFFERED: "warn",
    State.OBJECTED: "warn",
    State.ACCEPTED: "info",
    State.ACTIVE: "brand",
    State.EVALUATING: "warn",
    State.COMPLETED: "good",
    State.ENDED: "plain",
}
OF_TASK: dict[str, tuple[str, str]] = {
    Progress.PLANNED: ("plain", "calendar"),
    Progress.DUE: ("info", "clock"),
    Progress.DONE: ("good", "circle-check"),
    Progress.SKIPPED: ("warn", "ban"),
    Progress.MISSED: ("bad", "circle-x"),
    Progress.DROPPED: ("plain", "x"),
}
OF_ITEM: dict[str, str] = {
    Standing.PROPOSED: "info",
    Standing.ACCEPTED: "good",
    Standing.OBJECTED: "warn",
    Standing.DROPPED: "plain",
}


@register.simple_tag
def plan_state(state: Any) -> SafeString:
    """Word, shape and colour of a plan's state."""
    return chip(State(state).label, TONES[str(state)])


@register.simple_tag
def task_state(task: Any) -> SafeString:
    """What became of a task; one whose day has come is due, also when its letter stands for it."""
    state = Progress(task.state)
    if state is Progress.PLANNED and task.due_on <= timezone.localdate():
        state = Progress.DUE
    return chip(state.label, *OF_TASK[state])


@register.simple_tag
def item_standing(standing: Any) -> SafeString:
    """What the receiving house says of an item."""
    return chip(Standing(standing).label, OF_ITEM[str(standing)])


@register.filter
def schedule(item: Any) -> str:
    """When an item is done, in one line: every 7 days, 03-02 to 06-01, up to 3 days later."""
    timing = Timing(item.timing)
    first, last = f"{item.starts_on:%Y-%m-%d}", f"{item.ends_on:%Y-%m-%d}" if item.ends_on else ""
    span = _("%(first)s 至 %(last)s") % {"first": first, "last": last} if last else first
    told = [span]
    if timing is Timing.EVERY:
        told = [_("每 %(days)s 天一次") % {"days": item.every_days}, span]
    elif timing is Timing.WEEKLY:
        days = "、".join(str(WEEKDAYS_ABBR[day - 1]) for day in item.weekdays)
        told = [_("每周 %(days)s") % {"days": days}, span]
    elif timing is Timing.DATES:
        told = ["、".join(str(day) for day in item.dates)]
    elif timing is Timing.ALWAYS:
        told = [_("持续，至 %(last)s") % {"last": last} if last else str(_("持续"))]
    if item.window_days:
        told.append(_("可顺延 %(days)s 天") % {"days": item.window_days})
    return _("，").join(told)


@register.filter
def limits(item: Any) -> str:
    """At which values the patient is sent back."""
    told = []
    for limit in limits_of(item.limits):
        found = measured.find(limit.code)
        words = {"item": found.label if found else limit.code}
        unit = said_unit(found.unit) if found else ""
        if limit.high is not None:
            told.append(f"{words['item']} ≥ {limit.high.normalize():f} {unit}".strip())
        if limit.low is not None:
            told.append(f"{words['item']} ≤ {limit.low.normalize():f} {unit}".strip())
    return _("；").join(told)


@register.filter
def symptoms(codes: Any) -> str:
    """Coded symptoms in words."""
    return _("、").join(catalogue.reasons.label("symptom", code) for code in codes)


@register.simple_tag
def plan_reason(question: str, code: str) -> SafeString:
    """The words of a coded reason, a dash without one."""
    return or_dash(catalogue.reasons.label(question, code) if code else "")


@register.filter
def point(code: str, template_code: str) -> str:
    """The words of a criterion for going down."""
    points = catalogue.criteria_of(template_code)
    return next((each.label for each in points if each.code == code), code)


@register.filter
def item_label(name: str) -> str:
    """The words for a field of an item."""
    return PlanItem.label_of(name)


@register.filter
def item_value(value: Any, name: str) -> str:
    """A value of a field of an item, in words."""
    return str(Performer(value).label) if name == "performer" else str(value)
