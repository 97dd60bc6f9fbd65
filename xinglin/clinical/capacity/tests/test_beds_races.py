"""Several processes at the same beds, on a real file and a real server; one is killed."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Any

import pytest
from django.db import connections

from tests import cast
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedHold, BedState, BedStay, Ward
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.capacity.tests.racing import fork, racing, trying
from xinglin.kernel import trail
from xinglin.kernel.access import Actor, system
from xinglin.registry.people.models import Person

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def county(transactional_db):
    return cast.make()


def true_to_the_rows() -> None:
    for bed in Bed.objects.all():
        lies = BedStay.objects.current().filter(bed=bed).count()
        kept = BedHold.objects.standing().filter(bed=bed).count()
        assert (bed.state == BedState.OCCUPIED) == (lies == 1)
        assert (bed.state == BedState.HELD) == (kept == 1)
        assert lies + kept <= 1
    trail.seal()
    assert trail.verify().broken_at is None


def admitting(beds_: list[Bed], people: list[Person]) -> Counter[str]:
    """Each process lays one person in one bed."""
    pairs = [(bed.pk, person.pk) for bed, person in zip(beds_, people, strict=True)]

    def act(place: int):
        bed, person = pairs[place]
        row = Bed.objects.get(pk=bed)
        stay = BedStay.into(row, Person.objects.get(pk=person))
        yield trying(lambda: beds.admit(stay, by=system(row.county_id)))

    return racing(act, len(pairs))


def holding(ward: Ward, people: list[Person], by: Actor, processes: int) -> Counter[str]:
    """Each process wants any bed of the ward for its share of the people."""
    keys = [person.pk for person in people]

    def act(place: int):
        for key in keys[place::processes]:
            person, fresh = Person.objects.get(pk=key), Ward.objects.get(pk=ward.pk)
            yield trying(
                lambda person=person, fresh=fresh: beds.hold_bed(fresh, by=by, person=person)
            )

    return racing(act, processes)


def test_one_bed_and_four_processes_that_want_it(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", sex="either")
    people = [ward_of.woman(county, f"卫{n}") for n in range(4)]
    told = admitting([ward_of.found(ward, "1")] * 4, people)
    assert told == {"done": 1, "bed-not-free": 3}
    assert BedStay.objects.current().count() == 1
    true_to_the_rows()


def test_one_patient_and_three_beds_given_at_once(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", "3", sex="either")
    told = admitting([ward_of.found(ward, n) for n in ("1", "2", "3")], [ward_of.woman(county)] * 3)
    assert told == {"done": 1, "already-in-bed": 2}
    true_to_the_rows()


def test_men_and_women_race_for_a_shared_room(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", "3", "4", sex="same")
    people = [ward_of.woman(county), ward_of.man(county), ward_of.woman(county, "卫兰")]
    people.append(ward_of.man(county, "毛全"))
    told = admitting([ward_of.found(ward, n) for n in ("1", "2", "3", "4")], people)
    assert told == {"done": 2, "wrong-sex": 2}
    sexes = set(BedStay.objects.current().values_list("person__sex", flat=True))
    assert len(sexes) == 1
    true_to_the_rows()


def test_a_rush_holds_exactly_as_many_beds_as_there_are(county):
    ward = ward_of.ward(county.township)
    for room in range(3):
        ward_of.room(ward, f"30{room}", *(str(room * 3 + n) for n in range(3)), sex="either")
    people = [ward_of.woman(county, f"卫{n}") for n in range(24)]
    assert holding(ward, people, county.ma, 4) == {"done": 9, "no-free-bed": 15}
    assert BedHold.objects.standing().count() == 9
    true_to_the_rows()


def test_two_swap_the_same_two_from_both_sides(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", sex="either")
    people = [ward_of.woman(county), ward_of.man(county)]
    for number, person in zip(("1", "2"), people, strict=True):
        ward_of.lying(ward, number, person, county.ma)
    keys = [person.pk for person in people]

    def act(place: int):
        here, there = (
            BedStay.objects.current().get(person_id=keys[each]) for each in (place, 1 - place)
        )
        yield trying(lambda: beds.swap(here, there, by=county.ma))

    told = racing(act, 2)
    assert told["done"] >= 1
    assert sum(told.values()) == 2
    true_to_the_rows()


def test_a_process_that_is_killed_leaves_every_bed_true(county, monkeypatch):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", sex="either")
    she, reached = ward_of.woman(county), fork.Event()

    def stuck(*args: Any, **kwargs: Any) -> None:
        # The hold is stored, its bed is kept; the line of the trail is not written yet.
        reached.set()
        time.sleep(600)

    def hold() -> None:
        beds.hold_bed(Ward.objects.get(pk=ward.pk), by=county.ma, person=she)

    connections.close_all()
    with monkeypatch.context() as slow:
        slow.setattr(trail, "record", stuck)
        process = fork.Process(target=hold)
        process.start()
        assert reached.wait(60)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
    assert not BedHold.objects.exists()
    true_to_the_rows()
    # And the bed is to be had.
    hold()
    assert BedHold.objects.standing().count() == 1
    true_to_the_rows()
