"""The writer's acts: propose a plan with the letter, revise it later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.careplans import catalogue, permissions
from xinglin.clinical.careplans.actions import steps
from xinglin.clinical.careplans.actions.checking import check_criteria, check_items
from xinglin.clinical.careplans.models import (
    CarePlan,
    CareTask,
    PlanItem,
    Revision,
    Standing,
    State,
)
from xinglin.clinical.privacy import catalogue as sensitive
from xinglin.kernel import bulk, clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState

# What makes an item another one; place, version and answer do not.
CONTENT = (
    *("kind", "title", "instruction", "dose", "frequency", "codes", "limits", "symptoms"),
    *("performer", "timing", "starts_on", "ends_on", "every_days", "weekdays", "dates"),
    "window_days",
)


@action(permissions.WRITE)
def propose(plan: CarePlan, *, by: Actor, items: Sequence[PlanItem]) -> CarePlan:
    """Write the plan that goes down with a patient: criteria answered, items that can be done."""
    plan.template = plan.template or catalogue.template_for(plan.diagnosis_code).code
    if plan.template not in catalogue.templates():
        raise Refused(_("没有这一计划模板。"), field="template")
    if CarePlan.objects.filter(person_id=plan.person_id).standing().exists():
        raise WrongState(_("该患者已有一份未结束的照护计划，请先评估或终止。"), field="items")
    plan.domain = sensitive.domain_of(plan.diagnosis_code)
    plan.author = plan.author or by.name
    check_criteria(plan)
    check_items(items, first=timezone.localdate(clock.now()))
    plan.clean_or_refuse(
        exclude=["county", "person", "author_org", "organisation", "follow_up_org", "owner"]
    )
    plan.save(force_insert=True)
    for item in items:
        item.plan = plan
    bulk.create(items)
    return plan


@action(permissions.REVISE)
def revise(
    plan: CarePlan, *, by: Actor, items: Sequence[PlanItem], reason: str, text: str = ""
) -> CarePlan:
    """Make a new version: what is the same goes on, the old is kept, what was done stays done."""
    catalogue.reasons.check("revision", reason, text, field="reason")
    if plan.state not in permissions.STATES[permissions.REVISE.code]:
        raise WrongState(_("照护计划尚未接收或已结束，不能修订。"))
    check_items(items, first=None)
    standing = list(plan.of_now())
    known = {_content(item): item for item in standing}
    new = [item for item in items if _content(item) not in known]
    same = {known[_content(item)].pk for item in items if _content(item) in known}
    gone = [item for item in standing if item.pk not in same]
    if not new and not gone:
        raise Refused(_("计划没有变化。"), field="items")
    plan.version += 1
    _follow_up_goes_on(gone, new)
    for item in gone:
        item.until_version = plan.version - 1
        item.save(update_fields=["until_version", "updated_at"])
    steps.drop(CareTask.objects.filter(plan=plan, item__in=[item.pk for item in gone]))
    for item in new:
        item.plan, item.since_version, item.standing = plan, plan.version, Standing.ACCEPTED
    bulk.create(new)
    Revision(
        plan=plan,
        version=plan.version,
        reason_code=reason,
        text=text.strip(),
        by_name=by.name,
        at=clock.now(),
    ).save(force_insert=True)
    if plan.state == State.EVALUATING:
        plan.move_to(State.ACTIVE)
        plan.finish()
    plan.save()
    if plan.state == State.ACTIVE:
        steps.lay_out(plan, since=timezone.localdate(clock.now()))
    other = plan.organisation_id if by.at(plan.author_org_id) else plan.author_org_id
    who = permissions.DO if by.at(plan.author_org_id) else permissions.WRITE
    steps.tell(plan, other, who, gettext_noop("患者 %(patient)s 的照护计划已修订，请查看"))
    return plan


def _follow_up_goes_on(gone: Sequence[PlanItem], new: Sequence[PlanItem]) -> None:
    """The visit that was the follow-up and is changed before it was made hands that on."""
    for item in new:
        item.follow_up = False
    left = [item for item in gone if item.follow_up]
    if not left or left[0].tasks.filter(follow_up=True).exclude(state__in=["planned"]).exists():
        return
    visits = sorted(
        (item for item in new if item.kind == left[0].kind and item.has_tasks),
        key=lambda item: item.starts_on,
    )
    if not visits:
        raise Refused(_("两周内的随访尚未完成，请保留一次上门随访。"), field="items")
    visits[0].follow_up = True


def _content(item: PlanItem) -> str:
    return repr([_plain(getattr(item, name)) for name in CONTENT])


def _plain(value: Any) -> Any:
    """As the database gives it back: days of a list as text, numbers of a limit as text."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in sorted(value.items()) if each is not None}
    return str(value) if value is not None else None
