"""Whether a plan can be carried out as it is written; and a plan from its template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.models import CarePlan, Kind, Performer, PlanItem, Timing
from xinglin.clinical.careplans.rules import limits_of
from xinglin.clinical.record import catalogue as measured
from xinglin.kernel import parameters
from xinglin.kernel.errors import Refused


class WrongItem(Refused):
    """Items of a plan cannot be carried out; `fields` names each as `items.<place>.<field>`."""

    code = "wrong-item"


class CriteriaOpen(Refused):
    """A point of the criteria for going down has no answer, or a no without an exception."""

    code = "criteria-open"


@dataclass(frozen=True)
class FromTemplate:
    """What a template proposes for one day."""

    template: str
    goal: str
    items: list[PlanItem]


def from_template(template: catalogue.Template, day: date) -> FromTemplate:
    """The items of a template with its days counted from `day`, not stored."""
    return FromTemplate(
        template.code, template.goal, [_item(each, template, day) for each in template.items]
    )


def _item(each: catalogue.TemplateItem, template: catalogue.Template, day: date) -> PlanItem:
    until = each.until_day
    if until is None and each.timing == Timing.ALWAYS:
        until = template.days
    return PlanItem(
        kind=each.kind,
        title=each.label,
        instruction=each.instruction,
        performer=each.performer,
        timing=each.timing,
        starts_on=day + timedelta(days=each.from_day),
        ends_on=day + timedelta(days=until) if until is not None else None,
        every_days=each.every_days,
        weekdays=list(each.weekdays),
        window_days=each.window_days,
        codes=list(each.codes),
        limits=[_plain(row) for row in each.limits],
        symptoms=list(each.symptoms),
        follow_up=each.follow_up,
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if name == "code" else str(value) for name, value in row.items()}


def check_criteria(plan: CarePlan) -> None:
    """Every point is answered, and a no says by a coded reason why the patient goes anyway."""
    told = {str(row.get("code")): row for row in plan.criteria}
    kept = []
    for point in catalogue.criteria_of(plan.template):
        row = told.get(point.code)
        field = f"criteria.{point.code}"
        if row is None or row.get("met") is None:
            raise CriteriaOpen(
                _("请回答下转标准“%(point)s”。") % {"point": point.label}, field=field
            )
        reason = "" if row["met"] else str(row.get("exception", ""))
        words = str(row.get("text", "")).strip()[:200]
        if not row["met"]:
            if not reason:
                raise CriteriaOpen(
                    _("不符合“%(point)s”，请选择仍下转的原因。") % {"point": point.label},
                    field=field,
                )
            catalogue.reasons.check("exception", reason, words, field=field)
        kept.append(
            {"code": point.code, "met": bool(row["met"]), "exception": reason, "text": words}
        )
    plan.criteria = kept


def check_items(items: Sequence[PlanItem], *, first: date | None = None) -> None:
    """Put the items in order, or refuse naming each that cannot be; one visit follows up.

    `first` is the day from which the follow-up's two weeks count; without it no item need be
    the follow-up.
    """
    wrong: dict[str, str] = {}
    for place, item in enumerate(items):
        item.place = place
        for name, sentence in _problems(item).items():
            wrong[f"items.{place}.{name}"] = sentence
    if not items:
        wrong["items"] = _("照护计划至少要有一个项目。")
    if not wrong and first is not None:
        follow_up = _first_visit(items, first)
        if follow_up is None:
            wrong["items"] = _("请安排一次两周内的上门随访，由村医或接收机构完成。")
        for item in items:
            item.follow_up = item is follow_up
    if wrong:
        raise WrongItem(next(iter(wrong.values())), fields=wrong)


def _first_visit(items: Iterable[PlanItem], first: date) -> PlanItem | None:
    """The visit that is due first, within the days that a down-referral grants."""
    last = first + parameters.duration("referral.follow_up_days")
    due = [
        (days[0], item.place, item)
        for item in items
        if item.kind == Kind.HOME_VISIT and item.has_tasks and (days := item.schedule.days())
    ]
    return next(
        (item for day, _place, item in sorted(due, key=lambda x: x[:2]) if day <= last), None
    )


def _problems(item: PlanItem) -> dict[str, str]:
    """What keeps an item from being carried out, by field."""
    wrong: dict[str, str] = {}
    if item.kind == Kind.FIND or item.kind not in Kind.values:
        wrong["kind"] = _("没有这一类别。")
        return wrong
    if item.kind == Kind.RED_FLAG:
        item.timing, item.performer = Timing.ALWAYS, item.performer or Performer.VILLAGE
        if not item.limits and not item.symptoms:
            wrong["symptoms"] = _("回送预警须有症状或界限。")
    if item.kind == Kind.MEASUREMENT and not item.codes:
        wrong["codes"] = _("请选择测量项目。")
    if item.kind == Kind.MEDICATION and not (item.dose or item.instruction):
        wrong["dose"] = _("请填写剂量与用法。")
    if item.kind == Kind.HOME_VISIT and item.performer == Performer.RESIDENT:
        wrong["performer"] = _("访视由医护人员完成。")
    wrong |= _coded(item)
    try:
        item.clean_or_refuse(exclude=["plan"])
    except Refused as refusal:
        wrong |= refusal.fields
    if not wrong:
        wrong |= _timed(item)
    return wrong


def _coded(item: PlanItem) -> dict[str, str]:
    wrong: dict[str, str] = {}
    unknown = [code for code in item.codes if measured.find(str(code)) is None]
    if unknown:
        wrong["codes"] = _("没有“%(code)s”这一测量项目。") % {"code": unknown[0]}
    known = catalogue.reasons.of("symptom")
    if any(code not in known for code in item.symptoms):
        wrong["symptoms"] = _("没有这一预警症状代码。")
    try:
        limits = limits_of(item.limits)
    except (InvalidOperation, KeyError, TypeError, ValueError):
        return wrong | {"limits": _("界限应为数字。")}
    for limit in limits:
        found = measured.find(limit.code)
        if found is None:
            wrong["limits"] = _("没有“%(code)s”这一测量项目。") % {"code": limit.code}
        elif limit.low is None and limit.high is None:
            wrong["limits"] = _("请至少填写一个界限。")
        elif limit.low is not None and limit.high is not None and limit.low >= limit.high:
            wrong["limits"] = _("下限应小于上限。")
        elif not _possible(found, limit.low) or not _possible(found, limit.high):
            wrong["limits"] = _("%(item)s的界限不在可能的范围，请核对。") % {"item": found.label}
    return wrong


def _possible(item: measured.Item, value: Decimal | None) -> bool:
    if value is None:
        return True
    if not value.is_finite():
        return False
    below = item.low is not None and value < item.low
    return not below and (item.high is None or value <= item.high)


def _timed(item: PlanItem) -> dict[str, str]:
    """Days that exist, a window that does not run into the next day, and not too many."""
    if item.ends_on is not None and item.ends_on < item.starts_on:
        return {"ends_on": _("结束日期不能早于开始日期。")}
    repeated = item.timing in (Timing.EVERY, Timing.WEEKLY)
    if repeated and item.ends_on is None:
        return {"ends_on": _("请填写结束日期。")}
    if item.timing == Timing.EVERY and item.every_days < 1:
        return {"every_days": _("请填写间隔天数。")}
    if item.timing == Timing.WEEKLY and not (
        item.weekdays and all(isinstance(d, int) and 1 <= d <= 7 for d in item.weekdays)
    ):
        return {"weekdays": _("请选择星期。")}
    if item.timing == Timing.DATES:
        days = [_day(day) for day in item.dates]
        if not days or None in days:
            return {"dates": _("请填写日期，如 2026-03-02。")}
        real = sorted({day for day in days if day is not None})
        item.dates = [day.isoformat() for day in real]
        item.starts_on, item.ends_on = real[0], real[-1]
    if item.ends_on and (item.ends_on - item.starts_on).days > parameters.get("careplans.longest"):
        return {
            "ends_on": _("照护计划最长 %(days)s 天，请核对。")
            % {"days": parameters.get("careplans.longest")}
        }
    gap = item.schedule.gap
    if gap is not None and item.window_days >= gap:
        return {"window_days": _("可顺延天数应少于两次之间的间隔。")}
    if item.has_tasks and not item.schedule.days():
        return {"starts_on": _("这段时间里没有一天符合，请核对。")}
    if item.has_tasks and len(item.schedule.days()) > parameters.get("careplans.most_tasks"):
        return {
            "every_days": _("一个项目最多安排 %(most)s 次，请减少频次或缩短时间。")
            % {"most": parameters.get("careplans.most_tasks")}
        }
    return {}


def _day(told: Any) -> date | None:
    try:
        return told if isinstance(told, date) else parse_date(str(told))
    except ValueError:
        return None
