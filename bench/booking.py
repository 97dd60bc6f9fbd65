"""The booking rush: many workers, few places, and the same SQL by pgbench beside it.

    python -m bench.booking [--db sqlite,postgres] [--workers 200] [--requests 2000] [--places 500]

Workers book through the real action, each for other people, at the same moment. There must be
exactly as many bookings as places and no refusal but the sentence “full”. On PostgreSQL the very
statements of one booking, as the driver sent them, are then run by pgbench on the same server
with as many clients; the ratio of the two throughputs is what is aimed at (≥ 0.5).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from tests.postgres import TemporaryPostgres, binaries

AIM = 0.5
SLOTS = 25
# Keys that pgbench can write by itself: a number at their end.
PERSON, SLOT = "00000000-0000-7000-8000-", "00000000-0000-7000-9000-"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.booking", description=__doc__)
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--places", type=int, default=500)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    names = asked.db.split(",")
    if len(names) > 1:
        # Django knows one database in a process.
        for name in names:
            done = subprocess.run([sys.executable, "-m", "bench.booking", *again(name)])
            if done.returncode:
                sys.exit(done.returncode)
        return
    if names == ["postgres"] and binaries() is None:
        print("PostgreSQL is not installed here: left out.", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="xinglin-rush-") as home:
        os.environ |= {
            "XINGLIN_HOME": home,
            "XINGLIN_ENV": "demo",
            "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "xinglin.config.settings",
            "DATABASE_URL": f"sqlite:///{home}/rush.sqlite3",
        }
        if names == ["sqlite"]:
            Rush(asked, None).run()
            return
        options = {"max_connections": str(asked.workers + 20)}
        with TemporaryPostgres(fast=False, options=options) as server:
            os.environ["DATABASE_URL"] = server.url
            Rush(asked, server).run()


def again(name: str) -> list[str]:
    kept, skip = [], False
    for word in sys.argv[1:]:
        if skip or word == "--db":
            skip = not skip
        elif not word.startswith("--db="):
            kept.append(word)
    return [f"--db={name}", *kept]


class Rush:
    """A county with a morning of few places, and the workers that want them."""

    def __init__(self, asked: argparse.Namespace, server: TemporaryPostgres | None) -> None:
        self.asked = asked
        self.server = server

    def run(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        self._found()
        ratios = []
        for number in range(self.asked.rounds):
            self._clear()
            seconds, answers = self._rush()
            self._exact(answers)
            ours = self.asked.requests / seconds
            line = f"round {number + 1}: {ours:,.0f} requests/s, {dict(answers)}"
            if self.server is not None:
                script = self._same_sql()
                self._clear()
                theirs = self._pgbench(script)
                ratios.append(ours / theirs)
                line += f"; pgbench {theirs:,.0f}/s, ratio {ours / theirs:.2f}"
            print(line, flush=True)
        name = "postgres" if self.server else "sqlite"
        told = f"{name}: exactly {self.asked.places} bookings in every round"
        if ratios:
            met = "hit" if median(ratios) >= AIM else "MISSED"
            told += f"; {median(ratios):.2f} × pgbench, aim {AIM} {met}"
        print(told, flush=True)

    def _found(self) -> None:
        from django.utils import timezone

        from tests import cast
        from xinglin.clinical.capacity.models import Schedule, Slot
        from xinglin.clinical.capacity.tests import factories
        from xinglin.kernel import bulk
        from xinglin.registry.people.models import Person

        county = cast.make()
        factories.staffed(county)
        self.by = county.desk
        base = factories.written(county)
        base.county = county.region
        base.save()
        schedule = Schedule.objects.get(pk=base.pk)
        start = timezone.now() + timedelta(days=2)
        share, rest = divmod(self.asked.places, SLOTS)
        self.slots = [
            Slot(
                id=UUID(f"{SLOT}{number:012x}"),
                county=county.region,
                organisation=county.hospital,
                department=schedule.department,
                schedule=schedule,
                kind="clinic",
                start_at=start + timedelta(minutes=10 * number),
                end_at=start + timedelta(minutes=10 * number + 10),
                places=share + (number < rest),
                updated_at=timezone.now(),
            )
            for number in range(SLOTS)
        ]
        bulk.create(self.slots)
        people = [
            Person(
                id=UUID(f"{PERSON}{number:012x}"),
                county=county.region,
                name=f"居民{number}",
                updated_at=timezone.now(),
            )
            for number in range(self.asked.requests)
        ]
        bulk.create(people)
        self.people = people

    def _clear(self) -> None:
        from django.db import connection

        from xinglin.clinical.capacity.models import Booking, Slot
        from xinglin.kernel.models import OutboxEvent, TrailEntry

        for model in (Booking, OutboxEvent, TrailEntry):
            model.objects.all().delete()
        Slot.objects.update(taken=0)
        if self.server is not None:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
                cursor.execute("CHECKPOINT")

    # -------------------------------------------------------------------------------- the workers

    def _rush(self) -> tuple[float, Counter[str]]:
        """All at once; the seconds from the start to the last answer, and what was answered."""
        from django.db import connections

        connections.close_all()
        fork = multiprocessing.get_context("fork")
        start, told = fork.Barrier(self.asked.processes + 1), fork.Queue()
        running = [
            fork.Process(target=self._process, args=(place, start, told))
            for place in range(self.asked.processes)
        ]
        for process in running:
            process.start()
        start.wait(120)
        begun = time.perf_counter()
        answers: Counter[str] = Counter()
        for _process in running:
            answers.update(told.get(timeout=600))
        seconds = time.perf_counter() - begun
        for process in running:
            process.join(60)
        return seconds, answers

    def _process(self, place: int, start: Any, told: Any) -> None:
        from django.db import connection

        threads_each = self.asked.workers // self.asked.processes
        ready = threading.Barrier(threads_each + 1)
        answers: list[str] = []

        def work(number: int) -> None:
            connection.ensure_connection()
            ready.wait(120)
            for wish in range(number, self.asked.requests, self.asked.workers):
                answers.append(self._book(wish))
            connection.close()

        first = place * threads_each
        threads = [
            threading.Thread(target=work, args=(first + number,)) for number in range(threads_each)
        ]
        for thread in threads:
            thread.start()
        start.wait(120)
        ready.wait(120)
        for thread in threads:
            thread.join(600)
        told.put(Counter(answers))
        told.close()
        told.join_thread()
        os._exit(0)

    def _book(self, wish: int) -> str:
        from xinglin.clinical.capacity import actions
        from xinglin.kernel.errors import Refused

        slot, person = self.slots[wish % SLOTS], self.people[wish]
        try:
            actions.book(slot, by=self.by, person=person, channel="counter")
        except Refused as refusal:
            return refusal.code
        except Exception as error:
            return repr(error)[:200]
        return "booked"

    def _exact(self, answers: Counter[str]) -> None:
        from xinglin.clinical.capacity.models import Booking, Slot

        wanted = {"booked": self.asked.places}
        if self.asked.requests > self.asked.places:
            wanted["slot-full"] = self.asked.requests - self.asked.places
        assert dict(answers) == wanted, answers
        assert Booking.objects.count() == self.asked.places
        for slot in Slot.objects.all():
            assert slot.taken == slot.places == Booking.objects.filter(slot=slot).count()

    # --------------------------------------------------------------------------------- the same SQL

    def _same_sql(self) -> str:
        """One booking as the driver sent it, with the person and the slot left to chance."""
        import psycopg
        from django.db import connection

        from xinglin.clinical.capacity import actions
        from xinglin.kernel.models import OutboxEvent

        self._clear()
        sent: list[tuple[str, Any]] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            sent.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            done = actions.book(self.slots[0], by=self.by, person=self.people[0], channel="counter")
        fresh = [done.pk, OutboxEvent.objects.get().pk]
        with connection.cursor() as cursor:
            inner: Any = cursor.cursor
            texts = [psycopg.ClientCursor(inner.connection).mogrify(*each) for each in sent]
        return _script([_by_chance(text, fresh) for text in texts], self.asked.requests)

    def _pgbench(self, script: str) -> float:
        assert self.server is not None
        folder = binaries()
        assert folder is not None
        with tempfile.TemporaryDirectory(prefix="xinglin-pgbench-") as place:
            path = Path(place) / "book.sql"
            path.write_text(script, "utf-8")
            command = [
                str(folder / "pgbench"),
                *("--no-vacuum", "--client", str(self.asked.workers), "--jobs", "2"),
                *("--transactions", str(max(1, self.asked.requests // self.asked.workers))),
                *("--file", str(path), "--host", "127.0.0.1", "--port", str(self.server.port)),
                *("--username", "xinglin", "xinglin"),
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        found = re.search(r"tps = ([0-9.]+)", done.stdout)
        assert done.returncode == 0, done.stderr[-2000:]
        assert found, done.stdout
        return float(found[1])


def _by_chance(text: str, fresh: list[UUID]) -> str:
    """The same statement for any person and slot, and a new key for what is new."""

    def key(match: re.Match[str]) -> str:
        literal = str(UUID(match[1]))
        for prefix, variable in ((PERSON, "person"), (SLOT, "slot")):
            if literal.startswith(prefix):
                return f"('{prefix}' || lpad(to_hex(:{variable}), 12, '0'))::uuid"
        if text.startswith("INSERT") and UUID(literal) in fresh:
            return "gen_random_uuid()"
        return match[0]

    return re.sub(r"'([0-9a-f]{32})'(?:::uuid)?", key, text)


def _script(texts: list[str], people: int) -> str:
    statements = [text for text in texts if not text.startswith(("BEGIN", "COMMIT"))]
    slot = next(text for text in statements if 'FROM "capacity_slot"' in text)
    taking = next(text for text in statements if text.startswith("UPDATE"))
    place = statements.index(taking)
    before = [text for text in statements[:place] if text is not slot]
    return "\n".join(
        [
            rf"\set person random(0, {people - 1})",
            rf"\set slot random(0, {SLOTS - 1})",
            "BEGIN;",
            rf"{slot} \gset",
            r"\if :taken >= :places",
            "ROLLBACK;",
            r"\else",
            *(f"{text};" for text in before),
            rf"WITH took AS ({taking} RETURNING 1) SELECT count(*) AS done FROM took \gset",
            r"\if :done = 1",
            *(f"{text};" for text in statements[place + 1 :]),
            "COMMIT;",
            r"\else",
            "ROLLBACK;",
            r"\endif",
            r"\endif",
            "",
        ]
    )


if __name__ == "__main__":
    main()
