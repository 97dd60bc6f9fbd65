"""A prepared query answers what its queryset answers."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from tests.cast import Cast, letter
from xinglin.clinical.referral import actions
from xinglin.clinical.referral.models import Referral
from xinglin.kernel import trail
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared

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
    from django.db import connection

    prepared = Prepared(Referral.objects.filter(pk=SLOT).values_list("number", "due_at"))
    unseen = prepared.first(sent.pk)
    with CaptureQueriesContext(connection) as seen:
        assert prepared.first(sent.pk) == unseen == [sent.number, sent.due_at]
    assert len(seen) == 1


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
