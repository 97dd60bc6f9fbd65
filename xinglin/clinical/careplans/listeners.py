"""What care plans do when time passes, when somebody dies or lies in a ward again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from xinglin.clinical.careplans import actions
from xinglin.clinical.careplans.models import CarePlan, CareTask, Kind, PlanItem, Progress, State
from xinglin.clinical.record.events import EncounterStarted
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock, parameters, worker
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@worker.every(60)
def watch_the_clock() -> int:
    """Put the day's tasks before their houses, close what is past, look for who has not come."""
    now = clock.now()
    today = timezone.localdate(now)
    done = 0
    tasks = CareTask.objects.select_related("plan__person", "person")
    # The visit that is the letter's follow-up lies in the inbox as the letter itself.
    opening = tasks.filter(state=Progress.PLANNED, due_on__lte=today, follow_up=False)
    for task in list(opening.filter(plan__state=State.ACTIVE)):
        done += _try(actions.open_task, task)
    late = now - parameters.duration("careplans.missed_days")
    overdue = tasks.filter(state=Progress.DUE, due_at__lte=late).exclude(kind=Kind.FIND)
    for task in list(overdue):
        done += _try(actions.miss, task)
    for plan in list(_not_come(now).select_related("person")):
        found = CareTask(
            plan=plan,
            county_id=plan.county_id,
            person_id=plan.person_id,
            organisation_id=plan.clinic_id,
        )
        done += _try(actions.seek, found)
    for plan in list(_run_through(today).select_related("person")):
        done += _try(actions.await_evaluation, plan)
    return done


def _not_come(now: Any) -> Any:
    """Promised a place some days ago, not there, and nobody was asked to look for them yet."""
    since = now - parameters.duration("careplans.arrival_days")
    waiting = CarePlan.objects.filter(
        state__in=[State.OFFERED, State.OBJECTED, State.ACCEPTED],
        promised_at__lte=since,
        arrived_at=None,
    )
    sought = CareTask.objects.filter(plan=OuterRef("pk"), kind=Kind.FIND)
    return waiting.exclude(Exists(sought))


def _run_through(today: Any) -> Any:
    """Nothing is left to do, and the last day of every item is past."""
    left = CareTask.objects.filter(plan=OuterRef("pk")).waiting()
    going = PlanItem.objects.filter(
        plan=OuterRef("pk"), until_version=None, ends_on__gte=today
    ).exclude(standing="dropped")
    running = CarePlan.objects.filter(state=State.ACTIVE)
    return running.exclude(Exists(left)).exclude(Exists(going))


def _try(act: Any, row: Any, **more: Any) -> int:
    """The clock may lose a race against a hand; then there is nothing left to do."""
    try:
        with transaction.atomic():
            act(row, by=system(row.county_id), **more)
    except Refused:
        return 0
    return 1


@on(PersonDied)
def end_after_death(event: PersonDied) -> None:
    for plan in CarePlan.objects.filter(person_id=event.person_id).standing():
        _try(actions.end, plan, code="died")


@on(EncounterStarted)
def end_at_readmission(event: EncounterStarted) -> None:
    """A new stay in another house than the plan's ends it; one in its own ward may belong to it."""
    if event.kind != Encounter.Kind.INPATIENT:
        return
    plans = CarePlan.objects.filter(person_id=event.person_id, created_at__lt=event.started_at)
    running = plans.filter(state__in=[State.ACTIVE, State.EVALUATING, State.ACCEPTED])
    for plan in running.exclude(organisation_id=event.organisation_id):
        _try(actions.end, plan, code="readmitted")
