"""What capacity does when time passes, when somebody dies, and when two become one."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from xinglin.clinical.capacity import actions
from xinglin.clinical.capacity.actions.steps import attempt
from xinglin.clinical.capacity.models import BedHold, BedStay, Booking, Slot, State, Waiting
from xinglin.kernel import clock, worker
from xinglin.kernel.outbox import on
from xinglin.registry.people import actions as people
from xinglin.registry.people.events import PersonDied
from xinglin.registry.people.models import Person

# No slot is longer: what has begun before is over.
LONGEST = timedelta(minutes=actions.LONGEST)


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
    for schedule in actions.due(now):
        done += attempt(actions.plan, schedule)
    done += actions.end_of_the_day(now)
    done += actions.end_displaced(now)
    # Cut short by a crash between the closing or the opening and the telling.
    done += actions.settle(Slot.objects.away().filter(start_at__gt=now - LONGEST, taken__gt=0))
    done += actions.settle(Slot.objects.filter(bookings__state=State.DISPLACED).distinct())
    return done


@people.objects_to_merging
def two_places_at_once(survivor: Person, loser: Person) -> str:
    """Nobody is in two beds, or in two clinics at one time, because two registrations become one.

    Which of the two is the mistake only the houses know.
    """
    both = (survivor.pk, loser.pk)
    lying = BedStay.objects.current().filter(person__in=both).select_related("bed__ward")
    if lying.count() > 1:
        return _("两份档案现各占一张床位（%(beds)s），请先核对并办理其一离床或作废。") % {
            "beds": "、".join(stay.bed.full_name for stay in lying)
        }
    kept = BedHold.objects.standing().filter(person__in=both).select_related("bed__ward")
    if kept.count() > 1:
        return _("两份档案各预留了一张床位（%(beds)s），请先取消其一。") % {
            "beds": "、".join(hold.bed.full_name for hold in kept)
        }
    theirs = Booking.objects.live().filter(person=loser, end_at__gt=clock.now())
    for one in theirs.select_related("slot__schedule", "slot__practitioner"):
        mine = Booking.objects.live().filter(person=survivor, kind=one.kind)
        if mine.overlapping(one.start_at, one.end_at).exists():
            return _("两份档案在 %(time)s 都有%(kind)s预约，请先取消或改约其一。") % {
                "time": one,
                "kind": one.kind_label,
            }
    return ""


@on(PersonDied)
def call_off_after_death(event: PersonDied) -> None:
    """Nobody is waited for who is dead."""
    actions.call_off(event.person_id, "died")
    for entry in Waiting.objects.open().filter(person_id=event.person_id):
        attempt(actions.leave, entry, code="died")
