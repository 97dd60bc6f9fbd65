"""The Task of a case: valid in every state, held by a golden file, searched like any Task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests import cast as county
from tests.fhir import assert_valid
from tests.goldens import assert_golden, with_names
from tests.machines import machine
from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency.fhir import to_fhir
from xinglin.clinical.emergency.models import State
from xinglin.clinical.emergency.tests import factories as road
from xinglin.kernel import clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


def test_golden_case(cast, monkeypatch):
    monkeypatch.setattr("xinglin.clinical.emergency.rules.number_for", lambda day: "G260302-234567")
    told = []
    with clock.at(AT):
        case = road.confirmed(cast)
        told.append(to_fhir(case, case.steps.order_by("at", "id")))
        emergencies.stamp(case, by=cast.wang, step="depart")
    with clock.at(AT + timedelta(minutes=30)):
        emergencies.stamp(case, by=cast.li, step="door")
        emergencies.stamp(case, by=cast.li, step="ct")
        told.append(to_fhir(case, case.steps.order_by("at", "id")))
        emergencies.stand_down(case, by=cast.li, code="not-critical", text="低血糖")
        told.append(to_fhir(case))
    for resource in told:
        assert_valid(resource)
        resource.pop("meta")
        resource.pop("lastModified", None)
    names = {
        case.pk: "CASE",
        cast.patient.pk: "PATIENT",
        cast.township.pk: "TOWNSHIP",
        cast.hospital.pk: "HOSPITAL",
    }
    assert_golden("fhir-green-case", with_names(told, names))


def test_every_state_is_a_valid_task():
    cast = county.make()
    for state in State:
        case = road.alarm(
            cast, state=state, number="G1", to_org=cast.hospital, opened_at=timezone.now()
        )
        assert_valid(to_fhir(case))


def test_a_case_is_found_among_the_tasks(cast):
    case = road.opened(cast)
    his = machine(cast.township, "his-township")
    for asked in ("", "?code=stroke", f"?patient={cast.patient.pk}", "?business-status=open"):
        answer = his.http.get(f"/fhir/Task{asked}", headers=his.headers)
        assert answer.status_code == 200, answer.content
        assert str(case.pk) in answer.content.decode(), asked
    one = his.http.get(f"/fhir/Task/{case.pk}", headers=his.headers).json()
    assert one["code"]["coding"][0]["code"] == "stroke"
    assert any(each["type"]["coding"][0]["code"] == "contact" for each in one["output"])
    none = his.http.get("/fhir/Task?code=trauma", headers=his.headers).json()
    assert none.get("total", 0) == 0
