"""Two desks at one pair of registrations in the same instant."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests import cast as casting
from tests.races import together
from xinglin.kernel.errors import Conflict
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Identifier, Merge, Person

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def county(transactional_db):
    return casting.make()


@pytest.mark.parametrize("crosswise", [False, True])
def test_two_desks_that_merge_one_pair_merge_it_once(county, crosswise):
    one = county.patient
    other = people.register(
        Person(county=county.region, name="陈贵香", birth_date=date(1962, 5, 4)),
        by=county.wang,
        checked="已核对",
    )
    people.identify(
        Identifier(county=county.region, person=other, kind="other", value="1"), by=county.wang
    )

    def merge(survivor: Person, loser: Person) -> Any:
        told = Merge(county=county.region, survivor=survivor, loser=loser, reason="已核对")
        return lambda: people.merge(told, by=county.sun)

    second = merge(other, one) if crosswise else merge(one, other)
    given = together(merge(one, other), second)
    assert sorted(type(each).__name__ for each in given) == ["CannotMerge", "Merge"]
    assert all(isinstance(each, Conflict | Merge) for each in given)
    told = Merge.objects.get()
    assert set(Identifier.objects.values_list("person_id", flat=True)) == {told.survivor_id}
    living = Person.objects.filter(voided_at=None, pk__in=[one.pk, other.pk])
    assert [person.pk for person in living] == [told.survivor_id]
