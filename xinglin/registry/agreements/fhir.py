"""Agreements as FHIR R4 Contract. Pure mapping: no writes.

Contract and not OrganizationAffiliation: an agreement has more than two parties, a state, a
signed text, duties and a quota, and an affiliation is one pair of organisations with a period.
Who belongs to whom is told by `Organization.partOf` already.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from xinglin.kernel.access import Actor
from xinglin.kernel.resources import concept, instant, reference, slim
from xinglin.kernel.searching import Offer, Pointer, codes, day, numbers
from xinglin.registry.agreements.models import Agreement, Kind, Party, State

NUMBER = "urn:xinglin:agreement-number"
KIND = "urn:xinglin:agreement-kind"
SIDE = "urn:xinglin:agreement-side"
ROLE = "urn:xinglin:agreement-role"
SCOPE = "urn:xinglin:agreement-scope"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
UNITS = "http://unitsofmeasure.org"

STATUS = {
    State.DRAFT: "negotiable",
    State.IN_FORCE: "executed",
    # R4 knows no pause: it is executed, and the legal state says that it rests.
    State.SUSPENDED: "executed",
    State.EXPIRED: "terminated",
    State.ENDED: "terminated",
}


def to_fhir(agreement: Agreement) -> dict[str, Any]:
    """The Contract of an agreement: parties, validity, scope, quota and duties."""
    parties = agreement.in_order
    state = State(agreement.state)
    found: dict[str, Any] = slim(
        {
            "resourceType": "Contract",
            "id": str(agreement.pk),
            "meta": {"lastUpdated": instant(agreement.updated_at)},
            "identifier": [{"system": NUMBER, "value": agreement.number}],
            "status": "cancelled"
            if state is State.ENDED and agreement.signed_on is None
            else STATUS[state],
            "legalState": concept("urn:xinglin:agreement-state", agreement.state, str(state.label)),
            "issued": agreement.signed_on.isoformat() if agreement.signed_on else "",
            "applies": {
                "start": agreement.valid_from.isoformat(),
                "end": min(
                    agreement.valid_until, agreement.ended_on or agreement.valid_until
                ).isoformat(),
            },
            "authority": [reference("Organization", agreement.keeper_id, str(agreement.keeper))],
            "subject": [
                reference("Organization", each.organisation_id, each.name) for each in parties
            ],
            "title": agreement.title,
            "type": concept(KIND, agreement.kind, str(Kind(agreement.kind).label)),
            "term": [_term(agreement, parties)],
            "supportingInfo": [reference("Contract", agreement.follows_id)],
        }
    )
    return found


def _term(agreement: Agreement, parties: list[Party]) -> dict[str, Any]:
    """One term: who is party in which role, about what, how many, and what each side owes."""
    offer = {
        "party": [
            {
                "reference": [reference("Organization", each.organisation_id, each.name)],
                "role": {
                    "coding": [
                        {
                            "system": ROLE,
                            "code": each.role,
                            "display": str(each.get_role_display()),
                        },
                        {
                            "system": SIDE,
                            "code": each.side,
                            "display": str(each.get_side_display()),
                        },
                    ],
                    "text": each.told,
                },
            }
            for each in parties
        ],
        "text": agreement.title,
    }
    scope = [
        *(concept("", "", each) for each in (*agreement.departments, *agreement.services)),
        *({"coding": [{"system": ICD10, "code": each}]} for each in agreement.diagnoses),
    ]
    asset: dict[str, Any] = {
        "scope": concept(SCOPE, agreement.kind, str(agreement.get_kind_display())),
        "subtype": scope,
    }
    if agreement.quota is not None:
        unit = "/mo" if agreement.quota_by == "month" else "/a"
        asset["valuedItem"] = [
            {
                "entityCodeableConcept": concept(KIND, agreement.kind),
                "quantity": {"value": agreement.quota, "system": UNITS, "code": unit},
            }
        ]
    duties = [("1", text) for text in agreement.first_duties]
    duties += [("2", text) for text in agreement.second_duties]
    measured = (
        ("answer-hours", agreement.answer_hours, "h"),
        ("reserved-percent", agreement.reserved_percent, "%"),
        ("visits-per-month", agreement.visits_per_month, "/mo"),
    )
    return {
        "applies": {
            "start": agreement.valid_from.isoformat(),
            "end": agreement.valid_until.isoformat(),
        },
        "offer": offer,
        "asset": [asset],
        "group": [
            {
                "type": concept(SIDE, side),
                "offer": {"text": text},
            }
            for side, text in duties
        ]
        + [
            {
                "type": concept("urn:xinglin:agreement-duty", name),
                "offer": {
                    "answer": [{"valueQuantity": {"value": value, "system": UNITS, "code": unit}}]
                },
            }
            for name, value, unit in measured
            if value is not None
        ],
    }


def _rows(actor: Actor) -> Any:
    return Agreement.objects.visible_to(actor).prefetch_related("parties")


_DROPPED = Q(state=State.ENDED, signed_on=None)
OFFERS = (
    Offer(
        kind="Contract",
        model=Agreement,
        rows=_rows,
        write=to_fhir,
        needed=("status",),
        parameters=(
            Pointer("authority", "keeper_id", ("Organization",)),
            numbers("identifier", {NUMBER: "number"}),
            day("issued", "signed_on"),
            codes(
                "status",
                {
                    "negotiable": Q(state=State.DRAFT),
                    "executed": Q(state__in=[State.IN_FORCE, State.SUSPENDED]),
                    "terminated": Q(state__in=[State.EXPIRED, State.ENDED]) & ~_DROPPED,
                    "cancelled": _DROPPED,
                },
            ),
        ),
    ),
)
