"""What several acts on beds share: locks, the sex of a room, the state that follows.

Every act locks in one order: stays, people, holds, rooms, beds; each by its id. So two acts at
the same beds come one after the other and never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models.beds import Bed, BedKind, BedState, Room, RoomSex
from xinglin.clinical.capacity.models.stays import BedHold, BedStay
from xinglin.kernel import parameters
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.registry.people.models import Person

# A clock in another room may be a little ahead.
SLACK = timedelta(minutes=5)


class BedNotFree(Conflict):
    """The bed belongs to somebody else, is being cleaned, or out of use."""

    code = "bed-not-free"


class AlreadyInBed(Conflict):
    code = "already-in-bed"


class WrongSex(Refused):
    code = "wrong-sex"


class WrongBed(Refused):
    code = "wrong-bed"


class WrongTime(Refused):
    code = "wrong-time"


def not_ahead(value: datetime, now: datetime, *, field: str) -> None:
    if value > now + SLACK:
        raise WrongTime(_("时间不能晚于现在。"), field=field)


def lock_holds(which: Q) -> list[BedHold]:
    """The standing holds, as they are now and locked."""
    rows = BedHold.objects.select_for_update().standing().filter(which)
    return list(rows.order_by("pk"))


def lock_beds(beds: Iterable[UUID]) -> dict[UUID, Bed]:
    """These beds as they are now, locked with their rooms: who else lies there cannot change."""
    wanted = set(beds)
    rooms = Bed.objects.filter(pk__in=wanted).values("room_id")
    found = Room.objects.select_for_update().filter(pk__in=rooms).order_by("pk")
    by_id = {room.pk: room for room in found}
    locked = Bed.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    told = {}
    for bed in locked:
        bed.room = by_id[bed.room_id]
        told[bed.pk] = bed
    return told


def put(bed: Bed, state: BedState, now: datetime) -> None:
    """Let the bed come into a state; why it was blocked is over with that."""
    bed.move_to(state)
    bed.since = now
    if state != BedState.BLOCKED:
        bed.reason_code = bed.reason_text = ""
        bed.until = None
    bed.save()


def leave_behind(bed: Bed, now: datetime) -> None:
    """What becomes of a bed that somebody has left; a folding bed is put away when it is clean."""
    if parameters.get("beds.cleaning"):
        put(bed, BedState.CLEANING, now)
    else:
        ready(bed, now)


def ready(bed: Bed, now: datetime) -> None:
    """The bed may be given again; an extra bed goes back to where it was fetched from."""
    away = bed.kind == BedKind.EXTRA and parameters.get("beds.extra_put_away")
    put(bed, BedState.CLOSED if away else BedState.FREE, now)


def must_be_open(bed: Bed) -> None:
    if bed.ward.closed_on is not None:
        raise WrongBed(_("“%(ward)s”已停用，请选择其他病区。") % {"ward": bed.ward}, field="bed")


def refuse_given(bed: Bed) -> None:
    """Say why a bed cannot be given."""
    if bed.state == BedState.FREE:
        return
    sentences = {
        BedState.HELD: _("%(bed)s 已为其他患者预留，请另选床位。"),
        BedState.OCCUPIED: _("%(bed)s 已有患者，请另选床位。"),
        BedState.CLEANING: _("%(bed)s 正在清洁，清洁后才能安排。"),
        BedState.BLOCKED: _("%(bed)s 已停用，恢复使用后才能安排。"),
        BedState.CLOSED: _("%(bed)s 已撤床，请另选床位。"),
    }
    raise BedNotFree(sentences[BedState(bed.state)] % {"bed": bed}, field="bed")


def must_suit(bed: Bed, person: Person, code: str, text: str) -> None:
    """Refuse a man in a women's room, unless somebody says why; the room is locked."""
    if code:
        catalogue.reasons.check("mix", code, text, field="mix_code")
        return
    if Bed.objects.filter(pk=bed.pk).suiting(person.sex).exists():
        return
    told = {"room": bed.room, "bed": bed, "sex": person.get_sex_display()}
    if bed.room.sex == RoomSex.SAME:
        sentence = _("%(room)s现有异性患者，%(sex)s患者不能安排到 %(bed)s；确需安排请选择原因。")
    elif person.sex not in ("1", "2"):
        sentence = _("患者性别未登记，不能安排到 %(bed)s；请先更正性别，或选择原因。")
    elif bed.room.sex == RoomSex.MALE:
        sentence = _("%(room)s只收男患者，%(sex)s患者不能安排到 %(bed)s；确需安排请选择原因。")
    else:
        sentence = _("%(room)s只收女患者，%(sex)s患者不能安排到 %(bed)s；确需安排请选择原因。")
    raise WrongSex(sentence % told, field="mix_code")


def must_be_current(stay: BedStay) -> None:
    if stay.voided_at is not None:
        raise WrongState(_("这条入住记录已作废。"))
    if stay.until is not None:
        raise WrongState(_("患者已离开 %(bed)s。") % {"bed": stay.bed})


def not_before(stay: BedStay, since: datetime, field: str) -> None:
    """A bed is taken after the one before has left it."""
    earlier = BedStay.objects.filter(
        bed_id=stay.bed_id, until__isnull=False, voided_at=None
    ).exclude(pk=stay.pk)
    last = earlier.order_by("-until").values_list("until", flat=True).first()
    if last is not None and since < last:
        raise WrongTime(_("入住时间早于上一位患者离床的时间，请核对。"), field=field)
