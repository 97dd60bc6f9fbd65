"""What orders do when time passes, and when a visit ends or somebody dies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from xinglin.clinical.orders import actions, permissions
from xinglin.clinical.orders.models import OPEN, Order, State
from xinglin.clinical.record.events import EncounterEnded
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock, parameters, worker
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@worker.every(30)
def watch_the_clock() -> int:
    """Lay out the coming times, end what has run out, hand on what no pharmacist answered."""
    now = clock.now()
    running = Order.objects.filter(state=State.ACTIVE)
    done = 0
    for order in list(running.filter(planned_end__lte=now)):
        done += _try(actions.lapse, order)
    # Half of the span is still laid out then: a worker that slept for hours loses nothing.
    soon = now + parameters.duration("orders.plan_hours") / 2
    for order in list(running.filter(term="long", planned_until__lte=soon)):
        done += _try(actions.plan, order)
    late = now - parameters.duration("orders.review_fallback_minutes")
    silent = Order.objects.filter(state=State.REVIEW, due_at__lte=late)
    for order in list(silent.filter(duty=permissions.REVIEW.code)):
        done += _try(actions.hand_over, order)
    # A visit that was struck out tells nobody; its orders end all the same.
    struck = Order.objects.filter(encounter__voided_at__isnull=False, state__in=OPEN)
    for order in list(struck.exclude(state=State.UNSIGNED)):
        done += _try(actions.end_with_encounter, order, at=now, code="ended")
    return done


def _try(act: Any, order: Order, **more: Any) -> int:
    """The clock may lose a race against a hand; then there is nothing left to do."""
    try:
        with transaction.atomic():
            act(order, by=system(order.county_id), **more)
    except Refused:
        return 0
    return 1


@on(EncounterEnded)
def end_the_sheet(event: EncounterEnded) -> None:
    """Discharge stops what runs."""
    code = "discharged" if event.kind == Encounter.Kind.INPATIENT else "ended"
    _end(Order.objects.filter(encounter_id=event.encounter_id), event.ended_at, code)


@on(PersonDied)
def end_after_death(event: PersonDied) -> None:
    _end(Order.objects.filter(person_id=event.person_id), clock.now(), "died")


def _end(orders: Any, at: datetime, code: str) -> None:
    for order in orders.filter(state__in=OPEN).exclude(state=State.UNSIGNED):
        _try(actions.end_with_encounter, order, at=at, code=code)
