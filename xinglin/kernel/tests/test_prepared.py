"""A prepared query answers what its queryset answers."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import CharField, F, Value
from django.test.utils import CaptureQueriesContext

from tests.cast import Cast, letter
from xinglin.clinical.referral import actions
from xinglin.clinical.referral.models import Referral
from xinglin.config import environment
from xinglin.kernel import trail
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared, Statement

pytestmark = pytest.mark.django_db
COLUMNS = tuple(field.attname for field in Referral._meta.concrete_fields)


@pytest.fixture
def sent(cast: Cast) -> Referral:
    return actions.draft(letter(cast), by=cast.wang)


def test_it_finds_the_row_that_the_queryset_finds(cast, sent):
    rows = Referral.objects.visible_to(cast.wang).annotate(patient=F("person__name"))
    prepared = Prepared(rows.filter(pk=SLOT))
    *values, patient = prepared.first(sent.pk)
    found = prepared.row(Referral, COLUMNS, values)
    stored = Referral.objects.get(pk=sent.pk)
    assert found == stored
    assert patient == "陈桂香"
    assert {name: getattr(found, name) for name in COLUMNS} == {
        name: getattr(stored, name) for name in COLUMNS
    }
    assert found.person.name == patient
    found.save()


def test_it_sees_no_more_than_its_actor(cast, sent):
    for part in ("stranger", "li", "zheng"):
        unseen = Prepared(Referral.objects.visible_to(cast.actors[part]).filter(pk=SLOT))
        assert unseen.first(sent.pk) is None
    mine = Prepared(Referral.objects.visible_to(cast.wang).filter(pk=SLOT))
    assert mine.first(uuid4()) is None


def test_whoever_counts_queries_sees_it_and_gets_the_same(cast, sent):
    prepared = Prepared(Referral.objects.filter(pk=SLOT).values_list("number", "due_at"))
    unseen = prepared.first(sent.pk)
    with CaptureQueriesContext(connection) as seen:
        assert prepared.first(sent.pk) == unseen == [sent.number, sent.due_at]
    assert len(seen) == 1


def test_texts_that_look_like_placeholders_are_only_texts(cast, sent):
    sent.to_department = "100%s' %% \\ $1 ?1"
    sent.save()
    texts = Referral.objects.filter(pk=SLOT, to_department=sent.to_department)
    marked = texts.annotate(told=Value(sent.to_department, output_field=CharField()))
    prepared = Prepared(marked.values_list("number", "told"))
    assert prepared.first(sent.pk) == [sent.number, sent.to_department]
    with CaptureQueriesContext(connection):
        assert prepared.first(sent.pk) == [sent.number, sent.to_department]


def test_equal_values_of_other_types_stay_apart():
    text = "SELECT %s = 1, %s, %s, %s"
    statement = Statement(text, [1, True, "x", "x"], "sqlite")
    assert statement.values == [1, True, "x"]
    assert statement.native == "SELECT ?1 = 1, ?2, ?3, ?3"


def test_postgresql_plans_a_prepared_query_once_for_all_actors(cast, sent):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite keeps compiled statements by itself.")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        for actor in (cast.actors["wang"], replace(cast.actors["wang"], org_id=uuid4())):
            prepared = Prepared(Referral.objects.filter(pk=SLOT, owner_id=actor.org_id))
            prepared.first(sent.pk)
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (1,)


def test_a_pooler_that_forgets_statements_is_sent_none(cast, sent, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no pooler.")
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    prepared = Prepared(Referral.objects.filter(pk=SLOT).values_list("number"))
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        assert prepared.first(sent.pk) == [sent.number]
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)


def test_the_address_of_the_database_says_whether_statements_may_be_prepared():
    address = "postgres://x:y@db:5432/xinglin"
    for url, threshold in ((address, 0), (f"{address}?prepare=off", None)):
        told = environment.database(environment.Environment(database_url=url))
        assert told["OPTIONS"]["prepare_threshold"] == threshold


def test_a_line_of_the_trail_is_stored_as_any_other(cast, sent):
    trail.read(cast.wang, "referral.read", sent, basis="rest")
    line = TrailEntry.objects.latest("pk")
    assert (line.kind, line.subject_id, line.person_id) == ("read", sent.pk, cast.patient.pk)
    assert (line.changes, line.actor_name, line.org_id) == ({}, "王医生", cast.township.pk)
    trail.seal()
    assert trail.verify().broken_at is None


def test_a_cabinet_keeps_for_its_time_only():
    made = iter(range(9))
    cabinet: Cabinet[int] = Cabinet(lasts=60, most=2)
    assert [cabinet.get("a", lambda: next(made)) for _ in range(2)] == [0, 0]
    assert cabinet.get("b", lambda: next(made)) == 1
    assert cabinet.get("c", lambda: next(made)) == 2
    assert cabinet.get("a", lambda: next(made)) == 3
    short: Cabinet[int] = Cabinet(lasts=-1)
    assert short.get("a", lambda: 1) == 1
    assert short.get("a", lambda: 2) == 2
