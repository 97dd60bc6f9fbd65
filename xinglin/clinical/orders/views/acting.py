"""One order, and every act on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.orders import actions, permissions
from xinglin.clinical.orders.forms import ACT_FORMS, act_form
from xinglin.clinical.orders.models import Order, State
from xinglin.clinical.orders.views.opening import allergies_of, opened, order_of
from xinglin.kernel import trail
from xinglin.kernel.access import REGISTRY
from xinglin.kernel.errors import Refused, WrongState
from xinglin.ui.forms import Form
from xinglin.ui.pages import page, wants_part
from xinglin.ui.requests import Request

# How each act reads on a button: a short word, an icon, a key.
BUTTONS: dict[str, tuple[Any, str, str]] = {
    "sign": (gettext_lazy("签署"), "edit", "s"),
    "review": (gettext_lazy("审方通过"), "shield-check", "a"),
    "send-back": (pgettext_lazy("button", "退回"), "arrow-back-up", "x"),
    "second": (gettext_lazy("复核通过"), "shield-check", "a"),
    "check": (pgettext_lazy("button", "核对"), "clipboard-check", "k"),
    "skin-test": (gettext_lazy("皮试结果"), "eye", "p"),
    "give": (pgettext_lazy("button", "执行"), "check", "g"),
    "omit": (pgettext_lazy("button", "未执行"), "ban", "o"),
    "stop": (pgettext_lazy("button", "停止"), "circle-x", "t"),
    "check-stop": (gettext_lazy("核对停嘱"), "clipboard-check", "k"),
    "keep": (gettext_lazy("复核后继续"), "refresh", "r"),
    "cancel": (pgettext_lazy("button", "取消医嘱"), "x", ""),
    "void": (pgettext_lazy("button", "作废"), "ban", ""),
    "strike": (gettext_lazy("作废执行记录"), "ban", ""),
}
USUAL = ("sign", "review", "second", "check", "skin-test", "check-stop", "give", "stop")
NEAR = ("send-back", "omit", "stop", "keep", "skin-test", "give")
DANGEROUS = ("cancel", "void", "strike", "stop", "send-back")
# The functions behind the acts whose names are those of their permissions.
FUNCTIONS = {
    "review": actions.accept,
    "second": actions.let_pass,
    "send-back": actions.send_back,
    "skin-test": actions.note_skin_test,
    "check-stop": actions.check_stop,
    **{
        name: getattr(actions, name)
        for name in ("sign", "check", "give", "omit", "keep", "cancel", "void", "strike")
    },
}


@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """The order with its times and its story; the reading is traced."""
    order = order_of(request.actor, pk)
    opened(request.actor, order.person)
    return _show(request, order, opens=request.GET.get("act", ""))


@require_http_methods(["GET", "POST"])
def act(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Do one act; what was typed comes back with a sentence beside it when it is refused."""
    if name not in ACT_FORMS:
        raise Http404
    order = order_of(request.actor, pk)
    if request.method == "GET":
        return redirect(order)
    form = act_form(name, request.actor.name, order, request.POST)
    if not form.is_valid():
        return _show(request, order, status=422, bound={name: form})
    try:
        _do(name, order, request, dict(form.cleaned_data))
    except Refused as refusal:
        order = order_of(request.actor, pk)
        if isinstance(refusal, WrongState) or name not in permissions.open_to(request.actor, order):
            messages.error(request, str(refusal))
            return _show(request, order, status=refusal.status)
        _tell(form, refusal)
        return _show(request, order, status=refusal.status, bound={name: form})
    order.refresh_from_db()
    messages.success(
        request,
        _("%(act)s：%(order)s，现为“%(state)s”。")
        % {
            "act": REGISTRY[f"orders.{name}"].label,
            "order": order,
            "state": order.get_state_display(),
        },
    )
    if wants_part(request):
        return _show(request, order_of(request.actor, pk))
    return redirect(order)


def _do(name: str, order: Order, request: Request, facts: dict[str, Any]) -> None:
    by = request.actor
    if name == "stop":
        # A drip is stopped whole.
        actions.stop_group(order, by=by, **facts)
    elif name in ("review", "check", "sign", "second", "check-stop"):
        # What runs in one bottle is signed and checked as one.
        with transaction.atomic():
            for mate in actions.group_of(order):
                if mate.pk == order.pk or name in permissions.open_to(by, mate):
                    FUNCTIONS[name](mate, by=by, **facts)
    else:
        FUNCTIONS[name](order, by=by, **facts)


def _tell(form: Form, refusal: Refused) -> None:
    """Put each sentence beside the field it is about; the act's field names are its own."""
    others = {"end_code": "code", "return_code": "code"}
    placed = False
    for field, text in refusal.fields.items():
        name = others.get(field, field)
        if name in form.fields:
            form.add_error(name, text)
            placed = True
    if not placed:
        form.add_error(None, str(refusal))


def _show(
    request: Request,
    order: Order,
    *,
    status: int = 200,
    bound: dict[str, Form] | None = None,
    opens: str = "",
) -> HttpResponse:
    actor = request.actor
    bound = bound or {}
    allowed = [name for name in permissions.open_to(actor, order) if name in ACT_FORMS]
    usual = next((name for name in USUAL if name in allowed), "")
    acts = [
        {
            "name": name,
            "label": REGISTRY[f"orders.{name}"].label,
            "short": BUTTONS[name][0],
            "icon": BUTTONS[name][1],
            "key": BUTTONS[name][2],
            "primary": name == usual,
            "near": name == usual or name in NEAR,
            "danger": name in DANGEROUS,
            "form": bound.get(name) or act_form(name, actor.name, order),
            "url": reverse("orders:act", args=[order.pk, name]),
        }
        for name in allowed
    ]
    rows = list(order.executions.order_by("-due_at", "-id"))
    return page(
        request,
        "orders/detail.html",
        part="card",
        status=status,
        order=order,
        person=order.person,
        allergies=allergies_of(
            request.actor,
            order.person,
            asking=order.organisation_id if order.checker_id == request.actor.org_id else None,
        ),
        acts=acts,
        opens=next(iter(bound), opens),
        mates=[mate for mate in actions.group_of(order) if mate.pk != order.pk],
        executions=rows,
        may_repeat=permissions.WRITE.allows(actor, order)
        and order.encounter.ended_at is None
        and order.state != State.DRAFT,
        events=_story(order),
    )


def _story(order: Order) -> list[dict[str, Any]]:
    """Who did what and when; the laying out of times is no news."""
    lines = [line for line in trail.of([order.pk]) if line.verb != permissions.PLAN.code]
    told = trail.story(lines)
    for event in told:
        # What changed stands on the page itself.
        event["note"] = ""
    return told
