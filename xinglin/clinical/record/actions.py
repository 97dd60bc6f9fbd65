"""What people write into the record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy import catalogue as sensitive
from xinglin.clinical.privacy import permissions as privacy_permissions
from xinglin.clinical.privacy.models import Presence
from xinglin.clinical.record import events, permissions, rules
from xinglin.clinical.record.models import (
    FACTS,
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    Medication,
    Observation,
    OfEncounter,
)
from xinglin.kernel import bulk, clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.people.actions import end_care, link_care, link_care_all
from xinglin.registry.people.models import CareLink
from xinglin.registry.terminology import catalogue as terminology

F = TypeVar("F", bound=Fact)


class WrongFile(Refused):
    code = "wrong-file"


class WrongDates(Refused):
    code = "wrong-dates"


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
    """Write a diagnosis, a vital sign, an allergy or a medicine into the record."""
    check(fact)
    fact.author = fact.author or by.name
    fact.save(force_insert=True)
    if isinstance(fact, Diagnosis):
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


@action(permissions.FILE)
def file_document(document: Document, *, by: Actor, content: File[bytes]) -> Document:
    """File a document: its type is read from its bytes, its size limited, its digest kept."""
    attach(document, content)
    check(document)
    document.author = document.author or by.name
    document.save(force_insert=True)
    return document


@action(permissions.WRITE)
def stop_medication(medication: Medication, *, by: Actor, on: date) -> Medication:
    """Note the last day of a medicine."""
    medication.ended_on = on
    check(medication)
    medication.save()
    return medication


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
        if isinstance(fact, Diagnosis) and fact.domain:
            _hide_visit(fact)
    return facts


@action(permissions.IMPORT)
def renew(fact: F, /, *, by: Actor, **told: Any) -> F:
    """Write what the system that sent a fact says of it by now; the trail keeps what it said."""
    for name, value in told.items():
        setattr(fact, name, value)
    check(fact)
    fact.save()
    if isinstance(fact, Encounter):
        _run_out(fact)
    return fact


def check(fact: Fact) -> None:
    """Put a fact in its standard form, or refuse naming the field."""
    if isinstance(fact, Encounter):
        rules.not_in_future(fact.started_at, "started_at", _("就诊时间"))
        rules.not_in_future(fact.ended_at, "ended_at", _("结束时间"))
        if fact.ended_at and fact.ended_at < fact.started_at:
            raise WrongDates(_("结束时间不能早于就诊时间。"), field="ended_at")
        if fact.discharge_way:
            terminology.require("discharge-way", fact.discharge_way, field="discharge_way")
        if fact.outcome:
            terminology.require("outcome", fact.outcome, field="outcome")
    elif isinstance(fact, Diagnosis):
        rules.not_in_future(fact.diagnosed_on, "diagnosed_on", _("诊断日期"))
        if fact.system == "icd10":
            concept = terminology.require("icd10", fact.code, field="code")
            fact.name = fact.name or concept.zh
    elif isinstance(fact, Observation):
        rules.not_in_future(fact.measured_at, "measured_at", _("测量时间"))
        sign = rules.VITAL_BY_LOINC.get(fact.code) if fact.system == "loinc" else None
        if sign is not None and fact.value is not None and fact.unit == sign.unit:
            rules.check_vital(sign, fact.value)
    elif isinstance(fact, Medication):
        if fact.ended_on and fact.ended_on < fact.started_on:
            raise WrongDates(_("停用日期不能早于开始日期。"), field="ended_on")
    elif isinstance(fact, Allergy):
        rules.not_in_future(fact.noted_on, "noted_on", _("记录日期"))
    if isinstance(fact, OfEncounter) and fact.encounter is not None:
        if fact.encounter.voided_at is not None:
            raise WrongState(_("该次就诊已作废，不能再写入。"))
        if fact.encounter.person_id != fact.person_id:
            raise Refused(_("就诊与居民不符。"), field="encounter")
    fact.domain = _domain(fact)
    fact.clean_or_refuse(exclude=["person", "organisation", "encounter", "file"])


def _domain(fact: Fact) -> str:
    """The sensitive domain of a fact: by its diagnosis, else that of its encounter."""
    if isinstance(fact, Diagnosis) and fact.system == "icd10":
        own = sensitive.domain_of(fact.code)
        if own:
            return own
    if isinstance(fact, OfEncounter) and fact.encounter is not None:
        return fact.encounter.domain
    return fact.domain


def _hide_visit(diagnosis: Diagnosis) -> None:
    """A sensitive diagnosis draws its encounter, and all that was noted in it, behind its door."""
    visit = diagnosis.encounter if diagnosis.domain else None
    if visit is None or visit.domain:
        return
    visit.domain = diagnosis.domain
    visit.save(update_fields=["domain", "updated_at"])
    for model in FACTS:
        if issubclass(model, OfEncounter):
            model._default_manager.filter(encounter=visit, domain="").update(domain=visit.domain)


# The first bytes of what may be filed; a name or a header may lie, these do not.
SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def attach(document: Document, content: File[bytes]) -> None:
    """Take the file in: refuse it by size or type, else keep digest, size and type."""
    limit = parameters.get("attachment.max_megabytes")
    size = content.size or 0
    if size > limit * 1024 * 1024:
        raise WrongFile(
            _("附件 %(name)s 超过 %(limit)s MB，请压缩后再传。")
            % {"name": content.name, "limit": limit},
            field="file",
        )
    if size == 0:
        raise WrongFile(_("附件 %(name)s 是空文件。") % {"name": content.name}, field="file")
    head = content.read(16)
    found = next((kind for start, kind in SIGNATURES if head.startswith(start)), "")
    if found not in parameters.get("attachment.types"):
        raise WrongFile(
            _("附件 %(name)s 不是 PDF、PNG 或 JPEG 文件。") % {"name": content.name}, field="file"
        )
    digest = hashlib.sha256(head)
    for chunk in iter(lambda: content.read(1 << 16), b""):
        digest.update(chunk)
    content.seek(0)
    document.digest = digest.hexdigest()
    document.media_type = found
    document.size = size
    document.filed_at = document.filed_at or clock.now()
    document.title = document.title or (content.name or "")[:200]
    suffix = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[found]
    document.file.save(f"{document.digest}.{suffix}", content, save=False)
