"""The bed board: a ward clerk moves beds on a phone; a desk keeps a bed for somebody."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.hands import choose, field, finish

WARD = "全科病区"


def test_a_ward_clerk_moves_beds_on_a_phone(house, sign_in, shot):
    # the nurse opens the board of her ward on a phone
    nurse = sign_in("nurse", width=360)
    nurse.goto("/capacity/beds/")
    shot(nurse, "wards")
    nurse.get_by_role("link", name=WARD).tap()
    expect(nurse.locator("#board .bed-tile").first).to_be_visible()
    assert nurse.evaluate("document.documentElement.scrollWidth") <= 360
    shot(nurse, "board")

    # what was cleaned is free again: a tap on the tile, a tap on the word
    cleaning = nurse.locator(".bed-tile.tone-warn .bed-face")
    while cleaning.count():
        left = cleaning.count()
        cleaning.first.tap()
        nurse.locator(".bed-hand").get_by_role("button", name="清洁完成").tap()
        expect(nurse.locator(".bed-tile.tone-warn")).to_have_count(left - 1)

    # a tap on somebody, a tap on the bed to which they go
    taken = nurse.locator(".bed-tile.tone-brand .bed-face")
    moved = ""
    for place in range(taken.count()):
        taken.nth(place).tap()
        expect(nurse.locator(".bed-hand")).to_contain_text("点目标床位即可转床")
        target = nurse.locator(".bed-tile.is-target button")
        if target.count():
            moved = nurse.locator(".bed-tile.is-chosen .bed-who").inner_text().split()[0]
            shot(nurse, "in-hand")
            box = target.first.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            target.first.tap()
            break
        nurse.get_by_role("link", name="放下").tap()
        expect(nurse.locator(".bed-hand")).to_have_count(0)
    assert moved, "nobody could be moved"
    expect(nurse.locator(".flash")).to_contain_text(f"{moved} 已从")
    expect(nurse.locator(".bed-tile.tone-warn")).to_have_count(1)
    assert nurse.evaluate("document.documentElement.scrollWidth") <= 360
    shot(nurse, "moved")

    # and tomorrow's discharge is planned in the same place
    nurse.locator(".bed-tile").filter(has_text=moved).locator(".bed-face").tap()
    nurse.locator(".bed-hand").get_by_role("button", name="计划出院").tap()
    dialog = nurse.locator("dialog[open]")
    expect(field(dialog, "计划出院日期")).to_be_visible()
    shot(nurse, "plans")
    finish(dialog)
    expect(nurse.locator(".flash")).to_contain_text("计划出院")


def test_a_desk_keeps_a_bed_and_the_county_sees_it(house, sign_in, shot):
    desk = sign_in("desk")
    desk.goto("/capacity/beds/county/")
    row = desk.get_by_role("row").filter(has_text=house.hospital)
    shot(desk, "county")
    row.get_by_role("link").first.click()
    shot(desk, "house")
    desk.get_by_role("main").get_by_role("link", name=re.compile("病区")).first.click()
    for tab in range(desk.locator(".tabs a").count()):
        desk.locator(".tabs a").nth(tab).click()
        free = desk.locator(".bed-tile.tone-good .bed-face")
        if free.count():
            break
    free.first.click()
    desk.locator(".bed-hand").get_by_role("button", name="预留").click()
    dialog = desk.locator("dialog[open]")
    choose(dialog, "患者", "鲍秀兰")
    field(dialog, "不按病室性别收治的原因").select_option(label="抢救，无其他床位")
    shot(desk, "holds")
    finish(dialog)
    expect(desk.locator(".flash")).to_contain_text("预留")
    tile = desk.locator(".bed-tile.tone-info").filter(has_text="鲍秀兰")
    expect(tile).to_contain_text("留至")
    shot(desk, "held")
