"""Laying a weekly pattern out into slots, sharing places among channels, finding overlaps.

No database and no clock: days and times of the wall in, times of the wall out. China's clocks do
not change, and where they would, a slot is told by the wall's time at which it begins.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAY = 24 * 60


@dataclass(frozen=True)
class Pattern:
    """One session of a week or of a day: from–to on the wall, minutes and places of each slot.

    `weekday` is 1 (Monday) to 7; `day` makes it an odd day's, and then the weekday is None. An
    `end` of midnight is the day's end.
    """

    weekday: int | None
    day: date | None
    start: time
    end: time
    minutes: int
    places: int

    @property
    def first(self) -> int:
        """Minute of the day at which it begins."""
        return self.start.hour * 60 + self.start.minute

    @property
    def last(self) -> int:
        """Minute of the day at which it ends; 1440 for midnight."""
        return (self.end.hour * 60 + self.end.minute) or DAY

    @property
    def slots(self) -> int:
        return (self.last - self.first) // self.minutes

    def meets(self, other: Pattern) -> bool:
        """Whether both run at the same hour; the day is another question."""
        return self.first < other.last and other.first < self.last


@dataclass(frozen=True)
class Place:
    """A slot to be: its two times (naive, of the wall), for which channel, how many places."""

    start: datetime
    end: datetime
    kept_for: str
    places: int


def sessions_of(day: date, patterns: Iterable[Pattern]) -> list[Pattern]:
    """What runs on a day: its odd sessions where there are some, else those of its weekday."""
    known = list(patterns)
    odd = [each for each in known if each.day == day]
    return odd or [each for each in known if each.weekday == day.isoweekday()]


def shared(places: int, shares: Mapping[str, int]) -> dict[str, int]:
    """How many of so many places each channel keeps: its percentage, rounded up.

    Rounded up, so that “at least a fifth” is kept of a short session, too. What the channels
    named first have taken is no more to be had.
    """
    left, kept = places, {}
    for channel, percent in shares.items():
        mine = min(left, math.ceil(places * percent / 100))
        if mine:
            kept[channel] = mine
        left -= mine
    return kept


def lay_out(day: date, pattern: Pattern, shares: Mapping[str, int]) -> Iterator[Place]:
    """The slots of one session on one day, with kept places spread evenly over it.

    A slot with places of two sorts comes once for each: `kept_for` "" is open to everybody.
    """
    seats = [number for number in range(pattern.slots) for _seat in range(pattern.places)]
    whose = [""] * len(seats)
    for channel, count in shared(len(seats), shares).items():
        free = [seat for seat, owner in enumerate(whose) if not owner]
        for number in range(count):
            whose[free[(2 * number + 1) * len(free) // (2 * count)]] = channel
    midnight = datetime.combine(day, time())
    for (number, channel), places in sorted(Counter(zip(seats, whose, strict=True)).items()):
        start = midnight + timedelta(minutes=pattern.first + number * pattern.minutes)
        yield Place(start, start + timedelta(minutes=pattern.minutes), channel, places)


def days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def clash(
    mine: Iterable[Pattern],
    others: Iterable[Pattern],
    first: date,
    last: date | None,
) -> tuple[Pattern, Pattern] | None:
    """A pair of sessions that run at the same time on some day from `first` to `last`, if any."""
    theirs = list(others)
    ours = list(mine)
    for one in ours:
        for two in theirs:
            if one.meets(two) and _same_day(one, two, ours, theirs, first, last):
                return one, two
    return None


def _same_day(
    one: Pattern,
    two: Pattern,
    ours: list[Pattern],
    theirs: list[Pattern],
    first: date,
    last: date | None,
) -> bool:
    odd = one.day or two.day
    if odd is not None:
        within = first <= odd and (last is None or odd <= last)
        return within and one in sessions_of(odd, ours) and two in sessions_of(odd, theirs)
    if one.weekday != two.weekday:
        return False
    # Both run every week: on the first such day on which neither has an odd session.
    assert one.weekday is not None
    day = first + timedelta(days=(one.weekday - first.isoweekday()) % 7)
    odd_days = {each.day for each in (*ours, *theirs) if each.day}
    while day in odd_days:
        day += timedelta(days=7)
    return last is None or day <= last
