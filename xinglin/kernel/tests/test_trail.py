"""The chain over the trail: whoever changes, removes, puts in or moves a line is found out."""

from __future__ import annotations

import pytest
from django.db import connection

from tests import cast
from xinglin.kernel import trail, worker
from xinglin.kernel.models import TrailEntry, TrailLink
from xinglin.registry.people import actions as people


@pytest.fixture
def sealed(county):
    """A chain of some thirty lines, all of them sealed."""
    trail.seal()
    verdict = trail.verify()
    assert verdict.broken_at is None
    assert verdict.unsealed == 0
    assert verdict.lines > 20
    return county


def sql(text: str, *params) -> None:
    """Behind the house's back, with the checks of foreign keys out of the way."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute(text, params)
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")


def entry_at(position: int) -> int:
    return TrailLink.objects.get(position=position).entry_id


def test_an_untouched_chain_is_whole(sealed):
    assert trail.verify().broken_at is None


def test_sealing_goes_on_where_it_stopped(sealed):
    before = trail.verify().lines
    people.correct(sealed.patient, by=sealed.wang, name="陈桂花")
    assert trail.verify().unsealed == 1
    assert trail.seal() == 1
    assert (trail.verify().lines, trail.verify().unsealed) == (before + 1, 0)
    assert trail.seal() == 0


def test_sealing_in_small_bites_gives_the_same_chain(county):
    while trail.seal(limit=4):
        pass
    verdict = trail.verify()
    assert verdict.broken_at is None
    assert verdict.lines == TrailEntry.objects.count()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_name", "别人"),
        ("verb", "referral.accept"),
        ("changes", '{"name": ["", "改过"]}'),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("basis", "补的理由"),
        ("org_name", "别处"),
        ("address", "10.0.0.1"),
        ("kind", "read"),
    ],
)
def test_a_changed_line_is_found(sealed, column, value):
    sql(f"UPDATE kernel_trailentry SET {column} = %s WHERE id = %s", value, entry_at(7))
    verdict = trail.verify()
    assert (verdict.broken_at, verdict.reason) == (7, "changed")
    assert verdict.lines == 6


def test_of_two_changed_lines_the_first_is_named(sealed):
    for position in (12, 5):
        sql("UPDATE kernel_trailentry SET verb = 'x' WHERE id = %s", entry_at(position))
    assert trail.verify().broken_at == 5


@pytest.mark.parametrize("position", [1, 9])
def test_a_removed_line_is_found(sealed, position):
    entry = entry_at(position)
    sql("DELETE FROM kernel_traillink WHERE position = %s", position)
    sql("DELETE FROM kernel_trailentry WHERE id = %s", entry)
    assert trail.verify().broken_at == position


def test_a_removed_line_is_found_though_the_rest_moves_up(sealed):
    entry = entry_at(9)
    last = TrailLink.objects.latest("position").position
    sql("DELETE FROM kernel_traillink WHERE position = 9")
    sql("DELETE FROM kernel_trailentry WHERE id = %s", entry)
    for position in range(10, last + 1):
        sql("UPDATE kernel_traillink SET position = %s WHERE position = %s", position - 1, position)
    assert trail.verify().broken_at == 9


def test_a_line_whose_link_stays_without_it_is_found(sealed):
    sql("UPDATE kernel_traillink SET entry_id = %s WHERE position = %s", 10**9, 9)
    assert trail.verify().broken_at == 9
    sql("DELETE FROM kernel_traillink WHERE position = 9")


def test_a_line_put_in_is_found(sealed):
    """Somebody writes a line and gives it a place in the middle of the chain."""
    last = TrailLink.objects.latest("position").position
    people.correct(sealed.patient, by=sealed.wang, name="陈桂花")
    late = TrailEntry.objects.latest("id")
    for position in range(last, 4, -1):
        sql("UPDATE kernel_traillink SET position = %s WHERE position = %s", position + 1, position)
    TrailLink.objects.create(position=5, entry=late, chain="0" * 64)
    assert trail.verify().broken_at == 5


def test_lines_that_changed_places_are_found(sealed):
    first, second = entry_at(6), entry_at(11)
    sql("UPDATE kernel_traillink SET entry_id = %s WHERE position = 6", 10**9)
    sql("UPDATE kernel_traillink SET entry_id = %s WHERE position = 11", first)
    sql("UPDATE kernel_traillink SET entry_id = %s WHERE position = 6", second)
    assert trail.verify().broken_at == 6


def test_a_forged_digest_is_found(sealed):
    TrailLink.objects.filter(position=8).update(chain="f" * 64)
    assert trail.verify().broken_at == 8


def test_the_worker_seals(county):
    worker.everything_due()
    assert trail.verify().unsealed == 0


def test_a_line_written_in_any_language_keeps_its_digest(sealed):
    cast.resident(sealed.admin, sealed.region, "𠮷野·Ｏ’Brien 😀")
    trail.seal()
    assert trail.verify().broken_at is None
