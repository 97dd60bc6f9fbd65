"""Where a patient could go, beside the form that is being written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xinglin.clinical.referral import permissions
from xinglin.clinical.referral.destinations.finding import Destination, find
from xinglin.clinical.referral.destinations.wanted import Wanted, of_referral
from xinglin.clinical.referral.models import Kind, Referral, Urgency
from xinglin.clinical.referral.rules import way_of_reason
from xinglin.clinical.triage.models import Assessment, Outcome
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden
from xinglin.registry.people.models import Person
from xinglin.ui.requests import Request


@dataclass(frozen=True)
class Shown:
    """A destination of the list, and what choosing it writes into the form."""

    destination: Destination
    fills: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.destination, name)


@require_POST
def destinations(request: Request) -> HttpResponse:
    """The ranked destinations for what the form says now; 204 when the question is the same."""
    actor, told = request.actor, request.POST
    if not (actor.may(permissions.DRAFT.code) or actor.may(permissions.REDIRECT.code)):
        raise Forbidden(_("当前岗位不能填写转诊单。"))
    field = told.get("field", "place")
    prefix = field.removesuffix("place")
    if "referral" in request.GET:
        rows = Referral.objects.visible_to(actor).select_related("person")
        wanted = of_referral(get_object_or_404(rows, pk__in=_known(request.GET["referral"])))
    else:
        wanted = _wanted(actor, told, field, _advice(actor, request.GET.get("advice", "")))
    question = _digest(wanted)
    if told.get(f"{field}-question") == question:
        return HttpResponse(status=204)
    most: int = parameters.get("referral.destination.shown")
    found = find(wanted, most=most)
    return render(
        request,
        "referral/destinations.html",
        {
            "found": found,
            "shown": [Shown(each, _fills(each, prefix)) for each in found.destinations],
            "field": field,
            "chosen": told.get(field, ""),
            "question": question,
            "asked_department": wanted.department,
        },
    )


def _wanted(actor: Actor, told: Any, field: str, advice: Assessment | None) -> Wanted:
    """What a form that is being written asks for; what cannot be read is not asked."""
    urgency, kind = told.get("urgency", ""), told.get("kind", "")
    department = told.get("to_department", "").strip()
    if told.get(field):
        # It was written by the choice: the question is the one that led to it.
        department = told.get(f"{field}-department", department)
    elif advice is not None and department == advice.department_label:
        department = advice.department
    person = Person.objects.visible_to(actor).filter(pk__in=_known(told.get("person", "")))
    return Wanted(
        county_id=actor.county_id,
        from_org_id=actor.org_id,
        urgency=urgency if urgency in Urgency.values else Urgency.ROUTINE,
        kind=kind if kind in Kind.values else Kind.OUTPATIENT,
        sex=person.values_list("sex", flat=True).first() or "",
        diagnosis=told.get("diagnosis_code", "").strip().upper(),
        department=department,
        needs=tuple(advice.needs) if advice else (),
        level=advice.level if advice else "",
        direction=way_of_reason(told.get("reason_code", "")),
    )


def _advice(actor: Actor, asked: str) -> Assessment | None:
    found: Assessment | None = (
        Assessment.objects.visible_to(actor).filter(pk__in=_known(asked)).first()
    )
    # Who goes down is not bound to what a rule asks of the way up.
    return found if found is None or found.chosen != Outcome.DOWN else None


def _digest(wanted: Wanted) -> str:
    return hashlib.blake2s(repr(wanted).encode(), digest_size=8).hexdigest()


def _fills(each: Destination, prefix: str) -> str:
    """Fields with their value and what they show, for the script of the page."""
    return json.dumps(
        {
            f"{prefix}to_org": [str(each.house.pk), str(each.house)],
            f"{prefix}to_department": [each.department, each.department],
        },
        ensure_ascii=False,
    )


def _known(text: str) -> list[UUID]:
    """The id that was sent, none if it is no id."""
    try:
        return [UUID(text)]
    except ValueError:
        return []
