"""The receiving house takes the plan on, or objects to items; the writer settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.careplans import catalogue, permissions
from xinglin.clinical.careplans.actions import steps
from xinglin.clinical.careplans.actions.checking import check_items
from xinglin.clinical.careplans.models import CarePlan, PlanItem, Standing, State
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState

# What a counter-proposal may change.
COUNTERED = ("performer", "every_days", "starts_on", "ends_on", "window_days", "instruction")
ADOPT, KEEP, DROP = "adopt", "keep", "drop"


@dataclass(frozen=True)
class Objection:
    """Why an item is not taken on as it is, and what the house can do instead.

    `counter` holds new values of the item's fields (performer, interval, days, instruction).
    """

    code: str
    text: str = ""
    counter: Mapping[str, Any] = field(default_factory=dict)


@action(permissions.ANSWER)
def accept(plan: CarePlan, *, by: Actor) -> CarePlan:
    """Take the whole plan on; its tasks begin once the patient is there."""
    if plan.state not in permissions.STATES[permissions.ANSWER.code]:
        raise WrongState(_("照护计划已答复，或正在等待制定机构商定。"))
    if plan.promised_at is None:
        raise WrongState(_("请先接收转诊单，再答复照护计划。"))
    plan.items.filter(until_version=None, standing=Standing.PROPOSED).update(
        standing=Standing.ACCEPTED, updated_at=clock.now()
    )
    _accepted(plan, by)
    steps.tell(
        plan,
        plan.author_org_id,
        permissions.WRITE,
        gettext_noop("患者 %(patient)s 的照护计划已被接收"),
    )
    return plan


@action(permissions.ANSWER)
def object_to(plan: CarePlan, *, by: Actor, objections: Mapping[UUID, Objection]) -> CarePlan:
    """Say which items cannot be done as they are, why, and what can; the others are taken on."""
    if plan.state not in permissions.STATES[permissions.ANSWER.code]:
        raise WrongState(_("照护计划已答复，或正在等待制定机构商定。"))
    if plan.promised_at is None:
        raise WrongState(_("请先接收转诊单，再答复照护计划。"))
    if not objections:
        raise Refused(_("请至少选择一个有异议的项目；没有异议请整份接收。"), field="objections")
    items = {item.pk: item for item in plan.of_now() if item.standing == Standing.PROPOSED}
    for pk, objection in objections.items():
        if pk not in items:
            raise Refused(_("该项目不在待答复之列。"), field="objections")
        catalogue.reasons.check("objection", objection.code, objection.text, field=f"{pk}.code")
        counter = {name: v for name, v in objection.counter.items() if v not in (None, "")}
        if not counter and not objection.text.strip():
            raise Refused(_("请写明可以怎样做，或建议的时间和执行人。"), field=f"{pk}.text")
        item = items[pk]
        _would_do(item, counter)
        item.standing = Standing.OBJECTED
        item.objection_code, item.objection = objection.code, objection.text.strip()
        item.counter = {name: _told(value) for name, value in counter.items()}
        item.save()
    plan.items.filter(until_version=None, standing=Standing.PROPOSED).update(
        standing=Standing.ACCEPTED, updated_at=clock.now()
    )
    plan.move_to(State.OBJECTED)
    steps.answered(plan, by)
    steps.owed(plan, plan.author_org_id, permissions.SETTLE, "careplans.settle_days")
    plan.save()
    steps.tell(
        plan,
        plan.author_org_id,
        permissions.SETTLE,
        gettext_noop("接收机构对患者 %(patient)s 的照护计划有异议，请商定"),
    )
    return plan


@action(permissions.SETTLE)
def settle(plan: CarePlan, *, by: Actor, answers: Mapping[UUID, str]) -> CarePlan:
    """Answer each objection: adopt what the house proposes, drop the item, or ask for it again."""
    if plan.state != State.OBJECTED:
        raise WrongState(_("该照护计划没有待商定的项目。"))
    again = False
    for item in plan.of_now().filter(standing=Standing.OBJECTED):
        answer = answers.get(item.pk, "")
        if answer == ADOPT:
            _adopt(item)
        elif answer == DROP:
            if item.follow_up:
                raise Refused(_("两周内的随访不能取消。"), field=str(item.pk))
            item.standing = Standing.DROPPED
        elif answer == KEEP:
            item.standing, item.objection_code, item.objection = Standing.PROPOSED, "", ""
            item.counter = {}
            again = True
        else:
            raise Refused(_("请逐项答复。"), field=str(item.pk))
        item.save()
    if again:
        plan.move_to(State.OFFERED)
        steps.owed(plan, plan.organisation_id, permissions.ANSWER, "careplans.answer_days")
        plan.save()
        message = gettext_noop("制定机构坚持患者 %(patient)s 照护计划的部分项目，请再答复")
    else:
        _accepted(plan, by)
        message = gettext_noop("患者 %(patient)s 照护计划的异议已商定")
    steps.tell(plan, plan.organisation_id, permissions.ANSWER, message)
    return plan


def _accepted(plan: CarePlan, by: Actor) -> None:
    plan.move_to(State.ACCEPTED)
    plan.finish()
    if by.at(plan.organisation_id):
        steps.answered(plan, by)
    steps.start_if_there(plan)
    plan.save()


def _adopt(item: PlanItem) -> None:
    if item.counter:
        _change(item, item.counter)
    elif item.objection:
        item.instruction = f"{item.instruction}；{item.objection}".strip("；")[:300]
    item.standing = Standing.ACCEPTED


def _would_do(item: PlanItem, counter: Mapping[str, Any]) -> None:
    """Refuse a proposal that could not be carried out either."""
    unknown = set(counter) - set(COUNTERED)
    if unknown:
        raise Refused(_("替代方案只能改时间、执行人和要求。"), field=f"{item.pk}.counter")
    held = {name: getattr(item, name) for name in COUNTERED}
    place = item.place
    _change(item, counter)
    try:
        check_items([item])
    except Refused as refusal:
        raise Refused(
            str(refusal), field=f"{item.pk}.{next(iter(refusal.fields)).rpartition('.')[2]}"
        ) from None
    finally:
        item.place = place
        for name, value in held.items():
            setattr(item, name, value)


def _change(item: PlanItem, counter: Mapping[str, Any]) -> None:
    for name, value in counter.items():
        field: Any = PlanItem._meta.get_field(name)
        setattr(item, name, field.to_python(value))


def _told(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)
