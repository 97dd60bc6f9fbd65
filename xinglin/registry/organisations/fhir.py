"""Houses as FHIR R4 Organization. Pure mapping: no queries, no writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.kernel.access import Actor
from xinglin.kernel.resources import Resource, concept, instant, reference, slim
from xinglin.kernel.searching import NOTHING, Asking, Offer, Pointer, Token, codes, numbers, texts
from xinglin.registry.organisations.models import Level, Organisation

# 医疗卫生机构（组织）代码 as WS/T 500 writes it, and the numbers that have no OID of their own.
CODE = "urn:oid:2.16.156.10011.1.5"
CREDIT = "urn:xinglin:credit-code"
INSURANCE = "urn:xinglin:insurance-organisation"
LEVEL = "urn:xinglin:organisation-level"
CLASS = "urn:xinglin:organisation-class"


def to_fhir(organisation: Organisation) -> dict[str, Any]:
    """The Organization resource of a house."""
    numbers = (
        (CODE, organisation.code),
        (CREDIT, organisation.credit_code),
        (INSURANCE, organisation.insurance_code),
    )
    found: dict[str, Any] = slim(
        {
            "resourceType": "Organization",
            "id": str(organisation.pk),
            "meta": {"lastUpdated": instant(organisation.updated_at)},
            "identifier": [{"system": s, "value": v} for s, v in numbers if v],
            "type": [
                concept(LEVEL, organisation.level, str(organisation.get_level_display())),
                concept(CLASS, organisation.org_class) if organisation.org_class else {},
            ],
            "name": organisation.name,
            "alias": [organisation.short_name],
            "telecom": [{"system": "phone", "value": organisation.phone}]
            if organisation.phone
            else [],
            "address": [{"text": organisation.address}] if organisation.address else [],
            "partOf": reference("Organization", organisation.parent_id),
        }
    )
    found["active"] = organisation.closed_on is None
    return found


@dataclass
class Incoming:
    """A house as another system tells it; `level` may be unknown, `part_of` is not resolved."""

    organisation: Organisation
    part_of: str


def from_fhir(sent: dict[str, Any]) -> Incoming:
    """The house of an Organization resource."""
    resource = Resource(sent)
    found = Organisation(name=resource.needed("name", limit=70))
    for number in resource.children("identifier"):
        system, value = number.text("system"), number.text("value")
        if system == CODE:
            found.code = number.needed("value", limit=22)
        elif system == CREDIT:
            found.credit_code = number.needed("value", limit=18)
        elif system == INSURANCE:
            found.insurance_code = number.needed("value", limit=12)
        elif not found.code and value and len(value) <= 22:
            found.code = value
    for kind in resource.children("type"):
        for coding in kind.children("coding"):
            if coding.text("system") == LEVEL:
                found.level = coding.needed("code")
                if found.level not in Level.values:
                    coding.refuse(
                        "code", _("没有“%(code)s”这一层级。") % {"code": found.level[:20]}
                    )
            elif coding.text("system") == CLASS:
                found.org_class = coding.text("code", limit=4)
    found.short_name = next(iter(resource.texts("alias")), "")[:30]
    found.phone = resource.first("telecom").text("value", limit=20)
    found.address = resource.first("address").text("text", limit=200)
    return Incoming(found, resource.reference("partOf"))


def _of_type(system: str | None, code: str, asking: Asking) -> Q:
    """Both its level and its class are types of an organisation."""
    found = NOTHING
    for each, column in ((LEVEL, "level"), (CLASS, "org_class")):
        if system is None or system == each:
            found |= Q(**{column: code}) if code else ~Q(**{column: ""})
    return found


def _rows(actor: Actor) -> Any:
    return Organisation.objects.visible_to(actor)


OFFERS = (
    Offer(
        kind="Organization",
        model=Organisation,
        rows=_rows,
        write=to_fhir,
        needed=("active", "name"),
        parameters=(
            codes("active", {"true": Q(closed_on=None), "false": Q(closed_on__isnull=False)}),
            texts("address", "address"),
            numbers(
                "identifier",
                {CODE: "code", CREDIT: "credit_code", INSURANCE: "insurance_code"},
            ),
            texts("name", "name", "short_name"),
            Pointer("partof", "parent_id", ("Organization",)),
            Token("type", _of_type),
        ),
    ),
)
