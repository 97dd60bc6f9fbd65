"""On which days something is due, and what a value beyond its limit means. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

ONCE, EVERY, WEEKLY, DATES, ALWAYS = "once", "every", "weekly", "dates", "always"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """When something is done.

    From `starts_on` to `ends_on`, both included: once, every `every_days` days, on `weekdays`
    (Monday is 1), on `dates`, or always, which gives no day of its own. Each day has a window of
    `window_days` more in which it may still be done.
    """

    timing: str
    starts_on: date
    ends_on: date | None = None
    every_days: int = 0
    weekdays: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()
    window_days: int = 0

    def days(self, *, since: date | None = None, most: int = 400) -> list[date]:
        """The due days in order, each once, at most `most`.

        What could only have been done before `since` is left out; something due once that was
        missed by then is due on `since`, for it is still owed.
        """
        first = self.starts_on
        last = self.ends_on or first
        if self.timing == ONCE:
            late = since is not None and first + self.window_days * DAY < since
            return [since if late and since is not None else first]
        found = [day for day in self._all(first, last) if first <= day <= last]
        if since is not None:
            found = [day for day in found if day + self.window_days * DAY >= since]
        return found[:most]

    def _all(self, first: date, last: date) -> list[date]:
        if self.timing == DATES:
            return sorted(set(self.dates))
        span = range((last - first).days + 1)
        if self.timing == EVERY:
            return [first + ahead * DAY for ahead in span[:: max(1, self.every_days)]]
        if self.timing == WEEKLY:
            days = (first + ahead * DAY for ahead in span)
            return [day for day in days if day.isoweekday() in self.weekdays]
        return []

    @property
    def gap(self) -> int | None:
        """The fewest days between two due days; None where there is one at most."""
        if self.timing == EVERY:
            return max(1, self.every_days)
        if self.timing == WEEKLY and self.weekdays:
            days = sorted(set(self.weekdays))
            return min(
                (after - day) % 7 or 7
                for day, after in zip(days, [*days[1:], days[0]], strict=True)
            )
        if self.timing == DATES:
            known = sorted(set(self.dates))
            return min(
                ((after - day).days for day, after in zip(known, known[1:], strict=False)),
                default=None,
            )
        return None


@dataclass(frozen=True)
class Limit:
    """A value at or below `low`, or at or above `high`, sends the patient back."""

    code: str
    low: Decimal | None = None
    high: Decimal | None = None

    def passed_by(self, value: Decimal) -> bool:
        below = self.low is not None and value <= self.low
        return below or (self.high is not None and value >= self.high)


def limits_of(told: Iterable[Mapping[str, Any]]) -> list[Limit]:
    """The limits that a file or a row keeps as plain JSON."""
    return [Limit(row["code"], _number(row.get("low")), _number(row.get("high"))) for row in told]


def _number(told: Any) -> Decimal | None:
    return None if told in (None, "") else Decimal(str(told))
