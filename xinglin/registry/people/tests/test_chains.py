"""Merges on top of merges: whatever the order in which they are undone, everybody is back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import cast as casting
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Identifier, Merge, Person, merged_into, standing
from xinglin.registry.people.tests.test_merging import everything, merged, other

pytestmark = pytest.mark.django_db


def with_number(cast, person: Person) -> Person:
    number = Identifier(county=cast.region, person=person, kind="other", value=f"of {person.pk}")
    people.identify(number, by=cast.wang)
    return person


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_merges_in_any_order_undone_in_any_order_are_the_identity(cast, data):
    with transaction.atomic():
        who = [cast.patient, *(other(cast, name=f"陈桂{x}") for x in ("湘", "乡", "箱"))]
        for person in who:
            with_number(cast, person)
        before = everything()
        standing_merges: list[Merge] = []
        for _step in range(data.draw(st.integers(1, 7))):
            if standing_merges and data.draw(st.booleans()):
                _undo(cast, data.draw(st.sampled_from(standing_merges)), standing_merges)
                continue
            pair = data.draw(st.permutations(who))[:2]
            try:
                standing_merges.append(merged(cast, *map(_again, pair)))
            except Refused:
                continue
            _nobody_is_lost(who)
        while standing_merges:
            done = len(standing_merges)
            for merge in data.draw(st.permutations(standing_merges)):
                _undo(cast, merge, standing_merges)
            assert len(standing_merges) < done, "one of them can always be undone"
        assert everything() == before
        transaction.set_rollback(True)


def _again(person: Person) -> Person:
    return Person.objects.get(pk=person.pk)


def _undo(cast, merge: Merge, kept: list[Merge]) -> None:
    try:
        people.unmerge(merge, by=cast.sun, reason="误合并")
    except people.CannotUnmerge:
        return
    else:
        kept.remove(merge)


def _nobody_is_lost(who: list[Person]) -> None:
    """Each leads to somebody who lives, and every number lies with somebody who does."""
    for person in who:
        living = Person.objects.get(pk=standing(person.pk))
        assert living.voided_at is None
        assert person.pk == living.pk or person in merged_into([living.pk])
    assert not Identifier.objects.filter(person__voided_at__isnull=False).exists()


def test_the_middle_of_a_chain_stays_until_its_end_is_undone(cast):
    first, middle = (with_number(cast, other(cast, name=name)) for name in ("陈贵湘", "陈桂湘"))
    below, above = merged(cast, middle, first), merged(cast, cast.patient, middle)
    assert standing(first.pk) == standing(middle.pk) == cast.patient.pk
    with pytest.raises(people.CannotUnmerge, match="请先撤销那次合并"):
        people.unmerge(below, by=cast.sun, reason="误合并")
    people.unmerge(above, by=cast.sun, reason="误合并")
    assert standing(first.pk) == middle.pk
    people.unmerge(below, by=cast.sun, reason="误合并")
    for person in (first, middle):
        assert person.identifiers.get().value == f"of {person.pk}"


def test_a_merge_is_undone_once(cast):
    merge = merged(cast, cast.patient, other(cast))
    told = Merge.objects.get(pk=merge.pk)
    people.unmerge(merge, by=cast.sun, reason="误合并")
    with pytest.raises(people.CannotUnmerge, match="已经撤销"):
        people.unmerge(told, by=cast.sun, reason="误合并")


def test_a_grandmother_and_her_grandchild_are_not_one(cast):
    def child_of(mother: Person | None, born: date) -> Person:
        person = Person(county=cast.region, name="张丽", sex="2", birth_date=born, mother=mother)
        return people.register(person, by=cast.wang, checked="已核对")

    grandmother = child_of(None, date(1940, 1, 1))
    child = child_of(child_of(grandmother, date(1965, 1, 1)), date(1990, 1, 1))
    with pytest.raises(people.CannotMerge, match="母亲与子女"):
        merged(cast, grandmother, child)


# ----------------------------------------------------------------- what is written meanwhile


@pytest.mark.parametrize(
    "act",
    [
        lambda who, by: people.correct(who, by=by, phone="13900000055"),
        lambda who, by: people.report_death(who, by=by, died_on=date(2026, 1, 1)),
        lambda who, by: people.void(who, by=by, reason="重复登记"),
        lambda who, by: people.identify(
            Identifier(county_id=who.county_id, person=who, kind="other", value="77"), by=by
        ),
    ],
    ids=["correct", "report_death", "void", "identify"],
)
def test_whoever_had_the_merged_registration_open_is_led_to_the_survivor(cast, act):
    open_on_a_screen = _again(other(cast))
    merged(cast, cast.patient, _again(open_on_a_screen))
    with pytest.raises(people.NoMore, match="已并入“陈桂香”") as refused:
        act(open_on_a_screen, system(cast.region.pk))
    assert refused.value.links == [("陈桂香", cast.patient.get_absolute_url())]
    assert Person.objects.get(pk=open_on_a_screen.pk).replaced_by_id == cast.patient.pk


def test_a_survivor_is_not_struck_out_with_others_in_it(cast):
    merge = merged(cast, cast.patient, other(cast))
    with pytest.raises(people.CannotVoid, match="请先撤销合并"):
        people.void(cast.patient, by=cast.admin, reason="重复登记")
    people.unmerge(merge, by=cast.sun, reason="误合并")
    people.void(cast.patient, by=cast.admin, reason="重复登记")


# ------------------------------------------------------------------------- what is filled in


def test_the_card_that_is_filled_in_corrects_the_day_and_returns(cast):
    wrong: dict[str, Any] = {"birth_date": date(1962, 4, 5), "sex": "0", "name": "陈桂湘"}
    survivor = other(cast, **wrong)
    merge = merged(cast, survivor, cast.patient)
    survivor.refresh_from_db()
    assert (survivor.id_number, survivor.sex) == (cast.patient.id_number, "1")
    assert survivor.birth_date == date(1962, 5, 4)
    # It can be corrected as it stands: card, day and sex agree.
    people.correct(survivor, by=system(cast.region.pk), ethnicity="01")
    people.unmerge(merge, by=cast.sun, reason="误合并")
    survivor.refresh_from_db()
    assert (survivor.id_number, survivor.birth_date, survivor.sex) == ("", date(1962, 4, 5), "0")


def test_half_an_address_is_never_given_back(cast):
    loser = other(cast, township="青山镇", village="上柳村", address_detail="12号")
    merge = merged(cast, cast.patient, loser)
    people.correct(cast.patient, by=cast.wang, address_detail="15号")
    people.unmerge(merge, by=cast.sun, reason="误合并")
    cast.patient.refresh_from_db()
    assert cast.patient.address == "青山镇上柳村15号"


def test_a_death_comes_and_goes_with_the_merge_and_ends_nothing(cast):
    loser = other(cast)
    people.report_death(loser, by=cast.wang, died_on=date(2026, 1, 2))
    merge = merged(cast, cast.patient, loser)
    cast.patient.refresh_from_db()
    assert cast.patient.deceased_on == date(2026, 1, 2)
    people.unmerge(merge, by=cast.sun, reason="误合并")
    cast.patient.refresh_from_db()
    assert cast.patient.deceased_on is None


# --------------------------------------------------------------------------------- newborns


def a_newborn(cast) -> tuple[Person, Person]:
    mother = casting.resident(
        cast.wang,
        cast.region,
        name="张丽",
        id_number=casting.id_card(date(1990, 2, 3), female=True),
        phone="13911112222",
    )
    child = Person(county=cast.region, name="", mother=mother, sex="1", birth_date=date(2026, 3, 1))
    certificate = Identifier(kind=Identifier.Kind.BIRTH, value="Y330000009")
    return mother, people.register(child, by=cast.wang, numbers=[certificate])


def named(cast, mother: Person | None = None, **facts: Any) -> Person:
    card = casting.id_card(date(2026, 3, 1))
    return Person(county=cast.region, name="陈小宝", id_number=card, mother=mother, **facts)


def test_a_newborn_gets_its_name_and_number_and_is_found_by_both(cast):
    mother, child = a_newborn(cast)
    assert (child.name, child.mother) == ("张丽之子", mother)
    told = named(cast)
    people.correct(child, by=cast.wang, name=told.name, id_type="01", id_number=told.id_number)
    with pytest.raises(people.KnownPerson, match="陈小宝"):
        people.register(
            Person(county=cast.region, name="陈小宝", id_number=told.id_number), by=cast.wang
        )


def test_a_named_child_with_the_certificate_is_known_as_the_newborn(cast):
    _mother, child = a_newborn(cast)
    certificate = Identifier(kind=Identifier.Kind.BIRTH, value="y33 0000009")
    with pytest.raises(people.KnownPerson) as refused:
        people.register(named(cast), by=cast.wang, numbers=[certificate])
    assert refused.value.links == [("张丽之子", child.get_absolute_url())]


@pytest.mark.parametrize("by_what", ["mother", "phone"])
def test_a_named_child_without_the_certificate_is_put_before_the_office(cast, by_what):
    mother, child = a_newborn(cast)
    people.correct(child, by=cast.wang, phone=mother.phone)
    facts = {"mother": mother} if by_what == "mother" else {"phone": mother.phone}
    again = people.register(named(cast, **facts), by=cast.wang)
    merge = merged(cast, child, again)
    child.refresh_from_db()
    assert (child.name, child.id_number) == ("陈小宝", again.id_number)
    people.unmerge(merge, by=cast.sun, reason="误合并")
    child.refresh_from_db()
    assert (child.name, child.id_number) == ("张丽之子", "")


def test_twins_whose_order_was_not_told_are_two_until_somebody_has_looked(cast):
    mother, child = a_newborn(cast)
    twin = Person(county=cast.region, name="", mother=mother, sex="1", birth_date=child.birth_date)
    people.register(twin, by=cast.wang)
    assert twin.name == child.name
    assert Person.objects.filter(mother=mother, voided_at=None).count() == 2
