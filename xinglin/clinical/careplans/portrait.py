"""What a care plan tells the page of a person: that it is open, what is overdue, a red flag.

A plan goes with a letter, and the page has few queries: `referral` asks for both in one and lets
the plan be told here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from xinglin.clinical.careplans.models import CareTask, State
from xinglin.clinical.careplans.templatetags.careplans import TONES
from xinglin.clinical.record.portrait import OpenRequest, Part, Sign
from xinglin.registry.organisations.models import tree


class Row(NamedTuple):
    """The columns of a plan that the page needs."""

    plan_id: UUID
    plan_state: str
    plan_author: UUID
    plan_house: UUID
    plan_flagged: datetime | None
    plan_clock: datetime | None
    plan_due: datetime | None
    plan_overdue: int


def columns(way: str, today: date) -> dict[str, Any]:
    """The same as annotations of a row that leads to its plan by `way`."""
    late = CareTask.objects.waiting().filter(plan=OuterRef(f"{way}_id"), until__lt=today)
    counted = late.order_by().values("plan").annotate(n=Count("pk")).values("n")
    plain = {
        "plan_id": "id",
        "plan_state": "state",
        "plan_author": "author_org_id",
        "plan_house": "organisation_id",
        "plan_flagged": "flagged_at",
        "plan_clock": "clock_from",
        "plan_due": "due_at",
    }
    return {name: F(f"{way}__{field}") for name, field in plain.items()} | {
        "plan_overdue": Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    }


def tell(row: Row, diagnosis: str) -> Part:
    """The signs and the open request of one standing plan."""
    told = Part()
    address = reverse("careplans:detail", args=[row.plan_id])
    if row.plan_overdue:
        words = _("照护任务逾期 %(count)d 项") % {"count": row.plan_overdue}
        told.signs.append(Sign(words, "bad", "checklist", url=address))
    if row.plan_flagged is not None:
        told.signs.append(Sign(_("照护预警"), "bad", "flag", url=address))
    told.requests.append(
        OpenRequest(
            kind=_("照护计划"),
            title=diagnosis or "—",
            state=str(State(row.plan_state).label),
            way=f"{tree.name(row.plan_author)} → {tree.name(row.plan_house)}",
            url=address,
            tone=TONES[row.plan_state],
            due_at=row.plan_due,
            since=row.plan_clock,
        )
    )
    return told
