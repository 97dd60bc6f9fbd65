"""What becomes of a booking: cancelled, moved, come, missed; displaced and restored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.capacity import catalogue, events, permissions
from xinglin.clinical.capacity.actions import steps, waiting
from xinglin.clinical.capacity.models import LIVE, Booking, Slot, SlotQuerySet, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Forbidden, Refused, WrongState


class TooLate(Refused):
    """Too near to the time, or after it."""

    code = "too-late"


@action(permissions.CANCEL)
def cancel(booking: Booking, *, by: Actor, code: str, text: str = "") -> Booking:
    """Take a booking back; the place goes to whoever waits for it, or is free again."""
    now = clock.now()
    steps.must_be(booking, State.BOOKED, State.DISPLACED, act=_("取消"))
    catalogue.reasons.check("cancel", code, text, field="code")
    _in_time(booking, by, now)
    booking.move_to(State.CANCELLED)
    booking.end_code, booking.end_text, booking.ended_at = code, text.strip()[:200], now
    booking.finish()
    booking.save()
    steps.give_back(booking.slot_id)
    steps.announce(events.BookingCancelled, booking, now, end_code=code)
    if not by.at(booking.booked_by_id):
        steps.tell(booking, permissions.BOOK, gettext_noop("%(patient)s %(time)s 的预约已取消"))
    waiting.pass_on(booking.slot_id, now)
    return booking


def _in_time(booking: Booking, by: Actor, now: datetime) -> None:
    """Up to some hours before it begins; the house that is gone to knows better, up to the end."""
    if by.role == "system":
        return
    if booking.end_at <= now:
        raise TooLate(_("就诊时间已过，未到诊的请登记爽约。"))
    latest = booking.start_at - parameters.duration("capacity.cancel_hours")
    if booking.state == State.BOOKED and now > latest and not by.at(booking.organisation_id):
        raise TooLate(
            _("已过取消或改约的时限（%(time)s），请电话联系%(house)s办理。")
            % {"time": steps.when(latest), "house": booking.house_name}
        )


@action(permissions.MOVE)
def move(
    booking: Booking, *, by: Actor, slot: Slot, channel: str = "", note: str | None = None
) -> Booking:
    """Change to another time: the new place is taken and the old one freed, or neither."""
    now = clock.now()
    steps.must_be(booking, State.BOOKED, State.DISPLACED, act=_("改约"))
    _in_time(booking, by, now)
    new = Slot.objects.select_related("schedule", "practitioner").get(pk=slot.pk)
    if new.pk == booking.slot_id:
        raise Refused(_("请选择另一时段。"), field="slot")
    if new.county_id != booking.county_id:
        raise Refused(_("只能改到本县的号源。"), field="slot")
    if channel and channel != booking.channel:
        steps.known_channel(channel)
        if not permissions.by_way(by, channel, new.organisation_id):
            raise Forbidden(_("当前岗位不能以此渠道预约。"))
        booking.channel = channel
    steps.bookable(new, booking.channel, now)
    steps.alone_with(booking.person_id, booking.county_id)
    steps.not_twice(booking, new, now)
    old_id = booking.slot_id
    for slot_id in sorted((old_id, new.pk)):
        if slot_id == new.pk:
            steps.take(slot_id, booking.channel, now)
        else:
            steps.give_back(slot_id)
    if booking.state == State.DISPLACED:
        booking.move_to(State.BOOKED)
        booking.finish()
    booking.slot = new
    booking.organisation_id = new.organisation_id
    booking.kind, booking.start_at, booking.end_at = new.kind, new.start_at, new.end_at
    booking.moved += 1
    if note is not None:
        booking.note = note.strip()
    booking.clean_or_refuse(exclude=["county", "organisation", "slot", "person", "booked_by"])
    booking.save()
    steps.announce(events.BookingMoved, booking, now, from_slot_id=old_id)
    if not by.at(booking.booked_by_id):
        steps.tell(booking, permissions.BOOK, gettext_noop("%(patient)s 的预约改到 %(time)s"))
    waiting.pass_on(old_id, now)
    return booking


@action(permissions.ARRIVE)
def arrive(booking: Booking, *, by: Actor, arrived_at: datetime | None = None) -> Booking:
    """Note that the person has come, on the day of the booking."""
    now = clock.now()
    at = arrived_at or now
    steps.must_be(booking, State.BOOKED, State.NO_SHOW, act=_("登记到诊"))
    if at > now:
        raise Refused(_("到诊时间不能晚于现在。"), field="arrived_at")
    if timezone.localdate(at) != timezone.localdate(booking.start_at):
        raise Refused(
            _("预约日期为 %(day)s，不能在其他日期登记到诊；请先改约。")
            % {"day": timezone.localdate(booking.start_at)},
            field="arrived_at",
        )
    if booking.state == State.NO_SHOW:
        # Whoever was missed may have taken another place since.
        steps.alone_with(booking.person_id, booking.county_id)
        steps.not_twice(booking, booking, now)
    booking.move_to(State.ARRIVED)
    booking.arrived_at = at
    booking.save()
    steps.announce(events.BookingArrived, booking, now)
    return booking


@action(permissions.UNDO)
def undo(booking: Booking, *, by: Actor) -> Booking:
    """Take back an arrival that was noted for the wrong person."""
    steps.must_be(booking, State.ARRIVED, act=_("撤销到诊"))
    if timezone.localdate(booking.start_at) != timezone.localdate(clock.now()):
        raise TooLate(_("只能在当天撤销到诊。"))
    booking.move_to(State.BOOKED)
    booking.arrived_at = None
    booking.save()
    return booking


@action(permissions.MISS)
def miss(booking: Booking, *, by: Actor) -> Booking:
    """Note that the person did not come; it counts for later warnings."""
    now = clock.now()
    if booking.state == State.DISPLACED:
        raise WrongState(_("停诊的预约不计爽约，请改约或取消。"))
    steps.must_be(booking, State.BOOKED, act=_("登记爽约"))
    if booking.start_at > now:
        raise WrongState(_("就诊时间未到，不能登记爽约。"))
    booking.move_to(State.NO_SHOW)
    booking.save()
    steps.announce(events.NoShow, booking, now)
    return booking


@action(permissions.DISPLACE)
def displace(booking: Booking, *, by: Actor) -> Booking:
    """Owe the person another time, because the session falls away."""
    now = clock.now()
    steps.must_be(booking, State.BOOKED, act=_("停诊"))
    booking.move_to(State.DISPLACED)
    until = now + parameters.duration("capacity.rebook_hours")
    booking.hand_to(
        booking.booked_by_id,
        permissions.MOVE.code,
        since=now,
        # Who should come tomorrow morning hears of it before; who should come now, at once.
        due_at=max(min(until, booking.start_at), now),
    )
    booking.save()
    steps.announce(events.BookingDisplaced, booking, now)
    steps.tell(
        booking,
        permissions.MOVE,
        gettext_noop("%(patient)s %(time)s 的号因停诊取消，请为其改约"),
    )
    return booking


@action(permissions.RESTORE)
def restore(booking: Booking, *, by: Actor) -> Booking:
    """Let a displaced booking stand again, because the session takes place after all."""
    steps.must_be(booking, State.DISPLACED, act=_("恢复"))
    booking.move_to(State.BOOKED)
    booking.finish()
    booking.save()
    steps.announce(events.BookingRestored, booking, clock.now())
    steps.tell(
        booking, permissions.BOOK, gettext_noop("%(patient)s %(time)s 的号恢复出诊，预约仍有效")
    )
    return booking


def settle(slots: SlotQuerySet) -> int:
    """Let bookings say what their slots say, and tell everybody; how many. Each by itself.

    Where a session falls away, what is only held is given back, and what is booked is displaced;
    where it takes place after all, the displaced stand again. Done again after a crash by the
    clock, so that nobody stands before a closed door untold.
    """
    now = clock.now()
    coming = slots.filter(end_at__gt=now)
    gone = Booking.objects.filter(slot__in=coming.away(), state__in=(State.HELD, State.BOOKED))
    back = Booking.objects.filter(slot__in=coming.open(), state=State.DISPLACED)
    acts: dict[str, Any] = {
        State.HELD: waiting.release,
        State.BOOKED: displace,
        State.DISPLACED: restore,
    }
    rows = [*gone.select_related("person"), *back.select_related("person")]
    return sum(steps.attempt(acts[booking.state], booking) for booking in rows)


def tell_who(slots: Iterable[UUID], now: datetime) -> None:
    """Tell who had booked these slots that another doctor or another room awaits them."""
    rows = Booking.objects.filter(slot__in=list(slots), state=State.BOOKED)
    for booking in rows.select_related("person", "slot__practitioner"):
        slot = booking.slot
        steps.announce(
            events.SlotSubstituted,
            booking,
            now,
            practitioner_id=slot.practitioner_id,
            place=slot.place,
        )
        steps.tell(
            booking,
            permissions.BOOK,
            gettext_noop("%(patient)s %(time)s 的预约改由%(who)s接诊"),
            who=" ".join(filter(None, (str(slot.practitioner or ""), slot.place))),
        )


def end_of_the_day(now: datetime) -> int:
    """Count as missed who did not come: booked, and the time is over since a while."""
    over = now - parameters.duration("capacity.no_show.after_minutes")
    rows = Booking.objects.filter(state=State.BOOKED, end_at__lte=over).order_by("end_at")
    return sum(steps.attempt(miss, booking) for booking in list(rows))


def end_displaced(now: datetime) -> int:
    """A closed session that is over, and nobody found another time: the booking is cancelled."""
    rows = Booking.objects.filter(state=State.DISPLACED, end_at__lte=now)
    return sum(steps.attempt(cancel, booking, code="closed") for booking in list(rows))


def call_off(person_id: Any, code: str) -> int:
    """Cancel whatever is still to come for somebody."""
    now = clock.now()
    rows = Booking.objects.filter(person_id=person_id, start_at__gt=now)
    done = 0
    for booking in list(rows.filter(state__in=LIVE)):
        if booking.state == State.HELD:
            done += steps.attempt(waiting.release, booking)
        else:
            done += steps.attempt(cancel, booking, code=code)
    return done
