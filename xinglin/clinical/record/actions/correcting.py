"""Corrections: a wrong fact is struck out and stays; what another system tells anew is taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from xinglin.clinical.record import permissions
from xinglin.clinical.record.actions import covers
from xinglin.clinical.record.actions.checking import check
from xinglin.clinical.record.actions.writing import F, cared_until, hide_visit, note, run_out
from xinglin.clinical.record.models import (
    FACTS,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FactQuerySet,
    HealthCover,
    Medication,
    Observation,
    OfEncounter,
    Problem,
)
from xinglin.kernel import bulk, clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.people.actions import end_care, link_care_all, number_record
from xinglin.registry.people.models import CareLink


def replace(fact: F, /, *, by: Actor, reason: str, **facts: Any) -> F:
    """Correct a fact: void the wrong one, write the right one, which names what it replaces.

    `facts` are the fields that were wrong; all others are taken over. An encounter, which others
    hang on, and a filed document are not corrected so.
    """
    if isinstance(fact, Encounter | Document):
        raise WrongState(_("该内容不能更正，请作废后重录。"))
    right = type(fact)(
        **{
            field.attname: getattr(fact, field.attname)
            for field in fact._meta.concrete_fields
            if field.name not in _NOT_TAKEN_OVER
        }
    )
    if isinstance(right, Observation):
        _read_anew(right, facts)
    for name in facts:
        for leaning in _SAID_WITH.get(name, ()):
            # Words of the wrong code would outlive it.
            if leaning not in facts and not (leaning == "name" and isinstance(fact, Medication)):
                setattr(right, leaning, None if leaning == "dose_value" else "")
    for name, value in facts.items():
        setattr(right, name, value)
    with transaction.atomic():
        void(fact, by=by, reason=reason)
        right.replaces = fact
        if isinstance(right, HealthCover):
            covers.check_number(right)
        note(right, by=by)
        _take_place(fact, right)
    return right


def _read_anew(right: Observation, facts: Mapping[str, Any]) -> None:
    """What was read into the wrong value is read into the right one anew."""
    right.as_told = ""
    if "interpretation" not in facts:
        right.interpretation = ""
    if {"unit", "code"} & set(facts):
        for name in {"reference_low", "reference_high"} - set(facts):
            setattr(right, name, None)


# What another field's value was worked out from; told anew, it is worked out anew.
_SAID_WITH = {
    "code": ("name",),
    "dose_value": ("dose",),
    "dose_unit": ("dose",),
    "dose": ("dose_value", "dose_unit"),
    "frequency_code": ("frequency",),
    "frequency": ("frequency_code",),
    "route_code": ("route",),
    "route": ("route_code",),
}

# What is a row's own: its identity, who wrote it from which system, and that it was voided.
_NOT_TAKEN_OVER = {
    "id",
    "created_at",
    "updated_at",
    "happened_at",
    "author",
    "source",
    "source_id",
    "replaces",
    "voided_at",
    "voided_by",
    "void_reason",
}


def _take_place(wrong: Fact, right: Fact) -> None:
    """What leaned on the wrong fact leans on the right one."""
    if isinstance(wrong, Problem):
        wrong.diagnoses.update(problem=right, updated_at=clock.now())
    if isinstance(right, HealthCover):
        number_record(right.person, right.number)


@action(permissions.VOID)
def void(fact: F, *, by: Actor, reason: str) -> F:
    """Strike out a wrong fact, with who and why; the row stays. A visit takes all in it along."""
    if fact.voided_at is not None:
        raise WrongState(_("该内容已作废。"))
    if not reason.strip():
        raise Refused(_("请填写作废原因。"), field="reason")
    if isinstance(fact, Encounter):
        for each in inside(fact):
            void(each, by=by, reason=reason)
    fact.voided_at = clock.now()
    fact.voided_by = by.name
    fact.void_reason = reason.strip()
    others = {field.name for field in fact._meta.concrete_fields} - {"void_reason"}
    fact.clean_or_refuse(exclude=others)
    fact.save()
    if isinstance(fact, Encounter):
        _shut_to_house(fact)
    return fact


def inside(visit: Encounter) -> list[Fact]:
    """What stands in a visit."""
    return [
        fact
        for model in FACTS
        if issubclass(model, OfEncounter)
        for fact in model._default_manager.filter(encounter=visit, voided_at=None)
    ]


def _shut_to_house(visit: Encounter) -> None:
    """A visit that never was opens nothing: its house reads on only by what else it wrote."""
    wrote = (
        FactQuerySet(model)
        .standing()
        .filter(person_id=visit.person_id, organisation_id=visit.organisation_id)
        for model in FACTS
    )
    if not any(rows.exists() for rows in wrote):
        end_care(
            visit.person_id, visit.organisation_id, CareLink.Basis.ENCOUNTER, until=clock.now()
        )


@bulk_action(permissions.IMPORT)
def take_in(facts: Sequence[F], *, by: Actor) -> Sequence[F]:
    """Store many facts of one kind that another system sent; the caller has checked each."""
    if not facts:
        return facts
    for each in facts:
        if isinstance(each, OfEncounter) and each.encounter is not None and not each.domain:
            each.domain = each.encounter.domain
    bulk.create(facts)
    # What a house's own system sent was registered there on arrival, under its own number.
    pairs: dict[tuple[UUID, UUID], datetime | None] = {}
    for fact in facts:
        key, until = (fact.person_id, fact.organisation_id), cared_until(fact)
        known = pairs.get(key, until)
        pairs[key] = None if until is None or known is None else max(until, known)
    link_care_all(
        pairs,
        CareLink.Basis.ENCOUNTER,
        evidence=CareLink.Evidence.SYSTEM,
        since=min(fact.moment() for fact in facts),
    )
    for fact in facts:
        if isinstance(fact, Diagnosis | Problem) and fact.domain:
            hide_visit(fact)
    return facts


@action(permissions.IMPORT)
def renew(fact: F, /, *, by: Actor, **told: Any) -> F:
    """Add what the system that sent a fact tells of it by now and had not told before.

    An encounter goes on, so all that is told of it is written on; the trail keeps what it said.
    """
    for name, value in told.items():
        setattr(fact, name, value)
    check(fact)
    fact.save()
    if isinstance(fact, Encounter):
        run_out(fact)
    return fact


def told_anew(fact: F, /, *, by: Actor, **told: Any) -> F:
    """Take in what a system now says of a fact that it sent before.

    What only adds to it is added; what contradicts it voids it and stands in its place, under
    the same name in the sender's system.
    """
    adds = isinstance(fact, Encounter) or all(
        getattr(fact, name) in (None, "", [], {}) for name in told
    )
    if adds:
        return renew(fact, by=by, **told)
    right = type(fact)(
        **{
            field.attname: getattr(fact, field.attname)
            for field in fact._meta.concrete_fields
            if field.name not in _NOT_TAKEN_OVER - {"author", "source", "source_id"}
        }
    )
    for name, value in told.items():
        setattr(right, name, value)
    check(right)
    with transaction.atomic():
        withdraw(fact, by=by)
        right.replaces = fact
        take_in([right], by=by)
        _take_place(fact, right)
    return right


@action(permissions.IMPORT)
def withdraw(fact: F, *, by: Actor) -> F:
    """Void a fact because the system that sent it says otherwise by now."""
    if fact.voided_at is not None:
        raise WrongState(_("该内容已作废。"))
    fact.voided_at = clock.now()
    fact.voided_by = by.name
    fact.void_reason = _("来源系统更正")
    fact.save()
    return fact
