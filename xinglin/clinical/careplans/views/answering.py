"""The receiving house answers item by item; the writer settles what was objected to."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.careplans import actions, permissions
from xinglin.clinical.careplans.forms import AnswerRow, SettleRow
from xinglin.clinical.careplans.models import CarePlan, Standing, State
from xinglin.clinical.careplans.views.opening import opened, plan_of
from xinglin.kernel.errors import Refused, WrongState
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def answer(request: Request, pk: UUID) -> HttpResponse:
    """Take the plan on whole, or say of items why not and what can be done instead."""
    plan = plan_of(request.actor, pk)
    if plan.state != State.OFFERED or not permissions.ANSWER.allows(request.actor, plan):
        return redirect(plan)
    items = [item for item in plan.of_now() if item.standing == Standing.PROPOSED]
    if request.method == "GET":
        opened(request.actor, plan)
        return _form(request, plan, [AnswerRow(item=item) for item in items])
    if "whole" in request.POST:
        actions.accept(plan, by=request.actor)
        messages.success(request, _("已接收%(person)s的照护计划。") % {"person": plan.person.name})
        return redirect(plan)
    rows = [AnswerRow(request.POST, item=item) for item in items]
    # Every row is looked at, so that each tells what is wrong with it.
    if False not in [row.is_valid() for row in rows]:
        told = {row.item.pk: row.objection() for row in rows}
        objections = {pk: each for pk, each in told.items() if each is not None}
        try:
            if objections:
                actions.object_to(plan, by=request.actor, objections=objections)
            else:
                actions.accept(plan, by=request.actor)
        except WrongState:
            raise
        except Refused as refusal:
            _tell(rows, refusal)
            plan = plan_of(request.actor, pk)
        else:
            messages.success(
                request,
                _("已答复，%(count)d 项有异议，等待制定机构商定。") % {"count": len(objections)}
                if objections
                else _("已接收%(person)s的照护计划。") % {"person": plan.person.name},
            )
            return redirect(plan)
    return _form(request, plan, rows, status=422)


def _form(
    request: Request, plan: CarePlan, rows: list[AnswerRow], *, status: int = 200
) -> HttpResponse:
    return page(request, "careplans/answer.html", part="form", status=status, plan=plan, rows=rows)


@require_http_methods(["GET", "POST"])
def settle(request: Request, pk: UUID) -> HttpResponse:
    """Adopt, drop or insist, for each item that was objected to."""
    plan = plan_of(request.actor, pk)
    if plan.state != State.OBJECTED or not permissions.SETTLE.allows(request.actor, plan):
        return redirect(plan)
    items = [item for item in plan.of_now() if item.standing == Standing.OBJECTED]
    if request.method == "GET":
        opened(request.actor, plan)
    data = request.POST if request.method == "POST" else None
    rows = [SettleRow(data, item=item) for item in items]
    if data is not None and False not in [row.is_valid() for row in rows]:
        answers = {row.item.pk: row.cleaned_data["answer"] for row in rows}
        actions.settle(plan, by=request.actor, answers=answers)
        messages.success(
            request,
            _("已答复异议，计划现为“%(state)s”。") % {"state": plan.get_state_display()},
        )
        return redirect(plan)
    return page(
        request,
        "careplans/settle.html",
        part="form",
        status=422 if data is not None else 200,
        plan=plan,
        rows=rows,
    )


def _tell(rows: list[AnswerRow], refusal: Refused) -> None:
    """Each refusal names `<item>.<field>`."""
    placed = False
    for name, sentence in refusal.fields.items():
        pk, _dot, field = name.partition(".")
        for row in rows:
            if str(row.item.pk) == pk:
                row.add_error(field if field in row.fields else None, sentence)
                placed = True
    if not placed and rows:
        rows[0].add_error(None, str(refusal))
