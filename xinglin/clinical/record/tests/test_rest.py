"""The record told by machines through REST: written, repeated, corrected, refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.cast import Cast
from tests.machines import Machine, forget_tokens, machine
from xinglin.clinical.record.models import Encounter, HealthCover, Medication, Observation
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import CareLink

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
COMMITTEE = "330198100200"


@pytest.fixture
def his(cast: Cast) -> Machine:
    return machine(cast.township, "his-township")


@pytest.fixture
def other(cast: Cast) -> Machine:
    return machine(cast.hospital, "his-hospital")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    forget_tokens()


def now(**ago: int) -> str:
    return (timezone.now() - timedelta(**ago)).isoformat()


def today() -> str:
    return timezone.localdate().isoformat()


def visit(his: Machine, cast: Cast, **more: Any) -> dict[str, Any]:
    body = {"person": str(cast.patient.pk), "kind": "outpatient", "started_at": now(hours=1)}
    answer = his.post("/encounters", {**body, "visit_no": "MZ1", **more})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def glucose(cast: Cast, **more: Any) -> dict[str, Any]:
    return {
        "person": str(cast.patient.pk),
        "code": "15074-8",
        "value": "6.1",
        "unit": "mmol/L",
        "measured_at": now(minutes=5),
        **more,
    }


def refused(answer: Any, field: str = "", status: int = 422) -> str:
    """The sentence of a refusal that names the field."""
    assert answer.status_code == status, answer.content
    told = answer.json()
    if field:
        assert field in [each["field"] for each in told["errors"]], told
    assert any("一" <= letter <= "鿿" for letter in told["title"])
    return str(told["title"])


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"value": "1200", "code": "8480-6", "unit": "mmHg"}, "value"),
        ({"value": "-5"}, "value"),
        ({"value": "6.1", "unit": "furlong"}, "unit"),
        ({"unit": ""}, "unit"),
        ({"code": "15074-9"}, "code"),
        ({"code": "10000-8", "unit": "克拉"}, "unit"),
        ({"code": "10000-8", "unit": "x" * 30}, "unit"),
        ({"reference_low": "9", "reference_high": "3"}, "reference_low"),
        ({"value": None, "text": "120/80"}, "value"),
        ({"value": None, "text": "坏\0"}, "text"),
        ({"value": None, "text": "长" * 501}, "text"),
        ({"value": "NaN"}, "value"),
        ({"measured_at": "1492-01-01T00:00:00+08:00"}, "measured_at"),
        ({"measured_at": "1950-01-01T00:00:00+08:00"}, "measured_at"),
        ({"measured_at": "2190-01-01T00:00:00+08:00"}, "measured_at"),
        ({"interpretation": "ZZ"}, "interpretation"),
        ({"specimen": "moon-dust"}, "specimen"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_result_that_cannot_be_is_refused_at_its_field(cast, his, facts, field):
    refused(his.post("/observations", glucose(cast, **facts)), field)
    assert not Observation.objects.exists()


def test_a_result_in_another_unit_brings_its_limits_along(cast, his):
    sent = glucose(cast, value=126, unit="mg/dL", reference_low=70, reference_high=100)
    told = his.post("/observations", sent).json()
    assert (told["value"], told["unit"], told["as_told"]) == (6.993, "mmol/L", "126 mg/dL")
    assert (told["reference_low"], told["reference_high"]) == (3.885, 5.55)
    assert told["interpretation"] == "H"


def test_an_emoji_is_kept_as_it_came(cast, his):
    sent = glucose(cast, code="10000-8", value=None, unit="", text="微笑🙂", name="心情")
    assert his.post("/observations", sent).json()["text"] == "微笑🙂"


def test_two_pressures_written_one_by_one_must_fit(cast, his):
    at = now(minutes=10)
    upper = glucose(cast, code="8480-6", value=120, unit="mmHg", measured_at=at)
    lower = glucose(cast, code="8462-4", value=130, unit="mmHg", measured_at=at)
    assert his.post("/observations", upper).status_code == 201
    refused(his.post("/observations", lower), "diastolic")
    lower["value"] = 80
    right = his.post("/observations", lower)
    assert right.status_code == 201
    wrong = his.post(
        f"/observations/{right.json()['id']}/replace", {"reason": "录错", "value": 125}
    )
    refused(wrong, "diastolic")
    assert Observation.objects.standing().count() == 2


def test_the_same_message_twice_is_one_fact_and_another_under_its_number_is_refused(cast, his):
    sent = glucose(cast, source="lis", source_id="R1", value=126, unit="mg/dL")
    first = his.post("/observations", sent).json()
    assert his.post("/observations", sent).json()["id"] == first["id"]
    refused(his.post("/observations", {**sent, "value": 140}), "source_id", 409)
    assert Observation.objects.count() == 1
    # What was struck out and is told again says nothing new; what is told otherwise does.
    his.post(f"/observations/{first['id']}/void", {"reason": "录错患者"})
    assert his.post("/observations", sent).json()["id"] == first["id"]
    anew = his.post("/observations", {**sent, "value": 140})
    assert anew.status_code == 201
    assert anew.json()["id"] != first["id"]


def test_a_visit_that_went_on_is_still_the_same_message(cast, his):
    sent = {"source": "his", "source_id": "V1", "started_at": now(hours=2), "complaint": "头晕"}
    begun = visit(his, cast, **sent)
    his.patch(f"/encounters/{begun['id']}", {"complaint": "头晕两天"})
    assert visit(his, cast, **sent)["id"] == begun["id"]
    assert Encounter.objects.get().complaint == "头晕两天"


def test_a_correction_takes_the_place_of_what_was_wrong(cast, his, other):
    visit(other, cast, visit_no="ZY1")
    told = his.post("/observations", glucose(cast, reference_low=4, reference_high=6)).json()
    address = f"/observations/{told['id']}/replace"
    refused(his.post(address, {"value": 7.2}), "reason")
    refused(his.post(address, {"reason": "录错", "value": 72}), "value")
    refused(his.post(address, {"reason": "录错", "person": told["person"]}), "person")
    # Another house that treats the person reads it, and does not correct it.
    refused(other.post(address, {"reason": "录错", "value": 7.2}), status=403)
    right = his.post(address, {"reason": "录错", "value": 140, "unit": "mg/dL"})
    assert right.status_code == 201, right.content
    assert right.json()["replaces"] == told["id"]
    # In the new unit the old limits would be others; the catalogue's stand in.
    assert (right.json()["value"], right.json()["reference_high"]) == (7.77, 6.1)
    old = his.get(f"/observations/{told['id']}").json()
    assert (old["void_reason"], old["value"]) == ("录错", 6.1)
    refused(his.post(address, {"reason": "再改", "value": 8}), status=409)
    refused(his.post(f"/observations/{told['id']}/void", {"reason": "再改"}), status=409)


def test_results_of_a_specimen_come_in_whole_or_not_at_all(cast, his):
    body = {"person": str(cast.patient.pk), "measured_at": now(minutes=5)}
    wrong = {"2823-3": 410, "718-7": 132, "10000-0": 1}
    told = his.post("/results", {**body, "results": wrong})
    refused(told, "2823-3")
    assert {each["field"] for each in told.json()["errors"]} == {"2823-3", "10000-0"}
    assert not Observation.objects.exists()
    right = {"2823-3": "4.1", "718-7": 132, "5195-3": "阴性"}
    told = his.post("/results", {**body, "results": right})
    assert told.status_code == 201, told.content
    by_code = {each["code"]: each for each in told.json()}
    # A number that was sent as text is a number.
    assert (by_code["2823-3"]["value"], by_code["2823-3"]["unit"]) == (4.1, "mmol/L")
    assert (by_code["5195-3"]["text"], by_code["5195-3"]["interpretation"]) == ("阴性", "NEG")
    refused(his.post("/results", {**body, "results": {}}), "results")
    refused(his.post("/results", {**body, "results": {"2823-3": None}}), status=422)


def test_a_health_record_is_opened_corrected_closed_and_reopened(cast, his):
    body = {"person": str(cast.patient.pk), "established_on": today(), "committee": COMMITTEE}
    refused(his.post("/health-covers", {**body, "committee": "330"}), "committee")
    refused(his.post("/health-covers", {**body, "education": "99"}), "education")
    opened = his.post("/health-covers", {**body, "abo": "1", "source_id": "C1"})
    assert opened.status_code == 201, opened.content
    number = opened.json()["number"]
    assert (len(number), number[:12]) == (17, COMMITTEE)
    same = his.post("/health-covers", {**body, "abo": "1", "source_id": "C1"})
    assert same.json()["id"] == opened.json()["id"]
    refused(his.post("/health-covers", body), status=409)
    address = f"/health-covers/{opened.json()['id']}"
    refused(his.post(f"{address}/replace", {"reason": "录错", "number": "123"}), "number")
    right = his.post(f"{address}/replace", {"reason": "录错", "doctor": "王医生"}).json()
    assert (right["number"], right["doctor"]) == (number, "王医生")
    address = f"/health-covers/{right['id']}"
    refused(his.post(f"{address}/close", {"on": today(), "reason": "bored"}), "close_reason")
    refused(his.post(f"{address}/close", {"on": "2000-01-01", "reason": "moved"}), "closed_on")
    assert his.post(f"{address}/close", {"on": today(), "reason": "moved"}).status_code == 200
    refused(his.post(f"{address}/close", {"on": today(), "reason": "moved"}), status=409)
    assert his.post(f"{address}/reopen").json()["closed_on"] is None
    refused(his.post(f"{address}/reopen"), status=409)


def test_a_corrected_number_is_nobody_elses_and_is_never_given_again(cast, his):
    neighbour = people.register(
        type(cast.patient)(county=cast.region, name="刘桂英", health_record_no=f"{COMMITTEE}00009"),
        by=cast.wang,
    )
    body = {"person": str(cast.patient.pk), "established_on": today(), "committee": COMMITTEE}
    cover = his.post("/health-covers", body).json()
    address = f"/health-covers/{cover['id']}/replace"
    taken = his.post(address, {"reason": "录错", "number": neighbour.health_record_no})
    refused(taken, "number", 409)
    right = his.post(address, {"reason": "录错", "number": f"{COMMITTEE}00050"})
    assert right.status_code == 201, right.content
    third = people.register(type(cast.patient)(county=cast.region, name="张三"), by=cast.wang)
    body["person"] = str(third.pk)
    assert his.post("/health-covers", body).json()["number"] == f"{COMMITTEE}00051"
    assert HealthCover.objects.standing().count() == 2


def test_a_medicine_is_stopped_once(cast, his):
    body = {"person": str(cast.patient.pk), "name": "阿司匹林肠溶片", "started_on": today()}
    refused(his.post("/medications", {**body, "dose": "-5 mg"}), "dose")
    refused(his.post("/medications", {**body, "dose": "0"}), "dose")
    refused(his.post("/medications", {**body, "dose_value": "-5", "dose_unit": "mg"}), "dose_value")
    refused(his.post("/medications", {**body, "started_on": "2150-01-01"}), "started_on")
    refused(his.post("/medications", {**body, "ended_on": "2000-01-01"}), "ended_on")
    told = his.post("/medications", {**body, "dose": "0.1 g", "days": 14}).json()
    # What was given for fourteen days is not taken for ever.
    assert told["ended_on"] == (timezone.localdate() + timedelta(days=13)).isoformat()
    address = f"/medications/{told['id']}/stop"
    refused(his.post(address, {"on": "2000-01-01"}), "ended_on")
    assert his.post(address, {"on": today(), "reason": "出血"}).status_code == 200
    refused(his.post(address, {"on": today()}), status=409)
    assert Medication.objects.get().stop_reason == "出血"


def test_a_struck_out_visit_takes_what_was_noted_in_it_along(cast, his):
    begun = visit(his, cast)
    his.post("/observations", glucose(cast, encounter=begun["id"]))
    his.post(
        "/diagnoses",
        {
            "person": begun["person"],
            "encounter": begun["id"],
            "code": "I10",
            "diagnosed_on": today(),
        },
    )
    assert CareLink.objects.filter(organisation=cast.township, basis="encounter").exists()
    answer = his.post(f"/encounters/{begun['id']}/void", {"reason": "录错患者"})
    assert answer.status_code == 200, answer.content
    assert not Observation.objects.standing().exists()
    assert Observation.objects.get().void_reason == "录错患者"
    # A visit that never was opens nothing.
    link = CareLink.objects.get(organisation=cast.township, basis="encounter")
    assert link.until is not None
    assert link.until <= timezone.now()
    refused(his.post("/observations", glucose(cast, encounter=begun["id"])), status=409)


def test_nothing_is_found_in_somebody_after_death(cast, his):
    died = timezone.localdate() - timedelta(days=3)
    people.report_death(cast.patient, by=cast.wang, died_on=died)
    person = str(cast.patient.pk)
    refused(his.post("/observations", glucose(cast)), "measured_at")
    body = {"person": person, "name": "阿司匹林肠溶片", "started_on": today()}
    refused(his.post("/medications", body), "started_on")
    body = {"person": person, "code": "I10", "diagnosed_on": today()}
    refused(his.post("/diagnoses", body), "diagnosed_on")
    body = {"person": person, "code": "47.09", "performed_at": now()}
    refused(his.post("/procedures", body), "performed_at")
    # What a laboratory reports of a specimen taken in life, and what was before, is written.
    late = glucose(cast, code="718-7", value=90, unit="g/L", kind="laboratory")
    assert his.post("/observations", late).status_code == 201
    assert his.post("/observations", glucose(cast, measured_at=now(days=4))).status_code == 201


def test_a_paper_is_what_its_bytes_are_and_one_number_is_one_paper(cast, his):
    def send(content: bytes, **more: str) -> Any:
        return his.upload(
            "/documents",
            file=SimpleUploadedFile("报告.pdf", content, content_type="application/pdf"),
            person=str(cast.patient.pk),
            kind="report",
            **more,
        )

    refused(send(b"MZ\x90\x00" + b"x" * 100), "file")
    refused(send(b""), "file")
    refused(send(PDF, title="长" * 201), "title")
    first = send(PDF, source="pacs", source_id="D1")
    assert first.status_code == 201, first.content
    assert send(PDF, source="pacs", source_id="D1").json()["id"] == first.json()["id"]
    refused(send(PDF + b"2", source="pacs", source_id="D1"), "source_id", 409)


def test_a_stay_does_not_end_before_it_began(cast, his):
    stay = visit(his, cast, kind="inpatient", visit_no="ZY1")
    address = f"/encounters/{stay['id']}/end"
    refused(his.post(address, {"ended_at": now(days=3), "discharge_way": "1"}), "ended_at")
    refused(his.post(address, {"ended_at": now()}), "discharge_way")
    refused(his.post(address, {"ended_at": now(), "discharge_way": "x"}), "discharge_way")
    assert his.post(address, {"ended_at": now(), "discharge_way": "1"}).status_code == 200
    refused(his.post(address, {"ended_at": now(), "discharge_way": "1"}), status=409)
    refused(his.patch(f"/encounters/{stay['id']}", {"complaint": "改"}), status=409)
