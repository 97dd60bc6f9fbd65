"""The doors to the houses: the tree, one house, and who may change it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from xinglin.registry.organisations.models import Department, Organisation

HTMX = {"HX-Request": "true"}
LIST = reverse("organisations:list")


def text(response):
    return response.content.decode()


def house_form(cast, **facts):
    return {
        "parent": cast.township.pk,
        "level": "village",
        "name": "下柳村卫生室",
        "code": "V900",
        **facts,
    }


def test_without_signing_in_every_page_is_the_login_page(client, cast):
    for url in (LIST, cast.township.get_absolute_url(), reverse("organisations:options")):
        assert client.get(url).headers["Location"].startswith("/login/")


def test_the_tree_shows_the_county_and_no_other(cast, enter):
    shown = text(enter("zhao").get(LIST))
    for name in ("青山县人民医院", "青山镇卫生院", "上柳村卫生室", "省立医院"):
        assert name in shown
    assert "临水县" not in shown


@pytest.mark.parametrize("words", ["柳溪", "lxz", "liuxi"])
def test_a_house_is_found_by_name_pinyin_and_initials(cast, enter, words):
    answer = enter("wang").get(LIST, {"q": words}, headers=HTMX)
    assert "柳溪镇卫生院" in text(answer)
    assert "青山镇卫生院" not in text(answer)
    assert "<html" not in text(answer)


def test_the_list_is_narrowed_by_level_and_says_how_many(cast, enter):
    shown = text(enter("wang").get(LIST, {"level": "township"}, headers=HTMX))
    assert "柳溪镇卫生院" in shown
    assert "省立医院" not in shown
    assert "<strong>2</strong>" in shown


def test_a_house_shows_where_it_stands_and_what_happened_to_it(cast, enter):
    shown = text(enter("wang").get(cast.village.get_absolute_url()))
    assert "青山县医共体" in shown
    assert "维护机构" in shown
    assert reverse("organisations:change", args=[cast.village.pk]) not in shown


def test_strangers_find_no_house_of_another_county(cast, enter):
    for part in ("stranger", "strange_admin"):
        browser = enter(part)
        assert browser.get(cast.township.get_absolute_url()).status_code == 404
        assert (
            browser.get(reverse("organisations:change", args=[cast.township.pk])).status_code == 404
        )
        assert "青山" not in text(browser.get(LIST))
        assert "青山" not in text(browser.get(reverse("organisations:options"), {"q": "青山"}))


def test_only_who_maintains_opens_the_forms(cast, enter):
    for url in (
        reverse("organisations:establish"),
        reverse("organisations:change", args=[cast.township.pk]),
        reverse("organisations:close", args=[cast.township.pk]),
        reverse("organisations:open-department", args=[cast.township.pk]),
    ):
        assert enter("wang").get(url).status_code == 403
        assert enter("admin").get(url).status_code == 200


def test_a_house_is_established_under_its_parent(cast, enter):
    answer = enter("admin").post(reverse("organisations:establish"), house_form(cast))
    house = Organisation.objects.get(code="V900")
    assert answer.headers["Location"] == house.get_absolute_url()
    assert house.path.startswith(cast.township.path)


def test_a_wrong_place_and_a_wrong_number_are_told_beside_the_field(cast, enter):
    browser = enter("admin")
    url = reverse("organisations:establish")
    answer = browser.post(url, house_form(cast, parent=cast.region.pk), headers=HTMX)
    assert answer.status_code == 422
    assert "不能设在" in text(answer)
    answer = browser.post(url, house_form(cast, credit_code="12345"), headers=HTMX)
    assert answer.status_code == 422
    assert "应为18位" in text(answer)
    assert not Organisation.objects.filter(code="V900").exists()


def test_a_house_cannot_be_put_under_another_county(cast, enter):
    answer = enter("admin").post(
        reverse("organisations:establish"), house_form(cast, parent=cast.strange_hospital.pk)
    )
    assert answer.status_code == 422
    assert "请从列表中选择上级机构" in text(answer)


def test_a_change_shows_in_the_history_of_the_house(cast, enter):
    browser = enter("admin")
    page = browser.get(reverse("organisations:change", args=[cast.village.pk]))
    known = {name: value or "" for name, value in page.context["form"].initial.items()}
    values = {**known, "phone": "010-61234567", "services": "门诊\n换药"}
    answer = browser.post(reverse("organisations:change", args=[cast.village.pk]), values)
    assert answer.status_code == 302
    cast.village.refresh_from_db()
    assert cast.village.services == ["门诊", "换药"]
    assert "电话：— → 010-61234567" in text(browser.get(cast.village.get_absolute_url()))


def test_a_house_with_others_below_it_is_not_closed(cast, enter):
    browser = enter("admin")
    today = timezone.localdate()
    answer = browser.post(reverse("organisations:close", args=[cast.township.pk]), {"on": today})
    assert answer.status_code == 422
    assert "其下还有 1 家机构未停办" in text(answer)
    answer = browser.post(
        reverse("organisations:close", args=[cast.village.pk]), {"on": today + timedelta(days=1)}
    )
    assert "不能晚于今天" in text(answer)
    assert (
        browser.post(
            reverse("organisations:close", args=[cast.village.pk]), {"on": today}
        ).status_code
        == 302
    )
    assert "已停办" in text(browser.get(cast.village.get_absolute_url()))
    assert "上柳村卫生室" not in text(browser.get(LIST))


def test_a_department_is_opened_once(cast, enter):
    browser = enter("admin")
    url = reverse("organisations:open-department", args=[cast.hospital.pk])
    values = {"name": "心内科", "code": "0301", "takes_referrals": "on"}
    assert browser.post(url, values).status_code == 302
    assert Department.objects.get().name == "心内科"
    answer = browser.post(url, values)
    assert answer.status_code == 422
    assert "科室代码 0301 已存在" in text(answer)


def test_suggestions_are_the_houses_that_give_care(cast, enter):
    browser = enter("wang")
    shown = text(browser.get(reverse("organisations:options"), {"q": "青山"}))
    assert 'data-name="青山县人民医院"' in shown
    assert 'data-name="青山县医共体"' not in shown
    shown = text(browser.get(reverse("organisations:options"), {"q": "qs", "levels": "consortium"}))
    assert 'data-name="青山县医共体"' in shown
    assert 'data-name="青山县人民医院"' not in shown
