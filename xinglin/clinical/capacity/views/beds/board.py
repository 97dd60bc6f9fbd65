"""The bed board (床位一览) of a ward: rooms and beds, who lies there, what a tap does next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from xinglin.clinical.capacity.forms import beds as forms
from xinglin.clinical.capacity.models import Bed, BedHold, BedState, BedStay, Ward
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.clinical.privacy import models as privacy
from xinglin.clinical.record.models import Diagnosis, Encounter
from xinglin.kernel.access import REGISTRY, Actor
from xinglin.ui.forms import Form
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

# How each act reads on a button: a short word, an icon, whether it is dangerous.
BUTTONS: dict[str, tuple[Any, str, bool]] = {
    "admit": (gettext_lazy("安排入住"), "user-plus", False),
    "hold": (pgettext_lazy("bed", "预留"), "clock", False),
    "release": (gettext_lazy("取消预留"), "arrow-back-up", True),
    "clean": (pgettext_lazy("bed", "待清洁"), "refresh", False),
    "cleaned": (gettext_lazy("清洁完成"), "check", False),
    "swap": (pgettext_lazy("bed", "对换"), "arrows-exchange", False),
    "plan": (gettext_lazy("计划出院"), "calendar-event", False),
    "discharge": (pgettext_lazy("bed", "出院"), "logout", True),
    "block": (pgettext_lazy("bed", "停用"), "ban", True),
    "reopen": (gettext_lazy("恢复使用"), "check", False),
    "void": (pgettext_lazy("button", "作废"), "circle-x", True),
}
# Colour and shape of each state; the word stands beside them.
SIGNS = {
    BedState.FREE: ("good", "circle"),
    BedState.HELD: ("info", "clock"),
    BedState.OCCUPIED: ("brand", "bed"),
    BedState.CLEANING: ("warn", "refresh"),
    BedState.BLOCKED: ("plain", "ban"),
}


def ward_of(actor: Actor, pk: UUID) -> Ward:
    """A ward whose board the post may look at."""
    rows = Ward.objects.visible_to(actor).select_related("organisation", "department")
    found: Ward = get_object_or_404(rows, pk=pk)
    if not permissions.READ.allows(actor, found):
        raise Http404
    return found


def known(actor: Actor, rows: Iterable[BedStay | BedHold]) -> set[UUID]:
    """Whose names the post may read: its own house's patients, and people it treats."""
    found = list(rows)
    mine = {row.person_id for row in found if row.organisation_id == actor.org_id}
    others = {row.person_id for row in found} - mine
    if others:
        mine |= set(privacy.open_people(actor).filter(pk__in=others).values_list("pk", flat=True))
    return mine


def waiting(actor: Actor, house_id: UUID) -> list[Encounter]:
    """Inpatients of the house who lie in no bed yet, who came first before the others."""
    if not (actor.at(house_id) and actor.may(permissions.ADMIT.code)):
        return []
    lies = BedStay.objects.visible_to(actor).current().filter(person_id=OuterRef("person_id"))
    visits = Encounter.objects.visible_to(actor).filter(
        ~Exists(lies),
        organisation_id=house_id,
        kind=Encounter.Kind.INPATIENT,
        ended_at=None,
        voided_at=None,
    )
    return list(visits.select_related("person").order_by("started_at", "id"))


@require_GET
def ward(request: Request, pk: UUID) -> HttpResponse:
    """The board; `?bed=` is the bed in hand, `?admit=` the patient who is to get one."""
    return show(request, ward_of(request.actor, pk))


def show(
    request: Request,
    ward: Ward,
    *,
    status: int = 200,
    bed: Bed | None = None,
    bound: dict[str, Form] | None = None,
    why: str = "",
) -> HttpResponse:
    """The board as it stands, with the bed in hand and the forms of what can be done with it."""
    actor = request.actor
    bound = bound or {}
    beds = Bed.objects.visible_to(actor).standing()
    rows = list(beds.filter(ward=ward).select_related("room", "ward").in_order())
    stays = list(
        BedStay.objects.visible_to(actor)
        .current()
        .filter(bed__ward=ward)
        .select_related("person", "encounter", "bed")
    )
    holds = list(
        BedHold.objects.visible_to(actor)
        .standing()
        .filter(bed__ward=ward)
        .select_related("person", "made_by", "bed")
    )
    chosen = bed or _one(beds.filter(organisation=ward.organisation), request.GET.get("bed"))
    lines = waiting(actor, ward.organisation_id)
    asked = _id(request.GET.get("admit"))
    coming = next((visit for visit in lines if visit.pk == asked), None)
    hand = _hand(actor, chosen)
    names = known(actor, [*stays, *holds, *filter(None, [hand.get("stay"), hand.get("hold")])])
    _trace(actor, stays, holds, hand, lines, names)
    person = coming.person if coming else hand["stay"].person if hand.get("moves") else None
    suits: set[UUID] = set()
    if person is not None:
        suits = set(beds.filter(ward=ward).suiting(person.sex).values_list("pk", flat=True))
    tiles = _tiles(actor, rows, stays, holds, names, person, suits)
    for tile in tiles:
        tile["chosen"] = chosen is not None and tile["bed"].pk == chosen.pk
    counts = {state: sum(row.state == state for row in rows) for state in SIGNS}
    wards = Ward.objects.visible_to(actor).standing().filter(organisation=ward.organisation)
    return page(
        request,
        "capacity/beds-ward.html",
        part="board",
        status=status,
        ward=ward,
        house=ward.organisation,
        wards=[
            {
                "label": each.name,
                "url": f"{each.get_absolute_url()}{_keep(chosen, coming)}",
                "count": None,
                "active": each.pk == ward.pk,
            }
            for each in wards.order_by("code", "id")
        ],
        rooms=[
            {"room": room, "tiles": list(inside)}
            for room, inside in groupby(tiles, key=lambda tile: tile["bed"].room)
        ],
        counts=[
            {"label": state.label, "count": n, "tone": SIGNS[state][0], "icon": SIGNS[state][1]}
            for state, n in counts.items()
        ],
        total=len(rows),
        waiting=lines,
        coming=coming,
        chosen=chosen,
        hand=hand,
        hand_known="stay" in hand and hand["stay"].person_id in names,
        acts=_acts(request, chosen, hand, bound),
        opens=next(iter(bound), request.GET.get("act", "")),
        mix=bound.get("mix"),
        mix_sentence=why,
        extra=bound.get("extra") or forms.ExtraForm(actor, ward, auto_id="extra-%s")
        if permissions.EXTRA.allows(actor, _blank(ward))
        else None,
        may_maintain=permissions.MAINTAIN.allows(actor, ward),
        may_overview=actor.may(permissions.OVERVIEW.code),
        live=60 if chosen is None and coming is None else 0,
    )


def _blank(ward: Ward) -> Bed:
    return Bed(county_id=ward.county_id, organisation_id=ward.organisation_id, ward=ward)


def _keep(chosen: Bed | None, coming: Encounter | None) -> str:
    """Who is in hand stays in hand on the board of another ward."""
    if coming is not None:
        return f"?admit={coming.pk}"
    return f"?bed={chosen.pk}" if chosen is not None and chosen.state == "occupied" else ""


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _one(beds: Any, text: str | None) -> Bed | None:
    pk = _id(text)
    found: Bed | None = beds.filter(pk=pk).select_related("room", "ward").first() if pk else None
    return found


def _hand(actor: Actor, bed: Bed | None) -> dict[str, Any]:
    """Who lies in the bed in hand or is expected there, and whether they can be moved."""
    if bed is None:
        return {}
    stay = (
        BedStay.objects.visible_to(actor)
        .current()
        .filter(bed=bed)
        .select_related("person", "encounter", "bed__room", "bed__ward")
        .first()
    )
    holds = BedHold.objects.visible_to(actor).standing().filter(bed=bed)
    found: dict[str, Any] = {}
    if stay is not None:
        found["stay"] = stay
        found["moves"] = permissions.MOVE.allows(actor, stay)
    if hold := holds.select_related("person", "made_by").first():
        found["hold"] = hold
    return found


def _trace(
    actor: Actor,
    stays: list[BedStay],
    holds: list[BedHold],
    hand: dict[str, Any],
    lines: list[Encounter],
    names: set[UUID],
) -> None:
    """Whose names lay open: one line a person and a while, as for every list."""
    told = [row for row in (*stays, *holds, *hand.values()) if hasattr(row, "person_id")]
    open_ones = [row for row in told if row.person_id in names]
    privacy.listed(actor, permissions.READ.code, [*open_ones, *lines])


def _tiles(
    actor: Actor,
    rows: list[Bed],
    stays: list[BedStay],
    holds: list[BedHold],
    names: set[UUID],
    person: Any,
    suits: set[UUID],
) -> list[dict[str, Any]]:
    by_bed: dict[UUID, BedStay] = {stay.bed_id: stay for stay in stays}
    kept: dict[UUID, BedHold] = {hold.bed_id: hold for hold in holds}
    ill = _diagnoses(actor, [stay for stay in stays if stay.person_id in names])
    found = []
    for bed in rows:
        stay, hold = by_bed.get(bed.pk), kept.get(bed.pk)
        who = stay.person if stay else hold.person if hold else None
        takes = bed.state == BedState.FREE or (
            hold is not None and person is not None and hold.person_id == person.pk
        )
        found.append(
            {
                "bed": bed,
                "tone": SIGNS[BedState(bed.state)][0],
                "icon": SIGNS[BedState(bed.state)][1],
                "stay": stay,
                "hold": hold,
                "person": who,
                "name": (who.name if who.pk in names else who.masked_name) if who else "",
                "known": who is not None and who.pk in names,
                "diagnosis": ill.get(stay.encounter_id) if stay else None,
                "target": person is not None and takes,
                "suits": bed.pk in suits,
            }
        )
    return found


def _diagnoses(actor: Actor, stays: list[BedStay]) -> dict[UUID | None, str]:
    """The main diagnosis of each visit, as far as the post may read it."""
    visits = [stay.encounter_id for stay in stays if stay.encounter_id is not None]
    if not visits or not actor.may("record.read"):
        return {}
    rows = Diagnosis.objects.visible_to(actor).standing().filter(encounter__in=visits)
    found: dict[UUID | None, str] = {}
    for key, name in rows.order_by("-main", "-happened_at", "-id").values_list(
        "encounter_id", "name"
    ):
        found.setdefault(key, name)
    return found


def form_of(
    name: str, actor: Actor, bed: Bed, stay: BedStay | None, data: Any = None
) -> Form | None:
    """The form of an act at a bed; None for one that asks nothing."""
    # Several stand on one page: each has ids of its own.
    own: dict[str, Any] = {"auto_id": f"{name}-%s"}
    if name == "admit":
        return forms.AdmitForm(actor, data, **own)
    if name == "hold":
        return forms.HoldForm(actor, data, **own)
    if name == "block":
        return forms.BlockForm("block", data, **own)
    if name in ("release", "void"):
        return forms.ReasonForm(name, data, **own)
    if stay is not None and name == "swap":
        return forms.SwapForm(actor, stay, data, **own)
    if stay is not None and name == "plan":
        return forms.PlanForm(stay, data, **own)
    if stay is not None and name == "discharge":
        return forms.DischargeForm(stay, data, **own)
    return None


def acts_at(actor: Actor, bed: Bed, hand: dict[str, Any]) -> list[str]:
    """The acts that stand on buttons: a move is a tap on the board, an exchange a choice."""
    found = []
    for name in permissions.open_to(actor, bed, hand.get("hold")):
        if name == "move":
            found.append("swap")
        elif name == "clean":
            found.append("cleaned" if bed.state == BedState.CLEANING else "clean")
        else:
            found.append(name)
    return found


def _acts(
    request: Request, bed: Bed | None, hand: dict[str, Any], bound: dict[str, Form]
) -> list[dict[str, Any]]:
    if bed is None:
        return []
    actor, stay, hold = request.actor, hand.get("stay"), hand.get("hold")
    found = []
    for name in acts_at(actor, bed, hand):
        of_stay = name in ("swap", "plan", "discharge", "void")
        target = ("capacity:beds-stay-act", stay) if of_stay else ("capacity:beds-act", bed)
        if target[1] is None:
            continue
        short, icon, danger = BUTTONS[name]
        form = bound.get(name) or form_of(name, actor, bed, stay)
        if name == "admit" and hold is not None:
            # Who is expected comes: nothing to ask.
            form = None
        code = {"cleaned": "clean", "swap": "move"}.get(name, name)
        found.append(
            {
                "name": name,
                "label": REGISTRY[f"beds.{code}"].label if name != "swap" else short,
                "short": _("入住") if name == "admit" and hold is not None else short,
                "icon": icon,
                "danger": danger,
                "form": form if form is not None and form.fields else None,
                "asks": form is not None,
                "url": reverse(target[0], args=[target[1].pk, name]),
            }
        )
    return found
