"""What houses can do: by their level, by what they say themselves, from a day to a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import machines
from xinglin.kernel.errors import Conflict, Forbidden, Refused
from xinglin.registry.organisations import actions
from xinglin.registry.organisations.models import Capability, profiles

pytestmark = pytest.mark.django_db


def capability(house: Any, code: str = "ct", kind: str = "equipment", **facts: Any) -> Capability:
    given = {"kind": kind, "code": code, "since": timezone.localdate(), **facts}
    return Capability(organisation=house, **given)


def profile(house):
    return profiles([house], timezone.localdate())[house.pk]


def test_a_house_has_what_its_level_has_and_says_what_is_different(cast):
    assert "ecg" in profile(cast.township).has
    assert "ct" not in profile(cast.township).has
    actions.declare(capability(cast.township), by=cast.admin)
    actions.declare(capability(cast.township, "ecg", held=False), by=cast.admin)
    actions.declare(capability(cast.township, "j15.9", "disease", name="细菌性肺炎"), by=cast.admin)
    found = profile(cast.township)
    assert ("ct" in found.has, "ecg" in found.has, found.added) == (True, False, ("J15.9",))


def test_what_was_said_ends_on_a_day(cast):
    said = actions.declare(
        capability(cast.township, since=timezone.localdate() - timedelta(days=9)), by=cast.admin
    )
    actions.end_capability(said, by=cast.admin, on=timezone.localdate() - timedelta(days=1))
    assert "ct" not in profile(cast.township).has
    with pytest.raises(Refused):
        actions.end_capability(said, by=cast.admin, on=timezone.localdate())


@pytest.mark.parametrize(
    "facts",
    [
        {"code": "time-machine"},
        {"code": "pci", "kind": "equipment"},
        {"code": "J", "kind": "disease"},
        {"until": timezone.localdate() - timedelta(days=1)},
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(cast, facts):
    with pytest.raises(Refused):
        actions.declare(capability(cast.township, **facts), by=cast.admin)


def test_the_same_stands_once(cast):
    actions.declare(capability(cast.township), by=cast.admin)
    with pytest.raises(Conflict):
        actions.declare(capability(cast.township, held=False), by=cast.admin)


def test_a_leader_speaks_for_the_own_house_and_nobody_for_another_county(cast):
    actions.declare(capability(cast.township), by=cast.zhou)
    for by in (cast.zhou, cast.stranger, cast.wang):
        with pytest.raises(Forbidden):
            actions.declare(capability(cast.hospital, "radiotherapy", "technique"), by=by)


def test_the_page_shows_it_and_takes_it(cast, enter):
    admin = enter("admin")
    page = admin.get(f"/organisations/{cast.township.pk}/").content.decode()
    assert "服务能力" in page
    assert "心电图机" in page
    address = f"/organisations/{cast.township.pk}/capabilities/new/"
    assert admin.post(address, {"held": "yes", "since": "2026-01-01"}).status_code == 422
    answer = admin.post(address, {"held": "yes", "ability": "ventilator", "since": "2026-01-01"})
    assert answer.status_code == 302
    page = admin.get(f"/organisations/{cast.township.pk}/").content.decode()
    assert "呼吸机" in page
    row = Capability.objects.get()
    assert enter("stranger").get(f"/organisations/capabilities/{row.pk}/end/").status_code == 404
    assert enter("wang").get(address).status_code == 403
    answer = admin.post(
        f"/organisations/capabilities/{row.pk}/end/", {"on": timezone.localdate().isoformat()}
    )
    assert answer.status_code == 302


def test_rest_lists_and_takes_it(cast):
    office = machines.machine(cast.office, "office", "manager")
    path = f"/organisations/{cast.township.pk}/capabilities"
    body = {"kind": "technique", "code": "delivery", "since": "2026-01-01"}
    answer = office.post(path, body)
    assert answer.status_code == 201, answer.content
    assert office.get(path).json()["items"][0]["code"] == "delivery"
    ended = office.post(f"/capabilities/{answer.json()['id']}/end", {"on": "2026-02-01"})
    assert ended.json()["until"] == "2026-02-01"
    assert office.post(path, {**body, "code": "magic"}).status_code == 422
