"""What orders tell the page of a person: what is to be examined or done, and what waits to run."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from xinglin.clinical.orders.models import Kind, Order, State
from xinglin.clinical.orders.templatetags.orders import TONES
from xinglin.clinical.record.portrait import Contribution, OpenRequest, Part, Row
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree

# Each of these is a request of its own; drugs and nursing that run are no request any more.
ASKED_FOR = (Kind.LABORATORY, Kind.EXAMINATION, Kind.PROCEDURE)


def owed(actor: Actor) -> QuerySet[Order]:
    """The open orders that ask for something, or that wait before they run."""
    asked = Q(kind__in=ASKED_FOR) | ~Q(state=State.ACTIVE)
    urgency = Case(
        When(emergency=True, then=Value("emergency")),
        default=Value(""),
        output_field=CharField(),
    )
    return Order.objects.visible_to(actor).open().filter(asked).annotate(urgency=urgency)


def tell(rows: list[Row]) -> Part:
    """What is asked for, one by one; what waits, together for each visit and state."""
    alone: list[Row] = []
    together: dict[tuple[UUID | None, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.kind in ASKED_FOR:
            alone.append(row)
        else:
            together[row.encounter_id, row.state].append(row)
    return Part(
        requests=[
            *(_request([row], reverse("orders:detail", args=[row.id])) for row in alone),
            *(
                _request(waiting, reverse("orders:sheet", args=[encounter]))
                for (encounter, _state), waiting in together.items()
            ),
        ]
    )


def _request(rows: list[Row], url: str) -> OpenRequest:
    """One line for orders of one visit that wait for the same."""
    rows = sorted(rows, key=lambda row: (row.due_at is None, row.due_at, row.id))
    first = rows[0]
    title = first.title
    if len(rows) > 1:
        title = _("%(name)s等 %(count)d 条") % {"name": first.title, "count": len(rows)}
    return OpenRequest(
        kind=_("%(kind)s医嘱") % {"kind": Kind(first.kind).label},
        title=title,
        state=str(State(first.state).label),
        way=tree.name(first.from_org_id),
        url=url,
        urgency=max(row.urgency for row in rows),
        tone=TONES[first.state],
        due_at=first.due_at,
        since=first.clock_from,
    )


CONTRIBUTION = Contribution(
    rows=owed,
    places={
        "kind": "kind",
        "urgency": "urgency",
        "title": "name",
        "from_org_id": "organisation_id",
        "encounter_id": "encounter_id",
    },
    tell=tell,
)
