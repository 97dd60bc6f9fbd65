"""Reading an encounter. Every reading is traced."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import opened
from xinglin.clinical.record import beside, permissions
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.access import Actor
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_GET
def encounter(request: Request, pk: UUID) -> HttpResponse:
    """One visit or stay and what was found, given and filed in it."""
    actor = request.actor
    visit = get_object_or_404(
        Encounter.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    opened(actor, visit)
    may_write = visit.voided_at is None and permissions.WRITE.allows(actor, visit)

    def facts(model: type[Fact]) -> list[dict[str, Any]]:
        rows = model.objects.visible_to(actor).filter(encounter=visit)
        return [
            {
                "fact": fact,
                "kind": fact._meta.model_name,
                "may_void": fact.voided_at is None and permissions.VOID.allows(actor, fact),
                "may_correct": not isinstance(fact, Document)
                and fact.voided_at is None
                and permissions.VOID.allows(actor, fact),
            }
            for fact in rows.select_related("organisation", "person").order_by("happened_at", "id")
        ]

    return page(
        request,
        "record/encounter.html",
        encounter=visit,
        person=visit.person,
        allergies=allergies_of(actor, visit.person),
        diagnoses=facts(Diagnosis),
        observations=facts(Observation),
        allergy_facts=facts(Allergy),
        medications=facts(Medication),
        problems=facts(Problem),
        procedures=facts(Procedure),
        immunizations=facts(Immunization),
        documents=facts(Document),
        beside=beside.shown(actor, visit),
        stay=visit.kind == Encounter.Kind.INPATIENT and visit.ended_at is not None,
        ended={
            "discharge_way": _named("discharge-way", visit.discharge_way),
            "outcome": _named("outcome", visit.outcome),
        },
        may_write=may_write,
        may_file=visit.voided_at is None and permissions.FILE.allows(actor, visit),
        may_describe=may_write and visit.ended_at is None,
        may_void=visit.voided_at is None and permissions.VOID.allows(actor, visit),
    )


def _named(system: str, code: str) -> str:
    concept = terminology.find(system, code) if code else None
    return concept.label if concept else code


def allergies_of(actor: Actor, who: Person) -> list[Allergy]:
    """What must not be given, the severe first."""
    known = Allergy.objects.visible_to(actor).of(who).standing()
    return list(known.filter(status=Allergy.Status.ACTIVE).order_by("-severe", "-happened_at"))
