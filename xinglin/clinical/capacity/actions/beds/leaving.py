"""Somebody leaves the beds of a house; a stay that was written wrongly is struck out."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.actions.beds.steps import (
    WrongTime,
    leave_behind,
    lock_beds,
    must_be_current,
    not_ahead,
    put,
)
from xinglin.clinical.capacity.events.beds import BedLeft
from xinglin.clinical.capacity.models.beds import BedState
from xinglin.clinical.capacity.models.stays import BedStay, StayEnd
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.clinical.record import actions as record
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish

DIED = "5"  # CV06.00.226 离院方式: 死亡


def discharge(
    stay: BedStay,
    *,
    by: Actor,
    at: datetime | None = None,
    discharge_way: str = "",
    outcome: str = "",
) -> BedStay:
    """Discharge somebody: the bed is left, and the visit that goes on in it ends in the same act.

    Where a visit goes on, the way of leaving must be told: a bed without its patient and a
    visit without an end would be two truths.
    """
    moment = at or clock.now()
    visit = stay.encounter
    with transaction.atomic():
        done = leave(stay, by=by, at=moment, end=StayEnd.DIED if discharge_way == DIED else "")
        if visit is not None:
            visit.refresh_from_db()
            if visit.ended_at is None and visit.voided_at is None:
                if not discharge_way:
                    raise Refused(_("住院结束须填写离院方式。"), field="discharge_way")
                record.end_encounter(
                    visit, by=by, ended_at=moment, discharge_way=discharge_way, outcome=outcome
                )
    return done


@action(permissions.DISCHARGE)
def leave(stay: BedStay, *, by: Actor, at: datetime, end: str = "") -> BedStay:
    """Let somebody leave the bed for good; it is cleaned before the next one comes."""
    now = clock.now()
    must_be_current(stay)
    not_ahead(at, now, field="at")
    if at < stay.since:
        raise WrongTime(_("离床时间早于入住时间，请核对。"), field="at")
    bed = lock_beds([stay.bed_id])[stay.bed_id]
    stay.until, stay.end = at, end or StayEnd.DISCHARGED
    stay.save()
    leave_behind(bed, now)
    stay.bed = bed
    publish(
        BedLeft(
            stay_id=stay.pk,
            bed_id=bed.pk,
            ward_id=bed.ward_id,
            organisation_id=stay.organisation_id,
            person_id=stay.person_id,
            encounter_id=stay.encounter_id,
            end=stay.end,
            began=stay.began,
            at=at,
        )
    )
    return stay


@action(permissions.VOID)
def void(stay: BedStay, *, by: Actor, code: str, text: str = "") -> BedStay:
    """Strike out a stay that was written wrongly; the row stays, the bed is free again."""
    if stay.voided_at is not None:
        raise WrongState(_("这条入住记录已作废。"))
    catalogue.reasons.check("void", code, text, field="code")
    now = clock.now()
    current = stay.until is None
    stay.voided_at, stay.voided_by = now, by.name[:50]
    stay.void_code, stay.void_text = code, text.strip()
    stay.clean_or_refuse()
    stay.save()
    if current:
        bed = lock_beds([stay.bed_id])[stay.bed_id]
        put(bed, BedState.FREE, now)
        stay.bed = bed
    return stay
