"""What must stay written though the act around it is taken back.

A failed try at a secret is refused, and a refusal undoes its transaction; the try must count
all the same. Whoever holds the outer transaction wraps it:

    with aftermath.kept():
        with transaction.atomic():
            …
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_waiting: ContextVar[list[Callable[[], object]] | None] = ContextVar("aftermath", default=None)


def keep(write: Callable[[], object]) -> None:
    """Write again after an outer transaction has been taken back; without one, nothing to do."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append(write)


@contextmanager
def kept() -> Iterator[Callable[[], None]]:
    """Gather what is to be kept; the function that comes out forgets it (nothing was undone)."""
    waiting: list[Callable[[], object]] = []
    token = _waiting.set(waiting)
    try:
        yield waiting.clear
    finally:
        _waiting.reset(token)
        for write in waiting:
            write()
