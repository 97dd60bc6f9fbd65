"""What a person types about advice and at the desk: validation only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.rules import said_unit
from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.models import Decision, Outcome
from xinglin.clinical.triage.statistics import period
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.registry.people.models import Person
from xinglin.ui.forms import (
    CodeInput,
    DateInput,
    Form,
    NumberInput,
    PersonPicker,
    SegmentedChoice,
    TickedChoices,
)


class OverruleForm(Form):
    """What the doctor does instead, and why."""

    chosen = forms.ChoiceField(label=_("实际处理"), widget=SegmentedChoice)
    reason_code = forms.ChoiceField(label=_("原因"))
    note = forms.CharField(label=_("说明"), required=False, max_length=200)

    def __init__(self, outcome: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["chosen"]
        chosen.choices = [
            (value, label)
            for value, label in Outcome.choices
            if value not in (outcome, Outcome.MEASURE)
        ]
        reason: Any = self.fields["reason_code"]
        reason.choices = [
            ("", _("请选择")),
            *((each.code, each.label) for each in catalogue.reasons().values()),
        ]


class _Numbers(Form):
    """Numbers of the catalogue as fields with their units."""

    def add_numbers(self, codes: list[str]) -> None:
        known = catalogue.numbers()
        for code in codes:
            self.fields[code] = forms.DecimalField(
                label=known[code].label,
                required=False,
                max_digits=8,
                decimal_places=2,
                widget=NumberInput(attrs={"step": "any"}),
            )

    def numbers(self, codes: list[str]) -> dict[str, float]:
        """The numbers that were told and can be read."""
        told = self.cleaned_data
        return {code: float(told[code]) for code in codes if told.get(code) is not None}


def desk_numbers() -> list[str]:
    """What is measured at the desk."""
    return [fact.code for fact in catalogue.numbers().values() if fact.desk]


def _units() -> dict[str, Any]:
    return {
        fact.code: lazy(said_unit, str)(fact.unit)
        for fact in catalogue.numbers().values()
        if fact.unit
    }


def desk_signs() -> list[tuple[str, str]]:
    return [(sign.code, sign.label) for sign in catalogue.signs().values() if sign.desk]


class DeskForm(_Numbers):
    """A patient at the desk: who, what is seen, what is measured."""

    person = forms.ModelChoiceField(
        label=_("居民"),
        required=False,
        queryset=Person.objects.none(),
        widget=PersonPicker(reverse_lazy("people:options")),
        error_messages={"invalid_choice": _("没有找到这位居民，请先登记。")},
    )
    called = forms.CharField(
        label=_("称呼（身份不明时）"),
        required=False,
        max_length=50,
        help_text=_("如：无名氏，男，约六十岁"),
    )
    complaint = forms.CharField(label=_("主诉"), required=False, max_length=200)
    age = forms.DecimalField(
        label=_("年龄（未选居民时）"),
        required=False,
        max_digits=5,
        decimal_places=2,
        widget=NumberInput(attrs={"step": "any"}),
    )
    sign = forms.MultipleChoiceField(label=_("征象"), required=False, widget=TickedChoices)
    raise_to = forms.ChoiceField(label=_("人工提级"), required=False)

    def __init__(self, people: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.queryset = people
        self.units = _units()
        sign: Any = self.fields["sign"]
        sign.choices = desk_signs()
        raising: Any = self.fields["raise_to"]
        raising.choices = [
            ("", _("按规则")),
            *((each.code, each.label) for each in catalogue.desk().levels.values()),
        ]
        self.add_numbers(desk_numbers())
        order = ["person", "called", "age", "complaint", *desk_numbers(), "sign", "raise_to"]
        self.order_fields(order)


class TryForm(_Numbers):
    """A made-up case, to see what the rules would say of it."""

    level = forms.ChoiceField(
        label=_("机构层级"),
        choices=[(level, Level(level).label) for level in ("village", "township", "county")],
        widget=SegmentedChoice,
        initial="township",
    )
    house = forms.ModelChoiceField(
        label=_("或某一机构"),
        required=False,
        queryset=Organisation.objects.none(),
        widget=CodeInput(reverse_lazy("organisations:options"), show_code=False),
        error_messages={"invalid_choice": _("没有这家机构，请从列表中选择。")},
    )
    code = forms.CharField(
        label=_("诊断（ICD-10）"),
        required=False,
        max_length=30,
        widget=CodeInput(reverse_lazy("terminology:search", args=["icd10"])),
    )
    complaint = forms.CharField(label=_("主诉"), required=False, max_length=200)
    sex = forms.ChoiceField(
        label=_("性别"),
        required=False,
        choices=[("", "—"), ("male", _("男")), ("female", _("女"))],
    )
    sign = forms.MultipleChoiceField(label=_("征象"), required=False, widget=TickedChoices)

    def __init__(self, houses: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["house"]
        house.queryset = houses
        self.units = _units()
        sign: Any = self.fields["sign"]
        sign.choices = [(each.code, each.label) for each in catalogue.signs().values()]
        self.add_numbers(self.codes())
        self.order_fields(["level", "house", "code", "complaint", "sex", *self.codes(), "sign"])

    @staticmethod
    def codes() -> list[str]:
        """Every number but the one that follows from another."""
        return [code for code in catalogue.numbers() if code != "age_days"]


class RulesFilter(Form):
    """What the rules are narrowed by."""

    q = forms.CharField(label=_("病种、症状或规则"), required=False, max_length=50)
    group = forms.ChoiceField(label=_("类别"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group: Any = self.fields["group"]
        group.choices = [
            ("", _("全部")),
            *((each.code, each.label) for each in catalogue.groups().values()),
        ]


class PeriodForm(Form):
    """The days that are counted."""

    since = forms.DateField(label=_("起"), required=False, widget=DateInput)
    until = forms.DateField(label=_("止"), required=False, widget=DateInput)

    def days(self) -> tuple[Any, Any]:
        """First and last day; the last ninety where nothing sensible was asked."""
        told = self.cleaned_data if self.is_valid() else {}
        return period(told.get("since"), told.get("until"))


class AssessmentFilter(PeriodForm):
    """What a list of assessments is narrowed by; what makes no sense narrows nothing."""

    decision = forms.ChoiceField(
        label=_("决定"), required=False, choices=[("", _("全部")), *Decision.choices]
    )
    outcome = forms.ChoiceField(
        label=_("建议"), required=False, choices=[("", _("全部")), *Outcome.choices]
    )
    house = forms.UUIDField(required=False, widget=forms.HiddenInput)
    rule = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    doctor = forms.CharField(required=False, max_length=50, widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)

    def asked(self) -> dict[str, Any]:
        """What was asked for, as far as it could be read."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
