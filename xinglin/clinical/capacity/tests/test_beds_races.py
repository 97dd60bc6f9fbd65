"""Several processes at the same beds, on a real file and a real server; one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests import cast
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedHold, BedState, BedStay
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.kernel import trail

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[4]
# What a process does: one hand at one door, as a worker of the house would.
HAND = """
import sys, django
django.setup()
from django.db import connections
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedStay, Ward
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
what, key, *rest = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for who in rest:
    try:
        if what == "admit":
            bed, person = Bed.objects.get(pk=key), Person.objects.get(pk=who)
            by = system(bed.county_id)
            beds.admit(BedStay.into(bed, person), by=by)
        elif what == "hold":
            ward, person = Ward.objects.get(pk=key), Person.objects.get(pk=who)
            from dataclasses import replace
            by = replace(system(ward.county_id), org_id=ward.organisation_id)
            beds.hold_bed(ward, by=by, person=person)
        elif what == "swap":
            here, there = (
                BedStay.objects.current().get(person_id=each) for each in (key, who)
            )
            beds.swap(here, there, by=system(here.county_id))
        print("done", flush=True)
    except Refused as refusal:
        print("refused", refusal.code, flush=True)
"""


@pytest.fixture
def county(transactional_db):
    return cast.make()


def url() -> str:
    """Where the other processes find the database of this test."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


def hand(*words: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HAND, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begin(hands: list[subprocess.Popen[str]]) -> None:
    """Let all begin at once, when the last has found its way in."""
    for each in hands:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in hands:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()


def together(hands: list[subprocess.Popen[str]]) -> list[str]:
    """Let all begin at once; what each said, line by line."""
    begin(hands)
    told: list[str] = []
    for each in hands:
        out, problem = each.communicate(timeout=120)
        assert each.returncode == 0, problem
        told += out.splitlines()
    return told


def true_to_the_rows() -> None:
    for bed in Bed.objects.all():
        lies = BedStay.objects.current().filter(bed=bed).count()
        kept = BedHold.objects.standing().filter(bed=bed).count()
        assert (bed.state == BedState.OCCUPIED) == (lies == 1)
        assert (bed.state == BedState.HELD) == (kept == 1)
        assert lies + kept <= 1
    trail.seal()
    assert trail.verify().broken_at is None


def test_one_bed_and_four_processes_that_want_it(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", sex="either")
    bed = ward_of.found(ward, "1")
    people = [ward_of.woman(county, f"卫{n}") for n in range(4)]
    told = together([hand("admit", bed.pk, person.pk) for person in people])
    assert sorted(told) == ["done", *["refused bed-not-free"] * 3]
    assert BedStay.objects.current().count() == 1
    true_to_the_rows()


def test_one_patient_and_three_beds_given_at_once(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", "3", sex="either")
    she = ward_of.woman(county)
    told = together([hand("admit", ward_of.found(ward, n).pk, she.pk) for n in ("1", "2", "3")])
    assert sorted(told) == ["done", *["refused already-in-bed"] * 2]
    true_to_the_rows()


def test_men_and_women_race_for_a_shared_room(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", "3", "4", sex="same")
    numbers = iter(("1", "2", "3", "4"))
    people = [ward_of.woman(county), ward_of.man(county), ward_of.woman(county, "卫兰")]
    people.append(ward_of.man(county, "毛全"))
    together([hand("admit", ward_of.found(ward, next(numbers)).pk, p.pk) for p in people])
    sexes = set(BedStay.objects.current().values_list("person__sex", flat=True))
    assert len(sexes) == 1
    assert BedStay.objects.current().count() == 2
    true_to_the_rows()


def test_a_rush_holds_exactly_as_many_beds_as_there_are(county):
    ward = ward_of.ward(county.township)
    for room in range(3):
        ward_of.room(ward, f"30{room}", *(str(room * 3 + n) for n in range(3)), sex="either")
    people = [ward_of.woman(county, f"卫{n}") for n in range(24)]
    hands = [hand("hold", ward.pk, *(p.pk for p in people[n::4])) for n in range(4)]
    told = together(hands)
    assert told.count("done") == 9
    assert told.count("refused no-free-bed") == 15
    assert BedHold.objects.standing().count() == 9
    true_to_the_rows()


def test_two_swap_the_same_two_from_both_sides(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", "1", "2", sex="either")
    people = [ward_of.woman(county), ward_of.man(county)]
    for number, person in zip(("1", "2"), people, strict=True):
        ward_of.lying(ward, number, person, county.ma)
    one, two = (person.pk for person in people)
    told = together([hand("swap", one, two), hand("swap", two, one)])
    assert told.count("done") >= 1
    assert len(told) == 2
    true_to_the_rows()


def test_a_process_that_is_killed_leaves_every_bed_true(county):
    ward = ward_of.ward(county.township)
    ward_of.room(ward, "301", *map(str, range(12)), sex="either")
    people = [ward_of.woman(county, f"卫{n}") for n in range(24)]
    hands = [hand("hold", ward.pk, *(p.pk for p in people[n::2])) for n in range(2)]
    begin(hands)
    first = hands[0]
    assert first.stdout is not None
    first.stdout.readline()
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    _out, problem = hands[1].communicate(timeout=120)
    assert hands[1].returncode == 0, problem
    true_to_the_rows()
    # And whoever comes next gets a bed, or reads that there is none.
    free = Bed.objects.free(ward=ward).count()
    assert free == 12 - BedHold.objects.standing().count()
    if free:
        beds.hold_bed(ward, by=county.ma, person=ward_of.woman(county, "邬梅"))
