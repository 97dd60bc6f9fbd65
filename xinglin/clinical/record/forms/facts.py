"""One sheet for each kind of fact, and a laboratory's results."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record import catalogue, rules
from xinglin.clinical.record.forms.sheet import FactForm, coded, own_name, searched, this_minute
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    FamilyHistory,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import DateInput, DateTimeInput, Form, NumberInput, SegmentedChoice

_said = lazy(rules.said_unit, str)


class DiagnosisForm(FactForm):
    """A diagnosis, found in ICD-10."""

    lists = {"on_admission": "on-admission"}
    today = ("diagnosed_on",)
    code = searched("icd10", _("诊断（ICD-10）"))
    name = own_name(_("诊断名称"))

    class Meta:
        model = Diagnosis
        fields = ["code", "name", "main", "on_admission", "diagnosed_on"]
        widgets = {"diagnosed_on": DateInput}
        help_texts = {"on_admission": _("住院诊断填写")}


class ProblemForm(FactForm):
    """A problem of the list: since when, and whether it goes on."""

    today = ("noted_on",)
    code = searched("icd10", _("健康问题（ICD-10）"))
    name = own_name(_("问题名称"))
    status = forms.ChoiceField(label=_("状态"), choices=Problem.Status, widget=SegmentedChoice)

    class Meta:
        model = Problem
        fields = ["code", "name", "status", "onset_on", "abated_on", "note", "noted_on"]
        widgets = {"onset_on": DateInput, "abated_on": DateInput, "noted_on": DateInput}


class ProcedureForm(FactForm):
    """An operation or treatment, found in ICD-9-CM-3."""

    lists = {
        "grade": "operation-grade",
        "anaesthesia": "anaesthesia",
        "healing": "wound-healing",
    }
    now = ("performed_at",)
    code = searched("icd9cm3", _("手术操作（ICD-9-CM-3）"))
    name = own_name(_("手术操作名称"))

    class Meta:
        model = Procedure
        fields = [
            "code",
            "name",
            "main",
            "performed_at",
            "ended_at",
            "operator",
            "grade",
            "anaesthesia",
            "healing",
            "site",
            "note",
        ]
        widgets = {
            "performed_at": DateTimeInput,
            "ended_at": DateTimeInput,
            "note": forms.Textarea(attrs={"rows": 3}),
        }


class ImmunizationForm(FactForm):
    """A vaccine given."""

    lists = {"site": "injection-site", "route": "vaccination-route"}
    today = ("given_on",)
    code = searched("vaccine", _("疫苗"), help_text=_("按名称、拼音首字母或缩写查找"))

    class Meta:
        model = Immunization
        fields = [
            "code",
            "dose_number",
            "given_on",
            "lot",
            "expires_on",
            "site",
            "route",
            "trade_name",
            "manufacturer",
            "reaction",
            "next_due_on",
        ]
        widgets = {
            "given_on": DateInput,
            "expires_on": DateInput,
            "next_due_on": DateInput,
            "dose_number": NumberInput,
        }


class FamilyHistoryForm(FactForm):
    """An illness of a relative."""

    lists = {"relation": "family-relation", "code": "past-disease"}
    today = ("noted_on",)

    class Meta:
        model = FamilyHistory
        fields = ["relation", "code", "onset_age", "died_of_it", "note", "noted_on"]
        labels = {"code": _("疾病")}
        widgets = {"noted_on": DateInput, "onset_age": NumberInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        relation: Any = self.fields["relation"]
        relation.choices = [c for c in relation.choices if c[0] not in ("01", "02")]
        disease: Any = self.fields["code"]
        disease.choices = [c for c in disease.choices if c[0] != "none"]
        for name in ("relation", "code"):
            self.fields[name].required = True


class AllergyForm(FactForm):
    """What the person must not be given."""

    lists = {"code": "allergen-kind"}
    today = ("noted_on",)

    class Meta:
        model = Allergy
        fields = ["substance", "code", "reaction", "severe", "noted_on"]
        labels = {"code": _("过敏原类别")}
        widgets = {"noted_on": DateInput}


class MedicationForm(FactForm):
    """A medicine: what, how much, how often, from when to when."""

    lists = {"frequency_code": "frequency", "route_code": "route"}
    today = ("started_on",)
    intent = forms.ChoiceField(
        label=_("依据"),
        choices=Medication.Intent,
        widget=SegmentedChoice,
        initial=Medication.Intent.ORDER,
    )
    taken = forms.TypedChoiceField(
        label=_("实际服用"),
        required=False,
        choices=[("", _("未询问")), ("yes", _("在服用")), ("no", _("没有服用"))],
        coerce={"yes": True, "no": False}.get,
        empty_value=None,
    )

    class Meta:
        model = Medication
        fields = [
            "intent",
            "name",
            "form",
            "dose_value",
            "dose_unit",
            "frequency_code",
            "route_code",
            "days",
            "started_on",
            "ended_on",
            "indication",
            "prescriber",
            "taken",
        ]
        labels = {
            "dose_value": _("每次剂量"),
            "frequency_code": _("频次"),
            "route_code": _("用法"),
        }
        help_texts = {"dose_unit": _("如 mg、片、支")}
        widgets = {
            "started_on": DateInput,
            "ended_on": DateInput,
            "dose_value": NumberInput(attrs={"step": "any"}),
            "days": NumberInput,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = self.initial.get("taken")
        self.initial["taken"] = "" if taken is None else "yes" if taken else "no"


class ResultForm(FactForm):
    """One value, corrected."""

    class Meta:
        model = Observation
        fields = ["value", "text", "unit", "measured_at"]
        widgets = {"measured_at": DateTimeInput, "value": NumberInput(attrs={"step": "any"})}


class PanelForm(Form):
    """All results of one sheet of the laboratory; those not measured stay empty."""

    # Each sheet has its own.
    units: Mapping[str, Any]

    def __init__(self, panel: str, who: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = catalogue.panel(panel)
        self.units = {item.code: _said(item.unit) for item in self.items if item.unit != "1"}
        for item in self.items:
            self.fields[item.code] = _result_field(item, who)
        self.fields["specimen"] = forms.ChoiceField(
            label=_("标本"),
            required=False,
            choices=coded("specimen"),
            initial=self.items[0].specimen if self.items else "",
        )
        self.fields["measured_at"] = forms.DateTimeField(
            label=_("采样时间"), widget=DateTimeInput, initial=this_minute
        )

    def results(self) -> dict[str, Decimal | str]:
        """What was measured, by code."""
        told = ((item.code, self.cleaned_data.get(item.code)) for item in self.items)
        return {code: value for code, value in told if value not in (None, "")}


def _result_field(item: catalogue.Item, who: Person) -> forms.Field:
    if item.texts:
        return forms.ChoiceField(
            label=item.label,
            required=False,
            choices=[("", "—"), *((text, text) for text in item.texts)],
        )
    usual = item.usual(who.sex, who.age_years(timezone.localdate()))
    said = rules.said_range(usual.low, usual.high) if usual else ""
    return forms.DecimalField(
        label=item.label,
        required=False,
        max_digits=12,
        decimal_places=4,
        help_text=gettext("参考 %(range)s") % {"range": said} if said else "",
        widget=NumberInput(attrs={"step": "any"}),
    )


class Correcting:
    """Laid over a sheet when a fact is corrected: why it was wrong."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["void_reason"] = forms.ChoiceField(
            label=_("更正原因"), choices=coded("void-reason"), initial="wrong-content"
        )
        self.fields["void_note"] = forms.CharField(label=_("说明"), required=False, max_length=150)

    def told(self) -> tuple[str, dict[str, Any]]:
        """The reason in the record's words, and the fields as they should be."""
        facts = dict(self.cleaned_data)
        reason = terminology.require("void-reason", facts.pop("void_reason")).zh
        note = facts.pop("void_note").strip()
        return "：".join(filter(None, (reason, note))), facts
