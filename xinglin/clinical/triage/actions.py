"""What people do with advice, and at the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import catalogue, events, permissions
from xinglin.clinical.triage.models import Assessment, Decision, DeskTriage, Ground, Outcome, State
from xinglin.clinical.triage.rules.case import Case
from xinglin.clinical.triage.rules.desk import grade as grade_of
from xinglin.kernel import bulk, clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish


class NoReason(Refused):
    code = "no-reason"


@action(permissions.FOLLOW)
def follow(assessment: Assessment, *, by: Actor) -> Assessment:
    """Note that the doctor does what triage advises."""
    assessment.decision = Decision.FOLLOWED
    assessment.chosen = assessment.outcome
    return _keep(assessment, by)


@action(permissions.OVERRULE)
def overrule(
    assessment: Assessment, *, by: Actor, chosen: str, reason_code: str, note: str = ""
) -> Assessment:
    """Note that the doctor decides otherwise, with one coded reason."""
    reason = catalogue.reasons().get(reason_code)
    if reason is None:
        raise NoReason(_("请选择另有决定的原因。"), field="reason_code")
    if reason.text and not note.strip():
        raise NoReason(_("请用文字说明原因。"), field="note")
    if chosen not in Outcome.values:
        raise Refused(_("请选择实际怎样处理。"), field="chosen")
    if chosen == assessment.outcome:
        raise Refused(_("与建议相同，请直接采纳。"), field="chosen")
    assessment.decision = Decision.OVERRULED
    assessment.chosen = chosen
    assessment.reason_code = reason_code
    assessment.note = note.strip()
    return _keep(assessment, by)


@action(permissions.LAPSE)
def lapse(assessment: Assessment, *, by: Actor, doctor: str) -> Assessment:
    """Note that a visit ended without an answer to advice that asked for one."""
    assessment.decision = Decision.UNANSWERED
    assessment.doctor = doctor
    return _keep(assessment, by)


@action(permissions.HEED)
def heed(assessment: Assessment, *, by: Actor, doctor: str) -> Assessment:
    """Note that the patient was sent on as advised, though nobody pressed a button for it."""
    assessment.decision = Decision.FOLLOWED
    assessment.chosen = assessment.outcome
    assessment.doctor = doctor
    return _keep(assessment, by)


def _keep(assessment: Assessment, by: Actor) -> Assessment:
    """Store the decision in place of an earlier one of the same visit."""
    if not assessment._state.adding:
        raise WrongState(_("该决定已登记；如有变化请在就诊页重新决定。"))
    # Two hands on one visit decide one after the other.
    visit = Encounter.objects.select_for_update().get(pk=assessment.encounter_id)
    if visit.voided_at is not None:
        raise WrongState(_("该次就诊已作废。"))
    assessment.doctor = (assessment.doctor or by.name)[:50]
    assessment.practitioner_id = by.practitioner_id
    assessment.decided_at = clock.now()
    assessment.clean_or_refuse(exclude=["county", "person", "organisation", "encounter"])
    Assessment.objects.filter(encounter=visit, current=True).update(current=False)
    assessment.save(force_insert=True)
    seen: dict[str, str] = {}
    for ground in assessment.grounds:
        seen.setdefault(ground["code"], ground["answer"])
    bulk.create(
        [Ground(assessment=assessment, code=code, answer=answer) for code, answer in seen.items()]
    )
    told: dict[str, Any] = {
        "assessment_id": assessment.pk,
        "person_id": assessment.person_id,
        "encounter_id": assessment.encounter_id,
        "organisation_id": assessment.organisation_id,
        "outcome": assessment.outcome,
        "decision": assessment.decision,
        "at": assessment.decided_at,
    }
    publish(events.AdviceGiven(**told))
    if assessment.decision == Decision.OVERRULED:
        publish(
            events.AdviceOverruled(
                **told, chosen=assessment.chosen, reason_code=assessment.reason_code
            )
        )
    return assessment


@action(permissions.GRADE)
def grade(triage: DeskTriage, *, by: Actor, case: Case, raise_to: str = "") -> DeskTriage:
    """Put a patient at the desk into a level; the nurse may only make it more urgent."""
    found = grade_of(case)
    level = found.level.code
    if raise_to:
        if raise_to not in catalogue.desk().levels:
            raise Refused(_("没有这一级。"), field="raise_to")
        if raise_to > level:
            raise Refused(
                _("按体征和征象至少为%(level)s，不能降级。") % {"level": found.level.label},
                field="raise_to",
            )
        triage.raised = raise_to < level
        level = raise_to
    triage.level = level
    triage.because = [criterion.code for criterion in found.because]
    triage.edition = catalogue.edition()
    triage.numbers = {code: float(value) for code, value in case.numbers.items()}
    triage.signs = sorted(case.signs)
    triage.graded_by = by.name[:50]
    if triage.person is None and not triage.called.strip():
        raise Refused(_("请选择居民；身份不明时填写称呼。"), field="person")
    minutes = catalogue.desk().levels[level].minutes
    triage.goal_at = triage.arrived_at + timedelta(minutes=minutes)
    triage.clean_or_refuse(exclude=["county", "organisation", "owner", "person"])
    triage.hand_to(
        triage.organisation_id,
        permissions.SEE.code,
        due_at=triage.goal_at,
        since=triage.arrived_at,
    )
    triage.save()
    return triage


@action(permissions.SEE)
def see(triage: DeskTriage, *, by: Actor) -> DeskTriage:
    """Take the patient in; the waiting ends here."""
    triage.move_to(State.SEEN)
    triage.seen_at = clock.now()
    triage.seen_by = by.name[:50]
    triage.finish()
    triage.save()
    return triage


@action(permissions.GRADE)
def leave(triage: DeskTriage, *, by: Actor) -> DeskTriage:
    """Note that the patient went away without being seen."""
    triage.move_to(State.LEFT)
    triage.finish()
    triage.save()
    return triage
