from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import cast
from tests.fhir import assert_valid
from tests.goldens import assert_golden, with_names
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.fhir import task_to_fhir, to_fhir
from xinglin.clinical.referral.models import Direction, State
from xinglin.kernel import clock

AT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_golden_referral(monkeypatch):
    county = cast.make()
    monkeypatch.setattr("xinglin.clinical.referral.rules.number_for", lambda day: "R260302-2345678")
    told = []
    with clock.at(AT):
        referral = referrals.draft(
            cast.letter(county, diagnosed_on=AT.date(), consented_at=AT, created_at=AT),
            by=county.wang,
        )
        referrals.submit(referral, by=county.wang)
        told += [to_fhir(referral), task_to_fhir(referral)]
        referrals.decline(referral, by=county.li, code="no-bed", alternative="请转县中医院心内科")
        told.append(task_to_fhir(referral))
        referrals.redirect(referral, by=county.wang, to_org=county.hospital)
        referrals.accept(referral, by=county.li, expected_at=AT + timedelta(days=1))
        referrals.receive(referral, by=county.li, arrived_at=AT)
        referrals.treat(referral, by=county.chen)
        referrals.close(
            referral,
            by=county.chen,
            results="冠脉CT：前降支中度狭窄",
            treatment="抗血小板、调脂",
            plan="门诊复查",
            outcome="2",
            final_code="I20.0",
        )
        told.append(task_to_fhir(referral))
    for resource in told:
        assert_valid(resource)
        resource.pop("meta")
        resource.pop("lastModified", None)
    names = {
        referral.pk: "REFERRAL",
        county.patient.pk: "PATIENT",
        county.township.pk: "TOWNSHIP",
        county.hospital.pk: "HOSPITAL",
        referral.encounter_id: "ENCOUNTER",
    }
    assert_golden("fhir-referral", with_names(told, names))


@pytest.mark.django_db
def test_every_state_is_a_valid_task():
    county = cast.make()
    for state in State:
        for direction in Direction:
            referral = cast.letter(county, state=state, direction=direction, number="R1")
            assert_valid(to_fhir(referral))
            assert_valid(task_to_fhir(referral))
