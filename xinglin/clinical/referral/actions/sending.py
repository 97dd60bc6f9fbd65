"""The sender's acts: write, submit, approve, redirect, cancel, depart, complete, attach."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.privacy import catalogue as sensitive
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Document, Encounter
from xinglin.clinical.record.rules import not_in_future
from xinglin.clinical.referral import catalogue, events, permissions, rules
from xinglin.clinical.referral.actions import covering, placing, planning, steps
from xinglin.clinical.referral.models import Direction, Referral, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Forbidden, Refused, WrongState
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

WRITABLE = (
    "to_org",
    "to_department",
    "from_department",
    "doctor",
    "doctor_phone",
    "urgency",
    "kind",
    "referred_on",
    "visit_no",
    "diagnosis_code",
    "diagnosis_name",
    "diagnosed_on",
    "symptoms",
    "past_history",
    "allergies",
    "treatment",
    "results",
    "medicines",
    "procedures",
    "reason_code",
    "reason",
    "narrative",
    "assessment",
    "disposal_plan",
    "treatment_plan",
    "rehabilitation",
    "consent_method",
    "consent_signer",
    "consent_relation",
    "consented_at",
    "follow_up_org",
)


# What may be filled in afterwards when an emergency went ahead of its paper.
PAPER = tuple(name for name in WRITABLE if name not in ("to_org", "urgency", "kind"))


@action(permissions.DRAFT)
def draft(
    referral: Referral,
    *,
    by: Actor,
    knowing_of_open: bool = False,
    within: timedelta | None = None,
) -> Referral:
    """Begin a referral; it waits for its writer until it is submitted or cancelled."""
    if not knowing_of_open:
        _refuse_second(referral, by)
    now = clock.now()
    _check(referral)
    covering.run_under(referral)
    steps.owed_by_sender(
        referral,
        permissions.SUBMIT,
        since=now,
        due_at=now + (within or parameters.duration("referral.draft_hours")),
    )
    _store(referral, now)
    return referral


def _store(referral: Referral, now: datetime) -> None:
    """Give a new referral its number, and keep it."""
    referral.number = rules.number_for(timezone.localtime(now))
    try:
        with transaction.atomic():
            referral.save(force_insert=True)
    except IntegrityError:
        # The one chance in billions that the number is taken: try the next.
        referral.number = rules.number_for(timezone.localtime(now))
        referral.save(force_insert=True)


@action(permissions.DRAFT)
def change(referral: Referral, /, *, by: Actor, **facts: Any) -> Referral:
    """Write on at a draft."""
    if referral.state != State.DRAFT:
        raise WrongState(_("转诊单已提交，不能再修改；可取消后重新填写。"))
    for name, value in facts.items():
        setattr(referral, name, value)
    _check(referral)
    covering.run_under(referral)
    referral.save()
    return referral


@action(permissions.SUBMIT)
def submit(
    referral: Referral,
    *,
    by: Actor,
    knowing_of_open: bool = False,
    place: placing.Place | None = None,
) -> Referral:
    """Ask the other house to take the patient over, and keep a slot or a bed there if one is named.

    A new referral need not be a draft first.
    """
    new = referral._state.adding
    if new:
        permissions.DRAFT.check(by, referral)
        if not knowing_of_open:
            _refuse_second(referral, by)
    if referral.state != State.DRAFT:
        raise WrongState(_("转诊单已提交。"))
    now = clock.now()
    referral.move_to(State.SUBMITTED)
    placing.adopt(referral, place)
    route = _check(referral)
    _require(referral, _missing(referral))
    referral.referred_on = referral.referred_on or timezone.localdate(now)
    if referral.is_emergency and _missing_paper(referral):
        referral.paper_due_at = now + parameters.duration("referral.paper_hours")
    covering.run_under(referral, exactly=True)
    referral.needs_approval = _needs_approval(referral, route)
    _await_answer(referral, now)
    if new:
        _store(referral, now)
    else:
        referral.save()
    if referral.green_case_id:
        return _follow_the_case(referral, now)
    placing.hold(referral, place, by=by, until=placing.kept_until(referral, now))
    _tell_of_request(referral, now)
    return referral


def _follow_the_case(referral: Referral, now: datetime) -> Referral:
    """The patient came through the green channel before the paper: nobody is asked again.

    The receiving house confirmed the case and noted the arrival; the letter takes both over.
    """
    case: Any = referral.green_case
    if case.arrived_at is None:
        _tell_of_request(referral, now)
        return referral
    times = case.times
    referral.move_to(State.ACCEPTED)
    referral.answered_at = referral.accepted_at = case.confirmed_at
    referral.accepting_doctor = case.confirmed_by
    referral.place = case.place
    referral.departed_at = times.get("depart")
    referral.move_to(State.ARRIVED)
    referral.arrived_at = case.arrived_at
    referral.encounter = case.encounter
    steps.owed_by_receiver(
        referral,
        permissions.TREAT,
        since=now,
        due_at=now + parameters.duration("referral.treat_hours"),
    )
    referral.save()
    steps.tell_receiver(referral, gettext_noop("绿色通道患者 %(patient)s 的转诊单已补来"))
    steps.announce(events.PatientArrived, referral, case.arrived_at)
    return referral


@action(permissions.APPROVE)
def approve(referral: Referral, *, by: Actor) -> Referral:
    """Let the patient be sent: out of the county, out of the ward, or outside any agreement."""
    if not referral.awaits_approval:
        raise WrongState(_("该转诊单不需要转出审核。"))
    now = clock.now()
    referral.move_to(State.APPROVED)
    referral.approved_at = now
    referral.approved_by = by.name
    _owed_an_answer(referral, now)
    referral.save()
    _tell_of_request(referral, now)
    steps.tell_sender(referral, gettext_noop("%(patient)s 的转诊已通过转出审核"))
    return referral


@action(permissions.REDIRECT)
def redirect(
    referral: Referral,
    *,
    by: Actor,
    to_org: Organisation,
    to_department: str = "",
    place: placing.Place | None = None,
) -> Referral:
    """Ask another house instead, after a refusal, silence, waiting or a missed arrival."""
    if referral.state == State.DRAFT:
        raise WrongState(_("草稿尚未提交，可直接修改转入机构。"))
    if to_org.pk == referral.to_org_id and referral.state == State.SUBMITTED:
        raise WrongState(_("该转诊已在等待%(house)s答复。") % {"house": to_org})
    now = clock.now()
    referral.move_to(State.SUBMITTED)
    if to_org.pk != referral.to_org_id:
        steps.tell_receiver(referral, gettext_noop("%(patient)s 的转诊已改转其他机构"))
    referral.to_org = to_org
    referral.to_department = to_department
    referral.refusal_code = referral.refusal = referral.alternative = ""
    referral.alternative_org = None
    referral.waiting_code = ""
    referral.answered_at = referral.accepted_at = referral.expected_at = None
    referral.approved_at = None
    referral.place = ""
    placing.adopt(referral, place)
    route = _check(referral)
    covering.run_under(referral, exactly=True)
    referral.needs_approval = _needs_approval(referral, route)
    _await_answer(referral, now)
    referral.save()
    planning.moved(referral)
    placing.change(referral, place, by=by, until=placing.kept_until(referral, now))
    _tell_of_request(referral, now)
    if not by.at(referral.sender_id):
        steps.tell_sender(referral, gettext_noop("患者 %(patient)s 的转诊已由医共体改转%(to)s"))
    return referral


@action(permissions.CANCEL)
def cancel(referral: Referral, *, by: Actor, code: str, text: str = "") -> Referral:
    """Take the request back before the patient has arrived, and say why."""
    catalogue.reasons.check("cancel", code, text, field="end_code")
    told = referral.state not in (State.DRAFT, State.DECLINED)
    steps.stop(referral, State.CANCELLED, code, text, clock.now())
    referral.save()
    planning.stopped(referral, code)
    placing.free(referral, by=by)
    if told:
        steps.tell_receiver(referral, gettext_noop("%(patient)s 的转诊已由转出方取消"))
    if not by.at(referral.sender_id):
        steps.tell_sender(referral, gettext_noop("患者 %(patient)s 的转诊已由医共体取消"))
    return referral


@action(permissions.DEPART)
def depart(
    referral: Referral, *, by: Actor, departed_at: datetime, transport: str = ""
) -> Referral:
    """Note that the patient is on the way."""
    now = clock.now()
    steps.in_order(
        departed_at,
        field="departed_at",
        after=referral.submitted_at,
        now=now,
        sentence=_("出发时间不能早于申请时间。"),
    )
    referral.move_to(State.IN_TRANSIT)
    referral.departed_at = departed_at
    referral.transport = transport
    steps.owed_by_receiver(
        referral,
        permissions.RECEIVE,
        since=departed_at,
        due_at=departed_at + parameters.duration("referral.transit_hours"),
    )
    referral.save()
    steps.tell_receiver(referral, gettext_noop("%(patient)s 已从%(sender)s出发"))
    return referral


@action(permissions.COMPLETE)
def complete(referral: Referral, /, *, by: Actor, **facts: Any) -> Referral:
    """Fill in what an emergency left open; the form is due within a day of the submission."""
    if referral.paper_due_at is None:
        raise WrongState(_("该转诊单无需补填。"))
    for name, value in facts.items():
        setattr(referral, name, value)
    _check(referral)
    _require(referral, _missing_paper(referral))
    referral.paper_due_at = None
    referral.save()
    return referral


@action(permissions.ATTACH)
def attach(referral: Referral, *, by: Actor, document: Document) -> Referral:
    """Put a filed document with the referral, so that both houses read it."""
    if document.person_id != referral.person_id:
        raise Refused(_("附件不属于该患者。"), field="document")
    referral.documents.add(document)
    return referral


@action(permissions.ATTACH)
def attach_new(
    referral: Referral, *, by: Actor, document: Document, content: File[bytes]
) -> Referral:
    """File a new document of the patient with the referral."""
    document.person_id = referral.person_id
    referral.documents.add(record.file_document(document, by=by, content=content))
    return referral


def _refuse_second(referral: Referral, by: Actor) -> None:
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


def _check(referral: Referral) -> Any:
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
        referral.in_catalogue = catalogue.treated_in_county(referral.diagnosis_code)
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


def _missing(referral: Referral) -> list[str]:
    wanted = list(ALWAYS)
    if not referral.is_emergency:
        wanted += UNLESS_EMERGENCY
        if referral.direction == Direction.DOWN:
            wanted += WHEN_SENT_DOWN
    return [name for name in wanted if not getattr(referral, name)]


def _missing_paper(referral: Referral) -> list[str]:
    return [name for name in UNLESS_EMERGENCY if not getattr(referral, name)]


def _require(referral: Referral, missing: list[str]) -> None:
    if missing:
        labels = [Referral.label_of(name) for name in missing]
        raise Incomplete(
            _("转诊单还缺：%(fields)s。") % {"fields": _("、").join(labels)},
            fields={
                name: _("请填写%(field)s。") % {"field": label}
                for name, label in zip(missing, labels, strict=True)
            },
        )


def _needs_approval(referral: Referral, route: Any) -> bool:
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


def _await_answer(referral: Referral, now: datetime) -> None:
    referral.submitted_at = now
    if referral.awaits_approval:
        steps.ask_approval(referral, now)
    else:
        _owed_an_answer(referral, now)


def _owed_an_answer(referral: Referral, now: datetime) -> None:
    within: timedelta = rules.answer_within(referral.urgency)
    steps.owed_by_receiver(referral, permissions.ACCEPT, since=now, due_at=now + within)


def _tell_of_request(referral: Referral, now: datetime) -> None:
    """The receiver hears of it once nobody need approve it any more."""
    if not referral.awaits_approval:
        steps.tell_receiver(referral, gettext_noop("%(sender)s申请转入患者 %(patient)s"))
        steps.announce(events.ReferralSubmitted, referral, now)
