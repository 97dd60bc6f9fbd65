"""Carrying out: given, not given, struck out; skin tests; the laying out of due times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.orders import catalogue, events, permissions
from xinglin.clinical.orders.actions import steps
from xinglin.clinical.orders.models import Done, Execution, Order, SkinTest, State, Term
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState


class NotYet(Refused):
    """Too early for this time, or something must come first."""

    code = "not-yet"


@action(permissions.PLAN)
def plan(order: Order, *, by: Actor) -> Order:
    """Lay out the due times of the coming hours; done twice, it changes nothing."""
    if order.state != State.ACTIVE:
        raise WrongState(_("医嘱不在执行中。"))
    now = clock.now()
    steps.lay_out(order, now)
    steps.owe(order, now)
    order.save()
    return order


@action(permissions.GIVE)
def give(
    order: Order,
    *,
    by: Actor,
    execution: Execution | None = None,
    given_at: datetime | None = None,
    amount: Decimal | None = None,
    second: str = "",
    note: str = "",
) -> Order:
    """Note that it was done: when, by whom, how much; without `execution`, what was needed now."""
    now = clock.now()
    at = given_at or now
    row = _turn(order, execution, at, now)
    if order.skin_test == SkinTest.REQUIRED:
        raise NotYet(_("%(drug)s须先登记皮试结果。") % {"drug": order.name}, field="skin_test")
    if order.skin_test == SkinTest.POSITIVE:
        raise WrongState(_("%(drug)s皮试阳性，不能使用。") % {"drug": order.name})
    if order.high_alert and parameters.get("orders.high_alert_second"):
        if not second.strip():
            raise NotYet(
                _("%(drug)s为高警示药品，请填写双人核对的另一名核对人。") % {"drug": order.name},
                field="second",
            )
        if second.strip() == by.name:
            raise NotYet(_("核对人不能是执行人本人。"), field="second")
    if amount is not None and amount <= 0:
        raise steps.WrongOrder(_("实际剂量须大于 0。"), field="amount")
    row.state = Done.GIVEN
    row.given_at, row.given_by = at, by.name[:50]
    row.amount = amount if amount is not None else order.dose_value
    row.second, row.note = second.strip(), note.strip()
    row.late = at > row.due_at + parameters.duration("orders.late_minutes")
    _keep(row)
    order.given += 1
    _after(order, now)
    order.save()
    steps.announce(events.OrderCarriedOut, order, at, execution_id=row.pk)
    return order


@action(permissions.OMIT)
def omit(
    order: Order,
    *,
    by: Actor,
    execution: Execution,
    reason: str,
    note: str = "",
) -> Order:
    """Note that it was not done at its time, and why."""
    now = clock.now()
    catalogue.reasons.check("omit", reason, note, field="reason")
    row = _turn(order, execution, now, now, early=True)
    row.state = Done.OMITTED
    row.given_at, row.given_by = now, by.name[:50]
    row.reason, row.note = reason, note.strip()
    _keep(row)
    _after(order, now)
    order.save()
    return order


def _turn(
    order: Order, execution: Execution | None, at: datetime, now: datetime, *, early: bool = False
) -> Execution:
    """The time that is being accounted for, as it stands now; or why there is none."""
    if order.state not in (State.ACTIVE, State.STOPPED):
        raise WrongState(
            _("%(order)s 当前为“%(state)s”，不能登记执行。")
            % {"order": order, "state": order.get_state_display()}
        )
    steps.visit_open(order)
    steps.not_ahead(at, now, field="given_at")
    over = order.state == State.STOPPED and order.ended_at is not None and at > order.ended_at
    if over and not early:
        assert order.ended_at is not None
        raise WrongState(
            _("%(order)s 已于 %(time)s 停止，其后不能再执行。")
            % {"order": order, "time": f"{timezone.localtime(order.ended_at):%m-%d %H:%M}"}
        )
    if execution is None:
        return _needed_now(order, at)
    row = Execution.objects.select_for_update().filter(pk=execution.pk, order=order).first()
    if row is None:
        raise WrongState(_("没有这一次应执行的时间。"))
    if row.voided_at is not None or row.state != Done.DUE:
        raise Conflict(
            _("%(order)s %(time)s 这一次已由%(who)s登记为“%(state)s”。")
            % {
                "order": order,
                "time": f"{timezone.localtime(row.due_at):%m-%d %H:%M}",
                "who": row.given_by or "—",
                "state": row.get_state_display(),
            }
        )
    first = row.due_at - parameters.duration("orders.early_minutes")
    if not early and at < first:
        raise NotYet(
            _("%(order)s 应在 %(time)s 执行，尚早。")
            % {"order": order, "time": f"{timezone.localtime(row.due_at):%m-%d %H:%M}"},
            field="given_at",
        )
    return row


def _needed_now(order: Order, at: datetime) -> Execution:
    if order.how_often.kind != "need":
        raise WrongState(_("请选择应执行的时间。"))
    if at < order.start_at - steps.SLACK:
        raise NotYet(_("执行时间不能早于医嘱开始时间。"), field="given_at")
    if order.executions.filter(due_at=at, voided_at=None).exists():
        raise Conflict(_("这一时间已登记过执行。"))
    return Execution(order=order, person_id=order.person_id, due_at=at)


def _keep(row: Execution) -> None:
    row.clean_or_refuse(exclude=["order", "person"])
    row.save()


def _after(order: Order, now: datetime) -> None:
    """Where the order stands after one of its times was accounted for."""
    if order.state != State.ACTIVE:
        return
    over = order.term != Term.LONG and not (
        order.executions.filter(state=Done.DUE, voided_at=None).exists()
    )
    if not over:
        steps.owe(order, now)
        return
    if not order.executions.filter(state=Done.GIVEN, voided_at=None).exists():
        order.move_to(State.NOT_DONE)
        order.finish()
        steps.end_medicine(order, now, by=system(order.county_id))
    elif order.verbal and order.signed_at is None:
        order.move_to(State.UNSIGNED)
        assert order.sign_due_at is not None
        order.hand_to(
            order.organisation_id, permissions.SIGN.code, since=now, due_at=order.sign_due_at
        )
    else:
        order.move_to(State.COMPLETED)
        order.finish()


@action(permissions.STRIKE)
def strike(order: Order, *, by: Actor, execution: Execution, reason: str, text: str = "") -> Order:
    """Strike out what was noted by mistake; while the order runs, the time is due again."""
    catalogue.reasons.check("void", reason, text, field="reason")
    row = Execution.objects.select_for_update().filter(pk=execution.pk, order=order).first()
    if row is None or row.voided_at is not None or row.state not in (Done.GIVEN, Done.OMITTED):
        raise WrongState(_("没有可以作废的执行记录。"))
    now = clock.now()
    row.voided_at, row.voided_by = now, by.name[:50]
    row.void_reason = "：".join(
        filter(None, (catalogue.reasons.label("void", reason), text.strip()))
    )[:200]
    row.save()
    if row.state == Done.GIVEN:
        order.given -= 1
    visit = order.encounter
    running = visit.ended_at is None and visit.voided_at is None
    again = order.how_often.kind != "need" or order.term == Term.TAKE_HOME
    if running and order.state in (State.COMPLETED, State.NOT_DONE, State.UNSIGNED):
        order.move_to(State.ACTIVE)
        if order.medication is not None and order.medication.voided_at is not None:
            order.medication = None
            steps.write_medicine(order, by=by)
    if running and again and order.state in (State.ACTIVE, State.STOPPED):
        Execution(order=order, person_id=order.person_id, due_at=row.due_at).save()
    if order.state == State.ACTIVE:
        steps.owe(order, now)
    order.save()
    return order


@action(permissions.SKIN_TEST)
def note_skin_test(order: Order, *, by: Actor, result: str, second: str) -> Order:
    """Note the result of a skin test, read by two; a positive one ends the order."""
    if order.skin_test != SkinTest.REQUIRED:
        raise WrongState(_("该医嘱不需要登记皮试结果。"))
    if order.state not in permissions.STATES[permissions.SKIN_TEST.code]:
        raise WrongState(_("医嘱签署后方可登记皮试结果。"))
    steps.visit_open(order)
    if result not in (SkinTest.NEGATIVE, SkinTest.POSITIVE):
        raise steps.WrongOrder(_("皮试结果应为阴性或阳性。"), field="result")
    if not second.strip() or second.strip() == by.name:
        raise NotYet(_("皮试结果须由两人判读，请填写另一名判读人。"), field="second")
    now = clock.now()
    order.skin_test, order.skin_tested_at = result, now
    order.skin_tested_by = f"{by.name}、{second.strip()}"[:120]
    if result == SkinTest.POSITIVE:
        _positive(order, now, by)
    else:
        order.save()
    return order


def _positive(order: Order, now: datetime, by: Actor) -> None:
    """The person must not be given it: the record says so, and nothing of it runs any more."""
    drug = catalogue.drugs().get(order.code)
    group = catalogue.classes().get(drug.group) if drug else None
    record.note(
        Allergy(
            person_id=order.person_id,
            organisation_id=order.organisation_id,
            encounter=order.encounter,
            substance=group.zh if group else order.name[:100],
            system="allergen-kind" if group and group.allergen else "",
            code=group.allergen if group else "",
            reaction=_("皮试阳性"),
            noted_on=timezone.localdate(now),
        ),
        by=steps.recorder(order, by),
    )
    # The test comes before the first dose, so that nothing has been given of it.
    steps.finish(order, State.CANCELLED, "skin-test", "", now, by=by)
    order.save()
    steps.tell(order, permissions.SIGN, gettext_noop("%(patient)s 的 %(order)s 皮试阳性，医嘱已停"))


def give_all(executions: Iterable[Execution], *, by: Actor, second: str = "") -> list[Order]:
    """Note several times as done now, as one hand did them: all or none."""
    now = clock.now()
    with transaction.atomic():
        return [
            give(row.order, by=by, execution=row, given_at=now, second=second) for row in executions
        ]
