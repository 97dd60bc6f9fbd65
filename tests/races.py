"""Several hands at one thing in the same instant, each on a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

from xinglin.kernel.errors import Refused


def together(*works: Callable[[], Any]) -> list[Any]:
    """Do all at once; what each gave, or the sentence it was refused with.

    Whoever breaks down instead of being refused, or never comes back, fails the test.
    """
    start = threading.Barrier(len(works))
    given: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            start.wait(30)
            given[place] = work()
        except Exception as error:
            given[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "somebody waits for ever"
    broken = [x for x in given if isinstance(x, Exception) and not isinstance(x, Refused)]
    assert broken == []
    return given
