"""The cover of the health record and the personal form behind it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.forms.base import FactForm, coded
from xinglin.clinical.record.models import HealthCover
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import DateInput, Form

_LINE = re.compile(r"(?P<name>.*?)\s*(?P<on>\d{4}(?:[-/.年]\d{1,2}月?)?)?\s*")


class Lines(forms.CharField):
    """One thing a line, with its year and month after it: 阑尾切除术 2001-06."""

    def __init__(self, *, system: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("max_length", 1000)
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(**kwargs)
        self.system = system

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(
            " ".join(filter(None, (self._name(each), each.get("on", "")))) for each in value
        )

    def _name(self, each: dict[str, str]) -> str:
        found = terminology.find(self.system, each.get("code", "")) if self.system else None
        return each.get("name") or (found.label if found else "")

    def clean(self, value: Any) -> list[dict[str, str]]:
        text = super().clean(value)
        return [self._line(line.strip()) for line in text.splitlines() if line.strip()]

    def _line(self, line: str) -> dict[str, str]:
        found = _LINE.fullmatch(line)
        assert found is not None
        name, on = found["name"].strip(), found["on"] or ""
        on = re.sub(r"[/.年]", "-", on).rstrip("月")
        if "-" in on:
            year, month = on.split("-")
            on = f"{year}-{int(month):02d}"
        told = {"on": on} if on else {}
        if not self.system:
            return {"name": name, **told}
        for concept in terminology.code_list(self.system).concepts:
            if name in (concept.code, concept.zh, concept.en):
                return {"code": concept.code, **told}
        raise forms.ValidationError(
            gettext("不认识“%(name)s”，可填：%(known)s。")
            % {
                "name": name[:30],
                "known": gettext("、").join(
                    each.label for each in terminology.code_list(self.system).concepts
                ),
            }
        )


class CoverForm(FactForm):
    """The personal form, in the order in which people are asked."""

    lists = {
        "residence": "residence",
        "abo": "abo",
        "rh": "rh",
        "education": "education",
        "occupation": "occupation",
        "marriage": "marriage",
        "exhaust": "kitchen-exhaust",
        "fuel": "fuel",
        "water": "drinking-water",
        "toilet": "toilet",
        "livestock": "livestock",
    }
    many = {
        "payments": "payment-type",
        "drug_allergies": "drug-allergy",
        "exposures": "exposure",
        "disabilities": "disability",
    }
    today = ("established_on",)
    number = forms.CharField(
        label=_("健康档案编号"),
        required=False,
        max_length=40,
        help_text=_("17 位；不填时由系统编号"),
    )
    committee = forms.CharField(
        label=_("村（居）委会代码"),
        required=False,
        max_length=12,
        help_text=_("12 位：县 6 位、乡镇 3 位、村（居）3 位；由系统编号时填写"),
    )
    past_diseases = Lines(
        label=_("既往疾病"),
        system="past-disease",
        help_text=_("每行一种，后面可写确诊年月，如：高血压 2019-05；没有则填“无”"),
    )
    operations = Lines(label=_("手术史"), help_text=_("每行一次，如：阑尾切除术 2001-06"))
    injuries = Lines(label=_("外伤史"), help_text=_("每行一次，如：右前臂骨折 2010"))
    transfusions = Lines(label=_("输血史"), help_text=_("每行一次，如：产后出血 1992-03"))

    sections = (
        (_("档案"), ("number", "committee", "established_on", "doctor")),
        (
            _("基本情况"),
            (
                "residence",
                "registered_address",
                "workplace",
                "abo",
                "rh",
                "education",
                "occupation",
                "marriage",
                "payments",
            ),
        ),
        (
            _("健康史"),
            (
                "drug_allergies",
                "exposures",
                "past_diseases",
                "operations",
                "injuries",
                "transfusions",
                "genetic",
                "disabilities",
            ),
        ),
        (_("生活环境"), ("exhaust", "fuel", "water", "toilet", "livestock")),
    )

    class Meta:
        model = HealthCover
        fields = [
            "number",
            "established_on",
            "doctor",
            "residence",
            "registered_address",
            "workplace",
            "abo",
            "rh",
            "education",
            "occupation",
            "marriage",
            "payments",
            "drug_allergies",
            "exposures",
            "past_diseases",
            "operations",
            "injuries",
            "transfusions",
            "genetic",
            "disabilities",
            "exhaust",
            "fuel",
            "water",
            "toilet",
            "livestock",
        ]
        widgets = {"established_on": DateInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            # A record that exists has its number already.
            del self.fields["committee"]


class CloseForm(Form):
    """Why and when a health record ends."""

    on = forms.DateField(label=_("终止日期"), widget=DateInput)
    reason = forms.ChoiceField(label=_("终止原因"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason: Any = self.fields["reason"]
        reason.choices = coded("record-end")
