"""What referral tells the page of a person: open requests, and a follow-up that is overdue."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.portrait import OpenRequest, Part, Sign
from xinglin.clinical.referral.models import Direction, Referral, State
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
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
_prepared: Cabinet[Prepared] = Cabinet()


def tell(actor: Actor, person: Person) -> Part:
    """The referrals of a person that somebody still owes a step, as far as the post sees them."""
    key = actor.post_id, actor.org_id, actor.county_id, actor.codes, actor.reach, actor.scope

    def prepare() -> Prepared:
        found = Referral.objects.visible_to(actor, open_to_carers=True).open()
        return Prepared(found.filter(person_id=SLOT).order_by().values_list(*READ))

    told = Part()
    now = timezone.now()
    for values in _prepared.get(key, prepare).all(person.pk):
        row = dict(zip(READ, values, strict=True))
        address = reverse("referral:detail", args=[row["id"]])
        state, due = State(row["state"]), row["due_at"]
        followed = state is State.CLOSED
        if followed and due and due < now:
            words = _("随访逾期 %(time)s") % {"time": lasting(now - due)}
            told.signs.append(Sign(words, "bad", "clock", url=address))
        way = f"{tree.name(row['from_org_id'])} → {tree.name(row['to_org_id'])}"
        told.requests.append(
            OpenRequest(
                kind=str(Direction(row["direction"]).label),
                title=row["diagnosis_name"] or "—",
                state=str(_("待随访") if followed else state.label),
                way=" ".join(filter(None, (way, row["to_department"]))),
                url=address,
                urgency=row["urgency"],
                tone="warn" if followed else TONES.get(state, "plain"),
                due_at=due,
                since=row["clock_from"],
            )
        )
    return told
