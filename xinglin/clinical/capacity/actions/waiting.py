"""The waiting list, and what is freed for it: offered, served, passed over, left."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.capacity import catalogue, events, permissions
from xinglin.clinical.capacity.actions import placing, steps
from xinglin.clinical.capacity.models import Booking, Slot, State, Waiting, WaitState
from xinglin.kernel import clock, inbox, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState

# An offer that could not be answered in time is no offer.
SOONEST = timedelta(minutes=15)
# Of those who wait for a freed place, how many are tried before it is left to the clock; and how
# many who are elsewhere at that time are told in one act.
TRIED, TOLD = 5, 50
WISH = ("organisation_id", "department_id", "schedule_id", "kind", "channel", "since", "until")


class NothingToWaitFor(Refused):
    """There is a free place already."""

    code = "nothing-to-wait-for"


@action(permissions.RELEASE)
def release(booking: Booking, *, by: Actor) -> Booking:
    """Give a hold back; whoever waits for such a place gets it."""
    steps.must_be(booking, State.HELD, act=_("放号"))
    let_go(booking, State.RELEASED, clock.now())
    return booking


@action(permissions.EXPIRE)
def expire(booking: Booking, *, by: Actor) -> Booking:
    """End a hold that nobody confirmed in time."""
    now = clock.now()
    if booking.state != State.HELD or booking.expires_at is None or booking.expires_at > now:
        raise WrongState(_("占号尚未到期。"))
    let_go(booking, State.EXPIRED, now)
    return booking


def let_go(booking: Booking, state: State, now: datetime) -> None:
    """A hold ends without a booking."""
    booking.move_to(state)
    booking.ended_at = now
    booking.save()
    steps.give_back(booking.slot_id)
    steps.announce(events.HoldReleased, booking, now, expired=state == State.EXPIRED)
    let_pass(booking, now)
    pass_on(booking.slot_id, now)


@action(permissions.WAIT)
def wait(entry: Waiting, *, by: Actor) -> Waiting:
    """Put somebody on the waiting list."""
    now = clock.now()
    steps.known_channel(entry.channel)
    if entry.kind not in catalogue.kinds():
        raise Refused(_("请选择类别。"), field="kind")
    today = timezone.localdate(now)
    if entry.until is not None and entry.until < max(entry.since, today):
        raise Refused(_("期望日期止不能早于期望日期起或今天。"), field="until")
    schedule = entry.schedule
    if schedule is not None and (
        schedule.organisation_id != entry.organisation_id or schedule.kind != entry.kind
    ):
        raise Refused(_("该排班不属于所选的机构或类别。"), field="schedule")
    department = entry.department
    if department is not None and department.organisation_id != entry.organisation_id:
        raise Refused(_("该科室不属于所选机构。"), field="department")
    steps.alone_with(entry.person_id, entry.county_id)
    same = Waiting.objects.open().filter(
        person=entry.person_id,
        organisation=entry.organisation_id,
        kind=entry.kind,
        department=entry.department_id,
        schedule=entry.schedule_id,
    )
    if same.exists():
        raise Conflict(_("该患者已在同一候补名单中。"), field="person")
    # Kept places are nobody's before they open; only what this channel may take counts.
    free = entry.wanted(today).free(channel=entry.channel, at=now)
    first = free.filter(start_at__gte=now + SOONEST).in_order().first()
    if first is not None:
        raise NothingToWaitFor(
            _("%(time)s 尚有余号，请直接预约。") % {"time": steps.when(first.start_at)}
        )
    entry.queued_at = now
    entry.clean_or_refuse(
        exclude=["county", "organisation", "person", "asked_by", "schedule", "department"]
    )
    entry.save()
    return entry


@action(permissions.LEAVE)
def leave(entry: Waiting, *, by: Actor, code: str, text: str = "") -> Waiting:
    """Take somebody off the waiting list; a place that is offered goes to the next."""
    catalogue.reasons.check("leave", code, text, field="code")
    if entry.state not in (WaitState.WAITING, WaitState.OFFERED):
        raise WrongState(_("已不在候补名单中。"))
    hold = entry.booking if entry.state == WaitState.OFFERED else None
    entry.move_to(WaitState.LEFT)
    entry.end_code, entry.note = code, (text.strip() or entry.note)[:200]
    entry.finish()
    entry.save()
    if code == "over":
        _tell(entry, gettext_noop("%(patient)s 的候补日期已过，未补上号，已退出候补"))
    if hold is not None:
        # The entry is off the list already: its hold finds nobody to tell.
        release(hold, by=system(entry.county_id))
    return entry


@action(permissions.OFFER)
def offer(entry: Waiting, *, by: Actor, slot: Slot) -> Waiting:
    """Hold a freed place for whoever waits first, and ask the house that knows them."""
    now = clock.now()
    if entry.state != WaitState.WAITING:
        raise WrongState(_("已不在候补名单中。"))
    until = min(now + parameters.duration("capacity.offer_minutes"), slot.start_at)
    hold = Booking(
        county_id=slot.county_id,
        organisation_id=slot.organisation_id,
        slot=slot,
        person_id=entry.person_id,
        booked_by_id=entry.asked_by_id,
        kind=slot.kind,
        channel=entry.channel,
        start_at=slot.start_at,
        end_at=slot.end_at,
        expires_at=until,
        subject_kind="waiting",
        subject_id=entry.pk,
        note=entry.note,
    )
    _hold_for(hold, by=by)
    entry.move_to(WaitState.OFFERED)
    entry.booking = hold
    entry.offers += 1
    entry.hand_to(entry.asked_by_id, permissions.CONFIRM.code, since=now, due_at=until)
    entry.save()
    steps.announce(events.PlaceOffered, hold, now, waiting_id=entry.pk, expires_at=until)
    steps.tell(
        hold,
        permissions.CONFIRM,
        gettext_noop("%(patient)s 候补到 %(time)s 的号，请在 %(until)s 前确认"),
        until=steps.when(until),
    )
    return entry


@action(permissions.HOLD)
def _hold_for(hold: Booking, *, by: Actor) -> Booking:
    """Keep a freed place for whoever waits for it."""
    now = clock.now()
    seen, _lapses = placing.look(hold.slot_id)
    steps.bookable(seen, hold.channel, now)
    placing.place(hold, seen, now, waits=False)
    assert hold.expires_at is not None
    steps.announce(events.SlotHeld, hold, now, expires_at=hold.expires_at)
    return hold


def pass_on(slot_id: UUID, now: datetime) -> bool:
    """Offer a place that has just been freed to the first who waits for it; whether one did.

    In the very act that frees it: nobody who comes by chance is quicker than who has waited.
    """
    slot = Slot.objects.select_related("schedule", "practitioner").get(pk=slot_id)
    if slot.taken >= slot.places or slot.start_at < now + SOONEST:
        return False
    if slot.closure_id is not None or slot.withdrawn_at is not None:
        return False
    taker = None
    free = Waiting.objects.wanting(slot, now, elsewhere=False).select_related("person")
    free = free.select_for_update(skip_locked=True, of=("self",))
    for entry in free[:TRIED]:
        # Somebody else may be booking for this person right now: the next one.
        if steps.attempt(offer, entry, slot=slot):
            taker = entry
            break
    busy = Waiting.objects.wanting(slot, now, elsewhere=True).exclude(missed=slot_id)
    for entry in busy.select_related("person")[:TOLD]:
        if taker is None or _place(entry) < _place(taker):
            steps.attempt(pass_over, entry, slot=slot)
    return taker is not None


def _place(entry: Waiting) -> tuple[int, datetime, UUID]:
    return entry.priority, entry.queued_at, entry.pk


@action(permissions.OFFER)
def pass_over(entry: Waiting, *, by: Actor, slot: Slot) -> Waiting:
    """Tell that a place came free while the person has another one at that time."""
    if entry.state != WaitState.WAITING:
        raise WrongState(_("已不在候补名单中。"))
    entry.missed = slot
    entry.save()
    _tell(
        entry,
        gettext_noop("%(patient)s 候补的 %(time)s 有号，但同一时间已有其他预约，未为其保留"),
        time=steps.when(slot.start_at),
    )
    return entry


def _tell(entry: Waiting, message: str, **params: str) -> None:
    """News for the house that asked."""
    inbox.tell(
        entry.asked_by_id,
        permissions.WAIT.code,
        message,
        subject=entry,
        patient=entry.person.name,
        **params,
    )


def served(booking: Booking) -> None:
    """Whoever waited has a place."""
    entry = _entry_of(booking)
    if entry is not None:
        serve(entry, by=system(entry.county_id))


def let_pass(booking: Booking, now: datetime) -> None:
    """An offer was not taken: to the end of the line, and off it after too many."""
    entry = _entry_of(booking)
    if entry is not None:
        lapse(entry, by=system(entry.county_id))


def _entry_of(booking: Booking) -> Waiting | None:
    if booking.subject_kind != "waiting" or booking.subject_id is None:
        return None
    rows = Waiting.objects.filter(pk=booking.subject_id, booking=booking, state=WaitState.OFFERED)
    return rows.select_related("person").first()


@action(permissions.SERVE)
def serve(entry: Waiting, *, by: Actor) -> Waiting:
    """Note that the wait is over."""
    entry.move_to(WaitState.SERVED)
    entry.finish()
    entry.save()
    return entry


@action(permissions.LAPSE)
def lapse(entry: Waiting, *, by: Actor) -> Waiting:
    """Note that an offer was not answered."""
    if entry.offers >= parameters.get("capacity.offers"):
        entry.move_to(WaitState.LEFT)
        entry.end_code = "silent"
        _tell(entry, gettext_noop("%(patient)s 的候补号多次未确认，已退出候补，仍需要请重新登记"))
    else:
        entry.move_to(WaitState.WAITING)
        entry.queued_at = clock.now()
        _tell(entry, gettext_noop("%(patient)s 的候补号未在时限内确认，已让给下一位，继续候补"))
    entry.finish()
    entry.save()
    return entry


def serve_the_line(now: datetime) -> int:
    """Offer what became free by itself: places newly laid out, or kept ones that have opened.

    And let go whose wanted days are over. The clock calls it.
    """
    today = timezone.localdate(now)
    for entry in list(Waiting.objects.filter(state=WaitState.WAITING, until__lt=today)):
        steps.attempt(leave, entry, code="over")
    done = 0
    lines: dict[tuple[object, ...], list[Waiting]] = {}
    for entry in list(Waiting.objects.filter(state=WaitState.WAITING).in_order()):
        # Who wants the same asks the same question.
        wish = tuple(getattr(entry, name) for name in WISH)
        lines.setdefault(wish, []).append(entry)
    for entries in lines.values():
        free = entries[0].wanted(today).free(channel=entries[0].channel, at=now)
        free = free.filter(start_at__gte=now + SOONEST).in_order()
        first = free.first()
        if first is None:
            continue
        for entry in entries:
            slot = entry.fitting(free).first() or first
            with transaction.atomic():
                done += pass_on(slot.pk, now)
    return done
