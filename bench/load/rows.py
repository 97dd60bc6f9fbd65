"""What there is much of: residents, visits with what was found, and referrals with their traces."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from bench.county import uuid7
from bench.load.tables import BATCH, Table, batches


def residents(county: Any) -> None:
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
        CareLink,
        "id",
        "person_id",
        "organisation_id",
        basis="custody",
        since=county.began,
        evidence="registration",
    )
    rows: list[Any] = []
    found: list[Any] = []
    links: list[Any] = []
    likeness: list[Any] = []
    draw = random.Random(1)

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


def encounters(county: Any) -> None:
    """Visits; and what was found in them, where the county has facts."""
    tables = _fact_tables()
    scale = county.scale
    many, spare = divmod(max(0, scale.facts - scale.encounters), max(1, scale.encounters))
    place = 0
    for batch in batches(county.encounters(), BATCH // (many + 1)):
        rows: dict[str, list[Any]] = {kind: [] for kind in tables}
        for visit in batch:
            rows["encounter"].append(visit)
            if scale.facts:
                for kind, row in county.findings(visit, many + (place < spare)):
                    rows[kind].append(row)
            place += 1
        _fill(tables, rows)
    if scale.facts:
        long: dict[str, list[Any]] = {kind: [] for kind in tables}
        for kind, row in county.long_records():
            long[kind].append(row)
        _fill(tables, long)


def _fact_tables() -> dict[str, tuple[Table, tuple[str, ...]]]:
    """The table of each kind with the names of the columns that vary."""
    from xinglin.clinical.record.models import Diagnosis, Encounter, Medication, Observation

    of = ("id", "created_at", "happened_at", "person_id", "organisation_id")
    columns = {
        Encounter: (
            *(*of, "updated_at", "kind", "department", "started_at", "ended_at"),
            *("complaint", "history"),
        ),
        Diagnosis: (*of, "encounter_id", "code", "name", "diagnosed_on"),
        Medication: (
            *(*of, "encounter_id", "name", "dose", "frequency", "started_on", "ended_on"),
        ),
        Observation: (
            *(*of, "encounter_id", "kind", "code", "name", "value", "unit", "measured_at"),
            *("reference_low", "reference_high", "interpretation"),
        ),
    }
    constant: dict[Any, dict[str, Any]] = {
        Encounter: {"treatment": "对症处理，门诊随访"},
        Medication: {"route": "口服"},
    }
    return {
        str(model._meta.model_name): (
            Table(model, *names, author="王医生", **constant.get(model, {})),
            names,
        )
        for model, names in columns.items()
    }


def _fill(
    tables: dict[str, tuple[Table, tuple[str, ...]]], rows: dict[str, list[dict[str, Any]]]
) -> None:
    for kind, (table, names) in tables.items():
        table.fill(list(map(row.__getitem__, names)) for row in rows[kind])


def referrals(county: Any) -> list[dict[str, Any]]:
    """The referrals with what follows from each; the latest of them, for the manifest."""
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
    links = Table(
        CareLink,
        "id",
        "person_id",
        "organisation_id",
        "since",
        basis="referral",
        evidence="referral",
    )
    draw = random.Random(2)
    linked: set[int] = set()
    latest: list[dict[str, Any]] = []
    for batch in batches(county.referrals()):
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
    for row in batch:
        for house in (row["from_org_id"], row["to_org_id"]):
            pair = hash((row["person_id"], house))
            if pair not in linked:
                linked.add(pair)
                at = row["created_at"]
                yield uuid7(at, draw), row["person_id"], house, at
