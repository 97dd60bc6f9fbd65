"""Sending a patient back down: the letter's few words and the care plan on one page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.careplans import catalogue as careplans
from xinglin.clinical.careplans.actions import FromTemplate, from_template
from xinglin.clinical.careplans.sheet import Sheet
from xinglin.clinical.referral import actions, permissions
from xinglin.clinical.referral.forms import act_form
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.views.acting import warn_of_cover
from xinglin.kernel import trail
from xinglin.kernel.errors import Refused, WrongState
from xinglin.ui.forms import Form
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def propose_down(request: Request, pk: UUID) -> HttpResponse:
    """Choose the house, answer the criteria, edit the template's items, send."""
    referral = get_object_or_404(Referral.objects.visible_to(request.actor).for_pages(), pk=pk)
    if "propose-down" not in permissions.open_to(request.actor, referral):
        return redirect(referral)
    if request.method == "GET":
        trail.read(
            request.actor,
            permissions.READ.code,
            referral,
            basis=permissions.DRAFTING.kept(),
            parts="referral",
        )
        code = careplans.template_for(referral.final_code or referral.diagnosis_code).code
        return _show(
            request,
            referral,
            act_form("propose-down", request.actor, referral),
            Sheet.proposed(_proposed(code)),
        )
    form = act_form("propose-down", request.actor, referral, request.POST)
    sheet = Sheet(request.POST)
    if Sheet.asks(request.POST):
        # A row more, or another template: what was typed so far stays, with no word about it yet.
        names = {name: request.POST.get(form.add_prefix(name), "") for name in form.fields}
        form = act_form("propose-down", request.actor, referral)
        form.initial = {**form.initial, **names}
        return _show(request, referral, form, sheet.again(request.POST, _proposed(sheet.template)))
    if all([form.is_valid(), sheet.is_valid()]):
        try:
            _send(request, referral, dict(form.cleaned_data), sheet)
        except WrongState:
            raise
        except Refused as refusal:
            referral = get_object_or_404(
                Referral.objects.visible_to(request.actor).for_pages(), pk=pk
            )
            _tell(form, sheet, refusal)
        else:
            sequel = referral.sequels.select_related("to_org", "person").latest("created_at")
            messages.success(
                request,
                _("下转申请和照护计划已提交至%(house)s。") % {"house": sequel.to_name},
            )
            warn_of_cover(request, sequel, "submit")
            return redirect(referral)
    return _show(request, referral, form, sheet, status=422)


def _proposed(code: str) -> FromTemplate:
    return from_template(careplans.templates()[code], timezone.localdate())


def _send(request: Request, referral: Referral, facts: dict[str, Any], sheet: Sheet) -> None:
    facts["consent_method"] = facts["consent_method"] or "verbal"
    actions.propose_down(
        referral,
        by=request.actor,
        plan=actions.Plan(
            items=sheet.items(),
            criteria=sheet.criteria.answers(),
            template=sheet.template,
            goal=sheet.goal,
        ),
        **facts,
    )


def _tell(form: Form, sheet: Sheet, refusal: Refused) -> None:
    """Put each sentence beside the row or the field that it is about."""
    placed = sheet.tell(refusal)
    for name, sentence in refusal.fields.items():
        if name in form.fields:
            form.add_error(name, sentence)
            placed = True
    if not placed:
        form.add_error(None, str(refusal))


def _show(
    request: Request, referral: Referral, form: Form, sheet: Sheet, *, status: int = 200
) -> HttpResponse:
    return page(
        request,
        "referral/down.html",
        part="sheet",
        status=status,
        referral=referral,
        diagnosis=referral.final_name or referral.diagnosis_name,
        form=form,
        sheet=sheet,
    )
