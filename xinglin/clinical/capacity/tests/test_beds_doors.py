"""Beds through the doors: the board, its acts, what is free where, REST and FHIR."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedHold, BedState, BedStay
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.privacy.models import forget_lists
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Diagnosis
from xinglin.kernel.models import TrailEntry

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def fresh_lists():
    forget_lists()


@pytest.fixture
def ward(county):
    found = ward_of.ward(county.township)
    ward_of.room(found, "301", "1", "2", sex="female")
    ward_of.room(found, "302", "3", "4", sex="male")
    return found


def client(county: cast.Cast, part: str) -> Client:
    browser = Client()
    browser.force_login(county.users[part])
    return browser


def board(ward: Any) -> str:
    return str(ward.get_absolute_url())


def test_the_board_names_patients_to_their_ward_and_leaves_a_trace(county, ward):
    she = ward_of.woman(county)
    visit = ward_of.visit(she, county.township, county.wang)
    record.note(
        Diagnosis(
            person=she,
            organisation=county.township,
            encounter=visit,
            code="I10",
            diagnosed_on=timezone.localdate(),
        ),
        by=county.wang,
    )
    stay = ward_of.lying(ward, "1", she, county.ma, planned_on=timezone.localdate())
    page = client(county, "ma").get(f"{board(ward)}?bed={stay.bed_id}").content.decode()
    for words in ("陈桂香", "高血压", "今日出院", "301 室", "点目标床位即可转床", "出院"):
        assert words in page
    line = TrailEntry.objects.filter(verb="beds.read", person_id=she.pk).get()
    assert "lists" in line.basis


def test_who_does_not_treat_sees_no_name(county, ward):
    """周院长 of the hospital above sees the township's board, but not who lies there."""
    ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    page = client(county, "wu").get(board(ward)).content.decode()
    assert "陈桂香" not in page
    assert "陈*" in page
    assert not TrailEntry.objects.filter(verb="beds.read").exists()


@pytest.mark.parametrize("part", ["liu", "stranger", "sun", "zhao", "zheng", "admin"])
def test_strangers_find_no_board(county, ward, part):
    bed = ward_of.found(ward, "1")
    browser = client(county, part)
    assert browser.get(board(ward)).status_code == 404
    assert browser.post(f"/capacity/beds/{bed.pk}/act/clean/").status_code == 404
    ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    stay = BedStay.objects.get()
    address = f"/capacity/beds/stays/{stay.pk}/act/void/"
    assert browser.post(address, {"code": "wrong-bed"}).status_code == 404


def test_a_tap_on_a_bed_and_a_tap_on_the_target_moves(county, ward):
    stay = ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    target = ward_of.found(ward, "2")
    ma = client(county, "ma")
    address = f"/capacity/beds/stays/{stay.pk}/act/move/"
    page = ma.post(address, {"bed": target.pk}, headers=HTMX, follow=True).content.decode()
    assert "已从 1 床 转到内科病区 2 床" in page
    assert "<html" not in page
    assert ward_of.found(ward, "2").state == BedState.OCCUPIED


def test_a_move_into_the_other_sexs_room_asks_why(county, ward):
    stay = ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    target = ward_of.found(ward, "3")
    ma = client(county, "ma")
    address = f"/capacity/beds/stays/{stay.pk}/act/move/"
    answer = ma.post(address, {"bed": target.pk}, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "只收男患者" in page
    assert "仍要转床" in page
    assert ma.post(address, {"bed": target.pk, "mix_code": "family"}).status_code == 302
    assert ward_of.found(ward, "3").state == BedState.OCCUPIED


def test_the_ward_lays_waiting_patients_in_beds(county, ward):
    she = ward_of.woman(county)
    visit = ward_of.visit(she, county.township, county.wang)
    ma = client(county, "ma")
    assert "待安排床位" in ma.get(board(ward)).content.decode()
    assert "安排到此床" in ma.get(f"{board(ward)}?admit={visit.pk}").content.decode()
    bed = ward_of.found(ward, "1")
    ma.post(f"/capacity/beds/{bed.pk}/act/admit/", {"encounter": visit.pk})
    assert BedStay.objects.current().get().encounter == visit
    assert "待安排床位" not in ma.get(board(ward)).content.decode()


def test_holding_blocking_and_cleaning_by_hand(county, ward):
    ma, she = client(county, "ma"), ward_of.woman(county)
    bed = ward_of.found(ward, "1")
    act = f"/capacity/beds/{bed.pk}/act/"
    until = f"{timezone.localtime() + timedelta(hours=2):%Y-%m-%dT%H:%M}"
    assert ma.post(f"{act}hold/", {"until": until}).status_code == 422
    assert ma.post(f"{act}hold/", {"person": she.pk, "until": until}).status_code == 302
    assert "入住" in ma.get(f"{board(ward)}?bed={bed.pk}").content.decode()
    assert ma.post(f"{act}release/", {"code": ""}).status_code == 422
    assert ma.post(f"{act}release/", {"code": "not-come"}).status_code == 302
    assert ma.post(f"{act}block/", {"code": "other"}).status_code == 422
    ma.post(f"{act}block/", {"code": "repair"})
    assert "维修" in ma.get(board(ward)).content.decode()
    ma.post(f"{act}reopen/")
    ma.post(f"{act}clean/")
    assert ward_of.found(ward, "1").state == BedState.CLEANING
    ma.post(f"{act}cleaned/")
    assert ward_of.found(ward, "1").state == BedState.FREE
    held = beds.hold_bed(bed, by=county.ma, person=she)
    ma.post(f"{act}admit/", {"expected": "1"})
    held.refresh_from_db()
    assert held.state == "used"
    stay = BedStay.objects.get()
    address = f"/capacity/beds/stays/{stay.pk}/act/"
    assert ma.post(f"{address}plan/", {"on": "2026-03-04"}).status_code == 302
    assert ma.post(f"{address}plan/", {"on": "2025-03-04"}).status_code == 422
    assert ma.post(f"{address}discharge/").status_code == 302
    assert ma.post(f"{address}discharge/").status_code == 422
    assert ma.post(f"{address}nonsense/").status_code == 404


def test_two_change_beds_on_the_board(county, ward):
    here = ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    there = ward_of.lying(ward, "2", ward_of.woman(county, "卫兰"), county.ma)
    ma = client(county, "ma")
    ma.post(f"/capacity/beds/stays/{here.pk}/act/swap/", {"other": there.pk})
    assert BedStay.objects.current().get(person=here.person).bed.number == "2"


def test_a_ward_is_set_up_with_rooms_and_beds(county, ward):
    ma = client(county, "ma")
    department = ward.department
    page = ma.post(
        "/capacity/beds/wards/new/",
        {"department": department.pk, "code": "N1", "name": "新病区"},
        follow=True,
    )
    assert "新病区" in page.content.decode()
    address = page.redirect_chain[-1][0]
    facts = {"what": "room", "number": "501", "sex": "female", "beds": "1、2 3", "kind": "gp"}
    page = ma.post(address, facts, follow=True)
    assert "501 室" in page.content.decode()
    made = Bed.objects.filter(ward__code="N1").order_by("number")
    assert [(bed.number, bed.kind) for bed in made] == [("1", "gp"), ("2", "gp"), ("3", "gp")]
    assert ma.post(address, facts).status_code == 422
    room = made[0].room
    ma.post(address, {"what": "sex", "id": room.pk, "sex": "either"})
    ma.post(address, {"what": "bed", "id": room.pk, "number": "4"})
    ma.post(address, {"what": "close-bed", "id": made[0].pk})
    room.refresh_from_db()
    assert room.sex == "either"
    assert sorted(
        Bed.objects.standing().filter(ward__code="N1").values_list("number", flat=True)
    ) == ["2", "3", "4"]
    extra = f"/capacity/beds/wards/{made[0].ward_id}/extra/"
    assert ma.post(extra, {"room": room.pk, "number": "加1"}).status_code == 302
    ma.post(address, {"what": "close-ward"})
    assert not Bed.objects.standing().filter(ward__code="N1").exists()
    assert client(county, "wang").get(address).status_code == 404


def test_the_county_sees_where_beds_are_free_and_no_name(county, ward):
    ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    for part in ("li", "sun", "zheng", "zhao", "ma"):
        page = client(county, part).get("/capacity/beds/county/")
        assert page.status_code == 200
        assert "青山镇卫生院" in page.content.decode()
        assert "陈" not in page.content.decode().split("<main")[1]
    assert (
        "青山镇"
        not in client(county, "li").get("/capacity/beds/").content.decode().split("<main")[1]
    )
    house = client(county, "sun").get(f"/capacity/beds/?house={county.township.pk}")
    assert "内科病区" in house.content.decode()
    assert client(county, "fang").get("/capacity/beds/county/").status_code == 403
    assert client(county, "qian").get("/capacity/beds/").status_code == 403


def test_rest_holds_admits_moves_and_discharges(county, ward):
    she = ward_of.woman(county)
    li, ma = client(county, "li"), client(county, "ma")

    def post(browser: Client, path: str, body: Any, status: int) -> Any:
        answer = browser.post(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    held = post(
        *(li, f"wards/{ward.pk}/hold"),
        {
            "person": str(she.pk),
            "subject_kind": "referral",
            "subject_id": str(county.patient.pk),
        },
        201,
    )
    assert held["bed_number"] == "1"
    mine = li.get(f"/api/v1/bed-holds?subject_id={county.patient.pk}").json()
    assert mine["count"] == 1
    told = post(li, f"wards/{ward.pk}/hold", {"person": str(she.pk)}, 409)
    assert told["type"] == "about:xinglin/already-held"
    listed = ma.get(f"/api/v1/beds?ward={ward.pk}&free_for=2").json()["items"]
    assert [bed["number"] for bed in listed] == ["2"]
    assert "hold" in listed[0]["acts"]
    stay = post(ma, f"beds/{held['bed']}/admit", {"person": str(she.pk)}, 201)
    assert BedHold.objects.get().state == "used"
    moved = post(ma, f"bed-stays/{stay['id']}/move", {"bed": listed[0]["id"]}, 200)
    assert (moved["bed_number"], moved["moved_from"]) == ("2", stay["id"])
    post(ma, f"bed-stays/{moved['id']}/plan", {"on": "2026-03-05"}, 200)
    free = ma.get("/api/v1/wards/free-beds").json()["items"]
    assert (free[0]["free"], free[0]["occupied"], free[0]["cleaning"]) == (2, 1, 1)
    post(ma, f"bed-stays/{moved['id']}/discharge", {}, 200)
    post(ma, f"beds/{held['bed']}/cleaned", None, 200)
    post(ma, f"beds/{held['bed']}/block", {"code": "nonsense"}, 422)
    assert client(county, "stranger").get(f"/api/v1/beds/{held['bed']}").status_code == 404
    assert client(county, "liu").get(f"/api/v1/bed-stays/{stay['id']}").status_code == 404
    assert ma.get("/api/v1/wards").json()["count"] == 1


def test_fhir_tells_wards_beds_and_where_a_visit_lay(county, ward):
    she = ward_of.woman(county)
    visit = ward_of.visit(she, county.township, county.wang)
    ward_of.lying(ward, "1", she, county.ma)
    ma = client(county, "ma")
    found = ma.get("/fhir/Location?operational-status=O").json()
    bed = found["entry"][0]["resource"]
    assert bed["operationalStatus"]["code"] == "O"
    assert bed["partOf"]["reference"] == f"Location/{ward.pk}"
    assert ma.get(f"/fhir/Location/{ward.pk}").json()["physicalType"]["coding"][0]["code"] == "wa"
    inside = ma.get(f"/fhir/Location?partof=Location/{ward.pk}").json()
    assert inside["total"] == 4
    told = ma.get(f"/fhir/Encounter/{visit.pk}").json()
    assert told["location"][0]["location"]["reference"] == f"Location/{bed['id']}"
    assert told["location"][0]["status"] == "active"


def test_the_ward_list_of_orders_walks_bed_by_bed(county, ward):
    late = ward_of.visit(ward_of.woman(county, "卫兰"), county.township, county.wang)
    first = ward_of.visit(ward_of.woman(county), county.township, county.wang)
    ward_of.lying(ward, "1", first.person, county.ma)
    ward_of.lying(ward, "2", late.person, county.ma)
    page = client(county, "ma").get("/orders/").content.decode()
    assert page.index(first.person.name) < page.index(late.person.name)
    assert "床号" in page
