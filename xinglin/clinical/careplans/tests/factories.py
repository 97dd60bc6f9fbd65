"""A plan as far along its road as a test needs it, brought there by the cast's own acts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from tests import cast
from xinglin.clinical.careplans import actions as careplans
from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.models import CarePlan, CareTask, PlanItem
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road
from xinglin.registry.organisations.models import Organisation

ASSESSMENT = "急性期已过，生命体征平稳"


def met(template: str = "chd-pci") -> list[dict[str, Any]]:
    """Every criterion answered with yes."""
    return [{"code": p.code, "met": True} for p in catalogue.criteria_of(template)]


def items(template: str = "chd-pci", day: date | None = None) -> list[PlanItem]:
    found = catalogue.templates()[template]
    return careplans.from_template(found, day or timezone.localdate()).items


def visit(**facts: Any) -> PlanItem:
    """The first visit at home, due from the third day on."""
    day = timezone.localdate()
    given: dict[str, Any] = {
        "kind": "home-visit",
        "title": "首次上门随访",
        "performer": "village",
        "timing": "once",
        "starts_on": day + timedelta(days=3),
        "window_days": 7,
    }
    return PlanItem(**{**given, **facts})


def pressure(**facts: Any) -> PlanItem:
    """The blood pressure once a week for four weeks; 180 sends back."""
    day = timezone.localdate()
    given: dict[str, Any] = {
        "kind": "measurement",
        "title": "测血压",
        "codes": ["8480-6", "8462-4"],
        "limits": [{"code": "8480-6", "high": "180"}],
        "performer": "village",
        "timing": "every",
        "every_days": 7,
        "starts_on": day + timedelta(days=2),
        "ends_on": day + timedelta(days=30),
        "window_days": 2,
    }
    return PlanItem(**{**given, **facts})


def flag(**facts: Any) -> PlanItem:
    given: dict[str, Any] = {
        "kind": "red-flag",
        "title": "心绞痛",
        "symptoms": ["chest-pain", "dyspnoea"],
        "timing": "always",
        "starts_on": timezone.localdate(),
    }
    return PlanItem(**{**given, **facts})


def written(*more: PlanItem, template: str = "chd-pci") -> referrals.Plan:
    rows = more or (visit(), pressure(), flag())
    return referrals.Plan(items=list(rows), criteria=met(template), template=template, goal="平稳")


def letter(
    county: cast.Cast, *more: PlanItem, to: Organisation | None = None, **facts: Any
) -> Referral:
    """Sent down with a plan, and not answered yet."""
    above = road.treated(county)
    referrals.propose_down(
        above,
        by=county.chen,
        to_org=to or county.township,
        assessment=ASSESSMENT,
        rehabilitation="每日步行",
        treatment_plan="阿司匹林 100 mg 每日一次",
        plan=written(*more),
        **facts,
    )
    return Referral.objects.get(parent=above)


def accepted(county: cast.Cast, *more: PlanItem, take_plan: bool = True) -> Referral:
    down = letter(county, *more)
    return referrals.accept(down, by=county.wang, take_plan=take_plan)


def running(county: cast.Cast, *more: PlanItem) -> CarePlan:
    """The patient is there and the tasks are laid out."""
    down = accepted(county, *more)
    referrals.receive(down, by=county.wang, arrived_at=timezone.now())
    return CarePlan.objects.get(letter=down)


def first(plan: CarePlan, kind: str) -> CareTask:
    found = plan.tasks.filter(kind=kind).select_related("plan__person", "person", "item")
    task = found.order_by("due_on").first()
    assert task is not None
    return task
