"""What people do with houses and departments."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests import cast as casting
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Department, Level, Organisation, tree


def test_a_house_takes_its_county_and_its_path_from_its_parent(cast):
    clinic = casting.house(cast.admin, cast.township, Level.VILLAGE, "下柳村卫生室")
    assert clinic.county_id == cast.region.pk
    assert clinic.path == f"{cast.township.path}0002/"
    assert tree.above(clinic.pk, Level.CONSORTIUM) == cast.office.pk


def test_a_village_clinic_stands_under_a_township_only(cast):
    with pytest.raises(houses.WrongPlace):
        casting.house(cast.admin, cast.hospital, Level.VILLAGE, "下柳村卫生室")


def test_nobody_maintains_the_houses_of_another_county(cast):
    with pytest.raises(Forbidden):
        houses.change(cast.township, by=cast.strange_admin, name="抢来的卫生院")


def test_a_code_is_given_once_in_a_county(cast):
    with pytest.raises(houses.KnownHouse):
        casting.house(cast.admin, cast.township, Level.VILLAGE, "重名", code=cast.village.code)


def test_a_class_must_be_one_of_ws_218(cast):
    with pytest.raises(Refused, match="没有机构类别"):
        houses.change(cast.township, by=cast.admin, org_class="Z999")


def test_a_closed_house_is_closed_once_and_takes_no_department(cast):
    today = timezone.localdate()
    houses.close(cast.village, by=cast.admin, on=today)
    with pytest.raises(WrongState):
        houses.close(cast.village, by=cast.admin, on=today)
    with pytest.raises(WrongState):
        houses.open_department(
            Department(organisation=cast.village, code="01", name="全科"), by=cast.admin
        )
    assert cast.village not in Organisation.objects.visible_to(cast.wang).giving_care()
