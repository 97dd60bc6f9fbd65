"""Consent, and a line of the trail as AuditEvent, in FHIR R4: how they are written and searched.

A house reads the consents of those whose record is open to it, a resident their own. The trail is
read by the privacy officer, and by residents where it tells who looked at their record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from xinglin.clinical.privacy.models import PARTS, Consent, grounds_of, readings
from xinglin.kernel import clock, trail
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.resources import instant
from xinglin.kernel.searching import (
    NOTHING,
    Asking,
    Offer,
    Pointer,
    Span,
    Token,
    codes,
    moment,
    texts,
)
from xinglin.registry.staff.models import User

CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
CONSENT_CATEGORY = "http://loinc.org"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
AUDIT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
GROUND = "urn:xinglin:read-grounds"
OUTCOME_REFUSED = "4"
# No line has a higher number than the database can count to.
MOST = 2**63 - 1

RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
PART = "urn:xinglin:record-parts"

# Parts of the record as the FHIR resources that carry them; "" where none does.
RESOURCES = {
    "encounter": "Encounter",
    "diagnosis": "Condition",
    "problem": "Condition",
    "observation": "Observation",
    "medication": "MedicationRequest",
    "allergy": "AllergyIntolerance",
    "procedure": "Procedure",
    "immunization": "Immunization",
    "familyhistory": "FamilyMemberHistory",
    "healthcover": "",
    "document": "DocumentReference",
}
SUBJECTS = {
    "people.person": "Patient",
    **{f"record.{part}": kind for part, kind in RESOURCES.items() if kind},
    "referral.referral": "ServiceRequest",
    "orders.execution": "MedicationAdministration",
    "triage.assessment": "GuidanceResponse",
    "privacy.consent": "Consent",
}


def _coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    found = {"system": system, "code": code}
    return {**found, "display": display} if display else found


def consent_to_fhir(consent: Consent) -> dict[str, Any]:
    """A consent: active while it stands, inactive once withdrawn or over."""
    period = {"start": consent.since.isoformat()}
    if consent.until is not None:
        period["end"] = consent.until.isoformat()
    provision: dict[str, Any] = {"type": str(consent.effect), "period": period}
    if consent.house_id is not None:
        provision["actor"] = [
            {
                "role": {"coding": [_coding(PARTICIPATION, "IRCP", "information recipient")]},
                "reference": {"reference": f"Organization/{consent.house_id}"},
            }
        ]
    if consent.part_list:
        kinds = dict.fromkeys(filter(None, (RESOURCES[part] for part in consent.part_list)))
        provision["class"] = [
            *(_coding(RESOURCE_TYPES, kind) for kind in kinds),
            # The house's own words are exact: one type of resource carries several parts.
            *(_coding(PART, part, str(PARTS[part])) for part in consent.part_list),
        ]
    # R4 has no place for what a signer is to the patient; the name says it.
    if consent.relation == Consent.Relation.SELF:
        signed = {"reference": f"Patient/{consent.person_id}", "display": consent.signer}
    else:
        signed = {"display": f"{consent.signer}（{consent.get_relation_display()}）"}
    verification: dict[str, Any] = {
        "verified": True,
        "verifiedWith": signed,
        "verificationDate": instant(consent.created_at),
    }
    found: dict[str, Any] = {
        "resourceType": "Consent",
        "id": str(consent.pk),
        "meta": {"lastUpdated": instant(consent.updated_at)},
        "status": "active" if consent.stands else "inactive",
        "scope": {"coding": [_coding(CONSENT_SCOPE, "patient-privacy", "Privacy Consent")]},
        "category": [{"coding": [_coding(CONSENT_CATEGORY, "59284-0", "Consent Document")]}],
        "patient": {"reference": f"Patient/{consent.person_id}"},
        "dateTime": instant(consent.created_at),
        "performer": [signed],
        "verification": [verification],
        "provision": provision,
    }
    if consent.recorded_at_id is not None:
        found["organization"] = [{"reference": f"Organization/{consent.recorded_at_id}"}]
    return found


def audit_to_fhir(entry: TrailEntry) -> dict[str, Any]:
    """A line of the trail: a reading or a change, done or refused."""
    read = entry.kind != TrailEntry.Kind.CHANGE
    agent: dict[str, Any] = {
        "who": {"identifier": {"value": str(entry.user_id)}, "display": entry.actor_name},
        "requestor": True,
    }
    practitioner = getattr(entry, "practitioner_id", None)
    if practitioner is not None:
        agent["who"]["reference"] = f"Practitioner/{practitioner}"
    if entry.role:
        agent["role"] = [{"text": entry.role}]
    if entry.address:
        agent["network"] = {"address": entry.address, "type": "2"}
    entities: list[dict[str, Any]] = []
    if entry.person_id is not None:
        entities.append(
            {
                "what": {"reference": f"Patient/{entry.person_id}"},
                "type": _coding(
                    "http://terminology.hl7.org/CodeSystem/audit-entity-type", "1", "Person"
                ),
            }
        )
    kind = SUBJECTS.get(entry.subject_type)
    if kind is not None and (kind, entry.subject_id) != ("Patient", entry.person_id):
        entities.append({"what": {"reference": f"{kind}/{entry.subject_id}"}})
    if entry.parts and entities:
        entities[0]["detail"] = [{"type": "parts", "valueString": entry.parts}]
    found: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(UUID(int=entry.pk)),
        "meta": {"lastUpdated": instant(entry.at)},
        "type": _coding(AUDIT_TYPE, "rest", "RESTful Operation"),
        "subtype": [{"code": entry.verb}],
        "action": "R" if read else "U",
        "recorded": instant(entry.at),
        "outcome": OUTCOME_REFUSED if entry.kind == TrailEntry.Kind.REFUSED else "0",
        "agent": [agent, *_house(entry)],
        "source": {"observer": {"display": entry.org_name or "Xinglin"}},
    }
    if entry.basis:
        ground = _coding(GROUND, entry.basis.partition("?")[0])
        found["purposeOfEvent"] = [{"coding": [ground], "text": trail.said(entry.basis)}]
    if entities:
        found["entity"] = entities
    return found


def _house(entry: TrailEntry) -> list[dict[str, Any]]:
    """The house for which the reader acted; residents act for none."""
    if entry.org_id == NONE:
        return []
    who = {"reference": f"Organization/{entry.org_id}", "display": entry.org_name}
    return [{"who": who, "requestor": False}]


# ----------------------------------------------------------------------------------------- offers


def _status() -> dict[str, Q]:
    today = timezone.localdate(clock.now())
    stands = Q(withdrawn_at=None, since__lte=today) & (Q(until=None) | Q(until__gte=today))
    return {"active": stands, "inactive": ~stands}


def _trail(actor: Actor) -> QuerySet[TrailEntry]:
    """The lines that the actor may read, each with the practitioner behind the account."""
    users = User.objects.filter(pk=OuterRef("user_id")).values("practitioner_id")
    return readings(actor).annotate(practitioner_id=Subquery(users[:1]))


@dataclass(frozen=True, eq=False)
class _Either(Pointer):
    """A reference that stands in one of two columns; `other` holds ids of the types `others`."""

    other: str
    others: tuple[str, ...]

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        mine = Pointer(self.name, self.column, tuple(set(self.targets) - set(self.others)))
        theirs = Pointer(self.name, self.other, self.others)
        return mine.one(text, modifier, asking) | theirs.one(text, modifier, asking)


def _account(system: str | None, code: str, asking: Asking) -> Q:
    try:
        return Q(user_id=UUID(code)) if system is None else NOTHING
    except ValueError:
        return NOTHING


def _verb(system: str | None, code: str, asking: Asking) -> Q:
    return Q(verb=code) if system is None else NOTHING


OFFERS: tuple[Offer, ...] = (
    Offer(
        kind="Consent",
        model=Consent,
        rows=Consent.objects.visible_to,
        write=consent_to_fhir,
        parameters=(
            Pointer("actor", "house_id", ("Organization",)),
            codes("category", {"59284-0": Q()}, CONSENT_CATEGORY),
            moment("date", "created_at"),
            Pointer("organization", "recorded_at_id", ("Organization",)),
            Pointer("patient", "person_id", ("Patient",)),
            Span("period", "since", "until", days=True),
            codes("scope", {"patient-privacy": Q()}, CONSENT_SCOPE),
            codes("status", _status, "http://hl7.org/fhir/consent-state-codes"),
        ),
        needed=("status", "scope", "category"),
        person="person_id",
        verb="record.read",
        grounds=grounds_of,
    ),
    Offer(
        kind="AuditEvent",
        model=TrailEntry,
        rows=_trail,
        write=audit_to_fhir,
        parameters=(
            codes("action", {"R": Q()}, "http://hl7.org/fhir/audit-event-action"),
            texts("address", "address"),
            _Either(
                "agent",
                "practitioner_id",
                ("Practitioner", "Organization"),
                "org_id",
                ("Organization",),
            ),
            texts("agent-name", "actor_name"),
            Token("altid", _account),
            moment("date", "at"),
            _Either(
                "entity",
                "subject_id",
                tuple(dict.fromkeys(SUBJECTS.values())),
                "person_id",
                ("Patient",),
            ),
            codes(
                "outcome",
                {
                    "0": Q(kind=TrailEntry.Kind.READ),
                    OUTCOME_REFUSED: Q(kind=TrailEntry.Kind.REFUSED),
                },
                "http://hl7.org/fhir/audit-event-outcome",
            ),
            Pointer("patient", "person_id", ("Patient",)),
            Token("subtype", _verb),
            codes("type", {"rest": Q()}, AUDIT_TYPE),
        ),
        needed=("type", "recorded", "agent", "source"),
        # Lines are numbered; an id is its number, written as one.
        key=lambda key: min(key.int, MOST),
        changed="at",
    ),
)
