from collections.abc import Collection

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.clinical.referral.models import (
    BEFORE_ANSWER,
    ON_THE_WAY,
    OPEN,
    Direction,
    Referral,
    State,
)
from xinglin.kernel.access import Actor, Permission, Reach
from xinglin.kernel.trail import Ground
from xinglin.registry.organisations.models import tree


def sending(actor: Actor, referral: Referral) -> bool:
    return actor.at(referral.sender_id)


def receiving(actor: Actor, referral: Referral) -> bool:
    return actor.at(referral.receiver_id)


def approving(actor: Actor, referral: Referral) -> bool:
    return actor.at(referral.approver_id or referral.sender_id)


def filing(actor: Actor, referral: Referral) -> bool:
    """The sender's insurance desk, or the county's."""
    return sending(actor, referral) or actor.reaches(None, referral.county_id)


def following(actor: Actor, referral: Referral) -> bool:
    return actor.at(referral.follow_up_org_id)


def either(actor: Actor, referral: Referral) -> bool:
    return sending(actor, referral) or receiving(actor, referral) or following(actor, referral)


def arranging(actor: Actor, referral: Referral) -> bool:
    """The consortium's office takes over what nobody answered."""
    office = actor.reach is Reach.COUNTY and actor.county_id == referral.county_id
    return office and referral.state == State.UNANSWERED and actor.at(referral.owner_id)


def sending_or_arranging(actor: Actor, referral: Referral) -> bool:
    return sending(actor, referral) or arranging(actor, referral)


def taking_part(actor: Actor, referral: Referral) -> bool:
    return actor.reaches(None, referral.county_id) or bool(actor.scope & referral.parties)


def writing(actor: Actor, referral: Referral) -> bool:
    """One's own house sends; for a partner outside, the house or office that takes the patient."""
    house = tree.get(referral.from_org_id)
    if referral.county_id != actor.county_id or not actor.at(referral.written_by_id):
        return False
    return actor.at(referral.from_org_id) or bool(house and house.outside)


# On which ground a letter is read.
TAKING_PART = Ground("referral", _("参与转诊的机构"))
CARING = Ground("referral-care", _("管理或续诊"))
DRAFTING = Ground("referral-draft", _("书写转诊单"))
PRINTING = Ground("referral-print", _("打印转诊单"))
ATTACHED = Ground("referral-document", _("转诊单附件"))

READ = Permission("referral.read", _("查阅转诊单"), taking_part)
DRAFT = Permission("referral.draft", _("填写转诊单"), writing)
SUBMIT = Permission("referral.submit", _("提交转诊申请"), sending)
APPROVE = Permission("referral.approve", _("审核转出"), approving)
ACCEPT = Permission("referral.accept", _("接收转诊"), receiving)
DECLINE = Permission("referral.decline", _("拒绝转诊"), receiving)
WAITLIST = Permission("referral.waitlist", _("登记候床候诊"), receiving)
REDIRECT = Permission("referral.redirect", _("改转其他机构"), sending_or_arranging)
ARRANGE = Permission("referral.arrange", _("协调逾期转诊"), arranging)
CANCEL = Permission("referral.cancel", _("取消转诊"), sending_or_arranging)
DEPART = Permission("referral.depart", _("登记出发"), sending)
RECEIVE = Permission("referral.receive", _("登记到诊"), receiving)
TREAT = Permission("referral.treat", _("开始诊治"), receiving)
DISCHARGE = Permission("referral.discharge", _("登记诊毕出院"), receiving)
PROPOSE_DOWN = Permission("referral.propose-down", pgettext_lazy("button", "建议下转"), receiving)
CLOSE = Permission("referral.close", _("回执结案"), receiving)
FOLLOW_UP = Permission("referral.follow-up", _("登记随访"), following)
COMPLETE = Permission("referral.complete", _("补全转诊单"), sending)
FILE_INSURANCE = Permission("referral.file-insurance", _("登记转诊备案"), filing)
ATTACH = Permission("referral.attach", _("添加附件"), either)
END = Permission("referral.end", _("终止转诊"), either)
EXPIRE: Permission[Referral] = Permission(
    "referral.expire", _("到期处理"), lambda actor, referral: False
)
HEAR: Permission[Referral] = Permission(
    "referral.hear", _("随照护计划或预约变化"), lambda actor, referral: False
)
STATISTICS: Permission[Referral] = Permission("referral.statistics", _("查看转诊统计"))

# In which states an act makes sense at all; the doors offer an act only there.
STATES: dict[str, Collection[State]] = {
    SUBMIT.code: (State.DRAFT,),
    APPROVE.code: (State.SUBMITTED,),
    ACCEPT.code: BEFORE_ANSWER,
    DECLINE.code: BEFORE_ANSWER,
    WAITLIST.code: BEFORE_ANSWER,
    REDIRECT.code: (
        State.SUBMITTED,
        State.APPROVED,
        State.WAITLISTED,
        State.UNANSWERED,
        State.DECLINED,
        State.EXPIRED,
    ),
    DEPART.code: (State.ACCEPTED,),
    RECEIVE.code: (*ON_THE_WAY, State.EXPIRED),
    TREAT.code: (State.ARRIVED,),
    DISCHARGE.code: (State.IN_TREATMENT, State.DOWN_PROPOSED),
    PROPOSE_DOWN.code: (State.IN_TREATMENT, State.CLOSED),
    CLOSE.code: (State.IN_TREATMENT, State.DOWN_PROPOSED),
    FOLLOW_UP.code: (State.CLOSED,),
    COMPLETE.code: OPEN,
    FILE_INSURANCE.code: tuple(
        state for state in State if state not in (State.DRAFT, State.CANCELLED)
    ),
    CANCEL.code: (
        State.DRAFT,
        *BEFORE_ANSWER,
        *ON_THE_WAY,
        State.DECLINED,
        State.EXPIRED,
    ),
    END.code: (*OPEN, State.CLOSED),
}
ACTS: tuple[Permission[Referral], ...] = (
    SUBMIT,
    APPROVE,
    ACCEPT,
    WAITLIST,
    DECLINE,
    DEPART,
    RECEIVE,
    TREAT,
    PROPOSE_DOWN,
    DISCHARGE,
    CLOSE,
    FOLLOW_UP,
    COMPLETE,
    FILE_INSURANCE,
    REDIRECT,
    CANCEL,
    END,
)


def ground(actor: Actor, referral: Referral) -> Ground:
    """Why the post reads a letter: its house takes part, or it manages or goes on treating."""
    return TAKING_PART if actor.scope & referral.parties else CARING


def open_to(actor: Actor, referral: Referral) -> list[str]:
    """The acts that this post may do to the referral as it stands, in the order of the work."""
    return [
        permission.code.removeprefix("referral.")
        for permission in ACTS
        if referral.state in STATES[permission.code]
        and _makes_sense(permission.code, referral)
        and permission.allows(actor, referral)
    ]


def _makes_sense(code: str, referral: Referral) -> bool:
    """What the state alone does not tell."""
    if code in (ACCEPT.code, DECLINE.code, WAITLIST.code):
        return not referral.awaits_approval
    if code == APPROVE.code:
        return referral.awaits_approval
    if code == DISCHARGE.code:
        return referral.discharged_at is None
    if code == COMPLETE.code:
        return referral.paper_due_at is not None
    if code == FILE_INSURANCE.code:
        return referral.direction == Direction.OUT
    if code == PROPOSE_DOWN.code:
        return referral.direction in (Direction.UP, Direction.LATERAL)
    if code in (FOLLOW_UP.code, END.code) and referral.state == State.CLOSED:
        return referral.owner_id is not None
    return True
