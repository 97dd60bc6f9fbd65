"""The receiving house: it confirms, makes ready, registers afterwards; or another is asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.capacity.models import Ward
from xinglin.clinical.emergency import catalogue, events, permissions
from xinglin.clinical.emergency.actions import bedding, turns
from xinglin.clinical.emergency.actions.opening import NoDestination, destinations
from xinglin.clinical.emergency.actions.stamping import by_two_parties
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, WrongState
from xinglin.registry.organisations.models import Organisation


class ConfirmedAlready(Conflict):
    """A colleague was faster."""

    code = "confirmed-already"


@action(permissions.CONFIRM)
def confirm(
    case: GreenCase,
    *,
    by: Actor,
    prepared: Sequence[str] = (),
    note: str = "",
    place: str = "",
    ward: Ward | None = None,
) -> GreenCase:
    """Stand ready for the patient; the sender sees it at once, with what is made ready.

    With a `ward` the bed is really held there.
    """
    turns.still(case, permissions.CONFIRM)
    if case.confirmed_at is not None:
        raise ConfirmedAlready(
            _("%(name)s已确认接收，可继续登记院前准备。") % {"name": case.confirmed_by}
        )
    now = clock.now()
    case.confirmed_at, case.confirmed_by = now, by.name
    _make_ready(case, prepared, note, place)
    _keep_bed(case, ward, by)
    turns.keep(case, now)
    turns.tell_sender(case, gettext_noop("%(to)s已确认接收 %(patient)s，准备中"))
    turns.announce(events.CaseConfirmed, case, now)
    if case.prepared:
        turns.announce(events.CasePrepared, case, now, prepared=case.prepared)
    return case


@action(permissions.PREPARE)
def prepare(
    case: GreenCase,
    *,
    by: Actor,
    prepared: Sequence[str],
    note: str = "",
    place: str = "",
    ward: Ward | None = None,
) -> GreenCase:
    """Say all that stands ready: the team, the CT, the laboratory, blood, the bed of a `ward`."""
    turns.still(case, permissions.PREPARE)
    now = clock.now()
    _make_ready(case, prepared, note, place)
    _keep_bed(case, ward, by)
    turns.keep(case, now)
    turns.announce(events.CasePrepared, case, now, prepared=case.prepared)
    return case


def _make_ready(case: GreenCase, prepared: Sequence[str], note: str, place: str) -> None:
    known = {each.code: each for each in case.of_kind.ready}
    for code in prepared:
        if code not in known:
            raise catalogue.UnknownKind(
                _("“%(kind)s”没有“%(code)s”这一准备项目。")
                % {"kind": case.of_kind.label, "code": code},
                field="prepared",
            )
    case.prepared = [code for code in known if code in prepared]
    case.prepared_note = note.strip()
    case.place = place.strip()


def _keep_bed(case: GreenCase, ward: Ward | None, by: Actor) -> None:
    """What the bed board holds is ready by itself, and tells where the patient goes."""
    bedding.keep(case, ward, by=by)
    held = bedding.held_for(case)
    if held is None:
        return
    if bedding.ITEM not in case.prepared:
        order = [each.code for each in case.of_kind.ready]
        case.prepared = sorted({*case.prepared, bedding.ITEM}, key=order.index)
    case.place = case.place or held.bed.full_name[:100]


@action(permissions.REDIRECT)
def redirect(case: GreenCase, *, by: Actor, to_org: Organisation) -> GreenCase:
    """Ask another house, before the patient is there; what the first made ready is void."""
    turns.still(case, permissions.REDIRECT)
    if to_org.pk == case.to_org_id:
        raise WrongState(_("接收机构没有变化。"))
    if to_org.pk not in {house.pk for house in destinations(case.kind, case.from_org_id)}:
        raise NoDestination(
            _("%(house)s不能接收这类急危重症，请选择县级医院或上级卫生院。") % {"house": to_org},
            field="to_org",
        )
    now = clock.now()
    bedding.free(case)
    turns.tell_receiver(case, gettext_noop("%(patient)s 已改送其他机构，准备可以解除"))
    case.to_org = to_org
    case.asked_at = now
    case.confirmed_at, case.confirmed_by = None, ""
    case.prepared, case.prepared_note, case.place = [], "", ""
    case.expected_at = None
    turns.keep(case, now)
    turns.tell_receiver(case, gettext_noop("%(sender)s启动%(kind)s绿色通道，患者 %(patient)s"))
    if not by.at(case.from_org_id):
        turns.tell_sender(case, gettext_noop("%(patient)s 改送%(to)s"))
    return case


@action(permissions.ADMIT)
def admit(case: GreenCase, *, by: Actor, department: str = "") -> GreenCase:
    """Register the emergency visit after the patient was taken in."""
    turns.still(case, permissions.ADMIT)
    if case.encounter_id is not None:
        raise WrongState(_("已登记急诊就诊。"))
    assert case.arrived_at is not None, "the database refuses an arrival without its time"
    case.encounter = record.start_encounter(
        Encounter(
            person_id=case.person_id,
            organisation_id=case.to_org_id,
            kind=Encounter.Kind.EMERGENCY,
            department=department.strip(),
            started_at=case.arrived_at,
            author=by.name,
            complaint=case.complaint or case.of_kind.zh,
        ),
        by=by,
        arrived=by_two_parties(case, by),
    )
    return turns.keep(case, clock.now())
