"""`Patient/$match`: who among the registered may be the one that another system has before it."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.gateway.fhir.outcomes import MEDIA_TYPE, answer
from xinglin.gateway.fhir.registry import PATIENT
from xinglin.gateway.fhir.views import base_of, door
from xinglin.gateway.problems import Malformed, TooLarge, WrongMedia
from xinglin.kernel.resources import BadResource, Resource, instant
from xinglin.registry.people import matching, permissions
from xinglin.registry.people.fhir import from_fhir, listed_to_fhir
from xinglin.registry.people.matching import Candidate, Verdict
from xinglin.registry.people.models import Person
from xinglin.ui.paging import LARGEST
from xinglin.ui.requests import Request

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
GRADES = {Verdict.SAME: "certain", Verdict.PERHAPS: "possible"}
# A Patient is no larger.
LARGEST_BODY = 1024 * 1024


@door("POST")
def match(request: Request) -> HttpResponse:
    """The likely ones of the county, the likeliest first; numbers are masked as in a list.

    The body is a Patient, or Parameters with `resource`, `count` and `onlyCertainMatches`.
    """
    actor = request.actor
    permissions.SEARCH.check(actor, Person(county_id=actor.county_id))
    sent, count, certain = _asked(_body(request))
    told = from_fhir(sent, county_id=actor.county_id)
    found = [
        each
        for each in matching.find(told.person, told.identifiers)
        if not certain or each.verdict is Verdict.SAME
    ]
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": instant(timezone.now())},
        "type": "searchset",
        "total": len(found),
    }
    if found:
        bundle["entry"] = [_entry(base_of(request), each) for each in found[:count]]
    return answer(bundle)


def _entry(base: str, found: Candidate) -> dict[str, Any]:
    return {
        "fullUrl": f"{base}{PATIENT}/{found.person.pk}",
        "resource": listed_to_fhir(found.person),
        "search": {
            "extension": [{"url": GRADE, "valueCode": GRADES[found.verdict]}],
            "mode": "match",
            "score": round(found.score.probability, 6),
        },
    }


def _body(request: Request) -> Any:
    if request.content_type not in (MEDIA_TYPE, "application/json"):
        raise WrongMedia(_("请用 %(media)s 发送。") % {"media": MEDIA_TYPE})
    if len(request.body) > LARGEST_BODY:
        raise TooLarge(_("请求内容超过 %(limit)s MB。") % {"limit": 1})
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Malformed(_("请求内容不是有效的 JSON（UTF-8）。")) from None


def _asked(sent: Any) -> tuple[dict[str, Any], int, bool]:
    """The patient, how many at most, and whether only certain ones are wanted."""
    whole = Resource(sent)
    if whole.text("resourceType") == PATIENT:
        return whole.value, LARGEST, False
    patient, count, certain = Resource({}), LARGEST, False
    for parameter in whole.children("parameter"):
        name = parameter.text("name")
        if name == "resource":
            patient = parameter.child("resource")
        elif name == "count":
            wanted = parameter.number("valueInteger")
            count = max(1, min(int(wanted), LARGEST)) if wanted is not None else LARGEST
        elif name == "onlyCertainMatches":
            certain = parameter.flag("valueBoolean") is True
    if patient.text("resourceType") != PATIENT:
        raise BadResource(_("须含要核对的 Patient 资源。"), field="Parameters.parameter")
    return patient.value, count, certain
