"""What the green channel tells the page of a person: a case that runs."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from xinglin.clinical.emergency.catalogue import kind_of
from xinglin.clinical.emergency.models import GreenCase, State
from xinglin.clinical.record.portrait import OpenRequest, Part, Sign
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person

TONES: dict[str, str] = {
    State.OPEN: "info",
    State.ON_THE_WAY: "accent",
    State.ARRIVED: "brand",
    State.TREATED: "brand",
    State.HANDED_OVER: "good",
    State.STOOD_DOWN: "plain",
    State.DIED: "plain",
}
READ = ("id", "kind", "state", "from_org_id", "to_org_id", "due_at", "clock_from")
_prepared: Cabinet[Prepared] = Cabinet()


def tell(actor: Actor, person: Person) -> Part:
    """The running cases of a person, as far as the post sees them."""
    told = Part()
    if not actor.may("emergency.read"):
        return told
    key = actor.post_id, actor.org_id, actor.county_id, actor.codes, actor.reach, actor.scope

    def prepare() -> Prepared:
        found = GreenCase.objects.visible_to(actor).running()
        return Prepared(found.filter(person_id=SLOT).order_by().values_list(*READ))

    for values in _prepared.get(key, prepare).all(person.pk):
        row = dict(zip(READ, values, strict=True))
        address = reverse("emergency:detail", args=[row["id"]])
        kind, state = kind_of(row["kind"]), State(row["state"])
        words = _("%(kind)s绿色通道") % {"kind": kind.label}
        told.signs.append(Sign(words, "bad", "urgent", url=address))
        told.requests.append(
            OpenRequest(
                kind=_("绿色通道"),
                title=kind.label,
                state=str(state.label),
                way=f"{tree.name(row['from_org_id'])} → {tree.name(row['to_org_id'])}",
                url=address,
                urgency="emergency",
                tone=TONES[state],
                due_at=row["due_at"],
                since=row["clock_from"],
            )
        )
    return told
