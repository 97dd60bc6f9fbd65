"""Signs, times and numbers as the house writes them. Plain Python, cheap enough for every cell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.template import Context
from django.template.base import Parser, Token
from django.template.loader import render_to_string
from django.templatetags.i18n import TranslateNode, do_translate
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from xinglin.ui.paging import Pager

register = template.Library()

NOTHING = "—"
TONES = frozenset({"brand", "good", "warn", "bad", "info", "plain", "accent"})
WARN_AT = 0.75  # share of its time after which a clock turns orange

Number = int | float | Decimal


class Words(template.Node):
    """Constant words of `{% translate %}`, looked up once for a language and not for every cell.

    Django resolves, translates, localises and escapes them anew each time: a fifth of the cost
    of a page full of labels.
    """

    def __init__(self, node: TranslateNode) -> None:
        self.name, node.asvar = node.asvar, None
        self.node = node
        self.said: dict[str, str] = {}

    def render(self, context: Context) -> str:
        language = get_language() or ""
        if language not in self.said:
            self.said[language] = self.node.render(context)
        words = self.said[language]
        if self.name is None:
            return words
        context[self.name] = words
        return ""


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    """Django's own tag, cheaper where its words are constant."""
    node = do_translate(parser, token)
    told = node.filter_expression
    constant = told.var.literal is not None and not told.filters and not node.message_context
    return Words(node) if constant else node


@register.simple_tag
def still(name: str) -> SafeString:
    """A component without context: made once for a language, and the same on every page."""
    return _still(name, get_language())


@lru_cache(maxsize=100)
def _still(name: str, language: str | None) -> SafeString:
    """`language` is there to tell them apart."""
    return mark_safe(render_to_string(name))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; silent to screen readers unless given a label."""
    if not label:
        return _silent_icon(name)
    return format_html(
        '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, _icon(name)
    )


# A page of twenty rows draws a hundred icons; there are about as many in all.
@lru_cache(maxsize=1000)
def _silent_icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', _icon(name))


def _icon(name: str) -> str:
    return f"{static('ui/built/icons.svg')}#{name}"


CHIP_ICONS = {
    "brand": "circle-dot",
    "good": "circle-check",
    "warn": "hourglass",
    "bad": "alert-triangle",
    "info": "progress",
    "plain": "circle-dashed",
    "accent": "star",
}


@register.simple_tag(name="chip")
def chip(label: Any, tone: str = "plain", icon_name: str = "") -> SafeString:
    """A status: word, shape and colour. Tones: brand good warn bad info plain accent."""
    tone = tone if tone in TONES else "plain"
    return format_html(
        '<span class="chip chip-{}">{}{}</span>', tone, icon(icon_name or CHIP_ICONS[tone]), label
    )


URGENCY_ICONS = {"emergency": "urgent", "urgent": "stopwatch", "routine": "circle"}


@register.simple_tag
def urgency(code: Any) -> SafeString:
    """急, 限时 or 常规 for `emergency`, `urgent` and anything else."""
    tone = str(code) if str(code) in URGENCY_ICONS else "routine"
    return _urgency(tone, get_language())


@lru_cache(maxsize=100)
def _urgency(tone: str, language: str | None) -> SafeString:
    """The same three signs stand in every row; `language` is there to tell them apart."""
    word = {
        "emergency": pgettext("urgency", "急"),
        "urgent": pgettext("urgency", "限时"),
        "routine": pgettext("urgency", "常规"),
    }[tone]
    return format_html(
        '<span class="urgency urgency-{}">{}{}</span>', tone, icon(URGENCY_ICONS[tone]), word
    )


CLOCK_ICONS = {"calm": "clock", "soon": "hourglass", "late": "alert-triangle", "done": "check"}


@register.simple_tag
def clock(
    due_at: datetime | None,
    started_at: datetime | None = None,
    stopped_at: datetime | None = None,
    now: datetime | None = None,
) -> SafeString:
    """Time left until `due_at`, or how long it is overdue; ticks in the browser.

    Orange once 75 % of the time from `started_at` is gone, red when overdue. With `stopped_at`
    it stands still and says whether the deadline was met.
    """
    if not due_at:
        return or_dash("", _("无时限"))
    at = stopped_at or now or timezone.now()
    tone = _clock_tone(due_at, started_at, at)
    if stopped_at:
        late = at > due_at
        tone = "late" if late else "done"
        words = _("超时 %(time)s") % {"time": lasting(at - due_at)} if late else _("按时")
    elif tone == "late":
        words = _("超时 %(time)s") % {"time": lasting(at - due_at)}
    else:
        words = _("剩 %(time)s") % {"time": lasting(due_at - at)}
    ticking = (
        ""
        if stopped_at
        else f' data-due="{_epoch(due_at)}" data-start="{_epoch(started_at or due_at)}"'
    )
    return format_html(
        '<time class="clock clock-{}" datetime="{}" title="{}"{}>{}<span>{}</span></time>',
        tone,
        due_at.isoformat(),
        _("时限 %(moment)s") % {"moment": moment(due_at)},
        mark_safe(ticking),  # two numbers
        icon(CLOCK_ICONS[tone]),
        words,
    )


def _clock_tone(due_at: datetime, started_at: datetime | None, at: datetime) -> str:
    if at > due_at:
        return "late"
    if not started_at or started_at >= due_at:
        return "calm"
    return "soon" if at - started_at >= WARN_AT * (due_at - started_at) else "calm"


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def lasting(span: timedelta) -> str:
    """A span in words, the two largest units: 2 天 4 小时, 3 小时 20 分, 25 分钟."""
    minutes = max(0, int(span.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        if not hours:
            return _("%(d)d 天") % {"d": days}
        return _("%(d)d 天 %(h)d 小时") % {"d": days, "h": hours}
    if hours:
        if not left:
            return _("%(h)d 小时") % {"h": hours}
        return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": left}
    return _("%(m)d 分钟") % {"m": left}


@register.filter
def when(value: date | datetime | None) -> str:
    """A time as people say it in lists: 今天 14:05, 昨天 09:30, 2026-03-02 14:05."""
    if value is None:
        return NOTHING
    day, hour = _local(value)
    words = {0: _("今天"), -1: _("昨天"), 1: _("明天")}
    word = words.get((day - timezone.localdate()).days, day.isoformat())
    return f"{word} {hour}".rstrip()


@register.filter
def moment(value: date | datetime | None) -> str:
    """A time as tables write it: 2026-03-02 14:05."""
    if value is None:
        return NOTHING
    day, hour = _local(value)
    return f"{day.isoformat()} {hour}".rstrip()


def _local(value: date | datetime) -> tuple[date, str]:
    if not isinstance(value, datetime):
        return value, ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return local.date(), f"{local:%H:%M}"


@register.filter
def big(value: Number | None) -> str:
    """A count for cards: 9,876, then 12.3 万 and 1.2 亿; thousands only in other languages."""
    if value is None:
        return NOTHING
    chinese = (get_language() or "zh").startswith("zh")
    for size, unit in ((100_000_000, _("亿")), (10_000, _("万"))):
        if chinese and abs(float(value)) >= size:
            return f"{float(value) / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{value:,}"


@register.filter
def rate(numerator: Number | None, denominator: Number | None) -> SafeString:
    """A percentage that keeps its fraction: on hover, in print and for screen readers."""
    if numerator is None or not denominator:
        return or_dash("", _("分母为 0") if numerator is not None else _("未填报"))
    fraction = f"{numerator:,}/{denominator:,}"
    share = f"{100 * float(numerator) / float(denominator):.1f}%"
    return format_html(
        '<span class="rate" title="{0}">{1}<span class="rate-of"> ({0})</span></span>',
        fraction,
        share,
    )


@register.filter
def or_dash(value: Any, reason: str = "") -> SafeString:
    """The value, or "—" with the reason why there is none."""
    if value is not None and value != "":
        return format_html("{}", value)
    reason = reason or _("未填")
    return format_html(
        '<span class="dash" title="{0}"><span aria-hidden="true">{1}</span>'
        '<span class="visually-hidden">{0}</span></span>',
        reason,
        NOTHING,
    )


@register.simple_tag
def pager_total(pager: Pager[Any]) -> SafeString:
    """How many rows there are; a total that stopped counting fetches the rest by itself."""
    fetching = (
        mark_safe("")
        if pager.exact
        else format_html(
            ' hx-get="?{}" hx-trigger="load" hx-swap="innerHTML" hx-target="this"'
            ' hx-push-url="false"',
            pager.total_query,
        )
    )
    number = format_html("<strong{}>{}</strong>", fetching, pager.count_text)
    return format_html(_("共 {number} 条"), number=number)


@register.simple_tag
def attributes(given: dict[str, Any]) -> SafeString:
    """The attributes of a widget, as Django writes them."""
    return flatatt(given)


@register.simple_tag
def select_options(groups: Iterable[tuple[Any, list[dict[str, Any]], int]]) -> SafeString:
    """The options of a select, in their groups."""
    told = []
    for group, options, _place in groups:
        lines = "".join(map(_option, options))
        if group:
            lines = f'<optgroup label="{conditional_escape(group)}">{lines}</optgroup>'
        told.append(lines)
    return mark_safe("".join(told))


def _option(option: dict[str, Any]) -> str:
    value, label = conditional_escape(option["value"]), conditional_escape(option["label"])
    more = flatatt(option["attrs"]) if option["attrs"] else ""
    return f'<option value="{value}"{more}>{label}</option>'


@register.simple_tag
def page_query(pager: Pager[Any], number: int) -> str:
    """The address of another page of the same filtered list."""
    return f"?{pager.query_for(number)}"
