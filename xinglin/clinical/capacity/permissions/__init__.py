"""Who may keep schedules, and who may book."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models import (
    Booking,
    Closure,
    Schedule,
    State,
    Substitution,
    Waiting,
    WaitState,
)
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, Permission, Reach
from xinglin.kernel.trail import Ground


def own_schedule(actor: Actor, schedule: Schedule) -> bool:
    """Whoever keeps the schedules of a house, or of the houses below it."""
    return actor.reaches(schedule.organisation_id, schedule.organisation.region_id)


def own_closure(actor: Actor, closure: Closure) -> bool:
    return actor.reaches(closure.organisation_id, closure.organisation.region_id)


def own_substitution(actor: Actor, row: Substitution) -> bool:
    return own_schedule(actor, row.schedule)


def reading(actor: Actor, row: Any) -> bool:
    return bool(row.county_id == actor.county_id)


def by_way(actor: Actor, channel: str, house_id: UUID) -> bool:
    """At its counter and by its telephone only a house itself books, a resident by the portal."""
    if actor.person_id is not None:
        return channel == "portal"
    known = catalogue.channels().get(channel)
    return known is None or not known.house or actor.at(house_id)


def asking(actor: Actor, booking: Booking) -> bool:
    """Any house of the county books for its patients; at the counter only the house itself.

    What is booked is one's own house's doing.
    """
    own = actor.at(booking.booked_by_id) or actor.person_id == booking.person_id
    way = by_way(actor, booking.channel, booking.organisation_id)
    return booking.county_id == actor.county_id and way and own


def party(actor: Actor, booking: Booking) -> bool:
    """The house that is gone to, and the house that booked; a resident of their own."""
    if actor.person_id is not None:
        return actor.person_id == booking.person_id
    return booking.county_id == actor.county_id and (
        actor.at(booking.organisation_id) or actor.at(booking.booked_by_id)
    )


def receiving(actor: Actor, booking: Booking) -> bool:
    return booking.county_id == actor.county_id and actor.at(booking.organisation_id)


def waiting_party(actor: Actor, entry: Waiting) -> bool:
    return entry.county_id == actor.county_id and (
        actor.at(entry.organisation_id) or actor.at(entry.asked_by_id)
    )


def queueing(actor: Actor, entry: Waiting) -> bool:
    return waiting_party(actor, entry) and by_way(actor, entry.channel, entry.organisation_id)


def nobody(actor: Actor, row: Any) -> bool:
    """Only the house's own clock."""
    return False


# Whoever reads of a booking of people whose record is not open to them.
OF_THE_BOOKING = Ground("booking", _("本机构的预约"))

READ = Permission("capacity.read", _("查阅号源与预约"), reading)
KEEP = Permission("capacity.keep", _("维护排班"), own_schedule)
CLOSE = Permission("capacity.close", _("停诊"), own_closure)
REOPEN = Permission("capacity.reopen", _("恢复出诊"), own_closure)
SUBSTITUTE = Permission("capacity.substitute", _("安排替诊"), own_substitution)
HOLD = Permission("capacity.hold", _("占号"), asking)
BOOK = Permission("capacity.book", _("预约"), asking)
CONFIRM = Permission("capacity.confirm", _("确认预约"), party)
RELEASE = Permission("capacity.release", _("放弃占号"), party)
CANCEL = Permission("capacity.cancel", _("取消预约"), party)
MOVE = Permission("capacity.move", _("改约"), party)
ARRIVE = Permission("capacity.arrive", _("登记到诊（预约）"), receiving)
UNDO = Permission("capacity.undo", _("撤销到诊"), receiving)
MISS = Permission("capacity.miss", _("登记爽约"), receiving)
WAIT = Permission("capacity.wait", _("登记候补"), queueing)
LEAVE = Permission("capacity.leave", _("退出候补"), waiting_party)
PLAN: Permission[Schedule] = Permission("capacity.plan", _("生成号源"), nobody)
DISPLACE: Permission[Booking] = Permission("capacity.displace", _("因停诊待改约"), nobody)
RESTORE: Permission[Booking] = Permission("capacity.restore", _("恢复预约"), nobody)
EXPIRE: Permission[Booking] = Permission("capacity.expire", _("占号到期"), nobody)
OFFER: Permission[Waiting] = Permission("capacity.offer", _("候补放号"), nobody)
LAPSE: Permission[Waiting] = Permission("capacity.lapse", _("候补逾期"), nobody)
SERVE: Permission[Waiting] = Permission("capacity.serve", _("候补完成"), nobody)

# In which states an act makes sense at all; the doors offer an act only there.
STATES: dict[str, Collection[State]] = {
    CONFIRM.code: (State.HELD,),
    RELEASE.code: (State.HELD,),
    ARRIVE.code: (State.BOOKED, State.NO_SHOW),
    UNDO.code: (State.ARRIVED,),
    MOVE.code: (State.BOOKED, State.DISPLACED),
    CANCEL.code: (State.BOOKED, State.DISPLACED),
    MISS.code: (State.BOOKED,),
}
ACTS: tuple[Permission[Booking], ...] = (CONFIRM, ARRIVE, MOVE, RELEASE, MISS, CANCEL, UNDO)


def open_to(actor: Actor, booking: Booking) -> list[str]:
    """What this post may do with a booking now, by the acts' short names."""
    return [
        act.code.partition(".")[2]
        for act in ACTS
        if State(booking.state) in STATES[act.code]
        and _in_its_time(act, booking)
        and act.allows(actor, booking)
    ]


def _in_its_time(act: Permission[Booking], booking: Booking) -> bool:
    """People come on the day; whoever's time has not begun is not missing yet."""
    now = clock.now()
    if act in (ARRIVE, UNDO):
        return timezone.localdate(booking.start_at) == timezone.localdate(now)
    return act is not MISS or booking.start_at <= now


def open_waiting(actor: Actor, entry: Waiting) -> bool:
    """Whether somebody may be taken off the list by this post."""
    return entry.state in (WaitState.WAITING, WaitState.OFFERED) and LEAVE.allows(actor, entry)


def keeps(actor: Actor) -> bool:
    """Whether the post keeps schedules somewhere."""
    return actor.may(KEEP.code) and actor.reach is not Reach.NOTHING
