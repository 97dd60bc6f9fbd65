"""What referral tells the page of a person: open requests, a follow-up overdue, care plans."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.careplans import portrait as careplans
from xinglin.clinical.careplans.models import CarePlan
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
BOTH = ("letter_told", "plan_told")
_prepared: Cabinet[Prepared] = Cabinet()


def tell(actor: Actor, person: Person) -> Part:
    """The referrals of a person that somebody still owes a step, as far as the post sees them."""
    key = actor.post_id, actor.org_id, actor.county_id, actor.codes, actor.reach, actor.scope

    today = timezone.localdate()

    def prepare() -> Prepared:
        # A plan goes on after its letter is closed: what shows either is one query.
        letters = Referral.objects.visible_to(actor, open_to_carers=True).open()
        plans = CarePlan.objects.visible_to(actor).standing()
        found = Referral.objects.filter(person_id=SLOT).annotate(
            letter_told=Exists(letters.filter(pk=OuterRef("pk"))),
            plan_told=Exists(plans.filter(pk=OuterRef("care_plan_id"))),
            **careplans.columns("care_plan", today),
        )
        shown = found.filter(Q(letter_told=True) | Q(plan_told=True))
        return Prepared(shown.order_by().values_list(*READ, *BOTH, *careplans.Row._fields))

    told = Part()
    now = timezone.now()
    for values in _prepared.get((*key, today), prepare).all(person.pk):
        row = dict(zip((*READ, *BOTH), values, strict=False))
        if row["plan_told"]:
            plan = careplans.tell(
                careplans.Row(*values[len(READ) + len(BOTH) :]), row["diagnosis_name"]
            )
            told.signs.extend(plan.signs)
            told.requests.extend(plan.requests)
        if not row["letter_told"]:
            continue
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
