"""Choosing a destination in a form: one choice names house, department, and the slot or bed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xinglin.clinical.capacity.models import Bed, Slot, Ward
from xinglin.clinical.referral.destinations.held import held_by
from xinglin.clinical.referral.destinations.wanted import of_referral
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Department, Organisation, tree
from xinglin.ui.templatetags.ui import when

if TYPE_CHECKING:
    from xinglin.clinical.referral.actions.placing import Place

# How many times of day a desk may choose from.
OFFERED = 12
NOTHING_KEPT = "none"


@dataclass(frozen=True)
class Choice:
    """What was chosen: where to, and the slot, ward or bed there, if any."""

    house_id: UUID
    department: str = ""
    place: Place | None = None


class NoSuchPlace(forms.ValidationError):
    """What was chosen is not there, or not to be seen."""

    def __init__(self) -> None:
        super().__init__(_("所选号源或床位已不存在，请重新选择。"))


def read_choice(actor: Actor, text: str) -> Choice | None:
    """A choice as a form writes it (`slot:…`, `ward:…`, `bed:…`, `house:…`); None for none.

    Raises `NoSuchPlace`.
    """
    if not text:
        return None
    kind, _colon, key = text.partition(":")
    try:
        pk = UUID(key)
    except ValueError as error:
        raise NoSuchPlace from error
    if kind == "house":
        return _house(actor, pk)
    rows: dict[str, Any] = {
        "slot": Slot.objects.visible_to(actor).select_related("department", "schedule"),
        "ward": Ward.objects.visible_to(actor).select_related("department"),
        "bed": Bed.objects.visible_to(actor).select_related("ward__department"),
    }
    found = rows[kind].filter(pk=pk).first() if kind in rows else None
    if found is None:
        raise NoSuchPlace
    department = (found.ward if isinstance(found, Bed) else found).department
    return Choice(found.organisation_id, department.name if department else "", found)


def _house(actor: Actor, pk: UUID) -> Choice:
    """A department, or a house without one of the kind that was asked for."""
    department = Department.objects.visible_to(actor).filter(pk=pk).first()
    if department is not None:
        return Choice(department.organisation_id, department.name)
    if not Organisation.objects.visible_to(actor).filter(pk=pk).exists():
        raise NoSuchPlace
    return Choice(pk)


class PlacePicker(forms.TextInput):
    """The ranked destinations, asked of `url` again whenever the form changes.

    `listed` is the list for the form as it comes; without it the list is fetched when it comes into
    sight, once.
    """

    template_name = "referral/widgets/place.html"
    wide = True
    listed: SafeString | None = None

    def __init__(self, url: Any = "") -> None:
        super().__init__()
        self.url = url

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"url": str(self.url), "listed": self.listed}
        return context

    def use_required_attribute(self, initial: Any) -> bool:
        return False

    def id_for_label(self, id_: str | None) -> str:
        # A list of radio buttons has no one element that a label could name.
        return ""


class PlaceField(forms.CharField):
    """Where to, chosen from the ranking; cleans to a `Choice` or None."""

    actor: Actor

    def __init__(self, **kwargs: Any) -> None:
        base = {"label": gettext_lazy("推荐去向"), "required": False, "widget": PlacePicker}
        super().__init__(**{**base, **kwargs})

    def clean(self, value: Any) -> Choice | None:
        return read_choice(self.actor, super().clean(value))


def filled_in(data: Any, actor: Actor, prefix: str = "") -> Any:
    """What was typed, with the house of the choice where none is named: a page without scripts."""
    names = {name: f"{prefix}{name}" for name in ("place", "to_org", "to_department")}
    if not data or not data.get(names["place"]) or data.get(names["to_org"]):
        return data
    try:
        choice = read_choice(actor, data[names["place"]])
    except NoSuchPlace:
        return data
    if choice is None:
        return data
    told = data.copy()
    told[names["to_org"]] = str(choice.house_id)
    told[names["to_department"]] = told.get(names["to_department"]) or choice.department
    return told


def given_places(actor: Actor, referral: Referral) -> list[tuple[str, str]]:
    """What the house that was asked may give, the next free first; "" keeps what is held."""
    held = held_by(referral)
    told = [("", _("保留转出方预占的 %(place)s") % {"place": held} if held else _("不安排"))]
    if held is not None:
        told.append((NOTHING_KEPT, _("不保留，另行安排")))
    house = tree.get(referral.to_org_id)
    if house is None or house.outside:
        return told
    wanted = of_referral(referral)
    if wanted.lies:
        wards = [ward for ward in _wards(actor, referral) if not (held and held.is_at(ward))]
        return told + [(f"ward:{ward.pk}", str(ward)) for ward in wards]
    rows = (
        Slot.objects.visible_to(actor)
        .free(channel="referral")
        .filter(organisation_id=referral.to_org_id, kind__in=wanted.slot_kinds)
        .select_related("department", "practitioner", "schedule")
    )
    if referral.to_department:
        own = rows.filter(department__name=referral.to_department)
        rows = own if own.exists() else rows
    return told + [
        (f"slot:{slot.pk}", f"{when(slot.start_at)} {slot.department or ''} {slot.who}")
        for slot in rows.in_order()[:OFFERED]
    ]


def _wards(actor: Actor, referral: Referral) -> list[Ward]:
    """The wards of the house with a free bed for the patient, of the department first."""
    parts = Department.objects.filter(organisation_id=referral.to_org_id).values_list("pk")
    free = Bed.objects.free_of([pk for (pk,) in parts], sex=referral.person.sex)
    rows = Ward.objects.visible_to(actor).filter(pk__in=[ward for _part, ward, _free in free])
    found = rows.select_related("department").in_order()
    return sorted(found, key=lambda ward: ward.department.name != referral.to_department)
