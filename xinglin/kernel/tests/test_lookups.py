"""A beginning of a text, answered from a plain index on every database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F

from xinglin.kernel.lookups import InPrefixOrder
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person, SearchKey

KEYS = (
    "wang",
    "wangwu",
    "wanGwu",
    "50%off",
    "50xoff",
    "a_b",
    "axb",
    "张三",
    "张三丰",
    "张",
    "\\x",
    "𠮷野",
)


@pytest.fixture
def keys(county):
    SearchKey.objects.all().delete()
    SearchKey.objects.bulk_create(
        [
            SearchKey(county_id=county.region.pk, person=county.patient, kind="name", key=key)
            for key in KEYS
        ]
    )
    return SearchKey.objects.filter(county_id=county.region.pk)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("wang", {"wang", "wangwu"}),
        ("wanG", {"wanGwu"}),  # case is the caller's business
        ("50%", {"50%off"}),
        ("%", set()),
        ("a_", {"a_b"}),
        ("_", set()),
        ("张三", {"张三", "张三丰"}),
        ("张", {"张", "张三", "张三丰"}),
        ("\\", {"\\x"}),
        ("𠮷", {"𠮷野"}),
        ("赵", set()),
        ("'; DROP TABLE people_person; --", set()),
    ],
)
def test_a_beginning_is_taken_word_for_word(keys, asked, found):
    assert set(keys.filter(key__prefix=asked).values_list("key", flat=True)) == found


def test_an_empty_beginning_is_everybodys(keys):
    assert keys.filter(key__prefix="").count() == len(KEYS)


def test_both_databases_answer_from_the_index(county):
    # Enough rows that a planner would rather use an index than read them all.
    SearchKey.objects.bulk_create(
        [
            SearchKey(
                county_id=county.region.pk, person=county.patient, kind="name", key=f"k{n:05d}"
            )
            for n in range(3000)
        ],
        batch_size=1000,
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE people_searchkey")
    for text in ("k0001", "张", "50%", "a_"):
        asked = SearchKey.objects.filter(county_id=county.region.pk, key__prefix=text)
        plan = asked.order_by("key", "person_id").explain()
        assert "search_key_prefix" in plan, plan
        assert "Seq Scan" not in plan
        assert "SCAN people_searchkey" not in plan.replace("SCAN people_searchkey USING", "")


def test_the_tree_is_read_from_the_index_of_its_paths(county):
    plan = Organisation.objects.filter(path__prefix=county.region.path).order_by("path").explain()
    if connection.vendor == "sqlite":
        assert "USING INDEX" in plan, plan
    below = Organisation.objects.below(county.hospital)
    assert county.township in below
    assert county.city not in below
    assert county.strange_hospital not in below


def test_people_are_found_by_the_ways_people_type(county):
    for words in ("陈桂", "chengui", "cgx", "13900000001", county.patient.id_number[-4:]):
        found = SearchKey.objects.visible_to(county.wang).matching(words)
        assert [key.person for key in found] == [county.patient], words
    assert not SearchKey.objects.visible_to(county.stranger).matching("陈").exists()
    assert Person.objects.visible_to(county.stranger).count() == 0


def test_the_index_of_a_prefix_also_gives_the_order(keys):
    found = keys.filter(key__prefix="w").order_by(InPrefixOrder(F("key")), "person_id")
    assert [row.key for row in found] == ["wanGwu", "wang", "wangwu"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The table is too small for an index to be worth while.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        plan = found.all()[:20].explain()
    assert "search_key_prefix" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_among_finds_what_in_finds(county):
    houses = {county.region.pk, county.hospital.pk, county.township.pk}
    for wanted in (houses, {county.township.pk}):
        plain = Organisation.objects.filter(parent__in=wanted).order_by("pk")
        assert list(Organisation.objects.filter(parent__among=wanted).order_by("pk")) == list(plain)
        assert plain.exists()


def test_among_leaves_the_order_to_another_index(county):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL weighs the two ways itself.")
    houses = [county.hospital.pk, county.township.pk]
    people = Person.objects.filter(managed_by__among=houses).order_by("-pk")[:20]
    assert "managed_by" not in people.explain()
