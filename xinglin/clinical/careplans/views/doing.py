"""The day's tasks on a phone, and what was found at one of them."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.careplans import actions, permissions
from xinglin.clinical.careplans.forms import SkipForm, TaskForm
from xinglin.clinical.careplans.models import CareTask, Kind, State
from xinglin.clinical.careplans.views.opening import opened, task_of, tell
from xinglin.clinical.privacy.models import listed
from xinglin.kernel import parameters
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.registry.organisations.models import tree
from xinglin.ui.forms import Form
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def today(request: Request) -> HttpResponse:
    """What the house is to do today, what is overdue, what comes: by village and person."""
    actor = request.actor
    if not actor.may(permissions.DO.code):
        raise Forbidden(_("当前岗位不办理照护任务。"))
    tab = request.GET.get("tab", "today")
    day = timezone.localdate()
    running = Q(plan__state=State.ACTIVE) | Q(kind=Kind.FIND)
    mine = CareTask.objects.visible_to(actor).of_house(actor).waiting().filter(running)
    mine = mine.select_related("person", "plan")
    ahead = day + timedelta(days=parameters.get("careplans.ahead_days"))
    found = {
        "late": mine.filter(until__lt=day),
        "ahead": mine.filter(due_on__gt=day, due_on__lte=ahead),
    }.get(tab, mine.filter(due_on__lte=day))
    tab = tab if tab in ("late", "ahead") else "today"
    order = ("person__managed_by__path", "person__name", "person_id", "due_on", "id")
    pager = paginate(request, found.order_by(*order), parameters.get("paging.page_size"))
    listed(actor, permissions.READ.code, pager.items)
    labels = (("today", _("今天")), ("late", _("已逾期")), ("ahead", _("未来 7 天")))
    return page(
        request,
        "careplans/today.html",
        part="list",
        pager=pager,
        villages=_by_village(pager.items),
        tabs=[
            {"label": label, "url": f"?tab={name}", "count": None, "active": name == tab}
            for name, label in labels
        ],
        today=day,
        live=60 if pager.number == 1 else 0,
    )


def _by_village(tasks: list[CareTask]) -> list[dict[str, Any]]:
    """The tasks of a page under the clinic that keeps the record, then under the person."""
    found = []
    for house, of_house in groupby(tasks, key=lambda task: task.person.managed_by_id):
        people = [
            {"person": rows[0].person, "plan": rows[0].plan, "tasks": rows}
            for rows in (
                list(many) for _pk, many in groupby(of_house, key=lambda task: task.person_id)
            )
        ]
        found.append({"name": tree.name(house) if house else "", "people": people})
    return found


@require_http_methods(["GET", "POST"])
def task(request: Request, pk: UUID) -> HttpResponse:
    """One task: what is asked, whom to call, and what was found."""
    found = task_of(request.actor, pk)
    if request.method == "GET":
        opened(request.actor, found.plan)
        return _show(request, found)
    form = _form(found, request.POST)
    if not form.is_valid():
        return _show(request, found, form=form, status=422)
    told = form.cleaned_data
    try:
        actions.do(
            found,
            by=request.actor,
            done_at=told["done_at"],
            mode=told.get("mode") or "home",
            values=form.values(),
            symptoms=told.get("symptoms") or [],
            note=told["note"],
            result=told.get("result") or "",
        )
    except Refused as refusal:
        found = task_of(request.actor, pk)
        if isinstance(refusal, WrongState | Forbidden):
            messages.error(request, str(refusal))
            return _show(request, found, status=refusal.status)
        tell(form, refusal, {code: form.name_of(code) for code in form.codes})
        return _show(request, found, form=form, status=refusal.status)
    if found.flags:
        messages.warning(
            request,
            _("出现回送预警：%(flags)s。正在准备转回%(house)s的转诊单，请在待办中核对后提交。")
            % {"flags": _("；").join(found.flags), "house": tree.name(found.plan.author_org_id)},
        )
        return redirect(found)
    messages.success(
        request,
        _("%(person)s：%(task)s已完成。") % {"person": found.person.name, "task": found.title},
    )
    return redirect("careplans:today")


@require_POST
def skip(request: Request, pk: UUID) -> HttpResponse:
    """Say that it is not done, and why."""
    found = task_of(request.actor, pk)
    form = SkipForm(request.POST, prefix="skip")
    if not form.is_valid():
        return _show(request, found, skipping=form, status=422)
    try:
        actions.skip(found, by=request.actor, **form.cleaned_data)
    except Refused as refusal:
        found = task_of(request.actor, pk)
        if isinstance(refusal, WrongState | Forbidden):
            messages.error(request, str(refusal))
            return _show(request, found, status=refusal.status)
        tell(form, refusal)
        return _show(request, found, skipping=form, status=refusal.status)
    messages.success(
        request,
        _("%(person)s：%(task)s已登记未做。") % {"person": found.person.name, "task": found.title},
    )
    return redirect("careplans:today")


def _form(found: CareTask, data: Any = None) -> TaskForm:
    """The form asks what the plan watches: its measurements at a visit, its red flags always."""
    items = list(found.plan.of_now())
    codes = [row["code"] for item in items for row in item.limits]
    if found.kind == Kind.HOME_VISIT:
        codes += [code for item in items for code in item.codes]
    elif found.kind == Kind.MEASUREMENT:
        codes = [code for code in codes if found.item and code in found.item.codes]
    else:
        codes = []
    symptoms = dict.fromkeys(code for item in items for code in item.symptoms)
    return TaskForm(data, task=found, codes=codes, symptoms=symptoms)


def _show(
    request: Request,
    found: CareTask,
    *,
    form: TaskForm | None = None,
    skipping: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    may_do = permissions.may_do(request.actor, found)
    early = found.due_on > timezone.localdate()
    letter = getattr(found.plan, "letter", None)
    return page(
        request,
        "careplans/task.html",
        part="card",
        status=status,
        task=found,
        plan=found.plan,
        person=found.person,
        item=found.item,
        form=(form or _form(found)) if may_do and not early else None,
        early=early and may_do,
        may_skip=may_do and not early and not found.follow_up and found.kind != Kind.FIND,
        skipping=skipping or SkipForm(prefix="skip"),
        skip_opens=skipping is not None,
        letter=letter,
        values=list(found.encounter.observations.filter(voided_at=None, measured_at=found.done_at))
        if found.encounter and found.done_at
        else [],
        ways_up=list(letter.sequels.filter(owner__isnull=False)) if letter and found.flags else [],
    )
