"""Who may do what with beds: the ward's nurses, the desk, and who keeps a bed elsewhere."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity.models.beds import Bed, BedState, Room, Ward
from xinglin.clinical.capacity.models.stays import BedHold, BedStay
from xinglin.kernel.access import Actor, Permission


def own_house(actor: Actor, row: Ward | Bed | BedStay | BedHold) -> bool:
    """In one's own house."""
    return actor.at(row.organisation_id) and row.county_id == actor.county_id


def maintaining(actor: Actor, row: Ward | Room | Bed) -> bool:
    """In a house that the post sees: a head nurse's own, all of the county for its office."""
    house = row.ward.organisation_id if isinstance(row, Room) else row.organisation_id
    return row.county_id == actor.county_id and actor.reaches(house, row.county_id)


def keeping(actor: Actor, hold: BedHold) -> bool:
    """A bed of any house of the county, in one's own house's name."""
    return actor.at(hold.made_by_id) and hold.county_id == actor.county_id


def letting_go(actor: Actor, hold: BedHold) -> bool:
    """The house that asked for the bed, and the house that gives it."""
    near = actor.at(hold.made_by_id) or actor.at(hold.organisation_id)
    return near and hold.county_id == actor.county_id


def seeing(actor: Actor, row: Ward | Bed) -> bool:
    return actor.reaches(row.organisation_id, row.county_id)


READ: Permission[Ward] = Permission("beds.read", _("查看床位一览"), seeing)
OVERVIEW: Permission[Ward] = Permission("beds.overview", _("查看空床概况"))
MAINTAIN = Permission("beds.maintain", _("维护病区与床位"), maintaining)
EXTRA = Permission("beds.extra", _("加床"), own_house)
BLOCK = Permission("beds.block", _("停用床位"), own_house)
REOPEN = Permission("beds.reopen", _("恢复使用"), own_house)
CLEAN = Permission("beds.clean", _("登记清洁"), own_house)
HOLD = Permission("beds.hold", _("预留床位"), keeping)
RELEASE = Permission("beds.release", _("取消预留"), letting_go)
EXTEND = Permission("beds.extend", _("延长预留"), letting_go)
ADMIT = Permission("beds.admit", _("安排床位"), own_house)
MOVE = Permission("beds.move", _("转床"), own_house)
PLAN = Permission("beds.plan", _("登记计划出院"), own_house)
DISCHARGE = Permission("beds.discharge", _("出院离床"), own_house)
VOID = Permission("beds.void", _("作废入住记录"), own_house)
LAPSE: Permission[BedHold] = Permission("beds.lapse", _("预留到期"), lambda actor, hold: False)
JOIN: Permission[BedStay] = Permission("beds.join", _("关联住院"), lambda actor, stay: False)

# In which states of a bed an act makes sense at all; the doors offer an act only there.
STATES: dict[str, tuple[BedState, ...]] = {
    BLOCK.code: (BedState.FREE, BedState.CLEANING),
    REOPEN.code: (BedState.BLOCKED,),
    CLEAN.code: (BedState.CLEANING, BedState.FREE),
    HOLD.code: (BedState.FREE,),
    RELEASE.code: (BedState.HELD,),
    ADMIT.code: (BedState.FREE, BedState.HELD),
    MOVE.code: (BedState.OCCUPIED,),
    PLAN.code: (BedState.OCCUPIED,),
    DISCHARGE.code: (BedState.OCCUPIED,),
    VOID.code: (BedState.OCCUPIED,),
}


def open_to(actor: Actor, bed: Bed, hold: BedHold | None = None) -> list[str]:
    """The acts that this post may do at the bed as it stands, in the order of the work.

    `hold` is the standing one, if there is one: who may release it depends on who made it.
    """
    found = []
    for permission in (ADMIT, HOLD, RELEASE, CLEAN, MOVE, PLAN, DISCHARGE, BLOCK, REOPEN, VOID):
        if bed.state not in STATES[permission.code] or not actor.may(permission.code):
            continue
        if permission is RELEASE:
            allowed = hold is not None and letting_go(actor, hold)
        elif permission is HOLD:
            allowed = bed.county_id == actor.county_id
        else:
            allowed = own_house(actor, bed)
        if allowed:
            found.append(permission.code.removeprefix("beds."))
    return found
