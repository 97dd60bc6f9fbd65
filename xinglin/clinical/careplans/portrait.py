"""What a care plan tells the page of a person: that it is open, what is overdue, a red flag."""

from __future__ import annotations

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.careplans.models import CarePlan, CareTask, State
from xinglin.clinical.careplans.templatetags.careplans import TONES
from xinglin.clinical.record.portrait import Contribution, OpenRequest, Part, Row, Sign
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree


def standing(actor: Actor) -> QuerySet[CarePlan]:
    """The plans that stand, as far as the post sees them, and how many tasks of each are late."""
    late = CareTask.objects.waiting().filter(plan=OuterRef("pk"), until__lt=timezone.localdate())
    counted = late.order_by().values("plan").annotate(n=Count("pk")).values("n")
    overdue = Subquery(counted, output_field=IntegerField())
    return CarePlan.objects.visible_to(actor).standing().annotate(overdue=overdue)


def tell(rows: list[Row]) -> Part:
    """The signs and the open request of each plan."""
    told = Part()
    for row in rows:
        address = reverse("careplans:detail", args=[row.id])
        if row.overdue:
            words = _("照护任务逾期 %(count)d 项") % {"count": row.overdue}
            told.signs.append(Sign(words, "bad", "checklist", url=address))
        if row.flagged_at is not None:
            told.signs.append(Sign(_("照护预警"), "bad", "flag", url=address))
        told.requests.append(
            OpenRequest(
                kind=_("照护计划"),
                title=row.title or "—",
                state=str(State(row.state).label),
                way=f"{tree.name(row.from_org_id)} → {tree.name(row.to_org_id)}",
                url=address,
                tone=TONES[row.state],
                due_at=row.due_at,
                since=row.clock_from,
            )
        )
    return told


CONTRIBUTION = Contribution(
    rows=standing,
    places={
        "title": "diagnosis_name",
        "from_org_id": "author_org_id",
        "to_org_id": "organisation_id",
        "flagged_at": "flagged_at",
        "overdue": "overdue",
    },
    tell=tell,
)
