"""Wards, rooms and beds: opened, changed, blocked, cleaned, closed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.actions.beds.steps import (
    WrongBed,
    WrongTime,
    must_be_open,
    put,
    ready,
)
from xinglin.clinical.capacity.models.beds import (
    Bed,
    BedKind,
    BedState,
    Room,
    RoomSex,
    Ward,
)
from xinglin.clinical.capacity.models.stays import NOW, BedHold, BedStay
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, WrongState
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import CARE_LEVELS
from xinglin.registry.people.models import Sex


class NumberTaken(Conflict):
    code = "number-taken"


def _store(row: Record, sentence: str, field: str) -> None:
    """Save what bears a number; the database says whether it is borne already."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NumberTaken(sentence, field=field) from error


@action(permissions.MAINTAIN)
def open_ward(ward: Ward, *, by: Actor) -> Ward:
    """Open a ward of a department."""
    ward.clean_or_refuse()
    if ward.department.organisation_id != ward.organisation_id:
        raise WrongBed(_("科室不属于该机构。"), field="department")
    if ward.organisation.level not in CARE_LEVELS:
        raise WrongBed(_("该机构不收治患者，不能设病区。"), field="organisation")
    _store(ward, _("该机构已有代码为“%(code)s”的病区。") % {"code": ward.code}, "code")
    return ward


@action(permissions.MAINTAIN)
def change_ward(ward: Ward, /, *, by: Actor, **facts: Any) -> Ward:
    """Correct a ward's name, place, telephone or code."""
    for name, value in facts.items():
        setattr(ward, name, value)
    ward.clean_or_refuse()
    _store(ward, _("该机构已有代码为“%(code)s”的病区。") % {"code": ward.code}, "code")
    return ward


@action(permissions.MAINTAIN)
def close_ward(ward: Ward, *, by: Actor) -> Ward:
    """Close a ward in which nobody lies and nobody is expected; its beds go with it."""
    now = clock.now()
    beds = list(Bed.objects.select_for_update().standing().filter(ward=ward).order_by("pk"))
    given = sum(bed.state in (BedState.OCCUPIED, BedState.HELD) for bed in beds)
    if given:
        raise WrongState(
            _("病区还有 %(count)d 张占用或预留的床位，请先转床、出院或取消预留。")
            % {"count": given}
        )
    for bed in beds:
        put(bed, BedState.CLOSED, now)
    ward.closed_on = timezone.localdate(now)
    ward.save()
    return ward


@action(permissions.MAINTAIN)
def open_room(room: Room, *, by: Actor) -> Room:
    """Open a room of a ward, for whom it is."""
    room.clean_or_refuse()
    _store(room, _("该病区已有 %(number)s 室。") % {"number": room.number}, "number")
    return room


@action(permissions.MAINTAIN)
def change_room(room: Room, *, by: Actor, sex: str) -> Room:
    """Say anew for whom a room is; nobody who lies there may be in the wrong one by it."""
    others = {RoomSex.MALE: [Sex.MALE], RoomSex.FEMALE: [Sex.FEMALE]}.get(RoomSex(sex))
    lies = BedStay.objects.filter(NOW, bed__room=room, mix_code="")
    comes = BedHold.objects.standing().filter(bed__room=room, mix_code="")
    if others is not None:
        wrong = ~Q(person__sex__in=others)
        if lies.filter(wrong).exists() or comes.filter(wrong).exists():
            raise WrongState(_("%(room)s现有异性患者或预留，请先转床。") % {"room": room})
    room.sex = sex
    room.clean_or_refuse()
    room.save()
    return room


@action(permissions.MAINTAIN)
def open_bed(bed: Bed, *, by: Actor) -> Bed:
    """Set up a bed, or a bed of a number that was taken away, ready to be given."""
    return _set_up(bed)


@action(permissions.EXTRA)
def add_extra(bed: Bed, *, by: Actor) -> Bed:
    """Put an extra bed into a room; it is put away when who lay in it has left."""
    # Locked, so that two nurses do not both put up the last one.
    Ward.objects.select_for_update().get(pk=bed.ward_id)
    most = parameters.get("beds.extra_per_ward")
    extra = Bed.objects.standing().filter(ward_id=bed.ward_id, kind=BedKind.EXTRA).count()
    if extra >= most:
        raise WrongState(_("本病区加床已达上限 %(most)d 张。") % {"most": most})
    bed.kind = BedKind.EXTRA
    return _set_up(bed)


def _set_up(bed: Bed) -> Bed:
    bed.state = BedState.FREE
    bed.since = clock.now()
    digits = re.search(r"\d+", bed.number)
    bed.place = int(digits[0][:9]) if digits else 0
    bed.clean_or_refuse()
    if bed.room.ward_id != bed.ward_id or bed.ward.organisation_id != bed.organisation_id:
        raise WrongBed(_("病室不属于该病区。"), field="room")
    must_be_open(bed)
    _store(bed, _("该病区已有 %(number)s 床。") % {"number": bed.number}, "number")
    return bed


@action(permissions.MAINTAIN)
def close_bed(bed: Bed, *, by: Actor) -> Bed:
    """Take a bed away in which nobody lies."""
    if bed.state == BedState.OCCUPIED:
        raise WrongState(_("%(bed)s 有患者，请先转床或出院。") % {"bed": bed})
    put(bed, BedState.CLOSED, clock.now())
    return bed


@action(permissions.BLOCK)
def block(bed: Bed, *, by: Actor, code: str, text: str = "", until: datetime | None = None) -> Bed:
    """Put a bed out of use, saying why and, where it is known, until when."""
    catalogue.reasons.check("block", code, text, field="code")
    now = clock.now()
    if until is not None and until <= now:
        raise WrongTime(_("停用至的时间应晚于现在。"), field="until")
    bed.reason_code, bed.reason_text, bed.until = code, text.strip(), until
    bed.clean_or_refuse()
    put(bed, BedState.BLOCKED, now)
    return bed


@action(permissions.REOPEN)
def reopen(bed: Bed, *, by: Actor) -> Bed:
    """Let a bed that was out of use be given again."""
    if bed.state != BedState.BLOCKED:
        raise WrongState(_("%(bed)s 没有停用。") % {"bed": bed})
    put(bed, BedState.FREE, clock.now())
    return bed


@action(permissions.CLEAN)
def clean(bed: Bed, *, by: Actor) -> Bed:
    """Say that a free bed must be cleaned before somebody lies in it."""
    if bed.state != BedState.FREE:
        raise WrongState(_("%(bed)s 不是空床。") % {"bed": bed})
    put(bed, BedState.CLEANING, clock.now())
    return bed


@action(permissions.CLEAN)
def cleaned(bed: Bed, *, by: Actor) -> Bed:
    """Say that a bed is clean and may be given."""
    if bed.state != BedState.CLEANING:
        raise WrongState(_("%(bed)s 不在待清洁状态。") % {"bed": bed})
    ready(bed, clock.now())
    return bed
