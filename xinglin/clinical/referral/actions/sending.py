"""The sender's acts: write, submit, approve, redirect, cancel, depart, complete, attach."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import catalogue, events, permissions, rules
from xinglin.clinical.referral.actions import checking, covering, placing, planning, steps
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.organisations.models import Organisation

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
        checking.refuse_second(referral, by)
    now = clock.now()
    checking.check(referral)
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
    checking.check(referral)
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
    plan: planning.Plan | None = None,
) -> Referral:
    """Ask the other house to take the patient over, and keep a slot or a bed there if one is named.

    A new referral need not be a draft first. One that goes down takes its care plan along.
    """
    new = referral._state.adding
    if new:
        permissions.DRAFT.check(by, referral)
        if not knowing_of_open:
            checking.refuse_second(referral, by)
    if referral.state != State.DRAFT:
        raise WrongState(_("转诊单已提交。"))
    now = clock.now()
    referral.move_to(State.SUBMITTED)
    placing.adopt(referral, place)
    route = checking.check(referral)
    if plan is not None:
        planning.write(referral, plan, by)
    checking.require(referral, checking.missing(referral))
    referral.referred_on = referral.referred_on or timezone.localdate(now)
    if referral.is_emergency and checking.missing_paper(referral):
        referral.paper_due_at = now + parameters.duration("referral.paper_hours")
    covering.run_under(referral, exactly=True)
    referral.needs_approval = checking.needs_approval(referral, route)
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
    route = checking.check(referral)
    covering.run_under(referral, exactly=True)
    referral.needs_approval = checking.needs_approval(referral, route)
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
    checking.check(referral)
    checking.require(referral, checking.missing_paper(referral))
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
