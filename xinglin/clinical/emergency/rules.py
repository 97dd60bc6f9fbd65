"""The clock of a case, worked out from the times that were stamped. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.emergency.catalogue import Kind, Limit, Step, Window
from xinglin.kernel.errors import Refused
from xinglin.kernel.ids import new_id

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# Clocks of two machines differ a little; a moment a few minutes ahead is not a lie.
SLACK = timedelta(minutes=5)
# The share of its time after which a limit is near.
NEAR = 0.75


class WrongTime(Refused):
    """A moment in the future, or before one that it must follow."""

    code = "wrong-time"


class Pace(StrEnum):
    """How a step stands against its limit."""

    FREE = "free"  # no limit, or the step from which it counts is not there yet
    RUNNING = "running"
    NEAR = "near"
    LATE = "late"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True)
class Measure:
    """One limit of one step in one case. `took` is None until both ends are known."""

    limit: Limit
    since: datetime | None
    due_at: datetime | None
    took: timedelta | None
    pace: Pace


@dataclass(frozen=True)
class Line:
    """One step of the clock as it stands; `pace` and `due_at` are those of its tightest limit."""

    step: Step
    at: datetime | None
    required: bool
    measures: list[Measure] = field(default_factory=list)

    @property
    def tightest(self) -> Measure | None:
        """The limit that ends first, of those that run or have been measured."""
        known = [each for each in self.measures if each.due_at is not None]
        return min(known, key=lambda each: each.due_at or datetime.max, default=None)

    @property
    def pace(self) -> Pace:
        worst = (Pace.LATE, Pace.MISSED, Pace.NEAR, Pace.RUNNING, Pace.MET)
        found = {each.pace for each in self.measures}
        return next((pace for pace in worst if pace in found), Pace.FREE)


@dataclass(frozen=True)
class Left:
    """A window of treatment and when it closes; `open` says whether it still matters."""

    window: Window
    closes_at: datetime
    open: bool


def measure(
    limit: Limit, times: Mapping[str, datetime], *, now: datetime, over: bool = False
) -> Measure:
    """One limit against the times: `over` where the case has ended and nothing runs any more."""
    since, at = times.get(limit.start), times.get(limit.step)
    if since is None:
        return Measure(limit, None, None, None, Pace.FREE)
    due = since + limit.span
    if at is not None:
        if at < since:
            # Thrombolysis on the spot comes before the door from which another's would count.
            return Measure(limit, None, None, None, Pace.FREE)
        return Measure(limit, since, due, at - since, Pace.MET if at <= due else Pace.MISSED)
    if over:
        return Measure(limit, since, None, None, Pace.FREE)
    if now > due:
        pace = Pace.LATE
    else:
        pace = Pace.NEAR if now - since >= NEAR * limit.span else Pace.RUNNING
    return Measure(limit, since, due, None, pace)


def lines(
    kind: Kind, times: Mapping[str, datetime], *, now: datetime, over: bool = False
) -> list[Line]:
    """The whole clock of a case, in the order of its kind.

    Of treatments that exclude each other one is enough: what was not done runs no longer once
    the patient is treated, and is not late while there is time for another.
    """
    treatments = {step.code for step in kind.steps if step.moves == "treated"}
    treated = any(code in times for code in treatments)

    def measured(step: Step, *, lapsed: bool) -> list[Measure]:
        ended = over or (step.code in treatments and (treated or lapsed))
        return [
            measure(limit, times, now=now, over=ended)
            for limit in kind.limits
            if limit.step == step.code
        ]

    running = {
        step.code
        for step in kind.steps
        if step.code in treatments
        and (found := measured(step, lapsed=False))
        and all(each.pace is not Pace.LATE for each in found)
        and any(each.pace in (Pace.RUNNING, Pace.NEAR) for each in found)
    }
    return [
        Line(
            step=step,
            at=times.get(step.code),
            required=step.code in kind.required,
            measures=measured(step, lapsed=bool(running) and step.code not in running),
        )
        for step in kind.steps
    ]


def windows(
    kind: Kind, times: Mapping[str, datetime], *, now: datetime, over: bool = False
) -> list[Left]:
    """The windows of treatment that the onset opened; none while the onset is not known."""
    onset = times.get("onset")
    if onset is None:
        return []
    return [
        Left(
            window=each,
            closes_at=onset + each.span,
            open=not over and each.closes not in times and now <= onset + each.span,
        )
        for each in kind.windows
    ]


def check_order(
    kind: Kind, step: Step, at: datetime, times: Mapping[str, datetime], *, now: datetime
) -> None:
    """Refuse a moment in the future, before what it must follow, or after what must follow it.

    People note whole minutes, so that within one minute every order is possible.
    """
    if at > now + SLACK:
        raise WrongTime(_("时间不能晚于现在。"), field="at")
    minute = at.replace(second=0, microsecond=0)
    for other, first, then in _pairs(kind, step):
        known = times.get(other.code)
        if known is None:
            continue
        whole = known.replace(second=0, microsecond=0)
        if (minute < whole) if then is step else (whole < minute):
            raise WrongTime(
                _("“%(then)s”不能早于“%(first)s”（%(at)s），请核对。")
                % {
                    "then": then.label,
                    "first": first.label,
                    "at": said(known if then is step else at),
                },
                field="at",
            )


def _pairs(kind: Kind, step: Step) -> Iterator[tuple[Step, Step, Step]]:
    """Each step that the given one must follow or go before: the other, the first, the second."""
    for other in kind.steps:
        if other.code in step.after:
            yield other, other, step
        if step.code in other.after:
            yield other, step, other


def said(at: datetime) -> str:
    """The hour and minute of a moment, here."""
    return timezone.localtime(at).strftime("%H:%M")


def number_for(day: datetime) -> str:
    """A case number: G, the day, six signs that are hard to misread (30 random bits)."""
    value = new_id().int & ((1 << 30) - 1)
    letters = ""
    for _place in range(6):
        letters += ALPHABET[value & 31]
        value >>= 5
    return f"G{day:%y%m%d}-{letters}"
