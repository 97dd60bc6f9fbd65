"""Writing orders and signing them; the machine's check stands between the two."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.orders import catalogue, permissions
from xinglin.clinical.orders.actions import ending, steps
from xinglin.clinical.orders.actions.safety import findings_of
from xinglin.clinical.orders.actions.steps import WrongOrder
from xinglin.clinical.orders.models import UNITS, Kind, Order, SkinTest, State, Term
from xinglin.clinical.orders.rules import safety
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.ids import new_id


class Unsafe(Refused):
    """The machine's check stops the order."""

    code = "unsafe-order"


class NeedsReason(Refused):
    """The machine's check warns: the doctor says why it is ordered all the same."""

    code = "needs-reason"


@action(permissions.WRITE)
def draft(order: Order, *, by: Actor, with_: Order | None = None) -> Order:
    """Write an order down, alone or into the drip of another; it counts once it is signed."""
    now = clock.now()
    steps.visit_open(order)
    order.start_at = order.start_at or now
    if with_ is not None:
        _join(order, with_, by)
    _check(order, now)
    order.written_by = by.name[:50]
    order.hand_to(
        order.organisation_id,
        permissions.SIGN.code,
        since=now,
        due_at=now + parameters.duration("orders.draft_hours"),
    )
    order.save(force_insert=True)
    return order


def _join(order: Order, other: Order, by: Actor) -> None:
    """Several drugs in one bottle share way, hours and beginning."""
    if other.encounter_id != order.encounter_id or other.state != State.DRAFT:
        raise WrongOrder(_("只能与本次就诊中未签署的医嘱成组。"), field="group")
    if order.kind != Kind.DRUG or other.kind != Kind.DRUG:
        raise WrongOrder(_("只有药品可以成组。"), field="group")
    route = catalogue.routes().get(other.route)
    if route is None or not route.drip:
        raise WrongOrder(
            _("“%(route)s”的药品不能成组。") % {"route": other.route_label}, field="group"
        )
    if other.group is None:
        # The first of a group names it; nothing else about it changes.
        change(other, by=by, group=new_id(), place=1)
    order.group = other.group
    order.place = 1 + max(mate.place for mate in steps.group_of(other))
    for name in ("term", "route", "frequency", "start_at", "planned_end"):
        setattr(order, name, getattr(other, name))


@action(permissions.WRITE)
def change(order: Order, /, *, by: Actor, **facts: Any) -> Order:
    """Write on at an order that is not signed, or that the pharmacist sent back."""
    if order.state not in (State.DRAFT, State.SENT_BACK):
        raise WrongState(_("医嘱已签署，不能再修改；请停止或取消后重新开立。"))
    if "code" in facts and facts["code"] != order.code:
        # A test of another drug tells nothing of this one.
        order.skin_test, order.skin_tested_by, order.skin_tested_at = SkinTest.NONE, "", None
    for name, value in facts.items():
        setattr(order, name, value)
    _check(order, clock.now())
    order.save()
    return order


@action(permissions.SIGN)
def sign(order: Order, *, by: Actor, override: str = "") -> Order:
    """Answer for an order: from here it goes to the pharmacist, the nurse, the patient."""
    now = clock.now()
    if order.verbal and order.state in (State.ACTIVE, State.UNSIGNED):
        return _sign_verbal(order, now, by)
    if order.state not in (State.DRAFT, State.SENT_BACK):
        raise WrongState(_("医嘱已签署。"))
    steps.visit_open(order)
    _check(order, now)
    order.override = override.strip() or order.override
    _weigh(order, by)
    order.signed_by, order.signer, order.signed_at = by.name[:50], by.practitioner_id, now
    if steps.needs_review(order):
        steps.ask_review(order, now)
    else:
        steps.take_effect(order, now, by=by)
    order.save()
    _replace_family(order, by)
    return order


def _sign_verbal(order: Order, now: datetime, by: Actor) -> Order:
    if order.signed_at is not None:
        raise WrongState(_("医嘱已签署。"))
    order.signed_by, order.signer, order.signed_at = by.name[:50], by.practitioner_id, now
    order.sign_due_at = None
    if order.state == State.UNSIGNED:
        order.move_to(State.COMPLETED)
        order.finish()
    order.save()
    return order


def _weigh(order: Order, by: Actor) -> None:
    """Refuse what the check stops; ask for a reason where it warns."""
    found = findings_of(order, by=by)
    order.findings = [vars(finding) for finding in found]
    grave = [each.sentence for each in found if each.level == safety.STOP]
    if grave:
        raise Unsafe(" ".join(grave), field="code")
    if found and not order.override:
        raise NeedsReason(
            _("%(findings)s 确需使用请填写理由。")
            % {"findings": " ".join(each.sentence for each in found)},
            field="override",
        )


def _replace_family(order: Order, by: Actor) -> None:
    """A new nursing level or diet takes the place of the one that stands."""
    item = catalogue.items().get(order.code)
    if order.kind == Kind.DRUG or item is None or not item.family or order.term != Term.LONG:
        return
    family = [code for code, each in catalogue.items().items() if each.family == item.family]
    standing = Order.objects.filter(
        encounter_id=order.encounter_id, code__in=family, state=State.ACTIVE, term=Term.LONG
    )
    for other in standing.exclude(pk=order.pk).exclude(kind=Kind.DRUG):
        ending.stop(other, by=by, code="changed")


@action(permissions.VOICE)
def voice(order: Order, *, by: Actor) -> Order:
    """Write down at once what a doctor orders by word of mouth in an emergency."""
    now = clock.now()
    steps.visit_open(order)
    if not order.ordered_by.strip():
        raise WrongOrder(_("请填写下达口头医嘱的医生。"), field="ordered_by")
    if order.term != Term.TEMPORARY:
        raise WrongOrder(_("口头医嘱只能是临时医嘱。"), field="term")
    order.verbal, order.emergency = True, True
    order.start_at = order.start_at or now
    _check(order, now)
    found = findings_of(order, by=by)
    order.findings = [vars(finding) for finding in found]
    grave = [each.sentence for each in found if each.level == safety.STOP]
    if grave:
        raise Unsafe(" ".join(grave), field="code")
    order.written_by = by.name[:50]
    order.sign_due_at = now + parameters.duration("orders.verbal_minutes")
    order.hand_to(order.organisation_id, permissions.SIGN.code, since=now, due_at=order.sign_due_at)
    order.save(force_insert=True)
    steps.take_effect(order, now, by=by)
    order.save()
    return order


def sign_all(orders: list[Order], *, by: Actor, override: str = "") -> list[Order]:
    """Sign what was written for one person, all or none; the sentence names the order."""
    if not orders:
        raise WrongState(_("没有待签署的医嘱。"))
    with transaction.atomic():
        done = []
        for order in orders:
            try:
                done.append(sign(order, by=by, override=override))
            except (Unsafe, NeedsReason) as refusal:
                raise type(refusal)(
                    _("%(order)s：%(problem)s") % {"order": order.name, "problem": refusal},
                    fields=refusal.fields,
                ) from None
        return done


def apply_set(encounter: Encounter, *, by: Actor, code: str) -> list[Order]:
    """Write every line of an order set as a draft, for the doctor to go through."""
    found = catalogue.sets().get(code)
    if found is None:
        raise WrongOrder(_("没有“%(code)s”这一套餐。") % {"code": code}, field="code")
    drafts: list[Order] = []
    groups: dict[int, Order] = {}
    with transaction.atomic():
        for line in found.lines:
            order = of_line(encounter, line)
            with_ = groups.get(line.group) if line.group else None
            draft(order, by=by, with_=with_)
            if line.group:
                groups[line.group] = order
            drafts.append(order)
    return drafts


def of_line(encounter: Encounter, line: catalogue.Line) -> Order:
    """A line of a set as an order of this visit, with the catalogue's usual dose and hours."""
    order = Order(
        county_id=encounter.person.county_id,
        organisation_id=encounter.organisation_id,
        person=encounter.person,
        encounter=encounter,
    )
    if line.drug:
        drug = catalogue.drugs()[line.drug]
        frequency = catalogue.frequencies()[line.frequency or drug.frequency]
        order.kind, order.code = Kind.DRUG, drug.code
        order.dose_value, order.dose_unit = line.dose or drug.usual, drug.unit
        order.frequency, order.route = frequency.code, drug.route
        order.term = Term.TEMPORARY if frequency.kind == "once" else Term.LONG
    else:
        item = catalogue.items()[line.item]
        order.kind, order.code, order.term = Kind(item.kind), item.code, Term(item.term)
        order.frequency = line.frequency or item.frequency
    return order


def repeat(orders: list[Order], *, by: Actor, encounter: Encounter) -> list[Order]:
    """Write orders that were given before once more, as drafts of this visit."""
    drafts: list[Order] = []
    groups: dict[Any, Order] = {}
    kept = (
        *("kind", "term", "code", "name", "strength", "form", "dose_value", "dose_unit", "route"),
        *("frequency", "days", "quantity", "quantity_unit", "instruction"),
    )
    with transaction.atomic():
        for old in orders:
            order = Order(
                county_id=encounter.person.county_id,
                organisation_id=encounter.organisation_id,
                person=encounter.person,
                encounter=encounter,
                **{name: getattr(old, name) for name in kept},
            )
            if order.person_id != old.person_id:
                raise WrongOrder(_("只能复制同一患者的医嘱。"))
            draft(order, by=by, with_=groups.get(old.group) if old.group else None)
            if old.group:
                groups[old.group] = order
            drafts.append(order)
    return drafts


# ---------------------------------------------------------------------------- what may be written


def _check(order: Order, now: datetime) -> None:
    """Fill in what the catalogue knows, or refuse naming the field."""
    if order.kind == Kind.DRUG:
        _as_drug(order)
    else:
        _as_item(order)
    frequency = catalogue.frequencies().get(order.frequency)
    if frequency is None:
        raise WrongOrder(
            _("请选择频次。")
            if not order.frequency
            else _("没有“%(code)s”这一频次。") % {"code": order.frequency},
            field="frequency",
        )
    _as_termed(order, frequency)
    _in_time(order, now)
    order.clean_or_refuse(
        exclude=[
            *("county", "organisation", "person", "encounter", "owner", "checker", "medication"),
            "findings",
        ]
    )


def _as_drug(order: Order) -> None:
    drug = catalogue.drugs().get(order.code)
    order.high_alert = False
    if order.skin_test in (SkinTest.NEGATIVE, SkinTest.POSITIVE) and not order.skin_tested_by:
        raise WrongOrder(
            _("皮试结果须在签署后由两人判读登记，开立时请选“须皮试”或“续用免试”。"),
            field="skin_test",
        )
    if drug is not None:
        order.name, order.strength, order.form = drug.zh, drug.strength, drug.form
        order.high_alert = drug.high_alert
        order.route = order.route or drug.route
        order.frequency = order.frequency or drug.frequency
        order.dose_unit = order.dose_unit or drug.unit
        if drug.skin_test and order.skin_test == SkinTest.NONE:
            order.skin_test = SkinTest.REQUIRED
    elif order.code:
        raise WrongOrder(_("药品目录中没有“%(code)s”。") % {"code": order.code}, field="code")
    if not order.name.strip():
        raise WrongOrder(_("请选择药品，或写明药名。"), field="code")
    if order.dose_value is None or order.dose_value <= 0:
        raise WrongOrder(_("请填写每次剂量，须大于 0。"), field="dose_value")
    if not order.dose_unit:
        raise WrongOrder(_("请选择剂量单位。"), field="dose_unit")
    if order.dose_unit not in UNITS:
        raise WrongOrder(
            _("剂量单位应为 UCUM 单位：%(units)s。") % {"units": " ".join(UNITS)}, field="dose_unit"
        )
    if order.route not in catalogue.routes():
        raise WrongOrder(
            _("请选择用法。")
            if not order.route
            else _("没有“%(code)s”这一用法。") % {"code": order.route},
            field="route",
        )


def _as_item(order: Order) -> None:
    item = catalogue.items().get(order.code)
    if item is not None:
        if item.kind != order.kind:
            raise WrongOrder(
                _("“%(item)s”不属于%(kind)s类。")
                % {"item": item.label, "kind": order.get_kind_display()},
                field="code",
            )
        order.name = item.zh
        order.frequency = order.frequency or item.frequency
    elif order.code:
        raise WrongOrder(_("项目目录中没有“%(code)s”。") % {"code": order.code}, field="code")
    if not order.name.strip():
        raise WrongOrder(_("请选择项目，或写明医嘱内容。"), field="code")
    order.route, order.skin_test, order.high_alert = "", SkinTest.NONE, False
    order.dose_value, order.dose_unit = None, ""
    if order.term == Term.TAKE_HOME:
        raise WrongOrder(_("只有药品可以带回家。"), field="term")


def _as_termed(order: Order, frequency: catalogue.Frequency) -> None:
    if order.term == Term.LONG:
        if order.encounter.kind in (Encounter.Kind.OUTPATIENT, Encounter.Kind.REMOTE):
            raise WrongOrder(_("门诊不开长期医嘱，请选临时医嘱或带药。"), field="term")
        if frequency.kind == "once" or frequency.code == "sos":
            raise WrongOrder(
                _("长期医嘱不能用“%(frequency)s”。") % {"frequency": frequency.label},
                field="frequency",
            )
    elif order.term == Term.TEMPORARY and frequency.code != "sos" and frequency.kind != "once":
        raise WrongOrder(_("临时医嘱只执行一次，频次请选 st、once 或 sos。"), field="frequency")


def _in_time(order: Order, now: datetime) -> None:
    earliest = max(
        order.encounter.started_at - steps.SLACK,
        (order.created_at or now) - timedelta(days=1),
    )
    if order.start_at < earliest:
        raise steps.WrongTime(_("开始时间不能早于就诊开始，也不能早于一天前。"), field="start_at")
    died = order.person.deceased_on
    if died is not None and timezone.localdate(order.start_at) > died:
        raise steps.WrongTime(
            _("该居民已登记死亡（%(died)s），不能再开立医嘱。") % {"died": died.isoformat()},
            field="start_at",
        )
    furthest = now + parameters.duration("orders.longest_days")
    if order.start_at > furthest:
        raise steps.WrongTime(_("开始时间过远，请核对。"), field="start_at")
    if order.frequency == "sos" and order.planned_end is None:
        order.planned_end = order.start_at + parameters.duration("orders.sos_hours")
    if order.planned_end is not None:
        if order.planned_end <= order.start_at:
            raise steps.WrongTime(_("计划停止时间应晚于开始时间。"), field="planned_end")
        if order.planned_end > furthest:
            raise steps.WrongTime(_("计划停止时间过远，请核对。"), field="planned_end")
    if order.days is not None and not 1 <= order.days <= 180:
        raise WrongOrder(_("天数应在 1 到 180 之间。"), field="days")
