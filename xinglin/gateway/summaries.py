"""The patient summary as a document for other systems: by REST, and to be saved by people.

It joins what several apps map to FHIR (the resident, the houses, the record), hence it stands here.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET
from ninja import Router

from xinglin.clinical.privacy.models import open_people, opened
from xinglin.clinical.record.fhir.summary import Summary, document
from xinglin.clinical.record.known import known
from xinglin.clinical.record.lines import Line
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.fhir import to_fhir as house_to_fhir
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.fhir import to_fhir as person_to_fhir
from xinglin.registry.people.models import Person
from xinglin.ui.api import dump
from xinglin.ui.requests import Request

router = Router(tags=["病历"])
FHIR_JSON = "application/fhir+json"


@router.get(
    "/people/{uuid:pk}/summary",
    operation_id="readPersonSummary",
    summary="居民的国际患者摘要（IPS）",
    openapi_extra={
        "responses": {200: {"content": {FHIR_JSON: {"schema": {"type": "object"}}}}},
    },
)
def read(request: Request, pk: UUID) -> HttpResponse:
    """FHIR R4 文档 Bundle：健康问题、过敏、用药，及接种、结果、手术、体征；每次读取都留痕。"""
    return _answer(request, pk, door="REST")


@require_GET
def download(request: Request, pk: UUID) -> HttpResponse:
    """The same document as a file."""
    response = _answer(request, pk)
    response.headers["Content-Disposition"] = 'attachment; filename="patient-summary.json"'
    return response


def _answer(request: Request, pk: UUID, door: str = "") -> HttpResponse:
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    opened(actor, who, parts="summary", door=door)
    return HttpResponse(dump(summary_of(actor, who)), content_type=FHIR_JSON)


def summary_of(actor: Actor, who: Person) -> dict[str, Any]:
    """The document of what the post may read of a person."""
    return document(_gather(actor, who))


def _gather(actor: Actor, who: Person) -> Summary:
    told = known(actor, who.pk)

    def facts(model: Any, lines: list[Line]) -> list[Any]:
        """The facts behind lines, in their order."""
        kind = model._meta.model_name
        order = [line.id for line in lines if line.kind == kind]
        found = model.objects.visible_to(actor).filter(pk__in=order)
        by_id = {fact.pk: fact for fact in found.select_related("organisation", "person")}
        return [by_id[key] for key in order if key in by_id]

    def every(model: Any) -> list[Any]:
        found = model.objects.visible_to(actor).of(who).standing().newest_first()
        return list(found.select_related("organisation", "person"))

    taken = [
        line
        for medicine in told.medicines
        if medicine.taken is not False
        for line in medicine.lines
    ]
    latest = _latest(actor, who)
    summary = Summary(
        patient=person_to_fhir(who, who.identifiers.all()),
        author=house_to_fhir(_house(actor.org_id)),
        houses=(),
        problems=[*facts(Problem, told.problems), *facts(Diagnosis, told.problems)],
        allergies=facts(Allergy, told.allergies),
        medicines=facts(Medication, taken),
        immunizations=every(Immunization),
        procedures=every(Procedure),
        results=[each for each in latest if each.kind != Observation.Kind.VITAL],
        vitals=[each for each in latest if each.kind == Observation.Kind.VITAL],
        past=[*facts(Problem, told.passed), *facts(Diagnosis, told.passed)],
        at=timezone.now(),
    )
    wrote = {fact.organisation_id for found in summary.facts().values() for fact in found}
    wrote |= {who.managed_by_id} if who.managed_by_id else set()
    summary.houses = [house_to_fhir(_house(key)) for key in sorted(wrote, key=str)]
    return summary


def _house(key: UUID) -> Any:
    return tree.get(key)


def _latest(actor: Actor, who: Person) -> list[Observation]:
    """The latest value of everything that was ever measured."""
    found: dict[tuple[str, str], Observation] = {}
    measured = Observation.objects.visible_to(actor).of(who).standing().newest_first()
    for each in measured.select_related("organisation", "person"):
        found.setdefault((each.system, each.code), each)
    return list(found.values())
