"""What every page asks before it begins."""

import pytest

pytestmark = pytest.mark.django_db


def test_a_page_asks_once_who_is_there_and_once_what_waits(enter, django_assert_max_num_queries):
    browser = enter("wang")
    browser.get("/account/")
    # The session; the account with its posts; the counts in the frame.
    with django_assert_max_num_queries(3):
        assert "王医生" in browser.get("/account/").text


def test_an_account_without_a_post_stays_at_the_door(enter, cast):
    browser = enter("wang")
    cast.users["wang"].practitioner.posts.update(until="2020-01-01", since="2019-01-01")
    assert browser.get("/inbox/").status_code == 404
    assert browser.get("/").status_code == 200
