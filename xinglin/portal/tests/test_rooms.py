"""The left rail: at most seven rooms for any post, and the door one is in."""

from __future__ import annotations

from uuid import uuid4

import pytest

from xinglin.kernel.access import Actor, Reach
from xinglin.portal.rooms import rooms
from xinglin.registry.staff import catalogue


def actor_as(code: str) -> Actor:
    role = catalogue.roles()[code]
    return Actor(user_id=uuid4(), codes=frozenset(role.permissions), reach=Reach.HOUSE)


@pytest.mark.parametrize("code", sorted(catalogue.roles()))
def test_no_role_has_more_rooms_than_the_frame_has_places(code):
    assert len(rooms(actor_as(code), "/", waiting=0)) <= 7


def test_a_room_of_one_door_is_that_door():
    labels = [str(room["label"]) for room in rooms(actor_as("pharmacist"), "/", waiting=0)]
    assert "病区" in labels
    alone = Actor(user_id=uuid4(), codes=frozenset({"orders.read"}), reach=Reach.HOUSE)
    assert "医嘱" in [str(room["label"]) for room in rooms(alone, "/", waiting=0)]


def test_the_door_one_is_in_is_marked_and_so_is_its_room():
    found = rooms(actor_as("nurse"), "/capacity/beds/county/", waiting=3)
    (room,) = [room for room in found if room["active"]]
    (door,) = [door for door in room["doors"] if door["active"]]
    assert (str(room["label"]), str(door["label"])) == ("病区", "全县床位")


def test_a_record_lies_in_the_room_of_residents():
    found = rooms(actor_as("township-doctor"), "/record/people/1/", waiting=0)
    assert [str(room["label"]) for room in found if room["active"]] == ["居民"]


def test_a_page_of_no_room_marks_none():
    assert not any(room["active"] for room in rooms(actor_as("nurse"), "/account/", waiting=0))
