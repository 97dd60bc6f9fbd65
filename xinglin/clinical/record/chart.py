"""A trend as a picture: places on a sheet for points, scales and the reference band. Pure.

The template writes it as SVG. One sheet is made for wide windows and paper and one for phones, so
that letters keep their size on both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

LEFT, RIGHT, TOP, BOTTOM = 44, 14, 14, 26
# With more points than these the line alone is drawn: marks would hide it.
MARKED = 150
MONTHS = 45  # days up to which the scale below tells days, and months from there on


@dataclass(frozen=True)
class Value:
    """One measurement: when, how much, whether out of range, and words for the mark."""

    at: datetime
    number: Decimal
    odd: bool = False
    words: str = ""


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    odd: bool
    words: str


@dataclass(frozen=True)
class Tick:
    place: float
    words: str
    anchor: str = "middle"


@dataclass
class Curve:
    name: str
    path: str
    marks: list[Mark]
    end: Mark


@dataclass
class Chart:
    """Everything that has a place on the sheet; `band` is (y, height) of the reference range."""

    width: int
    height: int
    curves: list[Curve] = field(default_factory=list)
    levels: list[Tick] = field(default_factory=list)
    times: list[Tick] = field(default_factory=list)
    band: tuple[float, float] | None = None

    @property
    def right(self) -> int:
        return self.width - RIGHT

    @property
    def floor(self) -> int:
        return self.height - BOTTOM

    left = LEFT
    top = TOP

    @property
    def inner(self) -> int:
        return self.width - LEFT - RIGHT


def draw(
    series: Sequence[tuple[str, Sequence[Value]]],
    low: Decimal | None,
    high: Decimal | None,
    *,
    width: int,
    height: int = 240,
) -> Chart:
    """The sheet of one or several series, each in the order of time, over one scale."""
    chart = Chart(width, height)
    every = [value for _name, values in series for value in values]
    if not every:
        return chart
    numbers = [float(value.number) for value in every]
    floor, top, levels = scale(
        min([*numbers, *([float(low)] if low is not None else [])]),
        max([*numbers, *([float(high)] if high is not None else [])]),
    )
    first, last = min(v.at for v in every), max(v.at for v in every)
    if first == last:
        first, last = first - timedelta(days=1), last + timedelta(days=1)
    span = (last - first).total_seconds()

    def across(at: datetime) -> float:
        return round(LEFT + (at - first).total_seconds() / span * (chart.right - LEFT), 1)

    def up(number: float) -> float:
        return round(chart.floor - (number - floor) / (top - floor) * (chart.floor - TOP), 1)

    chart.levels = [Tick(up(level), f"{level:g}") for level in levels]
    chart.times = _times(first, last, across, width)
    if low is not None or high is not None:
        above = up(float(high) if high is not None else top)
        below = up(float(low) if low is not None else floor)
        chart.band = above, round(below - above, 1)
    for name, values in series:
        marks = [Mark(across(v.at), up(float(v.number)), v.odd, v.words) for v in values]
        if marks:
            path = "M" + "L".join(f"{mark.x} {mark.y}" for mark in marks)
            shown = marks if len(marks) <= MARKED else [m for m in marks if m.odd][-MARKED:]
            chart.curves.append(Curve(name, path, shown, marks[-1]))
    return chart


def scale(low: float, high: float) -> tuple[float, float, list[float]]:
    """Round ends around the values, and the round levels between them, four to seven."""
    if low == high:
        low, high = low - (abs(low) or 1) * 0.1, high + (abs(high) or 1) * 0.1
    rough = (high - low) / 4
    size = 10.0 ** _exponent(rough)
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough)
    begin = step * (low // step)
    levels = [begin]
    while levels[-1] < high:
        levels.append(round(levels[-1] + step, 10))
    return levels[0], levels[-1], levels


def _exponent(number: float) -> int:
    return int(f"{number:e}".partition("e")[2])


def _times(
    first: datetime, last: datetime, place: Callable[[datetime], float], width: int
) -> list[Tick]:
    """Dates below the sheet, as many as have room."""
    days = max(1, (last - first).days)
    room = max(2, width // 110)
    pattern = "%m-%d" if days <= MONTHS else "%Y-%m"
    found: list[Tick] = []
    for part in range(room):
        at = first + (last - first) * part / (room - 1)
        words = timezone.localtime(at).strftime(pattern)
        if not found or found[-1].words != words:
            anchor = "start" if not part else "end" if part == room - 1 else "middle"
            found.append(Tick(place(at), words, anchor))
    return found
