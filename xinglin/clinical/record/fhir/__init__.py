"""The record as FHIR R4: what happened in it out, what other systems tell in. Pure mapping.

    to_fhir(fact)                    one resource
    from_fhir(sent, setting)         the facts of one resource, not stored, not yet checked

One resource may hold several facts (a blood-pressure panel) or none (a planned visit, a
cancelled order): `from_fhir` answers with a list. Foreign code systems are kept as sent, with
their display; only ICD-10, ICD-9-CM-3 and LOINC become the house's own. A health record's cover
has no resource of its own: its number is an identifier of the Patient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xinglin.clinical.record.fhir import findings, given, medicines, papers, visits
from xinglin.clinical.record.fhir.findings import ALLERGY_VERIFIED, blood_pressure_to_fhir
from xinglin.clinical.record.fhir.setting import ENTERED_IN_ERROR, References, Setting, references
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FamilyHistory,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.resources import Resource

WRITERS: dict[type[Fact], Callable[[Any], dict[str, Any]]] = {
    Encounter: visits.encounter_to_fhir,
    Diagnosis: visits.condition_to_fhir,
    Problem: visits.problem_to_fhir,
    Observation: findings.observation_to_fhir,
    Allergy: findings.allergy_to_fhir,
    Medication: medicines.medication_to_fhir,
    Procedure: given.procedure_to_fhir,
    Immunization: given.immunization_to_fhir,
    FamilyHistory: given.family_to_fhir,
    Document: papers.document_to_fhir,
}
READERS: dict[str, Callable[[Any, Setting], list[Fact]]] = {
    "Encounter": visits.encounter_from_fhir,
    "Condition": visits.condition_from_fhir,
    "Observation": findings.observation_from_fhir,
    "AllergyIntolerance": findings.allergy_from_fhir,
    "MedicationRequest": medicines.medication_from_fhir,
    "MedicationStatement": medicines.medication_from_fhir,
    "Procedure": given.procedure_from_fhir,
    "Immunization": given.immunization_from_fhir,
    "FamilyMemberHistory": given.family_from_fhir,
    "DocumentReference": papers.document_from_fhir,
}


def to_fhir(fact: Fact) -> dict[str, Any]:
    """The resource of a fact."""
    return WRITERS[type(fact)](fact)


def is_entered_in_error(sent: dict[str, Any]) -> bool:
    """Whether its sender takes a resource back."""
    if sent.get("status") == ENTERED_IN_ERROR:
        return True
    verified = Resource(sent).code_in("verificationStatus", visits.VERIFIED, ALLERGY_VERIFIED)
    return verified == ENTERED_IN_ERROR


def from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The facts that a resource tells; KeyError for a kind that the record does not keep."""
    return READERS[sent["resourceType"]](sent, setting)


__all__ = [
    "ENTERED_IN_ERROR",
    "READERS",
    "References",
    "Setting",
    "blood_pressure_to_fhir",
    "from_fhir",
    "is_entered_in_error",
    "references",
    "to_fhir",
]
