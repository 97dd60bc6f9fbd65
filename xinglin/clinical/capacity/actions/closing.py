"""Closing and opening again, and letting somebody else stand in."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue, events, permissions
from xinglin.clinical.capacity.actions import changing, laying
from xinglin.clinical.capacity.models import Closure, Slot, Substitution
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish


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
    catalogue.reasons.check("close", closure.reason, closure.text, field="reason")
    for name, label in (("department", _("科室")), ("schedule", _("排班"))):
        part = getattr(closure, name)
        if part is not None and part.organisation_id != closure.organisation_id:
            raise Refused(_("该%(what)s不属于所选机构。") % {"what": label}, field=name)
    doctor = closure.practitioner
    closure.county_id = closure.organisation.region_id
    if doctor is not None and doctor.county_id != closure.county_id:
        raise Refused(_("该医生不在本县。"), field="practitioner")
    laying.one_at_a_time(closure.organisation_id)
    closure.closed_by = by.name[:50]
    closure.clean_or_refuse(
        exclude=["county", "organisation", "department", "schedule", "practitioner"]
    )
    closure.save()
    rows = Slot.objects.filter(closure.covers(), closure=None, end_at__gt=now)
    laying.lock(rows)
    rows.update(closure=closure, updated_at=now)
    publish(
        events.ClosureMade(
            closure_id=closure.pk,
            organisation_id=closure.organisation_id,
            start_at=closure.start_at,
            end_at=closure.end_at,
        )
    )
    return closure


def reopen(closure: Closure, *, by: Actor) -> Closure:
    """Give the hours back; what was displaced there and not moved yet stands again."""
    done = _reopen(closure, by=by)
    changing.settle(Slot.objects.filter(done.covers()))
    return done


@action(permissions.REOPEN)
def _reopen(closure: Closure, *, by: Actor) -> Closure:
    """Give the hours back."""
    now = clock.now()
    if closure.lifted_at is not None:
        raise WrongState(_("该停诊已恢复。"))
    if closure.end_at <= now:
        raise WrongState(_("停诊时间已过，无需恢复。"))
    laying.one_at_a_time(closure.organisation_id)
    closure.lifted_at = now
    closure.save()
    rows = Slot.objects.filter(closure=closure, end_at__gt=now)
    keys = laying.lock(rows)
    laying.close_anew(rows, now)
    laying.nowhere_else(Slot.objects.filter(pk__in=keys), now)
    return closure


def substitute(change: Substitution, *, by: Actor) -> Substitution:
    """Let another doctor or another room serve for a time; the bookings stand and are told.

    Whose doctor is away comes to somebody after all; whose stand-in is away is displaced.
    """
    done = _substitute(change, by=by)
    changing.settle(Slot.objects.filter(done.covers()))
    return done


@action(permissions.SUBSTITUTE)
def _substitute(change: Substitution, *, by: Actor) -> Substitution:
    """Let another doctor or another room serve for a time."""
    now = clock.now()
    _span(change.start_at, change.end_at, now)
    schedule = change.schedule
    change.place = change.place.strip()
    if change.practitioner_id is None and not change.place:
        raise Refused(_("请选择替诊医生，或填写改到的诊室。"), field="practitioner")
    doctor = change.practitioner
    if doctor is not None and doctor.county_id != schedule.county_id:
        raise Refused(_("该医生不在本县。"), field="practitioner")
    change.clean_or_refuse(exclude=["schedule", "practitioner"])
    laying.one_at_a_time(schedule.organisation_id, change.practitioner_id)
    change.save()
    rows = Slot.objects.filter(change.covers(), start_at__gt=now)
    keys = laying.lock(rows)
    facts: dict[str, object] = {"updated_at": now}
    if change.practitioner_id is not None:
        facts["practitioner_id"] = change.practitioner_id
    if change.place:
        facts["place"] = change.place
    rows.update(**facts)
    laying.close_anew(rows, now)
    laying.nowhere_else(rows, now)
    changing.tell_who(keys, now)
    return change
