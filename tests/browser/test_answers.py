"""No, not yet, not here: emergencies, refusals, a second referral, houses outside the county."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.hands import begin, choose, field, finish, local, pick, state

if TYPE_CHECKING:
    from playwright.sync_api import Page


def refer(page: Page, house: Any, patient: str, to: str, **facts: str) -> Page:
    """Fill a complete referral from the person's page and submit it."""
    page.goto(f"/referrals/new/?person={house.people[patient]}")
    form = page.locator("#referral-form")
    if field(form, "转入机构").input_value() != to:
        choose(form, "转入机构", to)
    choose(form, "诊断编码（ICD-10）", facts.get("diagnosis", "I20.0"))
    field(form, "主要现病史（症状）").fill("反复胸闷一月")
    for sentence in ("既往体健", "否认药物及食物过敏", "未予特殊处理"):
        form.get_by_role("button", name=sentence).click()
    field(form, "转诊原因").select_option(label=facts.get("reason", "多次就诊诊断不明"))
    form.get_by_role("button", name="提交转诊申请").click()
    expect(page.locator(".flash")).to_contain_text("已提交至")
    return page


def test_an_emergency_from_the_village_is_a_few_taps(house, sign_in, shot):
    # 赵村医 has a telephone and a patient with chest pain before him
    zhao = sign_in("village", width=360)
    zhao.get_by_role("link", name="发起转诊").tap()
    form = zhao.locator("#referral-form")
    choose(form, "患者", "qfs", "戚福生")
    pick(form, "急")
    choose(form, "转入机构", house.hospital[:4], house.hospital)
    choose(form, "诊断编码（ICD-10）", "I21.9")
    expect(field(form, "初步诊断")).to_have_value("急性心肌梗死")
    shot(zhao, "phone-emergency")

    # what an emergency does not need may stay empty
    field(form, "转诊原因").select_option(label="病情危重或不稳定")
    form.get_by_role("button", name="提交转诊申请").tap()
    expect(zhao.locator(".flash")).to_contain_text(house.hospital)
    expect(zhao.locator("#main")).to_contain_text("急诊转诊单待补全")
    shot(zhao, "phone-sent")

    # at the hospital it stands first, in red, with a quarter of an hour on its clock
    li = sign_in("desk")
    li.goto("/inbox/?show=urgent")
    row = li.get_by_role("row").filter(has_text="戚福生")
    expect(row.locator("time[data-due]")).to_contain_text(re.compile(r"剩 1\d 分"))
    shot(li, "urgent")


def test_a_refusal_says_why_and_where_else_and_one_tap_sends_on(house, sign_in, shot):
    # 王医生 asks the county hospital
    wang = sign_in("township")
    refer(wang, house, "鲍秀兰", house.hospital)
    address = wang.url

    # the desk has no bed; without another way the refusal is refused
    li = sign_in("desk")
    li.goto(address)
    dialog = begin(li, "拒绝")
    field(dialog, "拒绝原因").select_option(index=1)
    finish(dialog)
    dialog = li.locator("dialog[open]")
    expect(dialog).to_contain_text("替代建议")
    choose(dialog, "建议转往", "中医", house.second)
    field(dialog, "替代建议").fill("中医医院今天有床，已电话联系")
    shot(li, "declines")
    finish(dialog)
    state(li, "已拒绝")

    # the sender reads it and sends on: the house is already chosen
    wang.goto("/inbox/")
    wang.get_by_role("row").filter(has_text="鲍秀兰").get_by_role("link").click()
    expect(wang.locator("#main")).to_contain_text("已电话联系")
    shot(wang, "declined")
    dialog = begin(wang, "改转")
    expect(field(dialog, "改转至")).to_have_value(house.second)
    shot(wang, "sends-on")
    finish(dialog)
    expect(wang.locator(".record-owner").first).to_contain_text(house.second)
    shot(wang, "sent-on")


def test_a_second_referral_shows_the_first(house, sign_in, shot):
    # 郁长根 has been referred already
    wang = sign_in("township")
    refer(wang, house, "郁长根", house.hospital)
    number = wang.locator(".record-number").inner_text()

    # 赵村医 does not know of it, and begins another
    zhao = sign_in("village", width=360)
    zhao.goto(f"/referrals/new/?person={house.people['郁长根']}")
    form = zhao.locator("#referral-form")
    pick(form, "急")
    choose(form, "诊断编码（ICD-10）", "R07.4")
    field(form, "转诊原因").select_option(index=1)
    form.get_by_role("button", name="提交转诊申请").click()
    warning = form.locator(".error-summary")
    expect(warning).to_contain_text("已有未结的转诊")
    expect(warning.get_by_role("link")).to_contain_text(number)
    expect(field(form, "诊断编码（ICD-10）")).not_to_have_value("")
    shot(zhao, "phone-second")


def test_out_of_the_county_a_leader_approves_and_the_sender_records_the_answer(
    house, sign_in, shot
):
    # 王医生 asks the provincial hospital, which has no account here
    wang = sign_in("township")
    refer(wang, house, "裘美珍", house.outside, reason="多次就诊诊断不明")
    address = wang.url
    expect(wang.locator("#main")).to_contain_text("待审核")

    # 周院长 approves
    zhou = sign_in("leader")
    zhou.goto("/inbox/")
    zhou.get_by_role("row").filter(has_text="裘美珍").get_by_role("link").click()
    dialog = begin(zhou, "同意转出")
    shot(zhou, "approves")
    finish(dialog)
    state(zhou, "转出审核通过")
    expect(zhou.locator("#main")).to_contain_text(house.names["leader"])

    # the provincial hospital answers by telephone; 王医生 writes it down for them
    wang.goto(address)
    dialog = begin(wang, "接收")
    field(dialog, "接收科室").fill("神经内科")
    field(dialog, "预约到诊时间").fill(local(20))
    finish(dialog)
    state(wang, "已接收")
    expect(wang.locator("#main")).to_contain_text("神经内科")
    shot(wang, "answer-of-the-outside")
