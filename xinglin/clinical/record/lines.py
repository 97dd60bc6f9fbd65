"""Facts of all kinds as plain lines of one shape, so that one query reads them together.

Ten models read one by one are ten queries and several thousand objects; the page of a person has
eleven queries in all. Each kind says here which of its columns stand in which place of a line.
Queries that every opening of the page asks are compiled once for a post (`kernel.prepared`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast

from xinglin.clinical.privacy import models as privacy
from xinglin.clinical.record.models import (
    KINDS,
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    FactQuerySet,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.access import Actor


def actor_key(actor: Actor) -> tuple[Any, ...]:
    """What the text of a query depends on."""
    reach = actor.org_id, actor.county_id, actor.codes, actor.reach, actor.scope
    return actor.user_id, actor.person_id, actor.post_id, *reach


class Line(NamedTuple):
    """One fact. What `more`, `flag`, `mark` and the numbers mean is in `PLACES`."""

    kind: str
    id: UUID
    organisation_id: UUID
    author: str
    at: datetime
    visit_id: UUID | None
    voided_at: datetime | None
    voided_by: str
    void_reason: str
    title: str
    detail: str
    more: str
    system: str
    code: str
    unit: str
    flag: str
    mark: bool | None
    number: Decimal | None
    low: Decimal | None
    high: Decimal | None
    until_at: datetime | None
    until_on: date | None


TEXT = models.CharField()
NUMBER = models.DecimalField(max_digits=14, decimal_places=4)
TYPES: dict[str, models.Field[Any, Any]] = {
    **dict.fromkeys(("title", "detail", "more", "system", "code", "unit", "flag"), TEXT),
    "mark": models.BooleanField(null=True),
    **dict.fromkeys(("number", "low", "high"), NUMBER),
    "until_at": models.DateTimeField(),
    "until_on": models.DateField(),
}
# Which column of a kind stands in which place of a line; a place without one is empty.
PLACES: dict[type[models.Model], dict[str, str]] = {
    Encounter: {
        "title": "kind",
        "detail": "complaint",
        "more": "treatment",
        "code": "department",
        "flag": "visit_no",
        "until_at": "ended_at",
    },
    Problem: {
        "title": "name",
        "detail": "note",
        "system": "system",
        "code": "code",
        "flag": "status",
        "until_on": "abated_on",
    },
    Diagnosis: {"title": "name", "system": "system", "code": "code", "mark": "main"},
    Observation: {
        "title": "name",
        "detail": "text",
        "more": "kind",
        "system": "system",
        "code": "code",
        "unit": "unit",
        "flag": "interpretation",
        "number": "value",
        "low": "reference_low",
        "high": "reference_high",
    },
    Allergy: {
        "title": "substance",
        "detail": "reaction",
        "system": "system",
        "code": "code",
        "flag": "status",
        "mark": "severe",
    },
    Medication: {
        "title": "name",
        "detail": "dose",
        "more": "frequency",
        "system": "system",
        "code": "code",
        "unit": "route",
        "flag": "intent",
        "mark": "taken",
        "until_on": "ended_on",
    },
    Procedure: {"title": "name", "detail": "note", "system": "system", "code": "code"},
    Immunization: {
        "title": "name",
        "detail": "lot",
        "more": "manufacturer",
        "system": "system",
        "code": "code",
        "number": "dose_number",
        "until_on": "next_due_on",
    },
    FamilyHistory: {"title": "name", "detail": "note", "code": "code", "flag": "relation"},
    HealthCover: {"title": "number", "detail": "doctor"},
    Document: {"title": "title", "detail": "media_type", "flag": "kind"},
}
COLUMNS = (
    *("line_kind", "id", "organisation_id", "author", "happened_at", "line_visit"),
    *("voided_at", "voided_by", "void_reason"),
    *(f"line_{place}" for place in TYPES),
)
OF_VISIT = frozenset(
    name for name, model in KINDS.items() if any(f.name == "encounter" for f in model._meta.fields)
)


def rows(kind: str, actor: Actor) -> FactQuerySet:
    """The facts of one kind that the post may read."""
    return FactQuerySet(KINDS[kind]).visible_to(actor)


def written(kind: str, facts: models.QuerySet[Any], label: str = "") -> models.QuerySet[Any]:
    """Facts of one kind as lines; `label` stands for the kind where a query tells parts apart."""
    places = PLACES[KINDS[kind]]
    columns: dict[str, Any] = {
        "line_kind": Value(label or kind, output_field=TEXT),
        "line_visit": F("encounter_id")
        if kind in OF_VISIT
        else F("pk")
        if kind == "encounter"
        else Cast(Value(None), models.UUIDField()),
    }
    for place, field in TYPES.items():
        columns[f"line_{place}"] = column(places.get(place, ""), field)
    found: models.QuerySet[Any, Any] = facts.order_by().annotate(**columns).values_list(*COLUMNS)
    return found


def column(name: str, field: models.Field[Any, Any]) -> Any:
    """What stands in a place: the column of this name, else nothing, of the place's type."""
    if not name:
        return Value("", output_field=TEXT) if field is TEXT else Cast(Value(None), field)
    return Cast(F(name), NUMBER) if field is NUMBER else F(name)


def together(parts: Sequence[models.QuerySet[Any]]) -> models.QuerySet[Any]:
    """Rows of several kinds, in one shape, in one query."""
    first, *others = parts
    found: models.QuerySet[Any] = first.union(*others, all=True) if others else first
    return found


def lines(found: Iterable[Sequence[Any]]) -> list[Line]:
    """Rows of such a query as lines."""
    return [Line._make(row) for row in found]


# ------------------------------------------------------------------------------- the timeline


class Asked(NamedTuple):
    """What the timeline is narrowed by; `before` is where the last page ended."""

    kinds: tuple[str, ...] = ()
    house: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    voided: bool = False
    before: tuple[datetime, UUID] | None = None


EVERYTHING = Asked()


def heads(actor: Actor, person_id: UUID, asked: Asked = EVERYTHING) -> models.QuerySet[Any]:
    """What the timeline is a list of: visits and stays, and facts that belong to none."""
    parts = []
    for kind in KINDS:
        found = _asked(rows(kind, actor).filter(person_id=person_id), asked)
        if kind == "encounter":
            parts.append(written(kind, _holding(found, actor, asked)))
        elif not asked.kinds or kind in asked.kinds:
            if asked.house:
                found = found.filter(organisation_id=asked.house)
            parts.append(written(kind, found.filter(encounter=None) if kind in OF_VISIT else found))
    return together(parts).order_by("-happened_at", "-id")


def _asked(found: FactQuerySet, asked: Asked) -> FactQuerySet:
    if not asked.voided:
        found = found.standing()
    if asked.since:
        late = Q(happened_at__gte=asked.since)
        if found.model is Encounter:
            # A stay that reaches into the period belongs to it.
            late |= Q(ended_at__gte=asked.since) | Q(ended_at=None)
        found = found.filter(late)
    if asked.until:
        found = found.filter(happened_at__lt=asked.until)
    if asked.before:
        at, last = asked.before
        found = found.filter(Q(happened_at__lt=at) | Q(happened_at=at, id__lt=last))
    return found


def _holding(visits: FactQuerySet, actor: Actor, asked: Asked) -> FactQuerySet:
    """Visits that are, or hold, what is asked for."""
    if asked.kinds and "encounter" not in asked.kinds or asked.house:
        wanted = Q()
        if asked.house and (not asked.kinds or "encounter" in asked.kinds):
            wanted |= Q(organisation_id=asked.house)
        for kind in OF_VISIT:
            if asked.kinds and kind not in asked.kinds:
                continue
            inside = rows(kind, actor).filter(encounter_id=OuterRef("pk"))
            if not asked.voided:
                inside = inside.standing()
            if asked.house:
                inside = inside.filter(organisation_id=asked.house)
            wanted |= Q(Exists(inside))
        visits = visits.filter(wanted)
    return visits


def members(
    actor: Actor,
    person_id: UUID,
    visits: Iterable[UUID] | None = None,
    asked: Asked = EVERYTHING,
) -> models.QuerySet[Any]:
    """The facts in these visits, or in all."""
    inside = Q(encounter__isnull=False) if visits is None else Q(encounter_id__in=list(visits))
    parts = []
    for kind in sorted(OF_VISIT):
        if asked.kinds and kind not in asked.kinds and asked.kinds != ("encounter",):
            continue
        found = rows(kind, actor).filter(inside, person_id=person_id)
        parts.append(written(kind, found if asked.voided else found.standing()))
    return together(parts)


# Stands for the kind of what lies behind the door of a sensitive domain: of which kind it is, and
# of which house, is not told; its number alone says that there is more.
HIDDEN = "hidden"


def counts(actor: Actor, person_id: UUID) -> models.QuerySet[Any]:
    """How much each house wrote of each kind: (kind, house, facts, of them in no visit).

    What the post may not read of it is counted under the kind `HIDDEN`.
    """
    parts = []
    for kind, model in KINDS.items():
        alone = Q(encounter=None) if kind in OF_VISIT else Q()
        parts.append(_count(rows(kind, actor).filter(person_id=person_id), kind, alone))
        behind = FactQuerySet(model).filter(person_id=person_id).exclude(domain="")
        parts.append(_count(behind.exclude(privacy.seen(actor, kind)), HIDDEN, Q()))
    return together(parts)


def _count(facts: FactQuerySet, kind: str, alone: Q) -> models.QuerySet[Any]:
    found: models.QuerySet[Any, Any] = (
        facts.standing()
        .order_by()
        .values("organisation_id")
        .annotate(
            line_kind=Value(kind, output_field=TEXT),
            facts=Count("pk"),
            alone=Count("pk", filter=alone) if alone else Count("pk"),
        )
        .values_list("line_kind", "organisation_id", "facts", "alone")
    )
    return found
