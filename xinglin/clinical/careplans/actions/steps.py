"""What the acts share: tasks laid out and dropped, news for the houses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from xinglin.clinical.careplans import events, permissions
from xinglin.clinical.careplans.models import (
    CarePlan,
    CareTask,
    Performer,
    PlanItem,
    Progress,
    Standing,
    State,
)
from xinglin.kernel import bulk, clock, inbox, parameters
from xinglin.kernel.access import Actor, Permission
from xinglin.kernel.outbox import publish


def end_of(day: date) -> datetime:
    """The last moment of a day here."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def tell(plan: CarePlan, house: UUID | None, permission: Permission[Any], message: str) -> None:
    inbox.tell(
        house,
        permission.code,
        message,
        subject=plan,
        patient=plan.person.name,
    )


def owed(plan: CarePlan, house: UUID, permission: Permission[Any], days: str) -> None:
    """Who owes the plan its next step; `days` names the parameter of the time for it."""
    now = clock.now()
    plan.hand_to(house, permission.code, since=now, due_at=now + parameters.duration(days))


def start_if_there(plan: CarePlan) -> None:
    """Accepted, and the patient is there: the tasks begin."""
    if plan.arrived_at is None or plan.state != State.ACCEPTED:
        return
    plan.move_to(State.ACTIVE)
    plan.started_at = clock.now()
    lay_out(plan, since=timezone.localdate(plan.arrived_at))
    tell(
        plan,
        plan.clinic_id,
        permissions.DO,
        gettext_noop("患者 %(patient)s 的照护计划开始执行，请按日期完成任务"),
    )
    publish(
        events.CarePlanStarted(
            plan_id=plan.pk,
            person_id=plan.person_id,
            organisation_id=plan.organisation_id,
            at=plan.started_at,
        )
    )


def house_of(plan: CarePlan, item: PlanItem) -> UUID:
    """The clinic goes to the home; the house that took over does all else."""
    return plan.clinic_id if item.performer == Performer.VILLAGE else plan.organisation_id


def lay_out(plan: CarePlan, *, since: date) -> None:
    """Store the tasks of the items that stand, from a day on; what is there already stays."""
    known = set(
        plan.tasks.exclude(state=Progress.DROPPED).values_list("item_id", "due_on")
        if plan.version > 1
        else ()
    )
    bulk.create(
        [
            task
            for item in plan.of_now().filter(standing=Standing.ACCEPTED)
            if item.has_tasks
            for task in _tasks(plan, item, since)
            if (item.pk, task.due_on) not in known
        ]
    )


def _tasks(plan: CarePlan, item: PlanItem, since: date) -> Iterable[CareTask]:
    done = item.tasks.filter(follow_up=True, state=Progress.DONE) if item.follow_up else None
    follows = item.follow_up and not (done is not None and done.exists())
    assert plan.arrived_at is not None
    last = timezone.localdate(plan.arrived_at) + parameters.duration("referral.follow_up_days")
    for place, day in enumerate(item.schedule.days(since=since)):
        first = follows and place == 0
        until = day + timedelta(days=item.window_days)
        yield CareTask(
            plan=plan,
            item=item,
            county_id=plan.county_id,
            person_id=plan.person_id,
            organisation_id=house_of(plan, item),
            kind=item.kind,
            title=item.title,
            performer=item.performer,
            follow_up=first,
            due_on=day,
            until=max(day, min(until, last)) if first else until,
        )


def drop(tasks: QuerySet[CareTask]) -> None:
    """Nobody need do these any more; what was done stays."""
    for task in tasks.filter(state=Progress.DUE).select_related("person", "plan"):
        task.move_to(Progress.DROPPED)
        task.finish()
        task.save()
        inbox.follow(task)
    tasks.filter(state=Progress.PLANNED).update(state=Progress.DROPPED, updated_at=clock.now())


def answered(plan: CarePlan, by: Actor) -> None:
    plan.answered_at = clock.now()
    plan.answered_by = by.name
