"""How far doctors agree with the advice: by house, by rule, by doctor, by reason.

Agreement is followed / (followed + overruled + unanswered), of the last decision of each visit.
Without a denominator there is no rate, and every count opens as the list that it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.models import Assessment, Decision, Ground, Outcome
from xinglin.kernel.access import Actor
from xinglin.kernel.records import YEARS
from xinglin.registry.organisations.models import tree

# What the disease lists say is a rule, too, that can be followed or not.
OF_THE_LISTS = {
    "cat-added": _("本机构增列病种"),
    "cat-here": _("在本级病种目录内"),
    "cat-above": _("超出本机构病种目录"),
    "cat-out": _("不在病种目录内"),
    "cat-transfer": _("县级稳定后转上级"),
    "cat-unlisted": _("目录未列，由医师判断"),
}
FIRST, LAST = date(YEARS.start, 1, 1), date(YEARS.stop, 1, 1)


@dataclass
class Agreement:
    """One line: how many, and how many of them followed, overruled, unanswered."""

    code: str
    label: str
    n: int = 0
    followed: int = 0
    overruled: int = 0
    unanswered: int = 0


@dataclass
class Counts:
    """One period of one county or house."""

    since: date
    until: date
    total: Agreement
    by_outcome: list[Agreement] = field(default_factory=list)
    by_house: list[Agreement] = field(default_factory=list)
    by_rule: list[Agreement] = field(default_factory=list)
    by_doctor: list[Agreement] = field(default_factory=list)
    by_reason: list[dict[str, Any]] = field(default_factory=list)


def period(since: date | None, until: date | None) -> tuple[date, date]:
    """First and last day; the last ninety where nothing was asked."""
    last = until or timezone.localdate()
    return since or max(last, FIRST + timedelta(days=90)) - timedelta(days=89), last


def between(since: date, until: date, prefix: str = "") -> Q:
    """Decided on these days, both included, local time."""
    first, last = (min(max(day, FIRST), LAST) for day in (since, until))
    return Q(
        **{
            f"{prefix}decided_at__gte": _midnight(first),
            f"{prefix}decided_at__lt": _midnight(last + timedelta(days=1)),
        }
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _counted(prefix: str = "") -> dict[str, Count]:
    name = f"{prefix}decision"
    return {
        "n": Count("pk"),
        **{str(each): Count("pk", filter=Q(**{name: each})) for each in Decision},
    }


def count(actor: Actor, since: date, until: date) -> Counts:
    """Everything the page of agreement shows."""
    # Annotated under names that are in no model; the checker knows only the model's.
    rows: Any = Assessment.objects.countable_by(actor).current()
    rows = rows.filter(between(since, until)).order_by()
    total = rows.aggregate(**_counted())
    found = Counts(since, until, Agreement("", "", **total))
    found.by_outcome = [
        _line(row, "outcome", str(Outcome(row["outcome"]).label))
        for row in rows.values("outcome").annotate(**_counted()).order_by("-n", "outcome")
    ]
    found.by_house = [
        _line(row, "organisation", tree.name(row["organisation"]))
        for row in rows.values("organisation").annotate(**_counted()).order_by("-n", "organisation")
    ]
    found.by_doctor = [
        _line(row, "doctor", row["doctor"])
        for row in rows.values("doctor").annotate(**_counted()).order_by("-n", "doctor")[:50]
    ]
    grounds: Any = Ground.objects.filter(assessment__in=rows).order_by()
    names = {rule.code: rule.label for rule in catalogue.rules()}
    names |= {rule: str(label) for rule, label in OF_THE_LISTS.items()}
    found.by_rule = [
        _line(row, "code", names.get(row["code"], row["code"]))
        for row in grounds.values("code")
        .annotate(**_counted("assessment__"))
        .order_by("-n", "code")
    ]
    reasons = catalogue.reasons()
    found.by_reason = [
        {
            "code": row["reason_code"],
            "label": reasons[row["reason_code"]].label
            if row["reason_code"] in reasons
            else row["reason_code"],
            "n": row["n"],
        }
        for row in rows.exclude(reason_code="")
        .values("reason_code")
        .annotate(n=Count("pk"))
        .order_by("-n", "reason_code")
    ]
    return found


def _line(row: dict[str, Any], key: str, label: str) -> Agreement:
    return Agreement(
        code=str(row[key]),
        label=label,
        n=row["n"],
        followed=row["followed"],
        overruled=row["overruled"],
        unanswered=row["unanswered"],
    )


def narrowed(actor: Actor, asked: dict[str, Any]) -> Any:
    """The assessments behind a count, the newest first."""
    rows = Assessment.objects.countable_by(actor).current()
    if "since" in asked or "until" in asked:
        rows = rows.filter(between(asked.get("since", FIRST), asked.get("until", LAST)))
    for name, column in (
        ("decision", "decision"),
        ("outcome", "outcome"),
        ("house", "organisation"),
        ("doctor", "doctor"),
        ("reason", "reason_code"),
    ):
        if name in asked:
            rows = rows.filter(**{column: asked[name]})
    if "rule" in asked:
        rows = rows.filter(rows__code=asked["rule"])
    return rows.newest_first()
