"""王医生 sees a patient with a long record: what is dangerous, what she takes, what has been."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PATIENT = "嵇桂芳"


def test_a_doctor_sees_what_matters_first(house, sign_in, shot):
    wang = sign_in("township")
    wang.goto(f"/record/people/{house.people[PATIENT]}/")
    head = wang.locator(".record-head")
    expect(head).to_contain_text("严重过敏：青霉素")
    expect(head).to_contain_text("高风险：急性心血管事件史")
    shot(wang, "person")

    # three houses have ordered the same substance, in two doses
    medicines = wang.locator("section").filter(has_text="当前用药")
    expect(medicines).to_contain_text("剂量不一致")
    expect(medicines).to_contain_text("同类")

    # what has been: ten visits, then the older ones below, and nothing jumps
    past = wang.locator("#past .tl")
    expect(past).to_have_count(10)
    further = wang.get_by_role("link", name="更早的经过")
    further.scroll_into_view_if_needed()
    before = wang.evaluate("scrollY")
    further.click()
    expect(past).to_have_count(20)
    assert abs(wang.evaluate("scrollY") - before) <= 2
    expect(wang.locator("#past")).to_contain_text("8 天")
    shot(wang, "older")

    # only what the county hospital wrote
    wang.locator("#past summary").click()
    wang.locator("#id_house").select_option(label=option_of(wang, house.hospital))
    expect(wang.locator("#list")).not_to_contain_text("王医生")
    expect(wang.locator("#list")).to_contain_text("陈主任")
    shot(wang, "narrowed")

    # the trend of a result over all houses
    wang.locator(".latest").get_by_role("link").first.click()
    expect(wang.locator("h1")).to_contain_text("趋势")
    expect(wang.locator("svg.chart-wide")).to_be_visible()
    wang.locator("#id_item").select_option(label="糖化血红蛋白（16 次）")
    expect(wang.locator("#trend")).to_contain_text("参考值")
    expect(wang.locator("#trend table")).to_contain_text(house.hospital)
    shot(wang, "trend")


def option_of(page, name):
    """The house in the filter, which also says how much it wrote."""
    return page.locator("#id_house option").filter(has_text=name).inner_text()


def test_a_doctor_goes_through_the_medicines_with_the_patient(house, sign_in, shot):
    wang = sign_in("township", width=360)
    wang.goto(f"/record/people/{house.people[PATIENT]}/")
    wang.get_by_role("link", name="核对").click()
    sheets = wang.locator("fieldset.taking")
    expect(sheets.first).to_be_visible()
    shot(wang, "asking")
    taken = sheets.filter(has_text="剂量不一致")
    taken.locator(".segmented-choice label").filter(has_text="在服用").click()
    dropped = sheets.filter(has=wang.locator("input[value='阿托伐他汀钙片']"))
    dropped.locator(".segmented-choice label").filter(has_text="未服用").click()
    wang.get_by_role("button", name="完成核对").click()
    expect(wang.locator(".record-head")).to_be_visible()
    medicines = wang.locator("section").filter(has_text="当前用药")
    expect(medicines).to_contain_text("未服用")
    expect(medicines).to_contain_text("核对过")
    shot(wang, "asked", whole=True)


@pytest.mark.parametrize("width", [360, 768, 1366, 1920])
def test_the_page_fits_every_window(house, sign_in, shot, width):
    wang = sign_in("township", width=width)
    for part in ("", "trends/", "medicines/"):
        wang.goto(f"/record/people/{house.people[PATIENT]}/{part}")
        assert wang.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        shot(wang, f"{part.strip('/') or 'person'}-{width}", whole=True)
