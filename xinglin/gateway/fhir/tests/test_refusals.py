"""Whatever is sent, the answer is an OperationOutcome with a sentence, and never a breakdown."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.fhir import assert_valid
from xinglin.gateway.fhir.registry import TYPES, parameters
from xinglin.gateway.fhir.tests.county import link, matches, person_at

HAN = re.compile(r"[\u4e00-\u9fff]")


def refusal(told, status, code=""):
    assert told.status_code == status, (told.status_code, told.content)
    assert told["Content-Type"] == "application/fhir+json"
    outcome = told.json()
    assert_valid(outcome)
    (issue,) = outcome["issue"]
    assert issue["severity"] == "error"
    if code:
        assert issue["code"] == code
    return issue


WRONG = [
    ("Patient?birthdate=tomorrow", "birthdate"),
    ("Patient?birthdate=2026-13", "birthdate"),
    ("Patient?birthdate=2026-02-30", "birthdate"),
    ("Patient?birthdate=0001", "birthdate"),
    ("Patient?birthdate=9999-12-31", "birthdate"),
    ("Patient?birthdate=xx2026", "birthdate"),
    ("Patient?name=%00", "name"),
    ("Patient?name:sounds=x", "name:sounds"),
    ("Patient?gender:missing=perhaps", "gender:missing"),
    ("Patient?_id=%20!", "_id"),
    ("Patient?_id=" + "a" * 65, "_id"),
    ("Patient?_count=-1", "_count"),
    ("Patient?_count=x", "_count"),
    ("Patient?_count=" + "9" * 40, "_count"),
    ("Patient?_count=%D9%A3", "_count"),
    ("Patient?_total=perhaps", "_total"),
    ("Patient?_cursor=x", "_cursor"),
    ("Patient?_cursor=WyJuIiwxXQ", "_cursor"),
    ("Patient?_cursor=%E4%B8%AD", "_cursor"),
    ("Patient?_cursor=bnVsbA", "_cursor"),
    ("Observation?date=2026-03-02T25:00", "date"),
    ("Observation?date=2026-03-02T10:00:00%2B99:00", "date"),
    ("Observation?patient=%00", "patient"),
    ("Observation?patient=a/b%20c", "patient"),
    ("Observation?patient:Group=1", "patient:Group"),
    ("Observation?value-quantity=much", "value-quantity"),
    ("Observation?value-quantity=NaN", "value-quantity"),
    ("Observation?value-quantity=1e999999999", "value-quantity"),
    ("Observation?code=" + "9" * 300, "code"),
    ("Observation?code=" + ",".join("a" * 501), "code"),
    ("Observation?patient.birthdate=x", "birthdate"),
]


@pytest.mark.parametrize(("path", "name"), WRONG)
def test_what_cannot_be_read_is_named(his, path, name):
    issue = refusal(his.ask(path), 400, "invalid")
    assert issue["location"] == [f"http.{name}"]
    assert name in issue["details"]["text"]
    assert HAN.search(issue["details"]["text"])
    english = refusal(his.ask(path, accept_language="en"), 400)
    assert not HAN.search(english["details"]["text"].replace("中", ""))


@pytest.mark.parametrize("kind", TYPES)
def test_nonsense_in_any_parameter_is_refused_or_finds_nothing(his, kind):
    hostile = (
        "'\"%_\\",
        "|||",
        ",,,",
        "a" * 3000,
        "-1",
        "１２",
        "\ud7ff",
        "$$",
        "..",
        "ne",
        "/",
        "://",
    )
    names = [*parameters(kind), "_sort", "_include", "_elements", "_summary", "_format", "_pretty"]
    for name in names:
        for value in hostile:
            told = his.ask(f"{kind}?{name}={quote(value)}")
            assert told.status_code in (200, 400, 406), (name, value, told.content)


@pytest.mark.parametrize("query", ["nonsense=1", "_include=Patient:nonsense", "_sort=nonsense"])
@pytest.mark.parametrize("more", ["", "&name=陈"])
def test_what_is_not_known_is_told_or_on_demand_refused(his, query, more):
    bundle = his.get(f"Patient?{query}{more}")
    assert "nonsense" not in link(bundle, "self")
    (outcome,) = matches(bundle, "outcome")
    assert_valid(outcome)
    assert outcome["issue"][0]["severity"] == "warning"
    assert query.partition("=")[0] in outcome["issue"][0]["details"]["text"]
    assert_valid(bundle)
    refusal(his.ask(f"Patient?{query}{more}", prefer="handling=strict"), 400)
    assert his.get("Patient?name=陈", prefer="handling=strict")["total"] == 1


def test_another_form_than_json_is_not_written(his):
    refusal(his.ask("Patient", accept="application/fhir+xml"), 406, "not-supported")
    refusal(his.ask("Patient?_format=xml"), 406, "not-supported")
    refusal(his.ask("metadata?_format=ttl"), 406)
    for accept in (
        "*/*",
        "text/html,*/*;q=0.8",
        "application/json",
        "application/fhir+json; fhirVersion=4.0",
    ):
        his.get("Organization", accept=accept)
    his.get("Organization?_format=application/fhir%2Bjson", accept="application/xml")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_yet(his, lived, method):
    for path in ("Patient", f"Patient/{lived['Patient'].pk}", "Patient/new", "metadata"):
        told = his.ask(path, method)
        refusal(told, 405, "not-supported")
        assert "GET" in told["Allow"]
    assert his.ask("Patient/_search").status_code == 405


def test_a_search_by_form_is_a_form(his):
    told = his.http.post(
        "/fhir/Patient/_search",
        {"name": "陈"},
        content_type="application/json",
        headers=his.headers,
    )
    refusal(told, 415)


def test_addresses_that_lead_nowhere(his):
    nobody = "00000000-0000-7000-8000-000000000000"
    for path in (
        *("", "Nonsense", f"Nonsense/{nobody}", f"Patient/{nobody}", "Patient/nobody", "Binary/x"),
        *(f"Binary/{nobody}", f"Patient/{nobody}/Observation", f"Patient/{nobody}/$everything"),
        *("Patient/x/y/z", f"Observation/{nobody}/Patient", "$everything", "Patient/$merge"),
    ):
        refusal(his.ask(path), 404, "not-found")
    refusal(his.ask("Patient/a%20b"), 400)
    refusal(his.ask("Patient/%00"), 400)
    refusal(his.ask("Patient/" + "a" * 65), 400)


def test_too_many_parameters_are_refused(his):
    refusal(his.ask("Patient?" + "&".join(f"name=x{n}" for n in range(2000))), 413)


def test_who_has_no_post_is_told_so(county, client):
    from xinglin.registry.staff.models import User

    nobody = person_at(User.objects.create(username="nobody"))
    refusal(nobody.ask("Patient"), 403, "forbidden")


def test_a_role_without_the_right_sees_nothing(county, lived):
    """The administrator finds people but reads nobody's record; the bureau not even people."""
    admin, bureau = person_at(county.users["admin"]), person_at(county.users["zheng"])
    assert admin.get("Patient")["total"] == 1
    for kind in ("Observation", "Condition", "ServiceRequest", "Task", "DocumentReference"):
        assert admin.get(kind)["total"] == bureau.get(kind)["total"] == 0
        refusal(admin.ask(f"{kind}/{lived[kind].pk}"), 404)
    assert bureau.get("Patient")["total"] == 0
    assert bureau.get("Organization")["total"] > 0
