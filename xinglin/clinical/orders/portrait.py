"""What orders tell the page of a person: what is to be examined or done, and what waits to run."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from xinglin.clinical.orders.models import Kind, Order, State
from xinglin.clinical.orders.templatetags.orders import TONES
from xinglin.clinical.record.known import actor_key
from xinglin.clinical.record.portrait import OpenRequest, Part
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person

# Each of these is a request of its own; drugs and nursing that run are no request any more.
ASKED_FOR = (Kind.LABORATORY, Kind.EXAMINATION, Kind.PROCEDURE)


class Row(NamedTuple):
    """The columns of an order that the page needs."""

    id: UUID
    kind: str
    state: str
    name: str
    organisation_id: UUID
    encounter_id: UUID
    emergency: bool
    clock_from: datetime | None
    due_at: datetime | None


_prepared: Cabinet[Prepared] = Cabinet()


def tell(actor: Actor, person: Person) -> Part:
    """The open orders of a person that ask for something, or that wait before they run."""

    def prepare() -> Prepared:
        asked = Q(kind__in=ASKED_FOR) | ~Q(state=State.ACTIVE)
        found = Order.objects.visible_to(actor).open().filter(asked, person_id=SLOT)
        return Prepared(found.order_by().values_list(*Row._fields))

    alone: list[Row] = []
    together: dict[tuple[UUID, str], list[Row]] = defaultdict(list)
    for row in map(Row._make, _prepared.get(actor_key(actor), prepare).all(person.pk)):
        if row.kind in ASKED_FOR:
            alone.append(row)
        else:
            together[row.encounter_id, row.state].append(row)
    return Part(
        requests=[
            *(_request([row], reverse("orders:detail", args=[row.id])) for row in alone),
            *(
                _request(rows, reverse("orders:sheet", args=[encounter]))
                for (encounter, _state), rows in together.items()
            ),
        ]
    )


def _request(rows: list[Row], url: str) -> OpenRequest:
    """One line for orders of one visit that wait for the same."""
    rows = sorted(rows, key=lambda row: (row.due_at is None, row.due_at, row.id))
    first = rows[0]
    title = first.name
    if len(rows) > 1:
        title = _("%(name)s等 %(count)d 条") % {"name": first.name, "count": len(rows)}
    told: dict[str, Any] = {"urgency": "emergency"} if any(r.emergency for r in rows) else {}
    return OpenRequest(
        kind=_("%(kind)s医嘱") % {"kind": Kind(first.kind).label},
        title=title,
        state=str(State(first.state).label),
        way=tree.name(first.organisation_id),
        url=url,
        tone=TONES[first.state],
        due_at=first.due_at,
        since=first.clock_from,
        **told,
    )
