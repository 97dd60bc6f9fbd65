"""What cannot be believed, what its sender takes back, and what says that there is nothing."""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests import cast
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Encounter,
    Medication,
    Observation,
)
from xinglin.gateway.imports import actions as imports
from xinglin.gateway.imports.tests import county
from xinglin.gateway.imports.tests.test_bundles import CONDITION, PATIENT, VISIT, bundle, write
from xinglin.kernel.access import system

pytestmark = pytest.mark.django_db
ONE = county.CARDS[0]
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


@pytest.fixture
def cast_():
    return cast.make()


def load_tables(folder, tables, **more):
    files = county.write_all(folder)
    files += [county.write_csv(folder / f"{name}.csv", rows) for name, rows in tables.items()]
    return imports.load(files, by=system(), **more)


def load_bundle(folder, cast_, *resources):
    path = write(folder, "bundle.json", bundle(PATIENT, *resources))
    return imports.load([path], by=system(cast_.region.pk), house=cast_.township)


def sentences(report):
    return " ".join(refusal.reason for refusal in report.refusals)


def quantity(value, code="mmol/L"):
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def measured(code, value, unit="mmol/L", **more):
    return {
        "resourceType": "Observation",
        "id": f"o-{code}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-01-05T09:10:00+08:00",
        "valueQuantity": quantity(value, unit),
        **more,
    }


RESULTS = ["身份证号", "机构代码", "报告编号", "检验项目", "结果", "单位", "检验时间"]


@pytest.mark.parametrize(
    ("table", "row", "says"),
    [
        ("检查结果", [ONE, "QS201", "R1", "GLU", "1e400", "mg/dL", "2026-03-02 10:00"], "过大"),
        ("检查结果", [ONE, "QS201", "R1", "收缩压", "120/80", "", "2026-03-02"], "一个数值"),
        ("检查结果", [ONE, "QS201", "R1", "HGB", "13", "g/dL", "2026/03/02 10:61+08:00"], "时间"),
        ("检查结果", [ONE, "QS201", "R1", "HGB", "13", "g/dL", "0001-01-01"], "日期"),
        ("检查结果", [ONE, "QS201", "R1", "HGB", "13", "g/dL", "9999-12-31"], "不能晚于"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_breaks_nothing(tmp_path, table, row, says):
    report = load_tables(tmp_path, {table: [RESULTS, row]})
    assert not report.loaded
    assert says in sentences(report)


def test_a_day_with_rubbish_behind_it_is_no_day(tmp_path):
    head = ["身份证号", "机构代码", "过敏原", "记录日期"]
    report = load_tables(tmp_path, {"过敏": [head, [ONE, "QS201", "青霉素", "2026-03-021"]]})
    assert "不是日期" in sentences(report)


def test_a_time_with_its_zone_is_read_in_any_spelling(tmp_path):
    row = [ONE, "QS201", "R1", "HGB", "132", "g/L", "2026/03/02 10:00:00Z"]
    report = load_tables(tmp_path, {"检查结果": [RESULTS, row]})
    assert report.loaded, report.refusals[:3]
    assert Observation.objects.get(code="718-7").measured_at.isoformat()[:19] in (
        "2026-03-02T10:00:00",
        "2026-03-02T18:00:00",
    )


def test_less_than_what_can_be_measured_keeps_its_unit(tmp_path):
    row = [ONE, "QS201", "R1", "GLU", "<0.5", "mmol/L", "2026-03-02 10:00"]
    assert load_tables(tmp_path, {"检查结果": [RESULTS, row]}).loaded
    assert Observation.objects.get(text__startswith="<").text == "<0.5 mmol/L"


def test_pressures_the_wrong_way_round_are_refused_in_every_door(tmp_path, cast_):
    visits = copy.deepcopy(county.VISITS)
    visits[1][-2:] = ["80", "120"]
    (tmp_path / "a").mkdir()
    files = county.write_all(tmp_path / "a")
    files.append(county.write_csv(tmp_path / "a" / "就诊.csv", visits))
    report = imports.load(sorted(set(files)), by=system(cast_.region.pk), house=cast_.township)
    assert "舒张压应低于收缩压" in sentences(report)
    upper = measured("8480-6", 80, "mm[Hg]")
    lower = measured("8462-4", 120, "mm[Hg]")
    assert "舒张压应低于收缩压" in sentences(load_bundle(tmp_path, cast_, upper, lower))
    assert not Observation.objects.exists()


def test_limits_in_another_unit_come_along_with_their_value(tmp_path, cast_):
    sugar = measured(
        "15074-8",
        126,
        "mg/dL",
        referenceRange=[{"low": quantity(70, "mg/dL"), "high": quantity(100, "mg/dL")}],
    )
    assert load_bundle(tmp_path, cast_, sugar).loaded
    kept = Observation.objects.get()
    assert (kept.unit, float(kept.value), kept.interpretation) == ("mmol/L", 6.993, "H")
    assert float(kept.reference_high) == 5.55


def test_what_its_sender_takes_back_is_struck_out_and_stays(tmp_path, cast_):
    assert load_bundle(tmp_path, cast_, VISIT, CONDITION, measured("718-7", 132, "g/L")).loaded
    wrong = {**measured("718-7", 132, "g/L"), "status": "entered-in-error"}
    assert load_bundle(tmp_path, cast_, VISIT, CONDITION, wrong).loaded
    kept = Observation.objects.get()
    assert (kept.voided_at is not None, kept.void_reason) == (True, "来源系统更正")
    # With a visit goes what was told of it.
    gone = {**VISIT, "status": "entered-in-error"}
    before = county.everything()
    assert load_bundle(tmp_path, cast_, gone).loaded
    assert not Encounter.objects.standing().exists()
    assert not Diagnosis.objects.standing().exists()
    assert {k: v for k, v in county.everything().items() if k != "trail"} == {
        k: v for k, v in before.items() if k != "trail"
    }


def test_what_was_struck_out_here_comes_back_only_with_other_contents(tmp_path, cast_):
    assert load_bundle(tmp_path, cast_, measured("718-7", 132, "g/L")).loaded
    kept = Observation.objects.get()
    record.void(kept, by=cast_.wang, reason="录错")
    assert load_bundle(tmp_path, cast_, measured("718-7", 132, "g/L")).loaded
    assert not Observation.objects.standing().exists()
    assert load_bundle(tmp_path, cast_, measured("718-7", 123, "g/L")).loaded
    assert Observation.objects.standing().get().value == 123


def test_what_this_house_corrected_stays_corrected(tmp_path, cast_):
    assert load_bundle(tmp_path, cast_, measured("718-7", 132, "g/L")).loaded
    record.replace(Observation.objects.get(), by=cast_.wang, reason="录错", value=Decimal(123))
    assert load_bundle(tmp_path, cast_, measured("718-7", 132, "g/L")).loaded
    assert Observation.objects.standing().get().value == 123


def test_that_there_is_no_allergy_is_no_allergy(tmp_path, cast_):
    def told(key, system_, code):
        return {
            "resourceType": "AllergyIntolerance",
            "id": key,
            "patient": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": system_, "code": code, "display": "No known allergy"}]},
        }

    report = load_bundle(
        tmp_path,
        cast_,
        told("a1", "http://snomed.info/sct", "716186003"),
        told(
            "a2", "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips", "no-allergy-info"
        ),
    )
    assert report.loaded, report.refusals[:3]
    assert report.skipped["AllergyIntolerance"] == 2
    assert not Allergy.objects.exists()


def test_an_allergy_without_a_day_is_not_told_anew_every_day(tmp_path, cast_):
    told = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": {"reference": "Patient/p1"},
        "code": {"text": "青霉素"},
    }
    assert load_bundle(tmp_path, cast_, told).loaded
    Allergy.objects.update(noted_on=timezone.localdate() - timedelta(days=9))
    assert load_bundle(tmp_path, cast_, told).loaded
    assert Allergy.objects.count() == 1


def medicine(**more):
    return {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "阿司匹林"},
        "subject": {"reference": "Patient/p1"},
        "authoredOn": "2026-01-05",
        **more,
    }


def test_a_negative_dose_is_refused(tmp_path, cast_):
    dose = {"doseAndRate": [{"doseQuantity": {"value": -5, "unit": "mg"}}]}
    report = load_bundle(tmp_path, cast_, medicine(dosageInstruction=[dose]))
    assert "每次剂量应大于 0" in sentences(report)
    head = ["身份证号", "机构代码", "药品名称", "每次剂量", "开始日期"]
    row = [ONE, "QS201", "阿司匹林", "-5mg", "2026-03-02"]
    assert "每次剂量应大于 0" in sentences(load_tables(tmp_path, {"用药": [head, row]}))


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ({}, "2026-01-05"),
        ({"meta": {"lastUpdated": "2026-02-01T08:00:00+08:00"}}, "2026-02-01"),
        (
            {"dispenseRequest": {"expectedSupplyDuration": {"value": 7, "code": "d"}}},
            "2026-01-11",
        ),
    ],
)
def test_a_medicine_that_is_over_is_not_taken_now(tmp_path, cast_, more, ended):
    assert load_bundle(tmp_path, cast_, medicine(status="completed", **more)).loaded
    assert Medication.objects.get().ended_on.isoformat() == ended


def test_a_visit_that_finished_is_not_left_open(tmp_path, cast_):
    sent = {**VISIT, "period": {"start": "2026-01-05T09:00:00+08:00"}}
    assert load_bundle(tmp_path, cast_, sent).loaded
    assert Encounter.objects.get().ended_at is not None
    stay = {**sent, "id": "e2", "class": {"code": "IMP"}}
    assert "缺少出院时间" in sentences(load_bundle(tmp_path, cast_, stay))
