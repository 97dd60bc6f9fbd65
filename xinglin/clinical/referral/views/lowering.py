"""Sending a patient back down: the letter's few words and the care plan on one page."""

from __future__ import annotations

from collections.abc import Callable
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
from xinglin.clinical.referral.destinations.choosing import NoSuchPlace, read_choice
from xinglin.clinical.referral.forms import act_form
from xinglin.clinical.referral.models import Direction, Referral, State
from xinglin.clinical.referral.views.acting import warn_of_cover
from xinglin.kernel import trail
from xinglin.kernel.errors import Refused, WrongState
from xinglin.ui.forms import Form
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def propose_down(request: Request, pk: UUID) -> HttpResponse:
    """Choose the house, answer the criteria, edit the template's items, send."""
    referral = _one(request, pk)
    if "propose-down" not in permissions.open_to(request.actor, referral):
        return redirect(referral)

    def form_of(data: Any = None) -> Form:
        return act_form("propose-down", request.actor, referral, data)

    def send(facts: dict[str, Any], plan: actions.Plan | None) -> Referral:
        facts["consent_method"] = facts["consent_method"] or "verbal"
        actions.propose_down(referral, by=request.actor, plan=plan, **facts)
        return referral.sequels.select_related("to_org", "person").latest("created_at")

    return _fill_in(request, referral, form_of, send)


@require_http_methods(["GET", "POST"])
def plan(request: Request, pk: UUID) -> HttpResponse:
    """The plan of a draft that goes down with no way up before it; sends both, or the draft."""
    referral = _one(request, pk)
    allowed = permissions.open_to(request.actor, referral)
    if "submit" not in allowed or referral.direction != Direction.DOWN:
        return redirect(referral)

    def send(_facts: dict[str, Any], plan: actions.Plan | None) -> Referral:
        try:
            choice = read_choice(request.actor, referral.wished_place)
        except NoSuchPlace as gone:
            raise Refused(gone.messages[0]) from gone
        place = choice.place if choice else None
        return actions.submit(referral, by=request.actor, place=place, plan=plan)

    return _fill_in(request, referral, Form, send)


def _one(request: Request, pk: UUID) -> Referral:
    return get_object_or_404(Referral.objects.visible_to(request.actor).for_pages(), pk=pk)


def _fill_in(
    request: Request,
    referral: Referral,
    form_of: Callable[..., Form],
    send: Callable[[dict[str, Any], actions.Plan | None], Referral],
) -> HttpResponse:
    """Show the sheet, keep what is typed, and `send` what holds; answers with the letter sent."""
    if request.method == "GET":
        trail.read(
            request.actor,
            permissions.READ.code,
            referral,
            basis=permissions.DRAFTING.kept(),
            parts="referral",
        )
        code = careplans.template_for(referral.final_code or referral.diagnosis_code).code
        return _show(request, referral, form_of(), Sheet.proposed(_proposed(code)))
    form = form_of(request.POST)
    sheet = Sheet(request.POST)
    if Sheet.asks(request.POST):
        # A row more, or another template: what was typed so far stays, with no word about it yet.
        names = {name: request.POST.get(form.add_prefix(name), "") for name in form.fields}
        form = form_of()
        form.initial = {**form.initial, **names}
        return _show(request, referral, form, sheet.again(request.POST, _proposed(sheet.template)))
    alone = "alone" in request.POST and referral.state == State.DRAFT
    if all([form.is_valid(), alone or sheet.is_valid()]):
        try:
            sent = send(dict(form.cleaned_data), None if alone else _plan(sheet))
        except WrongState:
            raise
        except Refused as refusal:
            referral = _one(request, referral.pk)
            _tell(form, sheet, refusal)
        else:
            words = (
                _("转诊申请已提交至%(house)s。")
                if alone
                else _("下转申请和照护计划已提交至%(house)s。")
            )
            messages.success(request, words % {"house": sent.to_name})
            warn_of_cover(request, sent, "submit")
            return redirect(referral)
    return _show(request, referral, form, sheet, status=422)


def _proposed(code: str) -> FromTemplate:
    return from_template(careplans.templates()[code], timezone.localdate())


def _plan(sheet: Sheet) -> actions.Plan:
    return actions.Plan(
        items=sheet.items(),
        criteria=sheet.criteria.answers(),
        template=sheet.template,
        goal=sheet.goal,
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
