"""Closing and opening again, and letting somebody else stand in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.capacity import events, permissions
from xinglin.clinical.capacity.actions import changing, laying, steps
from xinglin.clinical.capacity.actions.scheduling import Overlap
from xinglin.clinical.capacity.models import (
    Booking,
    Closure,
    Slot,
    SlotQuerySet,
    State,
    Substitution,
)
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.organisations.models import tree


class BadSpan(Refused):
    """A time that is over, or that ends before it begins."""

    code = "bad-span"


def _span(start_at: datetime, end_at: datetime, now: datetime) -> None:
    if end_at <= start_at:
        raise BadSpan(_("结束时间须晚于开始时间。"), field="end_at")
    if end_at <= now:
        raise BadSpan(_("该时间已过，不能再安排。"), field="end_at")


def close(closure: Closure, *, by: Actor) -> Closure:
    """Take hours away; everybody who had booked there is told and owed another time.

    The slots are closed first, in one act: from then on nobody books there. Then each booking is
    displaced by itself; should that be cut short, the clock goes on with it.
    """
    done = _close(closure, by=by)
    changing.settle(Slot.objects.filter(closure=done))
    return done


@action(permissions.CLOSE)
def _close(closure: Closure, *, by: Actor) -> Closure:
    """Take hours away."""
    now = clock.now()
    _span(closure.start_at, closure.end_at, now)
    steps.coded("close", closure.reason, closure.text, field="reason")
    for name, label in (("department", _("科室")), ("schedule", _("排班"))):
        part = getattr(closure, name)
        if part is not None and part.organisation_id != closure.organisation_id:
            raise Refused(_("该%(what)s不属于所选机构。") % {"what": label}, field=name)
    closure.county_id = closure.organisation.region_id
    closure.closed_by = by.name[:50]
    closure.clean_or_refuse(
        exclude=["county", "organisation", "department", "schedule", "practitioner"]
    )
    closure.save()
    rows = Slot.objects.filter(closure.covers(), closure=None, end_at__gt=now)
    keys = _locked(rows)
    Slot.objects.filter(pk__in=keys).update(closure=closure, updated_at=now)
    publish(
        events.ClosureMade(
            closure_id=closure.pk,
            organisation_id=closure.organisation_id,
            start_at=closure.start_at,
            end_at=closure.end_at,
        )
    )
    return closure


def _locked(rows: SlotQuerySet) -> list[UUID]:
    """The keys of slots, locked in the order in which everybody locks them."""
    found = rows.order_by("pk").select_for_update(no_key=True)
    return list(found.values_list("pk", flat=True))


def reopen(closure: Closure, *, by: Actor) -> Closure:
    """Give the hours back; what was displaced there and not moved yet stands again."""
    done = _reopen(closure, by=by)
    changing.resettle(done)
    return done


@action(permissions.REOPEN)
def _reopen(closure: Closure, *, by: Actor) -> Closure:
    """Give the hours back."""
    now = clock.now()
    if closure.lifted_at is not None:
        raise WrongState(_("该停诊已恢复。"))
    if closure.end_at <= now:
        raise WrongState(_("停诊时间已过，无需恢复。"))
    closure.lifted_at = now
    closure.save()
    others = list(
        Closure.objects.standing()
        .filter(organisation=closure.organisation_id, end_at__gt=now)
        .exclude(pk=closure.pk)
    )
    rows = Slot.objects.filter(closure=closure, end_at__gt=now)
    for slot in rows.order_by("pk").select_for_update(no_key=True):
        # Two closures may lie over one another; then the other one holds.
        slot.closure = laying.closed_by(slot, others)
        slot.save(update_fields=["closure", "updated_at"])
    return closure


@action(permissions.SUBSTITUTE)
def substitute(change: Substitution, *, by: Actor) -> Substitution:
    """Let another doctor or another room serve for a time; the bookings stand and are told."""
    now = clock.now()
    _span(change.start_at, change.end_at, now)
    schedule = change.schedule
    change.place = change.place.strip()
    if change.practitioner_id is None and not change.place:
        raise Refused(_("请选择替诊医生，或填写改到的诊室。"), field="practitioner")
    doctor = change.practitioner
    if doctor is not None and doctor.county_id != schedule.county_id:
        raise Refused(_("该医生不在本县。"), field="practitioner")
    keys = _locked(
        Slot.objects.filter(
            schedule=schedule,
            start_at__gte=max(change.start_at, now),
            start_at__lt=change.end_at,
        )
    )
    rows = Slot.objects.filter(pk__in=keys)
    for slot in rows.open().in_order():
        _not_elsewhere(slot, change)
    change.clean_or_refuse(exclude=["schedule", "practitioner"])
    change.save()
    facts: dict[str, object] = {"updated_at": now}
    if change.practitioner_id is not None:
        facts["practitioner_id"] = change.practitioner_id
    if change.place:
        facts["place"] = change.place
    rows.update(**facts)
    _tell(change, keys, now)
    return change


def _not_elsewhere(slot: Slot, change: Substitution) -> None:
    busy = Q(pk__in=[])
    if change.practitioner_id is not None:
        busy |= Q(practitioner=change.practitioner_id)
    if change.place:
        busy |= Q(organisation=slot.organisation_id, place=change.place)
    others = Slot.objects.open().filter(
        busy, county=slot.county_id, start_at__lt=slot.end_at, end_at__gt=slot.start_at
    )
    other = others.exclude(schedule=slot.schedule_id).select_related("schedule").first()
    if other is not None:
        raise Overlap(
            _("%(time)s 替诊医生或诊室在%(house)s“%(title)s”已有安排，时间重叠。")
            % {
                "time": steps.when(other.start_at),
                "house": tree.name(other.organisation_id),
                "title": other.schedule.title,
            },
            field="practitioner" if change.practitioner_id else "place",
        )


def _tell(change: Substitution, slots: list[UUID], now: datetime) -> None:
    booked = Booking.objects.filter(slot__in=slots, state=State.BOOKED).select_related("person")
    for booking in booked:
        steps.announce(
            events.SlotSubstituted,
            booking,
            now,
            practitioner_id=change.practitioner_id,
            place=change.place,
        )
        steps.tell(
            booking,
            permissions.BOOK,
            gettext_noop("%(patient)s %(time)s 的预约改由%(who)s接诊"),
            who=" ".join(filter(None, (str(change.practitioner or ""), change.place))),
        )
