"""The care plan that a request sends with a letter."""

from __future__ import annotations

from xinglin.clinical.careplans.sheet import items_of
from xinglin.clinical.referral.actions import Plan
from xinglin.clinical.referral.api import schemas


def plan_of(body: schemas.SubmitIn | schemas.ProposeDownIn) -> Plan | None:
    """The plan as the actions take it, None without one."""
    told = body.plan
    if told is None:
        return None
    return Plan(
        items=items_of(told.items),
        criteria=[row.model_dump() for row in told.criteria],
        template=told.template,
        goal=told.goal,
    )
