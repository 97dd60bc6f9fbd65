"""A care plan as it is written on any page and over REST: rows of a form, lines of a body.

Whoever writes a plan with a letter of its own (a down-referral) shows the same rows:

    sheet = Sheet.proposed(from_template(template, today))      # or Sheet(request.POST)
    sheet.is_valid(); sheet.items(); sheet.tell(refusal)

`{% include "careplans/sheet.html" %}` shows it. Buttons named `plan-add` (a kind) and `plan-use`
(take the template's rows) send the form and want it back, see `asks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.actions import FromTemplate
from xinglin.clinical.careplans.models import Kind, Performer, PlanItem, Timing
from xinglin.clinical.careplans.rules import limits_of
from xinglin.clinical.record import catalogue as measured
from xinglin.clinical.record.rules import PRESSURES, VITAL_SIGNS
from xinglin.kernel.errors import Refused
from xinglin.ui.api import Day, In
from xinglin.ui.forms import DateInput, Form, NumberInput, TickedChoices

# What a plan usually has measured, besides the vital signs; together where they are one sample.
LABORATORY = (
    ("14771-0",),
    ("4548-4",),
    ("22748-8",),
    ("6690-2", "777-3", "718-7"),
)
WRITTEN = tuple(kind for kind in Kind if kind is not Kind.FIND)
WHEN = ("timing", "starts_on", "ends_on", "every_days", "weekdays", "dates", "window_days")
# Which fields a row of each kind shows, in the order of the page.
SHOWN: dict[str, tuple[str, ...]] = {
    Kind.EXERCISE: ("title", "instruction", "performer", *WHEN),
    Kind.MEDICATION: ("title", "dose", "frequency", "instruction", "performer", *WHEN),
    Kind.MEASUREMENT: ("title", "measure", "low", "high", "instruction", "performer", *WHEN),
    Kind.HOME_VISIT: ("title", "instruction", "performer", *WHEN),
    Kind.WOUND_CARE: ("title", "instruction", "performer", *WHEN),
    Kind.EDUCATION: ("title", "instruction", "performer", *WHEN),
    Kind.RED_FLAG: ("title", "symptoms", "limit_of", "low", "high", "instruction", "starts_on"),
}


def _measures(also: str = "") -> list[tuple[str, Any]]:
    """What may be measured: the pressures together, each vital sign, the usual samples."""
    groups = [PRESSURES, *((s.loinc,) for s in VITAL_SIGNS if s.loinc not in PRESSURES)]
    groups += list(LABORATORY)
    codes = [",".join(group) for group in groups]
    if also and also not in codes:
        codes.append(also)
    return [("", _("请选择")), *((told, _named(told)) for told in codes)]


def _named(told: str) -> str:
    found = (measured.find(code) for code in told.split(","))
    return "、".join(item.label for item in found if item is not None) or told


def _singles(also: str = "") -> list[tuple[str, Any]]:
    codes = [sign.loinc for sign in VITAL_SIGNS] + [c for group in LABORATORY for c in group]
    if also and also not in codes:
        codes.append(also)
    return [("", _("不按数值")), *((code, _named(code)) for code in codes)]


class ItemForm(Form):
    """One row of a plan; its kind decides which fields it has."""

    kind = forms.ChoiceField(
        choices=[(str(kind), kind.label) for kind in WRITTEN], widget=forms.HiddenInput
    )
    # Limits beyond the one that the row shows.
    more = forms.CharField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label=_("项目"), max_length=100)
    dose = forms.CharField(label=_("每次剂量"), max_length=50, required=False)
    frequency = forms.CharField(label=_("频次"), max_length=50, required=False)
    measure = forms.ChoiceField(label=_("测什么"), required=False)
    symptoms = forms.MultipleChoiceField(
        label=_("出现即回送的症状"), required=False, widget=TickedChoices
    )
    limit_of = forms.ChoiceField(label=_("按数值回送"), required=False)
    low = forms.DecimalField(
        label=_("达到或低于即回送"), required=False, widget=NumberInput({"step": "any"})
    )
    high = forms.DecimalField(
        label=_("达到或高于即回送"), required=False, widget=NumberInput({"step": "any"})
    )
    instruction = forms.CharField(
        label=_("要求"), max_length=300, required=False, widget=forms.Textarea({"rows": 2})
    )
    performer = forms.ChoiceField(label=_("由谁完成"), choices=Performer, required=False)
    timing = forms.ChoiceField(label=_("时间"), choices=Timing, required=False)
    starts_on = forms.DateField(label=_("开始日期"), widget=DateInput)
    ends_on = forms.DateField(label=_("结束日期"), widget=DateInput, required=False)
    every_days = forms.IntegerField(
        label=_("间隔天数"), min_value=0, max_value=365, required=False, widget=NumberInput
    )
    weekdays = forms.MultipleChoiceField(label=_("星期"), required=False, widget=TickedChoices)
    dates = forms.CharField(
        label=_("指定日期"), required=False, help_text=_("如 2026-03-02，用空格分开。")
    )
    window_days = forms.IntegerField(
        label=_("可顺延天数"), min_value=0, max_value=60, required=False, widget=NumberInput
    )
    remove = forms.BooleanField(label=_("去掉这一项"), required=False)
    sections: ClassVar[Any] = ()

    def __init__(self, *args: Any, kind: str, also: tuple[str, str] = ("", ""), **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.row_kind = kind
        shown = {"kind", "more", "remove", *SHOWN.get(kind, SHOWN[Kind.EXERCISE])}
        for name in [name for name in self.fields if name not in shown]:
            del self.fields[name]
        for name, choices in (
            ("measure", _measures(also[0])),
            ("limit_of", _singles(also[1])),
            ("symptoms", [(r.code, r.label) for r in catalogue.reasons.of("symptom").values()]),
            ("weekdays", [(str(day + 1), WEEKDAYS_ABBR[day]) for day in range(7)]),
        ):
            if name in self.fields:
                field: Any = self.fields[name]
                field.choices = choices

    @property
    def kind_label(self) -> Any:
        return Kind(self.row_kind).label if self.row_kind in Kind.values else ""

    @property
    def shown(self) -> PlanItem | None:
        """The item as far as it is known, for the line that sums the row up."""
        try:
            return self.item() if self.is_bound and self.is_valid() else self.initial.get("item")
        except (TypeError, ValueError):
            return None

    def item(self) -> PlanItem:
        """What the row says; the action judges whether it can be done."""
        told = self.cleaned_data
        kind = told["kind"]
        codes = [code for code in str(told.get("measure") or "").split(",") if code]
        code = codes[0] if codes else told.get("limit_of") or ""
        limits = _more(told.get("more", ""))
        if code and (told.get("low") is not None or told.get("high") is not None):
            limits = [_limit(code, told.get("low"), told.get("high")), *limits]
        flag = kind == Kind.RED_FLAG
        return PlanItem(
            kind=kind,
            title=told["title"],
            instruction=told.get("instruction", ""),
            dose=told.get("dose", ""),
            frequency=told.get("frequency", ""),
            codes=codes,
            limits=limits,
            symptoms=list(told.get("symptoms") or []),
            performer=told.get("performer") or Performer.VILLAGE,
            timing=Timing.ALWAYS if flag else told.get("timing") or Timing.ONCE,
            starts_on=told["starts_on"],
            ends_on=told.get("ends_on"),
            every_days=told.get("every_days") or 0,
            weekdays=[int(day) for day in told.get("weekdays") or []],
            dates=str(told.get("dates") or "").replace("，", " ").replace(",", " ").split(),
            window_days=told.get("window_days") or 0,
        )


def _limit(code: str, low: Decimal | None, high: Decimal | None) -> dict[str, Any]:
    told = {"low": low, "high": high}
    return {"code": code, **{name: str(v) for name, v in told.items() if v is not None}}


def _more(told: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(told) if told else []
    except ValueError:
        return []
    return [row for row in found if isinstance(row, dict) and "code" in row]


def _initial(item: PlanItem) -> dict[str, Any]:
    limits = list(item.limits)
    code = item.codes[0] if item.codes else ""
    first = next((row for row in limits if not code or row["code"] == code), None)
    limit = limits_of([first])[0] if first else None
    return {
        "item": item,
        **{
            name: getattr(item, name)
            for name in ("kind", "title", "dose", "frequency", "instruction", "performer")
        },
        "symptoms": item.symptoms,
        "measure": ",".join(item.codes),
        "limit_of": first["code"] if first and not code else "",
        "low": limit.low if limit else None,
        "high": limit.high if limit else None,
        "more": json.dumps([row for row in limits if row is not first]) if limits[1:] else "",
        "timing": item.timing,
        "starts_on": item.starts_on,
        "ends_on": item.ends_on,
        "every_days": item.every_days or None,
        "weekdays": [str(day) for day in item.weekdays],
        "dates": " ".join(str(day) for day in item.dates),
        "window_days": item.window_days or None,
    }


class HeadForm(Form):
    """What a plan is for, and from which template its rows come."""

    template = forms.ChoiceField(label=_("计划模板"))
    goal = forms.CharField(label=_("目标"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["template"]
        field.choices = [(each.code, each.label) for each in catalogue.templates().values()]


class CriteriaForm(Form):
    """The points that are answered before anybody goes down: met, or why anybody goes anyway."""

    words = forms.CharField(
        label=_("例外说明"),
        max_length=200,
        required=False,
        help_text=_("有不符合的标准时填写。"),
    )

    def __init__(self, *args: Any, template: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        exceptions = [(r.code, r.label) for r in catalogue.reasons.of("exception").values()]
        for point in catalogue.criteria_of(template):
            self.fields[point.code] = forms.ChoiceField(
                label=point.label,
                choices=[
                    ("", _("请回答")),
                    ("yes", _("符合")),
                    (_("不符合，仍下转的原因"), exceptions),
                ],
                required=False,
            )
        self.order_fields([name for name in self.fields if name != "words"])

    def answers(self) -> list[dict[str, Any]]:
        """Each answered point, as the action takes it."""
        told = self.cleaned_data
        return [
            {
                "code": name,
                "met": answer == "yes",
                "exception": "" if answer == "yes" else answer,
                "text": "" if answer == "yes" else told["words"],
            }
            for name, answer in told.items()
            if name != "words" and answer
        ]


class Sheet:
    """The rows of one plan on a page, with its template, goal and criteria."""

    def __init__(self, data: Any, *, criteria: bool = True) -> None:
        """The sheet that was sent."""
        self.asks_criteria = criteria
        self.head = HeadForm(data, prefix="plan")
        chosen = str(data.get("plan-template", ""))
        self.template = chosen if chosen in catalogue.templates() else catalogue.GENERAL
        self.criteria = CriteriaForm(data, prefix="criteria", template=self.template)
        count = str(data.get("plan-rows", ""))
        self.rows = [
            self._bound(data, place)
            for place in range(min(int(count), 60) if count.isdigit() else 0)
        ]

    @classmethod
    def proposed(cls, plan: FromTemplate, *, criteria: bool = True) -> Sheet:
        """A sheet filled in from a template, or with the items of a plan."""
        sheet = cls.__new__(cls)
        sheet.asks_criteria = criteria
        sheet.template = plan.template
        head = {"template": plan.template, "goal": plan.goal}
        sheet.head = HeadForm(prefix="plan", initial=head)
        sheet.criteria = CriteriaForm(prefix="criteria", template=plan.template)
        sheet.rows = [_row(item, place) for place, item in enumerate(plan.items)]
        return sheet

    @staticmethod
    def was_sent(data: Mapping[str, Any]) -> bool:
        return "plan-rows" in data

    @staticmethod
    def asks(data: Mapping[str, Any]) -> bool:
        """Whether the sender wants the sheet back with another row or another template."""
        return bool(data.get("plan-add") or data.get("plan-use"))

    def _bound(self, data: Any, place: int) -> ItemForm:
        prefix = f"plan-{place}"
        kind = str(data.get(f"{prefix}-kind", ""))
        also = str(data.get(f"{prefix}-measure", "")), str(data.get(f"{prefix}-limit_of", ""))
        return ItemForm(data, prefix=prefix, kind=kind, also=also)

    def again(self, data: Any, proposed: FromTemplate) -> Sheet:
        """The sheet with what its buttons ask: the template's rows, or one more of a kind.

        What was typed stays as it was, unchecked.
        """
        if data.get("plan-use"):
            return Sheet.proposed(proposed, criteria=self.asks_criteria)
        kept = [row for row in self.rows if not data.get(f"{row.prefix}-remove")]
        rows = [_loose(row, data, place) for place, row in enumerate(kept)]
        kind = str(data.get("plan-add"))
        if kind in SHOWN:
            today = timezone.localdate()
            rows.append(_row(_blank(kind, today), len(rows), opened=True))
        self.rows = rows
        self.head = HeadForm(
            prefix="plan", initial={"template": self.template, "goal": data.get("plan-goal", "")}
        )
        self.criteria = CriteriaForm(
            prefix="criteria",
            template=self.template,
            initial={name: data.get(f"criteria-{name}") for name in self.criteria.fields},
        )
        return self

    def is_valid(self) -> bool:
        rows = [row.is_valid() for row in self._kept()]
        head = self.head.is_valid()
        return all(rows) and head and (not self.asks_criteria or self.criteria.is_valid())

    def _kept(self) -> list[ItemForm]:
        return [row for row in self.rows if not row.data.get(f"{row.prefix}-remove")]

    def items(self) -> list[PlanItem]:
        return [row.item() for row in self._kept()]

    @property
    def goal(self) -> str:
        return str(self.head.cleaned_data["goal"])

    def tell(self, refusal: Refused) -> bool:
        """Put each sentence about the plan beside its row; whether it was about the plan."""
        kept = self._kept()
        placed = False
        for name, sentence in refusal.fields.items():
            part, _dot, rest = name.partition(".")
            if part == "criteria" and rest in self.criteria.fields:
                self.criteria.add_error(rest, sentence)
                placed = True
            elif part == "items":
                place, _dot, field = rest.partition(".")
                form = kept[int(place)] if place.isdigit() and int(place) < len(kept) else self.head
                names = {"codes": "measure", "limits": "high"}
                field = names.get(field, field)
                form.add_error(field if field in form.fields else None, sentence)
                placed = True
        return placed

    @property
    def kinds(self) -> list[tuple[str, Any]]:
        """What may be added."""
        return [(str(kind), kind.label) for kind in WRITTEN]


def _blank(kind: str, today: date) -> PlanItem:
    title = "" if kind != Kind.HOME_VISIT else str(_("上门随访"))
    return PlanItem(
        kind=kind,
        title=title,
        performer=Performer.RESIDENT
        if kind in (Kind.EXERCISE, Kind.MEDICATION)
        else Performer.VILLAGE,
        timing=Timing.ALWAYS if kind in (Kind.EXERCISE, Kind.MEDICATION) else Timing.ONCE,
        starts_on=today,
    )


def _row(item: PlanItem, place: int, *, opened: bool = False) -> ItemForm:
    initial = _initial(item)
    also = initial["measure"], initial["limit_of"]
    form = ItemForm(prefix=f"plan-{place}", initial=initial, kind=item.kind, also=also)
    form.opened = opened  # type: ignore[attr-defined]
    return form


def _loose(row: ItemForm, data: Any, place: int) -> ItemForm:
    """The row as it was typed, with no word about mistakes yet."""
    typed: dict[str, Any] = {}
    for name in row.fields:
        key = f"{row.prefix}-{name}"
        many = name in ("symptoms", "weekdays")
        typed[name] = data.getlist(key) if many else data.get(key, "")
    if row.is_valid():
        typed["item"] = row.item()
    also = str(typed.get("measure", "")), str(typed.get("limit_of", ""))
    return ItemForm(prefix=f"plan-{place}", initial=typed, kind=row.row_kind, also=also)


# --------------------------------------------------------------------------------- over REST


class LimitIn(In):
    """A value at or below `low`, or at or above `high`, sends the patient back."""

    code: str = Field(max_length=30, description="LOINC", examples=["8480-6"])
    low: Decimal | None = None
    high: Decimal | None = None


class PlanItemIn(In):
    """One item of a care plan."""

    kind: str = Field(
        json_schema_extra={"enum": [str(kind) for kind in WRITTEN]}, examples=["measurement"]
    )
    title: str = Field(min_length=1, max_length=100, examples=["测血压"])
    instruction: str = Field("", max_length=300)
    dose: str = Field("", max_length=50)
    frequency: str = Field("", max_length=50)
    codes: list[str] = Field(
        default_factory=list, max_length=10, description="测量项目的 LOINC 代码"
    )
    limits: list[LimitIn] = Field(default_factory=list, max_length=10)
    symptoms: list[str] = Field(
        default_factory=list,
        max_length=40,
        description="回送症状，见 /catalogue/care-plan-reasons/symptom",
    )
    performer: str = Field("village", json_schema_extra={"enum": [str(each) for each in Performer]})
    timing: str = Field("once", json_schema_extra={"enum": [str(each) for each in Timing]})
    starts_on: Day
    ends_on: Day | None = None
    every_days: int = Field(0, ge=0, le=365)
    weekdays: list[int] = Field(default_factory=list, max_length=7, description="星期一为 1")
    dates: list[Day] = Field(default_factory=list, max_length=200)
    window_days: int = Field(0, ge=0, le=60, description="可顺延天数")

    def item(self) -> PlanItem:
        told = self.model_dump(exclude={"limits", "dates"})
        limits = [_limit(row.code, row.low, row.high) for row in self.limits]
        return PlanItem(**told, limits=limits, dates=[day.isoformat() for day in self.dates])


class CriterionIn(In):
    """An answered point of the criteria for going down."""

    code: str = Field(max_length=30, examples=["stable"])
    met: bool
    exception: str = Field("", max_length=30, description="不符合时的原因代码")
    text: str = Field("", max_length=200)


def items_of(told: Iterable[PlanItemIn]) -> list[PlanItem]:
    return [each.item() for each in told]
