"""Consent and AuditEvent as FHIR R4: fixed rows, fixed documents."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from tests.goldens import assert_golden
from xinglin.clinical.privacy.fhir import RESOURCES, audit_to_fhir, consent_to_fhir
from xinglin.clinical.privacy.models import PARTS, Consent
from xinglin.kernel.models import TrailEntry

PERSON = UUID("01900000-0000-7000-8000-000000000001")
HOUSE = UUID("01900000-0000-7000-8000-000000000002")
AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)


def test_a_consent_to_one_house_for_some_parts():
    row = Consent(
        id=UUID("01900000-0000-7000-8000-000000000003"),
        created_at=AT,
        person_id=PERSON,
        effect="permit",
        house_id=HOUSE,
        parts=",diagnosis,medication,",
        since=date(2026, 3, 2),
        until=date(2099, 3, 2),
        method="paper",
        signer="陈大",
        relation="guardian",
        recorded_at_id=HOUSE,
    )
    assert_golden("fhir-consent", consent_to_fhir(row))


def test_a_consent_for_one_part_is_never_told_as_one_for_all():
    assert set(RESOURCES) == set(PARTS)
    for part in PARTS:
        row = Consent(
            person_id=PERSON,
            created_at=AT,
            updated_at=AT,
            parts=f",{part},",
            since=date(2026, 3, 2),
            signer="陈桂香",
        )
        told = consent_to_fhir(row)["provision"]["class"]
        assert part in [each["code"] for each in told]


def test_a_no_that_was_taken_back():
    row = Consent(
        id=UUID("01900000-0000-7000-8000-000000000004"),
        created_at=AT,
        person_id=PERSON,
        effect="deny",
        since=date(2026, 3, 2),
        method="phone",
        signer="陈桂香",
        withdrawn_at=AT,
    )
    told = consent_to_fhir(row)
    assert (told["status"], told["provision"]["type"]) == ("inactive", "deny")
    assert "actor" not in told["provision"]
    assert told["performer"][0]["reference"] == f"Patient/{PERSON}"


def test_a_reading_and_a_refused_one():
    facts = {
        "id": 7,
        "at": AT,
        "user_id": UUID("01900000-0000-7000-8000-000000000005"),
        "actor_name": "王医生",
        "role": "township-doctor",
        "org_id": HOUSE,
        "org_name": "青山镇卫生院",
        "address": "10.0.0.8",
        "verb": "record.read",
        "subject_type": "record.encounter",
        "subject_id": UUID("01900000-0000-7000-8000-000000000006"),
        "person_id": PERSON,
        "basis": "own-house?door=FHIR",
        "parts": "encounter",
    }
    assert_golden("fhir-audit-event", audit_to_fhir(TrailEntry(kind="read", **facts)))
    refused = audit_to_fhir(TrailEntry(kind="refused", **facts))
    assert refused["outcome"] == "4"
    changed = audit_to_fhir(TrailEntry(kind="change", **facts))
    assert changed["action"] == "U"
