"""The patient summary as an IPS document: whole, valid, standing by itself, and traced."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from tests.fhir import assert_valid
from tests.goldens import assert_golden, with_names
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Encounter,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.gateway.summaries import summary_of
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said

NOW = "2026-03-02T10:30:00+08:00"
REQUIRED = ("11450-4", "48765-2", "10160-0")
# Immunizations, results, procedures, vital signs, past illness.
FURTHER = ("11369-6", "30954-2", "47519-4", "8716-3", "11348-0")


@pytest.fixture
def visit(cast):
    return record.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.township,
            kind="outpatient",
            started_at=timezone.now() - timedelta(hours=1),
        ),
        by=cast.wang,
    )


@pytest.fixture
def lived(cast, visit):
    """Something for every section."""
    of = {"person": cast.patient, "organisation": cast.township, "encounter": visit}
    today = timezone.localdate()
    for fact in (
        Problem(**of, code="I10", name="原发性高血压", noted_on=today, onset_on=date(2015, 1, 1)),
        Diagnosis(**of, code="J06.9", diagnosed_on=today),
        Allergy(**of, substance="青霉素", reaction="皮疹", severe=True, noted_on=today),
        Medication(**of, name="氨氯地平片", dose="5 mg", frequency="每日一次", started_on=today),
        Immunization(**of, name="流感疫苗", dose_number=1, given_on=today),
        Observation(
            **of,
            kind="laboratory",
            code="4548-4",
            name="糖化血红蛋白",
            value=Decimal("7.2"),
            unit="%",
            measured_at=timezone.now(),
        ),
        Procedure(**of, system="his", code="1", name="清创缝合", performed_at=timezone.now()),
    ):
        record.note(fact, by=cast.wang)
    record.measure(
        visit,
        by=cast.wang,
        measured_at=timezone.now(),
        values={"systolic": Decimal(152), "diastolic": Decimal(94)},
    )
    return visit


def sections(bundle):
    composition = bundle["entry"][0]["resource"]
    return {part["code"]["coding"][0]["code"]: part for part in composition["section"]}


def assert_ips(bundle):
    """What IPS asks of any summary."""
    assert_valid(bundle)
    assert bundle["type"] == "document"
    assert bundle["identifier"]
    assert bundle["timestamp"]
    entries = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    assert len(entries) == len(bundle["entry"])
    composition = bundle["entry"][0]["resource"]
    assert composition["resourceType"] == "Composition"
    assert composition["type"]["coding"][0]["code"] == "60591-5"
    assert entries[composition["subject"]["reference"]]["resourceType"] == "Patient"
    for resource in entries.values():
        assert_valid(resource)
    references = list(_references(bundle))
    assert [each for each in references if each not in entries] == []
    # Nothing is carried that the document does not lead to.
    assert set(entries) - set(references) == {bundle["entry"][0]["fullUrl"]}
    told = sections(bundle)
    assert set(REQUIRED) <= set(told)
    for part in told.values():
        assert part["title"]
        assert part["text"]["div"].startswith("<div")
        assert part["entry"]


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_a_summary_has_a_section_for_everything_that_is_known(cast, lived):
    bundle = summary_of(cast.wang, cast.patient)
    assert_ips(bundle)
    assert set(sections(bundle)) == {*REQUIRED, *FURTHER}
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert {"Patient", "Organization", "Condition", "AllergyIntolerance", "Immunization"} <= kinds


def test_of_whom_nothing_is_known_it_says_so(cast, visit):
    bundle = summary_of(cast.wang, cast.patient)
    assert_ips(bundle)
    assert set(sections(bundle)) == set(REQUIRED)
    codes = {
        coding["code"]
        for entry in bundle["entry"]
        for name in ("code", "medicationCodeableConcept")
        for coding in entry["resource"].get(name, {}).get("coding", [])
    }
    assert {"no-problem-info", "no-allergy-info", "no-medication-info"} <= codes


def test_what_is_voided_or_not_taken_is_not_in_it(cast, lived):
    record.void(Allergy.objects.get(), by=cast.wang, reason="登记错人")
    record.reconcile(cast.patient, by=cast.wang, medicines=[record.Taken("氨氯地平片", False)])
    text = json.dumps(summary_of(cast.wang, cast.patient), ensure_ascii=False)
    assert "青霉素" not in text
    assert "氨氯地平" not in text
    assert "no-allergy-info" in text


@pytest.mark.django_db
def test_golden_summary(cast):
    with time_machine.travel(NOW, tick=False):
        visit = record.start_encounter(
            Encounter(
                person=cast.patient,
                organisation=cast.township,
                kind="outpatient",
                started_at=timezone.now() - timedelta(hours=1),
            ),
            by=cast.wang,
        )
        of = {"person": cast.patient, "organisation": cast.township, "encounter": visit}
        today = timezone.localdate()
        for fact in (
            Problem(**of, code="I10", name="原发性高血压", noted_on=today),
            Allergy(**of, substance="青霉素", reaction="皮疹", severe=True, noted_on=today),
            Medication(**of, name="氨氯地平片", dose="5 mg", started_on=today),
        ):
            record.note(fact, by=cast.wang)
        bundle = summary_of(cast.wang, cast.patient)
    names = {entry["resource"]["id"]: f"{entry['resource']['resourceType']}-{place}"
             for place, entry in enumerate(bundle["entry"])}  # fmt: skip
    names |= {bundle["id"]: "the-bundle", cast.patient.id_number: "ID-CARD"}
    told = with_names(bundle, names)
    for entry in told["entry"]:
        if entry["resource"]["resourceType"] in ("Organization", "Patient"):
            entry["resource"] = {
                name: entry["resource"][name]
                for name in ("resourceType", "id", "name")
                if name in entry["resource"]
            }
    assert_golden("fhir-summary", told)


# -------------------------------------------------------------------------------------- the doors


def test_people_save_it_and_the_reading_is_traced(cast, enter, lived):
    address = f"/record/people/{cast.patient.pk}/summary.json"
    answer = enter("wang").get(address)
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert_ips(json.loads(answer.content))
    line = TrailEntry.objects.get(verb="record.read", person_id=cast.patient.pk)
    assert said(line.basis).startswith("健康档案管理，上柳村卫生室")
    for part in ("stranger", "liu", "admin", "zheng"):
        assert enter(part).get(address).status_code == 404
    assert (
        f"{cast.patient.pk}/summary.json"
        in enter("wang").get(cast.patient.get_absolute_url()).content.decode()
    )


def test_machines_read_it_by_rest(cast, enter, lived):
    address = f"/api/v1/people/{cast.patient.pk}/summary"
    answer = enter("wang").get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert_ips(json.loads(answer.content))
    assert TrailEntry.objects.get(verb="record.read", person_id=cast.patient.pk).basis.endswith(
        "REST"
    )
    refused = enter("stranger").get(address)
    assert refused.status_code == 404
    assert refused.headers["Content-Type"].startswith("application/problem+json")
