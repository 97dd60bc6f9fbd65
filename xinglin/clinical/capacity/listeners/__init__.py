"""What capacity does when time passes, and when somebody dies."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from xinglin.clinical.capacity import actions
from xinglin.clinical.capacity.models import Booking, Schedule, Slot, State, Waiting
from xinglin.kernel import clock, worker
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@worker.every(10)
def let_holds_run_out() -> int:
    """End the holds that nobody confirmed, and offer what is free to those who wait."""
    now = clock.now()
    stale = Booking.objects.filter(state=State.HELD, expires_at__lte=now)
    done = sum(actions.let_run_out(booking) for booking in list(stale.order_by("expires_at")))
    return done + actions.serve_the_line(now)


@worker.every(60)
def watch_the_day() -> int:
    """Lay out the coming days, count who did not come, and finish what a closure left."""
    now = clock.now()
    done = 0
    for pk in actions.due(now):
        done += _plan(pk)
    done += actions.end_of_the_day(now)
    done += actions.end_displaced(now)
    # Cut short by a crash between the closing and the telling.
    done += actions.settle(Slot.objects.filter(start_at__gt=now, taken__gt=0))
    return done


def _plan(pk: UUID) -> int:
    schedule = Schedule.objects.filter(pk=pk).first()
    if schedule is None:
        return 0
    try:
        with transaction.atomic():
            actions.plan(schedule, by=system(schedule.county_id))
    except Refused:
        return 0
    return 1


@on(PersonDied)
def call_off_after_death(event: PersonDied) -> None:
    """Nobody is waited for who is dead."""
    actions.call_off(event.person_id, "died")
    for entry in Waiting.objects.open().filter(person_id=event.person_id):
        actions.leave(entry, by=system(entry.county_id), code="died")
