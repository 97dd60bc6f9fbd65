"""Ending: stopped, cancelled, struck out, run out; and what a discharge does to a whole sheet."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.orders import catalogue, events, permissions
from xinglin.clinical.orders.actions import steps
from xinglin.clinical.orders.models import BEFORE_ACTIVE, OPEN, Order, State, Term
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import WrongState


@action(permissions.STOP)
def stop(order: Order, *, by: Actor, code: str, text: str = "") -> Order:
    """End a long-term order from now on; nothing later than this moment is done any more."""
    if order.term != Term.LONG:
        raise WrongState(_("只有长期医嘱可以停止；临时医嘱未执行的请取消。"))
    if order.state != State.ACTIVE:
        raise WrongState(
            _("%(order)s 当前为“%(state)s”，不能停止。")
            % {"order": order, "state": order.get_state_display()}
        )
    catalogue.reasons.check("stop", code, text, field="end_code")
    now = clock.now()
    _stop(order, now, code, text, by)
    return order


def _stop(order: Order, now: datetime, code: str, text: str, by: Actor) -> None:
    if steps.level_of(order) not in parameters.get("orders.nurse_check.levels"):
        steps.finish(order, State.ENDED, code, text, now, by=by)
        order.save()
        return
    order.move_to(State.STOPPED)
    order.end_code, order.end_text = code, text.strip()
    order.ended_at, order.ended_by = now, by.name[:50]
    steps.drop(order, since=now)
    order.hand_to(
        order.organisation_id,
        permissions.CHECK_STOP.code,
        since=now,
        due_at=now + parameters.duration("orders.nurse_check_minutes"),
    )
    steps.end_medicine(order, now, by=by)
    order.save()
    steps.announce(events.OrderEnded, order, now, state=order.state, end_code=code)
    steps.tell(order, permissions.CHECK, gettext_noop("%(patient)s 的 %(order)s 已停，请核对"))


def stop_group(order: Order, *, by: Actor, code: str, text: str = "") -> list[Order]:
    """Stop a drip whole: all drugs that run in one bottle."""
    with transaction.atomic():
        return [
            stop(mate, by=by, code=code, text=text)
            for mate in steps.group_of(order)
            if mate.state == State.ACTIVE
        ]


@action(permissions.CANCEL)
def cancel(order: Order, *, by: Actor, code: str, text: str = "") -> Order:
    """Take an order back before anything was done of it."""
    if order.state not in (*BEFORE_ACTIVE, State.ACTIVE):
        raise WrongState(
            _("%(order)s 当前为“%(state)s”，不能取消。")
            % {"order": order, "state": order.get_state_display()}
        )
    if order.given:
        raise WrongState(_("已执行过的医嘱不能取消；请停止，或作废并说明原因。"))
    catalogue.reasons.check("cancel", code, text, field="end_code")
    steps.finish(order, State.CANCELLED, code, text, clock.now(), by=by)
    order.save()
    return order


@action(permissions.VOID)
def void(order: Order, *, by: Actor, code: str, text: str = "") -> Order:
    """Strike out an order that was wrong, with who and why; what was done of it stays."""
    if order.state in BEFORE_ACTIVE:
        raise WrongState(_("尚未执行的医嘱请取消。"))
    catalogue.reasons.check("void", code, text, field="end_code")
    steps.finish(order, State.VOIDED, code, text, clock.now(), by=by)
    order.save()
    return order


@action(permissions.KEEP)
def keep(order: Order, *, by: Actor) -> Order:
    """Look at a standing order again, and let it go on."""
    if order.state != State.ACTIVE or order.term != Term.LONG:
        raise WrongState(_("只有执行中的长期医嘱需要复核。"))
    now = clock.now()
    order.kept_at = now
    steps.owe(order, now)
    order.save()
    return order


@action(permissions.LAPSE)
def lapse(order: Order, *, by: Actor) -> Order:
    """End an order whose planned end has come."""
    now = clock.now()
    if order.state != State.ACTIVE or order.planned_end is None or order.planned_end > now:
        raise WrongState(_("该医嘱未到计划停止时间。"))
    if order.term == Term.LONG:
        _stop(order, now, "planned", "", by)
    elif order.given:
        order.move_to(State.COMPLETED)
        order.finish()
        order.save()
    else:
        order.move_to(State.NOT_DONE)
        order.finish()
        steps.drop(order)
        steps.end_medicine(order, now, by=by)
        order.save()
    return order


@action(permissions.LAPSE)
def end_with_encounter(order: Order, *, by: Actor, at: datetime, code: str) -> Order:
    """End what is open when the visit is over; drugs to take home stay with the person."""
    if order.state not in OPEN:
        raise WrongState(_("医嘱已结束。"))
    if order.state == State.UNSIGNED:
        raise WrongState(_("口头医嘱待补签，不随就诊结束。"))
    if order.term == Term.TAKE_HOME and order.state == State.ACTIVE:
        _handed_out(order)
    elif order.state == State.STOPPED:
        order.move_to(State.ENDED)
        steps.drop(order)
        order.finish()
        order.save()
    elif order.state in BEFORE_ACTIVE or (order.given == 0 and order.term != Term.LONG):
        steps.finish(order, State.CANCELLED, code, "", max(at, order.start_at), by=by)
        order.save()
    elif order.term == Term.LONG:
        steps.finish(order, State.ENDED, code, "", at, by=by)
        order.save()
    else:
        _run_out(order)
    return order


def _handed_out(order: Order) -> None:
    """Nobody noted that the bag was given: the person has the drugs, the record keeps them."""
    steps.drop(order)
    order.move_to(State.COMPLETED)
    order.finish()
    order.save()


def _run_out(order: Order) -> None:
    """A temporary order that was given at least once is done."""
    steps.drop(order)
    signed = order.signed_at is not None
    order.move_to(State.COMPLETED if signed else State.UNSIGNED)
    if signed:
        order.finish()
    else:
        assert order.sign_due_at is not None
        order.hand_to(
            order.organisation_id,
            permissions.SIGN.code,
            since=order.created_at,
            due_at=order.sign_due_at,
        )
    order.save()
