"""A morning at the desk without a mouse."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.hands import field, state
from tests.browser.test_answers import refer


def test_the_desk_works_without_a_mouse(house, sign_in, shot):
    wang = sign_in("township")
    refer(wang, house, "应水根", house.hospital)
    li = sign_in("desk")

    # the first Tab offers the way past the navigation
    li.keyboard.press("Tab")
    expect(li.locator(".skip-link")).to_be_focused()
    shot(li, "skip-link")

    # `/` searches
    li.keyboard.press("/")
    expect(li.locator("[data-slash]")).to_be_focused()
    li.keyboard.type("ysg")
    li.keyboard.press("Enter")
    expect(li).to_have_url(re.compile("/search/"))
    expect(li.locator("#list").get_by_role("link", name="应水根")).to_be_visible()
    shot(li, "search")

    # j and k move, Enter opens; one always sees where one is
    li.goto("/inbox/")
    li.keyboard.press("j")
    expect(li.locator("tr.is-current")).to_have_count(1)
    assert _focus_is_visible(li)
    shot(li, "second-row")
    for _ in range(li.locator("[data-list] tbody tr").count()):
        if "应水根" in li.locator("tr.is-current").inner_text():
            break
        li.keyboard.press("j")
    assert "应水根" in li.locator("tr.is-current").inner_text()
    li.keyboard.press("Enter")
    expect(li.locator(".record-head")).to_contain_text("应水根")

    # a letter opens an act, Esc leaves it, the letter opens it again, Enter sends
    li.keyboard.press("x")
    expect(li.locator("dialog[open]")).to_contain_text("拒绝原因")
    li.keyboard.press("Escape")
    expect(li.locator("dialog[open]")).to_have_count(0)
    li.keyboard.press("a")
    dialog = li.locator("dialog[open]")
    expect(dialog).to_contain_text("接收科室")
    assert _focus_is_visible(li)
    field(dialog, "接收科室").focus()
    li.keyboard.press("ControlOrMeta+a")
    li.keyboard.type("心内科")
    shot(li, "accept-by-letter")
    li.keyboard.press("Enter")
    state(li, "已接收")

    # `?` lists the keys of this very page
    li.keyboard.press("?")
    keys = li.locator("dialog#keys[open]")
    expect(keys).to_contain_text("登记到诊")
    shot(li, "keys")
    li.keyboard.press("Escape")
    expect(keys).to_have_count(0)


def _focus_is_visible(page):
    """Whether what has the focus shows it, by an outline or a shadow."""
    return page.evaluate(
        """() => {
            let it = document.activeElement;
            for (let up = 0; it && it !== document.body && up < 3; up++, it = it.parentElement) {
                const style = getComputedStyle(it);
                const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
                if (outline || style.boxShadow !== "none") return true;
            }
            return false;
        }"""
    )
