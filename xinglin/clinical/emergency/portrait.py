"""What the green channel tells the page of a person: a case that runs."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from xinglin.clinical.emergency.catalogue import kind_of
from xinglin.clinical.emergency.models import GreenCase, State
from xinglin.clinical.record.portrait import Contribution, OpenRequest, Part, Row, Sign
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree

TONES: dict[str, str] = {
    State.OPEN: "info",
    State.ON_THE_WAY: "accent",
    State.ARRIVED: "brand",
    State.TREATED: "brand",
    State.HANDED_OVER: "good",
    State.STOOD_DOWN: "plain",
    State.DIED: "plain",
}


def running(actor: Actor) -> QuerySet[GreenCase]:
    """The running cases, as far as the post sees them."""
    return GreenCase.objects.visible_to(actor).running()


def tell(rows: list[Row]) -> Part:
    """A sign and an open request for each case."""
    told = Part()
    for row in rows:
        address = reverse("emergency:detail", args=[row.id])
        kind, state = kind_of(row.kind), State(row.state)
        words = _("%(kind)s绿色通道") % {"kind": kind.label}
        told.signs.append(Sign(words, "bad", "urgent", url=address))
        told.requests.append(
            OpenRequest(
                kind=_("绿色通道"),
                title=kind.label,
                state=str(state.label),
                way=f"{tree.name(row.from_org_id)} → {tree.name(row.to_org_id)}",
                url=address,
                urgency="emergency",
                tone=TONES[state],
                due_at=row.due_at,
                since=row.clock_from,
            )
        )
    return told


CONTRIBUTION = Contribution(
    rows=running,
    places={
        "kind": "kind",
        "from_org_id": "from_org_id",
        "to_org_id": "to_org_id",
    },
    tell=tell,
)
