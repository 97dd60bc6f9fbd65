"""All kinds of facts together: a life, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Value

from xinglin.clinical.record.models.facts import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FactQuerySet,
    Medication,
    Observation,
)
from xinglin.clinical.record.models.given import Immunization, Procedure
from xinglin.clinical.record.models.history import FamilyHistory, HealthCover, Problem
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

FACTS: tuple[type[Fact], ...] = (
    Encounter,
    Problem,
    Diagnosis,
    Observation,
    Allergy,
    Medication,
    Procedure,
    Immunization,
    FamilyHistory,
    HealthCover,
    Document,
)
KINDS: dict[str, type[Fact]] = {str(model._meta.model_name): model for model in FACTS}


def timeline(
    actor: Actor,
    person: Person,
    kinds: Iterable[str] = (),
    *,
    house: Organisation | None = None,
    voided: bool = False,
) -> models.QuerySet[Any]:
    """Everything that happened to a person: rows of id, house, moment and kind, newest first.

    One query over all kinds, so that a page of it costs the same however long the life was.
    """
    parts = []
    for kind in kinds or KINDS:
        rows = FactQuerySet(KINDS[kind]).visible_to(actor).of(person)
        rows = rows.filter(organisation=house) if house else rows
        parts.append(
            (rows if voided else rows.standing())
            .order_by()
            .annotate(what=Value(kind, output_field=models.CharField()))
            .values("id", "organisation_id", "happened_at", "what")
        )
    first, *others = parts
    found: models.QuerySet[Any] = first.union(*others, all=True) if others else first
    return found.order_by("-happened_at", "-id")


def life(actor: Actor, rows: Iterable[dict[str, Any]]) -> list[Fact]:
    """The facts that rows of the timeline stand for, in their order."""
    wanted: dict[str, list[UUID]] = {}
    for row in rows:
        wanted.setdefault(row["what"], []).append(row["id"])
    known: dict[UUID, Fact] = {}
    for kind, ids in wanted.items():
        facts = FactQuerySet(KINDS[kind]).visible_to(actor).filter(pk__in=ids)
        known |= {fact.pk: fact for fact in facts.select_related("organisation", "person")}
    return [known[row["id"]] for row in rows if row["id"] in known]
