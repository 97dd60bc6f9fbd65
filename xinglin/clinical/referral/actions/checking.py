"""What a referral must fulfil to go out: houses and route, codes, times, the form's fields."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from xinglin.clinical.privacy import catalogue as sensitive
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.record.rules import not_in_future
from xinglin.clinical.referral import catalogue, rules
from xinglin.clinical.referral.actions import covering
from xinglin.clinical.referral.models import Direction, Referral
from xinglin.clinical.triage.rules.advising import treated_in_county
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Conflict, Forbidden, Refused
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import Person
from xinglin.registry.people.rules import check_phone
from xinglin.registry.terminology import catalogue as terminology


class NoRoute(Refused):
    """The two houses may not refer to each other."""

    code = "no-route"


class Incomplete(Refused):
    """Fields of the national form are missing; `fields` names each."""

    code = "incomplete-form"


class OpenReferralExists(Conflict):
    """The person has an open referral; `links` leads to it."""

    code = "open-referral-exists"


# What the form requires of every referral, of one that is no emergency, of one sent down.
ALWAYS = ("diagnosis_name", "reason_code", "doctor")
UNLESS_EMERGENCY = (
    "diagnosis_code",
    "diagnosed_on",
    "symptoms",
    "past_history",
    "allergies",
    "treatment",
    "consent_method",
    "consent_signer",
    "consented_at",
)
WHEN_SENT_DOWN = ("assessment", "treatment_plan", "rehabilitation")


def refuse_second(referral: Referral, by: Actor) -> None:
    # Two desks that begin at the same moment come one after the other.
    lock = Person.objects.select_for_update(no_key=True).filter(pk=referral.person_id)
    lock.values_list("pk").first()
    others = (
        Referral.objects.filter(person_id=referral.person_id, county_id=referral.county_id)
        .open()
        .exclude(pk=referral.pk)
    )
    # Nearly always there is none: only then is it worth reading whole.
    if not others.exists():
        return
    seen = Referral.objects.visible_to(by, open_to_carers=True)
    standing = others.filter(pk__in=seen.values("pk")).for_pages().first()
    if standing is None:
        # Where to, and for what, is for those who treat the patient.
        raise OpenReferralExists(
            _("%(patient)s 在其他机构已有未结的转诊；请居民出示授权码或身份证打开病历后核对。")
            % {"patient": referral.person.name},
            field="person",
        )
    raise OpenReferralExists(
        _("%(patient)s 已有未结的转诊：%(number)s，%(sender)s → %(to)s，%(state)s。")
        % {
            "patient": standing.person.name,
            "number": standing.number,
            "sender": standing.from_org,
            "to": standing.to_org,
            "state": standing.get_state_display(),
        },
        field="person",
        links=[(standing.number, standing.get_absolute_url())],
    )


def check(referral: Referral) -> Any:
    """Houses, codes and times hold together; the route between the houses."""
    person = referral.person
    source, target = (_house(pk) for pk in (referral.from_org_id, referral.to_org_id))
    if person.county_id != referral.county_id or person.voided_at is not None:
        raise Forbidden(_("该居民不在本县。"), field="person")
    if person.deceased_on is not None:
        raise Refused(_("该居民已登记死亡，不能转诊。"), field="person")
    for house, field in ((source, "from_org"), (target, "to_org")):
        if house.region_id != referral.county_id:
            raise Refused(_("该机构不在本县的机构目录中。"), field=field)
        if house.closed_on is not None:
            raise Refused(_("%(house)s已停办。") % {"house": house}, field=field)
    if source.pk == target.pk:
        raise NoRoute(_("转入机构不能是本机构。"), field="to_org")
    route = rules.route(source.level, target.level, emergency=referral.is_emergency)
    if route is None:
        raise NoRoute(
            _("%(source)s不能直接转往%(target)s；急诊除外。")
            % {"source": source.get_level_display(), "target": target.get_level_display()},
            field="to_org",
        )
    referral.direction = rules.direction_of(source.level, target.level)
    referral.domain = sensitive.domain_of(referral.diagnosis_code)
    referral.in_catalogue = None
    if referral.direction == Direction.OUT and referral.diagnosis_code:
        referral.in_catalogue = treated_in_county(referral.diagnosis_code)
    if referral.diagnosis_code:
        concept = terminology.require("icd10", referral.diagnosis_code, field="diagnosis_code")
        referral.diagnosis_name = referral.diagnosis_name or concept.zh
    if referral.reason_code:
        catalogue.reasons.check(
            referral.direction, referral.reason_code, referral.reason, field="reason_code"
        )
    for name, valueset in (
        ("consent_method", "consent-method"),
        ("consent_relation", "signer-relation"),
    ):
        if getattr(referral, name):
            terminology.require(valueset, getattr(referral, name), field=name)
    if referral.doctor_phone:
        referral.doctor_phone = check_phone(referral.doctor_phone, field="doctor_phone")
    not_in_future(referral.diagnosed_on, "diagnosed_on", _("诊断日期"))
    not_in_future(referral.consented_at, "consented_at", _("知情同意时间"))
    not_in_future(referral.referred_on, "referred_on", _("转诊日期"))
    if referral.direction in (Direction.DOWN, Direction.IN) and referral.follow_up_org is None:
        referral.follow_up_org = who_follows(referral)
    if referral.follow_up_org and referral.follow_up_org.region_id != referral.county_id:
        raise Refused(_("随访机构不在本县。"), field="follow_up_org")
    referral.clean_or_refuse(
        exclude=[
            "person",
            "from_org",
            "to_org",
            "county",
            "written_by",
            "owner",
            "parent",
            "encounter",
            "care_plan",
            "follow_up_org",
            "alternative_org",
            "number",
        ]
    )
    return route


def _house(pk: UUID) -> Organisation:
    house = tree.get(pk)
    assert house is not None, "the database refuses a referral to nowhere"
    return house


def who_follows(referral: Referral) -> Organisation:
    """The clinic that keeps the person's health record, if it lies under the receiver."""
    custodian = tree.get(referral.person.managed_by_id)
    if custodian is not None and custodian.path.startswith(referral.to_org.path):
        return custodian
    return referral.to_org


def missing(referral: Referral) -> list[str]:
    wanted = list(ALWAYS)
    if not referral.is_emergency:
        wanted += UNLESS_EMERGENCY
        if referral.direction == Direction.DOWN:
            wanted += WHEN_SENT_DOWN
    return [name for name in wanted if not getattr(referral, name)]


def missing_paper(referral: Referral) -> list[str]:
    return [name for name in UNLESS_EMERGENCY if not getattr(referral, name)]


def require(referral: Referral, wanted: list[str]) -> None:
    """Refuse a form that lacks fields, naming each."""
    if wanted:
        labels = [Referral.label_of(name) for name in wanted]
        raise Incomplete(
            _("转诊单还缺：%(fields)s。") % {"fields": _("、").join(labels)},
            fields={
                name: _("请填写%(field)s。") % {"field": label}
                for name, label in zip(wanted, labels, strict=True)
            },
        )


def needs_approval(referral: Referral, route: Any) -> bool:
    """By the route between the houses, or because no agreement covers the referral."""
    if referral.is_emergency:
        return False
    if route.approval == "always" or covering.asks_for_approval(referral):
        return True
    return route.approval == "inpatient" and _lies_here(referral)


def _lies_here(referral: Referral) -> bool:
    """Whether the patient is an inpatient of the sender."""
    return Encounter.objects.filter(
        person_id=referral.person_id,
        organisation_id=referral.from_org_id,
        kind=Encounter.Kind.INPATIENT,
        ended_at=None,
        voided_at=None,
    ).exists()
