"""Agreement with the advice, the rows behind it, and one assessment."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import opened
from xinglin.clinical.triage import permissions, shown
from xinglin.clinical.triage import statistics as counting
from xinglin.clinical.triage.forms import AssessmentFilter, PeriodForm
from xinglin.clinical.triage.models import Assessment, Outcome
from xinglin.kernel import parameters
from xinglin.kernel.errors import Forbidden
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def statistics(request: Request) -> HttpResponse:
    """How often the advice is followed, by answer, house, rule, doctor and reason."""
    _may_count(request)
    form = PeriodForm(request.GET or None)
    since, until = form.days()
    return page(
        request,
        "triage/statistics.html",
        part="counts",
        counts=counting.count(request.actor, since, until),
        filters=PeriodForm({"since": since, "until": until}),
        period=f"since={since}&until={until}",
    )


@require_GET
def assessments(request: Request) -> HttpResponse:
    """The assessments behind a count. Names stand only where the reader may open them."""
    _may_count(request)
    actor = request.actor
    filters = AssessmentFilter(request.GET)
    rows = counting.narrowed(actor, filters.asked()).select_related("organisation")
    pager = paginate(request, rows, parameters.get("paging.page_size"))
    readable = set(
        Assessment.objects.visible_to(actor)
        .filter(pk__in=[row.pk for row in pager.items])
        .values_list("pk", flat=True)
    )
    return page(
        request,
        "triage/assessments.html",
        part="list",
        filters=filters,
        pager=pager,
        rows=[
            {
                "it": row,
                "open": row.pk in readable,
                "tone": shown.TONES[Outcome(row.outcome)],
                "where": shown.where(row.level, row.department, row.channel, ()),
            }
            for row in pager.items
        ],
    )


@require_GET
def assessment(request: Request, pk: UUID) -> HttpResponse:
    """One assessment: the advice as it stood, and what was decided."""
    actor = request.actor
    found = get_object_or_404(
        Assessment.objects.visible_to(actor).select_related("person", "organisation", "encounter"),
        pk=pk,
    )
    opened(actor, found)
    return page(
        request,
        "triage/assessment.html",
        it=found,
        tone=shown.TONES[Outcome(found.outcome)],
        lines=[shown.line(ground) for ground in found.grounds],
        where=shown.where(found.level, found.department, found.channel, found.needs),
        ask=shown.asks(found.ask),
    )


def _may_count(request: Request) -> None:
    if not request.actor.may(permissions.STATISTICS.code):
        raise Forbidden(_("当前岗位不能查看分诊统计。"))
