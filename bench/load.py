"""Bulk loading: a county of a given size, straight into the tables, once, and kept.

The houses, the staff and their accounts come from the product's own actions; what there is much
of goes in by COPY (PostgreSQL) or prepared inserts (SQLite). The same constraints and indexes
stand afterwards as after `migrate`: indexes are taken off while the rows come and put back, and
checks hold all the time.

Run as a program, it loads the database that the environment names and writes to `--manifest`
what a client needs to know of it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

PASSWORD = "xinglin-bench"  # of accounts in a database that is thrown away
BATCH = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--encounters", type=int, required=True)
    parser.add_argument("--referrals", type=int, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    asked = parser.parse_args()

    import django

    django.setup()
    from bench.county import Scale

    manifest = load(Scale(asked.people, asked.encounters, asked.referrals))
    asked.manifest.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")


# ------------------------------------------------------------------------------- putting rows in


class Table:
    """A model's table, taking rows of the named columns; all others keep the field's default."""

    def __init__(self, model: Any, *columns: str, **constant: Any) -> None:
        from django.db import connection, models

        self.connection = connection
        self.name = model._meta.db_table
        self.varying = columns
        self.postgres = connection.vendor == "postgresql"
        self.text = _copied if self.postgres else _stored
        fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.BigAutoField)]
        by_name = {field.attname: field for field in fields}
        unknown = set(columns) | set(constant) - by_name.keys()
        assert unknown <= by_name.keys(), unknown - by_name.keys()
        self.columns = [by_name[name].column for name in columns]
        rest = [field for field in fields if field.attname not in columns]
        self.fixed_columns = [field.column for field in rest]
        self.fixed = [constant[f.attname] if f.attname in constant else _default(f) for f in rest]

    def fill(self, rows: Iterable[Sequence[Any]]) -> int:
        """Put the rows in; how many there were."""
        done = 0
        for batch in _batches(rows):
            (self._copy if self.postgres else self._insert)(batch)
            done += len(batch)
        return done

    def _copy(self, rows: list[Sequence[Any]]) -> None:
        text = self.text
        names = ", ".join(f'"{name}"' for name in [*self.columns, *self.fixed_columns])
        tail = "".join("\t" + text(value) for value in self.fixed) + "\n"
        block = "".join("\t".join(map(text, row)) + tail for row in rows)
        into = f'COPY "{self.name}" ({names}) FROM STDIN'
        with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            copy.write(block)

    def _insert(self, rows: list[Sequence[Any]]) -> None:
        text = self.text
        names = ", ".join(f'"{name}"' for name in [*self.columns, *self.fixed_columns])
        fixed = "".join(", " + _literal(text(value)) for value in self.fixed)
        marks = ", ".join("?" * len(self.columns))
        # Past Django's cursor, which would rewrite and log every row.
        self.connection.connection.executemany(
            f'INSERT INTO "{self.name}" ({names}) VALUES ({marks}{fixed})',
            (list(map(text, row)) for row in rows),
        )


def _default(field: Any) -> Any:
    from django.db.models import JSONField

    if field.get_internal_type() == "DateTimeField" and not field.null:
        return datetime.now(UTC)
    value = field.get_default()
    return json.dumps(value) if isinstance(field, JSONField) else value


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def _copied(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\")
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False).replace("\\", "\\\\")
    return str(value)


def _stored(value: Any) -> Any:
    """A value as Django stores it in SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    return "'" + str(value).replace("'", "''") + "'"


class WithoutIndexes:
    """Indexes off while the rows come, and back on afterwards, as they were."""

    def __init__(self) -> None:
        from django.db import connection

        self.connection = connection
        self.definitions: list[tuple[str, str]] = []

    def __enter__(self) -> None:
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                # Foreign keys are checked by triggers, row by row: these rows are known to fit.
                cursor.execute("SET session_replication_role = replica")
                cursor.execute("SET maintenance_work_mem = '512MB'")
                cursor.execute(
                    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
                    "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
                )
            else:
                cursor.execute("PRAGMA foreign_keys = OFF")
                cursor.execute("PRAGMA synchronous = OFF")
                cursor.execute("PRAGMA cache_size = -1000000")
                cursor.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
                )
            self.definitions = cursor.fetchall()
            for name, _sql in self.definitions:
                cursor.execute(f'DROP INDEX "{name}"')
        if self.connection.vendor == "sqlite":
            self.connection.connection.execute("BEGIN")

    def __exit__(self, *problem: object) -> None:
        if self.connection.vendor == "sqlite":
            self.connection.connection.execute("COMMIT")
        with self.connection.cursor() as cursor:
            for _name, sql in self.definitions:
                cursor.execute(sql)
            if self.connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = DEFAULT")
                cursor.execute("VACUUM ANALYZE")
            else:
                cursor.execute("ANALYZE")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# ----------------------------------------------------------------------------------- the county


def load(scale: Any) -> dict[str, Any]:
    """Fill an empty database; what a client needs to know of it."""
    from django.core.management import call_command
    from django.db import connection

    from bench.county import County, now

    call_command("migrate", interactive=False, verbosity=0)
    houses, users = _establish()
    county = County(scale, houses, now=now())
    # One commit at the end of each part; Django's own bookkeeping of transactions stays out.
    connection.ensure_connection()
    with WithoutIndexes():
        _part("residents", lambda: _residents(county))
        _part("encounters", lambda: _encounters(county))
        recent = _part("referrals", lambda: _referrals(county))
        _part("indexes", lambda: None)
    return {**_manifest(county, recent), "users": users, "scale": vars(scale)}


def _part(name: str, work: Callable[[], Any]) -> Any:
    started = time.monotonic()
    done = work()
    print(f"    {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return done


def _residents(county: Any) -> None:
    from bench.matching.lookalikes import Row
    from xinglin.registry.people.matching import keys as match_keys
    from xinglin.registry.people.matching import sketch
    from xinglin.registry.people.models import CareLink, MatchKey, Person, SearchKey

    region = county.houses.region.id
    people = Table(
        Person,
        *("id", "created_at", "name", "sex", "birth_date", "id_number", "health_record_no"),
        *("phone", "township", "village", "managed_by_id"),
        county_id=region,
        province="浙江省",
        city="杭州市",
        district="青山县",
        id_type="01",
    )
    keys = Table(SearchKey, "person_id", "kind", "key", county_id=region)
    alike = Table(MatchKey, "key", "person_id")
    custody = Table(
        CareLink, "id", "person_id", "organisation_id", basis="custody", since=county.began
    )
    rows: list[Any] = []
    found: list[Any] = []
    links: list[Any] = []
    likeness: list[Any] = []
    draw = random.Random(1)
    from bench.county import uuid7

    def flush() -> None:
        people.fill(rows), keys.fill(found), custody.fill(links), alike.fill(likeness)
        rows.clear(), found.clear(), links.clear(), likeness.clear()

    for person, facts, known in county.residents():
        rows.append(
            (
                *(person.id, facts["created_at"], person.name, facts["sex"]),
                *(facts["birth_date"], person.id_number, person.record_no, person.phone),
                *(facts["township"], facts["village"], person.managed_by),
            )
        )
        found.extend((person.id, kind, key) for kind, key in known)
        links.append((uuid7(county.began, draw), person.id, person.managed_by))
        told = Row(
            who=0,
            name=person.name,
            sex=facts["sex"],
            birth_date=facts["birth_date"],
            id_number=person.id_number,
            health_record_no=person.record_no,
            phone=person.phone,
            township=facts["township"],
            village=facts["village"],
        )
        likeness.extend((key, person.id) for key in match_keys.keys(sketch(told), region))
        if len(rows) >= BATCH:
            flush()
    flush()


def _encounters(county: Any) -> None:
    from xinglin.clinical.record.models import Encounter

    names = (
        *("id", "created_at", "updated_at", "person_id", "organisation_id", "kind"),
        *("department", "started_at", "ended_at", "complaint", "history"),
    )
    Table(Encounter, *names, author="王医生", treatment="对症处理，门诊随访").fill(
        tuple(row[name] for name in names) for row in county.encounters()
    )


def _referrals(county: Any) -> list[dict[str, Any]]:
    """The referrals with what follows from each; the latest of them, for the manifest."""
    from bench.county import uuid7
    from xinglin.clinical.referral.models import Referral
    from xinglin.kernel.models import InboxItem, Notice, TrailEntry
    from xinglin.registry.people.models import CareLink

    region = county.houses.region.id
    nobody = UUID(int=0)
    names = (
        *("id", "created_at", "updated_at", "number", "state", "person_id", "from_org_id"),
        *("to_org_id", "written_by_id", "direction", "urgency", "kind", "referred_on"),
        *("to_department", "diagnosis_code", "diagnosis_name", "diagnosed_on", "symptoms"),
        *("consent_signer", "consented_at", "submitted_at", "answered_at", "accepted_at"),
        *("arrived_at", "treated_at", "closed_at", "ended_at", "follow_up_org_id"),
        *("followed_up_at", "owner_id", "due_at", "clock_from", "duty", "refusal_code", "end_code"),
    )
    referrals = Table(
        Referral,
        *names,
        county_id=region,
        doctor="王医生",
        doctor_phone="13900000002",
        past_history="高血压十年，否认糖尿病",
        allergies="否认药物过敏",
        treatment="口服药物治疗，效果不佳",
        reason_code="equipment",
        consent_method="paper",
    )
    trail = Table(
        TrailEntry,
        *("at", "org_id", "org_name", "verb", "subject_id", "person_id", "changes"),
        kind="change",
        user_id=nobody,
        actor_name="王医生",
        role="township-doctor",
        post_id=nobody,
        county_id=region,
        address="10.0.0.8",
        subject_type="referral.referral",
    )
    notices = Table(
        Notice,
        *("id", "at", "org_id", "params", "subject_id"),
        audience="referral.accept",
        message="%(sender)s申请转入患者 %(patient)s",
        kind="referral",
    )
    inbox = Table(
        InboxItem,
        *("id", "subject_id", "org_id", "audience", "state", "urgency", "title", "detail"),
        *("since", "due_at", "escalate_at"),
        kind="referral",
        county_id=region,
    )
    links = Table(CareLink, "id", "person_id", "organisation_id", "since", basis="referral")
    draw = random.Random(2)
    linked: set[int] = set()
    latest: list[dict[str, Any]] = []
    for batch in _batches(county.referrals()):
        rows: list[Any] = [list(map(row.__getitem__, names)) for row in batch]
        referrals.fill(rows)
        trail.fill(_lines(batch))
        notices.fill(
            (
                uuid7(row["created_at"], draw),
                row["created_at"],
                row["to_org_id"],
                {"patient": row["patient"], "sender": row["source"], "number": row["number"]},
                row["id"],
            )
            for row in batch
        )
        inbox.fill(
            (
                uuid7(row["created_at"], draw),
                row["id"],
                row["owner_id"],
                row["duty"],
                row["state"],
                row["urgency"],
                f"{row['patient']} · {row['diagnosis_name']}",
                f"{row['source']} → {row['target']}",
                row["clock_from"],
                row["due_at"],
                row["due_at"] + timedelta(hours=1),
            )
            for row in batch
            if row["owner_id"]
        )
        links.fill(_care(batch, linked, draw))
        latest = (latest + batch)[-BATCH:]
    return latest


def _lines(batch: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Two lines of the trail for each: it was asked for, and where it stands now."""
    for row in batch:
        begun = {"state": ["draft", "submitted"], "duty": ["", "referral.accept"]}
        now = {"state": ["submitted", row["state"]], "duty": ["referral.accept", row["duty"]]}
        for verb, house, name, changes in (
            ("referral.submit", row["from_org_id"], row["source"], begun),
            ("referral.accept", row["to_org_id"], row["target"], now),
        ):
            at = row["created_at"]
            yield at, house, name, verb, row["id"], row["person_id"], changes


def _care(
    batch: Sequence[dict[str, Any]], linked: set[int], draw: random.Random
) -> Iterator[tuple[Any, ...]]:
    """That both houses have the patient in care, each pair once."""
    from bench.county import uuid7

    for row in batch:
        for house in (row["from_org_id"], row["to_org_id"]):
            pair = hash((row["person_id"], house))
            if pair not in linked:
                linked.add(pair)
                at = row["created_at"]
                yield uuid7(at, draw), row["person_id"], house, at


def _manifest(county: Any, recent: Sequence[dict[str, Any]]) -> dict[str, Any]:
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


def _establish() -> tuple[Any, dict[str, str]]:
    """The 178 houses and some 240 people who work in them, through the product's own actions."""
    from django.db import transaction
    from django.utils import timezone

    from bench.county import House, Houses
    from xinglin.kernel.access import system
    from xinglin.registry.organisations import actions as houses
    from xinglin.registry.organisations.models import Level, Organisation
    from xinglin.registry.staff import actions as staff
    from xinglin.registry.staff.models import Post, Practitioner

    serial = itertools.count(1)
    by = system()

    def house(parent: Organisation | None, level: str, name: str, **facts: Any) -> Organisation:
        code = f"B{next(serial):05d}"
        return houses.establish(
            Organisation(parent=parent, level=level, name=name, code=code, **facts), by=by
        )

    def hire(where: Organisation, role: str, name: str, username: str = "") -> str:
        number = next(serial)
        person = staff.employ(
            Practitioner(county_id=where.region_id, code=f"S{number:05d}", name=name), by=by
        )
        since = timezone.localdate() - timedelta(days=365)
        staff.appoint(Post(practitioner=person, organisation=where, role=role, since=since), by=by)
        username = username or f"s{number:05d}"
        staff.give_account(person, by=by, username=username, password=PASSWORD)
        return username

    with transaction.atomic():
        region = house(None, Level.REGION, "青山县")
        by = system(region.pk)
        office = house(region, Level.CONSORTIUM, "青山县医共体")
        hospitals = [
            house(office, Level.COUNTY, name, leads=leads)
            for name, leads in (
                ("青山县人民医院", True),
                ("青山县中医院", False),
                ("青山县妇幼保健院", False),
            )
        ]
        townships = [
            house(hospitals[0], Level.TOWNSHIP, f"{sign}溪镇卫生院")
            for sign in "青柳桃杏松竹梅兰荷桂枫桐槐榆"
        ]
        villages = [
            (house(township, Level.VILLAGE, f"{township.name[0]}{sign}村卫生室"), township)
            for place, township in enumerate(townships)
            for sign in "一二三四五六七八九十上中"[: 12 if place < 2 else 11]
        ]
        for name in ("百草堂药店", "济生药店"):
            house(region, Level.PHARMACY, name)
        city = house(region, Level.CITY, "省立医院", outside=True)
        users = {
            "desk": hire(hospitals[0], "desk", "李护士", "desk"),
            "township": hire(townships[0], "township-doctor", "王医生", "township"),
            "village": hire(villages[0][0], "village-doctor", "赵村医", "village"),
            "manager": hire(office, "manager", "孙主管", "manager"),
            "admin": hire(region, "admin", "管理员", "admin"),
        }
        for hospital in hospitals:
            hire(hospital, "leader", "周院长")
            for name in ("陈主任", "林主任", "何医生", "郭医生"):
                hire(hospital, "specialist", name)
        for township in townships:
            hire(township, "leader", "吴院长")
            hire(township, "township-doctor", "刘医生")
        for village, _township in villages[1:]:
            hire(village, "village-doctor", "钱村医")

    def told(each: Organisation) -> House:
        return House(each.pk, each.level, each.name)

    return (
        Houses(
            region=told(region),
            office=told(office),
            hospitals=[told(each) for each in hospitals],
            townships=[told(each) for each in townships],
            villages=[(told(village), told(township)) for village, township in villages],
            city=told(city),
        ),
        users,
    )


if __name__ == "__main__":
    main()
