"""What people write into the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record import catalogue, events, permissions, rules
from xinglin.clinical.record.actions.checking import WrongDates, check
from xinglin.clinical.record.models import (
    Diagnosis,
    Document,
    Encounter,
    Fact,
    HealthCover,
    Medication,
    Observation,
    Problem,
)
from xinglin.kernel import bulk, clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.people.actions import link_care, link_care_all, number_record
from xinglin.registry.people.models import CareLink, Person

F = TypeVar("F", bound=Fact)


@action(permissions.WRITE)
def start_encounter(encounter: Encounter, *, by: Actor) -> Encounter:
    """Begin a visit or a stay; from here the house treats the person."""
    died = encounter.person.deceased_on
    if died and timezone.localdate(encounter.started_at) > died:
        raise WrongDates(_("该居民已登记死亡，就诊时间不能晚于死亡日期。"), field="started_at")
    check(encounter)
    encounter.author = encounter.author or by.name
    encounter.save(force_insert=True)
    link_care(
        encounter.person_id,
        encounter.organisation_id,
        CareLink.Basis.ENCOUNTER,
        since=encounter.started_at,
    )
    publish(
        events.EncounterStarted(
            encounter_id=encounter.pk,
            person_id=encounter.person_id,
            organisation_id=encounter.organisation_id,
            kind=encounter.kind,
            started_at=encounter.started_at,
        )
    )
    return encounter


@action(permissions.WRITE)
def describe_encounter(encounter: Encounter, /, *, by: Actor, **facts: Any) -> Encounter:
    """Write complaint, history and treatment while the encounter is open."""
    if encounter.voided_at is not None:
        raise WrongState(_("该次就诊已作废。"))
    if encounter.ended_at is not None:
        raise WrongState(_("就诊已结束，不能再修改；请作废后重录。"))
    for name, value in facts.items():
        setattr(encounter, name, value)
    check(encounter)
    encounter.save()
    return encounter


@action(permissions.WRITE)
def end_encounter(
    encounter: Encounter,
    *,
    by: Actor,
    ended_at: datetime,
    discharge_way: str = "",
    outcome: str = "",
) -> Encounter:
    """Close the visit, or discharge the inpatient, with the way and the outcome."""
    if encounter.voided_at is not None:
        raise WrongState(_("该次就诊已作废。"))
    if encounter.ended_at is not None:
        raise WrongState(_("就诊已结束。"))
    if encounter.kind == Encounter.Kind.INPATIENT and not discharge_way:
        raise Refused(_("住院结束须填写离院方式。"), field="discharge_way")
    encounter.ended_at = ended_at
    encounter.discharge_way = discharge_way
    encounter.outcome = outcome
    check(encounter)
    encounter.save()
    publish(
        events.EncounterEnded(
            encounter_id=encounter.pk,
            person_id=encounter.person_id,
            organisation_id=encounter.organisation_id,
            kind=encounter.kind,
            discharge_way=discharge_way,
            outcome=outcome,
            ended_at=ended_at,
        )
    )
    return encounter


@action(permissions.WRITE)
def note(fact: F, *, by: Actor) -> F:
    """Write a fact of any kind into the record."""
    check(fact)
    fact.author = fact.author or by.name
    fact.save(force_insert=True)
    return fact


def measure(
    encounter: Encounter, *, by: Actor, measured_at: datetime, values: Mapping[str, Decimal]
) -> list[Observation]:
    """Write the vital signs taken at one time, all of them or none.

    `values` are by the names in `rules.VITAL_SIGNS`; every one that cannot be is named.
    """
    if not values:
        raise Refused(_("请至少填写一项。"), field=rules.VITAL_SIGNS[0].field)
    wrong: dict[str, str] = {}
    for name, value in values.items():
        try:
            rules.check_vital(rules.VITAL_BY_FIELD[name], value)
        except rules.ImpossibleValue as error:
            wrong |= error.fields
    pressure = values.get("systolic"), values.get("diastolic")
    if not wrong and None not in pressure and pressure[0] <= pressure[1]:  # type: ignore[operator]
        wrong["diastolic"] = _("舒张压应低于收缩压，请核对。")
    if wrong:
        raise rules.ImpossibleValue(" ".join(wrong.values()), fields=wrong)
    with transaction.atomic():
        return [
            note(
                Observation(
                    person=encounter.person,
                    organisation=encounter.organisation,
                    encounter=encounter,
                    code=sign.loinc,
                    name=sign.zh,
                    value=values[sign.field],
                    unit=sign.unit,
                    measured_at=measured_at,
                ),
                by=by,
            )
            for sign in rules.VITAL_SIGNS
            if sign.field in values
        ]


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
    if isinstance(right, Observation) and not {"interpretation"} & set(facts):
        # Read anew from the right value.
        right.interpretation = right.as_told = ""
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
        note(right, by=by)
        _take_place(fact, right)
    return right


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


@action(permissions.WRITE)
def stop_medication(medication: Medication, *, by: Actor, on: date, reason: str = "") -> Medication:
    """Note the last day of a medicine, and why it ends."""
    medication.ended_on = on
    medication.stop_reason = reason
    check(medication)
    medication.save()
    return medication


def report(
    person: Person,
    *,
    by: Actor,
    measured_at: datetime,
    results: Mapping[str, Decimal | str],
    encounter: Encounter | None = None,
    specimen: str = "",
) -> list[Observation]:
    """Write laboratory results of one specimen, all of them or none.

    `results` are numbers in the catalogue's unit, or words, by LOINC code; every one that
    cannot be is named by its code.
    """
    if not results:
        raise Refused(_("请至少填写一项。"))
    wrong: dict[str, str] = {}
    found: list[Observation] = []
    for code, result in results.items():
        item = catalogue.find(code)
        unit = item.unit if item is not None and isinstance(result, Decimal) else ""
        fact = Observation(
            person=person,
            organisation_id=encounter.organisation_id if encounter else by.org_id,
            encounter=encounter,
            kind=Observation.Kind.LABORATORY,
            code=code,
            value=result if isinstance(result, Decimal) else None,
            text="" if isinstance(result, Decimal) else result,
            unit=unit,
            specimen=specimen,
            measured_at=measured_at,
        )
        try:
            check(fact)
        except Refused as error:
            if error.field == "measured_at":
                raise
            wrong[code] = str(error)
        found.append(fact)
    if wrong:
        raise rules.ImpossibleValue(" ".join(wrong.values()), fields=wrong)
    with transaction.atomic():
        return [note(fact, by=by) for fact in found]


@action(permissions.VOID)
def void(fact: F, *, by: Actor, reason: str) -> F:
    """Strike out a wrong fact, with who and why; the row stays."""
    if fact.voided_at is not None:
        raise WrongState(_("该内容已作废。"))
    if not reason.strip():
        raise Refused(_("请填写作废原因。"), field="reason")
    fact.voided_at = clock.now()
    fact.voided_by = by.name
    fact.void_reason = reason.strip()
    fact.save()
    return fact


@action(permissions.WRITE)
def link_diagnosis(diagnosis: Diagnosis, *, by: Actor, problem: Problem | None) -> Diagnosis:
    """Say of which problem on the list a diagnosis is one finding."""
    if problem is not None:
        if problem.person_id != diagnosis.person_id:
            raise Refused(_("健康问题与居民不符。"), field="problem")
        if problem.voided_at is not None:
            raise WrongState(_("该健康问题已作废。"))
    diagnosis.problem = problem
    diagnosis.save()
    return diagnosis


@bulk_action(permissions.IMPORT)
def take_in(facts: Sequence[F], *, by: Actor) -> Sequence[F]:
    """Store many facts of one kind that another system sent; the caller has checked each."""
    if not facts:
        return facts
    bulk.create(facts)
    link_care_all(
        {(fact.person_id, fact.organisation_id) for fact in facts},
        CareLink.Basis.ENCOUNTER,
        since=clock.now(),
    )
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
    fact.voided_at = clock.now()
    fact.voided_by = by.name
    fact.void_reason = _("来源系统更正")
    fact.save()
    return fact
