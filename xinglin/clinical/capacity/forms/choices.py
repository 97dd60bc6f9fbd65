"""Choices that several forms of capacity offer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.staff.models import Practitioner
from xinglin.ui.forms import CodeInput

ANY = ("", _("不限"))


def kinds() -> list[tuple[str, Any]]:
    return [(row.code, row.label) for row in catalogue.kinds().values()]


def channels(actor: Actor, house_id: Any) -> list[tuple[str, Any]]:
    """By which ways this post may book at a house: its counter is its own."""
    return [
        (row.code, row.label)
        for row in catalogue.channels().values()
        if row.code != "portal" and (actor.at(house_id) or not row.house)
    ]


def usual_channel(actor: Actor, house_id: Any) -> str:
    return "counter" if actor.at(house_id) else "family-doctor"


def reasons(group: str) -> list[tuple[str, Any]]:
    return [("", "—"), *((row.code, row.label) for row in catalogue.reasons.of(group).values())]


def departments(actor: Actor, house_id: Any) -> Any:
    rows = Department.objects.visible_to(actor).filter(organisation=house_id, closed_on=None)
    return rows.order_by("code")


def doctors(actor: Actor, house_id: Any) -> Any:
    """Who works at the house now."""
    today = timezone.localdate()
    house = Organisation.objects.visible_to(actor).filter(pk=house_id).first()
    return Practitioner.objects.visible_to(actor).holding(today, house=house).order_by("name")


class HouseField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A house that gives care, found by name, pinyin or code."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("机构"))
        super().__init__(
            queryset=Organisation.objects.none(),
            widget=CodeInput(reverse_lazy("organisations:options"), show_code=False),
            error_messages={"invalid_choice": _("没有这家机构，请从列表中选择。")},
            **kwargs,
        )

    def of(self, actor: Actor) -> None:
        self.queryset = Organisation.objects.visible_to(actor).giving_care()


def one_of(label: Any, *, required: bool = False, empty: Any = "—") -> forms.ModelChoiceField[Any]:
    """A choice of few rows; the form names them."""
    return forms.ModelChoiceField(
        label=label, required=required, queryset=Department.objects.none(), empty_label=empty
    )
