"""What people write into the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy import permissions as privacy_permissions
from xinglin.clinical.privacy.models import Presence
from xinglin.clinical.record import catalogue, events, permissions, rules
from xinglin.clinical.record.actions.checking import check
from xinglin.clinical.record.models import (
    FACTS,
    Diagnosis,
    Encounter,
    Fact,
    Medication,
    Observation,
    OfEncounter,
    Problem,
)
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.people.actions import end_care, link_care
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
        until=cared_until(encounter),
    )


def cared_until(fact: Fact) -> datetime | None:
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
    run_out(encounter)
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


def run_out(encounter: Encounter) -> None:
    """A relation that a stay kept open ends some days after it, unless another stay goes on."""
    visits = Encounter.objects.filter(
        person_id=encounter.person_id,
        organisation_id=encounter.organisation_id,
        kind=Encounter.Kind.INPATIENT,
        ended_at=None,
        voided_at=None,
    )
    until = cared_until(encounter)
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
    if isinstance(fact, Observation):
        _fits_the_pressure(fact)
    fact.author = fact.author or by.name
    fact.save(force_insert=True)
    if isinstance(fact, Diagnosis | Problem):
        hide_visit(fact)
    return fact


def _fits_the_pressure(fact: Observation) -> None:
    """Two pressures of one measurement, written one by one, must fit each other."""
    if fact.system != "loinc" or fact.code not in rules.PRESSURES:
        return
    measured = Observation.objects.standing().filter(
        person_id=fact.person_id,
        organisation_id=fact.organisation_id,
        system="loinc",
        code__in=rules.PRESSURES,
        measured_at=fact.measured_at,
    )
    values = {each.code: each.value for each in measured} | {fact.code: fact.value}
    rules.check_pressure(*(values.get(code) for code in rules.PRESSURES))


def measure(
    encounter: Encounter | None,
    *,
    by: Actor,
    measured_at: datetime,
    values: Mapping[str, Decimal],
    person: Person | None = None,
) -> list[Observation]:
    """Write the vital signs taken at one time, all of them or none.

    `values` are by the names in `rules.VITAL_SIGNS`; every one that cannot be is named. Without
    an encounter, as at the roadside, they are of `person` and of the writer's house.
    """
    whose = encounter.person if encounter is not None else person
    assert whose is not None, "vital signs are somebody's"
    if not values:
        raise Refused(_("请至少填写一项。"), field=rules.VITAL_SIGNS[0].field)
    wrong: dict[str, str] = {}
    for name, value in values.items():
        try:
            rules.check_vital(rules.VITAL_BY_FIELD[name], value)
        except rules.ImpossibleValue as error:
            wrong |= error.fields
    if not wrong:
        rules.check_pressure(values.get("systolic"), values.get("diastolic"))
    if wrong:
        raise rules.ImpossibleValue(" ".join(wrong.values()), fields=wrong)
    with transaction.atomic():
        return [
            note(
                Observation(
                    person=whose,
                    organisation_id=encounter.organisation_id if encounter else by.org_id,
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


@action(permissions.WRITE)
def stop_medication(medication: Medication, *, by: Actor, on: date, reason: str = "") -> Medication:
    """Note the last day of a medicine, and why it ends."""
    if medication.voided_at is not None:
        raise WrongState(_("该用药已作废。"))
    known = medication.ended_on
    if known is not None and (known < timezone.localdate() or known <= on):
        raise WrongState(
            _("该药已于 %(day)s 停用；日期写错的请更正。") % {"day": known.isoformat()}
        )
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
    for code, told in results.items():
        item = catalogue.find(code)
        result = _as_number(item, told)
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


def _as_number(item: catalogue.Item | None, told: Decimal | str) -> Decimal | str:
    """A number that was sent as text is one all the same, where the catalogue expects one."""
    if isinstance(told, str) and item is not None and not item.texts:
        try:
            found = Decimal(told)
        except InvalidOperation:
            return told
        return found if found.is_finite() else told
    return told


@action(permissions.WRITE)
def link_diagnosis(diagnosis: Diagnosis, *, by: Actor, problem: Problem | None) -> Diagnosis:
    """Say of which problem on the list a diagnosis is one finding."""
    if diagnosis.voided_at is not None:
        raise WrongState(_("该诊断已作废。"))
    if problem is not None:
        if problem.person_id != diagnosis.person_id:
            raise Refused(_("健康问题与居民不符。"), field="problem")
        if problem.voided_at is not None:
            raise WrongState(_("该健康问题已作废。"))
    diagnosis.problem = problem
    diagnosis.save()
    return diagnosis


def hide_visit(illness: Diagnosis | Problem) -> None:
    """A sensitive illness draws its encounter, and all that was noted in it, behind its door."""
    visit = illness.encounter if illness.domain else None
    if visit is None or visit.domain:
        return
    visit.domain = illness.domain
    visit.save(update_fields=["domain", "updated_at"])
    for model in FACTS:
        if issubclass(model, OfEncounter):
            model._default_manager.filter(encounter=visit, domain="").update(domain=visit.domain)
