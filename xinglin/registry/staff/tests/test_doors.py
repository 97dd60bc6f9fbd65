"""The doors to staff: colleagues, posts, accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from xinglin.registry.staff.models import Post, Practitioner, User

HTMX = {"HX-Request": "true"}
LIST = reverse("staff:list")


def text(response):
    return response.content.decode()


@pytest.fixture
def doctor(cast):
    return Practitioner.objects.get(name="王医生")


@pytest.fixture
def post(doctor):
    return doctor.posts.get()


def url(name, record):
    return reverse(f"staff:{name}", args=[record.pk])


def test_without_signing_in_every_page_is_the_login_page(client, cast, doctor):
    for address in (LIST, doctor.get_absolute_url(), url("appoint", doctor)):
        assert client.get(address).headers["Location"].startswith("/login/")


def test_colleagues_of_the_county_know_each_other(cast, enter):
    shown = text(enter("zhao").get(LIST))
    assert "王医生" in shown
    assert "路人" not in shown
    assert reverse("staff:employ") not in shown


def test_the_list_is_narrowed_by_house_with_those_below_and_by_role(cast, enter):
    browser = enter("zhao")
    shown = text(browser.get(LIST, {"house": cast.township.pk}, headers=HTMX))
    assert "王医生" in shown
    assert "赵村医" in shown
    assert "李护士" not in shown
    shown = text(browser.get(LIST, {"role": "desk"}, headers=HTMX))
    assert "李护士" in shown
    assert "王医生" not in shown


def test_the_posts_of_a_house_are_a_piece_of_its_page(cast, enter):
    shown = text(enter("zhao").get(url("of-house", cast.township), headers=HTMX))
    assert "王医生" in shown
    assert "李护士" not in shown
    assert enter("stranger").get(url("of-house", cast.township)).status_code == 404


def test_strangers_find_no_staff_of_another_county(cast, enter, doctor, post):
    browser = enter("strange_admin")
    assert "王医生" not in text(browser.get(LIST))
    for name in ("detail", "amend", "appoint", "give-account"):
        assert browser.get(url(name, doctor)).status_code == 404
    assert browser.get(url("dismiss", post)).status_code == 404
    assert enter("stranger").get(doctor.get_absolute_url()).status_code == 404


def test_others_see_the_posts_of_a_colleague_and_nothing_more(cast, enter, doctor, post):
    Practitioner.objects.filter(pk=doctor.pk).update(phone="13900000077")
    shown = text(enter("zhao").get(doctor.get_absolute_url()))
    assert "乡镇卫生院医生" in shown
    assert "13900000077" not in shown
    for name in ("amend", "appoint", "give-account"):
        assert enter("zhao").get(url(name, doctor)).status_code == 403
    assert enter("zhao").get(url("dismiss", post)).status_code == 403


def test_somebody_is_employed_appointed_and_given_an_account(cast, enter):
    browser = enter("admin")
    answer = browser.post(reverse("staff:employ"), {"name": "钱医生", "code": "Q1"})
    who = Practitioner.objects.get(code="Q1")
    assert answer.headers["Location"] == url("appoint", who)
    values = {
        "organisation": cast.other_township.pk,
        "role": "township-doctor",
        "since": timezone.localdate(),
    }
    assert browser.post(url("appoint", who), values).status_code == 302
    account = {"username": "qian", "password": "long-enough-words"}
    assert browser.post(url("give-account", who), account).status_code == 302
    assert User.objects.get(username="qian").check_password("long-enough-words")
    shown = text(browser.get(who.get_absolute_url()))
    assert "柳溪镇卫生院" in shown
    assert "qian" in shown


def test_what_is_wrong_is_told_beside_the_field(cast, enter, doctor, post):
    browser = enter("admin")
    answer = browser.post(
        reverse("staff:employ"), {"name": "钱", "code": doctor.code}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "已存在" in text(answer)
    answer = browser.post(
        reverse("staff:employ"), {"name": "钱", "code": "Q2", "id_number": "1"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "身份证号码应为18位" in text(answer)
    values = {"organisation": cast.hospital.pk, "role": "village-doctor", "since": "2026-01-01"}
    answer = browser.post(url("appoint", doctor), values, headers=HTMX)
    assert answer.status_code == 422
    assert "不设在" in text(answer)
    account = {"username": "wang", "password": "123"}
    answer = browser.post(url("give-account", doctor), account, headers=HTMX)
    assert answer.status_code == 422
    before = post.since - timedelta(days=1)
    answer = browser.post(url("dismiss", post), {"until": before}, headers=HTMX)
    assert answer.status_code == 422
    assert "任职止不能早于任职起" in text(answer)


def test_who_is_dismissed_no_longer_acts(cast, enter, post):
    yesterday = timezone.localdate() - timedelta(days=1)
    assert enter("admin").post(url("dismiss", post), {"until": yesterday}).status_code == 302
    assert Post.objects.get(pk=post.pk).until == yesterday
    assert "柳溪镇卫生院" not in text(enter("wang").get(reverse("organisations:list")))
