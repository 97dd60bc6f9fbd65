"""What a person types about a case: validation only."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity.models import Ward
from xinglin.clinical.emergency import actions, catalogue, permissions
from xinglin.clinical.emergency.actions.bedding import held_for, wards_for
from xinglin.clinical.emergency.models import GreenCase, State
from xinglin.clinical.record import rules as record
from xinglin.kernel.access import Actor
from xinglin.registry.people.models import Person, Sex
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import (
    DateInput,
    DateTimeInput,
    FileInput,
    Form,
    NumberInput,
    PersonPicker,
    SegmentedChoice,
    TickedChoices,
)

BLANK = ("", _("请选择"))
SEXES = [(Sex.MALE.value, Sex.MALE.label), (Sex.FEMALE.value, Sex.FEMALE.label)]
# What is measured on the way; height and weight can wait.
SIGNS = tuple(sign for sign in record.VITAL_SIGNS if sign.field not in ("height", "weight"))


def this_minute() -> Any:
    return timezone.localtime().replace(second=0, microsecond=0)


def with_blank(system: str) -> list[tuple[Any, Any]]:
    return [BLANK, *terminology.choices(system)]


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A resident of the county, found by name, pinyin, telephone or number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Person.objects.none(),
            widget=PersonPicker(reverse_lazy("people:options")),
            error_messages={"invalid_choice": _("没有找到这位居民，请核对，或先按无名氏启动。")},
            **kwargs,
        )


class OpenForm(Form):
    """Two taps: who, if that is known, and the kind of emergency, which is the button."""

    person = PersonField(
        label=_("患者"),
        required=False,
        help_text=_("身份不明时留空，按无名氏启动，之后再确认身份。"),
    )
    sex_seen = forms.ChoiceField(
        label=_("性别（目测）"), required=False, choices=SEXES, widget=SegmentedChoice
    )
    age_about = forms.IntegerField(
        label=_("年龄（估计）"), required=False, min_value=0, max_value=120, widget=NumberInput
    )
    complaint = forms.CharField(label=_("病情"), required=False, max_length=200)
    to_org = forms.ChoiceField(label=_("接收机构"), required=False)
    units = {"age_about": _("岁")}

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.queryset = Person.objects.visible_to(actor)
        first = next(iter(catalogue.kinds()))
        house: Any = self.fields["to_org"]
        house.choices = [
            ("", _("按类型推荐")),
            *_houses(actions.destinations(first, actor.org_id)),
        ]


def _houses(houses: Iterable[Any]) -> list[tuple[str, str]]:
    return [(str(house.pk), house.name) for house in houses]


class ActForm(Form):
    """A form about one case: its choices are those of the case's kind."""

    def __init__(self, *args: Any, actor: Actor, case: GreenCase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.case = actor, case
        self.fit()

    def fit(self) -> None:
        """Fill in what depends on the case and the post."""

    def choose(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = list(choices)

    def own_steps(self) -> list[tuple[str, str]]:
        return [
            (step.code, step.label)
            for step in self.case.of_kind.steps
            if permissions.on_ones_side(self.actor, self.case, step)
        ]


class StampForm(ActForm):
    step = forms.ChoiceField(label=_("节点"))
    at = forms.DateTimeField(label=_("时间"), required=False, widget=DateTimeInput)

    def fit(self) -> None:
        known = self.case.times
        self.choose("step", [each for each in self.own_steps() if each[0] not in known])
        self.fields["at"].initial = this_minute


class CorrectForm(ActForm):
    step = forms.ChoiceField(label=_("节点"))
    at = forms.DateTimeField(
        label=_("正确时间"), required=False, widget=DateTimeInput, help_text=_("留空则撤销该节点")
    )
    code = forms.ChoiceField(label=_("更正原因"))
    text = forms.CharField(label=_("说明"), required=False, max_length=200)

    def fit(self) -> None:
        known = self.case.times
        told = dict(self.own_steps())
        self.choose(
            "step",
            [
                (code, f"{told[code]}（{timezone.localtime(known[code]):%H:%M}）")
                for code in told
                if code in known
            ],
        )
        self.choose("code", [BLANK, *_reasons("correct")])


def _reasons(question: str) -> list[tuple[str, str]]:
    return [(each.code, each.label) for each in catalogue.reasons.of(question).values()]


class ObserveForm(ActForm):
    units = {sign.field: lazy(record.said_unit, str)(sign.unit) for sign in SIGNS}

    def fit(self) -> None:
        for sign in SIGNS:
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
        told = self.cleaned_data
        return {sign.field: told[sign.field] for sign in SIGNS if told.get(sign.field) is not None}


class AttachForm(ActForm):
    file = forms.FileField(
        label=_("文件"),
        allow_empty_file=True,
        max_length=200,
        help_text=_("PDF、PNG 或 JPEG，可用手机拍照。"),
        widget=FileInput(attrs={"accept": "application/pdf,image/png,image/jpeg"}),
    )
    title = forms.CharField(
        label=_("标题"), required=False, max_length=200, help_text=_("不填时为“心电图”")
    )


class DescribeForm(ActForm):
    complaint = forms.CharField(label=_("病情"), required=False, max_length=200)
    scene = forms.CharField(label=_("现场地点"), required=False, max_length=100)
    caller_phone = forms.CharField(
        label=_("联系电话"), required=False, max_length=20, widget=forms.TextInput({"type": "tel"})
    )
    expected_at = forms.DateTimeField(label=_("预计到达"), required=False, widget=DateTimeInput)
    vehicle = forms.CharField(label=_("车辆"), required=False, max_length=20)
    vehicle_kind = forms.ChoiceField(label=_("车辆类型"), required=False)
    vehicle_status = forms.ChoiceField(label=_("车辆状态"), required=False)
    dispatch = forms.ChoiceField(label=_("调度状态"), required=False)
    course = forms.ChoiceField(label=_("转归"), required=False)

    def fit(self) -> None:
        for name, system in (
            ("vehicle_kind", "vehicle-kind"),
            ("vehicle_status", "vehicle-status"),
            ("dispatch", "dispatch-status"),
        ):
            self.choose(name, with_blank(system))
        self.choose("course", [each for each in with_blank("emergency-course") if not dead(each)])
        for name in self.fields:
            self.initial.setdefault(name, getattr(self.case, name))


def dead(choice: tuple[Any, Any]) -> bool:
    return choice[0] in ("03", "04", "05")


class PrepareForm(ActForm):
    prepared = forms.MultipleChoiceField(label=_("准备"), required=False, widget=TickedChoices)
    ward = forms.ModelChoiceField(
        label=_("预留床位"),
        queryset=Ward.objects.none(),
        required=False,
        empty_label=_("不预留"),
        help_text=_("保留病区内第一张合适的空床；没有空床也可先确认接收。"),
    )
    place = forms.CharField(
        label=_("直达地点（抢救室、导管室、床号）"), required=False, max_length=100
    )
    note = forms.CharField(label=_("说明"), required=False, max_length=200)

    def fit(self) -> None:
        self.choose("prepared", [(each.code, each.label) for each in self.case.of_kind.ready])
        self.initial.setdefault("prepared", self.case.prepared)
        held = held_for(self.case)
        wards: Any = self.fields["ward"]
        wards.queryset = wards_for(self.case)
        self.initial.setdefault("ward", held.bed.ward_id if held else None)
        if not wards.queryset.exists():
            del self.fields["ward"]
        self.initial.setdefault("place", self.case.place)
        self.initial.setdefault("note", self.case.prepared_note)


class IdentifyForm(ActForm):
    person = PersonField(label=_("已登记的居民"), required=False)
    name = forms.CharField(
        label=_("姓名"), required=False, max_length=50, help_text=_("未登记过的患者填写以下各项")
    )
    sex = forms.ChoiceField(label=_("性别"), required=False, choices=SEXES, widget=SegmentedChoice)
    birth_date = forms.DateField(label=_("出生日期"), required=False, widget=DateInput)
    id_number = forms.CharField(label=_("身份证号码"), required=False, max_length=18)
    phone = forms.CharField(label=_("电话"), required=False, max_length=20)

    def fit(self) -> None:
        person: Any = self.fields["person"]
        person.queryset = Person.objects.visible_to(self.actor)

    def facts(self) -> dict[str, Any]:
        """What was told of somebody new, without what was left empty."""
        told = {name: value for name, value in self.cleaned_data.items() if value}
        if told.get("id_number"):
            told["id_type"] = "01"
        return told


class RedirectForm(ActForm):
    to_org = forms.ChoiceField(label=_("接收机构"))

    def fit(self) -> None:
        houses = actions.destinations(self.case.kind, self.case.from_org_id)
        others = [house for house in houses if house.pk != self.case.to_org_id]
        self.choose("to_org", [BLANK, *_houses(others)])


class AdmitForm(ActForm):
    department = forms.CharField(label=_("科室"), required=False, max_length=50)


class StandDownForm(ActForm):
    code = forms.ChoiceField(label=_("解除原因"))
    text = forms.CharField(label=_("说明"), required=False, max_length=200)

    def fit(self) -> None:
        self.choose("code", [BLANK, *_reasons("stand-down")])


class ReportDeathForm(ActForm):
    course = forms.ChoiceField(
        label=_("死亡发生在"), required=False, help_text=_("到院后在院内死亡的留空")
    )
    text = forms.CharField(label=_("说明"), required=False, max_length=200)

    def fit(self) -> None:
        self.choose(
            "course", [BLANK, *(each for each in with_blank("emergency-course") if dead(each))]
        )


ACT_FORMS: dict[str, type[ActForm]] = {
    "confirm": PrepareForm,
    "prepare": PrepareForm,
    "stamp": StampForm,
    "correct": CorrectForm,
    "observe": ObserveForm,
    "attach": AttachForm,
    "describe": DescribeForm,
    "identify": IdentifyForm,
    "redirect": RedirectForm,
    "admit": AdmitForm,
    "stand-down": StandDownForm,
    "report-death": ReportDeathForm,
}


class FilterForm(Form):
    """The filter bar of all cases; the report opens it with what it counted."""

    kind = forms.ChoiceField(label=_("类型"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    since = forms.DateField(label=_("从"), required=False, widget=DateInput)
    until = forms.DateField(label=_("到"), required=False, widget=DateInput)
    house = forms.UUIDField(required=False, widget=forms.HiddenInput)
    step = forms.CharField(required=False, widget=forms.HiddenInput)
    start = forms.CharField(required=False, widget=forms.HiddenInput)
    missed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = ("", _("全部"))
        kinds: Any = self.fields["kind"]
        kinds.choices = [every, *((each.code, each.label) for each in catalogue.kinds().values())]
        states: Any = self.fields["state"]
        states.choices = [every, *State.choices]


class PeriodForm(Form):
    """The days that the report counts."""

    since = forms.DateField(label=_("从"), required=False, widget=DateInput)
    until = forms.DateField(label=_("到"), required=False, widget=DateInput)
