"""Checking: the pharmacist's review, a second doctor's in its place, the nurse's."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.orders import catalogue, permissions
from xinglin.clinical.orders.actions import steps
from xinglin.clinical.orders.models import Done, Order, State
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import WrongState


def _in_review(order: Order) -> None:
    if order.state != State.REVIEW:
        raise WrongState(_("该医嘱不在待审方状态。"))


@action(permissions.REVIEW)
def accept(order: Order, *, by: Actor) -> Order:
    """Let a drug order pass, as its pharmacist."""
    _in_review(order)
    return _passed(order, by)


@action(permissions.SECOND)
def let_pass(order: Order, *, by: Actor) -> Order:
    """Let a drug order pass as a second doctor, where no pharmacist answers."""
    _in_review(order)
    if order.duty != permissions.SECOND.code:
        raise WrongState(_("该医嘱由药师审方。"))
    return _passed(order, by)


def _passed(order: Order, by: Actor) -> Order:
    now = clock.now()
    order.reviewed_by, order.reviewed_at = by.name[:50], now
    steps.take_effect(order, now, by=by)
    order.save()
    return order


@action(permissions.SEND_BACK)
def send_back(order: Order, *, by: Actor, code: str, text: str = "") -> Order:
    """Send a drug order back to its doctor, and say why."""
    _in_review(order)
    catalogue.reasons.check("send-back", code, text, field="return_code")
    now = clock.now()
    order.move_to(State.SENT_BACK)
    order.return_code, order.return_text = code, text.strip()
    order.reviewed_by, order.reviewed_at = by.name[:50], now
    order.hand_to(
        order.organisation_id,
        permissions.SIGN.code,
        since=now,
        due_at=now + parameters.duration("orders.review_minutes"),
    )
    order.save()
    steps.tell(
        order,
        permissions.SIGN,
        gettext_noop("药师退回了 %(patient)s 的 %(order)s：%(why)s"),
        why=order.return_label,
    )
    return order


@action(permissions.LAPSE)
def hand_over(order: Order, *, by: Actor) -> Order:
    """Ask a second doctor of the house when no pharmacist has answered for long."""
    _in_review(order)
    if order.duty == permissions.SECOND.code:
        raise WrongState(_("该医嘱已转医师复核。"))
    now = clock.now()
    order.hand_to(
        order.organisation_id,
        permissions.SECOND.code,
        since=now,
        due_at=now + parameters.duration("orders.review_minutes"),
    )
    order.save()
    steps.tell(
        order,
        permissions.SIGN,
        gettext_noop("%(patient)s 的 %(order)s 逾期未审方，请另一名医师复核"),
    )
    return order


@action(permissions.CHECK)
def check(order: Order, *, by: Actor) -> Order:
    """Read the order against the sheet, as the nurse; from here it may be carried out."""
    if order.state != State.TO_CHECK:
        raise WrongState(_("该医嘱不在待核对状态。"))
    steps.visit_open(order)
    now = clock.now()
    order.checked_by, order.checked_at = by.name[:50], now
    steps.activate(order, now)
    order.save()
    return order


@action(permissions.CHECK_STOP)
def check_stop(order: Order, *, by: Actor) -> Order:
    """Take notice of a stop, as the nurse; what was due before it must be accounted for."""
    if order.state != State.STOPPED:
        raise WrongState(_("该医嘱不在待核对停嘱状态。"))
    left = order.executions.filter(state=Done.DUE, voided_at=None).count()
    if left:
        raise WrongState(
            _("停止前还有 %(count)s 次应执行未登记，请先登记执行或未执行。") % {"count": left}
        )
    order.move_to(State.ENDED)
    order.stop_checked_by, order.stop_checked_at = by.name[:50], clock.now()
    order.finish()
    order.save()
    return order
