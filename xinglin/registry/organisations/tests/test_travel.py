"""Where houses lie and how long the way between them takes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations import actions, rules
from xinglin.registry.organisations.models import Organisation, TravelTime, travel

PLACE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@pytest.fixture(autouse=True)
def forgotten():
    from xinglin.registry.organisations.models import tree

    yield
    tree.forget()
    travel.forget()


def test_a_degree_along_a_meridian_is_111_kilometres():
    assert rules.kilometres_apart((29, 119), (30, 119)) == pytest.approx(111.2, abs=0.1)
    assert rules.kilometres_apart((29.15, 119.2), (29.15, 119.2)) == 0
    # 40 km/h over 1.4 times the straight line
    assert rules.road_kilometres((29, 119), (30, 119)) == pytest.approx(155.7, abs=0.2)
    assert rules.road_minutes(40) == 60
    assert rules.road_minutes(0.01) == 1


@given(here=PLACE, there=PLACE, over=PLACE)
def test_distances_are_the_same_both_ways_and_no_way_round_is_shorter(here, there, over):
    way = rules.kilometres_apart(here, there)
    assert 0 <= way <= 20016
    assert way == pytest.approx(rules.kilometres_apart(there, here), abs=1e-6)
    round_about = rules.kilometres_apart(here, over) + rules.kilometres_apart(over, there)
    assert way <= round_about + 1e-6


def place(cast, house: Organisation, latitude: str, longitude: str) -> None:
    actions.change(house, by=cast.admin, latitude=Decimal(latitude), longitude=Decimal(longitude))


def test_without_places_nothing_is_known(cast):
    assert travel.minutes(cast.township.pk, cast.hospital.pk) is None
    assert travel.minutes(cast.township.pk, cast.township.pk) == 0


def test_what_was_entered_wins_over_the_estimate(cast):
    place(cast, cast.township, "29.30", "119.20")
    place(cast, cast.hospital, "29.15", "119.20")
    guess = travel.between(cast.township.pk, cast.hospital.pk)
    assert guess is not None
    assert (guess.minutes, guess.entered) == (35, False)
    way = TravelTime(from_org=cast.township, to_org=cast.hospital, minutes=50)
    actions.time_travel(way, by=cast.admin)
    told = travel.between(cast.township.pk, cast.hospital.pk)
    assert (told.minutes, told.entered) == (50, True)
    assert told.kilometres == guess.kilometres
    # The way back is as long, until somebody says otherwise.
    assert travel.minutes(cast.hospital.pk, cast.township.pk) == 50
    back = TravelTime(from_org=cast.hospital, to_org=cast.township, minutes=40)
    actions.time_travel(back, by=cast.admin)
    assert travel.minutes(cast.hospital.pk, cast.township.pk) == 40
    assert travel.minutes(cast.township.pk, cast.hospital.pk) == 50


def test_a_second_word_replaces_the_first(cast):
    for minutes in (50, 55):
        way = TravelTime(from_org=cast.township, to_org=cast.hospital, minutes=minutes)
        actions.time_travel(way, by=cast.admin)
    assert TravelTime.objects.get().minutes == 55


def test_asking_costs_no_query(cast, django_assert_num_queries):
    travel.minutes(cast.township.pk, cast.hospital.pk)
    with django_assert_num_queries(0):
        travel.minutes(cast.hospital.pk, cast.township.pk)


@pytest.mark.parametrize(
    ("degrees", "field"),
    [
        ({"latitude": "29.1"}, "longitude"),
        ({"longitude": "119.1"}, "latitude"),
        ({"latitude": "119.1", "longitude": "29.1"}, "latitude"),
        ({"latitude": "29.1", "longitude": "181"}, "longitude"),
    ],
)
def test_a_place_that_is_none_is_refused(cast, degrees, field):
    facts = {name: Decimal(value) for name, value in degrees.items()}
    with pytest.raises(Refused) as caught:
        actions.change(cast.township, by=cast.admin, **facts)
    assert field in caught.value.fields


@pytest.mark.parametrize("minutes", [0, 1441, -5])
def test_a_way_that_is_none_is_refused(cast, minutes):
    way = TravelTime(from_org=cast.township, to_org=cast.hospital, minutes=minutes)
    with pytest.raises(Refused):
        actions.time_travel(way, by=cast.admin)
    for to in (cast.township, cast.strange_hospital):
        with pytest.raises(Refused):
            actions.time_travel(
                TravelTime(from_org=cast.township, to_org=to, minutes=5), by=cast.admin
            )
    with pytest.raises(Forbidden):
        actions.time_travel(
            TravelTime(from_org=cast.township, to_org=cast.hospital, minutes=5), by=cast.wang
        )


def test_the_page_of_a_house_tells_the_ways(cast, enter):
    place(cast, cast.township, "29.30", "119.20")
    place(cast, cast.hospital, "29.15", "119.20")
    page = enter("wang").get(f"/organisations/{cast.township.pk}/").content.decode()
    assert "35 分钟" in page
    assert "按距离估算" in page
    admin = enter("admin")
    address = f"/organisations/{cast.township.pk}/travel/new/"
    assert admin.get(address).status_code == 200
    assert admin.post(address, {"to_org": cast.city.pk, "minutes": "0"}).status_code == 422
    admin.post(address, {"to_org": cast.city.pk, "minutes": "130", "note": "高速"})
    assert travel.minutes(cast.township.pk, cast.city.pk) == 130
    assert enter("stranger").get(address).status_code == 404
    assert enter("wang").get(address).status_code == 403


def test_rest_enters_all_or_none(cast, enter):
    rest = enter("admin")
    ends = {"from_org": str(cast.township.pk), "to_org": str(cast.hospital.pk)}
    stranger = {"from_org": str(cast.township.pk), "to_org": str(cast.strange_hospital.pk)}
    json = "application/json"
    items = [{**ends, "minutes": 45}, {**stranger, "minutes": 5}]
    answer = rest.post("/api/v1/travel-times", {"items": items}, json)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "items.1.to_org"
    assert not TravelTime.objects.exists()
    answer = rest.post("/api/v1/travel-times", {"items": items[:1]}, json)
    assert answer.json() == {"count": 1}
    listed = rest.get("/api/v1/travel-times", {"house": str(cast.hospital.pk)}).json()
    assert [each["minutes"] for each in listed["items"]] == [45]
    way = rest.get(f"/api/v1/organisations/{cast.hospital.pk}/travel/{cast.township.pk}").json()
    assert way == {"minutes": 45, "kilometres": None, "entered": True}
    strange = enter("stranger")
    assert strange.get("/api/v1/travel-times").json()["count"] == 0
    path = f"/api/v1/organisations/{cast.hospital.pk}/travel/{cast.township.pk}"
    assert strange.get(path).status_code == 404
