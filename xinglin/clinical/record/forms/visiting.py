"""What a person writes into the record."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record import rules
from xinglin.clinical.record.forms.sheet import FactForm, coded, this_minute
from xinglin.clinical.record.lines import Asked
from xinglin.clinical.record.models import KINDS, Document, Encounter
from xinglin.kernel.records import YEARS
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import (
    DateInput,
    DateTimeInput,
    FileInput,
    Form,
    NumberInput,
    SegmentedChoice,
)


def _proof(**more: Any) -> forms.CharField:
    return forms.CharField(
        label=_("授权码或身份证号"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
        **more,
    )


class ProofForm(Form):
    """What the resident shows: six digits, or the card in hand."""

    proof = _proof()


class StartForm(FactForm):
    """The beginning of a visit or a stay."""

    proof = _proof(
        required=False, help_text=_("居民手机上的 6 位授权码，或证件上的完整号码（可刷卡录入）")
    )
    kind = forms.ChoiceField(
        label=_("就诊类型"), choices=Encounter.Kind, widget=SegmentedChoice, initial="outpatient"
    )
    started_at = forms.DateTimeField(label=_("就诊时间"), widget=DateTimeInput, initial=this_minute)

    class Meta:
        model = Encounter
        fields = ["kind", "started_at", "department", "visit_no", "complaint"]

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["proof"]


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
    """What the timeline is narrowed by; what makes no sense narrows nothing."""

    kind = forms.ChoiceField(required=False, choices=[("", ""), *((kind, "") for kind in KINDS)])
    house = forms.UUIDField(required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    voided = forms.BooleanField(required=False)
    # Where the last page ended: the moment and the id of its last row.
    before = forms.RegexField(r"[0-9T:.+-]{19,40}_[0-9a-f-]{36}", required=False)

    def asked(self) -> Asked:
        """What was asked for, as the query takes it."""
        self.is_valid()
        told = self.cleaned_data
        until = told.get("until")
        before = None
        if told.get("before"):
            at, _cut, last = told["before"].partition("_")
            with contextlib.suppress(ValueError):
                moment = datetime.fromisoformat(at)
                before = (moment, UUID(last)) if moment.tzinfo else None
        return Asked(
            kinds=(told["kind"],) if told.get("kind") else (),
            house=told.get("house"),
            since=_midnight(told.get("since")),
            until=_midnight(until + timedelta(days=1)) if until and until < date.max else None,
            voided=told.get("voided", False),
            before=before,
        )


def _midnight(day: date | None) -> datetime | None:
    """The beginning of a day here; None of a day outside of what a database can hold."""
    if day is None or day.year not in YEARS:
        return None
    return timezone.make_aware(datetime.combine(day, time.min))


class TakenForm(Form):
    """What somebody says of one medicine; a medicine of which nothing is said is left out."""

    name = forms.CharField(label=_("药品"), required=False, max_length=200)
    taken = forms.ChoiceField(
        label=_("实际服用"),
        required=False,
        choices=[("", ""), ("yes", _("在服用")), ("no", _("未服用"))],
    )
    dose = forms.CharField(label=_("每次剂量"), required=False, max_length=50)
    frequency = forms.CharField(label=_("频次"), required=False, max_length=50)
