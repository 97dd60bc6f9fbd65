"""What the booking desk types."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity.forms import choices
from xinglin.clinical.capacity.models import Priority, Schedule, Slot
from xinglin.kernel.access import Actor
from xinglin.registry.people.models import Person
from xinglin.ui.forms import DateInput, Form, PersonPicker, SegmentedChoice


class FindForm(Form):
    """Where, what, when: what free places are narrowed by."""

    house = choices.HouseField(required=False)
    department = choices.one_of(_("科室"), empty=_("不限"))
    kind = forms.ChoiceField(label=_("类别"), required=False)
    doctor = forms.CharField(
        label=_("医生"), required=False, max_length=20, widget=forms.SearchInput
    )
    day = forms.DateField(label=_("从哪天起"), required=False, widget=DateInput)
    move = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, actor: Actor, house_id: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["house"].of(actor)
        fields["department"].queryset = choices.departments(actor, house_id)
        fields["kind"].choices = [choices.ANY, *choices.kinds()]


class BookForm(Form):
    """For whom, and by which way."""

    person = forms.ModelChoiceField(
        label=_("患者"),
        queryset=Person.objects.none(),
        widget=PersonPicker(reverse_lazy("people:options")),
        error_messages={"invalid_choice": _("没有找到这位居民，请先登记。")},
    )
    channel = forms.ChoiceField(label=_("预约渠道"), widget=SegmentedChoice)
    note = forms.CharField(label=_("备注"), required=False, max_length=200)

    def __init__(self, actor: Actor, slot: Slot, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["person"].queryset = Person.objects.visible_to(actor)
        fields["channel"].choices = choices.channels(actor, slot.organisation_id)
        fields["channel"].initial = slot.kept_for or choices.usual_channel(
            actor, slot.organisation_id
        )


class NoteForm(Form):
    """An act that needs no word."""


class ReasonForm(Form):
    """A coded reason, with words where it asks for them."""

    code = forms.ChoiceField(label=_("原因"))
    text = forms.CharField(label=_("说明"), required=False, max_length=200)

    def __init__(self, group: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code: Any = self.fields["code"]
        code.choices = choices.reasons(group)


class DayForm(Form):
    """Which day's list, of which department."""

    day = forms.DateField(label=_("日期"), required=False, widget=DateInput)
    department = choices.one_of(_("科室"), empty=_("全部"))
    q = forms.CharField(label=_("姓名"), required=False, max_length=20, widget=forms.SearchInput)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        department: Any = self.fields["department"]
        department.queryset = choices.departments(actor, actor.org_id)


class WaitForm(Form):
    """Who waits for what, and until when."""

    person = forms.ModelChoiceField(
        label=_("患者"),
        queryset=Person.objects.none(),
        widget=PersonPicker(reverse_lazy("people:options")),
        error_messages={"invalid_choice": _("没有找到这位居民，请先登记。")},
    )
    house = choices.HouseField(label=_("候补机构"))
    kind = forms.ChoiceField(label=_("类别"))
    schedule = choices.one_of(_("指定排班"), empty=_("不指定"))
    department = choices.one_of(_("科室"), empty=_("不限"))
    channel = forms.ChoiceField(label=_("预约渠道"), widget=SegmentedChoice)
    priority = forms.TypedChoiceField(
        label=_("优先级"),
        choices=Priority,
        coerce=int,
        initial=Priority.ROUTINE,
        widget=SegmentedChoice,
    )
    since = forms.DateField(label=_("期望日期起"), widget=DateInput)
    until = forms.DateField(label=_("期望日期止"), required=False, widget=DateInput)
    note = forms.CharField(label=_("备注"), required=False, max_length=200)

    def __init__(self, actor: Actor, house_id: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        fields: Any = self.fields
        fields["person"].queryset = Person.objects.visible_to(actor)
        fields["house"].of(actor)
        fields["kind"].choices = choices.kinds()
        fields["department"].queryset = choices.departments(actor, house_id)
        fields["schedule"].queryset = (
            Schedule.objects.visible_to(actor)
            .filter(organisation=house_id)
            .standing(today)
            .in_order()
        )
        fields["channel"].choices = choices.channels(actor, house_id)
        fields["channel"].initial = choices.usual_channel(actor, house_id)
        fields["since"].initial = today
