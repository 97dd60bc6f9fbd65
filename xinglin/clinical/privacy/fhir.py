"""FHIR R4 mappings of what this app keeps: Consent, and a line of the trail as AuditEvent."""

from __future__ import annotations

from typing import Any

from xinglin.clinical.privacy.models import Consent
from xinglin.kernel.models import TrailEntry

CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
CONSENT_CATEGORY = "http://loinc.org"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
AUDIT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
OUTCOME_REFUSED = "4"

# Parts of the record as the FHIR resources that carry them.
RESOURCES = {
    "encounter": "Encounter",
    "diagnosis": "Condition",
    "observation": "Observation",
    "medication": "MedicationRequest",
    "allergy": "AllergyIntolerance",
    "document": "DocumentReference",
}
SUBJECTS = {
    "people.person": "Patient",
    "record.encounter": "Encounter",
    "record.diagnosis": "Condition",
    "record.observation": "Observation",
    "record.medication": "MedicationRequest",
    "record.allergy": "AllergyIntolerance",
    "record.document": "DocumentReference",
    "referral.referral": "ServiceRequest",
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
        provision["class"] = [
            _coding("http://hl7.org/fhir/resource-types", RESOURCES[part])
            for part in consent.part_list
            if part in RESOURCES
        ]
    # R4 has no place for what a signer is to the patient; the name says it.
    if consent.relation == Consent.Relation.SELF:
        signed = {"reference": f"Patient/{consent.person_id}", "display": consent.signer}
    else:
        signed = {"display": f"{consent.signer}（{consent.get_relation_display()}）"}
    verification: dict[str, Any] = {
        "verified": True,
        "verifiedWith": signed,
        "verificationDate": consent.created_at.isoformat(),
    }
    found: dict[str, Any] = {
        "resourceType": "Consent",
        "id": str(consent.pk),
        "status": "active" if consent.stands else "inactive",
        "scope": {"coding": [_coding(CONSENT_SCOPE, "patient-privacy", "Privacy Consent")]},
        "category": [{"coding": [_coding(CONSENT_CATEGORY, "59284-0", "Consent Document")]}],
        "patient": {"reference": f"Patient/{consent.person_id}"},
        "dateTime": consent.created_at.isoformat(),
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
        "id": str(entry.pk),
        "type": _coding(AUDIT_TYPE, "rest", "RESTful Operation"),
        "subtype": [{"code": entry.verb}],
        "action": "R" if read else "U",
        "recorded": entry.at.isoformat(),
        "outcome": OUTCOME_REFUSED if entry.kind == TrailEntry.Kind.REFUSED else "0",
        "agent": [agent],
        "source": {"observer": {"display": entry.org_name or "Xinglin"}},
    }
    if entry.basis:
        found["purposeOfEvent"] = [{"text": entry.basis}]
    if entities:
        found["entity"] = entities
    return found
