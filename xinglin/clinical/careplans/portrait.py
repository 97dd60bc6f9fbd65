"""What care plans tell the page of a person: the open plan, overdue tasks, a raised red flag."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.careplans.models import WAITING, CarePlan, State
from xinglin.clinical.careplans.templatetags.careplans import TONES
from xinglin.clinical.record.known import actor_key
from xinglin.clinical.record.portrait import OpenRequest, Part, Sign
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person


class Row(NamedTuple):
    """The columns of a plan that the page needs."""

    id: UUID
    state: str
    diagnosis_name: str
    author_org_id: UUID
    organisation_id: UUID
    flagged_at: datetime | None
    clock_from: datetime | None
    due_at: datetime | None
    overdue: int
    next_on: date | None


_prepared: Cabinet[Prepared] = Cabinet()


def tell(actor: Actor, person: Person) -> Part:
    """The standing plan of a person and what is overdue of it, in one query."""
    today = timezone.localdate()

    def prepare() -> Prepared:
        waiting = Q(tasks__state__in=WAITING)
        found = CarePlan.objects.visible_to(actor).standing().filter(person_id=SLOT)
        counted = found.annotate(
            overdue=Count("tasks", filter=waiting & Q(tasks__until__lt=today)),
            next_on=Min("tasks__due_on", filter=waiting),
        )
        return Prepared(counted.order_by().values_list(*Row._fields))

    told = Part()
    key = (*actor_key(actor), today)
    for row in map(Row._make, _prepared.get(key, prepare).all(person.pk)):
        address = reverse("careplans:detail", args=[row.id])
        if row.overdue:
            words = _("照护任务逾期 %(count)d 项") % {"count": row.overdue}
            told.signs.append(Sign(words, "bad", "checklist", url=address))
        if row.flagged_at is not None:
            told.signs.append(Sign(_("照护预警"), "bad", "flag", url=address))
        told.requests.append(
            OpenRequest(
                kind=_("照护计划"),
                title=row.diagnosis_name or "—",
                state=str(State(row.state).label),
                way=f"{tree.name(row.author_org_id)} → {tree.name(row.organisation_id)}",
                url=address,
                tone=TONES[row.state],
                due_at=row.due_at,
                since=row.clock_from,
            )
        )
    return told
