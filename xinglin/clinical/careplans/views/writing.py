"""A new version of a plan, on the sheet on which plans are written."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.careplans import actions, catalogue, permissions
from xinglin.clinical.careplans.forms import RevisionForm
from xinglin.clinical.careplans.models import CarePlan
from xinglin.clinical.careplans.sheet import Sheet
from xinglin.clinical.careplans.views.opening import opened, plan_of, tell
from xinglin.kernel.errors import Refused, WrongState
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def revise(request: Request, pk: UUID) -> HttpResponse:
    """Change what is done from now on; what was done and the old version stay."""
    plan = plan_of(request.actor, pk)
    if "revise" not in permissions.open_to(request.actor, plan):
        return redirect(plan)
    if request.method == "GET":
        opened(request.actor, plan)
        now = actions.FromTemplate(plan.template, plan.goal, list(plan.of_now()))
        sheet = Sheet.proposed(now, criteria=False)
        return _form(request, plan, sheet, RevisionForm(prefix="why"))
    sheet = Sheet(request.POST, criteria=False)
    form = RevisionForm(request.POST, prefix="why")
    if Sheet.asks(request.POST):
        template = catalogue.templates()[sheet.template]
        sheet = sheet.again(request.POST, actions.from_template(template, timezone.localdate()))
        kept = {name: request.POST.get(f"why-{name}", "") for name in form.fields}
        return _form(request, plan, sheet, RevisionForm(prefix="why", initial=kept))
    if all([sheet.is_valid(), form.is_valid()]):
        told = form.cleaned_data
        try:
            actions.revise(
                plan,
                by=request.actor,
                items=sheet.items(),
                reason=told["code"],
                text=told["text"],
            )
        except WrongState:
            raise
        except Refused as refusal:
            plan = plan_of(request.actor, pk)
            if not sheet.tell(refusal):
                tell(form, refusal, {"reason": "code"})
        else:
            messages.success(
                request, _("照护计划已修订为第 %(version)s 版。") % {"version": plan.version}
            )
            return redirect(plan)
    return _form(request, plan, sheet, form, status=422)


def _form(
    request: Request, plan: CarePlan, sheet: Sheet, form: RevisionForm, *, status: int = 200
) -> HttpResponse:
    return page(
        request,
        "careplans/revise.html",
        part="sheet",
        status=status,
        plan=plan,
        sheet=sheet,
        form=form,
    )
