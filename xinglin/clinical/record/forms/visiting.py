"""What a person writes into the record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record import rules
from xinglin.clinical.record.forms.base import FactForm, coded, this_minute
from xinglin.clinical.record.models import KINDS, Document, Encounter
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import (
    DateInput,
    DateTimeInput,
    FileInput,
    Form,
    NumberInput,
    SegmentedChoice,
)


class StartForm(FactForm):
    """The beginning of a visit or a stay."""

    kind = forms.ChoiceField(
        label=_("就诊类型"), choices=Encounter.Kind, widget=SegmentedChoice, initial="outpatient"
    )
    started_at = forms.DateTimeField(label=_("就诊时间"), widget=DateTimeInput, initial=this_minute)

    class Meta:
        model = Encounter
        fields = ["kind", "started_at", "department", "visit_no", "complaint"]


class DescribeForm(FactForm):
    """What the patient says, what was found, what was done."""

    class Meta:
        model = Encounter
        fields = ["complaint", "history", "treatment"]
        widgets = {
            "history": forms.Textarea(attrs={"rows": 4}),
            "treatment": forms.Textarea(attrs={"rows": 4}),
        }


class EndForm(Form):
    """How the visit or the stay ended."""

    ended_at = forms.DateTimeField(label=_("结束时间"), widget=DateTimeInput, initial=this_minute)
    discharge_way = forms.ChoiceField(
        label=_("离院方式"), required=False, help_text=_("住院须填写")
    )
    outcome = forms.ChoiceField(label=_("病情转归"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, system in (("discharge_way", "discharge-way"), ("outcome", "outcome")):
            field: Any = self.fields[name]
            field.choices = coded(system)


class VitalsForm(Form):
    """All vital signs on one sheet; those not taken stay empty."""

    units = {sign.field: lazy(rules.said_unit, str)(sign.unit) for sign in rules.VITAL_SIGNS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for sign in rules.VITAL_SIGNS:
            self.fields[sign.field] = forms.DecimalField(
                label=sign.label,
                required=False,
                max_digits=8,
                decimal_places=2,
                widget=NumberInput(attrs={"step": "any"}),
            )
        self.fields["measured_at"] = forms.DateTimeField(
            label=_("测量时间"), widget=DateTimeInput, initial=this_minute
        )

    def values(self) -> dict[str, Decimal]:
        """The signs that were taken."""
        return {
            sign.field: self.cleaned_data[sign.field]
            for sign in rules.VITAL_SIGNS
            if self.cleaned_data.get(sign.field) is not None
        }


class StopForm(Form):
    """The last day of a medicine."""

    on = forms.DateField(label=_("停用日期"), widget=DateInput, initial=timezone.localdate)
    reason = forms.CharField(label=_("停用原因"), required=False, max_length=200)


class DocumentForm(FactForm):
    """A file from the machine, or a photograph taken on the spot."""

    # The action says what is wrong with an empty file, as with one too large or of another type.
    file = forms.FileField(
        label=_("文件"),
        allow_empty_file=True,
        max_length=200,
        help_text=_("PDF、PNG 或 JPEG"),
        widget=FileInput(attrs={"accept": "application/pdf,image/png,image/jpeg"}),
    )
    title = forms.CharField(
        label=_("标题"), required=False, max_length=200, help_text=_("不填时用文件名")
    )

    class Meta:
        model = Document
        fields = ["kind", "title", "file"]


class SummaryForm(Form):
    """The words of a discharge summary; diagnoses, medicines and results come from the record."""

    admission = forms.CharField(
        label=_("入院情况"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    course = forms.CharField(
        label=_("诊疗经过"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    condition = forms.CharField(
        label=_("出院情况"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    advice = forms.CharField(
        label=_("出院医嘱"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class FrontPageForm(Form):
    """What the front page of a stay says that the record does not know."""

    route = forms.ChoiceField(label=_("入院途径"), required=False)
    attending = forms.CharField(label=_("主治医师"), required=False, max_length=50)
    resident = forms.CharField(label=_("住院医师"), required=False, max_length=50)
    nurse = forms.CharField(label=_("责任护士"), required=False, max_length=50)
    coder = forms.CharField(label=_("编码员"), required=False, max_length=50)
    quality = forms.ChoiceField(label=_("病案质量"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, system in (("route", "admission-route"), ("quality", "record-quality")):
            field: Any = self.fields[name]
            field.choices = coded(system)


class VoidForm(Form):
    """Why a fact is struck out: from the list, with words where the list is short."""

    reason = forms.ChoiceField(label=_("作废原因"))
    note = forms.CharField(label=_("说明"), required=False, max_length=150)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["reason"]
        field.choices = coded("void-reason")

    def words(self) -> str:
        """The reason as the record keeps it."""
        label = terminology.require("void-reason", self.cleaned_data["reason"]).zh
        return "：".join(filter(None, (label, self.cleaned_data["note"].strip())))


class TimelineForm(Form):
    """What the timeline is narrowed by."""

    kind = forms.ChoiceField(
        label=_("类别"),
        required=False,
        choices=[
            ("", _("全部")),
            *((kind, model._meta.verbose_name) for kind, model in KINDS.items()),
        ],
    )
    house = forms.ModelChoiceField(
        label=_("机构"),
        required=False,
        queryset=Organisation.objects.none(),
        empty_label=_("全部"),
    )
    voided = forms.BooleanField(label=_("含已作废"), required=False)

    def __init__(self, houses: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["house"]
        house.queryset = houses
