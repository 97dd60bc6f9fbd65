from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from tests.fhir import assert_valid
from tests.goldens import assert_golden
from xinglin.clinical.record.fhir import Setting, blood_pressure_to_fhir, from_fhir, to_fhir
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    FamilyHistory,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.resources import BadResource
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

AT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
HOUSE = Organisation(id=UUID(int=2), name="青山镇卫生院", level="township")
GRANNY = Person(id=UUID(int=1), name="陈桂香", county_id=UUID(int=9))
SETTING = Setting(person=GRANNY, organisation=HOUSE, author="王医生", source="his", source_id="7")


def visit(**more):
    given = {
        "id": UUID(int=3),
        "kind": "outpatient",
        "department": "全科",
        "visit_no": "M2026030201",
        "started_at": AT,
        "complaint": "头晕三天",
        "history": "三天前出现头晕。",
        "treatment": "调整降压药。",
        "updated_at": AT,
    }
    return Encounter(person=GRANNY, organisation=HOUSE, author="王医生", **{**given, **more})


def pressure(code, name, value, number):
    return Observation(
        id=UUID(int=number),
        person=GRANNY,
        organisation=HOUSE,
        author="王医生",
        encounter=visit(),
        code=code,
        name=name,
        value=Decimal(value),
        unit="mmHg",
        measured_at=AT,
        updated_at=AT,
    )


def facts():
    of = {"person": GRANNY, "organisation": HOUSE, "author": "王医生", "updated_at": AT}
    return [
        visit(ended_at=AT, kind="inpatient", discharge_way="3", outcome="2"),
        Diagnosis(
            id=UUID(int=4),
            encounter=visit(),
            code="I10",
            name="原发性高血压",
            diagnosed_on=date(2026, 3, 2),
            **of,
        ),
        pressure("8480-6", "收缩压", "150", 5),
        Allergy(
            id=UUID(int=7),
            substance="青霉素",
            reaction="皮疹",
            severe=True,
            noted_on=date(2026, 3, 2),
            **of,
        ),
        Medication(
            id=UUID(int=8),
            name="苯磺酸氨氯地平片",
            dose="5mg",
            dose_value=Decimal("5"),
            dose_unit="mg",
            frequency="每日一次",
            frequency_code="qd",
            route="口服",
            route_code="1",
            days=28,
            indication="高血压",
            prescriber="陈主任",
            stop_reason="血压已控制",
            started_on=date(2026, 3, 2),
            ended_on=date(2026, 3, 30),
            **of,
        ),
        Medication(
            id=UUID(int=11),
            intent="statement",
            name="阿司匹林肠溶片",
            taken=False,
            started_on=date(2026, 3, 2),
            **of,
        ),
        Problem(
            id=UUID(int=12),
            code="E11.9",
            name="2型糖尿病",
            status="inactive",
            onset_on=date(2019, 5, 1),
            abated_on=date(2025, 5, 1),
            note="饮食控制",
            noted_on=date(2026, 3, 2),
            **of,
        ),
        Procedure(
            id=UUID(int=13),
            encounter=visit(),
            code="47.09",
            name="阑尾切除术",
            main=False,
            performed_at=AT,
            ended_at=datetime(2026, 3, 2, 3, 30, tzinfo=UTC),
            operator="陈主任",
            grade="2",
            anaesthesia="21",
            healing="11",
            site="右下腹",
            note="顺利",
            **of,
        ),
        Immunization(
            id=UUID(int=14),
            code="PPSV23",
            name="23价肺炎球菌多糖疫苗",
            trade_name="某某",
            dose_number=1,
            lot="202601A",
            manufacturer="某生物",
            expires_on=date(2027, 1, 1),
            dose_value=Decimal("0.5"),
            dose_unit="mL",
            site="LA",
            route="IM",
            reaction="无",
            given_on=date(2026, 3, 2),
            next_due_on=date(2031, 3, 2),
            **of,
        ),
        FamilyHistory(
            id=UUID(int=15),
            relation="51",
            code="hypertension",
            name="高血压",
            onset_age=50,
            died_of_it=False,
            note="长期服药",
            noted_on=date(2026, 3, 2),
            **of,
        ),
        Observation(
            id=UUID(int=16),
            kind="laboratory",
            code="2823-3",
            name="钾",
            value=Decimal("3.1"),
            unit="mmol/L",
            reference_low=Decimal("3.5"),
            reference_high=Decimal("5.3"),
            interpretation="L",
            specimen="serum",
            measured_at=AT,
            **of,
        ),
        Document(
            id=UUID(int=10),
            kind="report",
            title="心电图",
            media_type="application/pdf",
            size=1024,
            filed_at=AT,
            **of,
        ),
    ]


def test_golden_record():
    told = [to_fhir(fact) for fact in facts()]
    told.append(
        blood_pressure_to_fhir(
            pressure("8480-6", "收缩压", "150", 5), pressure("8462-4", "舒张压", "96.5", 6)
        )
    )
    for resource in told:
        assert_valid(resource)
    assert_golden("fhir-record", told)


@pytest.mark.parametrize("fact", facts()[:-1], ids=lambda fact: type(fact).__name__)
def test_a_fact_travels_out_and_in_again_unchanged(fact):
    (back,) = from_fhir(to_fhir(fact), SETTING)
    left_out = {"encounter_id", "source", "source_id"}
    expected = {k: v for k, v in fact.facts().items() if k not in left_out}
    found = {k: v for k, v in back.facts().items() if k not in left_out}
    for name in {"value", "dose_value", "reference_low", "reference_high"} & found.keys():
        if found[name] is not None:
            found[name], expected[name] = float(found[name]), float(expected[name])
    for name in {"started_at", "ended_at", "measured_at", "performed_at"} & found.keys():
        if isinstance(found[name], str) and "T" in found[name]:
            expected[name] = datetime.fromisoformat(expected[name])
            found[name] = datetime.fromisoformat(found[name])
    assert found == expected


@pytest.mark.parametrize("fact", facts(), ids=lambda fact: type(fact).__name__)
def test_what_was_voided_goes_out_as_entered_in_error(fact):
    fact.voided_at = AT
    told = to_fhir(fact)
    assert_valid(told)
    assert "entered-in-error" in str(told)


def test_a_panel_gives_one_value_for_each_component():
    panel = blood_pressure_to_fhir(
        pressure("8480-6", "收缩压", "150", 5), pressure("8462-4", "舒张压", "96", 6)
    )
    high, low = from_fhir(panel, SETTING)
    assert (high.code, high.value, high.unit, high.source_id) == ("8480-6", 150, "mmHg", "7#0")
    assert (low.code, low.value, low.source_id) == ("8462-4", 96, "7#1")


def test_foreign_codes_are_kept_as_sent():
    (found,) = from_fhir(
        {
            "resourceType": "Condition",
            "code": {
                "coding": [
                    {
                        "system": "http://hl7.org/fhir/sid/icd-10-cm",
                        "code": "E11.9",
                        "display": "Type 2 diabetes mellitus without complications",
                    }
                ]
            },
            "subject": {"reference": "Patient/1"},
            "onsetDateTime": "2024",
        },
        SETTING,
    )
    assert found.system == "http://hl7.org/fhir/sid/icd-10-cm"
    assert found.diagnosed_on == date(2024, 1, 1)
    assert to_fhir(found)["code"]["coding"][0]["code"] == "E11.9"


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"resourceType": "Encounter", "status": "finished"}, "Encounter.period.start"),
        (
            {"resourceType": "Encounter", "status": "finished", "class": {"code": "MOON"}},
            "Encounter.class.code",
        ),
        ({"resourceType": "Condition", "onsetDateTime": "2024"}, "Condition.code"),
        (
            {
                "resourceType": "Observation",
                "status": "final",
                "effectiveDateTime": "yesterday",
                "code": {"text": "x"},
            },
            "Observation.effectiveDateTime",
        ),
        (
            {
                "resourceType": "Observation",
                "status": "final",
                "effectiveDateTime": "2026-01-01",
                "code": {"text": "x"},
                "valueQuantity": {"value": "120"},
            },
            "Observation.valueQuantity.value",
        ),
        ({"resourceType": "MedicationRequest"}, "MedicationRequest.status"),
        (
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "medicationReference": {"reference": "Medication/1"},
            },
            "MedicationRequest.medicationCodeableConcept",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(sent, path):
    with pytest.raises(BadResource) as refusal:
        from_fhir(sent, SETTING)
    assert refusal.value.field == path


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error"])
def test_what_has_not_happened_is_no_fact(status):
    assert from_fhir({"resourceType": "Encounter", "status": status}, SETTING) == []
