"""What several acts share: the count of a slot, who is told, coded reasons, refusals.

Locks are taken in one order, so that no two acts wait for each other: the booking, the person,
then slots by their key. Whatever is reached after a slot is only taken if it is free.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, UUIDField
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue, events
from xinglin.clinical.capacity.models import LIVE, Booking, Slot, State
from xinglin.kernel import inbox
from xinglin.kernel.access import Permission, system
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.kernel.prepared import SLOT, Prepared
from xinglin.registry.people.models import Person

_KEY: UUIDField[UUID, UUID] = UUIDField()


class Full(Conflict):
    """No place is left."""

    code = "slot-full"


class NotBookable(Refused):
    """The slot is over, closed, or kept for others."""

    code = "not-bookable"


class TwiceAtOnce(Conflict):
    """The person has another place of the same kind at the same time."""

    code = "twice-at-once"


class PersonBusy(Conflict):
    """Another act is about this very person at this very moment."""

    code = "person-busy"


class WrongPerson(Refused):
    """Dead, registered twice, or of another county."""

    code = "wrong-person"


def known_channel(code: str) -> None:
    if code not in catalogue.channels():
        raise Refused(
            _("没有“%(code)s”这一预约渠道。") % {"code": code} if code else _("请选择预约渠道。"),
            field="channel",
        )


def attempt(act: Any, row: Any, **more: Any) -> bool:
    """Let the house's clock do an act, unless a hand was quicker: then nothing is left to do."""
    try:
        with transaction.atomic():
            act(row, by=system(row.county_id), **more)
    except Refused:
        return False
    return True


def when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%m-%d %H:%M}"


# ------------------------------------------------------------------------------------- the count


def take(slot_id: UUID, channel: str, now: datetime) -> None:
    """One more place is taken, if there is one for this channel; Full otherwise.

    The condition is part of the statement: of all who come at once the database lets in as many
    as there are places.
    """
    with connection.cursor() as cursor:
        cursor.execute(_taking(), [_KEY.get_db_prep_value(slot_id, connection)])
        if cursor.rowcount:
            return
    slot = Slot.objects.select_related("schedule", "practitioner").get(pk=slot_id)
    bookable(slot, channel, now)
    raise full(slot)


@cache
def _taking() -> str:
    table = connection.ops.quote_name(Slot._meta.db_table)
    return (
        f"UPDATE {table} SET taken = taken + 1 WHERE id = %s AND taken < places"
        " AND closure_id IS NULL AND withdrawn_at IS NULL"
    )


def give_back(slot_id: UUID) -> None:
    """One place less is taken."""
    Slot.objects.filter(pk=slot_id).update(taken=F("taken") - 1)


def full(slot: Slot) -> Full:
    return Full(_("%(who)s %(time)s 号源已满，请另选时间或登记候补。") % _said(slot), field="slot")


def _said(slot: Slot) -> dict[str, Any]:
    return {"who": slot.who, "time": when(slot.start_at)}


def takes_place(slot: Slot) -> None:
    """Refuse what has fallen away."""
    if slot.withdrawn_at is not None:
        raise NotBookable(_("该时段已不出诊，请另选时间。"), field="slot")
    if slot.closure_id is not None:
        raise NotBookable(_("%(who)s %(time)s 已停诊，请另选时间。") % _said(slot), field="slot")


def bookable(slot: Slot, channel: str, now: datetime) -> None:
    """Why nothing can be booked here by this way, whatever the count says."""
    takes_place(slot)
    if slot.start_at <= now:
        raise NotBookable(_("%(who)s %(time)s 已过，请另选时间。") % _said(slot), field="slot")
    allowed = ("", *catalogue.kept_for(channel))
    if slot.kept_for not in allowed and (slot.opens_at is None or slot.opens_at > now):
        assert slot.opens_at is not None, "the database refuses kept places that never open"
        raise NotBookable(
            _("该号源预留给%(channel)s，%(time)s 起对其他渠道开放。")
            % {"channel": slot.kept_label, "time": when(slot.opens_at)},
            field="slot",
        )


# ------------------------------------------------------------------------------------ the person


def alone_with(person_id: UUID, county_id: UUID, *, waits: bool = True) -> None:
    """Let nobody else book for this person of the county until this act is over.

    `waits=False` refuses instead of waiting, for acts that have reached a slot already.
    """
    found = _person(waits).first(person_id)
    if found is None:
        raise PersonBusy(_("正在为该患者办理另一预约，请稍候再试。"))
    voided_at, deceased_on, name, county = found
    if county != county_id:
        raise WrongPerson(_("没有这位居民，或不在可见范围内。"), field="person")
    if voided_at is not None:
        raise WrongPerson(_("该档案已作废或已合并，请使用现用档案。"), field="person")
    if deceased_on is not None:
        raise WrongPerson(_("%(name)s已登记死亡，不能安排。") % {"name": name}, field="person")


@cache
def _person(waits: bool) -> Prepared:
    rows = Person.objects.filter(pk=SLOT)
    if connection.features.has_select_for_update:
        # Others may write rows that name the person; only another booking waits.
        rows = rows.select_for_update(no_key=True, skip_locked=not waits)
    return Prepared(rows.values_list("voided_at", "deceased_on", "name", "county_id"))


@cache
def _others() -> Prepared:
    states = (*LIVE, State.ARRIVED)
    rows = Booking.objects.filter(person_id=SLOT, state__in=states)
    return Prepared(rows.values_list("id", "kind", "start_at", "end_at", "state", "expires_at"))


def not_twice(booking: Booking, slot: Slot | Booking, now: datetime) -> None:
    """Nobody sits in two clinics of one kind at the same time."""
    for key, kind, start_at, end_at, state, expires_at in _others().all(booking.person_id):
        if key == booking.pk or kind != slot.kind:
            continue
        if start_at >= slot.end_at or end_at <= slot.start_at:
            continue
        if state == State.HELD and expires_at <= now:
            continue
        other = Booking.objects.select_related("slot__schedule", "slot__practitioner").get(pk=key)
        raise TwiceAtOnce(
            _("该患者 %(time)s 已有%(kind)s预约（%(house)s %(who)s），同一时间不能重复预约。")
            % {
                "time": when(other.start_at),
                "kind": other.kind_label,
                "house": other.house_name,
                "who": other.slot.who,
            },
            field="person",
        )


# -------------------------------------------------------------------------------------- the news


def announce(
    event: type[events.BookingEvent], booking: Booking, now: datetime, **more: Any
) -> None:
    publish(
        event(
            booking_id=booking.pk,
            person_id=booking.person_id,
            organisation_id=booking.organisation_id,
            booked_by_id=booking.booked_by_id,
            slot_id=booking.slot_id,
            kind=booking.kind,
            channel=booking.channel,
            subject_kind=booking.subject_kind,
            subject_id=booking.subject_id,
            start_at=booking.start_at,
            at=now,
            **more,
        )
    )


def tell(booking: Booking, audience: Permission[Any], message: str, **params: Any) -> None:
    """News for the house that booked; `message` is a msgid with patient and time."""
    inbox.tell(
        booking.booked_by_id,
        audience.code,
        message,
        subject=booking,
        patient=booking.person.name,
        time=when(booking.start_at),
        **params,
    )


def must_be(booking: Booking, *states: State, act: str) -> None:
    """Refuse an act that makes no sense where the booking stands."""
    if booking.state not in states:
        raise WrongState(
            _("该预约当前为“%(state)s”，不能%(act)s。")
            % {"state": booking.get_state_display(), "act": act}
        )
