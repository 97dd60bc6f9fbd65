"""Writing: the quick form, sets, copies, the signature, what was ordered by word of mouth."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.orders import actions, catalogue, permissions
from xinglin.clinical.orders.forms import OrderForm, SetForm, SignForm, VerbalForm
from xinglin.clinical.orders.models import Order, State
from xinglin.clinical.orders.views.opening import allergies_of, opened, order_of, visit_of
from xinglin.clinical.record.models import Encounter
from xinglin.kernel.errors import Refused
from xinglin.ui.forms import Form, Option, options
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

SUGGESTED = 12


@require_GET
def search(request: Request) -> HttpResponse:
    """Drugs and items for a few characters of any spelling, drugs first."""
    words = request.GET.get("q", "")[:100]
    drugs: list[Option] = [
        {"code": drug.code, "name": drug.label, "note": drug.strength, "show_code": False}
        for drug in catalogue.search_drugs(words, SUGGESTED + 1)
    ]
    items: list[Option] = [
        {"code": item.code, "name": item.label, "note": "", "show_code": False}
        for item in catalogue.search_items(words, SUGGESTED + 1)
    ]
    found = drugs + items
    return options(request, found[:SUGGESTED], more=len(found) > SUGGESTED)


@require_http_methods(["GET", "POST"])
def new(request: Request, pk: UUID) -> HttpResponse:
    """Write orders one after the other; what is written stands below, to be signed together."""
    actor = request.actor
    visit = visit_of(actor, pk)
    permissions.WRITE.check(actor, _blank(visit))
    drips = _drips(visit, actor)
    if request.method == "POST":
        form = OrderForm(request.POST, drips=drips)
        if form.is_valid():
            with_ = next((o for o in drips if str(o.pk) == form.cleaned_data.get("join")), None)
            try:
                order = actions.draft(_blank(visit, **form.facts()), by=actor, with_=with_)
            except Refused as refusal:
                _put(form, refusal)
            else:
                messages.success(request, _("已写入：%(order)s。") % {"order": order})
                return redirect("orders:new", pk=visit.pk)
    else:
        form = OrderForm(initial=_usual(request), drips=drips)
    return _entry(request, visit, form)


def _put(form: Form, refusal: Refused) -> None:
    """The sentence beside its input; the form calls the group by another name."""
    for field, text in (refusal.fields or {"": str(refusal)}).items():
        name = {"group": "join", "name": "code"}.get(field, field)
        form.add_error(name if name in form.fields else None, text)


def _usual(request: Request) -> dict[str, Any]:
    """What the catalogue proposes for what was chosen."""
    chosen = request.GET.get("code", "")
    drug, item = catalogue.drugs().get(chosen), catalogue.items().get(chosen)
    if drug is not None:
        once = catalogue.frequencies()[drug.frequency].kind == "once"
        return {
            "code": chosen,
            "term": "temporary" if once else request.GET.get("term") or "long",
            "dose_value": f"{drug.usual.normalize():f}",
            "dose_unit": drug.unit,
            "route": drug.route,
            "frequency": drug.frequency,
            "kind": "drug",
        }
    if item is not None:
        return {
            "code": chosen,
            "term": item.term,
            "frequency": item.frequency,
            "kind": item.kind,
        }
    return {"code": chosen, "term": request.GET.get("term") or "long"} if chosen else {}


def _blank(visit: Encounter, **facts: Any) -> Order:
    return Order(
        county_id=visit.person.county_id,
        organisation=visit.organisation,
        person=visit.person,
        encounter=visit,
        **facts,
    )


def _drafts(visit: Encounter, actor: Any) -> list[Order]:
    rows = Order.objects.visible_to(actor).on_sheet(visit).filter(state=State.DRAFT)
    return list(rows.select_related("person", "encounter").order_by("created_at", "id"))


def _drips(visit: Encounter, actor: Any) -> list[Order]:
    """Drafts that may take another drug into their bottle: the first of each group."""
    routes = catalogue.routes()
    found = [o for o in _drafts(visit, actor) if o.route in routes and routes[o.route].drip]
    return [o for o in reversed(found) if o.place <= 1]


def _entry(
    request: Request,
    visit: Encounter,
    form: Form,
    *,
    signing: SignForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    opened(actor, visit.person)
    found = [(o, actions.findings_of(o, by=actor)) for o in _drafts(visit, actor)]
    bad = form.errors or (signing is not None and signing.errors)
    return page(
        request,
        "orders/new.html",
        part="fields",
        status=status if status != 200 else 422 if bad else 200,
        visit=visit,
        person=visit.person,
        allergies=allergies_of(actor, visit.person),
        form=form,
        drafts=found,
        warned=bool(signing) or any(findings for _order, findings in found),
        signing=signing or SignForm(prefix="sign"),
        sets=SetForm(prefix="set"),
    )


@require_POST
def sign(request: Request, pk: UUID) -> HttpResponse:
    """Sign everything that is written on this sheet."""
    actor = request.actor
    visit = visit_of(actor, pk)
    permissions.SIGN.check(actor, _blank(visit))
    form = SignForm(request.POST, prefix="sign")
    form.is_valid()
    try:
        done = actions.sign_all(
            _drafts(visit, actor), by=actor, override=form.cleaned_data.get("override", "")
        )
    except Refused as refusal:
        name = "override" if "override" in refusal.fields else None
        form.add_error(name, str(refusal))
        return _entry(
            request,
            visit,
            OrderForm(drips=_drips(visit, actor)),
            signing=form,
            status=refusal.status,
        )
    messages.success(request, _("已签署 %(count)s 条医嘱。") % {"count": len(done)})
    return redirect("orders:sheet", pk=visit.pk)


@require_POST
def use_set(request: Request, pk: UUID) -> HttpResponse:
    """Write every line of a set as a draft."""
    actor = request.actor
    visit = visit_of(actor, pk)
    permissions.WRITE.check(actor, _blank(visit))
    form = SetForm(request.POST, prefix="set")
    if form.is_valid():
        try:
            done = actions.apply_set(visit, by=actor, code=form.cleaned_data["code"])
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("已写入套餐 %(count)s 条，请逐条核对后签署。") % {"count": len(done)}
            )
    else:
        messages.error(request, _("请选择套餐。"))
    return redirect("orders:new", pk=visit.pk)


@require_POST
def repeat(request: Request, pk: UUID) -> HttpResponse:
    """Write an order (its whole drip) once more."""
    actor = request.actor
    order = order_of(actor, pk)
    permissions.WRITE.check(actor, order)
    try:
        actions.repeat(actions.group_of(order), by=actor, encounter=order.encounter)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(order)
    messages.success(request, _("已复制为未签署医嘱：%(order)s。") % {"order": order})
    return redirect("orders:new", pk=order.encounter_id)


@require_http_methods(["GET", "POST"])
def verbal(request: Request, pk: UUID) -> HttpResponse:
    """Write down what a doctor orders by word of mouth; it runs at once."""
    actor = request.actor
    visit = visit_of(actor, pk)
    permissions.VOICE.check(actor, _blank(visit))
    if request.method == "POST":
        form = VerbalForm(visit.organisation, request.POST)
        if form.is_valid():
            try:
                order = actions.voice(_blank(visit, **form.facts()), by=actor)
            except Refused as refusal:
                _put(form, refusal)
            else:
                messages.success(
                    request, _("已录入口头医嘱：%(order)s，请复诵后执行。") % {"order": order}
                )
                return redirect(order)
    else:
        form = VerbalForm(visit.organisation, initial={**_usual(request), "frequency": "st"})
    opened(actor, visit.person)
    return page(
        request,
        "orders/verbal.html",
        part="fields",
        status=422 if form.errors else 200,
        visit=visit,
        person=visit.person,
        allergies=allergies_of(actor, visit.person),
        form=form,
    )
