"""What happened to a person as the page tells it: a visit or a stay with all that is in it is one.

Built as plain words; the tag `{% story %}` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xinglin.clinical.record import catalogue, permissions, rules
from xinglin.clinical.record.lines import Line
from xinglin.clinical.record.medicines import STATEMENT
from xinglin.clinical.record.models import (
    KINDS,
    Document,
    Encounter,
    FamilyHistory,
    Observation,
)
from xinglin.kernel.access import NONE, Actor
from xinglin.registry.organisations.models import tree

ICONS = {
    "encounter": "stethoscope",
    "problem": "flag",
    "diagnosis": "clipboard-heart",
    "observation": "activity-heartbeat",
    "allergy": "alert-triangle",
    "medication": "pill",
    "procedure": "first-aid-kit",
    "immunization": "vaccine",
    "familyhistory": "users",
    "healthcover": "book",
    "document": "file-text",
}
STAY_ICON = "bed"
# In a visit, in this order.
ORDER = (
    *("diagnosis", "problem", "procedure", "vitals", "observation", "medication", "allergy"),
    *("immunization", "familyhistory", "document"),
)
HIGH = frozenset({"H", "HH"})
LOW = frozenset({"L", "LL"})
ODD = frozenset({"H", "HH", "L", "LL", "A", "POS"})
CRITICAL = frozenset({"HH", "LL"})
# More results than these are told by those that are out of range, and by how many there are.
MANY = 6


@dataclass
class Item:
    """One fact inside a line of a visit."""

    text: str
    tone: str = ""
    url: str = ""
    struck: bool = False
    why: str = ""
    void_url: str = ""


@dataclass
class Group:
    """A visit or a stay, or facts of one day that belong to none."""

    at: date | datetime
    icon: str
    tone: str
    label: str
    title: str
    house: str
    author: str
    span: str = ""
    url: str = ""
    note: str = ""
    struck: str = ""
    open: bool = False
    rows: list[tuple[str, list[Item]]] = field(default_factory=list)


def tell(
    actor: Actor,
    heads: Iterable[Line],
    members: Iterable[Line],
    *,
    linked: bool = True,
    notes: bool = True,
) -> list[Group]:
    """Visits and lone facts in their order, each with what belongs to it.

    `linked` gives addresses and the striking out of lone facts: a paper has neither. Without
    `notes` a visit tells only when and where it was, not what the complaint was.
    """
    inside: dict[Any, list[Line]] = {}
    for line in members:
        inside.setdefault(line.visit_id, []).append(line)
    groups: list[Group] = []
    lone: dict[str, list[Line]] = {}
    together: Any = None
    for head in heads:
        if head.kind == "encounter":
            together = None
            found = inside.get(head.id, [])
            # What came last was written last; inside a visit it reads in the order of writing.
            found.sort(key=lambda line: (line.at, line.id))
            visit = _visit(head, _rows(_by_kind(found), linked=linked), linked)
            visit.note = visit.note if notes else ""
            groups.append(visit)
            continue
        key = head.organisation_id, timezone.localdate(head.at)
        if key != together:
            together = key
            lone = {}
            groups.append(_day(head))
        _sort_in(lone, head)
        groups[-1].rows = _rows(lone, linked=linked, actor=actor)
    return groups


def _visit(head: Line, rows: list[tuple[str, list[Item]]], linked: bool) -> Group:
    kind = Encounter.Kind(head.title)
    stay = kind == Encounter.Kind.INPATIENT
    return Group(
        at=head.at,
        icon=STAY_ICON if stay else ICONS["encounter"],
        tone="plain" if head.voided_at else "brand",
        label=str(kind.label),
        title=head.code,
        house=tree.name(head.organisation_id),
        author=head.author,
        span=_span(head) if stay else "",
        url=address("record:encounter", head.id) if linked else "",
        note=_("；").join(filter(None, (head.detail, head.more))),
        struck=_struck(head),
        open=head.until_at is None and not head.voided_at,
        rows=rows,
    )


def address(name: str, key: UUID) -> str:
    """The address of a page about one thing: found once for all, for a page tells of dozens."""
    before, after = _parts(name)
    return f"{before}{key}{after}"


@cache
def _parts(name: str) -> tuple[str, str]:
    before, _key, after = reverse(name, args=[NONE]).partition(str(NONE))
    return before, after


def visit_kind(head: Line) -> str:
    """Outpatient, stay, emergency… of a line that is a visit."""
    return str(Encounter.Kind(head.title).label)


def _span(head: Line) -> str:
    """How long a stay was."""
    if head.until_at is None:
        return ""
    days = (timezone.localdate(head.until_at) - timezone.localdate(head.at)).days
    if not days:
        return ""
    words = {"day": timezone.localdate(head.until_at).isoformat(), "days": days}
    return _("至 %(day)s，%(days)d 天") % words


def _day(head: Line) -> Group:
    return Group(
        at=when_of(head),
        icon=ICONS[head.kind],
        tone="bad" if head.kind == "allergy" and not head.voided_at else "plain",
        label=_("档案记录"),
        title="",
        house=tree.name(head.organisation_id),
        author=head.author,
    )


def _by_kind(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        _sort_in(found, line)
    return found


def _sort_in(found: dict[str, list[Line]], line: Line) -> None:
    vital = line.kind == "observation" and line.more == Observation.Kind.VITAL
    found.setdefault("vitals" if vital else line.kind, []).append(line)


def _rows(
    found: dict[str, list[Line]], *, linked: bool, actor: Actor | None = None
) -> list[tuple[str, list[Item]]]:
    told = []
    for kind in (*ORDER, "healthcover"):
        if kind not in found:
            continue
        lines = found[kind]
        many = kind == "observation" and len(lines) > MANY
        items = _few(lines) if many else [item_of(line, linked, actor) for line in lines]
        told.append((kind_label(kind, get_language() or ""), items))
    return told


def _few(lines: list[Line]) -> list[Item]:
    """Of many results those out of range, and how many the others are."""
    odd = [line for line in lines if line.flag in ODD or line.voided_at]
    rest = len(lines) - len(odd)
    items = [item_of(line, True) for line in odd]
    if rest:
        words = _("其余 %(count)d 项未见异常") if odd else _("%(count)d 项，未见异常")
        items.append(Item(words % {"count": rest}))
    return items


@lru_cache(maxsize=200)
def kind_label(kind: str, language: str) -> str:
    """What a kind is called; `language` tells the languages apart."""
    if kind == "vitals":
        return str(Observation.Kind.VITAL.label)
    return str(KINDS[kind]._meta.verbose_name)


def item_of(line: Line, linked: bool = True, actor: Actor | None = None) -> Item:
    """A fact in words, with its sign where it is out of range, struck out or a document."""
    item = Item(said(line))
    if line.kind == "observation" and line.flag in ODD:
        item.tone = "bad"
        item.text += " " + _mark(line.flag)
    elif line.kind == "document" and linked:
        item.url = address("record:document", line.id)
    elif line.kind == "allergy" and line.mark:
        item.tone = "bad"
    if line.voided_at:
        item.struck, item.why, item.tone = True, _struck(line), ""
    elif linked and actor is not None and _may_void(actor, line):
        item.void_url = reverse("record:void", args=[line.kind, line.id])
    return item


def _may_void(actor: Actor, line: Line) -> bool:
    """What stands alone is struck out here, by its own house; what is in a visit, there."""
    return permissions.VOID.code in actor.codes and actor.at(line.organisation_id)


def _mark(flag: str) -> str:
    if flag in HIGH:
        return "↑↑" if flag in CRITICAL else "↑"
    if flag in LOW:
        return "↓↓" if flag in CRITICAL else "↓"
    return str(Observation.Interpretation(flag).label)


def _struck(line: Line) -> str:
    if line.voided_at is None:
        return ""
    words = {"who": line.voided_by, "reason": line.void_reason}
    return _("已由%(who)s作废：%(reason)s") % words


def said(line: Line) -> str:
    """What a fact says, in a few words."""
    if line.kind == "observation":
        return f"{label_of(line)} {result_of(line)}"
    if line.kind == "medication":
        words = " ".join(filter(None, (line.title, line.detail, line.more, line.unit)))
        if line.flag != STATEMENT:
            return words
        return _("%(medicine)s（核对：%(taken)s）") % {
            "medicine": words,
            "taken": _("未服用") if line.mark is False else _("在服用"),
        }
    if line.kind in ("diagnosis", "problem", "procedure"):
        code = "" if line.code in ("", "-") else line.code
        return f"{line.title} {code}".strip()
    if line.kind == "immunization" and line.number is not None:
        given = {"name": line.title, "dose": f"{line.number.normalize():f}"}
        return _("%(name)s 第%(dose)s剂") % given
    if line.kind == "allergy" and line.detail:
        return _("%(substance)s（%(reaction)s）") % {
            "substance": line.title,
            "reaction": line.detail,
        }
    if line.kind == "familyhistory":
        relative = FamilyHistory(relation=line.flag).get_relation_display()
        return _("%(relation)s：%(name)s") % {"relation": relative, "name": line.title}
    if line.kind == "document":
        return f"{line.title}（{Document.Kind(line.flag).label}）"
    return line.title


def label_of(line: Line) -> str:
    """What was measured, in the reader's language where the house knows it."""
    if line.system != "loinc" or not (get_language() or "").startswith("en"):
        return line.title
    item = catalogue.find(line.code)
    return item.label if item is not None and line.title == item.zh else line.title


def result_of(line: Line) -> str:
    """The value with its unit, or the words."""
    if line.number is None:
        return line.detail
    return f"{line.number.normalize():f} {rules.said_unit(line.unit)}".strip()


def reference_of(line: Line) -> str:
    """The range that the value was held against, "" where none is known."""
    return rules.said_range(line.low, line.high)


def when_of(line: Line) -> date | datetime:
    """The moment of a fact, or its day where no hour is known (`Fact.moment` makes it 0:00)."""
    local = timezone.localtime(line.at)
    return local if local.hour or local.minute or local.second else local.date()


def day_of(line: Line) -> date:
    return timezone.localdate(line.at)
