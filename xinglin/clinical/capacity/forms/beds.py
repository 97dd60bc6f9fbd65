"""What a person types about beds: form and kind only; the actions judge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity.forms import choices
from xinglin.clinical.capacity.forms.booking import ReasonForm as ReasonForm
from xinglin.clinical.capacity.models import Bed, BedKind, BedStay, Room, RoomSex, Ward
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import DateInput, DateTimeInput, Form, PersonPicker, SegmentedChoice


class Mixing(Form):
    """Why the sex of the room does not matter this once."""

    mix_code = forms.ChoiceField(label=_("不按病室性别收治的原因"), required=False)
    mix_text = forms.CharField(label=_("补充说明"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["mix_code"]
        field.choices = choices.reasons("mix")


class OfPerson(Form):
    """Somebody of the county, found by name, telephone or number."""

    person = forms.ModelChoiceField(
        label=_("患者"),
        queryset=Person.objects.none(),
        widget=PersonPicker(reverse_lazy("people:options")),
        error_messages={"invalid_choice": _("请从列表中选择患者。")},
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.queryset = Person.objects.visible_to(actor)


class AdmitForm(OfPerson, Mixing):
    planned_on = forms.DateField(label=_("计划出院日期"), required=False, widget=DateInput)
    field_order = ["person", "planned_on", "mix_code", "mix_text"]


class HoldForm(OfPerson, Mixing):
    until = forms.DateTimeField(label=_("预留至"), widget=DateTimeInput)
    field_order = ["person", "until", "mix_code", "mix_text"]

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, *args, **kwargs)
        last = timezone.localtime() + parameters.duration("beds.hold_hours")
        self.fields["until"].initial = last.replace(second=0, microsecond=0)


class MoveForm(Mixing):
    bed = forms.ModelChoiceField(
        label=_("目标床位"), queryset=Bed.objects.none(), widget=forms.HiddenInput
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["bed"]
        field.queryset = Bed.objects.visible_to(actor)


class SwapForm(Mixing):
    other = forms.ModelChoiceField(label=_("与谁对换"), queryset=BedStay.objects.none())
    field_order = ["other", "mix_code", "mix_text"]

    def __init__(self, actor: Actor, stay: BedStay, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = BedStay.objects.visible_to(actor).current()
        field: Any = self.fields["other"]
        field.queryset = (
            rows.filter(organisation=stay.organisation_id)
            .exclude(pk=stay.pk)
            .select_related("person", "bed__ward")
            .order_by("bed__ward__code", "bed__place", "bed__number")
        )
        field.label_from_instance = lambda row: f"{row.bed.full_name} {row.person.name}"


class PlanForm(Form):
    on = forms.DateField(label=_("计划出院日期"), required=False, widget=DateInput)

    def __init__(self, stay: BedStay, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = stay.planned_on or timezone.localdate() + timedelta(days=1)


class DischargeForm(Form):
    """How the stay ends; asked only where a visit goes on in the bed."""

    discharge_way = forms.ChoiceField(label=_("离院方式"))
    outcome = forms.ChoiceField(label=_("病情转归"), required=False)

    def __init__(self, stay: BedStay, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stay.encounter_id is None:
            self.fields.clear()
            return
        for name, system in (("discharge_way", "discharge-way"), ("outcome", "outcome")):
            field: Any = self.fields[name]
            field.choices = [("", gettext("请选择")), *terminology.choices(system)]
        self.fields["discharge_way"].initial = "1"


class BlockForm(ReasonForm):
    until = forms.DateTimeField(label=_("停用至"), required=False, widget=DateTimeInput)


class ExtraForm(Form):
    room = forms.ModelChoiceField(label=_("病室"), queryset=Room.objects.none())
    number = forms.CharField(label=_("床号"), max_length=10)

    def __init__(self, actor: Actor, ward: Ward, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["room"]
        field.queryset = Room.objects.visible_to(actor).filter(ward=ward).order_by("number")
        used = Bed.objects.visible_to(actor).standing().filter(ward=ward, kind=BedKind.EXTRA)
        self.fields["number"].initial = gettext("加%(number)d") % {"number": used.count() + 1}


class WardForm(Form):
    """A ward and the department it belongs to."""

    department = forms.ModelChoiceField(label=_("科室"), queryset=Department.objects.none())
    code = forms.CharField(label=_("病区代码"), max_length=20)
    name = forms.CharField(label=_("病区名称"), max_length=50)
    place = forms.CharField(label=_("位置"), max_length=60, required=False)
    phone = forms.CharField(label=_("护士站电话"), max_length=20, required=False)

    def __init__(self, actor: Actor, house: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["department"]
        rows = Department.objects.visible_to(actor)
        field.queryset = rows.filter(organisation=house, closed_on=None).order_by("code")


class RoomForm(Form):
    """A room with its beds, all at once."""

    number = forms.CharField(label=_("病室号"), max_length=10)
    sex = forms.ChoiceField(
        label=_("收治性别"), choices=RoomSex, widget=SegmentedChoice, initial=RoomSex.SAME
    )
    beds = forms.CharField(
        label=_("床号"),
        max_length=200,
        help_text=_("多个床号用空格隔开，如：1 2 3"),
    )
    kind = forms.ChoiceField(
        label=_("床位类型"),
        choices=[choice for choice in BedKind.choices if choice[0] != BedKind.EXTRA],
    )

    def numbers(self) -> list[str]:
        """The numbers of the beds that were written, each once."""
        told = self.cleaned_data["beds"].replace("，", " ").replace("、", " ").replace(",", " ")
        return list(dict.fromkeys(told.split()))


class RoomSexForm(Form):
    sex = forms.ChoiceField(label=_("收治性别"), choices=RoomSex)


class NumberForm(Form):
    """One more bed in a room."""

    number = forms.CharField(label=_("床号"), max_length=10)
