"""Who may do what to a case of the green channel."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.emergency.catalogue import Step
from xinglin.clinical.emergency.models import (
    AT_THE_HOSPITAL,
    BEFORE_ARRIVAL,
    RUNNING,
    GreenCase,
    State,
)
from xinglin.kernel.access import Actor, Permission
from xinglin.kernel.trail import Ground


def sending(actor: Actor, case: GreenCase) -> bool:
    return actor.at(case.from_org_id)


def receiving(actor: Actor, case: GreenCase) -> bool:
    return actor.at(case.to_org_id)


def either(actor: Actor, case: GreenCase) -> bool:
    return sending(actor, case) or receiving(actor, case)


def opening(actor: Actor, case: GreenCase) -> bool:
    """One's own house meets the patient first; the patient is of one's own county."""
    return actor.at(case.from_org_id) and case.county_id == actor.county_id


def taking_part(actor: Actor, case: GreenCase) -> bool:
    return actor.reaches(None, case.county_id) or bool(actor.scope & case.parties)


TAKING_PART = Ground("emergency", _("参与绿色通道救治的机构"))
MANAGING = Ground("emergency-office", _("绿色通道管理"))
ATTACHED = Ground("emergency-document", _("绿色通道附件"))

READ = Permission("emergency.read", _("查阅绿色通道"), taking_part)
OPEN = Permission("emergency.open", _("启动绿色通道"), opening)
STAMP = Permission("emergency.stamp", _("登记时间节点"), either)
CORRECT = Permission("emergency.correct", _("更正时间节点"), either)
DESCRIBE = Permission("emergency.describe", _("填写病情与车辆"), either)
OBSERVE = Permission("emergency.observe", _("登记生命体征"), either)
ATTACH = Permission("emergency.attach", _("上传心电图等附件"), either)
CONFIRM = Permission("emergency.confirm", _("确认接收"), receiving)
PREPARE = Permission("emergency.prepare", _("登记院前准备"), receiving)
REDIRECT = Permission("emergency.redirect", _("更改接收机构"), either)
IDENTIFY = Permission("emergency.identify", _("确认患者身份"), either)
ADMIT = Permission("emergency.admit", _("登记急诊就诊"), receiving)
STAND_DOWN = Permission("emergency.stand-down", _("解除绿色通道"), either)
REPORT_DEATH = Permission("emergency.report-death", _("登记死亡"), either)
# The report of delays: a matter of the post alone.
REPORT: Permission[GreenCase] = Permission("emergency.report", _("查看绿色通道时间分析"))

STATES: dict[str, Collection[State]] = {
    STAMP.code: (*RUNNING, State.HANDED_OVER),
    CORRECT.code: (*RUNNING, State.HANDED_OVER, State.DIED),
    DESCRIBE.code: RUNNING,
    OBSERVE.code: RUNNING,
    ATTACH.code: (*RUNNING, State.HANDED_OVER),
    CONFIRM.code: BEFORE_ARRIVAL,
    PREPARE.code: (*BEFORE_ARRIVAL, State.ARRIVED),
    REDIRECT.code: BEFORE_ARRIVAL,
    IDENTIFY.code: (*RUNNING, State.HANDED_OVER, State.DIED),
    ADMIT.code: (*AT_THE_HOSPITAL, State.HANDED_OVER),
    STAND_DOWN.code: (*BEFORE_ARRIVAL, State.ARRIVED),
    REPORT_DEATH.code: RUNNING,
}
ACTS: tuple[Permission[GreenCase], ...] = (
    CONFIRM,
    PREPARE,
    STAMP,
    OBSERVE,
    ATTACH,
    DESCRIBE,
    IDENTIFY,
    ADMIT,
    CORRECT,
    REDIRECT,
    STAND_DOWN,
    REPORT_DEATH,
)


def ground(actor: Actor, case: GreenCase) -> Ground:
    """Why the post reads a case: its house takes part, or it manages."""
    return TAKING_PART if actor.scope & case.parties else MANAGING


def on_ones_side(actor: Actor, case: GreenCase, step: Step) -> bool:
    """Whether this house is the one that does the step."""
    if step.side == "sender":
        return sending(actor, case)
    if step.side == "receiver":
        return receiving(actor, case)
    return either(actor, case)


def open_to(actor: Actor, case: GreenCase) -> list[str]:
    """The acts that this post may do to the case as it stands."""
    return [
        permission.code.removeprefix("emergency.")
        for permission in ACTS
        if case.state in STATES[permission.code]
        and _makes_sense(permission.code, case)
        and permission.allows(actor, case)
    ]


def _makes_sense(code: str, case: GreenCase) -> bool:
    if code == CONFIRM.code:
        return case.confirmed_at is None
    if code == IDENTIFY.code:
        return case.unknown
    if code == ADMIT.code:
        return case.encounter_id is None
    return True
