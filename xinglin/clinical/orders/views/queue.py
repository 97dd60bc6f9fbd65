"""The pharmacist's queue: person by person, what waits and what speaks against it."""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from xinglin.clinical.orders import actions, permissions
from xinglin.clinical.orders.models import Order, State
from xinglin.clinical.orders.views.opening import allergies_of, opened
from xinglin.kernel import parameters
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def review(request: Request) -> HttpResponse:
    """Drug orders that wait for this pharmacy, the most urgent patient first."""
    actor = request.actor
    if not actor.may(permissions.REVIEW.code):
        raise Forbidden(_("当前岗位不能审方。"))
    rows = Order.objects.visible_to(actor).filter(
        state=State.REVIEW, checker_id=actor.org_id, duty=permissions.REVIEW.code
    )
    rows = rows.select_related("person", "encounter", "organisation")
    pager = paginate(
        request,
        rows.order_by("-emergency", "encounter__started_at", "encounter_id", "due_at", "place"),
        parameters.get("paging.page_size"),
    )
    cards = []
    for _visit, many in groupby(pager.items, key=lambda order: order.encounter_id):
        orders = list(many)
        person = orders[0].person
        opened(actor, person)
        others = Order.objects.filter(encounter=orders[0].encounter).standing()
        waiting = {order.pk for order in orders}
        cards.append(
            {
                "person": person,
                "visit": orders[0].encounter,
                "house": orders[0].organisation,
                "orders": orders,
                "due_at": min(order.due_at for order in orders if order.due_at),
                "allergies": allergies_of(actor, person, asking=orders[0].organisation_id),
                "others": [o for o in others.filter(kind="drug") if o.pk not in waiting],
            }
        )
    return page(request, "orders/review.html", part="list", pager=pager, cards=cards, live=30)


@require_POST
def pass_all(request: Request, pk: UUID) -> HttpResponse:
    """Let everything pass that waits of one visit; `pk` is the visit's."""
    actor = request.actor
    rows = Order.objects.visible_to(actor).filter(
        state=State.REVIEW, checker_id=actor.org_id, encounter_id=pk
    )
    orders = list(rows.select_related("person", "encounter").order_by("place", "id"))
    if not orders:
        raise Http404
    try:
        with transaction.atomic():
            for order in orders:
                actions.accept(order, by=actor)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            _("%(person)s：审方通过 %(count)s 条。")
            % {"person": orders[0].person.name, "count": len(orders)},
        )
    return redirect("orders:review")
