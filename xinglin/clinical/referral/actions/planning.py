"""The care plan that goes down with a letter, and what happens to it when the letter moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from xinglin.clinical.careplans import actions as careplans
from xinglin.clinical.careplans.models import (
    CarePlan,
    CareTask,
    Kind,
    PlanItem,
    Progress,
    State,
)
from xinglin.clinical.referral.models import Direction, Referral
from xinglin.kernel.access import Actor, system
from xinglin.kernel.errors import Refused

WAITS_FOR_ANSWER = (State.PROPOSED, State.OFFERED)


@dataclass(frozen=True)
class Plan:
    """A plan as a door sends it: items, answered criteria ({code, met, exception, text})."""

    items: Sequence[PlanItem]
    criteria: Sequence[dict[str, Any]] = ()
    template: str = ""
    goal: str = ""
    # The texts of the national form, where the plan says it better.
    texts: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        exercise = (Kind.EXERCISE, Kind.WOUND_CARE, Kind.EDUCATION)
        texts = {
            "rehabilitation": _told(self.items, exercise, 1000),
            "treatment_plan": _told(self.items, (Kind.MEDICATION,), 2000),
        }
        object.__setattr__(self, "texts", texts)


def _told(items: Sequence[PlanItem], kinds: Sequence[Kind], most: int) -> str:
    """The items of some kinds as the paper says them."""
    lines = [
        "：".join(filter(None, (item.title, " ".join(_how(item)))))
        for item in items
        if item.kind in kinds
    ]
    return "；".join(lines)[:most]


def _how(item: PlanItem) -> list[str]:
    return [words for words in (item.dose, item.frequency, item.instruction) if words]


def write(letter: Referral, plan: Plan, by: Actor) -> None:
    """Put a plan with a letter that is about to be submitted, and its words where none are."""
    if letter.direction != Direction.DOWN:
        raise Refused(_("只有下转申请附照护计划。"), field="to_org")
    for name, words in plan.texts.items():
        setattr(letter, name, getattr(letter, name) or words)
    letter.care_plan = careplans.propose(
        CarePlan(
            county_id=letter.county_id,
            person_id=letter.person_id,
            author_org_id=letter.from_org_id,
            organisation_id=letter.to_org_id,
            follow_up_org_id=letter.follow_up_org_id,
            template=plan.template,
            goal=plan.goal,
            criteria=list(plan.criteria),
            diagnosis_code=letter.diagnosis_code,
            diagnosis_name=letter.diagnosis_name,
        ),
        by=by,
        items=list(plan.items),
    )


def promised(letter: Referral, by: Actor, *, whole: bool) -> None:
    """The house takes the patient, and with the plan as a whole if it says so."""
    plan = letter.care_plan
    if plan is None:
        return
    careplans.offer(plan, by=system(letter.county_id))
    if whole and plan.state in WAITS_FOR_ANSWER and by.may("careplans.answer"):
        careplans.accept(plan, by=by)


def moved(letter: Referral) -> None:
    """Another house is asked, with the same plan."""
    plan = letter.care_plan
    if plan is not None:
        careplans.move(
            plan,
            by=system(letter.county_id),
            organisation_id=letter.to_org_id,
            clinic_id=letter.follow_up_org_id,
        )


def arrived(letter: Referral, at: datetime) -> None:
    plan = letter.care_plan
    if plan is not None:
        careplans.arrive(plan, by=system(letter.county_id), arrived_at=at)


def stopped(letter: Referral, code: str) -> None:
    """The letter has ended before its end, and the plan with it."""
    plan = letter.care_plan
    if plan is None:
        return
    try:
        careplans.end(
            plan,
            by=system(letter.county_id),
            code="died" if code == "died" else "letter-ended",
        )
    except Refused:
        # It had ended by itself already: at a death, or evaluated.
        return


def visit_of(plan_id: UUID | None, *states: Progress) -> CareTask | None:
    """The visit that is the letter's follow-up, in one of these states."""
    if plan_id is None:
        return None
    visits = CareTask.objects.filter(plan_id=plan_id, follow_up=True, state__in=states)
    return visits.select_related("plan", "person").order_by("due_on").first()


def followed_up(letter: Referral, at: datetime) -> None:
    """Noted on the letter itself: then the plan's visit has been made."""
    visit = visit_of(letter.care_plan_id, Progress.PLANNED, Progress.DUE)
    if visit is not None:
        careplans.note_follow_up(
            visit,
            by=system(letter.county_id),
            done_at=at,
            who=letter.follow_up_doctor,
            note=letter.follow_up_note,
        )
