"""Run the benchmarks of matching: `python -m bench.matching`.

    train    learn the weights anew and write catalogue/matching.toml
    febrl    F1 on the FEBRL data sets, beside Splink and recordlinkage
    county   precision and recall on the generated Chinese county
    online   one person against a county in SQLite and PostgreSQL
    bulk     a whole county against itself
    single   one person through Splink's own find_matches_to_new_records

Tables go to the terminal, everything to `$XINGLIN_HOME/bench/matching-<what>.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Nobody trains on the seed that is tested.
TEST_SEED = 7
COUNTY_AIMS = {"precision": 0.999, "recall": 0.97}
ONLINE_AIM_MS = 20
BULK_AIMS = {"seconds": 300, "gigabytes": 4}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.matching",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="*", default=["febrl", "county"], help="default: %(default)s")
    parser.add_argument("--people", type=int, default=0, help="size (county 100000, others 10^6)")
    parser.add_argument("--db", default="sqlite,postgres", help="for online and bulk")
    asked = parser.parse_args()
    works: dict[str, Callable[[argparse.Namespace, Path], Any]] = {
        "train": train,
        "febrl": febrl,
        "county": county,
        "online": online,
        "bulk": bulk,
        "single": single,
    }
    if unknown := set(asked.what) - works.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    home = Path(os.environ.get("XINGLIN_HOME", "var")).resolve() / "bench"
    home.mkdir(parents=True, exist_ok=True)
    os.environ |= {"XINGLIN_HOME": str(home), "XINGLIN_ENV": "demo"}
    os.environ.setdefault("SECRET_KEY", "only-for-benchmarks")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinglin.config.settings")
    import django

    django.setup()
    for what in asked.what:
        found = works[what](asked, home)
        path = home / f"matching-{what}.json"
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
        print(path)


def _met(fine: bool) -> str:
    return "hit" if fine else "MISSED"


def train(asked: argparse.Namespace, home: Path) -> Any:
    from bench.matching import training

    found = training.train(
        ROOT / "catalogue" / "matching.toml", people=asked.people or training.PEOPLE
    )
    return {f"{field}.{level}": round(bits, 2) for (field, level), bits in found.bits.items()}


def febrl(asked: argparse.Namespace, home: Path) -> Any:
    from bench.matching import febrl as sets

    found = sets.run(home)
    for line in sets.lines(found):
        print(line)
    return found


def county(asked: argparse.Namespace, home: Path) -> Any:
    """Automatic verdicts against the truth; and how many twins were made one."""
    from bench.matching import engine, lookalikes
    from xinglin.registry.people.matching import sketch

    rows = lookalikes.county(asked.people or 100_000, TEST_SEED)
    sketches = [sketch(row, row.numbers) for row in rows]
    same: set[engine.Pair] = set()
    likely: set[engine.Pair] = set()
    for pair, told in engine.scored(sketches):
        if told.verdict is engine.SAME:
            same.add(pair)
        elif told.verdict is engine.PERHAPS:
            likely.add(pair)
    truth = engine.true_pairs([row.who for row in rows])
    automatic = engine.quality(same, truth)
    twins = sum(
        1 for one, other in same - truth if rows[one].twins and rows[one].twins == rows[other].twins
    )
    print(f"registrations {len(rows):,}, true pairs {len(truth):,}")
    for name, aim in COUNTY_AIMS.items():
        value = getattr(automatic, name)
        print(f"{name:10}{value:>9.5f}  aim {aim}  {_met(value >= aim)}")
    print(f"{'twins':10}{twins:>9}  aim 0  {_met(twins == 0)}")
    whole = engine.quality(same | likely, truth)
    print(f"with those put before the office: recall {whole.recall:.5f}, {len(likely):,} pairs")
    return {"automatic": automatic.told(), "with_reviews": whole.told(), "twins": twins}


def online(asked: argparse.Namespace, home: Path) -> Any:
    """`matching.find` in a process of its own on a loaded county."""
    found = {}
    for database, environment in _counties(asked, home):
        with tempfile.NamedTemporaryFile(suffix=".json") as told:
            command = [sys.executable, "-m", "bench.matching.online", "1000", told.name]
            subprocess.run(command, env=environment, cwd=ROOT, check=True)
            found[database] = json.loads(Path(told.name).read_text())
        p95 = found[database]["p95_ms"]
        print(
            f"{database:9} {found[database]}  aim p95 {ONLINE_AIM_MS} {_met(p95 <= ONLINE_AIM_MS)}"
        )
    return found


def bulk(asked: argparse.Namespace, home: Path) -> Any:
    """`xinglin people duplicates` on a loaded county: seconds and memory."""
    found = {}
    for database, environment in _counties(asked, home):
        started = time.monotonic()
        command = [sys.executable, "-m", "xinglin.config.cli", "people", "duplicates", "--json"]
        told = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=-1)
        seconds = time.monotonic() - started
        gigabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        found[database] = {
            **json.loads(told.stdout),
            "seconds": round(seconds, 1),
            "gigabytes": round(gigabytes, 2),
        }
        fine = seconds <= BULK_AIMS["seconds"] and gigabytes <= BULK_AIMS["gigabytes"]
        print(f"{database:9} {found[database]}  aims {BULK_AIMS} {_met(fine)}")
    return found


def single(asked: argparse.Namespace, home: Path) -> Any:
    """What Splink needs to compare one newcomer with a county that it holds in memory."""
    import splink

    from bench.matching import lookalikes
    from xinglin.registry.people.matching import bulk as whole
    from xinglin.registry.people.matching import sketch
    from xinglin.registry.people.matching.weights import weights

    rows = lookalikes.county(asked.people or 1_000_000, TEST_SEED, again=0)
    table = whole.table((str(at), sketch(row, row.numbers)) for at, row in enumerate(rows))
    api = splink.DuckDBAPI()
    model = whole.settings(weights(), len(rows)) | {"link_type": "link_only"}
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            # Without the share of namesakes, which would cost it a table more.
            for name in [name for name in level if name.startswith("tf_")]:
                del level[name]
    everybody = api.register(table, dataset_display_name="everybody")
    taken = []
    for turn, row in enumerate(rows[:12]):
        one = whole.table([(f"new {turn}", sketch(row, row.numbers))])
        started = time.perf_counter()
        newcomer = api.register(one, dataset_display_name=f"newcomer_{turn}")
        linker = splink.Linker([everybody, newcomer], model, log_level="ERROR")
        linker.inference.predict_between(left=everybody, right=newcomer)
        taken.append(1000 * (time.perf_counter() - started))
    taken = sorted(taken[2:])
    print(f"Splink, one against {len(rows):,}: median {taken[len(taken) // 2]:.0f} ms")
    return {"people": len(rows), "median_ms": round(taken[len(taken) // 2], 1)}


def _counties(asked: argparse.Namespace, home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A loaded county in each database, as the environment of a process that uses it."""
    from bench import serve
    from bench.county import Scale

    scale = Scale(people=asked.people or 1_000_000, encounters=1000, referrals=1000)
    for database in asked.db.split(","):
        with serve.loaded(database, scale, home) as environment:
            yield database, environment


if __name__ == "__main__":
    main()
