"""The booking desk's day, and the office that keeps the schedules."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.hands import SHANGHAI, choose, field, pick


def fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize(("width", "person"), [(1366, "鲍秀兰"), (360, "郁长根")])
def test_a_place_is_opened_found_booked_and_arrived_at(house, sign_in, shot, width, person):
    # the office opens a clinic of this one day, up to midnight
    office = sign_in("scheduler", width=width)
    title = f"义诊 {width}"
    now = datetime.now(SHANGHAI)
    office.goto("/capacity/schedules/new/")
    field(office, "类别").select_option(label="普通门诊")
    field(office, "号别名称").fill(title)
    field(office, "生效日期").fill(f"{now:%Y-%m-%d}")
    for label, value in (
        ("或仅某日", f"{now:%Y-%m-%d}"),
        ("开始", f"{now:%H}:00"),
        ("结束", "00:00"),
        ("每段分钟", "10"),
        ("每段号数", "2"),
    ):
        field(office, label).fill(value)
    fits(office)
    shot(office, f"{width}-opens", whole=True)
    office.get_by_role("button", name="保存").click()
    expect(office.locator(".flash")).to_contain_text("已保存")
    fits(office)
    shot(office, f"{width}-opened", whole=True)

    # the desk finds its first free place and books it
    desk = sign_in("clerk", width=width)
    desk.goto("/capacity/")
    line = desk.locator(".slots-line").filter(has_text=title)
    expect(line.locator("a.slot").first).to_be_visible()
    fits(desk)
    shot(desk, f"{width}-free")
    line.locator("a.slot").first.click()
    choose(desk, "患者", person)
    pick(desk, "电话")
    fits(desk)
    shot(desk, f"{width}-book", whole=True)
    desk.get_by_role("button", name="预约", exact=True).click()
    expect(desk.locator(".record-signs").first).to_contain_text("已预约")
    fits(desk)
    shot(desk, f"{width}-booked", whole=True)

    # the day's list has them, and they are here
    desk.goto("/capacity/day/")
    row = desk.get_by_role("row").filter(has_text=person)
    fits(desk)
    shot(desk, f"{width}-day")
    row.get_by_role("button", name="登记到诊").click()
    expect(desk.locator(".flash")).to_contain_text("已到")
    fits(desk)
    shot(desk, f"{width}-arrived")

    # and somebody waits
    desk.goto("/capacity/waiting/new/")
    choose(desk, "患者", person)
    expect(field(desk, "科室")).to_contain_text("心内科")
    fits(desk)
    shot(desk, f"{width}-waits", whole=True)


@pytest.mark.parametrize("width", [1366, 360])
def test_the_office_closes_a_session_with_bookings_and_moves_them(house, sign_in, shot, width):
    office = sign_in("scheduler", width=width)
    office.goto("/capacity/schedules/")
    fits(office)
    shot(office, f"{width}-schedules")
    office.goto("/capacity/schedules/week/")
    fits(office)
    shot(office, f"{width}-week")

    # somebody has a place in a session
    person = {1366: "裘美珍", 360: "应水根"}[width]
    office.goto("/capacity/?kind=clinic")
    office.locator("a.slot").first.click()
    choose(office, "患者", person)
    pick(office, "电话")
    office.get_by_role("button", name="预约", exact=True).click()
    expect(office.locator(".record-signs").first).to_contain_text("已预约")
    booking = office.url
    facts = office.locator(".facts").first.inner_text()
    title = office.locator(".record-signs span").last.inner_text().split(" · ")[0]
    day = re.search(r"(\d{4}-\d\d-\d\d)", facts)
    at = (
        datetime.fromisoformat(day[1]) if day else datetime.now(SHANGHAI) + timedelta(days=1)
    ).replace(hour=0, minute=0)

    # which falls away
    office.goto("/capacity/closures/new/")
    field(office, "排班").select_option(label=title)
    field(office, "停诊开始").fill(f"{at:%Y-%m-%dT%H:%M}")
    field(office, "停诊结束").fill(f"{at + timedelta(days=1):%Y-%m-%dT%H:%M}")
    field(office, "停诊原因").select_option(label="医生请假")
    fits(office)
    shot(office, f"{width}-close", whole=True)
    office.locator(".form-actions button").click()
    expect(office.locator(".flash")).to_contain_text("已停诊")
    fits(office)
    shot(office, f"{width}-closed")

    # they are owed another time, and get it with two taps
    office.goto(booking)
    expect(office.locator(".record-signs").first).to_contain_text("停诊待改约")
    fits(office)
    shot(office, f"{width}-displaced", whole=True)
    office.get_by_role("link", name="改约").first.click()
    fits(office)
    shot(office, f"{width}-another")
    office.locator("button.slot").first.click()
    expect(office.locator(".record-signs").first).to_contain_text("已预约")
    shot(office, f"{width}-moved")
