"""From page to page and back: everything once, whatever the order and whatever is written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from xinglin.gateway.fhir.tests.county import link, matches, pressure

ORDERS = ["", "_sort=date", "_sort=-date", "_sort=-_lastUpdated", "_sort=_id"]


@pytest.fixture
def many(county):
    """Eleven values, several of them at the same moment."""
    now = timezone.now()
    for at in range(10):
        moment = now - timedelta(days=at // 3)
        pressure(county.wang, county.patient, county.township, moment, value=110 + at)


def walk(his, path, relation="next"):
    pages = []
    while path:
        bundle = his.get(path)
        pages.append([each["id"] for each in matches(bundle)])
        path = link(bundle, relation)
    return pages


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 3, 4, 50])
def test_pages_forward_are_the_whole_list(his, many, order, size):
    whole = his.ids(f"Observation?{order}&_count=200")
    assert len(whole) == 11
    pages = walk(his, f"Observation?{order}&_count={size}")
    assert [each for page in pages for each in page] == whole
    assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("order", ORDERS)
def test_pages_backward_are_the_same_pages(his, many, order):
    path = f"Observation?{order}&_count=4"
    forward = walk(his, path)
    last = path
    for _each in forward[:-1]:
        last = link(his.get(last), "next")
    assert link(his.get(last), "next") == ""
    backward = walk(his, last, "previous")
    assert [each for page in reversed(backward) for each in page] == [
        each for page in forward for each in page
    ]
    assert link(his.get(last), "first") == path.replace("?&", "?")


def test_patients_without_a_birth_date_have_their_place(his, county):
    for name in ("赵一", "赵二", "赵三"):
        cast.resident(county.wang, county.region, name, id_number="", managed_by=county.village)
    for order in ("birthdate", "-birthdate", "name", "-name", "-death-date"):
        pages = walk(his, f"Patient?_sort={order}&_count=2")
        found = [each for page in pages for each in page]
        assert found == his.ids(f"Patient?_sort={order}&_count=200")
        assert len(set(found)) == len(found) == 4


def test_what_is_written_meanwhile_shifts_no_page(his, county, many):
    first = his.get("Observation?_count=5")
    pressure(county.wang, county.patient, county.township, timezone.now())
    rest = walk(his, link(first, "next"))
    found = [each["id"] for each in matches(first)] + [each for page in rest for each in page]
    assert len(found) == len(set(found)) == 11


def test_the_total_is_true_or_not_told(his, many, monkeypatch):
    monkeypatch.setattr("xinglin.gateway.fhir.pages.COUNT_LIMIT", 5)
    assert his.get("Observation")["total"] == 11
    assert "total" not in his.get("Observation?_count=2")
    assert his.get("Observation?_count=2&_total=accurate")["total"] == 11
    monkeypatch.setattr("xinglin.gateway.fhir.pages.COUNT_LIMIT", 50)
    bundle = his.get("Observation?_count=2")
    assert bundle["total"] == 11
    assert his.get(link(bundle, "next"))["total"] == 11
    assert "total" not in his.get("Observation?_count=2&_total=none")


def test_no_page_is_longer_than_the_longest(his):
    assert his.ask("Observation?_count=100000").status_code == 200
