"""How long triage thinks: `python -m bench.triage`.

Random cases, from a cold to the worst that a form can hold, asked of a village, a township and a
county hospital in this process. The aim is 5 ms for any input; the median says what a doctor waits.
"""

from __future__ import annotations

import os
import statistics
import time
from random import Random

AIM_MS = 5.0
ROUNDS = 3000


def main() -> None:
    """Print median, 99th percentile and worst of each kind of case, in milliseconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinglin.config.settings")
    os.environ.setdefault("XINGLIN_ENV", "demo")
    import django

    django.setup()
    from xinglin.clinical.triage import catalogue
    from xinglin.clinical.triage.rules.advising import House, advise
    from xinglin.clinical.triage.rules.case import Case
    from xinglin.registry.organisations.catalogue import abilities_of_level

    rng = Random(12)
    numbers, signs = catalogue.numbers(), sorted(catalogue.signs())
    listed = [
        row.code
        for rows in (catalogue.township_list(), catalogue.county_list())
        for row in rows.rows
    ]
    above: House | None = None
    houses = []
    for level in ("county", "township", "village"):
        above = House(level, abilities_of_level(level), above=above)
        houses.append(above)

    def case(codes: int, values: int, told: int) -> Case:
        chosen = rng.sample(sorted(numbers), min(values, len(numbers)))
        return Case(
            tuple(rng.choices(listed, k=codes)),
            tuple(rng.choices(listed, k=codes)),
            {code: rng.uniform(numbers[code].low, numbers[code].high) for code in chosen},
            frozenset(rng.sample(signs, min(told, len(signs)))),
            rng.choice(["male", "female", ""]),
        )

    shapes = {"a visit": (1, 6, 2), "a long record": (6, 20, 8), "all there is": (60, 99, 999)}
    print(f"{'case':14} {'median':>8} {'p99':>8} {'worst':>8}   aim {AIM_MS:g} ms")
    advise(case(1, 6, 2), houses[0])
    for name, shape in shapes.items():
        taken = []
        for turn in range(ROUNDS):
            asked = case(*shape)
            begun = time.process_time()
            advise(asked, houses[turn % len(houses)])
            taken.append((time.process_time() - begun) * 1000)
        taken.sort()
        p99 = taken[int(len(taken) * 0.99)]
        verdict = "" if p99 <= AIM_MS else "   missed"
        print(f"{name:14} {statistics.median(taken):8.2f} {p99:8.2f} {taken[-1]:8.2f}{verdict}")


if __name__ == "__main__":
    main()
