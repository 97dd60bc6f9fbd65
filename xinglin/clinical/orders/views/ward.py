"""The ward: who lies there, what is due, and the nurse's round with its taps."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, F, Min, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from xinglin.clinical.capacity.models import bed_labels, bed_of_visit
from xinglin.clinical.orders import actions, permissions
from xinglin.clinical.orders.forms import WardForm, colleagues
from xinglin.clinical.orders.models import Done, Execution, SkinTest, State
from xinglin.clinical.orders.views.opening import opened
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import parameters
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import tree
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def listing(request: Request) -> HttpResponse:
    """The house's patients whose visit is open, with what is due, late or waiting for a check."""
    actor = request.actor
    _reading(request)
    form = WardForm(request.GET)
    now = timezone.now()
    visits = Encounter.objects.visible_to(actor)
    tab = "all" if request.GET.get("tab") == "all" else "ward"
    here = visits.filter(organisation_id=actor.org_id, ended_at=None, voided_at=None)
    if tab == "ward":
        here = here.filter(kind=Encounter.Kind.INPATIENT)
    else:
        here = here.filter(~Q(kind=Encounter.Kind.INPATIENT), orders__isnull=False).distinct()
    if form.is_valid() and form.cleaned_data["q"].strip():
        here = here.filter(person__name__startswith=form.cleaned_data["q"].strip())
    waiting = Q(orders__executions__state=Done.DUE, orders__executions__voided_at=None)
    late = now - parameters.duration("orders.late_minutes")
    here = (
        here.select_related("person")
        .annotate(
            due=Count(
                "orders__executions",
                filter=waiting & Q(orders__executions__due_at__lte=now + _soon()),
                distinct=True,
            ),
            late=Count(
                "orders__executions",
                filter=waiting & Q(orders__executions__due_at__lt=late),
                distinct=True,
            ),
            next_at=Min("orders__executions__due_at", filter=waiting),
            to_check=Count(
                "orders",
                filter=Q(orders__state__in=[State.TO_CHECK, State.STOPPED]),
                distinct=True,
            ),
            drafts=Count(
                "orders",
                filter=Q(orders__state__in=[State.DRAFT, State.SENT_BACK]),
                distinct=True,
            ),
            in_review=Count("orders", filter=Q(orders__state=State.REVIEW), distinct=True),
        )
        .annotate(
            ward=bed_of_visit("bed__ward__name"),
            bed=bed_of_visit("bed__number"),
            place=bed_of_visit("bed__place"),
        )
        # As one walks: ward by ward, bed by bed; who lies in none comes last.
        .order_by(F("ward").asc(nulls_last=True), "place", "bed", "department", "started_at", "id")
    )
    return page(
        request,
        "orders/ward.html",
        part="list",
        filters=form,
        pager=paginate(request, here, parameters.get("paging.page_size")),
        tabs=[
            {"label": _("住院"), "url": "?tab=ward", "count": None, "active": tab == "ward"},
            {"label": _("门诊及其他"), "url": "?tab=all", "count": None, "active": tab == "all"},
        ],
        grace=parameters.duration("orders.late_minutes"),
        may_round=actor.may(permissions.GIVE.code),
        may_review=actor.may(permissions.REVIEW.code),
        live=60,
    )


def _reading(request: Request) -> None:
    if not request.actor.may(permissions.READ.code):
        raise Forbidden(_("当前岗位不能查阅医嘱。"))


def _soon() -> timedelta:
    """How far ahead something may already be done."""
    span: timedelta = parameters.duration("orders.early_minutes")
    return span


@require_GET
def rounds(request: Request) -> HttpResponse:
    """What is due now in the house, by patient or by time; a tap notes it as done."""
    actor = request.actor
    if not actor.may(permissions.GIVE.code):
        raise Forbidden(_("当前岗位不能执行医嘱。"))
    by_time = request.GET.get("by") == "time"
    # The rest of the shift is shown, so that a nurse can prepare it.
    until = timezone.now() + (timedelta(hours=8) if request.GET.get("ahead") else _soon())
    rows = list(
        Execution.objects.visible_to(actor)
        .waiting()
        .before(until)
        .filter(order__organisation_id=actor.org_id)
        .filter(order__state__in=[State.ACTIVE, State.STOPPED])
        .select_related("order", "order__person", "order__encounter")
        .order_by("due_at", "order__person_id", "order__group", "order__place", "id")
    )
    for person in {row.order.person_id: row.order.person for row in rows}.values():
        opened(actor, person)
    beds = bed_labels({row.order.encounter_id for row in rows})
    return page(
        request,
        "orders/round.html",
        part="list",
        groups=_grouped(rows, beds, by_time=by_time),
        by_time=by_time,
        ahead=bool(request.GET.get("ahead")),
        colleagues=colleagues(_house(request), actor.name),
        now=timezone.now(),
        early=timezone.now() + _soon(),
        grace=parameters.duration("orders.late_minutes"),
        total=len(rows),
    )


def _house(request: Request) -> Any:
    return tree.get(request.actor.org_id)


def _grouped(
    rows: list[Execution], beds: dict[UUID, tuple[str, str]], *, by_time: bool
) -> list[dict[str, Any]]:
    """Cards of the round: a patient (or an hour), in it what is given at once in one drip."""
    if not by_time:
        # Bed by bed, as one walks; who lies in none comes last.
        rows.sort(
            key=lambda row: (
                _way(beds.get(row.order.encounter_id)),
                str(row.order.encounter_id),
                row.due_at,
                row.order.place,
            )
        )
    found = []
    key: Any = (lambda row: row.due_at) if by_time else (lambda row: row.order.encounter_id)
    for _key, many in groupby(rows, key=key):
        inside = list(many)
        drips = []
        told: dict[Any, list[Execution]] = {}
        for row in inside:
            told.setdefault(
                (row.order.encounter_id, row.due_at, row.order.group or row.pk), []
            ).append(row)
        for members in told.values():
            first = members[0]
            drips.append(
                {
                    "rows": members,
                    "first": first,
                    "bed": beds.get(first.order.encounter_id, ("", ""))[1],
                    "second": any(row.order.high_alert for row in members),
                    "skin_test": any(row.order.skin_test == SkinTest.REQUIRED for row in members),
                }
            )
        bed = beds.get(inside[0].order.encounter_id, ("", ""))[1]
        found.append({"first": inside[0], "drips": drips, "bed": bed})
    return found


def _way(bed: tuple[str, str] | None) -> tuple[bool, str, int, str]:
    """Where a bed comes on the walk through the wards."""
    if bed is None:
        return True, "", 0, ""
    digits = "".join(sign for sign in bed[1] if sign.isdecimal())
    return False, bed[0], int(digits or 0), bed[1]


@require_POST
def give(request: Request) -> HttpResponse:
    """Note what one tap of the round says: everything in one drip, done now."""
    actor = request.actor
    back = reverse("orders:round") + ("?by=time" if request.GET.get("by") == "time" else "")
    asked = set(_ids(request.POST.getlist("execution")))
    rows = list(
        Execution.objects.visible_to(actor)
        .filter(pk__in=asked)
        .select_related("order", "order__person", "order__encounter")
    )
    if not rows or len(rows) != len(asked):
        messages.error(request, _("没有找到要执行的医嘱，请刷新后再试。"))
        return redirect(back)
    try:
        actions.give_all(rows, by=actor, second=request.POST.get("second", ""))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            _("%(person)s：%(orders)s 已执行。")
            % {
                "person": rows[0].order.person.name,
                "orders": _("、").join(str(row.order) for row in rows),
            },
        )
    return redirect(back)


def _ids(sent: list[str]) -> list[UUID]:
    """What was sent, if all of it are ids."""
    try:
        return [UUID(each) for each in sent]
    except ValueError:
        return []
