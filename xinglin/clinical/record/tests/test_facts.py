"""Facts of every kind: written, refused, corrected, numbered, filed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests import cast as county
from xinglin.clinical.record import actions, rules
from xinglin.clinical.record.models import (
    Diagnosis,
    Document,
    Encounter,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people.models import Person

COMMITTEE = "330198100200"


@pytest.fixture
def visit(cast):
    return start(cast, "outpatient", timedelta(hours=2))


def start(cast, kind, ago):
    return actions.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.township,
            kind=kind,
            department="全科",
            started_at=timezone.now() - ago,
        ),
        by=cast.wang,
    )


def of(cast, **more):
    return {"person": cast.patient, "organisation": cast.township, **more}


def today():
    return timezone.localdate()


def result(cast, **more):
    given = {"code": "14749-6", "value": Decimal("5.6"), "unit": "mmol/L"}
    return Observation(**of(cast), measured_at=timezone.now(), **{**given, **more})


def problem(cast, **more):
    return Problem(**of(cast), **{"code": "E11.9", "noted_on": today(), **more})


def procedure(cast, **more):
    return Procedure(**of(cast), performed_at=timezone.now(), **{"code": "47.09", **more})


def vaccine(cast, **more):
    return Immunization(**of(cast), **{"code": "IIV4", "given_on": today(), **more})


def relative(cast, **more):
    return FamilyHistory(
        **of(cast), noted_on=today(), **{"relation": "51", "code": "stroke", **more}
    )


def medicine(cast, **more):
    return Medication(**of(cast), started_on=today(), **{"name": "阿司匹林", **more})


def diagnosis(cast, **more):
    return Diagnosis(**of(cast), **{"code": "I10", "diagnosed_on": today(), **more})


DAY = timedelta(days=1)
IMPOSSIBLE = {
    "too high": (result, {"value": Decimal(900)}, "value"),
    "wrong unit": (result, {"unit": "kg"}, "unit"),
    "no such test": (result, {"code": "14749-7"}, "code"),
    "no such specimen": (result, {"specimen": "moon"}, "specimen"),
    "ill before birth": (problem, {"onset_on": date(1900, 1, 1)}, "onset_on"),
    "no such problem": (problem, {"code": "ZZZ"}, "code"),
    "over, yet going on": (problem, {"abated_on": date(2026, 1, 1)}, "status"),
    "no such grade": (procedure, {"grade": "9"}, "grade"),
    "no such procedure": (procedure, {"code": "xx"}, "code"),
    "vaccine of tomorrow": (vaccine, {"given_on": lambda: today() + DAY}, "given_on"),
    "vaccine too old": (vaccine, {"expires_on": lambda: today() - DAY}, "expires_on"),
    "next before this": (vaccine, {"next_due_on": today}, "next_due_on"),
    "no such vaccine": (vaccine, {"code": "Nope"}, "code"),
    "oneself": (relative, {"relation": "01"}, "relation"),
    "no such illness": (relative, {"code": "flu"}, "code"),
    "no such frequency": (medicine, {"frequency_code": "zzz"}, "frequency_code"),
    "dose of nothing": (medicine, {"dose_value": Decimal(1)}, "dose_unit"),
    "found before birth": (diagnosis, {"diagnosed_on": date(1900, 1, 1)}, "diagnosed_on"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_is_refused_naming_the_field(cast, name):
    make, facts, field = IMPOSSIBLE[name]
    fact = make(cast, **{key: told() if callable(told) else told for key, told in facts.items()})
    with pytest.raises(Refused) as refused:
        actions.note(fact, by=cast.wang)
    assert refused.value.field == field, str(refused.value)
    assert not type(fact).objects.exists()


def test_a_result_is_kept_in_the_unit_of_the_catalogue_and_read(cast):
    found = actions.note(result(cast, value=Decimal(180), unit="mg/dL"), by=cast.wang)
    assert (found.value, found.unit, found.as_told) == (Decimal("9.99"), "mmol/L", "180 mg/dL")
    assert (found.interpretation, found.kind, found.specimen) == ("H", "laboratory", "plasma")
    assert found.reference == "3.9～6.1"


def test_a_medicine_has_its_words_from_its_codes_and_its_codes_from_words(cast):
    told = medicine(
        cast,
        name="二甲双胍片",
        dose_value=Decimal("0.5"),
        dose_unit="g",
        frequency_code="tid",
        route_code="1",
    )
    found = actions.note(told, by=cast.wang)
    assert str(found) == "二甲双胍片 0.5 g 每日三次"
    assert found.route == "口服"
    told = medicine(cast, name="氨氯地平片", dose="5mg", frequency="每日一次")
    found = actions.note(told, by=cast.wang)
    assert (found.dose_value, found.dose_unit, found.frequency_code) == (5, "mg", "qd")
    right = actions.replace(found, by=cast.wang, reason="频次", frequency_code="bid")
    assert str(right) == "氨氯地平片 5mg 每日两次"


def test_what_is_not_taken_is_not_in_use(cast):
    actions.note(medicine(cast, intent="statement", taken=False), by=cast.wang)
    taken = actions.note(medicine(cast, name="氨氯地平片"), by=cast.wang)
    assert list(Medication.objects.all().in_use(today())) == [taken]


def test_a_panel_is_written_whole_or_not_at_all(cast, visit):
    good = {"2823-3": Decimal("3.1"), "2951-2": Decimal(140), "5195-3": "+"}
    with pytest.raises(rules.ImpossibleValue) as refused:
        actions.report(
            cast.patient,
            by=cast.wang,
            encounter=visit,
            measured_at=timezone.now(),
            results={**good, "718-7": Decimal(1320), "2075-0": Decimal(9)},
        )
    assert set(refused.value.fields) == {"718-7", "2075-0"}
    assert not Observation.objects.exists()
    found = actions.report(
        cast.patient, by=cast.wang, encounter=visit, measured_at=timezone.now(), results=good
    )
    assert [each.interpretation for each in found] == ["L", "N", "POS"]


def test_a_correction_voids_and_replaces(cast, visit):
    wrong = actions.note(diagnosis(cast, encounter=visit), by=cast.wang)
    right = actions.replace(wrong, by=cast.wang, reason="录错", code="E11.9")
    wrong.refresh_from_db()
    assert (wrong.voided_by, wrong.void_reason, wrong.code) == (cast.wang.name, "录错", "I10")
    assert (right.replaces_id, right.encounter_id) == (wrong.pk, visit.pk)
    assert right.name != wrong.name
    told = TrailEntry.objects.filter(subject_id__in=[wrong.pk, right.pk])
    assert sorted(told.values_list("verb", flat=True)) == [
        "record.void",
        "record.write",
        "record.write",
    ]
    with pytest.raises(WrongState):
        actions.replace(wrong, by=cast.wang, reason="再改", code="I10")
    with pytest.raises(Refused):
        actions.replace(right, by=cast.wang, reason="改错", code="ZZZ")
    right.refresh_from_db()
    assert right.voided_at is None
    with pytest.raises(Forbidden):
        actions.replace(right, by=cast.stranger, reason="偷改", code="I10")


def test_a_corrected_problem_keeps_its_diagnoses(cast, visit):
    listed = actions.note(problem(cast), by=cast.wang)
    found = actions.note(diagnosis(cast, encounter=visit, code="E11.9"), by=cast.wang)
    actions.link_diagnosis(found, by=cast.wang, problem=listed)
    right = actions.replace(listed, by=cast.wang, reason="状态", status="inactive")
    found.refresh_from_db()
    assert found.problem_id == right.pk


def cover(cast, person=None, **more):
    return HealthCover(
        person=person or cast.patient, organisation=cast.township, established_on=today(), **more
    )


def test_numbers_are_issued_in_turn_and_never_twice(cast):
    first = actions.open_cover(cover(cast), by=cast.wang, committee=COMMITTEE)
    assert first.number == f"{COMMITTEE}00001"
    assert Person.objects.get(pk=cast.patient.pk).health_record_no == first.number
    neighbour = county.resident(cast.wang, cast.region, "李秀英")
    actions.void(first, by=cast.wang, reason="重复")
    second = actions.open_cover(cover(cast, neighbour), by=cast.wang, committee=COMMITTEE)
    assert second.number == f"{COMMITTEE}00002"
    # a number that came from elsewhere is not given again
    third = county.resident(cast.wang, cast.region, "王秀英")
    actions.open_cover(cover(cast, third, number=f"{COMMITTEE}00003"), by=cast.wang)
    fourth = county.resident(cast.wang, cast.region, "赵秀英")
    found = actions.open_cover(cover(cast, fourth), by=cast.wang, committee=COMMITTEE)
    assert found.number == f"{COMMITTEE}00004"


def test_one_person_one_record_and_one_number_one_person(cast):
    first = actions.open_cover(cover(cast), by=cast.wang, committee=COMMITTEE)
    with pytest.raises(actions.KnownCover):
        actions.open_cover(cover(cast), by=cast.wang, committee=COMMITTEE)
    neighbour = county.resident(cast.wang, cast.region, "李秀英")
    with pytest.raises(actions.KnownCover):
        actions.open_cover(cover(cast, neighbour, number=first.number), by=cast.wang)
    with pytest.raises(Refused, match="村"):
        actions.open_cover(cover(cast, neighbour), by=cast.wang)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"rh": "1"}, "rh"),
        ({"drug_allergies": ["none", "penicillin"]}, "drug_allergies"),
        ({"payments": ["77"]}, "payments"),
        ({"past_diseases": [{"code": "flu"}]}, "past_diseases"),
        ({"past_diseases": [{"code": "stroke", "on": "2019-13"}]}, "past_diseases"),
        ({"past_diseases": [{"code": "stroke", "on": "2999-01"}]}, "past_diseases"),
        ({"operations": [{"name": "阑尾切除术", "on": "1900-01"}]}, "operations"),
        ({"operations": [{"on": "2001-01"}]}, "operations"),
        ({"number": "1"}, "number"),
    ],
)
def test_a_form_that_cannot_be_is_refused_naming_the_field(cast, facts, name):
    with pytest.raises(Refused) as refused:
        actions.open_cover(cover(cast, **facts), by=cast.wang, committee=COMMITTEE)
    assert refused.value.field == name


def test_a_record_is_corrected_closed_and_gone_on_with(cast):
    first = actions.open_cover(cover(cast, rh="positive"), by=cast.wang, committee=COMMITTEE)
    right = actions.replace(first, by=cast.wang, reason="血型录错", rh="negative")
    assert right.number == first.number
    actions.close_cover(right, by=cast.wang, on=today(), reason="moved")
    with pytest.raises(WrongState):
        actions.close_cover(right, by=cast.wang, on=today(), reason="lost")
    actions.reopen_cover(right, by=cast.wang)
    assert right.closed_on is None


def a_stay(cast):
    stay = start(cast, "inpatient", timedelta(days=4))
    told = diagnosis(cast, encounter=stay, code="K35.8", on_admission="1")
    actions.note(told, by=cast.wang)
    return stay


def leave(cast, stay):
    return actions.end_encounter(
        stay, by=cast.wang, ended_at=timezone.now(), discharge_way="1", outcome="1"
    )


def test_a_summary_says_what_was_when_it_was_filed(cast):
    stay = a_stay(cast)
    with pytest.raises(WrongState):
        actions.file_summary(stay, by=cast.wang, course="切除", advice="休息")
    leave(cast, stay)
    with pytest.raises(Refused) as refused:
        actions.file_summary(stay, by=cast.wang, course="切除")
    assert set(refused.value.fields) == {"advice"}
    first = actions.file_summary(stay, by=cast.wang, course="切除", advice="休息")
    assert first.kind == Document.Kind.DISCHARGE
    assert first.data["diagnoses"][0]["code"] == "K35.8"
    again = actions.file_summary(stay, by=cast.wang, course="切除阑尾", advice="休息")
    first.refresh_from_db()
    assert first.voided_at is not None
    assert again.replaces_id == first.pk


def test_a_front_page_wants_one_main_diagnosis_and_how_each_was_on_admission(cast):
    stay = a_stay(cast)
    second = actions.note(diagnosis(cast, encounter=stay), by=cast.wang)
    leave(cast, stay)
    with pytest.raises(Refused, match="一个主要诊断"):
        actions.file_front_page(stay, by=cast.wang)
    second = actions.replace(second, by=cast.wang, reason="次要", main=False)
    with pytest.raises(Refused, match="入院病情"):
        actions.file_front_page(stay, by=cast.wang)
    actions.replace(second, by=cast.wang, reason="补", on_admission="1")
    paper = actions.file_front_page(stay, by=cast.wang, route="2", attending="王医生")
    assert [each["code"] for each in paper.data["diagnoses"]] == ["K35.8", "I10"]
    assert paper.data["days"] == 4


def test_nobody_writes_in_another_house(cast):
    with pytest.raises(Forbidden):
        actions.note(problem(cast), by=cast.stranger)
    with pytest.raises(Forbidden):
        actions.note(vaccine(cast), by=cast.stranger)
    with pytest.raises(Forbidden):
        actions.open_cover(cover(cast, number=f"{COMMITTEE}00009"), by=cast.stranger)
