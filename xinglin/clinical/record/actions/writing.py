"""What people write into the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy import permissions as privacy_permissions
from xinglin.clinical.privacy.models import Presence
from xinglin.clinical.record import catalogue, events, permissions, rules
from xinglin.clinical.record.actions.checking import WrongDates, check
from xinglin.clinical.record.models import (
    FACTS,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    HealthCover,
    Medication,
    Observation,
    OfEncounter,
    Problem,
)
from xinglin.kernel import bulk, clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.people.actions import end_care, link_care, link_care_all, number_record
from xinglin.registry.people.models import CareLink, Person

F = TypeVar("F", bound=Fact)


@action(permissions.WRITE)
def start_encounter(
    encounter: Encounter, *, by: Actor, presence: Presence | None = None, arrived: bool = False
) -> Encounter:
    """Begin a visit or a stay; with proof that the person is here, the record opens to the house.

    Proof is what the resident showed (`presence`), a referral's registered arrival (`arrived`,
    said by referral alone), or the visit number of a system that vouches for its own arrivals.
    Without any the visit is written all the same, and the rest of the record stays closed.
    """
    died = encounter.person.deceased_on
    if died and timezone.localdate(encounter.started_at) > died:
        raise WrongDates(_("该居民已登记死亡，就诊时间不能晚于死亡日期。"), field="started_at")
    check(encounter)
    encounter.author = encounter.author or by.name
    encounter.save(force_insert=True)
    evidence = _evidence(encounter, by, presence, arrived)
    if evidence is not None:
        _open_to_house(encounter, evidence)
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
def vouch(encounter: Encounter, *, by: Actor, presence: Presence) -> Encounter:
    """Open the record for a visit that began without proof, now that there is some."""
    if encounter.voided_at is not None:
        raise WrongState(_("该次就诊已作废。"))
    if not privacy.fits(presence, encounter.person_id, encounter.organisation_id):
        raise privacy.NotProven(_("核验未通过，病历没有打开。"))
    _open_to_house(encounter, presence.evidence)
    return encounter


def _evidence(
    encounter: Encounter, by: Actor, presence: Presence | None, arrived: bool
) -> CareLink.Evidence | None:
    if presence is not None and privacy.fits(
        presence, encounter.person_id, encounter.organisation_id
    ):
        return presence.evidence
    if arrived:
        return CareLink.Evidence.REFERRAL
    numbered = encounter.visit_no or encounter.source_id or by.role == "system"
    if numbered and privacy_permissions.VOUCH.allows(by, encounter.person):
        return CareLink.Evidence.SYSTEM
    return None


def _open_to_house(encounter: Encounter, evidence: CareLink.Evidence) -> None:
    link_care(
        encounter.person_id,
        encounter.organisation_id,
        CareLink.Basis.ENCOUNTER,
        evidence=evidence,
        since=encounter.started_at,
        until=_cared_until(encounter),
    )


def _cared_until(fact: Fact) -> datetime | None:
    """Until when a fact lets its house read: a stay while it lasts, all else some days on."""
    if isinstance(fact, Encounter):
        if fact.kind == Encounter.Kind.INPATIENT and fact.ended_at is None:
            return None
        last = fact.ended_at or fact.started_at
    else:
        last = fact.moment()
    return last + parameters.duration("privacy.care_days")


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
    _run_out(encounter)
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


def _run_out(encounter: Encounter) -> None:
    """A relation that a stay kept open ends some days after it, unless another stay goes on."""
    visits = Encounter.objects.filter(
        person_id=encounter.person_id,
        organisation_id=encounter.organisation_id,
        kind=Encounter.Kind.INPATIENT,
        ended_at=None,
        voided_at=None,
    )
    until = _cared_until(encounter)
    if until is None or visits.exclude(pk=encounter.pk).exists():
        return
    links = CareLink.objects.filter(
        person_id=encounter.person_id,
        organisation_id=encounter.organisation_id,
        basis=CareLink.Basis.ENCOUNTER,
    )
    if links.filter(Q(until=None) | Q(until__lt=until)).exists():
        end_care(
            encounter.person_id,
            encounter.organisation_id,
            CareLink.Basis.ENCOUNTER,
            until=until,
        )


@action(permissions.WRITE)
def note(fact: F, *, by: Actor) -> F:
    """Write a fact of any kind into the record."""
    check(fact)
    fact.author = fact.author or by.name
    fact.save(force_insert=True)
    if isinstance(fact, Diagnosis | Problem):
        _hide_visit(fact)
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
    for each in facts:
        if isinstance(each, OfEncounter) and each.encounter is not None and not each.domain:
            each.domain = each.encounter.domain
    bulk.create(facts)
    # What a house's own system sent was registered there on arrival, under its own number.
    pairs: dict[tuple[UUID, UUID], datetime | None] = {}
    for fact in facts:
        key, until = (fact.person_id, fact.organisation_id), _cared_until(fact)
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
            _hide_visit(fact)
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
        _run_out(fact)
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


def _hide_visit(illness: Diagnosis | Problem) -> None:
    """A sensitive illness draws its encounter, and all that was noted in it, behind its door."""
    visit = illness.encounter if illness.domain else None
    if visit is None or visit.domain:
        return
    visit.domain = illness.domain
    visit.save(update_fields=["domain", "updated_at"])
    for model in FACTS:
        if issubclass(model, OfEncounter):
            model._default_manager.filter(encounter=visit, domain="").update(domain=visit.domain)
