"""The place of a referral: held with the request, promised with the answer, used, given back.

All of it happens inside the act of the referral that it belongs to, so that the letter and the
place are both stored or neither. The person is locked first, as capacity asks of everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import permissions as booking_permissions
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.actions.steps import alone_with
from xinglin.clinical.capacity.models import (
    Bed,
    BedHold,
    BedStay,
    Booking,
    HoldState,
    Slot,
    Ward,
)
from xinglin.clinical.capacity.models import State as BookingState
from xinglin.clinical.capacity.permissions import beds as bed_permissions
from xinglin.clinical.referral import rules
from xinglin.clinical.referral.destinations.held import SUBJECT, Held, held_by
from xinglin.clinical.referral.models import Kind, Referral
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor, Permission, system
from xinglin.kernel.errors import Conflict, Refused

CHANNEL = "referral"
Place = Slot | Ward | Bed
# Who may send a patient may keep a place for them; who takes one in may give it.
SENDING = ("capacity.hold", "beds.hold")
ANSWERING = ("capacity.book", "capacity.confirm", "beds.hold", "beds.extend")
RECEIVING = ("capacity.arrive", "beds.admit")
LETTING_GO = ("capacity.release", "capacity.cancel", "beds.release")


class PlaceGone(Conflict):
    """The slot or bed is somebody else's by now; the referral is as it was before."""

    code = "place-gone"


class WrongPlace(Refused):
    """The slot or bed does not belong to this referral."""

    code = "wrong-place"


def adopt(referral: Referral, place: Place | None) -> None:
    """Let the letter go to the department whose place was chosen, or refuse what cannot be one."""
    if place is None:
        return
    if place.organisation_id != referral.to_org_id:
        raise WrongPlace(
            _("所选号源或床位属于%(house)s，与转入机构不符，请重新选择。")
            % {"house": place.organisation},
            field="place",
        )
    if isinstance(place, Slot):
        if referral.kind == Kind.INPATIENT:
            raise WrongPlace(_("住院转诊请选择床位，不能选择号源。"), field="place")
        department = place.department
    else:
        if referral.kind not in (Kind.INPATIENT, Kind.GREEN_CHANNEL):
            raise WrongPlace(_("只有住院和绿色通道转诊可以预留床位。"), field="place")
        department = (place if isinstance(place, Ward) else place.ward).department
    if department is not None:
        referral.to_department = department.name


def hold(referral: Referral, place: Place | None, *, by: Actor, until: datetime) -> None:
    """Keep a place for the patient until the request must be answered."""
    if place is None:
        return
    actor, now = _as(by, *SENDING), clock.now()
    try:
        if isinstance(place, Slot):
            shortest = now + parameters.duration("capacity.hold_minutes")
            capacity.hold(
                place,
                by=actor,
                person=referral.person,
                channel=CHANNEL,
                for_subject=(SUBJECT, referral.pk),
                lasting=max(until, shortest) - now,
            )
        else:
            shortest = now + parameters.duration("beds.hold_hours")
            _keep_bed(referral, place, actor, max(until, shortest))
    except Conflict as gone:
        raise _gone(gone) from gone


def _keep_bed(referral: Referral, place: Ward | Bed, by: Actor, until: datetime) -> None:
    longest = clock.now() + parameters.duration("beds.hold_longest_hours")
    beds.hold_bed(
        place,
        by=by,
        person=referral.person,
        until=min(until, longest),
        for_subject=(SUBJECT, referral.pk),
    )


def _gone(why: Conflict) -> PlaceGone:
    return PlaceGone(
        _("%(why)s可从推荐去向中另选，或不预约直接提交。") % {"why": why}, field="place"
    )


def kept_until(referral: Referral, now: datetime) -> datetime:
    """When a request that nobody answers lets its place go: when it becomes the office's."""
    asked = now
    if referral.needs_approval:
        asked += parameters.duration("referral.approve_minutes")
    return rules.unanswered_at(asked, asked + rules.answer_within(referral.urgency))


def change(referral: Referral, place: Place | None, *, by: Actor, until: datetime) -> None:
    """Give back what was kept, and keep another place instead, or none."""
    alone_with(referral.person_id, referral.county_id)
    free(referral, by=by)
    hold(referral, place, by=by, until=until)


def promise(
    referral: Referral, *, by: Actor, place: Place | None, keeps: bool, until: datetime
) -> Held | None:
    """Make the patient's what was kept, or another place in its stead; answers with the place.

    A hold that ran out meanwhile is taken up again if nobody was quicker; else PlaceGone. `keeps`
    False lets go whatever was kept.
    """
    alone_with(referral.person_id, referral.county_id)
    held = held_by(referral)
    if place is None and not keeps:
        free(referral, by=by)
        return None
    if held is not None and held.runs(clock.now()):
        if place is None or held.is_at(place):
            _confirm(held, by, until)
            return held_by(referral)
    elif place is None:
        place = held.place if held is not None else _lost(referral)
    if place is None:
        return None
    free(referral, by=by)
    _give(referral, place, by, until)
    return held_by(referral)


def _confirm(held: Held, by: Actor, until: datetime) -> None:
    actor = _as(by, *ANSWERING)
    if held.booking is not None and held.booking.state == BookingState.HELD:
        capacity.confirm(held.booking, by=actor)
    elif held.hold is not None and held.hold.state == HoldState.STANDING:
        longest = clock.now() + parameters.duration("beds.hold_longest_hours")
        beds.extend(held.hold, by=actor, until=min(until, longest))


def _give(referral: Referral, place: Place, by: Actor, until: datetime) -> None:
    """A place that is the patient's at once, because the house itself gives it."""
    actor = _as(by, *ANSWERING)
    try:
        if isinstance(place, Slot):
            capacity.book(
                place,
                by=actor,
                person=referral.person,
                channel=CHANNEL,
                for_subject=(SUBJECT, referral.pk),
            )
        else:
            _keep_bed(referral, place, actor, until)
    except (Conflict, capacity.NotBookable) as gone:
        raise PlaceGone(
            _("%(why)s请改选其他时间或床位，或选择不预约后接收。") % {"why": gone}, field="place"
        ) from gone


def _lost(referral: Referral) -> Place | None:
    """What was kept with this request and ran out before the answer."""
    asked = referral.submitted_at
    if asked is None:
        return None
    booking = (
        Booking.objects.filter(
            subject_kind=SUBJECT,
            subject_id=referral.pk,
            organisation_id=referral.to_org_id,
            state=BookingState.EXPIRED,
            created_at__gte=asked,
        )
        .select_related("slot__schedule", "slot__practitioner")
        .order_by("-created_at")
        .first()
    )
    if booking is not None:
        return booking.slot
    lapsed = (
        BedHold.objects.of(SUBJECT, referral.pk)
        .filter(organisation_id=referral.to_org_id, state=HoldState.LAPSED, created_at__gte=asked)
        .select_related("bed__ward")
        .order_by("-created_at")
        .first()
    )
    return lapsed.bed if lapsed is not None else None


def use(referral: Referral, *, by: Actor, arrived_at: datetime) -> None:
    """The patient is here: the booking has come, the bed is theirs.

    The arrival is a fact, whatever is wrong with the place: who came on another day gives the
    booking back, and a bed in which they cannot lie yet stays kept for the ward to see to.
    """
    alone_with(referral.person_id, referral.county_id)
    actor = _as(by, *RECEIVING)
    rows = Booking.objects.filter(subject_kind=SUBJECT, subject_id=referral.pk)
    for booking in rows.exclude(state=BookingState.ARRIVED).in_order():
        same_day = timezone.localdate(booking.start_at) == timezone.localdate(arrived_at)
        if booking.state in (BookingState.BOOKED, BookingState.NO_SHOW) and same_day:
            _try(capacity.arrive, booking, by=actor, arrived_at=min(arrived_at, clock.now()))
    _free_bookings(referral, by)
    for hold in BedHold.objects.standing().of(SUBJECT, referral.pk).select_related("bed__ward"):
        since = max(arrived_at, hold.bed.since)
        stay = BedStay.into(hold.bed, referral.person, since=min(since, clock.now()))
        _try(beds.admit, stay, by=actor)


def free(referral: Referral, *, by: Actor, code: str = "referral") -> None:
    """Give back whatever is kept or promised; `code` says why, as capacity's reasons name it."""
    _free_bookings(referral, by, code)
    for hold in BedHold.objects.standing().of(SUBJECT, referral.pk):
        permission = bed_permissions.RELEASE
        beds.release(hold, by=_hand(by, permission, hold), code="referral")


def _free_bookings(referral: Referral, by: Actor, code: str = "referral") -> None:
    now = clock.now()
    going = (BookingState.HELD, BookingState.BOOKED, BookingState.DISPLACED)
    rows = Booking.objects.filter(
        subject_kind=SUBJECT, subject_id=referral.pk, state__in=[str(each) for each in going]
    )
    for booking in rows.in_order():
        if booking.state == BookingState.HELD:
            hand = _hand(by, booking_permissions.RELEASE, booking)
            capacity.release(booking, by=hand)
        elif booking.state == BookingState.BOOKED and booking.start_at <= now:
            capacity.miss(booking, by=system(booking.county_id))
        else:
            hand = _hand(by, booking_permissions.CANCEL, booking)
            late = booking.start_at - parameters.duration("capacity.cancel_hours") <= now
            capacity.cancel(booking, by=system(booking.county_id) if late else hand, code=code)


def _as(by: Actor, *codes: str) -> Actor:
    """Whoever may do this to the referral may do it to its place, though the post books nothing."""
    if by.role == "system":
        return by
    return replace(by, codes=by.codes | frozenset(codes))


def _hand(by: Actor, permission: Permission[Any], row: Booking | BedHold) -> Actor:
    """The person who does it, where the row lets them; an office or the clock acts as the house."""
    actor = _as(by, *LETTING_GO)
    return actor if permission.allows(actor, row) else system(row.county_id)


def _try(act: Callable[..., Any], row: Booking | BedStay, **facts: Any) -> None:
    """Do it if it can be done; what is refused leaves everything else as it is."""
    with suppress(Refused), transaction.atomic():
        act(row, **facts)
