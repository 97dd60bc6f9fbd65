"""What a person types about houses and departments."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor
from xinglin.registry.organisations import catalogue
from xinglin.registry.organisations.models import Capability, Department, Level, Organisation
from xinglin.ui.forms import CodeInput, DateInput, Form, ModelForm, NumberInput, SegmentedChoice

PARENTS = "?levels=region,consortium,county,township"


class FilterForm(Form):
    """What the list is narrowed by."""

    q = forms.CharField(label=_("名称、拼音或代码"), required=False, widget=forms.SearchInput)
    # Chosen by the tabs; kept while the rest is typed.
    level = forms.ChoiceField(
        required=False, choices=[("", _("全部")), *Level.choices], widget=forms.HiddenInput
    )
    closed = forms.BooleanField(label=_("含已停办"), required=False)


class ChangeForm(ModelForm):
    """What is known of a house; its place in the tree stays."""

    services = forms.CharField(
        label=_("服务范围"),
        required=False,
        help_text=_("每行一项"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    # Longer than the code itself: spaces and full-width letters are put right by the action.
    credit_code = forms.CharField(label=_("统一社会信用代码"), required=False, max_length=40)

    sections = (
        (
            _("机构"),
            ("parent", "level", "name", "short_name", "code", "org_class", "leads", "outside"),
        ),
        (_("编码"), ("credit_code", "insurance_code", "area_code")),
        (_("联系与服务"), ("phone", "address", "latitude", "longitude", "services")),
    )

    units = {"latitude": _("度"), "longitude": _("度")}

    class Meta:
        model = Organisation
        fields = [
            "name",
            "short_name",
            "code",
            "org_class",
            "leads",
            "outside",
            "credit_code",
            "insurance_code",
            "area_code",
            "phone",
            "address",
            "latitude",
            "longitude",
            "services",
        ]

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["org_class"] = forms.ChoiceField(
            label=_("机构类别（WS 218）"), choices=catalogue.class_choices, required=False
        )
        self.initial["services"] = "\n".join(self.instance.services)

    def clean_services(self) -> list[str]:
        lines = re.split(r"[\n、，,；;]", self.cleaned_data["services"])
        return [line.strip() for line in lines if line.strip()]

    def _post_clean(self) -> None:
        """Whether the facts hold is for the action to say."""


class EstablishForm(ChangeForm):
    """A new house and its place."""

    parent = forms.ModelChoiceField(
        label=_("上级机构"),
        queryset=Organisation.objects.none(),
        widget=CodeInput("", show_code=False),
        error_messages={"invalid_choice": _("请从列表中选择上级机构。")},
    )
    level = forms.ChoiceField(
        label=_("层级"), choices=[(k, v) for k, v in Level.choices if k != Level.REGION]
    )

    class Meta(ChangeForm.Meta):
        pass

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, *args, **kwargs)
        parent: Any = self.fields["parent"]
        parent.queryset = Organisation.objects.visible_to(actor).standing()
        parent.widget.url = f"{reverse_lazy('organisations:options')}{PARENTS}"


class CloseForm(Form):
    """The last day of a house."""

    on = forms.DateField(label=_("停办日期"), widget=DateInput, initial=timezone.localdate)


class TravelForm(Form):
    """How long the way to another house takes."""

    to_org = forms.ModelChoiceField(
        label=_("到达机构"),
        queryset=Organisation.objects.none(),
        widget=CodeInput("", show_code=False),
        error_messages={"invalid_choice": _("请从列表中选择机构。")},
    )
    minutes = forms.IntegerField(label=_("路程"), min_value=1, max_value=1440, widget=NumberInput)
    note = forms.CharField(
        label=_("备注"), max_length=200, required=False, help_text=_("如：走省道，雨季绕行。")
    )
    units = {"minutes": _("分钟")}

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["to_org"]
        house.queryset = Organisation.objects.visible_to(actor).giving_care()
        house.widget.url = reverse_lazy("organisations:options")


class DepartmentForm(ModelForm):
    """A department as people name it."""

    class Meta:
        model = Department
        fields = ["name", "code", "takes_referrals"]

    def _post_clean(self) -> None:
        """Whether the facts hold is for the action to say."""


class CapabilityForm(Form):
    """What a house has more or less than the houses of its level."""

    held = forms.TypedChoiceField(
        label=_("具备"),
        choices=[("yes", _("具备")), ("no", _("不具备"))],
        coerce=lambda told: told == "yes",
        widget=SegmentedChoice,
        initial="yes",
    )
    ability = forms.ChoiceField(label=_("科室、技术或设备"), required=False)
    disease = forms.CharField(
        label=_("或病种（ICD-10）"),
        required=False,
        max_length=30,
        widget=CodeInput(
            reverse_lazy("terminology:search", args=["icd10"]),
            attrs={"data-name-into": "id_name"},
        ),
    )
    name = forms.CharField(label=_("病种名称"), required=False, max_length=100)
    since = forms.DateField(label=_("自"), widget=DateInput, initial=timezone.localdate)
    basis = forms.CharField(
        label=_("依据"),
        required=False,
        max_length=200,
        help_text=_("批准文号、设备验收、病种备案等"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["ability"]
        field.choices = ability_choices()

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        if bool(told.get("ability")) == bool(told.get("disease")):
            raise forms.ValidationError(_("请选择一项能力，或填写一个病种。"))
        return told

    def facts(self) -> dict[str, Any]:
        """What was told, as the record keeps it."""
        told = self.cleaned_data
        ability = catalogue.abilities().get(told["ability"])
        return {
            "kind": ability.kind if ability else Capability.Kind.DISEASE,
            "code": told["ability"] or told["disease"],
            "name": "" if ability else told["name"],
            "held": told["held"],
            "since": told["since"],
            "basis": told["basis"],
        }


def ability_choices() -> list[tuple[Any, Any]]:
    """Departments, techniques and equipment, each under its kind."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in catalogue.abilities().values():
        groups.setdefault(each.kind, []).append((each.code, each.label))
    kinds = {kind.value: kind.label for kind in Capability.Kind}
    return [("", "—"), *((kinds[kind], rows) for kind, rows in groups.items() if kind in kinds)]


class EndCapabilityForm(Form):
    """The last day of a capability."""

    on = forms.DateField(label=_("终止日期"), widget=DateInput, initial=timezone.localdate)
