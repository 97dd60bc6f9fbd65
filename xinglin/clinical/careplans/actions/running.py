"""How a plan runs: with its letter, by the clock, to its evaluation or an early end."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.careplans import catalogue, events, permissions
from xinglin.clinical.careplans.actions import steps
from xinglin.clinical.careplans.models import (
    CarePlan,
    CareTask,
    Kind,
    Performer,
    Progress,
    State,
)
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import WrongState
from xinglin.kernel.outbox import publish


@action(permissions.FOLLOW)
def offer(plan: CarePlan, *, by: Actor) -> CarePlan:
    """The letter is accepted: now the house answers the plan item by item."""
    if plan.state == State.PROPOSED:
        plan.promised_at = clock.now()
        plan.move_to(State.OFFERED)
        steps.owed(plan, plan.organisation_id, permissions.ANSWER, "careplans.answer_days")
        plan.save()
    return plan


@action(permissions.FOLLOW)
def move(plan: CarePlan, *, by: Actor, organisation_id: UUID, clinic_id: UUID | None) -> CarePlan:
    """The letter goes to another house, and the plan with it; it is answered anew."""
    if plan.state != State.PROPOSED:
        plan.move_to(State.PROPOSED)
    plan.organisation_id = organisation_id
    plan.follow_up_org_id = clinic_id
    plan.promised_at = plan.answered_at = None
    plan.answered_by = ""
    plan.finish()
    steps.drop(CareTask.objects.filter(plan=plan))
    plan.items.filter(until_version=None, standing__in=["accepted", "objected"]).update(
        standing="proposed", objection_code="", objection="", counter={}
    )
    plan.save()
    return plan


@action(permissions.FOLLOW)
def arrive(plan: CarePlan, *, by: Actor, arrived_at: datetime) -> CarePlan:
    """The patient is there: nobody looks for them any more, and an accepted plan begins."""
    if plan.arrived_at is None:
        plan.arrived_at = arrived_at
        steps.drop(CareTask.objects.filter(plan=plan, kind=Kind.FIND))
        steps.start_if_there(plan)
        plan.save()
    return plan


@action(permissions.CLOCK)
def open_task(task: CareTask, *, by: Actor) -> CareTask:
    """Its day has come: the task lies in the inbox of its house."""
    if task.state == Progress.PLANNED and task.due_on <= timezone.localdate(clock.now()):
        task.move_to(Progress.DUE)
        task.hand_to(
            task.organisation_id,
            permissions.DO.code,
            since=steps.end_of(task.due_on) - timedelta(days=1),
            due_at=steps.end_of(task.until),
        )
        task.save()
    return task


@action(permissions.CLOCK)
def miss(task: CareTask, *, by: Actor) -> CareTask:
    """Its last day is long past: it is not done any more, and the plan's house hears of it."""
    if task.state == Progress.DUE and task.due_at is not None and task.due_at <= clock.now():
        task.move_to(Progress.MISSED)
        task.finish()
        task.save()
        message = gettext_noop("患者 %(patient)s 的照护任务逾期未做，请核实")
        steps.tell(task.plan, task.plan.organisation_id, permissions.EVALUATE, message)
    return task


@action(permissions.CLOCK)
def seek(task: CareTask, *, by: Actor) -> CareTask:
    """The patient has not come: the clinic that keeps the record goes and asks."""
    now = clock.now()
    today = timezone.localdate(now)
    due_at = now + parameters.duration("careplans.find_hours")
    task.kind, task.performer = Kind.FIND, Performer.VILLAGE
    task.title = str(_("寻访未到诊的下转患者"))
    task.due_on, task.until = today, max(today, timezone.localdate(due_at))
    task.state = Progress.DUE
    task.hand_to(task.organisation_id, permissions.DO.code, since=now, due_at=due_at)
    task.save(force_insert=True)
    message = gettext_noop("下转患者 %(patient)s 未按时到诊，请上门寻访")
    steps.tell(task.plan, task.organisation_id, permissions.DO, message)
    return task


@action(permissions.FOLLOW)
def await_evaluation(plan: CarePlan, *, by: Actor) -> CarePlan:
    """Everything is done or past: the house says what came of it."""
    if plan.state != State.ACTIVE or plan.tasks.waiting().exists():
        raise WrongState(_("照护计划还有未完成的任务。"))
    plan.move_to(State.EVALUATING)
    steps.owed(plan, plan.organisation_id, permissions.EVALUATE, "careplans.evaluate_days")
    plan.save()
    return plan


@action(permissions.EVALUATE)
def evaluate(plan: CarePlan, *, by: Actor, outcome: str, text: str = "") -> CarePlan:
    """Say what came of the plan, and close it; tasks that are left are not done any more."""
    catalogue.reasons.check("outcome", outcome, text, field="outcome")
    if plan.state not in permissions.STATES[permissions.EVALUATE.code]:
        raise WrongState(_("照护计划尚未执行或已结束，不能评估。"))
    if plan.tasks.waiting().filter(follow_up=True).exists():
        raise WrongState(_("两周内的随访尚未完成，完成后再评估。"))
    _close(plan, State.COMPLETED, outcome, text)
    steps.tell(
        plan,
        plan.author_org_id,
        permissions.WRITE,
        gettext_noop("患者 %(patient)s 的照护计划已完成评估"),
    )
    return plan


@action(permissions.END)
def end(plan: CarePlan, *, by: Actor, code: str, text: str = "") -> CarePlan:
    """Stop a plan before its end, and say why; what was done stays."""
    catalogue.reasons.check("end", code, text, field="code")
    _close(plan, State.ENDED, code, text)
    for house in plan.parties - {by.org_id}:
        steps.tell(plan, house, permissions.READ, gettext_noop("患者 %(patient)s 的照护计划已终止"))
    return plan


def _close(plan: CarePlan, state: State, code: str, text: str) -> None:
    now = clock.now()
    plan.move_to(state)
    plan.end_code, plan.end_text, plan.ended_at = code, text.strip(), now
    plan.finish()
    plan.clean_or_refuse(exclude=["owner"])
    plan.save()
    steps.drop(CareTask.objects.filter(plan=plan))
    publish(
        events.CarePlanEnded(
            plan_id=plan.pk, person_id=plan.person_id, at=now, state=plan.state, code=code
        )
    )
