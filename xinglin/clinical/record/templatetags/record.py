"""Lines of the record as pages write them. Plain Python: a page has hundreds of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from xinglin.clinical.record import story as telling
from xinglin.clinical.record.lines import Line
from xinglin.clinical.record.medicines import Medicine, dose
from xinglin.clinical.record.portrait import Sign
from xinglin.clinical.record.story import Group, Item
from xinglin.registry.organisations.models import tree
from xinglin.ui.templatetags.ui import chip, icon, moment, when

register = template.Library()
TONES = frozenset({"brand", "good", "warn", "bad", "plain"})


@register.simple_tag
def visits(groups: Iterable[Group], paper: bool = False) -> SafeString:
    """The past: one entry for each visit or day; on paper with whole dates and no links."""
    time = moment if paper else when
    return mark_safe("".join(_entry(group, time) for group in groups))


def _entry(group: Group, time: Any) -> str:
    escape = conditional_escape
    title: str = escape(group.title)
    if group.url and not group.struck:
        title = f'<a href="{escape(group.url)}">{title or escape(group.label)}</a>'
        label = f'<span class="muted">{escape(group.label)}</span> ' if group.title else ""
    else:
        label = f'<span class="muted">{escape(group.label)}</span> '
    if group.struck:
        title = f"<s>{title or escape(group.label)}</s>"
    parts = [f'<p class="tl-what">{label}{title}']
    if group.open:
        parts.append(f" {chip(_('未结束'), 'brand')}")
    if group.span:
        parts.append(f' <small class="muted">{escape(group.span)}</small>')
    parts.append(f'<time datetime="{group.at.isoformat()}">{escape(time(group.at))}</time></p>')
    if group.struck:
        parts.append(f'<p class="tl-note">{escape(group.struck)}</p>')
    if group.note:
        parts.append(f'<p class="tl-note">{escape(group.note)}</p>')
    if group.rows:
        parts.append('<dl class="tl-facts">')
        for name, items in group.rows:
            parts.append(f"<div><dt>{escape(name)}</dt><dd>{_items(items)}</dd></div>")
        parts.append("</dl>")
    by = escape(group.house) + (f" · {escape(group.author)}" if group.author else "")
    parts.append(f'<p class="tl-who">{by}</p>')
    tone = group.tone if group.tone in TONES else "plain"
    return (
        f'<li class="tl tl-{tone}"><span class="tl-dot">{icon(group.icon)}</span>'
        f"<div>{''.join(parts)}</div></li>"
    )


def _items(items: Iterable[Item]) -> str:
    return _("；").join(map(_item, items))


def _item(item: Item) -> str:
    text: str = conditional_escape(item.text)
    if item.url and not item.struck:
        text = f'<a href="{conditional_escape(item.url)}" target="_blank" rel="noopener">{text}</a>'
    if item.struck:
        return f'<s>{text}</s> <small class="muted">{conditional_escape(item.why)}</small>'
    if item.tone == "bad":
        text = f'<strong class="tone-bad">{text}</strong>'
    if item.void_url:
        label = conditional_escape(_("作废 %(fact)s") % {"fact": item.text})
        text += (
            f' <a class="no-print" href="{conditional_escape(item.void_url)}"'
            f' aria-label="{label}">{_("作废")}</a>'
        )
    return text


@register.simple_tag
def sign(found: Sign) -> SafeString:
    """A sign of the head: word, shape and colour; what it is made of beside it."""
    shown = chip(found.word, found.tone, found.icon)
    if found.url:
        shown = format_html('<a href="{}">{}</a>', found.url, shown)
    if found.note:
        return format_html('<span title="{}">{}</span>', found.note, shown)
    return shown


@register.simple_tag
def doubts(medicine: Medicine) -> SafeString:
    """What is to be looked at in a medicine, each as a word with shape and colour."""
    found = []
    if medicine.taken is False:
        found.append(chip(_("未服用"), "plain", "x"))
    elif medicine.taken:
        found.append(chip(_("在服用"), "good", "check"))
    if medicine.conflicting:
        found.append(chip(_("剂量不一致"), "bad", "alert-triangle"))
    elif medicine.repeated:
        found.append(chip(_("重复开立"), "warn", "alert-circle"))
    if medicine.shares:
        words = {"names": _("、").join(medicine.shares)}
        found.append(chip(_("与%(names)s成分重复") % words, "bad", "alert-triangle"))
    if medicine.resembles:
        words = {"names": _("、").join(medicine.resembles)}
        found.append(chip(_("与%(names)s同类") % words, "warn", "alert-circle"))
    return mark_safe(" ".join(found))


@register.simple_tag
def ordered(line: Line) -> SafeString:
    """Who ordered how much, where, since when and until when."""
    parts = [tree.name(line.organisation_id), line.author]
    since = telling.day_of(line).isoformat()
    if line.until_on:
        words = {"since": since, "until": line.until_on.isoformat()}
        parts.append(_("%(since)s 至 %(until)s") % words)
    else:
        parts.append(_("%(since)s 起") % {"since": since})
    said = dose(line)
    return format_html("{}{}", f"{said} · " if said else "", " · ".join(filter(None, parts)))


@register.filter
def house(organisation_id: Any) -> str:
    """The name of a house, from the tree."""
    return tree.name(organisation_id)


@register.simple_tag
def results(group: list[Line]) -> SafeString:
    """The latest values of one thing or of a pair: number, unit, arrow where out of range."""
    first = group[0]
    if len(group) == 2 and all(line.number is not None for line in group):
        numbers = "/".join(f"{line.number.normalize():f}" for line in group if line.number)
        value = f"{numbers} {first.unit}"
    else:
        value = telling.result_of(first)
    odd = next((line for line in group if line.flag in telling.ODD), None)
    shown = format_html("{}", value)
    if odd is not None:
        arrow = telling.item_of(odd, linked=False).text.rpartition(" ")[2]
        shown = format_html('<strong class="tone-bad">{} {}</strong>', value, arrow)
    return format_html('{} <small class="muted">{}</small>', shown, when(first.at))


@register.filter
def measured(group: list[Line]) -> str:
    """What a value or a pair is of."""
    if len(group) == 2 and group[0].code == "8480-6":
        return _("血压")
    return telling.label_of(group[0])


@register.filter
def day(line: Line) -> str:
    """The day of a fact, as lists write it."""
    return when(telling.day_of(line))


@register.filter
def said(line: Line) -> str:
    return telling.said(line)


@register.filter
def kind_of(visit: Line) -> str:
    """Outpatient, stay, emergency… of a line that is a visit."""
    return telling.visit_kind(visit)


@register.filter
def add_up(number: float, more: int) -> float:
    """Django's own `add` makes whole numbers of broken ones."""
    return round(number + more, 1)
