"""Who may do what with an order: the doctor, the pharmacist, the nurse of its house."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.orders import catalogue
from xinglin.clinical.orders.models import BEFORE_ACTIVE, Order, SkinTest, State
from xinglin.kernel.access import Actor, Permission
from xinglin.kernel.trail import Ground


def own_house(actor: Actor, order: Order) -> bool:
    """In one's own house, about people of one's own county."""
    return actor.at(order.organisation_id) and order.county_id == actor.county_id


def checking(actor: Actor, order: Order) -> bool:
    """The house that was asked to check, which need not be the one that orders."""
    return actor.at(order.checker_id) and order.county_id == actor.county_id


def another_doctor(actor: Actor, order: Order) -> bool:
    """Somebody of the house who did not sign it."""
    if order.signer is None or actor.practitioner_id is None:
        same = order.signed_by == actor.name[:50]
    else:
        same = order.signer == actor.practitioner_id
    return own_house(actor, order) and not same


def reading(actor: Actor, order: Order) -> bool:
    return order.county_id == actor.county_id


# Whoever reads orders of people whose record is not open to them.
OF_THE_ORDER = Ground("orders", _("本机构书写的内容或受托审方"))

READ = Permission("orders.read", _("查阅医嘱"), reading)
WRITE = Permission("orders.write", _("开立医嘱"), own_house)
SIGN = Permission("orders.sign", _("签署医嘱"), own_house)
VOICE = Permission("orders.voice", _("录入口头医嘱"), own_house)
REVIEW = Permission("orders.review", _("审方通过"), checking)
SEND_BACK = Permission("orders.send-back", _("审方退回"), checking)
SECOND = Permission("orders.second", _("医师复核代审方"), another_doctor)
CHECK = Permission("orders.check", _("核对医嘱"), own_house)
GIVE = Permission("orders.give", _("执行医嘱"), own_house)
OMIT = Permission("orders.omit", _("登记未执行"), own_house)
STRIKE = Permission("orders.strike", _("作废执行记录"), own_house)
SKIN_TEST = Permission("orders.skin-test", _("登记皮试结果"), own_house)
STOP = Permission("orders.stop", _("停止医嘱"), own_house)
CHECK_STOP = Permission("orders.check-stop", _("核对停嘱"), own_house)
KEEP = Permission("orders.keep", _("复核后继续"), own_house)
CANCEL = Permission("orders.cancel", _("取消医嘱"), own_house)
VOID = Permission("orders.void", _("作废医嘱"), own_house)
PLAN: Permission[Order] = Permission("orders.plan", _("生成应执行时间"), lambda actor, order: False)
LAPSE: Permission[Order] = Permission("orders.lapse", _("到期处理"), lambda actor, order: False)

# In which states an act makes sense at all; the doors offer an act only there.
STATES: dict[str, Collection[State]] = {
    WRITE.code: (State.DRAFT, State.SENT_BACK),
    SIGN.code: (State.DRAFT, State.SENT_BACK, State.ACTIVE, State.UNSIGNED),
    REVIEW.code: (State.REVIEW,),
    SEND_BACK.code: (State.REVIEW,),
    SECOND.code: (State.REVIEW,),
    CHECK.code: (State.TO_CHECK,),
    SKIN_TEST.code: (State.REVIEW, State.TO_CHECK, State.ACTIVE),
    GIVE.code: (State.ACTIVE, State.STOPPED),
    OMIT.code: (State.ACTIVE, State.STOPPED),
    STRIKE.code: (
        State.ACTIVE,
        State.UNSIGNED,
        State.STOPPED,
        State.ENDED,
        State.COMPLETED,
        State.NOT_DONE,
    ),
    STOP.code: (State.ACTIVE,),
    CHECK_STOP.code: (State.STOPPED,),
    KEEP.code: (State.ACTIVE,),
    CANCEL.code: (*BEFORE_ACTIVE, State.ACTIVE),
    VOID.code: (
        State.ACTIVE,
        State.UNSIGNED,
        State.STOPPED,
        State.ENDED,
        State.COMPLETED,
        State.NOT_DONE,
    ),
}
ACTS: tuple[Permission[Order], ...] = (
    SIGN,
    REVIEW,
    SEND_BACK,
    SECOND,
    CHECK,
    SKIN_TEST,
    GIVE,
    OMIT,
    STOP,
    CHECK_STOP,
    KEEP,
    WRITE,
    CANCEL,
    VOID,
    STRIKE,
)


def open_to(actor: Actor, order: Order) -> list[str]:
    """The acts that this post may do to the order as it stands, in the order of the work."""
    return [
        permission.code.removeprefix("orders.")
        for permission in ACTS
        if order.state in STATES[permission.code]
        and _makes_sense(permission.code, order)
        and permission.allows(actor, order)
    ]


def _makes_sense(code: str, order: Order) -> bool:
    """What the state alone does not tell."""
    if code == SIGN.code:
        return order.signed_at is None or order.state == State.SENT_BACK
    if code == SECOND.code:
        return order.duty == SECOND.code
    if code in (GIVE.code, OMIT.code):
        frequency = catalogue.frequencies().get(order.frequency)
        kind = frequency.kind if frequency else ""
        # What stands until it is stopped has no times; what is given when needed, none to miss.
        return kind != "standing" and not (code == OMIT.code and kind == "need")
    if code == SKIN_TEST.code:
        return order.skin_test == SkinTest.REQUIRED
    if code in (STOP.code, KEEP.code):
        return order.term == "long"
    if code == CANCEL.code and order.state == State.ACTIVE:
        return order.given == 0 and order.term != "long"
    if code == STRIKE.code:
        return order.given > 0 or order.state == State.NOT_DONE
    return True
