"""The ranking of destinations over 200 houses with a year of schedules, as past bookings grow.

    python -m bench.destinations [--db sqlite,postgres] [--past 10000,1000000] [--houses 200]

Each house has two departments with clinics on every day of a year, half of it past, and two wards.
Past bookings and past stays in beds are written in bulk. In one process, through all middleware:
the list in the form (POST /referrals/destinations/) and its REST answer beside the do-nothing view,
in turn; aims: p95 ≤ 10 × do-nothing, and flat as the past grows. `find` is the ranking alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID

from bench.booking import again
from tests.postgres import TemporaryPostgres, binaries

AIM = 10.0
DAYS, A_DAY, ROUNDS = 365, 6, 60
PARTS = ("心内科", "全科")
BEDS, PEOPLE = 12, 20_000
# The groups of hexadecimal digits by which each table's keys begin.
KEYS = {"slot": "9000", "person": "8000", "booking": "a000", "stay": "b000"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.destinations", description=__doc__)
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--past", default="10000,1000000")
    parser.add_argument("--houses", type=int, default=200)
    parser.add_argument("--explain", action="store_true", help="print the plans of what is asked")
    asked = parser.parse_args()
    names = asked.db.split(",")
    if len(names) > 1:
        # Django knows one database in a process.
        for name in names:
            done = subprocess.run([sys.executable, "-m", "bench.destinations", *again(name)])
            if done.returncode:
                sys.exit(done.returncode)
        return
    if names == ["postgres"] and binaries() is None:
        print("PostgreSQL is not installed here: left out.", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="xinglin-ranking-") as home:
        os.environ |= {
            "XINGLIN_HOME": home,
            "XINGLIN_ENV": "demo",
            "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "xinglin.config.settings",
            "DATABASE_URL": f"sqlite:///{home}/ranking.sqlite3",
        }
        if names == ["sqlite"]:
            County(asked).run()
            return
        with TemporaryPostgres(fast=True) as server:
            os.environ["DATABASE_URL"] = server.url
            County(asked).run()


class County:
    """A county of so many houses, its year of slots, and a growing past."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.past = 0

    def run(self) -> None:
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection
        from django.test import Client

        settings.ALLOWED_HOSTS = ["*"]
        call_command("migrate", interactive=False, verbosity=0)
        self.lite = connection.vendor == "sqlite"
        self._found()
        client = Client()
        client.force_login(self.user)
        before: dict[str, float] = {}
        for past in map(int, self.asked.past.split(",")):
            self._grow(past)
            if self.asked.explain:
                self._explain()
            told = self._measure(client)
            nothing = told.pop("do-nothing")
            base, base_cpu = (_p95(times) for times in zip(*nothing, strict=True))
            for name, taken in told.items():
                (p95, middle), (cpu, _cpu) = (
                    (_p95(times), median(times)) for times in zip(*taken, strict=True)
                )
                usual = median(busy for _spent, busy in taken)
                grown = f"; median {usual / before[name]:.2f} × the first" if name in before else ""
                before.setdefault(name, usual)
                print(
                    f"{past:>9,} past  {name:11} median {middle:6.1f} ms, p95 {p95:6.1f} ms ="
                    f" {p95 / base:4.1f} × do-nothing ({base:.1f} ms; aim {AIM:g});"
                    f" processor p95 {cpu:.1f} ms = {cpu / base_cpu:.0f} ×{grown}",
                    flush=True,
                )

    def _measure(self, client: Any) -> dict[str, list[tuple[float, float]]]:
        """Each asked in turn, so that a busy machine is as busy for all."""
        from xinglin.clinical.referral.destinations.finding import find
        from xinglin.clinical.referral.destinations.wanted import Wanted

        def wanted(kind: str) -> Wanted:
            return Wanted(
                county_id=self.region.pk,
                from_org_id=self.sender.pk,
                kind=kind,
                sex="1",
                diagnosis="I20.0",
                department="心内科",
            )

        told = {"diagnosis_code": "I20.0", "to_department": "心内科", "urgency": "routine"}
        query = "diagnosis_code=I20.0&to_department=心内科&limit=8"
        asks: dict[str, Callable[[], Any]] = {
            "do-nothing": lambda: client.get("/healthz"),
            "page": lambda: client.post("/referrals/destinations/", {**told, "kind": "outpatient"}),
            "page, beds": lambda: client.post(
                "/referrals/destinations/", {**told, "kind": "inpatient"}
            ),
            "REST": lambda: client.get(f"/api/v1/referrals/destinations?{query}"),
            "find": lambda: find(wanted("outpatient")),
            "find, beds": lambda: find(wanted("inpatient")),
            "by_ward": self._by_ward,
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in asks}
        for turn in range(ROUNDS + 3):
            for name, ask in asks.items():
                begun, cpu = time.perf_counter(), time.process_time()
                answer = ask()
                spent = 1000 * (time.perf_counter() - begun)
                busy = 1000 * (time.process_time() - cpu)
                assert getattr(answer, "status_code", 200) == 200, name
                # The first turns compile and fill the memories.
                if turn >= 3:
                    taken[name].append((spent, busy))
        return taken

    def _by_ward(self) -> Any:
        from xinglin.clinical.capacity.models import Bed

        return Bed.objects.by_ward([house.pk for house in self.houses])

    # -------------------------------------------------------------------------------- the county

    def _found(self) -> None:
        from django.utils import timezone

        from tests import cast
        from xinglin.clinical.capacity.models import Bed, BedState, BedStay, Room, Schedule, Ward
        from xinglin.kernel import bulk
        from xinglin.kernel.access import system
        from xinglin.registry.organisations.models import Department
        from xinglin.registry.people.models import Person

        county = cast.make()
        self.user, self.region, self.sender = county.users["wang"], county.region, county.township
        by, now = system(county.region.pk), timezone.now()
        self.houses = [county.hospital] + [
            cast.house(by, county.office, "county", f"第{number}医院")
            for number in range(self.asked.houses - 1)
        ]
        base = {"county": county.region, "updated_at": now}
        parts = [
            Department(organisation=house, code=str(place), name=name, updated_at=now)
            for house in self.houses
            for place, name in enumerate(PARTS)
        ]
        bulk.create(parts)
        schedules = [
            Schedule(
                organisation=part.organisation,
                department=part,
                kind="clinic",
                title=f"{part.name}门诊",
                since=timezone.localdate(),
                **base,
            )
            for part in parts
        ]
        bulk.create(schedules)
        bulk.create(
            [
                Person(
                    id=UUID(f"00000000-0000-7000-{KEYS['person']}-{number:012x}"),
                    name=f"居民{number}",
                    sex=str(1 + number % 2),
                    **base,
                )
                for number in range(PEOPLE)
            ]
        )
        wards = [
            Ward(
                organisation=part.organisation, department=part, code=part.code, name="病区", **base
            )
            for part in parts
        ]
        bulk.create(wards)
        rooms = [
            Room(ward=ward, number=str(number), sex=("male", "female", "same")[number], **base)
            for ward in wards
            for number in range(3)
        ]
        bulk.create(rooms)
        beds = [
            Bed(
                organisation_id=room.ward.organisation_id,
                ward=room.ward,
                room=room,
                number=f"{room.number}{number}",
                state=BedState.FREE if number == 3 else BedState.OCCUPIED,
                **base,
            )
            for room in rooms
            for number in range(BEDS // 3)
        ]
        bulk.create(beds)
        lying = [bed for bed in beds if bed.state == BedState.OCCUPIED]
        bulk.create(
            [
                BedStay(
                    organisation_id=bed.organisation_id,
                    bed=bed,
                    person_id=UUID(f"00000000-0000-7000-{KEYS['person']}-{number:012x}"),
                    since=now - timedelta(days=3),
                    began=now - timedelta(days=3),
                    **base,
                )
                for number, bed in enumerate(lying)
            ]
        )
        self._slots()

    def _slots(self) -> None:
        """A year of slots around today, those of the coming days full."""
        from django.db import connection

        from xinglin.clinical.capacity.models import Schedule, Slot

        table, part = Slot._meta.db_table, Schedule._meta.db_table
        each = A_DAY * DAYS
        whole = len(self.houses) * len(PARTS) * each
        day, hour = f"n % {each} / {A_DAY}", f"n % {A_DAY}"
        hours = f"(({day}) - {DAYS - DAYS // 2}) * 24 + {hour}"
        full = f"CASE WHEN {day} < {DAYS - DAYS // 2 + 3} THEN 2 ELSE n % 2 END"
        with connection.cursor() as cursor:
            self._number(cursor, "lines", part)
            cursor.execute(
                f"{self._series(0, whole)} INSERT INTO {table} (id, created_at, updated_at,"
                " county_id, organisation_id, department_id, schedule_id, kind, start_at, end_at,"
                " places, taken, place, kept_for)"
                f" SELECT {self._key('slot', 'n')}, {self._at('0')}, {self._at('0')},"
                f" {self._literal(self.region.pk)}, l.organisation_id, l.department_id, l.id,"
                f" 'clinic', {self._at(hours)}, {self._at(f'{hours} + 1')}, 2, {full}, '', ''"
                f" FROM s JOIN lines l ON l.position = n / {each}"
            )

    def _number(self, cursor: Any, name: str, table: str) -> None:
        """A table beside another, in which its rows are counted."""
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {name} AS"
            f" SELECT t.*, row_number() OVER (ORDER BY id) - 1 AS position FROM {table} t"
        )
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {name}_position ON {name} (position)")

    def _series(self, first: int, end: int) -> str:
        if self.lite:
            return (
                f"WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL"
                f" SELECT n + 1 FROM s WHERE n < {end - 1})"
            )
        return f"WITH s(n) AS (SELECT generate_series({first}, {end - 1}))"

    def _grow(self, past: int) -> None:
        """So many bookings and half as many stays in beds that are over."""
        from django.db import connection

        from xinglin.clinical.capacity.models import Bed, BedStay, Booking, Slot

        beds = Bed.objects.order_by("pk")
        lines, per_schedule = len(self.houses) * len(PARTS), A_DAY * (DAYS - DAYS // 2)
        with connection.cursor() as cursor:
            self._number(cursor, "numbered", beds.model._meta.db_table)
            many = beds.count()
            slots = Slot._meta.db_table
            county = self._literal(self.region.pk)
            cursor.execute(
                f"{self._series(self.past, past)} INSERT INTO {Booking._meta.db_table}"
                " (id, created_at, updated_at, county_id, organisation_id, booked_by_id, slot_id,"
                " person_id, state, kind, channel, start_at, end_at, subject_kind, note, moved,"
                " end_code, end_text, duty)"
                f" SELECT {self._key('booking', 'n')}, t.start_at, t.start_at, {county},"
                " t.organisation_id, t.organisation_id, t.id,"
                f" {self._key('person', f'n % {PEOPLE}')}, 'arrived', 'clinic', 'counter',"
                " t.start_at, t.end_at, '', '', 0, '', '', ''"
                f" FROM s JOIN {slots} t ON t.id = "
                + self._key(
                    "slot",
                    f"(n % {lines}) * {A_DAY * DAYS} + n / {lines} % {per_schedule}",
                )
            )
            half, began, came = past // 2, self.past // 2, self._at("-9600")
            cursor.execute(
                f"{self._series(began, half)} INSERT INTO {BedStay._meta.db_table}"
                " (id, created_at, updated_at, county_id, organisation_id, bed_id, person_id,"
                ' since, began, until, "end", mix_code, mix_text, admitted_by, voided_by,'
                " void_code, void_text)"
                f" SELECT {self._key('stay', 'n')}, {came}, {came}, {county},"
                f" b.organisation_id, b.id, {self._key('person', f'n % {PEOPLE}')},"
                f" {came}, {came}, {self._at('-9500')}, 'discharged', '', '', '',"
                f" '', '', '' FROM s JOIN numbered b ON b.position = n % {many}"
            )
            cursor.execute("ANALYZE" if self.lite else "VACUUM ANALYZE")
        self.past = past
        print(
            f"{connection.vendor}: {Booking.objects.count():,} bookings,"
            f" {BedStay.objects.count():,} stays, {Slot.objects.count():,} slots",
            flush=True,
        )

    def _literal(self, pk: UUID) -> str:
        return f"'{pk.hex}'" if self.lite else f"'{pk}'::uuid"

    def _key(self, table: str, number: str) -> str:
        if self.lite:
            return f"printf('0000000000007000{KEYS[table]}%012x', {number})"
        head = f"00000000-0000-7000-{KEYS[table]}-"
        return f"('{head}' || lpad(to_hex(({number})::bigint), 12, '0'))::uuid"

    def _at(self, hours: str) -> str:
        """So many hours from now."""
        if self.lite:
            return f"strftime('%Y-%m-%d %H:%M:%S', 'now', ({hours}) || ' hours')"
        return f"now() + ({hours}) * interval '1 hour'"

    def _explain(self) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from xinglin.clinical.capacity.models import Bed, first_free
        from xinglin.registry.organisations.models import Department

        parts = list(Department.objects.filter(name="心内科").values_list("pk", flat=True))
        for name, ask in (
            ("first_free", lambda: first_free(parts, channel="referral", kinds=["clinic"])),
            ("free_of", lambda: Bed.objects.free_of(parts, sex="1")),
            ("by_ward", self._by_ward),
        ):
            with CaptureQueriesContext(connection) as caught:
                ask()
            how = "EXPLAIN QUERY PLAN" if self.lite else "EXPLAIN (ANALYZE, BUFFERS)"
            with connection.cursor() as cursor:
                cursor.execute(f"{how} {caught.captured_queries[-1]['sql']}")
                print(f"--- {name}")
                for row in cursor.fetchall():
                    print("   ", row[-1])


def _p95(taken: Iterable[float]) -> float:
    taken = list(taken)
    return sorted(taken)[int(len(taken) * 0.95)]


if __name__ == "__main__":
    main()
