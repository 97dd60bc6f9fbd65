"""A stroke goes through the green channel: two screens side by side, neither is ever reloaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.hands import begin, choose, field, finish

if TYPE_CHECKING:
    from playwright.sync_api import Page

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\r\xefF\xb8"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


def never_reloaded(page: Page) -> None:
    """A mark that any navigation of this page would wipe out."""
    page.evaluate("window.here = true")


def still_here(page: Page) -> None:
    assert page.evaluate("window.here") is True, "the page was loaded anew"


def step(page: Page, code: str) -> Any:
    return page.locator(f"#step-{code}")


def test_a_stroke_goes_through_before_four_eyes(house, sign_in, shot):
    # the county's desk has the board open all day
    desk = sign_in("desk")
    desk.goto("/emergency/")
    never_reloaded(desk)

    # 王医生 starts the channel by two taps on the telephone
    wang = sign_in("township", width=360)
    wang.goto("/emergency/new/")
    choose(wang, "患者", "qfs", "戚福生")
    shot(wang, "phone-start")
    wang.locator(".green-kind").filter(has_text="卒中").tap()
    expect(wang.locator("#main")).to_contain_text("待确认接收")
    expect(step(wang, "contact")).to_have_class(re.compile("is-done"))

    # without a reload it stands on the desk's board, red, its clock running
    card = desk.locator(".green-card").filter(has_text="戚福生")
    expect(card).to_contain_text("待本机构处理")
    still_here(desk)
    shot(desk, "board")
    card.get_by_role("link").click()
    expect(desk.locator("#case-live")).to_contain_text("待确认接收")

    # the desk confirms; the telephone shows it by itself
    never_reloaded(wang)
    dialog = begin(desk, "确认接收")
    dialog.get_by_label("急救团队到位").check()
    dialog.get_by_label("CT 已预留").check()
    field(dialog, "直达地点（抢救室、导管室、床号）").fill("抢救室 2")
    bed = field(dialog, "预留床位")
    bed.select_option(index=1)
    ward = bed.locator("option:checked").inner_text().strip()
    shot(desk, "ready-with-a-bed")
    finish(dialog)
    # the bed is held on the bed board, and both sides read where
    expect(wang.locator("#ready-bed")).to_have_class(re.compile("is-done"))
    expect(wang.locator("#ready")).to_contain_text("保留至")
    expect(desk.locator("#ready")).to_contain_text(ward)
    expect(wang.locator("#ready-ct")).to_have_class(re.compile("is-done"))
    expect(wang.locator("#case-live")).to_contain_text("抢救室 2")
    still_here(wang)
    never_reloaded(desk)

    # the onset afterwards, vital signs, the ECG photographed: the desk sees each
    dialog = begin(wang, "生命体征")
    field(dialog, "收缩压").fill("182")
    field(dialog, "舒张压").fill("104")
    finish(dialog)
    expect(desk.locator("#vitals")).to_contain_text("182")
    dialog = begin(wang, "上传心电图")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "ecg.png", "mimeType": "image/png", "buffer": PNG}
    )
    finish(dialog)
    expect(desk.locator("#papers img")).to_have_count(1)
    still_here(desk)

    # one tap a step; the other side's clock starts and its state moves
    never_reloaded(wang)
    wang.locator(".green-now button").tap()
    expect(step(desk, "decision")).to_have_class(re.compile("is-done"))
    expect(wang.locator(".green-now")).to_contain_text("离开首诊机构")
    shot(wang, "phone-case")
    wang.locator(".green-now button").tap()
    expect(desk.locator("#case-live")).to_contain_text("转运中")
    still_here(desk)
    still_here(wang)
    expect(desk.locator(".green-now")).to_contain_text("到达医院大门")
    shot(desk, "on-the-way")
    desk.locator(".green-now button").click()
    expect(wang.locator("#case-live")).to_contain_text("已到院")
    limit = step(desk, "ct").locator("[data-tick]")
    expect(limit).to_contain_text(re.compile(r"剩 2[45]:\d\d"))
    before = limit.text_content()
    expect(limit).not_to_have_text(before or "")

    for code in ("ct", "needle", "handover"):
        step(desk, code).get_by_role("button", name="现在").click()
        expect(step(wang, code)).to_have_class(re.compile("is-done"))
    expect(wang.locator("#case-live")).to_contain_text("已交接")
    expect(step(wang, "ct")).to_contain_text("达标")
    still_here(desk)
    still_here(wang)
    shot(wang, "phone-handed-over")
    shot(desk, "handed-over")

    # the paper waits, filled in, in the sender's inbox
    wang.goto("/inbox/")
    expect(wang.locator("#main")).to_contain_text("戚福生")


def test_keys_and_a_refusal_on_the_case_page(house, sign_in, shot):
    wang = sign_in("township")
    wang.goto("/emergency/new/")
    wang.locator(".green-kind").filter(has_text="创伤").click()
    expect(wang.locator("h1")).to_contain_text("无名氏")
    wang.keyboard.press("i")
    dialog = wang.locator("dialog[open]")
    finish(dialog)
    expect(dialog).to_contain_text("请选择已登记的居民，或填写姓名。")
    shot(wang, "refusal")
    choose(dialog, "已登记的居民", "yzg", "郁长根")
    finish(dialog)
    expect(wang.locator("h1")).to_contain_text("郁长根")
    # stood down, with its reason
    dialog = begin(wang, "解除")
    field(dialog, "解除原因").select_option(label="误启动或重复启动")
    finish(dialog)
    expect(wang.locator("#case-live")).to_contain_text("已解除")
