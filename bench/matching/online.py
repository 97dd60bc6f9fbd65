"""One person at the counter against a whole county in the database: how long an answer takes.

Runs in a process of its own on the database that the environment names; `bench.load` has filled
it. Asked for are people of the county with slips, and strangers, in turn.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    import django

    django.setup()
    times, known = int(sys.argv[1]), Path(sys.argv[2])
    known.write_text(json.dumps(ask(times)))


def ask(times: int, seed: int = 3) -> dict[str, Any]:
    """Milliseconds of each answer, and how many of those who are known were found."""
    from bench.matching.lookalikes import _other_character, _phone
    from xinglin.registry.people.matching import find
    from xinglin.registry.people.models import MatchKey, Person

    draw = random.Random(seed)
    last = MatchKey.objects.order_by("-id").values_list("id", flat=True).first() or 1
    taken: list[float] = []
    found = asked = 0
    for turn in range(times + 20):
        key = MatchKey.objects.filter(id__gte=draw.randrange(last)).order_by("id").first()
        assert key is not None
        person = key.person
        who = Person(
            county_id=person.county_id,
            name=_other_character(person.name, draw, sounds=True),
            sex=person.sex,
            birth_date=person.birth_date,
            phone=person.phone if draw.random() < 0.5 else _phone(draw),
            id_number=person.id_number if draw.random() < 0.3 else "",
            township=person.township,
            village=person.village,
        )
        if turn % 2:
            who.name, who.phone, who.id_number = f"{who.name[0]}灿烂", _phone(draw), ""
        started = time.perf_counter()
        candidates = find(who)
        taken.append(1000 * (time.perf_counter() - started))
        if not turn % 2:
            asked += 1
            found += any(each.person.pk == person.pk for each in candidates)
    # The first ones count the county and read the catalogue; a process does that once.
    taken = sorted(taken[20:])
    return {
        "p50_ms": round(taken[len(taken) // 2], 2),
        "p95_ms": round(taken[int(len(taken) * 0.95)], 2),
        "p99_ms": round(taken[int(len(taken) * 0.99)], 2),
        "asked": len(taken),
        "found": round(found / asked, 4),
    }


if __name__ == "__main__":
    main()
