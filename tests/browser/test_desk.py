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
def test_the_desk_finds_a_place_books_it_and_sees_who_comes(house, sign_in, shot, width, person):
    desk = sign_in("clerk", width=width)
    # a free place of the house, any of them
    desk.goto("/capacity/")
    expect(desk.locator(".slot").first).to_be_visible()
    fits(desk)
    shot(desk, "free")
    desk.locator("a.slot").first.click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("预约")
    choose(desk, "患者", person)
    pick(desk, "电话")
    fits(desk)
    shot(desk, "book", whole=True)
    desk.get_by_role("button", name="预约", exact=True).click()
    expect(desk.locator(".record-signs").first).to_contain_text("已预约")
    fits(desk)
    shot(desk, "booked", whole=True)

    # the list of that day has them
    desk.goto("/capacity/day/")
    fits(desk)
    shot(desk, "day", whole=width == 1366)
    arrive = desk.get_by_role("button", name=re.compile("登记到诊"))
    if arrive.count():
        arrive.first.click()
        expect(desk.locator(".flash")).to_contain_text("已到")
        shot(desk, "arrived")

    # and the waiting list: another house chosen brings its own departments
    desk.goto("/capacity/waiting/new/")
    choose(desk, "候补机构", house.township)
    options = field(desk, "科室").locator("option")
    expect(options).not_to_contain_text(["心内科"])
    fits(desk)
    shot(desk, "waits", whole=True)


@pytest.mark.parametrize("width", [1366, 360])
def test_the_office_closes_a_session_with_bookings_and_moves_them(house, sign_in, shot, width):
    office = sign_in("scheduler", width=width)
    office.goto("/capacity/schedules/")
    fits(office)
    shot(office, "schedules")
    office.goto("/capacity/schedules/week/")
    fits(office)
    shot(office, "week")

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
    shot(office, "close", whole=True)
    office.locator(".form-actions button").click()
    expect(office.locator(".flash")).to_contain_text("已停诊")
    fits(office)
    shot(office, "closed")

    # they are owed another time, and get it with two taps
    office.goto(booking)
    expect(office.locator(".record-signs").first).to_contain_text("停诊待改约")
    fits(office)
    shot(office, "displaced", whole=True)
    office.get_by_role("link", name="改约").first.click()
    fits(office)
    shot(office, "another")
    office.locator("button.slot").first.click()
    expect(office.locator(".record-signs").first).to_contain_text("已预约")
    shot(office, "moved")
