"""Pages of a long list."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory

from xinglin.ui.paging import Pager, paginate

pytestmark = pytest.mark.django_db


@pytest.fixture
def names():
    Group.objects.bulk_create(Group(name=f"村卫生室 {n:02}") for n in range(45))
    return Group.objects.order_by("name")


def asking(query=""):
    request = RequestFactory().get(f"/list/?{query}")
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


def test_a_page_says_where_it_stands(names):
    pager = paginate(asking("page=2&state=open"), names)
    assert [pager.first_row, pager.last_row, pager.count] == [21, 40, 45]
    assert pager.items[0].name == "村卫生室 20"
    assert (pager.has_previous, pager.has_next) == (True, True)
    assert pager.query_for(3) == "page=3&state=open"


@pytest.mark.parametrize("page", ["99", "3"])
def test_beyond_the_end_is_the_last_page(names, page):
    pager = paginate(asking(f"page={page}"), names)
    assert pager.number == 3
    assert len(pager.items) == 5
    assert not pager.has_next


@pytest.mark.parametrize("page", ["0", "-3", "abc", ""])
def test_nonsense_is_the_first_page(names, page):
    assert paginate(asking(f"page={page}"), names).number == 1


def test_an_empty_list_has_one_empty_page(names):
    pager = paginate(asking("page=7"), names.none())
    assert (pager.number, pager.items, pager.count, pager.numbers) == (1, [], 0, [1])


def test_counting_stops_at_the_limit_and_says_so(names):
    pager = Pager(names, limit=30)
    assert (pager.exact, pager.count_text) == (False, "30+")
    assert pager.exact_text() == "45"


def test_the_last_page_is_counted_by_being_shown(names, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert Pager(names, number=3).count_text == "45"
    with django_assert_num_queries(1):
        assert Pager(names, size=50, limit=10).exact


def test_counting_may_know_a_cheaper_way(names):
    pager = Pager(names, counting=lambda limit: (30, limit is None))
    assert (pager.count_text, pager.exact_text()) == ("30+", "30")


def test_pages_beyond_a_stopped_count_can_still_be_reached(names):
    pager = Pager(names, limit=10, number=3)
    assert len(pager.items) == 5
    assert Pager(names, limit=10, number=50).number == 3


def test_a_huge_page_is_refused_visibly(names):
    request = asking("page_size=5000")
    pager = paginate(request, names)
    assert pager.size == 200
    assert "200" in str(next(iter(get_messages(request))))
    assert pager.query_for(2) == "page_size=200&page=2"


def test_left_out_pages_are_shown_as_a_gap(names):
    pager = Pager(names, size=5, number=5)
    assert pager.numbers == [1, None, 4, 5, 6, None, 9]
    assert Pager(names, size=5, number=3).numbers == [1, 2, 3, 4, None, 9]
