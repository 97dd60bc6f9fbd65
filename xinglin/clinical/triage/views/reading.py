"""The rules as people read them, and a form to try them out."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.record.rules import said_unit
from xinglin.clinical.triage import catalogue, permissions, shown
from xinglin.clinical.triage.catalogue import Rule
from xinglin.clinical.triage.forms import RulesFilter, TryForm
from xinglin.clinical.triage.intake import house_of
from xinglin.clinical.triage.models import Outcome
from xinglin.clinical.triage.rules.advising import House, advise
from xinglin.clinical.triage.rules.case import Case
from xinglin.clinical.triage.rules.words import duration, recognise
from xinglin.kernel.catalogue import source_of
from xinglin.kernel.errors import Forbidden
from xinglin.registry.organisations.catalogue import abilities_of_level, ability_label
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

ABOVE = {"village": "township", "township": "county"}


@require_GET
def rules(request: Request) -> HttpResponse:
    """All rules in force, by group, each with its condition, answer and source."""
    _allowed(request)
    filters = RulesFilter(request.GET)
    filters.is_valid()
    words = filters.cleaned_data.get("q", "").strip().casefold()
    group = filters.cleaned_data.get("group", "")
    found: dict[str, list[dict[str, Any]]] = {}
    count = 0
    for rule in catalogue.rules():
        line = told(rule)
        if (group and rule.group.code != group) or (words and words not in line["all"]):
            continue
        found.setdefault(rule.group.code, []).append(line)
        count += 1
    return page(
        request,
        "triage/rules.html",
        part="list",
        filters=filters,
        groups=[
            (each, found[each.code]) for each in catalogue.groups().values() if each.code in found
        ],
        count=count,
        edition=catalogue.edition(),
        source=source_of(catalogue.RULES),
    )


def told(rule: Rule) -> dict[str, Any]:
    """A rule in words, with everything by which it may be searched."""
    answer = str(Outcome(rule.answer).label) if rule.answer in Outcome.values else _("提示测量")
    tone, icon = (
        shown.TONES[Outcome(rule.answer)]
        if rule.answer in Outcome.values
        else ("info", "activity-heartbeat")
    )
    line = {
        "code": rule.code,
        "text": rule.label,
        "icd": " ".join(
            first if first == last else f"{first}–{last}" for first, last in rule.spans
        ),
        "when": [condition(clause) for clause in rule.when],
        "at": _("、").join(str(Level(level).label) for level in rule.at),
        "answer": answer,
        "tone": tone,
        "icon": icon,
        "where": shown.where(rule.to, rule.department, rule.channel, rule.needs),
        "without": _("、").join(ability_label(code) for code in sorted(rule.without)),
        "article": rule.article,
        "source": rule.source,
        "confidence": rule.confidence,
    }
    line["all"] = " ".join(map(str, line.values())).casefold()
    return line


def condition(clause: Any) -> str:
    """A clause in words: 收缩压 ≥ 180 mmHg 或 胸痛."""
    parts = []
    for atom in clause:
        label = catalogue.label_of(atom.fact)
        if atom.test is None:
            parts.append(_("没有%(sign)s") % {"sign": label} if atom.absent else label)
        else:
            unit = said_unit(catalogue.numbers()[atom.fact].unit)
            parts.append(f"{label} {SIGNS[atom.test.__name__]} {atom.threshold:g} {unit}".strip())
    return _(" 或 ").join(parts)


SIGNS = {"ge": "≥", "le": "≤", "gt": ">", "lt": "<", "eq": "="}


@require_http_methods(["GET", "POST"])
def try_out(request: Request) -> HttpResponse:
    """What the rules would say of a made-up case; nothing is kept."""
    _allowed(request)
    houses = Organisation.objects.visible_to(request.actor).giving_care()
    form = TryForm(houses, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"advice": None}
    if form.is_bound and form.is_valid():
        house = form.cleaned_data["house"]
        asked = house_of(house.pk) if house else usual(form.cleaned_data["level"])
        context["advice"] = shown.advice(advise(_case(form), asked))
    return page(
        request,
        "triage/try.html",
        part="answer",
        status=422 if form.errors else 200,
        form=form,
        edition=catalogue.edition(),
        **context,
    )


def usual(level: str) -> House:
    """A house of a level that has what such houses have, with the like above it."""
    above = ABOVE.get(level)
    return House(level, abilities_of_level(level), above=usual(above) if above else None)


def _case(form: TryForm) -> Case:
    told = form.cleaned_data
    numbers: dict[str, Any] = form.numbers(form.codes())
    complaint = told["complaint"]
    hours = duration(complaint)
    if hours is not None:
        numbers.setdefault("duration_hours", hours)
        numbers.setdefault("duration_days", hours / 24)
    return Case(
        diagnoses=(told["code"],) if told["code"] else (),
        numbers=numbers,
        signs=recognise(complaint) | frozenset(told["sign"]),
        sex=told["sex"],
    )


def _allowed(request: Request) -> None:
    """Whoever uses the advice or counts it may read by which rules it is given."""
    actor = request.actor
    if not (actor.may(permissions.READ.code) or actor.may(permissions.STATISTICS.code)):
        raise Forbidden(_("当前岗位不能查看分诊规则。"))
