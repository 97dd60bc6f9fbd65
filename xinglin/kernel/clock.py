"""What time it is, for acts and their traces.

Actions ask here instead of the machine, so that work that is entered afterwards, such as the
demo county's year, gets the times at which it was done:

    with clock.at(moment):
        referrals.accept(referral, by=clerk)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_set: ContextVar[datetime | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The moment at which acts happen: the machine's, unless `at` names another."""
    return _set.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let acts inside happen at another moment, in this thread of work only."""
    token = _set.set(moment)
    try:
        yield
    finally:
        _set.reset(token)
