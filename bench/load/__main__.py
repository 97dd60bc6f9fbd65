"""Load one county, as a program: see `bench.load`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bench.load
from bench.county import County, Scale, now
from bench.load import rows
from bench.load.houses import establish
from bench.load.tables import WithoutIndexes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=bench.load.__doc__)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--encounters", type=int, required=True)
    parser.add_argument("--referrals", type=int, required=True)
    parser.add_argument("--facts", type=int, default=0)
    parser.add_argument("--manifest", type=Path, required=True)
    asked = parser.parse_args()

    import django

    django.setup()
    manifest = load(Scale(asked.people, asked.encounters, asked.referrals, asked.facts))
    asked.manifest.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")


def load(scale: Scale) -> dict[str, Any]:
    """Fill an empty database; what a client needs to know of it."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", interactive=False, verbosity=0)
    houses, users = establish()
    county = County(scale, houses, now=now())
    # One commit at the end of each part; Django's own bookkeeping of transactions stays out.
    connection.ensure_connection()
    with WithoutIndexes():
        _part("residents", lambda: rows.residents(county))
        _part("encounters", lambda: rows.encounters(county))
        recent = _part("referrals", lambda: rows.referrals(county))
        _part("indexes", lambda: None)
    return {**_manifest(county, recent), "users": users, "scale": vars(scale)}


def _part(name: str, work: Callable[[], Any]) -> Any:
    started = time.monotonic()
    done = work()
    print(f"    {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return done


def _manifest(county: County, recent: Sequence[dict[str, Any]]) -> dict[str, Any]:
    from xinglin.registry.people import rules

    draw = random.Random(3)
    free = [place for place in range(len(county.people)) if place not in county.busy]
    patients = draw.sample(free, min(len(free), 6000))
    asked = [county.people[draw.randrange(len(county.people))] for _each in range(300)]
    lead, township = county.houses.hospitals[0].id, county.houses.townships[0].id
    return {
        "lead": str(lead),
        "township": str(township),
        "patients": [str(county.people[place].id) for place in patients],
        "heavy": [str(person.id) for person in county.heavy()] if county.scale.facts else [],
        "searches": {
            "name": [person.name for person in asked],
            "pinyin": [rules.pinyin_of(person.name) for person in asked],
            "initials": [rules.initials_of(person.name) for person in asked],
            "phone": [person.phone for person in asked],
            "ID tail": [person.id_number[-4:] for person in asked],
        },
        "referrals": [
            str(row["id"])
            for row in recent
            if str(township) in (str(row["from_org_id"]), str(row["to_org_id"]))
        ][-300:],
    }


if __name__ == "__main__":
    main()
