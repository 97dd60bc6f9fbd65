"""Wards with beds as a test needs them, and people in them."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests import cast
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedStay, Room, Ward
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, system
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Person

_serial = count(1)


def ward(house: Organisation, name: str = "内科病区", **facts: Any) -> Ward:
    """A ward of the house, of a department of its own."""
    by = system(house.region_id)
    number = next(_serial)
    department = houses.open_department(
        Department(organisation=house, code=f"D{number}", name=name.removesuffix("病区")), by=by
    )
    return beds.open_ward(
        Ward(
            county_id=house.region_id,
            organisation=house,
            department=department,
            name=name,
            **{"code": f"W{number:03d}", **facts},
        ),
        by=by,
    )


def room(ward: Ward, number: str = "301", *numbers: str, sex: str = "same", **facts: Any) -> Room:
    """A room with beds of these numbers (1 and 2 without)."""
    by = system(ward.county_id)
    found = beds.open_room(Room(county_id=ward.county_id, ward=ward, number=number, sex=sex), by=by)
    for each in numbers or ("1", "2"):
        bed(found, each, **facts)
    return found


def bed(room: Room, number: str, **facts: Any) -> Bed:
    return beds.open_bed(
        Bed(
            county_id=room.county_id,
            organisation=room.ward.organisation,
            ward=room.ward,
            room=room,
            number=number,
            **facts,
        ),
        by=system(room.county_id),
    )


def found(ward: Ward, number: str) -> Bed:
    """The bed of this number as it stands now."""
    return Bed.objects.standing().get(ward=ward, number=number)


def woman(county: cast.Cast, name: str = "陈桂香") -> Person:
    return cast.resident(
        system(county.region.pk), county.region, name, id_number=cast.id_card(female=True)
    )


def man(county: cast.Cast, name: str = "戚福生") -> Person:
    return cast.resident(system(county.region.pk), county.region, name, id_number=cast.id_card())


def lying(ward: Ward, number: str, person: Person, by: Actor, **facts: Any) -> BedStay:
    """Somebody in the bed of this number."""
    return beds.admit(BedStay.into(found(ward, number), person, **facts), by=by)


def visit(person: Person, house: Organisation, by: Actor, **facts: Any) -> Encounter:
    """A stay in the house that goes on."""
    return record.start_encounter(
        Encounter(
            person=person,
            organisation=house,
            kind=facts.pop("kind", Encounter.Kind.INPATIENT),
            started_at=facts.pop("started_at", clock.now()),
            department="全科",
            **facts,
        ),
        by=by,
    )
