"""What a person types about a plan and its tasks: validation only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.actions import Objection
from xinglin.clinical.careplans.models import CareTask, Kind, Performer, PlanItem
from xinglin.clinical.record import catalogue as measured
from xinglin.clinical.record.rules import said_unit
from xinglin.ui.forms import (
    DateInput,
    DateTimeInput,
    Form,
    NumberInput,
    SegmentedChoice,
    TickedChoices,
)

Choices = list[tuple[Any, Any]]


def reason_choices(question: str, *blank: tuple[str, Any]) -> Choices:
    found = catalogue.reasons.of(question).values()
    return [*(blank or [("", _("请选择"))]), *((each.code, each.label) for each in found)]


class CodedForm(Form):
    """An act with a coded reason and words beside it."""

    code = forms.ChoiceField(label=_("原因"))
    text = forms.CharField(
        label=_("说明"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )
    question: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code: Any = self.fields["code"]
        code.choices = reason_choices(self.question)


class EndForm(CodedForm):
    question = "end"


class SkipForm(CodedForm):
    question = "skip"


class EvaluateForm(CodedForm):
    question = "outcome"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("评估结果")


class RevisionForm(CodedForm):
    question = "revision"


class TaskForm(Form):
    """What was found at a task; the fields are those that its item and its plan ask for."""

    done_at = forms.DateTimeField(label=_("完成时间"), widget=DateTimeInput)
    mode = forms.ChoiceField(
        label=_("方式"),
        choices=[
            ("home", _("上门")),
            ("clinic", pgettext_lazy("visit", "门诊")),
            ("phone", _("电话")),
        ],
        widget=SegmentedChoice,
    )
    result = forms.ChoiceField(label=_("寻访结果"))
    symptoms = forms.MultipleChoiceField(
        label=_("有无以下情况"),
        required=False,
        widget=TickedChoices,
        help_text=_("勾选任何一项，系统会准备转回上级医院的转诊单。"),
    )
    note = forms.CharField(
        label=_("记录"), max_length=1000, required=False, widget=forms.Textarea({"rows": 3})
    )
    phrases: Any = {
        "note": (_("病情平稳，按时服药"), _("能坚持锻炼"), _("切口干燥无红肿"), _("已做健康指导")),
    }

    def __init__(
        self,
        *args: Any,
        task: CareTask,
        codes: Sequence[str] = (),
        symptoms: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", {"done_at": timezone.localtime(), "mode": "home"})
        super().__init__(*args, **kwargs)
        asked = list(task.item.codes) if task.item else []
        self.codes = list(dict.fromkeys([*asked, *codes]))
        units: dict[str, str] = {}
        for code in self.codes:
            item = measured.find(code)
            if item is None:
                continue
            name = self.name_of(code)
            self.fields[name] = forms.DecimalField(
                label=item.label,
                required=code in asked,
                widget=NumberInput({"step": "any"}),
                max_digits=10,
                decimal_places=4,
            )
            units[name] = said_unit(item.unit)
        self.units = units
        told = list(symptoms)
        if task.kind == Kind.FIND:
            for name in ("mode", "symptoms"):
                del self.fields[name]
            result: Any = self.fields["result"]
            result.choices = reason_choices("find")
        else:
            del self.fields["result"]
            if told:
                ticks: Any = self.fields["symptoms"]
                ticks.choices = [(c, catalogue.reasons.label("symptom", c)) for c in told]
            else:
                del self.fields["symptoms"]
            self.fields["note"].required = task.kind == Kind.HOME_VISIT
        values = [self.name_of(code) for code in self.codes if self.name_of(code) in self.fields]
        self.order_fields(["result", "symptoms", *values, "note", "mode", "done_at"])

    @staticmethod
    def name_of(code: str) -> str:
        return f"v-{code}"

    def values(self) -> dict[str, Decimal]:
        """What was measured, by LOINC code."""
        told = {code: self.cleaned_data.get(self.name_of(code)) for code in self.codes}
        return {code: value for code, value in told.items() if value is not None}


class AnswerRow(Form):
    """What the receiving house says of one item."""

    answer = forms.ChoiceField(
        label=_("答复"),
        choices=[("accept", _("接收")), ("object", _("有异议"))],
        widget=SegmentedChoice,
        initial="accept",
    )
    code = forms.ChoiceField(label=_("异议原因"), required=False)
    text = forms.CharField(label=_("建议"), max_length=500, required=False)
    performer = forms.ChoiceField(label=_("改由谁完成"), required=False)
    every_days = forms.IntegerField(
        label=_("改为每隔几天"), min_value=1, max_value=365, required=False, widget=NumberInput
    )
    ends_on = forms.DateField(label=_("改到哪天为止"), required=False, widget=DateInput)
    mark_required = False

    def __init__(self, *args: Any, item: PlanItem, **kwargs: Any) -> None:
        super().__init__(*args, prefix=str(item.pk), **kwargs)
        self.item = item
        code: Any = self.fields["code"]
        code.choices = reason_choices("objection")
        performer: Any = self.fields["performer"]
        performer.choices = [("", _("不变")), *Performer.choices]
        if item.timing != "every":
            del self.fields["every_days"]

    def objection(self) -> Objection | None:
        """None where the item is taken on."""
        told = self.cleaned_data
        if told["answer"] == "accept":
            return None
        names = ("performer", "every_days", "ends_on")
        counter = {name: told[name] for name in names if told.get(name)}
        return Objection(told["code"], told["text"], counter)


class SettleRow(Form):
    """What the writer answers to one objection."""

    answer = forms.ChoiceField(
        label=_("处理"),
        choices=[
            ("adopt", _("采纳建议")),
            ("drop", _("取消此项")),
            ("keep", _("坚持原项")),
        ],
        widget=SegmentedChoice,
    )

    def __init__(self, *args: Any, item: PlanItem, **kwargs: Any) -> None:
        super().__init__(*args, prefix=str(item.pk), **kwargs)
        self.item = item
        if item.follow_up:
            choice: Any = self.fields["answer"]
            choice.choices = [each for each in choice.choices if each[0] != "drop"]


class FilterForm(Form):
    """The filter bar of the list."""

    q = forms.CharField(label=_("患者"), required=False, widget=forms.TextInput({"type": "search"}))
    tab = forms.CharField(required=False, widget=forms.HiddenInput)
