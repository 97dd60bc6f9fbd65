"""The machine's door: whoever is known is told, and old ids lead to the survivor."""

from __future__ import annotations

from datetime import date

import pytest

from tests import machines
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import MatchReview, Merge, Person

AGAIN = {
    "name": "陳桂香",
    "birth_date": "1962-05-04",
    "sex": "1",
    "phone": "13900000001",
}


@pytest.fixture
def his(cast):
    return machines.machine(cast.township, "people-his")


def test_a_known_resident_is_a_conflict_with_the_way_to_them(cast, his):
    answer = his.post("/people", AGAIN)
    assert answer.status_code == 409
    told = answer.json()
    assert told["type"] == "about:xinglin/known-person"
    assert told["links"] == [{"title": "陈桂香", "href": cast.patient.get_absolute_url()}]
    answer = his.post("/people", {**AGAIN, "checked": "同名同日生，已核对证件"})
    assert answer.status_code == 201
    assert MatchReview.objects.get().note == "同名同日生，已核对证件"


def test_a_match_tells_who_it_may_be_and_why(cast, his):
    told = his.post("/people/match", AGAIN).json()
    assert told["verdict"] == "same"
    found = told["candidates"][0]
    assert found["person"]["id"] == str(cast.patient.pk)
    assert found["person"]["phone"] == "139****0001"
    assert {"field": "name", "level": "same"}.items() <= found["pieces"][0].items()
    assert not Person.objects.filter(name="陳桂香").exists()
    stranger = {"name": "李建国", "birth_date": "1980-01-01"}
    assert his.post("/people/match", stranger).json() == {"verdict": "new", "candidates": []}


def test_identifiers_come_with_the_registration(cast, his):
    numbers = [{"kind": "birth-cert", "value": "A330000001"}]
    body = {"name": "李小宝", "birth_date": "2026-01-05", "identifiers": numbers}
    made = his.post("/people", body).json()
    again = his.get(f"/people/{made['id']}/identifiers").json()
    assert [row["value"] for row in again["items"]] == ["A330000001"]
    wrong = {**body, "identifiers": [{"kind": "birth-cert", "value": "33"}]}
    assert his.post("/people", wrong).status_code == 422
    found = his.post("/people/match", {**body, "name": "李宝", "identifiers": numbers}).json()
    assert found["verdict"] in ("same", "perhaps")


def test_the_id_of_a_merged_registration_leads_to_the_survivor(cast, his):
    loser = people.register(
        Person(county=cast.region, name="陈贵香", birth_date=date(1962, 5, 4)),
        by=cast.wang,
        checked="已核对",
    )
    told = Merge(county=cast.region, survivor=cast.patient, loser=loser, reason="已核对身份证")
    people.merge(told, by=cast.sun)
    answer = his.get(f"/people/{loser.pk}")
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"/api/v1/people/{cast.patient.pk}"
