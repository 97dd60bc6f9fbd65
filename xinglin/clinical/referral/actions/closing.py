"""How a referral ends: down-proposal, receipt, follow-up; or expiry, silence, death."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.careplans.models import Progress
from xinglin.clinical.privacy import catalogue as sensitive
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral import catalogue, events, permissions
from xinglin.clinical.referral.actions import placing, planning, steps
from xinglin.clinical.referral.actions.answers import note_answer
from xinglin.clinical.referral.actions.planning import Plan
from xinglin.clinical.referral.actions.sending import submit
from xinglin.clinical.referral.destinations.models import Verdict
from xinglin.clinical.referral.models import FOLLOWED, Referral, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.terminology import catalogue as terminology


@action(permissions.PROPOSE_DOWN)
def propose_down(
    referral: Referral,
    /,
    *,
    by: Actor,
    to_org: Organisation,
    assessment: str,
    treatment_plan: str = "",
    rehabilitation: str = "",
    reason_code: str = "stable-rehabilitation",
    plan: Plan | None = None,
    **facts: Any,
) -> Referral:
    """Send the patient back down with a plan for there: a referral of its own, linked."""
    if referral.state not in (State.IN_TREATMENT, State.CLOSED):
        raise WrongState(_("只有诊治中或已结案的转诊才能建议下转。"))
    if referral.sequels.filter(owner__isnull=False).exists():
        raise WrongState(_("已有一张未结的下转单。"))
    now = clock.now()
    sequel = Referral(
        county_id=referral.county_id,
        written_by_id=by.org_id,
        person_id=referral.person_id,
        from_org_id=referral.to_org_id,
        to_org=to_org,
        parent=referral,
        kind=facts.pop("kind", "outpatient"),
        reason_code=reason_code,
        rehabilitation=rehabilitation,
        assessment=assessment,
        treatment_plan=treatment_plan,
        **{**_what_is_known(referral, by, now), **facts},
    )
    submit(sequel, by=by, knowing_of_open=True, plan=plan)
    if referral.state == State.IN_TREATMENT:
        referral.move_to(State.DOWN_PROPOSED)
        referral.save()
    return referral


def _what_is_known(referral: Referral, by: Actor, now: datetime) -> dict[str, Any]:
    """What the way up has taught, so that nobody types it again."""
    return {
        "diagnosis_code": referral.final_code or referral.diagnosis_code,
        "diagnosis_name": referral.final_name or referral.diagnosis_name,
        "diagnosed_on": timezone.localdate(referral.treated_at or now),
        "symptoms": referral.symptoms,
        "past_history": referral.past_history,
        "allergies": referral.allergies,
        "medicines": referral.medicines,
        "treatment": referral.receipt_treatment or referral.treatment,
        "results": referral.receipt_results,
        "from_department": referral.to_department,
        "doctor": by.name,
        "consent_method": "verbal",
        "consent_signer": referral.person.name,
        "consented_at": now,
    }


@action(permissions.CLOSE)
def close(
    referral: Referral,
    *,
    by: Actor,
    results: str,
    treatment: str,
    plan: str,
    outcome: str,
    final_code: str,
    final_name: str = "",
    inpatient_no: str = "",
    doctor: str = "",
) -> Referral:
    """Send the receipt back: what was found, what was done, what comes next."""
    missing = {
        name: _("请填写%(field)s。") % {"field": Referral.label_of(name)}
        for name, value in (
            ("receipt_treatment", treatment),
            ("receipt_plan", plan),
            ("outcome", outcome),
            ("final_code", final_code),
        )
        if not value.strip()
    }
    if missing:
        raise Refused(next(iter(missing.values())), fields=missing)
    terminology.require("outcome", outcome, field="outcome")
    concept = terminology.require("icd10", final_code, field="final_code")
    now = clock.now()
    _end_visit(referral, by, now, outcome)
    referral.move_to(State.CLOSED)
    referral.closed_at = now
    referral.discharged_at = referral.discharged_at or now
    referral.receipt_results = results
    referral.receipt_treatment = treatment
    referral.receipt_plan = plan
    referral.receipt_doctor = doctor or by.name
    referral.outcome = outcome
    referral.final_code = final_code
    referral.domain = referral.domain or sensitive.domain_of(final_code)
    referral.final_name = final_name or concept.zh
    referral.inpatient_no = inpatient_no
    if referral.direction in FOLLOWED:
        _ask_follow_up(referral)
    else:
        referral.finish()
        steps.close_record(referral, now)
    referral.clean_or_refuse(exclude=["owner"])
    referral.save()
    placing.free(referral, by=by)
    steps.tell_sender(referral, gettext_noop("%(to)s已回执结案：患者 %(patient)s"))
    steps.announce(events.ReferralClosed, referral, now, outcome=outcome)
    visit = planning.visit_of(referral.care_plan_id, Progress.DONE)
    if visit is not None and visit.done_at is not None:
        # The plan's first visit was made before the receipt: it is the follow-up.
        _followed_up(referral, visit.done_at, visit.note, visit.done_by)
    return referral


def _end_visit(referral: Referral, by: Actor, now: datetime, outcome: str) -> None:
    """The receipt ends a visit; a stay ends with a discharge, which says how."""
    visit = referral.encounter
    if visit is None or visit.ended_at is not None or visit.voided_at is not None:
        return
    if visit.kind == Encounter.Kind.INPATIENT:
        raise WrongState(_("患者仍在院，请先登记出院，再回执结案。"))
    record.end_encounter(
        visit,
        by=steps.keeping_the_record(by),
        ended_at=max(now, visit.started_at),
        outcome=outcome,
    )


def _ask_follow_up(referral: Referral) -> None:
    """Two weeks from the arrival (national public-health specification)."""
    assert referral.arrived_at is not None
    house = referral.follow_up_org_id or referral.to_org_id
    referral.follow_up_org_id = house
    referral.hand_to(
        house,
        permissions.FOLLOW_UP.code,
        since=referral.arrived_at,
        due_at=referral.arrived_at + parameters.duration("referral.follow_up_days"),
    )
    steps.tell(
        referral,
        house,
        permissions.FOLLOW_UP.code,
        gettext_noop("请在两周内随访下转患者 %(patient)s"),
    )


@action(permissions.FOLLOW_UP)
def follow_up(
    referral: Referral, *, by: Actor, followed_up_at: datetime, note: str, doctor: str = ""
) -> Referral:
    """Note how the patient who was sent down is doing at home."""
    if not note.strip():
        raise Refused(_("请填写随访记录。"), field="follow_up_note")
    steps.in_order(
        followed_up_at,
        field="followed_up_at",
        after=referral.arrived_at,
        now=clock.now(),
        sentence=_("随访时间不能早于到诊时间。"),
    )
    if referral.direction not in FOLLOWED:
        raise WrongState(_("只有下转的患者需要登记随访。"))
    _followed_up(referral, followed_up_at, note.strip(), doctor or by.name)
    planning.followed_up(referral, followed_up_at)
    return referral


@action(permissions.HEAR)
def hear_of_visit(
    referral: Referral, *, by: Actor, followed_up_at: datetime, note: str, doctor: str
) -> Referral:
    """The care plan's first visit has been made: the follow-up is done with it."""
    if referral.state == State.CLOSED and referral.direction in FOLLOWED:
        _followed_up(referral, followed_up_at, note, doctor)
    return referral


def _followed_up(referral: Referral, at: datetime, note: str, doctor: str) -> None:
    referral.move_to(State.FOLLOWED_UP)
    referral.followed_up_at = at
    referral.follow_up_note = note
    referral.follow_up_doctor = doctor
    referral.finish()
    steps.close_record(referral, clock.now())
    referral.save()
    steps.tell_sender(referral, gettext_noop("下转患者 %(patient)s 已随访"))
    steps.announce(events.PatientFollowedUp, referral, at)


@action(permissions.END)
def end(referral: Referral, *, by: Actor, code: str, text: str = "") -> Referral:
    """Stop a referral because the patient died, or is in care elsewhere."""
    catalogue.reasons.check("end", code, text, field="end_code")
    if not referral.is_open:
        raise WrongState(
            _("%(record)s已是“%(now)s”，无需终止。")
            % {"record": referral, "now": referral.get_state_display()}
        )
    # A draft was never sent, and who has declined waits for nobody.
    told = referral.state not in (State.DRAFT, State.DECLINED)
    steps.stop(referral, State.ENDED, code, text, clock.now())
    referral.save()
    planning.stopped(referral, code)
    placing.free(referral, by=by)
    steps.tell_sender(referral, gettext_noop("患者 %(patient)s 的转诊已终止"))
    if told and referral.receiver_id != referral.sender_id:
        steps.tell_receiver(referral, gettext_noop("患者 %(patient)s 的转诊已终止"))
    return referral


@action(permissions.EXPIRE)
def expire(referral: Referral, *, by: Actor) -> Referral:
    """The patient has not come in time: the sender asks why, and sends again or ends it."""
    now = clock.now()
    if referral.due_at is None or referral.due_at > now:
        raise WrongState(_("转诊尚未到期。"))
    referral.move_to(State.EXPIRED)
    steps.owed_by_sender(
        referral,
        permissions.REDIRECT,
        since=now,
        due_at=now + parameters.duration("referral.expired_hours"),
    )
    referral.save()
    placing.free(referral, by=by)
    steps.tell_sender(referral, gettext_noop("患者 %(patient)s 逾期未到%(to)s，请联系患者"))
    custodian = referral.person.managed_by_id
    if custodian and custodian != referral.sender_id:
        steps.tell(
            referral,
            custodian,
            permissions.DRAFT.code,
            gettext_noop("患者 %(patient)s 逾期未到%(to)s，请联系患者"),
        )
    return referral


@action(permissions.EXPIRE)
def leave_unanswered(referral: Referral, *, by: Actor) -> Referral:
    """Nobody answered: the consortium's office takes the request in hand."""
    now = clock.now()
    referral.move_to(State.UNANSWERED)
    note_answer(referral, Verdict.SILENT, now)
    office = tree.above(referral.receiver_id, Level.CONSORTIUM) or tree.above(
        referral.sender_id, Level.CONSORTIUM
    )
    referral.hand_to(
        office or referral.sender_id,
        permissions.ARRANGE.code if office else permissions.REDIRECT.code,
        since=now,
        due_at=now + parameters.duration("referral.unanswered_hours"),
    )
    referral.save()
    placing.free(referral, by=by)
    steps.tell_sender(
        referral, gettext_noop("%(to)s逾期未答复患者 %(patient)s 的转诊，已交医共体协调")
    )
    return referral
