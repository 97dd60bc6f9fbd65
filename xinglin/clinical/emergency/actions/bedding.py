"""The bed that is kept for the patient of a case: held by the bed board, not only ticked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedHold, Ward
from xinglin.clinical.capacity.models.beds import SPECIAL
from xinglin.clinical.capacity.permissions import beds as bed_permissions
from xinglin.clinical.emergency import permissions
from xinglin.clinical.emergency.actions import turns
from xinglin.clinical.emergency.models import GreenCase
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState

SUBJECT = "green-case"
# The item of the catalogue's `ready` that a held bed stands for.
ITEM = "bed"


def held_for(case: GreenCase) -> BedHold | None:
    """The bed that stands ready, if the bed board keeps one."""
    rows = BedHold.objects.standing().of(SUBJECT, case.pk)
    return rows.select_related("bed__ward", "bed__room").first()


def wards_for(case: GreenCase) -> QuerySet[Ward]:
    """The wards of the receiving house with a bed that the patient may have, and the one held."""
    free = Bed.objects.free(sex=case.person.sex).filter(organisation_id=case.to_org_id)
    mine = BedHold.objects.standing().of(SUBJECT, case.pk)
    some = Q(pk__in=free.values("ward_id")) | Q(pk__in=mine.values("bed__ward_id"))
    return Ward.objects.filter(some, closed_on=None).in_order()


def keep(case: GreenCase, ward: Ward | None, *, by: Actor) -> None:
    """Hold a bed of this ward until the patient is there, instead of any held before; or none.

    It is kept for `beds.hold_hours` from the expected arrival. At the door nobody lies in it yet:
    the patient goes to the CT, the cath lab or the theatre first, and the ward takes the bed up
    when they are put to bed. Refused with the bed board's own sentence where no bed may be given:
    then the house says without one that it stands ready.
    """
    held = held_for(case)
    if held is not None and ward is not None and held.bed.ward_id == ward.pk:
        return
    free(case)
    if ward is None:
        return
    if ward.organisation_id != case.to_org_id:
        raise Refused(_("只能预留接收机构的床位。"), field="ward")
    now = clock.now()
    wanted = max(case.expected_at or now, now) + parameters.duration("beds.hold_hours")
    longest = now + parameters.duration("beds.hold_longest_hours") - timedelta(minutes=1)
    try:
        beds.hold_bed(
            ward,
            by=replace(by, codes=by.codes | {bed_permissions.HOLD.code}),
            person=case.person,
            until=min(wanted, longest),
            for_subject=(SUBJECT, case.pk),
            kind=_kind(ward, case.person.sex),
        )
    except Conflict as gone:
        raise Conflict(
            _("%(why)s也可不预留床位先确认接收。") % {"why": gone}, field="ward"
        ) from gone


def _kind(ward: Ward, sex: str) -> str:
    """Intensive care and isolation are asked for by name, where the ward has no other bed free."""
    kinds = set(Bed.objects.free(sex=sex, ward=ward).values_list("kind", flat=True))
    special = sorted(kinds & set(SPECIAL))
    return special[0] if special and not kinds - set(SPECIAL) else ""


def free(case: GreenCase) -> None:
    """Give the bed back, if one is held: the patient does not come, or not into this one."""
    held = held_for(case)
    if held is not None:
        beds.release(held, by=system(case.county_id), code="green-channel")


@action(permissions.PREPARE)
def hear_of_bed(case: GreenCase, *, by: Actor) -> GreenCase:
    """The bed was given to somebody else or its time ran out: nobody reads that it stands ready."""
    if not case.is_running or ITEM not in case.prepared or held_for(case) is not None:
        raise WrongState(_("准备情况没有变化。"))
    case.prepared = [code for code in case.prepared if code != ITEM]
    turns.keep(case, clock.now())
    turns.tell_receiver(case, gettext_noop("为 %(patient)s 预留的床位已失效，请重新安排"))
    return case
