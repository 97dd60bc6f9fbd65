"""What referral tells the page of a person: open requests, and a follow-up that is overdue."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.portrait import Contribution, OpenRequest, Part, Row, Sign
from xinglin.clinical.referral.models import Direction, Referral, State
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree
from xinglin.ui.templatetags.ui import lasting

TONES: dict[str, str] = {
    State.DRAFT: "plain",
    State.SUBMITTED: "info",
    State.APPROVED: "info",
    State.WAITLISTED: "warn",
    State.UNANSWERED: "bad",
    State.ACCEPTED: "brand",
    State.DECLINED: "bad",
    State.EXPIRED: "bad",
    State.IN_TRANSIT: "accent",
    State.ARRIVED: "brand",
    State.IN_TREATMENT: "brand",
    State.DOWN_PROPOSED: "brand",
    State.CLOSED: "good",
    State.FOLLOWED_UP: "good",
    State.CANCELLED: "plain",
    State.ENDED: "plain",
}


def owed(actor: Actor) -> QuerySet[Referral]:
    """The referrals that somebody still owes a step, as far as the post sees them."""
    return Referral.objects.visible_to(actor, open_to_carers=True).open()


def tell(rows: list[Row]) -> Part:
    """The open request of each letter, and a sign where its follow-up is late."""
    told = Part()
    now = timezone.now()
    for row in rows:
        address = reverse("referral:detail", args=[row.id])
        state, due = State(row.state), row.due_at
        followed = state is State.CLOSED
        if followed and due and due < now:
            words = _("随访逾期 %(time)s") % {"time": lasting(now - due)}
            told.signs.append(Sign(words, "bad", "clock", url=address))
        way = f"{tree.name(row.from_org_id)} → {tree.name(row.to_org_id)}"
        told.requests.append(
            OpenRequest(
                kind=str(Direction(row.kind).label),
                title=row.title or "—",
                state=str(_("待随访") if followed else state.label),
                way=" ".join(filter(None, (way, row.department))),
                url=address,
                urgency=row.urgency,
                tone="warn" if followed else TONES.get(state, "plain"),
                due_at=due,
                since=row.clock_from,
            )
        )
    return told


CONTRIBUTION = Contribution(
    rows=owed,
    places={
        "kind": "direction",
        "urgency": "urgency",
        "title": "diagnosis_name",
        "department": "to_department",
        "from_org_id": "from_org_id",
        "to_org_id": "to_org_id",
    },
    tell=tell,
)
