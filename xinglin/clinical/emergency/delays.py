"""The report of delays: how long each step took, by kind of case and by house.

Every limit of the catalogue is one line: cases measured, median, ninetieth percentile, share
within the limit. A case that lacks one of the two times is not in the denominator and is
counted as missing where the step is required.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from xinglin.clinical.emergency import catalogue, rules
from xinglin.clinical.emergency.models import GreenCase, GreenCaseQuerySet, State
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import YEARS
from xinglin.registry.organisations.models import tree

FIRST, LAST = date(YEARS.start, 1, 1), date(YEARS.stop - 1, 1, 1)


@dataclass
class Delay:
    """One limit of one kind, of one house or (house None) of all."""

    limit: catalogue.Limit
    house: UUID | None = None
    taken: list[timedelta] = field(default_factory=list)
    missing: int = 0

    @property
    def n(self) -> int:
        return len(self.taken)

    @property
    def within(self) -> int:
        return sum(each <= self.limit.span for each in self.taken)

    @property
    def over(self) -> int:
        return self.n - self.within

    @property
    def median(self) -> timedelta | None:
        return sorted(self.taken)[(self.n - 1) // 2] if self.taken else None

    @property
    def p90(self) -> timedelta | None:
        return sorted(self.taken)[max(0, -(-9 * self.n // 10) - 1)] if self.taken else None

    @property
    def house_name(self) -> str:
        return tree.name(self.house) if self.house else ""

    @property
    def kind(self) -> catalogue.Kind:
        return catalogue.kind_of(self.limit.kind)

    @property
    def step(self) -> catalogue.Step:
        return self.kind.step(self.limit.step)

    @property
    def start(self) -> catalogue.Step:
        return self.kind.step(self.limit.start)


@dataclass
class Report:
    """One period: how many cases of each kind and end, and each limit."""

    since: date
    until: date
    cases: int = 0
    running: int = 0
    stood_down: int = 0
    died: int = 0
    within: int = 0
    measured: int = 0
    delays: list[Delay] = field(default_factory=list)
    houses: list[Delay] = field(default_factory=list)


def countable(actor: Actor) -> GreenCaseQuerySet:
    """The rows that the post may count: the county for offices, else those of its houses."""
    if not actor.may("emergency.report"):
        return GreenCase.objects.none()
    if actor.reach is Reach.COUNTY:
        return GreenCase.objects.filter(county_id=actor.county_id)
    return GreenCase.objects.filter(actor.within("from_org", "to_org"))


def between(rows: GreenCaseQuerySet, since: date, until: date) -> GreenCaseQuerySet:
    """Opened on these days, both included, local time."""
    first, last = (min(max(day, FIRST), LAST) for day in (since, until))
    return rows.filter(
        opened_at__gte=_midnight(first), opened_at__lt=_midnight(last + timedelta(days=1))
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def report(actor: Actor, since: date, until: date) -> Report:
    """Everything that the page of delays shows."""
    found = Report(since=since, until=until)
    lines: dict[tuple[str, str, str, UUID | None], Delay] = {}
    for kind in catalogue.kinds().values():
        for limit in kind.limits:
            lines[(kind.code, limit.step, limit.start, None)] = Delay(limit)
    rows = between(countable(actor), since, until).order_by()
    for case in rows.for_counts().iterator(chunk_size=500):
        found.cases += 1
        found.running += case.is_running
        found.stood_down += case.state == State.STOOD_DOWN
        found.died += case.state == State.DIED
        if case.state == State.STOOD_DOWN:
            # What was no emergency delayed nobody.
            continue
        _count(case, lines)
    whole = [line for line in lines.values() if line.house is None]
    found.delays = whole
    found.houses = sorted(
        (line for line in lines.values() if line.house is not None and line.n + line.missing),
        key=lambda line: (line.limit.kind, line.limit.step, line.limit.start, line.house_name),
    )
    found.measured = sum(line.n for line in whole)
    found.within = sum(line.within for line in whole)
    return found


def _count(case: GreenCase, lines: dict[tuple[str, str, str, UUID | None], Delay]) -> None:
    kind, times = case.of_kind, case.times
    for each in measures(kind, times):
        house = at_whom(case, each.limit)
        for whose in (None, house):
            key = (kind.code, each.limit.step, each.limit.start, whose)
            line = lines.setdefault(key, Delay(each.limit, whose))
            if each.took is not None:
                line.taken.append(each.took)
            elif not case.is_running and each.limit.step in kind.required:
                line.missing += 1


def measures(kind: catalogue.Kind, times: dict[str, datetime]) -> Iterable[rules.Measure]:
    """Every limit of a kind against the times of one case."""
    now = timezone.now()
    return [rules.measure(limit, times, now=now, over=True) for limit in kind.limits]


def at_whom(case: GreenCase, limit: catalogue.Limit) -> UUID:
    """The house whose delay it is: until the departure the first, from the door on the other."""
    step = case.of_kind.step(limit.step)
    here: Any = case.to_org_id if step.side == "receiver" or limit.start == "door" else None
    return here or case.from_org_id


def missed(case: GreenCase, step: str, start: str) -> bool:
    """Whether a case took longer than the limit from `start` to `step`."""
    return any(
        each.pace is rules.Pace.MISSED
        for each in measures(case.of_kind, case.times)
        if (each.limit.step, each.limit.start) == (step, start)
    )
