"""Run the benchmarks: `python -m bench`, or `make bench`.

Prints a table of ratios with the aims beside them, and writes everything to
`$XINGLIN_HOME/bench/<time>.json`. The counties are loaded once and kept in
`$XINGLIN_HOME/bench/data`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench.client import Answers, Caller, drive
from bench.county import Scale
from bench.measures import MEASURES, NOTHING, Measure, Visit
from bench.serve import Server, serving
from tests.postgres import binaries

# The county in which processor time is compared with other products.
YARDSTICK = Scale(people=100_000, encounters=500_000, referrals=20_000)
CONNECTIONS = 4
MEMORY_AIM = 300


@dataclass(frozen=True)
class Pace:
    """How often and how long: rounds of a burst of nothing, a burst of the view, and one by one."""

    rounds: int
    burst: float
    alone: float


FULL = Pace(rounds=5, burst=0.8, alone=1.0)
QUICK = Pace(rounds=2, burst=0.2, alone=0.2)


@dataclass
class Figures:
    """What was found of one measure on one server."""

    database: str
    size: int
    measure: str
    ratios: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    nothing_per_second: list[float] = field(default_factory=list)
    alone: Answers = field(default_factory=Answers)
    nothing_alone: Answers = field(default_factory=Answers)
    nothing_cpu: float = 0.0
    nothings: int = 0
    cpu: float = 0.0
    database_cpu: float = 0.0
    requests: int = 0

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """The ratio by processor time of the web process: quieter than that by the clock."""
        return self.nothing_cpu / self.nothings / (self.cpu / self.requests)

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / self.requests

    @property
    def database_cpu_ms(self) -> float:
        return 1000 * self.database_cpu / self.requests

    @property
    def p95_ratio(self) -> float:
        """The p95 of one caller relative to that of nothing, in the same rounds."""
        return self.alone.percentile(0.95) / self.nothing_alone.percentile(0.95)

    def told(self) -> dict[str, Any]:
        return {
            "database": self.database,
            "size": self.size,
            "measure": self.measure,
            "ratio": round(self.ratio, 3),
            "cpu_ratio": round(self.cpu_ratio, 3),
            "ratios": [round(each, 3) for each in self.ratios],
            "per_second": round(median(self.per_second), 1),
            "nothing_per_second": round(median(self.nothing_per_second), 1),
            "p50_ms": round(self.alone.percentile(0.50), 2),
            "p95_ms": round(self.alone.percentile(0.95), 2),
            "nothing_p95_ms": round(self.nothing_alone.percentile(0.95), 2),
            "p95_ratio": round(self.p95_ratio, 2),
            "cpu_ms": round(self.cpu_ms, 2),
            "database_cpu_ms": round(self.database_cpu_ms, 2),
            "requests": self.requests,
        }


def main() -> None:
    asked = _asked()
    home = Path(os.environ.get("XINGLIN_HOME", "var")).resolve() / "bench"
    home.mkdir(parents=True, exist_ok=True)
    found: list[Figures] = []
    memory: list[dict[str, Any]] = []
    for database in asked.db:
        if database == "postgres" and binaries() is None:
            print("PostgreSQL is not installed here: left out.", file=sys.stderr)
            continue
        for record in (False, True):
            measures = [measure for measure in asked.only if measure.record is record]
            if not measures:
                continue
            scales = [(_record_scale if record else _scale)(number) for number in asked.sizes]
            if database == "postgres" and not asked.quick and not record:
                scales.append(YARDSTICK)
            with contextlib.ExitStack() as stack:
                servers = [stack.enter_context(serving(database, scale, home)) for scale in scales]
                visits = [Visit(server) for server in servers]
                for measure in measures:
                    found += _measured(database, measure, visits, QUICK if asked.quick else FULL)
                memory += [
                    {
                        "database": database,
                        "size": server.scale.size,
                        "megabytes": round(server.memory()),
                    }
                    for server in servers
                ]
    _print(found, memory)
    path = home / f"{datetime.now():%Y%m%d-%H%M%S}.json"
    told = {
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "yardstick": asdict(YARDSTICK),
        "figures": [figures.told() for figures in found],
        "memory": memory,
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    print(f"\n{path}")


def _asked() -> argparse.Namespace:
    names = [measure.name for measure in MEASURES]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Benchmarks, as ratios to a do-nothing view of the same server.",
        epilog="Measures: " + ", ".join(names),
    )
    parser.add_argument("--db", default="sqlite,postgres", help="sqlite, postgres or both")
    parser.add_argument(
        "--sizes",
        help="numbers of referrals, or of people where the record is measured "
        "(default 10000,1000000)",
    )
    parser.add_argument("--quick", action="store_true", help="small counties, a minute in all")
    parser.add_argument("--only", default="", help="measures whose names begin so, by commas")
    asked = parser.parse_args()
    asked.db = asked.db.split(",")
    if unknown := set(asked.db) - {"sqlite", "postgres"}:
        parser.error(f"no such database: {', '.join(sorted(unknown))}")
    sizes = asked.sizes or ("1000" if asked.quick else "10000,1000000")
    asked.sizes = [int(number) for number in sizes.split(",")]
    wanted = tuple(filter(None, asked.only.split(","))) or ("",)
    asked.only = [measure for measure in MEASURES if measure.name.startswith(wanted)]
    if not asked.only:
        parser.error(f"no such measure; there are {', '.join(names)}")
    return asked


def _scale(referrals: int) -> Scale:
    return Scale(people=max(referrals // 2, 5000), encounters=referrals, referrals=referrals)


def _record_scale(people: int) -> Scale:
    return Scale(people=people, encounters=people, referrals=people // 50, facts=10 * people)


# ------------------------------------------------------------------------------------ measuring


def _measured(
    database: str, measure: Measure, visits: Sequence[Visit], pace: Pace
) -> list[Figures]:
    """Rounds over all counties in turn, so that the machine's moods meet them alike."""
    print(f"  {database}: {measure.name}", file=sys.stderr, flush=True)
    found = [Figures(database, visit.server.scale.size, measure.name) for visit in visits]
    requests = [measure.requests(visit) for visit in visits]
    for visit, waiting in zip(visits, requests, strict=True):
        # The first ones read templates, plans and pages of the database.
        _keep(visit, measure, _burst(visit.server, measure, islice(waiting, 5), 60, 1))
    for _round in range(pace.rounds):
        for visit, waiting, figures in zip(visits, requests, found, strict=True):
            server = visit.server
            before = server.cpu()
            nothing = _nothing(server, pace.burst)
            figures.nothing_cpu += server.cpu() - before
            figures.nothings += nothing.count
            before = server.cpu()
            database_before = server.database_cpu()
            view = _burst(server, measure, waiting, pace.burst, CONNECTIONS)
            if not view.count:
                # Nothing is left to be accepted.
                continue
            figures.cpu += server.cpu() - before
            figures.database_cpu += server.database_cpu() - database_before
            figures.requests += view.count
            figures.ratios.append(view.per_second / nothing.per_second)
            figures.per_second.append(view.per_second)
            figures.nothing_per_second.append(nothing.per_second)
            figures.nothing_alone.latencies += _nothing(server, pace.alone / 4, 1).latencies
            alone = _burst(server, measure, waiting, pace.alone, 1)
            figures.alone.latencies += alone.latencies
            _keep(visit, measure, view)
            _keep(visit, measure, alone)
    return found


def _nothing(server: Server, seconds: float, many: int = CONNECTIONS) -> Answers:
    request = Caller(server.port).get(NOTHING)
    return drive(server.port, _forever(request), status=200, connections=many, seconds=seconds)


def _burst(
    server: Server, measure: Measure, requests: Iterator[bytes], seconds: float, many: int
) -> Answers:
    return drive(server.port, requests, status=measure.status, connections=many, seconds=seconds)


def _forever(request: bytes) -> Iterator[bytes]:
    while True:
        yield request


def _keep(visit: Visit, measure: Measure, answers: Answers) -> None:
    if measure.leaves == "submitted":
        visit.submitted += answers.locations


# -------------------------------------------------------------------------------------- telling


def _print(found: Sequence[Figures], memory: Sequence[dict[str, Any]]) -> None:
    by_name = {measure.name: measure for measure in MEASURES}
    print(
        f"{'':34}{'× nothing':>10}{'aim':>7} {'':7}{'by CPU':>7}{'p50 ms':>8}{'p95 ms':>8}"
        f"{'× p95':>7}{'aim':>5} {'':7}"
        f"{'CPU ms':>8}{'aim':>6} {'':7}{'DB ms':>7}{'req/s':>8}"
    )
    for each in found:
        aims = by_name[each.measure]
        p50, p95 = each.alone.percentile(0.5), each.alone.percentile(0.95)
        p95_met = _met(aims.p95, each.p95_ratio, most=True)
        cpu_aim = aims.cpu if _on_yardstick(each) else None
        print(
            f"{each.database:9}{each.size:>9,} {each.measure:15.15}"
            f"{each.ratio:>10.3f}{_aim(aims.ratio):>7} {_met(aims.ratio, each.ratio):7}"
            f"{each.cpu_ratio:>7.3f}{p50:>8.1f}{p95:>8.1f}"
            f"{each.p95_ratio:>7.1f}{_aim(aims.p95):>5} {p95_met:7}"
            f"{each.cpu_ms:>8.2f}{_aim(cpu_aim):>6} {_met(cpu_aim, each.cpu_ms, most=True):7}"
            f"{each.database_cpu_ms:>7.2f}{median(each.per_second):>8.0f}"
        )
    for line in _growth(found):
        print(line)
    for told in memory:
        met = _met(MEMORY_AIM, told["megabytes"], most=True)
        print(
            f"{told['database']:9}{told['size']:>9,} memory of the worker "
            f"{told['megabytes']} MB, aim {MEMORY_AIM} {met}"
        )


def _on_yardstick(figures: Figures) -> bool:
    return figures.database == "postgres" and figures.size == YARDSTICK.referrals


def _growth(found: Sequence[Figures]) -> Iterator[str]:
    for measure in MEASURES:
        for database in ("sqlite", "postgres"):
            sizes = sorted(
                (
                    each
                    for each in found
                    if (each.measure, each.database) == (measure.name, database)
                ),
                key=lambda each: each.size,
            )
            if measure.growth and len(sizes) > 1:
                small, large = (each.alone.percentile(0.95) for each in (sizes[0], sizes[-1]))
                growth = large / small
                yield (
                    f"{database:9}{measure.name}: p95 at {sizes[-1].size:,} is {growth:.2f} × "
                    f"that at {sizes[0].size:,}, aim {measure.growth} "
                    f"{_met(measure.growth, growth, most=True)}"
                )


def _aim(aim: float | None) -> str:
    return "" if aim is None else f"{aim:g}"


def _met(aim: float | None, figure: float, *, most: bool = False) -> str:
    if aim is None:
        return ""
    return "hit" if (figure <= aim if most else figure >= aim) else "MISSED"


if __name__ == "__main__":
    main()
