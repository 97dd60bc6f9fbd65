"""What whoever keeps the schedules types."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.forms import choices
from xinglin.clinical.capacity.models import WEEKDAYS, Schedule, Session
from xinglin.kernel.access import Actor
from xinglin.ui.forms import (
    DateInput,
    DateTimeInput,
    Form,
    NumberInput,
    TickedChoices,
    TimeInput,
)

PREFIX = "quota_"


class ScheduleForm(Form):
    """What is offered, by whom, where, and how many places are kept for whom."""

    kind = forms.ChoiceField(label=_("类别"))
    title = forms.CharField(label=_("号别名称"), max_length=40)
    department = choices.one_of(_("科室"))
    practitioner = choices.one_of(_("医生"))
    place = forms.CharField(label=_("诊室或设备"), required=False, max_length=40)
    fee = forms.DecimalField(
        label=_("挂号费"), max_digits=8, decimal_places=2, initial=0, widget=NumberInput
    )
    since = forms.DateField(label=_("生效日期"), widget=DateInput)
    until = forms.DateField(label=_("截止日期"), required=False, widget=DateInput)
    release_hours = forms.IntegerField(
        label=_("预留提前开放"),
        required=False,
        min_value=0,
        max_value=32767,
        widget=NumberInput,
        help_text=_("不填则按全县参数。"),
    )

    units = {"fee": _("元"), "release_hours": _("小时")}

    def __init__(self, actor: Actor, house_id: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["kind"].choices = choices.kinds()
        fields["department"].queryset = choices.departments(actor, house_id)
        fields["practitioner"].queryset = choices.doctors(actor, house_id)
        fields["since"].initial = timezone.localdate()
        for row in catalogue.channels().values():
            fields[f"{PREFIX}{row.code}"] = forms.IntegerField(
                label=row.label, required=False, min_value=0, max_value=100, widget=NumberInput
            )
        quotas = [f"{PREFIX}{code}" for code in catalogue.channels()]
        self.sections = (  # type: ignore[misc]
            (_("号别"), ("kind", "title", "department", "practitioner", "place", "fee")),
            (_("有效期"), ("since", "until")),
            (_("各渠道预留比例"), (*quotas, "release_hours")),
        )
        self.units = {**ScheduleForm.units, **dict.fromkeys(quotas, "%")}

    @staticmethod
    def told(schedule: Schedule) -> dict[str, Any]:
        """A schedule as the form shows it."""
        names = ("kind", "title", "department", "practitioner", "place", "fee", "since", "until")
        facts = {name: getattr(schedule, name) for name in (*names, "release_hours")}
        return facts | {f"{PREFIX}{code}": share for code, share in schedule.quotas.items()}

    def facts(self) -> dict[str, Any]:
        """The schedule's fields as they were typed."""
        given = dict(self.cleaned_data)
        quotas = {code: given.pop(f"{PREFIX}{code}") or 0 for code in catalogue.channels()}
        return given | {"quotas": {code: share for code, share in quotas.items() if share}}


class HoursForm(Form):
    """Hours of some weekdays, or of one odd day."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("星期"), required=False, choices=WEEKDAYS, coerce=int, widget=TickedChoices
    )
    day = forms.DateField(
        label=_("或仅某日"),
        required=False,
        widget=DateInput,
        help_text=_("当日按此出诊，代替该星期的安排。"),
    )
    start = forms.TimeField(label=_("开始"), required=False, widget=TimeInput)
    end = forms.TimeField(label=_("结束"), required=False, widget=TimeInput)
    minutes = forms.IntegerField(
        label=_("每段分钟"), required=False, min_value=1, max_value=720, widget=NumberInput
    )
    places = forms.IntegerField(
        label=_("每段号数"), required=False, min_value=1, max_value=32767, widget=NumberInput
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        times = ("start", "end", "minutes", "places")
        some = any(given.get(name) is not None for name in times)
        when = bool(given.get("weekdays")) or given.get("day") is not None
        if some or when:
            for name in times:
                if given.get(name) is None and name not in self.errors:
                    self.add_error(name, _("请填写"))
            if not when and "day" not in self.errors:
                self.add_error("weekdays", _("请选择星期，或填写日期。"))
            if given.get("weekdays") and given.get("day"):
                self.add_error("day", _("星期与日期只能填一种。"))
        return given


HoursFormSet = forms.formset_factory(HoursForm, extra=2, max_num=30, absolute_max=60)


def hours_of(schedule: Schedule) -> list[dict[str, Any]]:
    """The hours of a schedule as lines: weekdays with the same hours are one."""
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for session in schedule.sessions.all():
        same = (session.day, session.start, session.end, session.minutes, session.places)
        line = lines.setdefault(
            same,
            {
                "weekdays": [],
                "day": session.day,
                "start": session.start,
                "end": session.end,
                "minutes": session.minutes,
                "places": session.places,
            },
        )
        if session.weekday is not None:
            line["weekdays"].append(session.weekday)
    return list(lines.values())


def sessions_of(lines: Iterable[dict[str, Any]]) -> list[Session]:
    """What was typed, as hours; an empty line is none."""
    found = []
    for line in lines:
        if not line or line.get("start") is None:
            continue
        times = {name: line[name] for name in ("start", "end", "minutes", "places")}
        if line.get("day"):
            found.append(Session(day=line["day"], **times))
        found += [Session(weekday=weekday, **times) for weekday in line.get("weekdays") or ()]
    return found


class EndForm(Form):
    """The last day of a schedule."""

    on = forms.DateField(label=_("最后一天"), widget=DateInput)


class WeekForm(Form):
    """Which department, which week."""

    department = choices.one_of(_("科室"), empty=_("全部"))
    day = forms.DateField(label=_("哪一周"), required=False, widget=DateInput)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        department: Any = self.fields["department"]
        department.queryset = choices.departments(actor, actor.org_id)


def _tomorrow(hour: int = 0) -> Any:
    day = timezone.localtime() + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


class CloseForm(Form):
    """What is closed, from when to when, and why."""

    department = choices.one_of(_("科室"), empty=_("全院"))
    practitioner = choices.one_of(_("医生"), empty=_("不指定"))
    schedule = choices.one_of(_("排班"), empty=_("不指定"))
    start_at = forms.DateTimeField(label=_("停诊开始"), widget=DateTimeInput)
    end_at = forms.DateTimeField(label=_("停诊结束"), widget=DateTimeInput)
    reason = forms.ChoiceField(label=_("停诊原因"))
    text = forms.CharField(label=_("说明"), required=False, max_length=200)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["department"].queryset = choices.departments(actor, actor.org_id)
        fields["practitioner"].queryset = choices.doctors(actor, actor.org_id)
        fields["schedule"].queryset = (
            Schedule.objects.visible_to(actor)
            .filter(organisation=actor.org_id)
            .standing(timezone.localdate())
            .in_order()
        )
        fields["reason"].choices = choices.reasons("close")
        fields["start_at"].initial = _tomorrow()
        fields["end_at"].initial = _tomorrow() + timedelta(days=1)


class SubstituteForm(Form):
    """Who or which room serves instead, from when to when."""

    start_at = forms.DateTimeField(label=_("开始时间"), widget=DateTimeInput)
    end_at = forms.DateTimeField(label=_("结束时间"), widget=DateTimeInput)
    practitioner = choices.one_of(_("替诊医生"), empty=_("不更换"))
    place = forms.CharField(label=_("改到诊室或设备"), required=False, max_length=40)
    text = forms.CharField(label=_("说明"), required=False, max_length=200)

    def __init__(self, actor: Actor, house_id: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["practitioner"].queryset = choices.doctors(actor, house_id)
        fields["start_at"].initial = _tomorrow()
        fields["end_at"].initial = _tomorrow() + timedelta(days=1)
