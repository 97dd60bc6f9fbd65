"""Whatever is sent, the answer is a document that says what to do, and never a 500."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from tests.machines import Machine, form, machine
from xinglin.registry.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def his(cast: Cast) -> Machine:
    return machine(cast.township, "his")


def problem(answer: Any, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The document, after its form and its words were looked at."""
    assert answer.status_code == status, answer.content.decode()[:500]
    assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["type"] == f"about:xinglin/{code}"
    assert told["title"]
    assert [each["field"] for each in told.get("errors", [])] == list(fields)
    assert all(each["message"] for each in told.get("errors", []))
    return told


def raw(his: Machine, path: str, content: bytes, kind: str = "application/json") -> Any:
    return his.http.generic("POST", f"/api/v1{path}", content, kind, headers=his.headers)


def test_a_wrong_id_number_is_named(his):
    answer = his.post("/people", {"name": "陈桂香", "id_number": "330199196205040020"})
    told = problem(answer, 422, "bad-id-card", "id_number")
    assert "校验码" in told["title"]


def test_a_known_id_number_leads_to_the_person(cast, his):
    answer = his.post("/people", {"name": "重名", "id_number": cast.patient.id_number})
    told = problem(answer, 409, "known-person", "id_number")
    assert told["links"][0]["title"] == cast.patient.name


def test_an_unknown_diagnosis_is_named(cast, his):
    answer = his.post("/referrals", form(cast, diagnosis_code="ZZ9.9"))
    problem(answer, 422, "unknown-code", "diagnosis_code")


def test_a_date_in_the_future_is_named(cast, his):
    tomorrow = (timezone.localdate() + timedelta(days=2)).isoformat()
    answer = his.post("/referrals", form(cast, diagnosed_on=tomorrow))
    problem(answer, 422, "in-the-future", "diagnosed_on")


def test_missing_unknown_and_mistyped_fields_are_all_named(his):
    answer = his.post(
        "/referrals", {"to_org": "nowhere", "diagnosed_on": "1.1.2026", "urgency": 7, "typo": 1}
    )
    told = problem(answer, 422, "invalid", "to_org", "urgency", "diagnosed_on", "person", "typo")
    assert told["errors"][2]["message"] == "应为日期，如 2026-03-02。"


def test_sentences_follow_the_language_asked_for(his):
    his.headers["accept-language"] = "en"
    answer = his.post("/people", {})
    assert answer["Content-Language"] == "en"


def test_foreign_and_unknown_ids_look_the_same(cast, his):
    abroad = Person.objects.create(county=cast.strange_region, name="外县人")
    for pk in (abroad.pk, uuid4()):
        problem(his.get(f"/people/{pk}"), 404, "not-found")
        problem(his.get("/encounters", person=str(pk)), 404, "not-found")
        problem(his.post("/referrals", form(cast, person=str(pk))), 422, "refused", "person")
    problem(his.get(f"/organisations/{cast.strange_hospital.pk}"), 404, "not-found")
    answer = his.post("/referrals", form(cast, to_org=str(cast.strange_hospital.pk)))
    problem(answer, 422, "refused", "to_org")


def test_a_ten_megabyte_body_is_not_read(his):
    problem(raw(his, "/people", b'{"name":"' + b"x" * 10_000_000 + b'"}'), 413, "too-large")


def test_json_that_is_none_is_said_so(his):
    for content in (b"{", b"\xff\xfe", b'{"name": "\xe4"}', b'{"name": "\\ud800"}', b"nonsense"):
        problem(raw(his, "/people", content), 400, "malformed")


def test_another_media_type_is_refused(his):
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
        problem(raw(his, "/people", b"<a/>", kind), 415, "unsupported-media-type")
    problem(raw(his, "/documents", b"{}"), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [[], "x", 1, None, {"name": None}, {"name": "a" * 5000}, {"name": {"a": 1}}, {"name": ["x"]}],
)
def test_json_of_another_shape_is_no_accident(his, body):
    import orjson

    answer = raw(his, "/people", orjson.dumps(body))
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_nul_huge_numbers_and_far_dates_are_refused(cast, his):
    problem(his.post("/people", {"name": "a\0b"}), 422, "refused", "name")
    problem(his.get("/people", q="a\0b"), 422, "refused", "q")
    problem(his.get("/people", page="9" * 400), 422, "invalid", "page")
    problem(raw(his, "/people", b'{"name": 1' + b"0" * 400 + b"}"), 400, "malformed")
    problem(raw(his, "/people", b'{"name": 1' + b"0" * 40 + b"}"), 422, "invalid", "name")
    far = form(cast, consented_at="9999-12-31T23:59:59-14:00")
    problem(his.post("/referrals", far), 422, "invalid", "consented_at")
    value = {
        "person": str(cast.patient.pk),
        "code": "x",
        "name": "x",
        "value": "1e30",
        "measured_at": "2026-01-01T00:00:00Z",
    }
    problem(his.post("/observations", value), 422, "invalid", "value")


def test_an_attachment_too_large_or_of_another_type_is_named(cast, his):
    def send(name: str, content: bytes) -> Any:
        return his.upload(
            "/documents", person=str(cast.patient.pk), file=SimpleUploadedFile(name, content)
        )

    problem(send("a.pdf", b"MZ\x90\x00 not a pdf"), 422, "wrong-file", "file")
    problem(send("a.pdf", b"%PDF-" + b"x" * (21 << 20)), 422, "wrong-file", "file")
    problem(send("a.pdf", b""), 422, "wrong-file", "file")
    answer = his.upload("/documents", person=str(cast.patient.pk))
    problem(answer, 422, "invalid", "file")


def test_unknown_addresses_and_methods(his):
    problem(his.get("/nothing"), 404, "not-found")
    problem(his.get("/people/not-an-id"), 404, "not-found")
    answer = his.http.delete("/api/v1/people", headers=his.headers)
    problem(answer, 405, "method-not-allowed")
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}
    assert Client().get("/api/").status_code == 404


def test_what_nobody_expected_tells_nothing(his, monkeypatch, caplog):
    from xinglin.registry.people import actions

    def breaks(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(actions, "register", breaks)
    answer = his.post("/people", {"name": "陈桂香"})
    problem(answer, 500, "internal")
    assert b"secret" not in answer.content
    assert "a secret of the house" in caplog.text
