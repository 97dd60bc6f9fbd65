"""The order sheet of a visit, on the screen and on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from xinglin.clinical.orders import actions, permissions
from xinglin.clinical.orders.models import OPEN, Execution, Order, State, Term
from xinglin.clinical.orders.views.opening import allergies_of, opened, visit_of
from xinglin.clinical.record.models import Diagnosis, Encounter
from xinglin.kernel.errors import Refused
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


def lines(visit: Encounter, actor: Any) -> list[Order]:
    """Every order of the visit, each with `bracket`: where it stands in its drip."""
    rows = Order.objects.visible_to(actor).on_sheet(visit)
    found = list(rows.select_related("person", "encounter", "organisation"))
    for place, order in enumerate(found):
        before = place > 0 and found[place - 1].group == order.group
        after = place + 1 < len(found) and found[place + 1].group == order.group
        joined = order.group is not None and (before or after)
        order.bracket = (  # type: ignore[attr-defined]
            "" if not joined else "┃" if before and after else "┗" if before else "┏"
        )
    return found


@require_GET
def sheet(request: Request, pk: UUID) -> HttpResponse:
    """Long-term, temporary and take-home orders side by side with where they stand."""
    actor = request.actor
    visit = visit_of(actor, pk)
    opened(actor, visit.person)
    found = lines(visit, actor)
    asked = request.GET.get("tab", "")
    tab = asked if asked in Term.values else str(Term.LONG)
    if not asked and not any(o.term == tab for o in found) and found:
        tab = str(found[0].term)
    shown = [o for o in found if o.term == tab]
    blank = Order(
        county_id=visit.person.county_id, organisation=visit.organisation, encounter=visit
    )
    running = visit.ended_at is None and visit.voided_at is None
    return page(
        request,
        "orders/sheet.html",
        part="card",
        visit=visit,
        person=visit.person,
        allergies=allergies_of(actor, visit.person),
        orders=shown,
        tab=tab,
        tabs=[
            {
                "label": _term_label(term, visit),
                "url": f"?tab={term}",
                "count": sum(o.term == term and o.state in OPEN for o in found),
                "active": term == tab,
            }
            for term in Term.values
        ],
        drafts=sum(o.state == State.DRAFT for o in found),
        to_check=sum(o.state in (State.TO_CHECK, State.STOPPED) for o in found),
        may_write=running and permissions.WRITE.allows(actor, blank),
        may_voice=running and permissions.VOICE.allows(actor, blank),
        may_check=permissions.CHECK.allows(actor, blank),
    )


def _term_label(term: str, visit: Encounter) -> str:
    outside = visit.kind != Encounter.Kind.INPATIENT
    return str(_("带药")) if term == Term.TAKE_HOME and outside else str(Term(term).label)


@require_POST
def check_all(request: Request, pk: UUID) -> HttpResponse:
    """Check every new order of the sheet, and every stop, as its nurse has read them."""
    actor = request.actor
    visit = visit_of(actor, pk)
    rows = Order.objects.visible_to(actor).on_sheet(visit)
    done, left = 0, []
    for order in rows.filter(state__in=[State.TO_CHECK, State.STOPPED]):
        act = actions.check if order.state == State.TO_CHECK else actions.check_stop
        try:
            with transaction.atomic():
                act(order, by=actor)
            done += 1
        except Refused as refusal:
            left.append(_("%(order)s：%(problem)s") % {"order": order, "problem": refusal})
    if done:
        messages.success(request, _("已核对 %(count)s 条医嘱。") % {"count": done})
    for sentence in left:
        messages.error(request, sentence)
    return redirect("orders:sheet", pk=visit.pk)


@require_GET
def paper(request: Request, pk: UUID, term: str) -> HttpResponse:
    """长期医嘱单 or 临时医嘱单 as it hangs in the ward: A4."""
    if term not in Term.values:
        raise Http404
    actor = request.actor
    visit = visit_of(actor, pk)
    opened(actor, visit.person)
    hidden = (State.DRAFT, State.CANCELLED)
    found = [o for o in lines(visit, actor) if o.term == term and o.state not in hidden]
    given: dict[UUID, Execution] = {}
    rows = Execution.objects.visible_to(actor).filter(order__in=[o.pk for o in found])
    for row in rows.filter(state="given", voided_at=None).order_by("given_at"):
        given.setdefault(row.order_id, row)
    main = Diagnosis.objects.visible_to(actor).filter(encounter=visit).standing()
    return page(
        request,
        "orders/paper.html",
        visit=visit,
        person=visit.person,
        term=term,
        heading=_term_label(term, visit),
        orders=[(o, given.get(o.pk)) for o in found],
        diagnosis=main.order_by("-main", "id").first(),
        printed_by=actor.name,
        printed_at=timezone.now(),
    )
