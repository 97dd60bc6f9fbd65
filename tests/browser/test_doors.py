"""Who may come in, in which post, in which language, in what light."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import type_password


def test_a_stranger_sees_nothing(house, sign_in, shot):
    # 路人 is a doctor of another county; the person does not exist for her
    stranger = sign_in("stranger")
    answer = stranger.goto(f"/record/people/{house.people['祝桂香']}/")
    assert answer.status == 404
    shot(stranger, "nothing-here")
    expect(stranger.locator("h1")).to_be_visible()

    # neither by search nor in the list of referrals
    stranger.goto("/search/?q=祝桂香")
    expect(stranger.locator("#main")).not_to_contain_text("1390000")
    expect(stranger.locator("#main").get_by_role("link", name="祝桂香")).to_have_count(0)
    stranger.goto("/referrals/?tab=all")
    expect(stranger.locator("tbody tr")).to_have_count(0)


def test_signed_out_one_comes_back_to_the_page_asked_for(house, open_context, shot):
    # 赵村医 opens yesterday's link on his telephone; first the sign-in, then the very page
    page = open_context(360).new_page()
    asked = f"/record/people/{house.people['应水根']}/"
    page.goto(asked)
    expect(page).to_have_url(re.compile("/login/"))
    shot(page, "login")
    page.get_by_label("账号").fill("village")
    page.get_by_label("密码").fill("not-this-one")
    page.get_by_role("button", name="登录").click()
    expect(page.locator(".error-summary")).to_be_visible()
    shot(page, "wrong-password")
    type_password(page, "village")
    expect(page).to_have_url(re.compile(asked))

    # and out again
    page.locator("details.me summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url(re.compile("/login/"))
    page.goto(asked)
    expect(page).to_have_url(re.compile("/login/"))


def test_one_person_two_posts(house, sign_in, shot):
    # 周院长 leads and also sees patients: what he may do follows the post he has chosen
    zhou = sign_in("leader")
    zhou.goto("/referrals/")
    if zhou.get_by_role("link", name="发起转诊").count():
        _switch(zhou, "值班领导")
        zhou.goto("/referrals/")
    expect(zhou.get_by_role("link", name="发起转诊")).to_have_count(0)
    zhou.locator("details.posts summary").click()
    shot(zhou, "posts")
    zhou.keyboard.press("Escape")
    _switch(zhou, "乡镇卫生院医生")
    expect(zhou.locator(".flash")).to_contain_text("已切换到")
    expect(zhou.get_by_role("link", name="发起转诊").first).to_be_visible()
    shot(zhou, "as-doctor")
    _switch(zhou, "值班领导")


def _switch(page, role):
    page.locator("details.posts summary").click()
    page.locator("details.posts form button").filter(has_text=role).click()
    page.wait_for_load_state()


def test_english_dark_large(house, sign_in, shot):
    wang = sign_in("township")
    wang.locator("details.preferences summary").click()
    wang.get_by_role("button", name="English").click()
    expect(wang.locator("html")).to_have_attribute("lang", "en")
    expect(wang.locator("h1")).not_to_contain_text(re.compile("[一-鿿]"))
    shot(wang, "english")

    # dark, from the next page on without a flash of light
    wang.locator("details.preferences summary").click()
    wang.locator("[data-set-theme=dark]").click()
    wang.goto("/referrals/new/")
    expect(wang.locator("html")).to_have_attribute("data-bs-theme", "dark")
    shot(wang, "dark-form")

    # large: text of 18 pt, that is 24 px, and targets of 60 px
    wang.locator("details.preferences summary").click()
    wang.locator("[data-set-large='1']").click()
    wang.keyboard.press("Escape")
    size = wang.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert size >= 24, size
    height = wang.locator("button[name=submit]").bounding_box()["height"]
    assert height >= 60, height
    shot(wang, "large-form")
    wang.goto("/")
    shot(wang, "large-workbench")


@pytest.mark.parametrize("account", ["bureau", "admin"])
def test_every_entry_of_the_rail_opens(house, sign_in, shot, account):
    page = sign_in(account)
    entries = page.locator(".rail > ul > li:not(.rail-drawer) > a").all()
    addresses = [entry.get_attribute("href") for entry in entries]
    assert addresses
    for number, address in enumerate(addresses):
        assert page.goto(address).ok, address
        shot(page, f"{account}-{number}")
