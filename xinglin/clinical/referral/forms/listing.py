"""The filter bars of the list and the register, and the days that the statistics count."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.referral.models import Direction, State, Urgency
from xinglin.ui.forms import DateInput, Form


class FilterForm(Form):
    """The filter bar of the list."""

    q = forms.CharField(
        label=_("单号或患者"), required=False, widget=forms.TextInput({"type": "search"})
    )
    state = forms.ChoiceField(label=_("状态"), required=False)
    direction = forms.ChoiceField(label=_("方向"), required=False)
    urgency = forms.ChoiceField(label=_("紧急程度"), required=False)
    since = forms.DateField(label=_("从"), required=False, widget=DateInput)
    until = forms.DateField(label=_("到"), required=False, widget=DateInput)
    tab = forms.CharField(required=False, widget=forms.HiddenInput)
    open = forms.CharField(required=False, widget=forms.HiddenInput)
    house = forms.UUIDField(required=False, widget=forms.HiddenInput)
    diagnosis = forms.CharField(required=False, widget=forms.HiddenInput)
    refusal = forms.CharField(required=False, widget=forms.HiddenInput)
    outside = forms.BooleanField(label=_("仅协议外"), required=False)
    # Whether the list looks past its tabs.
    everywhere: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", _("全部"))]
        for name, choices in (
            ("state", State.choices),
            ("direction", Direction.choices),
            ("urgency", Urgency.choices),
        ):
            field: Any = self.fields[name]
            field.choices = [*every, *choices]


class PeriodForm(Form):
    """The days that the statistics count."""

    since = forms.DateField(label=_("从"), required=False, widget=DateInput)
    until = forms.DateField(label=_("到"), required=False, widget=DateInput)


YES_OR_NO = [("", _("全部")), ("yes", _("是")), ("no", _("否"))]


class RegisterForm(FilterForm):
    """The filter bar of the register of those sent out of the county."""

    in_catalogue = forms.ChoiceField(label=_("县域目录内"), required=False, choices=YES_OR_NO)
    filed = forms.ChoiceField(label=_("已备案"), required=False, choices=YES_OR_NO)
    everywhere = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The register is of one direction.
        self.fields["direction"].widget = forms.HiddenInput()
