"""The bed of a green case: held on the bed board, given back, taken up, or only ticked."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import machines
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedHold, BedStay, HoldState, Ward
from xinglin.clinical.capacity.models.beds import BedState
from xinglin.clinical.capacity.tests import bed_factories
from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency.actions.bedding import held_for
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.emergency.tests import factories as green
from xinglin.kernel import outbox
from xinglin.kernel.access import system
from xinglin.kernel.errors import Conflict, Refused
from xinglin.kernel.models import Notice
from xinglin.kernel.worker import everything_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(cast):
    return cast


@pytest.fixture
def ward(county) -> Ward:
    """A ward of the hospital with one bed for whoever comes."""
    found = bed_factories.ward(county.hospital, "神经内科病区", code="SJ1")
    bed_factories.room(found, "501", "1", sex="either")
    return found


def ready(county, ward, **facts) -> GreenCase:
    case = green.opened(county, **facts)
    return emergencies.confirm(case, by=county.li, prepared=["team"], ward=ward)


def the_bed() -> Bed:
    return Bed.objects.get(ward__code="SJ1")


def test_confirming_with_a_ward_holds_a_bed_that_both_sides_see(county, ward):
    case = ready(county, ward)
    held = held_for(case)
    assert (held.bed, held.person) == (the_bed(), case.person)
    assert the_bed().state == BedState.HELD
    assert case.prepared == ["team", "bed"]
    assert case.place == the_bed().full_name


def test_an_emergency_is_confirmed_without_a_bed_too(county, ward):
    case = emergencies.confirm(green.opened(county), by=county.li, prepared=["team", "bed"])
    assert case.prepared == ["team", "bed"]
    assert held_for(case) is None


def test_a_ward_without_a_free_bed_refuses_with_the_way_on_and_nothing_is_kept(county, ward):
    beds.block(the_bed(), by=system(county.region.pk), code="repair")
    case = green.opened(county)
    with pytest.raises(Conflict, match="也可不预留床位先确认接收。"):
        emergencies.confirm(case, by=county.li, ward=ward)
    case.refresh_from_db()
    assert case.confirmed_at is None


def test_a_bed_of_another_house_is_not_kept(county, ward):
    Ward.objects.filter(pk=ward.pk).update(organisation=county.township)
    ward.refresh_from_db()
    with pytest.raises(Refused, match="只能预留接收机构的床位。"):
        emergencies.confirm(green.opened(county), by=county.li, ward=ward)


def test_whoever_prepares_anew_without_the_ward_gives_the_bed_back(county, ward):
    case = ready(county, ward)
    emergencies.prepare(case, by=county.li, prepared=["team"])
    assert the_bed().state == BedState.FREE
    everything_due()
    case.refresh_from_db()
    assert case.prepared == ["team"]


@pytest.mark.parametrize("way", ["stand-down", "death"])
def test_at_the_end_of_the_case_the_bed_is_free(county, ward, way):
    case = ready(county, ward)
    if way == "death":
        emergencies.report_death(case, by=county.chen, course="05")
    else:
        emergencies.stand_down(case, by=county.wang, code="false-alarm")
    assert the_bed().state == BedState.FREE
    assert BedHold.objects.get().state == HoldState.RELEASED


def test_the_ward_takes_the_held_bed_up_when_the_patient_lies_in_it(county, ward):
    case = ready(county, ward)
    case = emergencies.stamp(case, by=county.wang, step="depart")
    emergencies.stamp(case, by=county.li, step="door")
    stay = BedStay.into(the_bed(), case.person, since=the_bed().since)
    beds.admit(stay, by=system(county.region.pk))
    outbox.deliver()
    assert BedHold.objects.get().state == HoldState.USED
    case.refresh_from_db()
    assert "bed" in case.prepared


def test_a_bed_that_the_ward_takes_away_does_not_stand_ready_any_more(county, ward):
    case = ready(county, ward)
    beds.release(held_for(case), by=system(county.region.pk), code="emergency")
    outbox.deliver()
    case.refresh_from_db()
    assert case.prepared == ["team"]
    told = [notice.text for notice in Notice.objects.filter(org_id=county.hospital.pk)]
    assert any("预留的床位已失效，请重新安排" in each for each in told)


def test_the_page_offers_the_wards_with_a_free_bed_and_shows_what_is_held(county, ward):
    case = green.opened(county)
    li = Client()
    li.force_login(county.users["li"])
    page = li.get(case.get_absolute_url()).content.decode()
    assert "神经内科病区" in page
    answer = li.post(
        f"{case.get_absolute_url()}confirm/",
        {"confirm-prepared": ["team"], "confirm-ward": str(ward.pk)},
    )
    assert answer.status_code == 302
    assert the_bed().full_name in li.get(case.get_absolute_url()).content.decode()


def test_machines_hold_the_bed_and_read_it(county, ward):
    hospital = machines.machine(county.hospital, "h")
    case = green.opened(county)
    address = f"/green-cases/{case.pk}"
    told = hospital.post(f"{address}/confirm", {"prepared": ["team"], "ward": str(ward.pk)})
    assert told.status_code == 200, told.content
    assert told.json()["bed"] == the_bed().full_name
    assert hospital.post(f"{address}/prepare", {"prepared": []}).json()["bed"] == ""
    unknown = hospital.post(f"{address}/prepare", {"ward": str(case.pk)})
    assert unknown.status_code == 422
