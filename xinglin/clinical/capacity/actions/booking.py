"""Taking a place: held, booked, confirmed; and letting go what nobody confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from xinglin.clinical.capacity import events, permissions
from xinglin.clinical.capacity.actions import placing, steps, waiting
from xinglin.clinical.capacity.models import Booking, Slot, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import WrongState
from xinglin.registry.people.models import Person


def hold(
    slot: Slot,
    *,
    by: Actor,
    person: Person,
    channel: str,
    for_subject: tuple[str, UUID] | None = None,
    lasting: timedelta | None = None,
    note: str = "",
) -> Booking:
    """Keep a place for somebody until it is confirmed, for `capacity.hold_minutes` or `lasting`.

    `for_subject` names what it is for, as ("referral", its id). Refuses with a sentence: Full,
    NotBookable, TwiceAtOnce.
    """
    now = clock.now()
    until = now + (lasting or parameters.duration("capacity.hold_minutes"))
    booking = _wanted(slot, by, person, channel, for_subject, note)
    booking.expires_at = until
    return _hold(booking, by=by, seen=_ready(booking, now))


def book(
    slot: Slot,
    *,
    by: Actor,
    person: Person,
    channel: str,
    for_subject: tuple[str, UUID] | None = None,
    note: str = "",
) -> Booking:
    """Give a place to somebody at once."""
    booking = _wanted(slot, by, person, channel, for_subject, note)
    booking.state = State.BOOKED
    return _book(booking, by=by, seen=_ready(booking, clock.now()))


def _wanted(
    slot: Slot,
    by: Actor,
    person: Person,
    channel: str,
    for_subject: tuple[str, UUID] | None,
    note: str,
) -> Booking:
    steps.known_channel(channel)
    kind, subject = for_subject or ("", None)
    return Booking(
        county_id=slot.county_id,
        organisation_id=slot.organisation_id,
        slot=slot,
        person=person,
        # A resident books for themselves, and the house then looks after them.
        booked_by_id=slot.organisation_id if by.org_id == NONE else by.org_id,
        kind=slot.kind,
        channel=channel,
        start_at=slot.start_at,
        end_at=slot.end_at,
        subject_kind=kind,
        subject_id=subject,
        note=note.strip(),
    )


def _ready(booking: Booking, now: datetime) -> Slot:
    """The slot as it is, if something can be booked there; whoever comes too late hears it here.

    Where it is full, what nobody confirmed in time is let go first; the clock does it, too.
    """
    seen, lapses = placing.look(booking.slot_id)
    if seen.withdrawn_at is not None or seen.closure_id is not None or seen.start_at <= now:
        steps.bookable(placing.told(seen.pk), booking.channel, now)
    if seen.kept_for:
        steps.bookable(seen, booking.channel, now)
    if seen.taken < seen.places:
        return seen
    if lapses is not None and lapses <= now:
        stale = Booking.objects.filter(slot=seen.pk, state=State.HELD, expires_at__lte=now)
        for each in stale:
            let_run_out(each)
        seen, lapses = placing.look(booking.slot_id)
    if seen.taken >= seen.places:
        raise steps.full(booking.slot)
    return seen


def let_run_out(booking: Booking) -> bool:
    """End a hold whose time is over, unless somebody was quicker."""
    return steps.attempt(waiting.expire, booking)


@action(permissions.HOLD)
def _hold(booking: Booking, *, by: Actor, seen: Slot) -> Booking:
    """Keep a place for somebody until it is confirmed."""
    now = clock.now()
    placing.place(booking, seen, now)
    assert booking.expires_at is not None
    steps.announce(events.SlotHeld, booking, now, expires_at=booking.expires_at)
    return booking


@action(permissions.BOOK)
def _book(booking: Booking, *, by: Actor, seen: Slot) -> Booking:
    """Give a place to somebody at once."""
    now = clock.now()
    placing.place(booking, seen, now)
    steps.announce(events.SlotBooked, booking, now)
    return booking


@action(permissions.CONFIRM)
def confirm(booking: Booking, *, by: Actor) -> Booking:
    """Make a hold somebody's place."""
    now = clock.now()
    steps.must_be(booking, State.HELD, act=_("确认"))
    if booking.expires_at is not None and booking.expires_at <= now:
        raise WrongState(_("占号已过期，请重新选择号源。"))
    # Closed a moment ago, and the hold not given back yet.
    steps.takes_place(placing.told(booking.slot_id))
    steps.alone_with(booking.person_id, booking.county_id)
    booking.move_to(State.BOOKED)
    booking.expires_at = None
    booking.save()
    waiting.served(booking)
    steps.announce(events.SlotBooked, booking, now)
    return booking
