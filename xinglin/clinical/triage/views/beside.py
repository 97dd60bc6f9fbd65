"""The advice beside a visit, and what the doctor decides about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from xinglin.clinical.privacy.models import opened
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import actions, catalogue, onward, permissions, shown
from xinglin.clinical.triage.forms import OverruleForm
from xinglin.clinical.triage.intake import Told, assess, case_of, house_of, told_of
from xinglin.clinical.triage.models import Assessment
from xinglin.clinical.triage.rules.advising import Advice, advise
from xinglin.clinical.triage.rules.case import Case
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.kernel.prepared import Cabinet
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

# Who has lately been shown the panel of which visit: typing on is no new reading.
_lately: Cabinet[bool] = Cabinet(lasts=600.0, most=100_000)


@require_POST
def panel(request: Request, pk: UUID) -> HttpResponse:
    """What triage says of the visit as it stands, with what is being typed."""
    actor = request.actor
    seen = _visit(actor, pk)
    _trace(actor, seen)
    return _show(request, seen, told=_told(request), part=True)


@require_GET
def visit(request: Request, pk: UUID) -> HttpResponse:
    """The advice on a page of its own, to answer it."""
    actor = request.actor
    seen = _visit(actor, pk)
    opened(actor, seen)
    return _show(request, seen, told=Told())


@require_POST
def decide(request: Request, pk: UUID) -> HttpResponse:
    """Follow the advice, or decide otherwise with one reason."""
    actor = request.actor
    seen = _visit(actor, pk)
    told = _told(request)
    case, found = _advice(actor, seen, told)
    assessment = assess(seen, case, found)
    if "follow" in request.POST:
        actions.follow(assessment, by=actor)
        messages.success(request, _("已采纳分诊建议：%(answer)s。") % {"answer": assessment})
        return redirect(onward.next_page(assessment))
    form = OverruleForm(assessment.outcome, request.POST)
    if form.is_valid():
        try:
            actions.overrule(assessment, by=actor, **form.cleaned_data)
        except Refused as refusal:
            refusal.put_on(form)
        else:
            messages.success(
                request, _("已登记另有决定：%(reason)s。") % {"reason": assessment.reason_label}
            )
            return redirect(onward.next_page(assessment))
    opened(actor, seen)
    return _show(request, seen, told=told, form=form, status=422)


def _visit(actor: Actor, pk: UUID) -> Encounter:
    found: Encounter = get_object_or_404(
        Encounter.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    permissions.ADVISE.check(actor, Assessment(encounter=found))
    return found


def _trace(actor: Actor, seen: Encounter) -> None:
    key = actor.user_id, actor.post_id, seen.pk

    def first() -> bool:
        opened(actor, seen)
        return True

    _lately.get(key, first)


def _told(request: Request) -> Told:
    lists = {name: request.POST.getlist(name) for name in ("sign", "denied")}
    return told_of(request.POST, lists)


def _advice(actor: Actor, seen: Encounter, told: Told) -> tuple[Case, Advice]:
    case = case_of(actor, seen, told)
    return case, advise(case, house_of(seen.organisation_id))


def _show(
    request: Request,
    seen: Encounter,
    *,
    told: Told,
    form: OverruleForm | None = None,
    part: bool = False,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    case, found = _advice(actor, seen, told)
    past = Assessment.objects.visible_to(actor).filter(encounter=seen).current().first()
    asked = Assessment(
        county_id=seen.person.county_id, organisation_id=seen.organisation_id, encounter=seen
    )
    context: dict[str, Any] = {
        "visit": seen,
        "person": seen.person,
        "advice": shown.advice(found),
        "signs": [(code, catalogue.label_of(code)) for code in sorted(case.signs)],
        "denied": [(code, catalogue.label_of(code)) for code in sorted(told.denied)],
        "past": past,
        "may_decide": seen.voided_at is None and permissions.FOLLOW.allows(actor, asked),
        "form": form or OverruleForm(found.outcome),
        # In a form that is being written the answer comes after saving.
        "writing": part and any(name in request.POST for name in WRITTEN),
        "edition": catalogue.edition(),
    }
    return page(request, "triage/visit.html", part="panel", status=status, **context)


# Fields by which a form of the record is known.
WRITTEN = ("complaint", "measured_at", "code")
