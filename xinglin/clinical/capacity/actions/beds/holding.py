"""A bed kept for somebody: chosen in a ward or by hand, released, run out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.actions.beds.steps import (
    BedNotFree,
    WrongTime,
    lock_beds,
    lock_holds,
    must_be_open,
    must_suit,
    put,
    refuse_given,
)
from xinglin.clinical.capacity.actions.steps import alone_with
from xinglin.clinical.capacity.events.beds import BedHeld, BedHoldEnded
from xinglin.clinical.capacity.models.beds import SPECIAL, Bed, BedKind, BedState, Room, Ward
from xinglin.clinical.capacity.models.stays import BedHold, HoldState
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.people.models import Person


class NoFreeBed(Conflict):
    """The ward has no bed that may be given to this person."""

    code = "no-free-bed"


class AlreadyHeld(Conflict):
    code = "already-held"


def hold_bed(
    place: Ward | Bed,
    *,
    by: Actor,
    person: Person,
    until: datetime | None = None,
    for_subject: tuple[str, UUID] | None = None,
    kind: str = "",
    mix_code: str = "",
    mix_text: str = "",
) -> BedHold:
    """Keep a bed for somebody: this one, or the first in the ward that suits the sex.

    `until` is a moment; without it the hold lasts `beds.hold_hours`. `for_subject` names what it
    is kept for, such as `("referral", referral.pk)`. `kind` asks for a kind of bed; intensive
    care and isolation are given only where they are asked for. Raises `NoFreeBed`, `BedNotFree`,
    `AlreadyHeld`, `WrongSex`.
    """
    subject_kind, subject_id = for_subject or ("", None)
    facts: dict[str, Any] = {
        "person": person,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "made_by_id": by.org_id,
        "until": until or clock.now() + parameters.duration("beds.hold_hours"),
        "mix_code": mix_code,
        "mix_text": mix_text,
    }
    if isinstance(place, Bed):
        return hold(_new(place, facts), by=by)
    with transaction.atomic():
        # Before a room is locked: every act locks holds first.
        take(Q(person=person, until__lte=clock.now()), [], clock.now())
    tried: set[UUID] = set()
    while True:
        with transaction.atomic():
            alone_with(person.pk, place.county_id)
            bed = _choose(place, person, kind, without=tried, any_sex=bool(mix_code))
            if bed is None:
                raise NoFreeBed(
                    _("“%(ward)s”暂无可安排的空床，请选择其他病区或登记候床。") % {"ward": place}
                )
            try:
                return hold(_new(bed, facts), by=by)
            except BedNotFree:
                # Somebody was quicker; the next one.
                tried.add(bed.pk)


def _new(bed: Bed, facts: dict[str, Any]) -> BedHold:
    return BedHold(county_id=bed.county_id, organisation_id=bed.organisation_id, bed=bed, **facts)


def _choose(
    ward: Ward, person: Person, kind: str, *, without: set[UUID], any_sex: bool
) -> Bed | None:
    """The first bed that may be given, extra beds last; rather one at which nobody is busy."""
    free = Bed.objects.free(sex="" if any_sex else person.sex, kind=kind, ward=ward)
    if not kind:
        free = free.exclude(kind__in=SPECIAL)
    last = Case(When(kind=BedKind.EXTRA, then=Value(1)), default=Value(0))
    found = list(
        free.exclude(pk__in=without)
        .annotate(last=last)
        .order_by("last", "room__number", "place", "number", "id")
        .values_list("pk", "room_id", "last")
    )
    if not found:
        return None
    usual = [row for row in found if row[2] == found[0][2]]
    rooms = Room.objects.filter(pk__in={room for _bed, room, _last in usual}).order_by("number")
    idle = set(rooms.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1])
    best = next((bed for bed, room, _last in usual if room in idle), usual[0][0])
    return Bed.objects.get(pk=best)


@action(permissions.HOLD)
def hold(hold: BedHold, *, by: Actor) -> BedHold:
    """Keep one bed for somebody until a moment."""
    now = clock.now()
    _in_bounds(hold.until, now)
    alone_with(hold.person_id, hold.county_id)
    mine = Q(bed_id=hold.bed_id) | Q(person_id=hold.person_id)
    _kept, beds = take(mine, [hold.bed_id], now)
    bed = beds[hold.bed_id]
    must_be_open(bed)
    refuse_given(bed)
    must_suit(bed, hold.person, hold.mix_code, hold.mix_text)
    hold.bed = bed
    hold.maker = by.name[:50]
    hold.clean_or_refuse()
    try:
        with transaction.atomic():
            hold.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyHeld(
            _("已为 %(person)s 预留了床位，请先取消原预留。") % {"person": hold.person.name},
            field="person",
        ) from error
    put(bed, BedState.HELD, now)
    publish(
        BedHeld(
            **_told(hold, now),
            until=hold.until,
        )
    )
    return hold


def _in_bounds(until: datetime, now: datetime) -> None:
    """A bed is kept for a while that has not passed, and not for ever."""
    if until <= now:
        raise WrongTime(_("预留时间应晚于现在。"), field="until")
    if until > now + parameters.duration("beds.hold_longest_hours"):
        hours = parameters.get("beds.hold_longest_hours")
        raise WrongTime(_("床位最多预留 %(hours)d 小时。") % {"hours": hours}, field="until")


@action(permissions.EXTEND)
def extend(hold: BedHold, *, by: Actor, until: datetime) -> BedHold:
    """Keep a bed until another moment; what has run out is not taken up again."""
    now = clock.now()
    if hold.state != HoldState.STANDING or hold.until <= now:
        raise WrongState(_("这一预留已结束，请重新预留床位。"))
    _in_bounds(until, now)
    hold.until = until
    hold.save()
    return hold


@action(permissions.RELEASE)
def release(hold: BedHold, *, by: Actor, code: str, text: str = "") -> BedHold:
    """Keep the bed no more; it may be given to somebody else at once."""
    catalogue.reasons.check("release", code, text, field="code")
    return end(hold, HoldState.RELEASED, clock.now(), code=code, text=text)


@action(permissions.LAPSE)
def lapse(hold: BedHold, *, by: Actor) -> BedHold:
    """Let a hold run out whose time has come."""
    now = clock.now()
    if hold.until > now:
        raise Refused(_("预留尚未到期。"))
    return end(hold, HoldState.LAPSED, now)


def end(
    hold: BedHold, state: HoldState, now: datetime, *, code: str = "", text: str = ""
) -> BedHold:
    """End a standing hold, which the caller has locked; a bed that waits for it is free."""
    if hold.state != HoldState.STANDING:
        raise WrongState(_("这一预留%(state)s。") % {"state": hold.get_state_display()})
    hold.move_to(state)
    hold.ended_at, hold.end_code, hold.end_text = now, code, text.strip()
    hold.clean_or_refuse()
    hold.save()
    if state != HoldState.USED:
        bed = lock_beds([hold.bed_id])[hold.bed_id]
        if bed.state == BedState.HELD:
            put(bed, BedState.FREE, now)
        hold.bed = bed
    publish(BedHoldEnded(**_told(hold, now), state=state, end_code=code))
    return hold


def _told(hold: BedHold, now: datetime) -> dict[str, Any]:
    return {
        "hold_id": hold.pk,
        "bed_id": hold.bed_id,
        "ward_id": hold.bed.ward_id,
        "organisation_id": hold.organisation_id,
        "person_id": hold.person_id,
        "subject_kind": hold.subject_kind,
        "subject_id": hold.subject_id,
        "at": now,
    }


def take(which: Q, beds: Iterable[UUID], now: datetime) -> tuple[list[BedHold], dict[UUID, Bed]]:
    """Lock what stands in the way of an act: standing holds, then their beds and these.

    What has run out already is let go, though the clock has not come by yet.
    """
    found = lock_holds(which)
    wanted = {*beds, *(hold.bed_id for hold in found)}
    lock_beds(wanted)
    kept = []
    for each in found:
        if each.until <= now:
            lapse(each, by=system(each.county_id))
        else:
            kept.append(each)
    return kept, lock_beds(wanted)
