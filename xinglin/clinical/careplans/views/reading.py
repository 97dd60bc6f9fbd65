"""Plans: the list, one plan with its tasks and its story, and the short acts on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.careplans import actions, permissions
from xinglin.clinical.careplans.forms import CodedForm, EndForm, EvaluateForm, FilterForm
from xinglin.clinical.careplans.models import WAITING, CarePlan, State
from xinglin.clinical.careplans.views.opening import opened, plan_of, tell
from xinglin.clinical.privacy.models import listed
from xinglin.kernel import parameters, trail
from xinglin.kernel.access import REGISTRY
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.ui.pages import page, wants_part
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

# How each act reads on a button: a short word, an icon, a key.
BUTTONS: dict[str, tuple[Any, str, str]] = {
    "answer": (gettext_lazy("答复计划"), "clipboard-check", "a"),
    "settle": (gettext_lazy("商定异议"), "arrows-exchange", "s"),
    "evaluate": (pgettext_lazy("button", "评估"), "checklist", "e"),
    "revise": (gettext_lazy("修订计划"), "edit", "r"),
    "end": (pgettext_lazy("button", "终止计划"), "circle-x", ""),
}
# These have pages of their own; the others open a dialog.
PAGES = ("answer", "settle", "revise")
FORMS: dict[str, type[CodedForm]] = {"evaluate": EvaluateForm, "end": EndForm}


@require_GET
def listing(request: Request) -> HttpResponse:
    """Plans of one's houses: what waits for an answer, what runs, what is flagged."""
    actor = request.actor
    if not actor.may(permissions.READ.code):
        raise Forbidden(_("当前岗位不能查阅照护计划。"))
    form = FilterForm(request.GET)
    tab = request.GET.get("tab", "standing")
    today = timezone.localdate()
    waiting = Q(tasks__state__in=WAITING)
    found = (
        CarePlan.objects.visible_to(actor)
        .for_pages()
        .annotate(
            left=Count("tasks", filter=waiting),
            overdue=Count("tasks", filter=waiting & Q(tasks__until__lt=today)),
        )
    )
    if tab == "owed":
        found = found.filter(owner_id=actor.org_id)
    elif tab == "flagged":
        found = found.standing().filter(flagged_at__isnull=False)
    elif tab != "all":
        tab = "standing"
        found = found.standing()
    if form.is_valid() and form.cleaned_data["q"].strip():
        found = found.filter(person__name__startswith=form.cleaned_data["q"].strip())
    pager = paginate(request, found.newest_first(), parameters.get("paging.page_size"))
    listed(actor, permissions.READ.code, pager.items)
    labels = (
        ("standing", _("进行中")),
        ("owed", _("待本机构办理")),
        ("flagged", _("有预警")),
        ("all", _("全部")),
    )
    return page(
        request,
        "careplans/list.html",
        part="list",
        pager=pager,
        filters=form,
        tabs=[
            {"label": label, "url": f"?tab={name}", "count": None, "active": name == tab}
            for name, label in labels
        ],
        may_do=actor.may(permissions.DO.code),
        live=60 if pager.number == 1 else 0,
    )


@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """The plan with its items, its tasks and its story; the reading is traced."""
    plan = plan_of(request.actor, pk)
    opened(request.actor, plan)
    return _show(request, plan)


@require_http_methods(["GET", "POST"])
def act(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Evaluate or end; what was typed comes back with a sentence beside it when it is refused."""
    if name not in FORMS:
        raise Http404
    plan = plan_of(request.actor, pk)
    if request.method == "GET":
        return redirect(plan)
    form = FORMS[name](request.POST, prefix=name)
    if not form.is_valid():
        return _show(request, plan, status=422, bound={name: form})
    code, text = form.cleaned_data["code"], form.cleaned_data["text"]
    try:
        if name == "evaluate":
            actions.evaluate(plan, by=request.actor, outcome=code, text=text)
        else:
            actions.end(plan, by=request.actor, code=code, text=text)
    except Refused as refusal:
        plan = plan_of(request.actor, pk)
        if isinstance(refusal, WrongState | Forbidden):
            messages.error(request, str(refusal))
            return _show(request, plan, status=refusal.status)
        tell(form, refusal, {"outcome": "code"})
        return _show(request, plan, status=refusal.status, bound={name: form})
    messages.success(
        request,
        _("%(act)s：%(person)s，现为“%(state)s”。")
        % {
            "act": REGISTRY[f"careplans.{name}"].label,
            "person": plan.person.name,
            "state": plan.get_state_display(),
        },
    )
    if wants_part(request):
        return _show(request, plan_of(request.actor, pk))
    return redirect(plan)


def _show(
    request: Request,
    plan: CarePlan,
    *,
    status: int = 200,
    bound: dict[str, CodedForm] | None = None,
) -> HttpResponse:
    bound = bound or {}
    allowed = permissions.open_to(request.actor, plan)
    acts = [
        {
            "name": name,
            "label": REGISTRY[f"careplans.{name}"].label,
            "short": BUTTONS[name][0],
            "icon": BUTTONS[name][1],
            "key": BUTTONS[name][2],
            "page": reverse(f"careplans:{name}", args=[plan.pk]) if name in PAGES else "",
            "primary": place == 0 and name != "end",
            "form": None if name in PAGES else bound.get(name) or FORMS[name](prefix=name),
            "url": reverse("careplans:act", args=[plan.pk, name]),
        }
        for place, name in enumerate(allowed)
        # A letter that is not accepted yet is answered on the letter.
        if not (name == "answer" and plan.state == State.PROPOSED)
    ]
    items = list(plan.items.order_by("place", "id"))
    tasks = list(plan.tasks.exclude(state="dropped").order_by("due_on", "id"))
    return page(
        request,
        "careplans/detail.html",
        part="card",
        status=status,
        plan=plan,
        letter=getattr(plan, "letter", None),
        acts=acts,
        opens=next(iter(bound), ""),
        items=[item for item in items if item.until_version is None],
        former=[item for item in items if item.until_version is not None],
        tasks=tasks,
        done=sum(task.state == "done" for task in tasks),
        flagged=[task for task in tasks if task.flags],
        revisions=list(plan.revisions.order_by("-version")),
        today=timezone.localdate(),
        events=trail.story(trail.of([plan.pk])),
        stages=_stages(plan),
    )


def _stages(plan: CarePlan) -> list[dict[str, Any]]:
    """The road of a plan, with what is done and where it stands."""
    passed = [
        (pgettext("stage", "制定"), plan.created_at),
        (pgettext("stage", "接收"), plan.answered_at if plan.state != State.OBJECTED else None),
        (pgettext("stage", "到诊"), plan.arrived_at),
        (pgettext("stage", "执行"), plan.started_at if plan.state not in ("active",) else None),
        (pgettext("stage", "评估"), plan.ended_at),
    ]
    stopped = plan.state == State.ENDED
    steps: list[dict[str, Any]] = []
    here = True
    for label, at in passed:
        if at is not None and not (stopped and at == plan.ended_at):
            steps.append(
                {"label": label, "state": "done", "note": f"{timezone.localtime(at):%m-%d}"}
            )
        elif here:
            steps.append({"label": label, "state": "stopped" if stopped else "now", "note": ""})
            here = False
        else:
            steps.append({"label": label, "state": "next", "note": ""})
    return steps
