"""Processes that act at once, with connections of their own, on a real file and a real server."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connections

from xinglin.kernel.errors import Refused

PROCESSES = 6
fork = multiprocessing.get_context("fork")


def work(act: Callable[[int], Iterable[str]], place: int, start: Any, told: Any) -> None:
    """What a process does: waits for the others, acts, tells what came of it."""
    start.wait(60)
    try:
        for line in act(place):
            told.put(line)
    except BaseException as error:
        told.put(f"broken: {error!r}")
    finally:
        connections.close_all()
        told.put(None)
        told.close()
        told.join_thread()
        # Without the ways of pytest, which belong to the parent.
        os._exit(0)


def racing(act: Callable[[int], Iterable[str]], processes: int = PROCESSES) -> Counter[str]:
    """Let processes act at once; how often each answer came."""
    connections.close_all()
    start, told = fork.Barrier(processes), fork.Queue()
    running = [
        fork.Process(target=work, args=(act, place, start, told)) for place in range(processes)
    ]
    for process in running:
        process.start()
    answers: Counter[str] = Counter()
    over = 0
    while over < processes:
        line = told.get(timeout=120)
        if line is None:
            over += 1
        else:
            answers[line] += 1
    for process in running:
        process.join(60)
    assert not [line for line in answers if line.startswith("broken")], answers
    return answers


def trying(act: Any) -> str:
    try:
        act()
    except Refused as refusal:
        return refusal.code
    return "done"
