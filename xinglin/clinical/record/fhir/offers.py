"""The record as it is read and searched by other systems: one line for each kind of fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record import permissions
from xinglin.clinical.record.fhir import findings, visits
from xinglin.clinical.record.fhir.findings import LOINC, OURS_OF, UCUM
from xinglin.clinical.record.fhir.setting import ENTERED_IN_ERROR
from xinglin.clinical.record.fhir.visits import ICD10_SYSTEMS
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    Medication,
    Observation,
    ground,
    grounds,
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
)
from xinglin.registry.people.models import Person

STRUCK = Q(voided_at__isnull=False)
STANDING = Q(voided_at=None)
ICD10_NAMES = dict.fromkeys(ICD10_SYSTEMS, "icd10")
PATIENT = ("Patient",)


def grounds_of(actor: Actor, facts: Sequence[Any]) -> Mapping[UUID, str]:
    """Why the post may read each of the residents whom these facts are about."""
    people: dict[UUID, Person] = {}
    for fact in facts:
        # All that the trail asks of the person: what one sees is of one's own county.
        who = people.setdefault(
            fact.person_id, Person(pk=fact.person_id, county_id=actor.county_id)
        )
        if not type(fact).person.is_cached(fact):
            fact.person = who
    told = grounds(actor, people) if len(people) > 1 else {}
    return {
        key: told.get(key) or ground(actor, who) or _("本机构书写的内容")
        for key, who in people.items()
    }


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


def _medication_status() -> dict[str, Q]:
    over = Q(ended_on__isnull=False, ended_on__lt=timezone.localdate())
    return {
        "active": STANDING & ~over,
        "completed": STANDING & over,
        ENTERED_IN_ERROR: STRUCK,
    }


def _condition(model: type[Fact], category: Token, clinical: Token, *more: Parameter) -> Offer:
    return of_fact(
        "Condition",
        model,
        visits.condition_to_fhir,
        category,
        clinical,
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
        codes(
            "category",
            {"encounter-diagnosis": Q(main=True), "problem-list-item": Q(main=False)},
            visits.CATEGORY,
        ),
        codes("clinical-status", {"active": STANDING}, visits.CLINICAL, empty=STRUCK),
        day("recorded-date", "diagnosed_on"),
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
        findings.medication_to_fhir,
        day("authoredon", "started_on"),
        coded("code", "system", "code"),
        codes("intent", {"order": Q()}, "http://hl7.org/fhir/CodeSystem/medicationrequest-intent"),
        codes(
            "status",
            _medication_status,
            "http://hl7.org/fhir/CodeSystem/medicationrequest-status",
        ),
        needed=("status", "intent", "medicationCodeableConcept", "subject"),
        only=Q(intent=Medication.Intent.ORDER),
    ),
    of_fact(
        "DocumentReference",
        Document,
        lambda document: findings.document_to_fhir(document, url=f"Binary/{document.pk}"),
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

__all__ = ["OFFERS", "grounds_of", "of_fact"]
