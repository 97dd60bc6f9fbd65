"""The record as it is read and searched by other systems: one line for each kind of fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils import timezone

from xinglin.clinical.privacy.models import grounds_of
from xinglin.clinical.record import permissions
from xinglin.clinical.record.fhir import findings, given, medicines, papers, visits
from xinglin.clinical.record.fhir.findings import LOINC, OURS_OF, UCUM
from xinglin.clinical.record.fhir.setting import ENTERED_IN_ERROR
from xinglin.clinical.record.fhir.visits import ICD9CM3_SYSTEMS, ICD10_SYSTEMS, OUTWARD
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
from xinglin.kernel.access import Actor
from xinglin.kernel.searching import (
    NOTHING,
    Amount,
    Asking,
    Offer,
    Parameter,
    Pointer,
    Span,
    Token,
    coded,
    codes,
    day,
    moment,
    texts,
)

STRUCK = Q(voided_at__isnull=False)
STANDING = Q(voided_at=None)
ICD10_NAMES = dict.fromkeys(ICD10_SYSTEMS, "icd10")
ICD9CM3_NAMES = dict.fromkeys(ICD9CM3_SYSTEMS, "icd9cm3")
PATIENT = ("Patient",)


def of_fact(
    kind: str,
    model: type[Fact],
    write: Callable[[Any], dict[str, Any]],
    *parameters: Parameter,
    needed: tuple[str, ...] = (),
    subject: bool = True,
    encounter: bool = True,
    only: Q | None = None,
) -> Offer:
    """A kind of fact, with the parameters that all share; `only` some of the model's rows."""

    def rows(actor: Actor) -> Any:
        seen = model.objects.visible_to(actor)
        return seen if only is None else seen.filter(only)

    shared: list[Parameter] = [Pointer("patient", "person_id", PATIENT)]
    if subject:
        shared.append(Pointer("subject", "person_id", PATIENT))
    if encounter:
        shared.append(Pointer("encounter", "encounter_id", ("Encounter",)))
    return Offer(
        kind=kind,
        model=model,
        rows=rows,
        write=write,
        parameters=tuple(sorted((*shared, *parameters), key=lambda each: each.name)),
        needed=needed,
        person="person_id",
        verb=permissions.READ.code,
        grounds=grounds_of,
    )


def _visit_number(system: str | None, code: str, asking: Asking) -> Q:
    stay = Q(kind=Encounter.Kind.INPATIENT)
    found = Q(visit_no=code) if code else ~Q(visit_no="")
    if system is None:
        return found
    return {visits.STAY_NO: found & stay, visits.VISIT_NO: found & ~stay}.get(system, NOTHING)


def _over() -> Q:
    return Q(ended_on__isnull=False, ended_on__lt=timezone.localdate())


def _request_status() -> dict[str, Q]:
    return {
        "active": STANDING & ~_over(),
        "completed": STANDING & _over(),
        ENTERED_IN_ERROR: STRUCK,
    }


def _statement_status() -> dict[str, Q]:
    told = _request_status()
    taken = Q(taken=None) | Q(taken=True)
    return told | {"active": told["active"] & taken, "not-taken": told["active"] & ~taken}


def _relations() -> dict[str, Q]:
    """By GB/T 4761, or by the code of HL7, under which several of those may fall."""
    told = {relation: Q(relation=relation) for relation in given.ROLES}
    for relation, role in given.ROLES.items():
        told[role] = told.get(role, NOTHING) | Q(relation=relation)
    return told


def _document(document: Document) -> dict[str, Any]:
    """With the way to its content: here, in the system that told of it, or none if composed."""
    elsewhere = document.data.get("elsewhere", {}).get("url", "")
    return papers.document_to_fhir(
        document, url=f"Binary/{document.pk}" if document.file else elsewhere
    )


def _condition(
    model: type[Fact], write: Callable[[Any], dict[str, Any]], category: str, *more: Parameter
) -> Offer:
    return of_fact(
        "Condition",
        model,
        write,
        codes("category", {category: Q()}, visits.CATEGORY),
        coded("code", "system", "code", ICD10_NAMES),
        codes(
            "verification-status",
            {"confirmed": STANDING, ENTERED_IN_ERROR: STRUCK},
            visits.VERIFIED,
        ),
        *more,
        needed=("clinicalStatus", "verificationStatus", "subject"),
    )


OFFERS: tuple[Offer, ...] = (
    of_fact(
        "Encounter",
        Encounter,
        visits.encounter_to_fhir,
        codes(
            "class",
            {code: Q(kind=kind) for kind, (code, _display) in visits.CLASS.items()},
            visits.ACT,
        ),
        Span("date", "started_at", "ended_at"),
        Token("identifier", _visit_number, empty=Q(visit_no="")),
        Pointer("service-provider", "organisation_id", ("Organization",)),
        codes(
            "status",
            {
                "in-progress": STANDING & Q(ended_at=None),
                "finished": STANDING & Q(ended_at__isnull=False),
                ENTERED_IN_ERROR: STRUCK,
            },
            "http://hl7.org/fhir/encounter-status",
        ),
        needed=("status", "class"),
        encounter=False,
    ),
    _condition(
        Diagnosis,
        visits.condition_to_fhir,
        "encounter-diagnosis",
        codes("clinical-status", {"active": STANDING}, visits.CLINICAL, empty=STRUCK),
        day("recorded-date", "diagnosed_on"),
    ),
    _condition(
        Problem,
        visits.problem_to_fhir,
        "problem-list-item",
        codes(
            "clinical-status",
            {str(each): STANDING & Q(status=each) for each in Problem.Status},
            visits.CLINICAL,
            empty=STRUCK,
        ),
        day("abatement-date", "abated_on"),
        day("onset-date", "onset_on"),
        day("recorded-date", "noted_on"),
    ),
    of_fact(
        "Observation",
        Observation,
        findings.observation_to_fhir,
        codes(
            "category",
            {
                "vital-signs": Q(kind=Observation.Kind.VITAL),
                "laboratory": Q(kind=Observation.Kind.LABORATORY),
                "exam": Q(kind=Observation.Kind.OTHER),
            },
            findings.CATEGORY,
        ),
        coded("code", "system", "code", {LOINC: "loinc"}),
        moment("date", "measured_at"),
        Pointer("performer", "organisation_id", ("Organization",)),
        codes(
            "status",
            {"final": STANDING, ENTERED_IN_ERROR: STRUCK},
            "http://hl7.org/fhir/observation-status",
        ),
        Amount("value-quantity", "value", "unit", UCUM, OURS_OF),
        needed=("status", "code"),
    ),
    of_fact(
        "AllergyIntolerance",
        Allergy,
        findings.allergy_to_fhir,
        codes(
            "clinical-status",
            {str(each): STANDING & Q(status=each) for each in Allergy.Status},
            findings.ALLERGY_CLINICAL,
            empty=STRUCK,
        ),
        coded("code", "system", "code"),
        codes("criticality", {"high": Q(severe=True), "low": Q(severe=False)}),
        day("date", "noted_on"),
        codes(
            "verification-status",
            {"confirmed": STANDING, ENTERED_IN_ERROR: STRUCK},
            findings.ALLERGY_VERIFIED,
        ),
        needed=("clinicalStatus", "verificationStatus", "patient"),
        subject=False,
        encounter=False,
    ),
    of_fact(
        "MedicationRequest",
        Medication,
        medicines.medication_to_fhir,
        Span("authoredon", "started_on", days=True, sort="happened_at"),
        coded("code", "system", "code"),
        codes("intent", {"order": Q()}, "http://hl7.org/fhir/CodeSystem/medicationrequest-intent"),
        codes(
            "status",
            _request_status,
            "http://hl7.org/fhir/CodeSystem/medicationrequest-status",
        ),
        needed=("status", "intent", "medicationCodeableConcept", "subject"),
        only=Q(intent=Medication.Intent.ORDER),
    ),
    of_fact(
        "MedicationStatement",
        Medication,
        medicines.medication_to_fhir,
        coded("code", "system", "code"),
        Pointer("context", "encounter_id", ("Encounter",)),
        Span("effective", "started_on", "ended_on", days=True),
        codes(
            "status",
            _statement_status,
            "http://hl7.org/fhir/CodeSystem/medication-statement-status",
        ),
        needed=("status", "medicationCodeableConcept", "subject"),
        only=Q(intent=Medication.Intent.STATEMENT),
        encounter=False,
    ),
    of_fact(
        "Procedure",
        Procedure,
        given.procedure_to_fhir,
        coded("code", "system", "code", ICD9CM3_NAMES),
        Span("date", "performed_at", "ended_at"),
        codes(
            "status",
            {"completed": STANDING, ENTERED_IN_ERROR: STRUCK},
            "http://hl7.org/fhir/event-status",
        ),
        needed=("status", "subject"),
    ),
    of_fact(
        "Immunization",
        Immunization,
        given.immunization_to_fhir,
        day("date", "given_on"),
        texts("lot-number", "lot"),
        Pointer("performer", "organisation_id", ("Organization",)),
        codes(
            "status",
            {"completed": STANDING, ENTERED_IN_ERROR: STRUCK},
            "http://hl7.org/fhir/event-status",
        ),
        coded("vaccine-code", "system", "code", {OUTWARD["vaccine"]: "vaccine"}),
        needed=("status", "vaccineCode", "patient", "occurrenceDateTime"),
        subject=False,
        encounter=False,
    ),
    of_fact(
        "FamilyMemberHistory",
        FamilyHistory,
        given.family_to_fhir,
        coded(
            "code",
            "system",
            "code",
            {OUTWARD["past-disease"]: "past-disease", **ICD10_NAMES},
        ),
        day("date", "noted_on"),
        codes("relationship", _relations(), given.ROLE, given.RELATION),
        codes(
            "status",
            {"completed": STANDING, ENTERED_IN_ERROR: STRUCK},
            "http://hl7.org/fhir/history-status",
        ),
        needed=("status", "patient", "relationship"),
        subject=False,
        encounter=False,
    ),
    of_fact(
        "DocumentReference",
        Document,
        _document,
        Pointer("custodian", "organisation_id", ("Organization",)),
        moment("date", "filed_at"),
        codes(
            "status",
            {"current": STANDING, ENTERED_IN_ERROR: STRUCK},
            "http://hl7.org/fhir/document-reference-status",
        ),
        needed=("status", "content"),
    ),
)

__all__ = ["OFFERS"]
