"""When an order is due: the hours of its frequency, from its start until its end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from xinglin.clinical.orders.catalogue import Frequency


def due_times(
    frequency: Frequency,
    start: datetime,
    since: datetime,
    until: datetime,
    end: datetime | None = None,
) -> list[datetime]:
    """The moments in [since, until) at which something is due, in order, aware and local.

    Nothing is due before `start`, nor at or after `end`. What is done once is due at its start;
    what is done only when needed, or stands until it is stopped, is never due by the clock.
    Every other day counts from the day of the start.
    """
    if frequency.kind == "once":
        return [start] if since <= start < until else []
    if frequency.kind != "scheduled":
        return []
    first = max(start, since)
    last = min(until, end) if end else until
    if first >= last:
        return []
    begun = timezone.localdate(start)
    found: list[datetime] = []
    day, final = timezone.localdate(first), timezone.localdate(last)
    while day <= final:
        if _falls_on(frequency, day, begun):
            for hour in frequency.times:
                at = timezone.make_aware(datetime.combine(day, hour))
                if first <= at < last:
                    found.append(at)
        day += timedelta(days=1)
    return found


def _falls_on(frequency: Frequency, day: date, begun: date) -> bool:
    if frequency.weekdays and day.isoweekday() not in frequency.weekdays:
        return False
    return (day - begun).days % frequency.every_days == 0


def next_due(
    frequency: Frequency, start: datetime, after: datetime, end: datetime | None = None
) -> datetime | None:
    """The first moment later than `after` at which something is due; None if there is none."""
    # The longest gap of a frequency is a week or its own number of days.
    horizon = max(after, start) + timedelta(days=max(8, frequency.every_days + 1))
    found = due_times(frequency, start, after + timedelta(microseconds=1), horizon, end)
    return found[0] if found else None
