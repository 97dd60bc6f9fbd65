"""Who may be the one that another system has before it."""

from __future__ import annotations

import json

import pytest

from tests.fhir import assert_valid
from xinglin.gateway.fhir.tests.county import matches, person_at

MATCH = "/fhir/Patient/$match"


def ask(reader, body, kind="application/fhir+json"):
    sent = body if isinstance(body, str) else json.dumps(body)
    return reader.http.post(MATCH, sent, content_type=kind, headers=reader.headers)


def parameters(patient, *more):
    told = [{"name": "resource", "resource": patient}, *more]
    return {"resourceType": "Parameters", "parameter": told}


@pytest.fixture
def granny(county):
    """As the other system knows her: with her card."""
    number = {"system": "urn:oid:2.16.156.10011.1.3", "value": county.patient.id_number}
    return {
        "resourceType": "Patient",
        "identifier": [number],
        "name": [{"text": "陈桂香"}],
        "gender": "male",
        "birthDate": "1962-05-04",
    }


def test_whoever_is_registered_is_found_and_graded(his, county, granny):
    for body in (granny, parameters(granny)):
        bundle = ask(his, body).json()
        assert_valid(bundle)
        (entry,) = bundle["entry"]
        assert entry["resource"]["id"] == str(county.patient.pk)
        assert entry["search"]["extension"][0]["valueCode"] == "certain"
        assert 0.9 < entry["search"]["score"] <= 1
        assert "identifier" not in entry["resource"]


def test_a_stranger_is_nobody_here(his):
    other = {"resourceType": "Patient", "name": [{"text": "欧阳建国"}], "birthDate": "1990-01-01"}
    bundle = ask(his, parameters(other)).json()
    assert (bundle["total"], matches(bundle)) == (0, [])
    assert_valid(bundle)


def test_only_certain_ones_on_demand(his, granny):
    alike = {**granny, "identifier": [], "birthDate": "1962-05-05"}
    certain = {"name": "onlyCertainMatches", "valueBoolean": True}
    few = {"name": "count", "valueInteger": 1}
    for entry in ask(his, parameters(alike, certain, few)).json().get("entry", []):
        assert entry["search"]["extension"][0]["valueCode"] == "certain"


def test_who_may_not_look_people_up_may_not_match(county, granny):
    told = ask(person_at(county.users["zheng"]), granny)
    assert told.status_code == 403
    stranger = ask(person_at(county.users["stranger"]), granny).json()
    assert stranger["total"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 422),
        ("null", 422),
        ({"resourceType": "Parameters"}, 422),
        ({"resourceType": "Parameters", "parameter": {}}, 422),
        (parameters({}, {"name": "count", "valueInteger": 1e300}), 422),
        ({"resourceType": "Patient"}, 422),
        ({"resourceType": "Patient", "name": [{"text": "陈\x00"}]}, 422),
        ({"resourceType": "Patient", "name": [{"text": "陈"}], "birthDate": "1962-13-01"}, 422),
        ({"resourceType": "Group"}, 422),
        (json.dumps({"resourceType": "Patient", "name": [{"text": "x" * 2**20}]}), 413),
    ],
    ids=range(11),
)
def test_what_cannot_be_read_is_an_outcome(his, body, status):
    told = ask(his, body)
    assert told.status_code == status
    assert_valid(told.json())
    assert ask(his, body, "text/plain").status_code == 415
