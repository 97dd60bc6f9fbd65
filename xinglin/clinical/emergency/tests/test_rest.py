"""A stroke told by two machines through REST alone."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.cast import Cast, resident
from tests.machines import Machine, machine
from xinglin.clinical.emergency.api import schemas
from xinglin.clinical.emergency.models import GreenCase
from xinglin.kernel.models import TrailEntry

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture
def township(cast: Cast) -> Machine:
    return machine(cast.township, "his-township")


@pytest.fixture
def hospital(cast: Cast) -> Machine:
    return machine(cast.hospital, "his-hospital")


def test_a_stroke_goes_through(cast, township, hospital):
    opened = township.post("/green-cases", {"kind": "stroke", "person": str(cast.patient.pk)})
    assert opened.status_code == 201, opened.content
    case = schemas.GreenCaseOut.model_validate(opened.json())
    address = f"/green-cases/{case.id}"
    assert opened["Location"] == f"/api/v1{address}"
    assert (case.duty, case.to_org.name) == ("emergency.confirm", "青山县人民医院")
    now = timezone.now().isoformat()
    for who, act, body in (
        (hospital, "confirm", {"prepared": ["team", "ct"], "place": "抢救室"}),
        (township, "observe", {"measured_at": now, "systolic": 180, "diastolic": 100}),
        (township, "describe", {"vehicle_status": "06", "complaint": "失语"}),
        (township, "stamp", {"step": "depart"}),
        (hospital, "stamp", {"step": "door"}),
        (hospital, "stamp", {"step": "ct", "at": now}),
        (hospital, "correct", {"step": "ct", "at": now, "code": "device"}),
        (hospital, "stamp", {"step": "needle"}),
        (hospital, "stamp", {"step": "handover"}),
        (hospital, "admit", {"department": "急诊科"}),
    ):
        answer = who.post(f"{address}/{act}", body)
        assert answer.status_code == 200, (act, answer.content)
    sent = township.upload(f"{address}/documents", file=SimpleUploadedFile("e.png", PNG))
    assert sent.status_code == 200, sent.content
    told = schemas.GreenCaseOut.model_validate(hospital.get(address).json())
    assert told.state == "handed-over"
    assert told.encounter is not None
    assert len(told.observations) == 2
    assert told.documents[0].title == "心电图"
    needle = next(step for step in told.steps if step.step == "needle")
    assert needle.limits[0].pace == "met"
    paper = hospital.get(f"{address}/documents/{told.documents[0].id}")
    assert paper.status_code == 200
    found = township.get("/green-cases", running=False).json()
    assert [each["id"] for each in found["items"]] == [str(case.id)]
    day = timezone.localdate().isoformat()
    counts = hospital.get("/green-cases/delays", since=day, until=day)
    report = schemas.GreenDelaysOut.model_validate(counts.json())
    assert report.cases == 1
    assert any(line.step == "needle" and line.n == 1 for line in report.delays)


def test_asking_again_costs_little_and_leaves_no_line(cast, township):
    township.post("/green-cases", {"kind": "trauma", "sex_seen": "1", "age_about": 40})
    case = GreenCase.objects.get()
    first = township.get(f"/green-cases/{case.pk}")
    lines = TrailEntry.objects.filter(verb="emergency.read").count()
    township.headers["if-none-match"] = first["ETag"]
    assert township.get(f"/green-cases/{case.pk}").status_code == 304
    assert TrailEntry.objects.filter(verb="emergency.read").count() == lines
    known = resident(cast.admin, cast.region, name="周大山")
    named = township.post(f"/green-cases/{case.pk}/identify", {"person": str(known.pk)})
    assert named.json()["person"]["name"] == "周大山"
    assert township.get(f"/green-cases/{case.pk}").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "hiccup"}, "kind"),
        ({"kind": "stroke", "person": "01a21fce-1978-71bb-9bad-b7ecfb3bb600"}, "person"),
        ({"kind": "stroke", "age_about": 400}, "age_about"),
        ({"kind": "stroke", "surprise": 1}, "surprise"),
    ],
)
def test_bad_input_is_a_problem(cast, township, body, field):
    answer = township.post("/green-cases", body)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert not GreenCase.objects.exists()


def test_the_other_house_and_strangers_are_told_apart(cast, township, hospital):
    township.post("/green-cases", {"kind": "stroke", "person": str(cast.patient.pk)})
    case = GreenCase.objects.get()
    wrong = hospital.post(f"/green-cases/{case.pk}/stamp", {"step": "depart"})
    assert wrong.status_code == 403
    assert wrong.json()["type"].endswith("not-ones-side")
    other = machine(cast.other_township, "his-other")
    assert other.get(f"/green-cases/{case.pk}").status_code == 404
    assert other.post(f"/green-cases/{case.pk}/stamp", {"step": "ecg"}).status_code == 404
    again = township.post(f"/green-cases/{case.pk}/stamp", {"step": "contact"})
    assert again.status_code == 409
