"""Merge and unmerge: nothing is lost either way, in whatever table it lies."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import cast as casting
from xinglin.kernel import outbox
from xinglin.kernel.access import system
from xinglin.kernel.errors import Forbidden
from xinglin.kernel.ids import new_id
from xinglin.kernel.models import InboxItem, OutboxEvent, TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.actions import indexing
from xinglin.registry.people.models import (
    CareLink,
    Identifier,
    MatchReview,
    Merge,
    MergeMove,
    Person,
    ReviewState,
    SearchKey,
)

pytestmark = pytest.mark.django_db

# What tells of the acts themselves grows with each of them; the index is compared by what it finds.
GROWING = {
    *("kernel.TrailEntry", "kernel.TrailLink", "kernel.OutboxEvent", "kernel.Delivery"),
    *("kernel.InboxItem", "kernel.Notice"),
    *("people.Merge", "people.MergeMove", "people.MatchReview"),
}
INDEX = {"people.SearchKey", "people.MatchKey"}


def everything() -> dict[str, Any]:
    """Every row of every table, as it can be compared."""
    found: dict[str, Any] = {}
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label
        if label in GROWING or not label.split(".")[0].islower():
            continue
        names = [field.attname for field in model._meta.concrete_fields]
        if label in INDEX:
            names.remove("id")
        # A record that told of another person for a while has changed, for who asks what is new.
        names = [name for name in names if name != "updated_at"]
        rows = model._base_manager.values_list(*names)
        found[label] = Counter(tuple(map(repr, row)) for row in rows)
    return found


def merged(cast, survivor: Person, loser: Person) -> Merge:
    told = Merge(county=cast.region, survivor=survivor, loser=loser, reason="已核对身份证")
    return people.merge(told, by=cast.sun)


def row_of(model: type[models.Model], field: models.Field, person: Person, salt: int) -> bool:
    """One row of any table about a person, filled as its columns want; whether it went in."""
    values: dict[str, Any] = {field.name: person}
    for each in model._meta.concrete_fields:
        if each.name in values or each.has_default() or each.null or each.primary_key:
            continue
        values[each.name] = _anything(each, person, salt)
    try:
        with transaction.atomic():
            model._base_manager.create(**values)
    except IntegrityError:
        return False
    return True


def _anything(field: Any, person: Person, salt: int) -> Any:
    if isinstance(field, models.ForeignKey):
        target = field.remote_field.model
        if target is Person:
            return person
        found = target._base_manager.first()
        if found is None and row_of(target, target._meta.pk, None, salt):  # type: ignore[arg-type]
            found = target._base_manager.first()
        return found
    if field.choices:
        return field.choices[salt % len(field.choices)][0]
    kinds: dict[type, Any] = {
        models.DateTimeField: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=salt),
        models.DateField: date(2026, 1, 1),
        models.BooleanField: False,
        models.IntegerField: salt,
        models.FloatField: 1.0,
        models.DecimalField: 1,
        models.UUIDField: new_id(),
        models.JSONField: {},
        models.FileField: "",
        models.CharField: f"x{salt}"[: field.max_length],
        models.TextField: "x",
    }
    return next(value for kind, value in kinds.items() if isinstance(field, kind))


def a_mother(cast) -> Person:
    number = casting.id_card(date(1962, 5, 4), female=True)
    return casting.resident(cast.wang, cast.region, name="张丽", id_number=number)


def other(cast, **facts: Any) -> Person:
    """Another registration of 陈桂香, with less in it."""
    given = {"id_number": "", "birth_date": date(1962, 5, 4), "sex": "1", "phone": "13900000001"}
    person = Person(county=cast.region, **{"name": "陈贵香", **given, **facts})
    return people.register(person, by=cast.wang, checked="已核对")


# ---------------------------------------------------------------------------- nothing is lost


def test_every_table_that_tells_of_a_person_moves():
    """Whoever adds one need not come here."""
    told = {(model._meta.label, field.name) for model, field in people.links()}
    assert ("people.CareLink", "person") in told
    assert ("people.Person", "mother") in told
    for model in apps.get_models():
        if model._meta.label in GROWING | INDEX:
            continue
        for field in model._meta.concrete_fields:
            leads = isinstance(field, models.ForeignKey) and field.remote_field.model is Person
            stays = field.one_to_one or (model, field.name) == (Person, "replaced_by")
            if leads and not stays:
                assert (model._meta.label, field.name) in told


@pytest.fixture
def nobody_objects(monkeypatch):
    """What apps do not let two people bring together is theirs to test; here all tables mix."""
    monkeypatch.setattr("xinglin.registry.people.actions.merging.OBJECTIONS", [])


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_merge_then_unmerge_is_the_identity_over_everything(cast, nobody_objects, data):
    with transaction.atomic():
        survivor, loser = (
            cast.patient,
            other(cast, name=data.draw(st.sampled_from(["陈贵香", "陈桂香"]))),
        )
        if data.draw(st.booleans()):
            survivor, loser = loser, survivor
        _fill_tables(data, survivor, loser)
        before = everything()
        merge = merged(cast, survivor, loser)
        assert not left_behind(merge)
        people.unmerge(merge, by=cast.sun, reason="不是同一人")
        assert everything() == before
        transaction.set_rollback(True)


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_was_written_between_stays_with_the_survivor(cast, nobody_objects, data):
    with transaction.atomic():
        survivor, loser = cast.patient, other(cast)
        _fill_tables(data, survivor, loser)
        merge = merged(cast, survivor, loser)
        written = Identifier(county=cast.region, kind="other", value="in between", person=survivor)
        people.identify(written, by=cast.wang)
        people.unmerge(merge, by=cast.sun, reason="不是同一人")
        written.refresh_from_db()
        assert written.person_id == survivor.pk
        transaction.set_rollback(True)


def _fill_tables(data, survivor: Person, loser: Person) -> None:
    salt = 0
    with _without_checks():
        for model, field in people.links():
            if model is Person:
                continue
            for person in (survivor, loser):
                for _time in range(data.draw(st.integers(0, 2))):
                    salt += 1
                    row_of(model, field, person, data.draw(st.integers(0, 1)) + 2 * salt)
    for person in (survivor, loser):
        indexing.renew(person)


class _without_checks:
    """Rows of tables that this test has never heard of; SQLite can leave their checks out."""

    def _say(self, word: str) -> None:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA ignore_check_constraints = {word}")

    def __enter__(self) -> None:
        self._say("ON")

    def __exit__(self, *problem: object) -> None:
        self._say("OFF")


def left_behind(merge: Merge) -> list[str]:
    """Rows that still lead to the merged registration, and were not told to be left."""
    told = set(merge.moves.values_list("table", "row"))
    return [
        f"{model._meta.label} {pk}"
        for model, field in people.links()
        for pk in model._base_manager.filter(**{field.name: merge.loser_id}).values_list(
            "pk", flat=True
        )
        if (model._meta.label, str(pk)) not in told
    ]


# ------------------------------------------------------------------------------- what a merge does


def test_the_survivor_takes_what_it_did_not_say_and_gives_it_back(cast):
    loser = other(cast, address_detail="12号", ethnicity="01")
    merge = merged(cast, cast.patient, loser)
    cast.patient.refresh_from_db()
    assert (cast.patient.address_detail, cast.patient.ethnicity) == ("12号", "01")
    people.correct(cast.patient, by=cast.wang, ethnicity="02")
    people.unmerge(merge, by=cast.sun, reason="误合并")
    cast.patient.refresh_from_db()
    # What somebody has changed since is theirs.
    assert (cast.patient.address_detail, cast.patient.ethnicity) == ("", "02")


def test_the_card_of_the_merged_registration_leads_to_the_survivor(cast):
    loser = other(cast, id_number=casting.id_card(date(1962, 5, 4), female=False))
    merged(cast, cast.patient, loser)
    with pytest.raises(people.KnownPerson) as refused:
        casting.resident(cast.wang, cast.region, id_number=loser.id_number)
    assert refused.value.links == [("陈桂香", cast.patient.get_absolute_url())]


def test_the_old_name_still_finds_the_survivor_and_only_once(cast):
    loser = other(cast, name="陈贵湘")
    merge = merged(cast, cast.patient, loser)
    keys = SearchKey.objects.visible_to(cast.wang)
    assert {key.person_id for key in keys.matching("陈贵湘")} == {cast.patient.pk}
    people.correct(cast.patient, by=cast.wang, phone="13900000077")
    assert {key.person_id for key in keys.matching("陈贵湘")} == {cast.patient.pk}
    people.unmerge(merge, by=cast.sun, reason="误合并")
    assert {key.person_id for key in keys.matching("陈贵湘")} == {loser.pk}


def test_two_grounds_of_one_house_become_the_older_one(cast):
    loser = other(cast, managed_by=cast.village)
    old = timezone.now() - timedelta(days=900)
    CareLink.objects.filter(person=loser).update(since=old)
    young = CareLink.objects.get(person=cast.patient, organisation=cast.village).since
    merge = merged(cast, cast.patient, loser)
    link = CareLink.objects.get(person=cast.patient, organisation=cast.village)
    assert link.since == old
    kinds = set(merge.moves.filter(table="people.CareLink").values_list("kind", flat=True))
    assert kinds == {MergeMove.Kind.LEFT, MergeMove.Kind.WIDENED}
    people.unmerge(merge, by=cast.sun, reason="误合并")
    link.refresh_from_db()
    assert link.since == young


def test_a_merge_is_announced_and_traced(cast):
    loser = other(cast)
    merge = merged(cast, cast.patient, loser)
    people.unmerge(merge, by=cast.sun, reason="误合并")
    names = OutboxEvent.objects.order_by("created_at").values_list("name", flat=True)
    assert [name for name in names if "merged" in name] == [
        "people.person-merged",
        "people.person-unmerged",
    ]
    verbs = Counter(
        TrailEntry.objects.filter(verb__contains="merge").values_list("verb", flat=True)
    )
    # The merge itself and both registrations; the pair that was in question, too.
    assert verbs["person.merge"] >= 3
    assert verbs["person.unmerge"] >= 3


def test_what_came_late_to_the_merged_registration_follows(cast):
    loser = other(cast)
    merge = merged(cast, cast.patient, loser)
    late = CareLink.objects.create(
        person=loser, organisation=cast.hospital, basis="encounter", since=timezone.now()
    )
    outbox.deliver()
    late.refresh_from_db()
    assert late.person_id == cast.patient.pk
    people.unmerge(merge, by=cast.sun, reason="误合并")
    late.refresh_from_db()
    assert late.person_id == loser.pk


# ----------------------------------------------------------------------------------- chains


def test_a_merge_in_the_middle_of_a_chain_is_refused_until_the_later_one_is_undone(cast):
    first, second = other(cast, name="陈贵湘"), other(cast, name="陈桂湘")
    below = merged(cast, second, first)
    above = merged(cast, cast.patient, second)
    first.refresh_from_db()
    assert first.living == cast.patient
    with pytest.raises(people.CannotUnmerge, match="陈桂香"):
        people.unmerge(below, by=cast.sun, reason="误合并")
    people.unmerge(above, by=cast.sun, reason="误合并")
    people.unmerge(below, by=cast.sun, reason="误合并")
    first.refresh_from_db()
    assert first.living == first


def test_two_merges_into_one_are_undone_in_either_order(cast):
    first, second = other(cast, name="陈贵湘"), other(cast, name="陈桂湘")
    numbers = [
        people.identify(
            Identifier(county=cast.region, person=person, kind="other", value=f"of {person.name}"),
            by=cast.wang,
        )
        for person in (first, second)
    ]
    one, two = merged(cast, cast.patient, first), merged(cast, cast.patient, second)
    people.unmerge(one, by=cast.sun, reason="误合并")
    owners = [Identifier.objects.get(pk=number.pk).person_id for number in numbers]
    assert owners == [first.pk, cast.patient.pk]
    people.unmerge(two, by=cast.sun, reason="误合并")
    assert Identifier.objects.get(pk=numbers[1].pk).person_id == second.pk


# --------------------------------------------------------------------------------- refusals


def test_nobody_merges_what_cannot_be_one(cast):
    loser, mother = other(cast), a_mother(cast)
    child = people.register(
        Person(county=cast.region, name="", mother=mother, sex="1", birth_date=date(1990, 1, 1)),
        by=cast.wang,
    )
    for survivor, gone, sentence in (
        (cast.patient, cast.patient, "同一份档案"),
        (mother, child, "母亲与子女"),
    ):
        with pytest.raises(people.CannotMerge, match=sentence):
            merged(cast, survivor, gone)
    merged(cast, cast.patient, loser)
    with pytest.raises(people.CannotMerge, match="已并入另一份"):
        merged(cast, loser, child)


def test_only_those_of_the_county_who_may(cast):
    loser = other(cast)
    told = Merge(county=cast.region, survivor=cast.patient, loser=loser, reason="已核对身份证")
    for actor in (cast.wang, cast.strange_admin):
        with pytest.raises(Forbidden):
            people.merge(told, by=actor)
    loser.refresh_from_db()
    assert loser.living == loser


def test_who_comes_back_must_have_their_number_still(cast):
    loser = other(cast, id_number=casting.id_card(date(1962, 5, 4), female=False))
    merge = merged(cast, cast.patient, loser)
    people.correct(cast.patient, by=cast.wang, id_number=loser.id_number)
    with pytest.raises(people.CannotUnmerge, match="陈桂香"):
        people.unmerge(merge, by=cast.sun, reason="误合并")


# ---------------------------------------------------------------------------------- reviews


def test_whoever_resembles_is_registered_and_put_before_the_office(cast):
    brother = people.register(
        Person(
            county=cast.region,
            name="陈桂华",
            sex="1",
            birth_date=cast.patient.birth_date,
            phone=cast.patient.phone,
            managed_by=cast.village,
        ),
        by=cast.wang,
    )
    review = MatchReview.objects.get(second=brother)
    assert (review.first, review.state, review.owner) == (cast.patient, "open", cast.office)
    assert InboxItem.objects.get(subject_id=review.pk).org_id == cast.office.pk


def test_whoever_is_known_is_refused_unless_somebody_has_looked(cast):
    again = Person(
        county=cast.region,
        name="陳桂香",
        sex=cast.patient.sex,
        birth_date=cast.patient.birth_date,
        phone=cast.patient.phone,
    )
    with pytest.raises(people.KnownPerson) as refused:
        people.register(again, by=cast.wang)
    assert refused.value.links == [("陈桂香", cast.patient.get_absolute_url())]
    people.register(again, by=cast.wang, checked="同名同日生，已核对证件")
    assert MatchReview.objects.get(second=again).note == "同名同日生，已核对证件"


def test_a_pair_is_judged_once(cast):
    review = MatchReview.objects.get(second=other(cast))
    people.postpone(review, by=cast.sun, reason="等本人来核对")
    assert (review.state, review.owner) == (ReviewState.WAITING, cast.office)
    people.distinguish(review, by=cast.sun, reason="户口簿上是兄弟")
    assert InboxItem.objects.filter(subject_id=review.pk).count() == 0
    assert not people.suspect(review.first, review.second, 30, source="bulk")


def test_a_merge_answers_the_question_and_an_unmerge_judges_them_different(cast):
    loser = other(cast)
    review = MatchReview.objects.get(second=loser)
    merge = merged(cast, cast.patient, loser)
    review.refresh_from_db()
    assert (review.state, review.merge, review.owner) == (ReviewState.MERGED, merge, None)
    people.unmerge(merge, by=cast.sun, reason="误合并")
    review.refresh_from_db()
    assert (review.state, review.note) == (ReviewState.DIFFERENT, "误合并")


def test_a_struck_out_registration_is_asked_about_no_more(cast):
    loser = other(cast)
    people.void(loser, by=system(cast.region.pk), reason="重复登记")
    assert MatchReview.objects.get(second=loser).state == ReviewState.LAPSED


# --------------------------------------------------------------------------------- newborns


def test_a_newborn_without_a_name_is_called_by_its_mother(cast):
    mother = a_mother(cast)
    twins = [
        people.register(
            Person(
                county=cast.region,
                name="",
                mother=mother,
                sex="2",
                birth_date=date(1990, 3, 1),
                birth_order=order,
            ),
            by=cast.wang,
            numbers=[Identifier(kind=Identifier.Kind.BIRTH, value=f"t33000000{order}")],
        )
        for order in (1, 2)
    ]
    assert [twin.name for twin in twins] == ["张丽之女（1）", "张丽之女（2）"]
    assert twins[1].identifiers.get().value == "T330000002"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"birth_date": None}, "请填写出生日期"),
        ({"birth_date": date(1965, 1, 1)}, "相差太近"),
    ],
)
def test_a_mother_who_cannot_be_is_refused(cast, facts, sentence):
    child = Person(county=cast.region, name="", mother=a_mother(cast), sex="1", **facts)
    with pytest.raises(people.WrongFact, match=sentence):
        people.register(child, by=cast.wang)
