"""A letter that writes itself: back up, when a plan's red flag was found."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.careplans.models import CarePlan, Progress
from xinglin.clinical.referral.models import Referral, Urgency
from xinglin.kernel import clock


def way_back_up(
    down: Referral, plan: CarePlan, house: UUID, doctor: str, findings: Sequence[str]
) -> Referral:
    """The up-referral to the house that sent down: urgent, with findings and the plan's history.

    Consent is left open: somebody asks the patient before it is submitted.
    """
    now = clock.now()
    told = _("；").join(findings)
    return Referral(
        county_id=down.county_id,
        written_by_id=house,
        person_id=down.person_id,
        from_org_id=house,
        to_org_id=down.from_org_id,
        to_department=down.from_department,
        parent=down,
        urgency=Urgency.URGENT,
        doctor=doctor,
        diagnosis_code=down.diagnosis_code,
        diagnosis_name=down.diagnosis_name,
        diagnosed_on=timezone.localdate(now),
        reason_code="complication",
        reason=_("照护计划预警")[:100],
        symptoms=_("照护计划预警：%(findings)s") % {"findings": told},
        past_history=down.past_history,
        allergies=down.allergies,
        medicines=down.medicines,
        treatment=_("下转后按照护计划：%(goal)s") % {"goal": plan.goal or down.rehabilitation},
        results=told,
        narrative=_history(plan),
    )


def _history(plan: CarePlan) -> str:
    """What was done of the plan, the latest first, as far as the form holds it."""
    done = plan.tasks.exclude(state__in=[Progress.PLANNED, Progress.DROPPED, Progress.DUE])
    lines = [
        " ".join(
            filter(
                None,
                (
                    f"{task.due_on:%m-%d}",
                    task.title,
                    task.get_state_display(),
                    _("、").join(task.flags),
                    task.note,
                ),
            )
        )
        for task in done.order_by("-due_on", "-id")
    ]
    return "\n".join(lines)[:2000]
