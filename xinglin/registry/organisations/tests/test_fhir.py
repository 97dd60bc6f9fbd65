from __future__ import annotations

import pytest

from tests.fhir import assert_valid
from xinglin.kernel.resources import BadResource
from xinglin.registry.organisations.fhir import from_fhir, to_fhir
from xinglin.registry.organisations.models import Organisation


def centre() -> Organisation:
    return Organisation(
        code="QS201",
        name="青山镇中心卫生院",
        short_name="青山镇卫生院",
        level="township",
        org_class="C210",
        credit_code="12330198MB0X00001A",
        phone="0571-88880001",
        address="青山县青山镇人民路1号",
    )


def test_a_house_travels_out_and_in_again_unchanged():
    house = centre()
    sent = to_fhir(house)
    assert_valid(sent)
    back = from_fhir(sent).organisation
    assert back.facts() == house.facts()


def test_a_level_that_does_not_exist_is_refused_by_its_path():
    sent = to_fhir(centre())
    sent["type"][0]["coding"][0]["code"] = "moon-base"
    with pytest.raises(BadResource) as refusal:
        from_fhir(sent)
    assert refusal.value.field == "Organization.type[0].coding[0].code"
