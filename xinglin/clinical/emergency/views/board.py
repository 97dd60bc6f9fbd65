"""The board of running cases, which lies open all day, and the list of all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.emergency import delays, permissions, rules
from xinglin.clinical.emergency.forms import FilterForm
from xinglin.clinical.emergency.models import GreenCase, GreenCaseQuerySet
from xinglin.clinical.emergency.views.seen import etag, unchanged
from xinglin.clinical.privacy.models import listed
from xinglin.kernel import parameters
from xinglin.registry.organisations.models import tree
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

# What ended less than this ago still stands on the board, so that nobody wonders where it went.
LATELY = timedelta(minutes=30)


@require_GET
def board(request: Request) -> HttpResponse:
    """Running cases of both sides, the most urgent first."""
    context = _board(request)
    return page(
        request,
        "emergency/board.html",
        tag=_tag(request),
        every=parameters.get("emergency.live_seconds"),
        may_open=request.actor.may(permissions.OPEN.code),
        may_report=request.actor.may(permissions.REPORT.code),
        **context,
    )


@require_GET
def board_live(request: Request) -> HttpResponse:
    """The board alone, or 304 while nothing has changed: two short columns are all that is read."""
    tag = _tag(request)
    if unchanged(request, tag):
        return HttpResponse(status=304, headers={"ETag": tag})
    answer = render(request, "emergency/board.html#live", _board(request))
    answer.headers["ETag"] = tag
    return answer


def _rows(request: Request) -> GreenCaseQuerySet:
    recent = Q(owner__isnull=False) | Q(ended_at__gte=timezone.now() - LATELY)
    return GreenCase.objects.visible_to(request.actor).filter(recent)


def _tag(request: Request) -> str:
    known = _rows(request).order_by("pk").values_list("pk", "version")
    return etag(request, list(known))


def _board(request: Request) -> dict[str, Any]:
    now = timezone.now()
    found = sorted(_rows(request).for_pages(), key=_urgency)
    listed(request.actor, permissions.READ.code, found)
    cards = [_card(request, case, now) for case in found]
    return {
        "running": [card for card in cards if card["case"].is_running],
        "ended": [card for card in cards if not card["case"].is_running],
        "now": now,
    }


def _card(request: Request, case: GreenCase, now: datetime) -> dict[str, Any]:
    lines = rules.lines(case.of_kind, case.times, now=now, over=not case.is_running)
    return {
        "case": case,
        "contact": case.times.get("contact"),
        "late": [line for line in lines if line.pace is rules.Pace.LATE],
        "mine": request.actor.at(case.owner_id),
        "coming": request.actor.at(case.to_org_id) and case.arrived_at is None,
    }


def _urgency(case: GreenCase) -> Any:
    """What waits longest past its time first; what has ended last."""
    return (case.due_at is None, case.due_at or case.ended_at, case.pk)


@require_GET
def listing(request: Request) -> HttpResponse:
    """All cases, newest first; the report leads here with what it counted."""
    form = FilterForm(request.GET)
    found = GreenCase.objects.visible_to(request.actor).newest_first()
    asked = form.cleaned_data if form.is_valid() else {}
    if form.errors:
        # What makes no sense finds nothing, rather than everything.
        found = found.none()
    for name in ("kind", "state"):
        if asked.get(name):
            found = found.filter(**{name: asked[name]})
    if asked.get("house"):
        found = found.filter(Q(from_org_id=asked["house"]) | Q(to_org_id=asked["house"]))
    if asked.get("since") and asked.get("until"):
        found = delays.between(found, asked["since"], asked["until"])
    elif asked.get("since"):
        found = delays.between(found, asked["since"], timezone.localdate())
    if asked.get("missed"):
        step, start = asked["step"], asked["start"]
        late = [case.pk for case in found.for_counts() if delays.missed(case, step, start)]
        found = found.filter(pk__in=late)
    pager = paginate(request, found.for_pages(), parameters.get("paging.page_size"))
    listed(request.actor, permissions.READ.code, pager.items)
    return page(
        request,
        "emergency/list.html",
        part="list",
        pager=pager,
        filters=form,
        only=_("超时病例") if asked.get("missed") else "",
        house=tree.name(asked["house"]) if asked.get("house") else "",
    )
