"""The background worker: events, clocks, the trail's chain, long jobs.

Any number of workers may run on one database; each piece of work is taken by one of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import close_old_connections, connection

from xinglin.kernel import inbox, jobs, outbox, trail

logger = logging.getLogger(__name__)


@dataclass
class Clock:
    """A piece of work that is due every so many seconds."""

    every: float
    work: Callable[[], object]
    next_at: float = 0.0


_clocks: list[Clock] = []


def every(seconds: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register work that the worker repeats."""

    def register(work: Callable[[], object]) -> Callable[[], object]:
        _clocks.append(Clock(seconds, work))
        return work

    return register


every(1)(outbox.deliver)
every(2)(trail.seal)
every(20)(inbox.raise_overdue)


def turn(now: float) -> bool:
    """One round: every clock that is due, then one job; whether a job was done."""
    for clock in _clocks:
        if clock.next_at <= now:
            clock.next_at = now + clock.every
            _try(clock.work)
    return bool(_try(jobs.run_next))


def everything_due() -> None:
    """All clocks once, now: what tests and the demo call instead of waiting."""
    for clock in _clocks:
        clock.work()
    while jobs.run_next():
        pass


def _try(work: Callable[[], object]) -> object:
    try:
        return work()
    except Exception:  # the worker outlives a broken database connection or a broken clock
        logger.exception("Background work failed")
        connection.close_if_unusable_or_obsolete()
        return None


def run(stop: threading.Event) -> None:
    """Work until told to stop."""
    while not stop.is_set():
        close_old_connections()
        busy = turn(time.monotonic())
        stop.wait(0.05 if busy else 0.5)
    connection.close()
