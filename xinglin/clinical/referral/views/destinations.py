"""Where a patient could go, beside the form that is being written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xinglin.clinical.referral import permissions
from xinglin.clinical.referral.destinations.finding import Destination, find
from xinglin.clinical.referral.destinations.wanted import Wanted, of_referral
from xinglin.clinical.referral.forms import ReferralForm
from xinglin.clinical.referral.models import Kind, Referral, Urgency
from xinglin.clinical.referral.rules import way_of_reason
from xinglin.clinical.triage.models import Assessment, Outcome
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person
from xinglin.ui.requests import Request

# The fields of a letter that the question is read from.
ASKED = ("person", "urgency", "kind", "to_department", "diagnosis_code", "reason_code")
# So many are seen at once; a telephone has no room for all.
FIRST = 4


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
    if "referral" in request.GET:
        rows = Referral.objects.visible_to(actor).select_related("person")
        wanted = of_referral(get_object_or_404(rows, pk__in=_known(request.GET["referral"])))
    else:
        wanted = _wanted(actor, told, field, _advice(actor, request.GET.get("advice", "")))
    if told.get(f"{field}-question") == _digest(wanted):
        return HttpResponse(status=204)
    return HttpResponse(_listed(wanted, told, field))


def list_in(form: ReferralForm, actor: Actor, advice: str) -> None:
    """Put the list for what a letter says as it comes into its form; `advice` is an id or ""."""
    if "place" not in form.fields:
        return
    values = {name: form[name].value() for name in (*ASKED, "place")}
    told = {name: str(value or "") for name, value in values.items()}
    wanted = _wanted(actor, told, "place", _advice(actor, advice))
    picker: Any = form.fields["place"].widget
    picker.listed = _listed(wanted, told, "place")


def _listed(wanted: Wanted, told: Mapping[str, str], field: str) -> SafeString:
    """The list as it stands in the form, the choice in `told` marked."""
    most: int = parameters.get("referral.destination.shown")
    found = find(wanted, most=most)
    prefix = field.removesuffix("place")
    listed = [Shown(each, _fills(each, prefix)) for each in found.destinations]
    context = {
        "found": found,
        "shown": listed[:FIRST],
        "more": listed[FIRST:],
        "unfold": told.get(field) in [each.place for each in listed[FIRST:]],
        "field": field,
        "chosen": told.get(field, ""),
        "question": _digest(wanted),
        "asked_department": wanted.department,
    }
    return render_to_string("referral/destinations.html", context)


def _wanted(actor: Actor, told: Mapping[str, str], field: str, advice: Assessment | None) -> Wanted:
    """What a form that is being written asks for; what cannot be read is not asked."""
    urgency, kind = told.get("urgency", ""), told.get("kind", "")
    department = told.get("to_department", "").strip()
    if told.get(field):
        # It was written by the choice: the question is the one that led to it.
        department = told.get(f"{field}-department", department)
    elif advice is not None and department == advice.department_label:
        department = advice.department
    person = Person.objects.visible_to(actor).filter(pk__in=_known(told.get("person", "")))
    here = tree.get(actor.org_id)
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
        direction=way_of_reason(told.get("reason_code", ""), here.level) if here else "",
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
