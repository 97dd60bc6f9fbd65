"""One result over time and over all houses: a picture with the reference band, a table under it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import open_people, opened
from xinglin.clinical.record import chart, rules, story
from xinglin.clinical.record.lines import Line, lines, rows, written
from xinglin.clinical.record.models import Observation
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import moment

PRESSURES = ("8480-6", "8462-4")
WIDE, NARROW = 760, 340
ROWS = 50
# Days back; "" is everything.
PERIODS = {"90": 90, "365": 365, "1095": 1095, "": None}


@require_GET
def trends(request: Request, pk: UUID) -> HttpResponse:
    """The trend of the result that was asked for, else of the one measured last."""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    opened(actor, who, parts="trends")
    items = _items(actor, who)
    chosen = _chosen(items, request.GET.get("item", ""))
    period = request.GET.get("period", "365")
    period = period if period in PERIODS else "365"
    context: dict[str, Any] = {"person": who, "items": items, "chosen": chosen, "period": period}
    if chosen:
        context |= _measured(request, who, chosen, PERIODS[period])
    return page(
        request,
        "record/trends.html",
        part="trend",
        periods=_tabs(chosen, period),
        printed_by=f"{actor.org_name} {actor.name}",
        **context,
    )


def _items(actor: Actor, who: Person) -> list[dict[str, Any]]:
    """What has ever been measured, the latest first; pairs are one item, by their first."""
    found = (
        Observation.objects.visible_to(actor)
        .of(who)
        .standing()
        .order_by()
        .values("system", "code")
        .annotate(times=Count("pk"), last=Max("happened_at"), name=Max("name"))
        .order_by("-last", "name")
    )
    has_first = any((each["system"], each["code"]) == ("loinc", PRESSURES[0]) for each in found)
    items = []
    for each in found:
        if has_first and (each["system"], each["code"]) == ("loinc", PRESSURES[1]):
            continue
        name = _("血压") if _pair(each["system"], each["code"]) else each["name"]
        items.append({**each, "key": f"{each['system']}|{each['code']}", "name": name})
    return items


def _pair(system: str, code: str) -> tuple[str, ...]:
    """The two pressures are drawn on one sheet."""
    return PRESSURES if (system, code) == ("loinc", PRESSURES[0]) else ()


def _chosen(items: list[dict[str, Any]], asked: str) -> dict[str, Any] | None:
    by_key = {item["key"]: item for item in items}
    if asked == f"loinc|{PRESSURES[1]}" and asked not in by_key:
        asked = f"loinc|{PRESSURES[0]}"
    return by_key.get(asked) or (items[0] if items else None)


def _tabs(chosen: dict[str, Any] | None, period: str) -> list[dict[str, Any]]:
    labels = {"90": _("近三月"), "365": _("近一年"), "1095": _("近三年"), "": _("全部")}
    key = chosen["key"] if chosen else ""
    return [
        {
            "label": label,
            "url": "?" + urlencode({"item": key, "period": code}),
            "count": None,
            "active": code == period,
        }
        for code, label in labels.items()
    ]


def _measured(
    request: Request, who: Person, chosen: dict[str, Any], days: int | None
) -> dict[str, Any]:
    codes = _pair(chosen["system"], chosen["code"]) or (chosen["code"],)
    found = (
        rows("observation", request.actor)
        .standing()
        .filter(person_id=who.pk, system=chosen["system"], code__in=codes)
    )
    if days is not None:
        found = found.filter(happened_at__gte=timezone.now() - timedelta(days=days))
    measured = sorted(lines(written("observation", found)), key=lambda line: (line.at, line.id))
    newest = measured[::-1]
    pager: Any = paginate(
        request,
        newest,  # type: ignore[arg-type]
        ROWS,
        counting=lambda limit: (len(newest), True),
    )
    return {"charts": _charts(measured), "pager": pager, "rows": [_row(x) for x in pager.items]}


def _row(line: Line) -> dict[str, Any]:
    item = story.item_of(line, linked=False)
    return {
        "line": line,
        "label": story.label_of(line),
        "value": story.result_of(line),
        "odd": item.tone == "bad",
        "mark": item.text.rpartition(" ")[2] if item.tone == "bad" else "",
        "reference": story.reference_of(line),
        "house": tree.name(line.organisation_id),
    }


def _charts(measured: list[Line]) -> list[dict[str, Any]]:
    """A picture for each unit: numbers of different units have no common scale."""
    by_unit: dict[str, list[Line]] = {}
    for line in measured:
        if line.number is not None:
            by_unit.setdefault(line.unit, []).append(line)
    drawn = []
    for unit, found in sorted(by_unit.items(), key=lambda pair: -len(pair[1])):
        series = [
            (story.label_of(of[-1]), [_value(line) for line in of])
            for code in dict.fromkeys(line.code for line in found)
            if (of := [line for line in found if line.code == code])
        ]
        # Two curves have two ranges: a band would be of neither.
        ranged = [x for x in found if len(series) == 1 and (x.low, x.high) != (None, None)]
        latest = ranged[-1] if ranged else None
        low, high = (latest.low, latest.high) if latest else (None, None)
        drawn.append(
            {
                "unit": rules.said_unit(unit),
                "reference": story.reference_of(latest) if latest else "",
                "count": len(found),
                "sheets": [
                    ("wide", chart.draw(series, low, high, width=WIDE)),
                    ("narrow", chart.draw(series, low, high, width=NARROW, height=220)),
                ],
            }
        )
    return drawn


def _value(line: Line) -> chart.Value:
    assert line.number is not None
    words = f"{moment(line.at)} {story.result_of(line)} {tree.name(line.organisation_id)}"
    return chart.Value(line.at, line.number, line.flag in story.ODD, words)
