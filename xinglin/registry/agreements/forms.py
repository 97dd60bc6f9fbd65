"""What a person types about agreements: validation only."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.forms import formset_factory
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor
from xinglin.registry.agreements import actions
from xinglin.registry.agreements.models import Agreement, Kind, Party
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.ui.forms import CodeInput, DateInput, FileInput, Form, ModelForm, NumberInput

LEVELS = ",".join(level for level in Level.values if level != Level.REGION)
MOST_PARTIES = 20


class Lines(forms.CharField):
    """A short list, one item a line."""

    def __init__(self, *, rows: int = 2, **options: Any) -> None:
        super().__init__(
            required=False, widget=forms.Textarea({"rows": rows}), max_length=4000, **options
        )

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        told = super().to_python(value) or ""
        return [line.strip() for line in re.split(r"[\n；;]", told) if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class AgreementForm(ModelForm):
    """The terms, in the order in which an agreement is written."""

    departments = Lines(label=_("适用科室"), help_text=_("每行一个；不填即不限科室。"))
    diagnoses = Lines(
        label=_("适用病种"), help_text=_("ICD-10 编码或其前几位，每行一个，如 I20；不填即不限。")
    )
    services = Lines(label=_("服务项目"), help_text=_("每行一项，如：远程心电诊断。"))
    first_duties = Lines(label=_("甲方职责"), rows=3, help_text=_("每行一条。"))
    second_duties = Lines(label=_("乙方职责"), rows=3, help_text=_("每行一条。"))

    sections: ClassVar[Any] = (
        (_("协议"), ("kind", "number", "title", "valid_from", "valid_until")),
        (_("范围"), ("departments", "diagnoses", "services")),
        (_("额度"), ("quota", "quota_by")),
        (
            _("职责"),
            (
                "answer_hours",
                "reserved_percent",
                "visits_per_month",
                "first_duties",
                "second_duties",
            ),
        ),
    )
    units = {
        "answer_hours": _("小时内"),
        "reserved_percent": "%",
        "visits_per_month": _("次／月"),
        "quota": _("例"),
    }

    class Meta:
        model = Agreement
        fields = actions.WRITABLE
        widgets: ClassVar[dict[str, Any]] = {
            "valid_from": DateInput,
            "valid_until": DateInput,
            "quota": NumberInput,
            "answer_hours": NumberInput,
            "reserved_percent": NumberInput,
            "visits_per_month": NumberInput,
        }
        help_texts: ClassVar[dict[str, Any]] = {"quota": _("不填即不限。")}

    def _post_clean(self) -> None:
        """Facts go to the action as they are; the action, not the form, judges them."""


class PartyForm(Form):
    """One party; a row left empty is none."""

    organisation = forms.ModelChoiceField(
        label=_("机构"),
        queryset=Organisation.objects.none(),
        widget=CodeInput("", show_code=False),
        error_messages={"invalid_choice": _("没有这家机构，请从列表中选择。")},
    )
    side = forms.ChoiceField(label=_("身份"), choices=Party.Side.choices)
    extent = forms.ChoiceField(label=_("覆盖范围"), choices=Party.Extent.choices)
    role = forms.ChoiceField(label=_("双方角色"), choices=Party.Role.choices)
    signer = forms.CharField(label=_("签署代表"), max_length=50, required=False)
    contact = forms.CharField(label=_("联系人"), max_length=50, required=False)
    phone = forms.CharField(label=_("联系电话"), max_length=20, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["organisation"]
        house.queryset = Organisation.objects.visible_to(actor).standing()
        house.widget.url = f"{reverse_lazy('organisations:options')}?levels={LEVELS}"

    def has_changed(self) -> bool:
        """Choices always say something; a row is one once a house or a name is in it."""
        names = ("organisation", "signer", "contact", "phone")
        return any(self.data.get(self.add_prefix(name), "").strip() for name in names)


PartyForms = formset_factory(PartyForm, extra=0, max_num=MOST_PARTIES, validate_max=True)


def party_forms(actor: Actor, *, data: Any = None, known: Any = ()) -> Any:
    """The rows of the parties: those known, and as many empty ones as invite to fill them in."""
    rows = [
        {
            name: getattr(party, "organisation_id" if name == "organisation" else name)
            for name in PartyForm.base_fields
        }
        for party in known
    ]
    while len(rows) < 2:
        rows.append({"side": str(len(rows) + 1)})
    found = PartyForms(
        data,
        prefix="parties",
        initial=None if data is not None else rows,
        form_kwargs={"actor": actor},
    )
    if data is not None:
        for form in found.forms:
            form.empty_permitted = True
    return found


def told_parties(found: Any) -> list[Party]:
    """The parties of rows that are valid."""
    return [Party(**form.cleaned_data) for form in found.forms if form.cleaned_data]


class SignForm(Form):
    signed_on = forms.DateField(label=_("签订日期"), widget=DateInput)


class ReasonForm(Form):
    reason = forms.CharField(label=_("原因"), max_length=200, widget=forms.Textarea({"rows": 2}))


class NothingForm(Form):
    """An act that needs no words."""


ACT_FORMS: dict[str, type[Form]] = {
    "sign": SignForm,
    "suspend": ReasonForm,
    "resume": NothingForm,
    "end": ReasonForm,
}


def act_form(act: str, data: Any = None) -> Form:
    """The form of one act."""
    known = {"signed_on": timezone.localdate()} if act == "sign" else {}
    return ACT_FORMS[act](data, prefix=act, initial=known)


class PaperForm(Form):
    title = forms.CharField(label=_("标题"), max_length=200, required=False)
    file = forms.FileField(
        label=_("文件"),
        widget=FileInput,
        help_text=_("双方签字盖章的协议，PDF、PNG 或 JPEG，可用手机拍照。"),
        allow_empty_file=True,
    )


class FilterForm(Form):
    """What the list is narrowed by."""

    q = forms.CharField(label=_("名称或编号"), required=False, widget=forms.SearchInput)
    kind = forms.ChoiceField(
        label=_("类别"), required=False, choices=[("", _("全部")), *Kind.choices]
    )
    tab = forms.CharField(required=False, widget=forms.HiddenInput)
    house = forms.UUIDField(required=False, widget=forms.HiddenInput)
