"""The receiver's acts: accept, decline, keep waiting, receive, treat, discharge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.capacity.models import Booking
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral import catalogue, events, permissions, rules
from xinglin.clinical.referral.actions import placing, planning, steps
from xinglin.clinical.referral.actions.answers import note_answer
from xinglin.clinical.referral.destinations.held import held_by
from xinglin.clinical.referral.destinations.models import Verdict
from xinglin.clinical.referral.models import ON_THE_WAY, Kind, Referral, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.terminology import catalogue as terminology


class NotYetApproved(WrongState):
    code = "not-yet-approved"


class NoAlternative(Refused):
    code = "no-alternative"


@action(permissions.ACCEPT)
def accept(
    referral: Referral,
    *,
    by: Actor,
    department: str = "",
    doctor: str = "",
    expected_at: datetime | None = None,
    place: str = "",
    instructions: str = "",
    take_plan: bool = True,
    slot_or_bed: placing.Place | None = None,
    keeps_place: bool = True,
) -> Referral:
    """Promise to take the patient, and say where, when and to whom.

    What the sender has had kept becomes the patient's, or `slot_or_bed` in its stead;
    `keeps_place` False gives it back. A place tells its own time and room. `take_plan` takes the
    plan of care that comes along, as it is written.
    """
    _approved(referral)
    now = clock.now()
    if expected_at is not None and expected_at < now - steps.SLACK:
        raise steps.WrongTime(_("预约到诊时间不能早于现在。"), field="expected_at")
    steps.foreseeable(expected_at, field="expected_at", now=now)
    referral.move_to(State.ACCEPTED)
    note_answer(referral, Verdict.ACCEPTED, now)
    _answered(referral, now)
    referral.accepted_at = now
    referral.to_department = department or referral.to_department
    placing.adopt(referral, slot_or_bed)
    held = placing.promise(
        referral,
        by=by,
        place=slot_or_bed,
        keeps=keeps_place,
        until=(expected_at or now) + rules.valid_for(referral.kind),
    )
    if held is not None:
        expected_at, place = held.start_at or expected_at, place or held.where[:100]
    referral.accepting_doctor = doctor
    referral.expected_at = expected_at
    referral.place = place
    referral.instructions = instructions
    referral.waiting_code = ""
    steps.owed_by_receiver(
        referral,
        permissions.RECEIVE,
        since=now,
        due_at=(expected_at or now) + rules.valid_for(referral.kind),
    )
    referral.clean_or_refuse(exclude=["owner"])
    referral.save()
    planning.promised(referral, by, whole=take_plan)
    steps.tell_sender(referral, gettext_noop("%(to)s已接收患者 %(patient)s"))
    steps.announce(events.ReferralAccepted, referral, now)
    return referral


@action(permissions.DECLINE)
def decline(
    referral: Referral,
    *,
    by: Actor,
    code: str,
    text: str = "",
    alternative: str = "",
    alternative_org: Organisation | None = None,
) -> Referral:
    """Say no with a coded reason and what the sender can do instead."""
    _approved(referral)
    catalogue.reasons.check("refusal", code, text, field="refusal_code")
    if not alternative.strip() and alternative_org is None:
        raise NoAlternative(
            _("拒绝时须给出替代建议：建议转往的机构，或转出方可以怎样处理。"), field="alternative"
        )
    if alternative_org is not None and alternative_org.region_id != referral.county_id:
        raise NoAlternative(_("建议转往的机构不在本县的机构目录中。"), field="alternative_org")
    now = clock.now()
    referral.move_to(State.DECLINED)
    note_answer(referral, Verdict.DECLINED, now)
    _answered(referral, now)
    referral.refusal_code = code
    referral.refusal = text.strip()
    referral.alternative = alternative.strip()
    referral.alternative_org = alternative_org
    referral.waiting_code = ""
    steps.owed_by_sender(
        referral,
        permissions.REDIRECT,
        since=now,
        due_at=now + parameters.duration("referral.redirect_hours"),
    )
    referral.clean_or_refuse(exclude=["owner"])
    referral.save()
    placing.free(referral, by=by, code="refused")
    steps.tell_sender(referral, gettext_noop("%(to)s未能接收患者 %(patient)s，请改转或另作处理"))
    steps.announce(events.ReferralDeclined, referral, now, refusal_code=code)
    return referral


@action(permissions.WAITLIST)
def waitlist(
    referral: Referral, *, by: Actor, code: str, text: str = "", review_at: datetime | None = None
) -> Referral:
    """Keep the request while there is no bed or slot, until a day on which it is looked at."""
    _approved(referral)
    catalogue.reasons.check("waiting", code, text, field="waiting_code")
    now = clock.now()
    due_at = review_at or now + parameters.duration("referral.waitlist_days")
    if due_at <= now:
        raise steps.WrongTime(_("复核时间须晚于现在。"), field="review_at")
    steps.foreseeable(due_at, field="review_at", now=now)
    referral.move_to(State.WAITLISTED)
    _answered(referral, now)
    referral.waiting_code = code
    steps.owed_by_receiver(referral, permissions.ACCEPT, since=now, due_at=due_at)
    referral.save()
    # Whoever waits for a place has none; what was kept goes to somebody who can come.
    placing.free(referral, by=by)
    steps.tell_sender(referral, gettext_noop("%(to)s已将患者 %(patient)s 列入候床候诊"))
    return referral


@action(permissions.RECEIVE)
def receive(referral: Referral, *, by: Actor, arrived_at: datetime) -> Referral:
    """Note the patient's arrival; settlement and indicators count from here."""
    now = clock.now()
    steps.in_order(
        arrived_at,
        field="arrived_at",
        after=referral.consented_at,
        now=now,
        sentence=_("到诊时间早于患者知情同意时间，请核对。"),
    )
    if referral.departed_at is not None and arrived_at < referral.departed_at:
        raise steps.WrongTime(_("到诊时间早于出发时间，请核对。"), field="arrived_at")
    referral.move_to(State.ARRIVED)
    referral.arrived_at = arrived_at
    steps.owed_by_receiver(
        referral,
        permissions.TREAT,
        since=arrived_at,
        due_at=arrived_at + parameters.duration("referral.treat_hours"),
    )
    referral.save()
    placing.use(referral, by=by, arrived_at=arrived_at)
    steps.open_record(referral, by)
    planning.arrived(referral, arrived_at)
    steps.tell_sender(referral, gettext_noop("患者 %(patient)s 已在%(to)s到诊"))
    steps.announce(events.PatientArrived, referral, arrived_at)
    return referral


@action(permissions.TREAT)
def treat(
    referral: Referral, *, by: Actor, encounter_kind: str = "", department: str = ""
) -> Referral:
    """Begin the visit or the stay for which the patient came."""
    now = clock.now()
    referral.move_to(State.IN_TREATMENT)
    referral.treated_at = now
    if by.may("record.write") and by.at(referral.to_org_id):
        referral.encounter = record.start_encounter(
            Encounter(
                person_id=referral.person_id,
                organisation_id=referral.to_org_id,
                kind=encounter_kind or _visit_for(referral),
                department=department or referral.to_department,
                started_at=now,
                author=by.name,
                complaint=referral.diagnosis_name,
            ),
            by=by,
            arrived=steps.by_two_parties(referral, by),
        )
    steps.owed_by_receiver(
        referral,
        permissions.CLOSE,
        since=now,
        due_at=now
        + (
            parameters.duration("referral.stay_days")
            if _stays(referral)
            else rules.receipt_within(inpatient=False)
        ),
    )
    referral.save()
    steps.tell_sender(referral, gettext_noop("%(to)s已开始诊治患者 %(patient)s"))
    return referral


@action(permissions.DISCHARGE)
def discharge(
    referral: Referral,
    *,
    by: Actor,
    discharged_at: datetime,
    discharge_way: str = "",
    outcome: str = "",
) -> Referral:
    """Note the end of the visit or stay; from here the receipt is due."""
    if referral.state not in (State.IN_TREATMENT, State.DOWN_PROPOSED):
        raise WrongState(_("患者尚未开始诊治，或已结案。"))
    if referral.discharged_at is not None:
        raise WrongState(_("已登记诊毕出院。"))
    steps.in_order(
        discharged_at,
        field="discharged_at",
        after=referral.arrived_at,
        now=clock.now(),
        sentence=_("出院时间不能早于到诊时间。"),
    )
    for field, code in (("discharge_way", discharge_way), ("outcome", outcome)):
        if code:
            terminology.require(field.replace("_", "-"), code, field=field)
    visit = referral.encounter
    if visit is not None and visit.ended_at is None:
        record.end_encounter(
            visit,
            by=steps.keeping_the_record(by),
            ended_at=max(discharged_at, visit.started_at),
            discharge_way=discharge_way,
            outcome=outcome,
        )
    _note_discharge(referral, discharged_at)
    referral.outcome = outcome or referral.outcome
    referral.save()
    steps.tell_sender(referral, gettext_noop("患者 %(patient)s 已在%(to)s诊毕出院"))
    return referral


@action(permissions.HEAR)
def hear_of_booking(
    referral: Referral, *, by: Actor, booking: Booking, before: datetime | None = None
) -> Referral:
    """The booking of a promised patient has changed: the letter says what holds now.

    `before` is the time from which it was moved: by the time the news comes it may have been moved
    again, or be gone.
    """
    if referral.state not in ON_THE_WAY:
        raise WrongState(_("患者已到诊或转诊已结束，预约变动不再影响转诊单。"))
    held = held_by(referral)
    told: tuple[datetime | None, str]
    if held is not None and held.stands:
        if held.booking != booking:
            # The news is of one that this has taken the place of.
            return referral
        told = (booking.start_at, held.where[:100])
    elif referral.expected_at and referral.expected_at in (booking.start_at, before):
        told = (None, "")
    else:
        return referral
    if told == (referral.expected_at, referral.place):
        return referral
    referral.expected_at, referral.place = told
    now = clock.now()
    steps.owed_by_receiver(
        referral,
        permissions.RECEIVE,
        since=now,
        due_at=(referral.expected_at or now) + rules.valid_for(referral.kind),
    )
    referral.save()
    if referral.expected_at is None:
        steps.tell_sender(referral, gettext_noop("患者 %(patient)s 在%(to)s的预约已取消，待改约"))
    else:
        steps.tell_sender(
            referral,
            gettext_noop("患者 %(patient)s 在%(to)s的就诊安排改为 %(time)s %(place)s"),
            time=f"{timezone.localtime(referral.expected_at):%m-%d %H:%M}",
            place=referral.place,
        )
    return referral


@action(permissions.DISCHARGE)
def hear_of_discharge(referral: Referral, *, by: Actor, discharged_at: datetime) -> Referral:
    """The record says that the visit has ended: start the receipt's clock."""
    if referral.state not in (State.IN_TREATMENT, State.DOWN_PROPOSED):
        raise WrongState(_("患者尚未开始诊治，或已结案。"))
    if referral.discharged_at is None:
        _note_discharge(referral, discharged_at)
        referral.save()
    return referral


def _note_discharge(referral: Referral, at: datetime) -> None:
    """The receipt's clock starts at the discharge, however it became known."""
    referral.discharged_at = at
    steps.owed_by_receiver(
        referral,
        permissions.CLOSE,
        since=at,
        due_at=at + rules.receipt_within(inpatient=_stays(referral)),
    )


def _approved(referral: Referral) -> None:
    if referral.awaits_approval:
        raise NotYetApproved(_("转出机构尚未审核通过，暂不能答复。"))


def _answered(referral: Referral, now: datetime) -> None:
    referral.answered_at = referral.answered_at or now


def _stays(referral: Referral) -> bool:
    visit: Any = referral.encounter
    return bool(
        visit.kind == Encounter.Kind.INPATIENT if visit else referral.kind == Kind.INPATIENT
    )


def _visit_for(referral: Referral) -> str:
    return str(
        {
            Kind.INPATIENT: Encounter.Kind.INPATIENT,
            Kind.GREEN_CHANNEL: Encounter.Kind.EMERGENCY,
        }.get(Kind(referral.kind), Encounter.Kind.OUTPATIENT)
    )
