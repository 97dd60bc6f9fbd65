"""What referral tells the page of a person: open requests, and a follow-up that is overdue."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.portrait import OpenRequest, Part, Sign
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person
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
READ = (
    *("id", "state", "direction", "urgency", "from_org_id", "to_org_id", "to_department"),
    *("diagnosis_name", "clock_from", "due_at"),
)


def tell(actor: Actor, person: Person) -> Part:
    """The referrals of a person that somebody still owes a step, as far as the post sees them."""
    found = Referral.objects.visible_to(actor, open_to_carers=True).filter(person=person).open()
    told = Part()
    now = timezone.now()
    for referral in found.only(*READ):
        address = reverse("referral:detail", args=[referral.pk])
        state = State(referral.state)
        if state is State.CLOSED and referral.due_at and referral.due_at < now:
            late = lasting(now - referral.due_at)
            told.signs.append(
                Sign(_("随访逾期 %(time)s") % {"time": late}, "bad", "clock", url=address)
            )
        words = str(_("待随访") if state is State.CLOSED else state.label)
        way = f"{tree.name(referral.from_org_id)} → {tree.name(referral.to_org_id)}"
        told.requests.append(
            OpenRequest(
                kind=str(referral.get_direction_display()),
                title=referral.diagnosis_name or "—",
                state=words,
                way=" ".join(filter(None, (way, referral.to_department))),
                url=address,
                urgency=referral.urgency,
                tone="warn" if state is State.CLOSED else TONES.get(state, "plain"),
                due_at=referral.due_at,
                since=referral.clock_from,
            )
        )
    return told
