"""A record opens by the resident's code, or by broken glass that is reviewed afterwards."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.hands import field


def test_a_code_on_the_telephone_opens_the_record_and_shows_who_looked(sign_in, shot):
    # The resident signs in on the telephone and makes a code for the visit.
    phone = sign_in("resident", width=360)
    expect(phone).to_have_url(re.compile(r"/m/$"))
    name = (phone.locator("h1").inner_text()).split("，")[0]
    shot(phone, "home", whole=True)
    phone.get_by_role("link", name="我的病历", exact=True).click()
    expect(phone.locator("h1")).to_have_text("我的病历")
    shot(phone, "record")
    phone.get_by_role("link", name="首页").click()
    phone.get_by_role("link", name="就诊授权码").click()
    phone.get_by_role("button", name="生成授权码").click()
    code = phone.locator(".access-code")
    expect(code).to_have_text(re.compile(r"^\d{6}$"))
    shot(phone, "code")

    # The desk has not treated this resident; the code opens the record.
    desk = sign_in("desk")
    desk.get_by_role("link", name="居民", exact=True).click()
    desk.locator(".filters input[name=q]").press_sequentially(name, delay=30)
    desk.locator("#found").get_by_role("link", name=name).first.click()
    expect(desk.locator("#shut")).to_be_visible()
    shot(desk, "closed")
    desk.locator("#id_shut_proof").fill(code.inner_text())
    desk.get_by_role("button", name="核验并打开").click()
    expect(desk.locator("#flash")).to_contain_text("已打开")
    expect(desk.locator("#shut")).to_be_hidden()

    # The resident sees it at once, and wants to know why.
    phone.goto("/m/readings/")
    first = phone.locator(".own-row").first
    expect(first).to_contain_text("居民出示授权码")
    shot(phone, "who-looked", whole=True)
    first.get_by_role("link", name="我有疑问").click()
    field(phone, "为什么有疑问").fill("想确认是哪位医生")
    phone.get_by_role("button", name="请核查").click()
    expect(phone.locator(".own-row").first).to_contain_text("待核查")

    # And forbids a house to look at one kind of thing.
    phone.goto("/m/consents/")
    phone.locator(".segmented-choice label").filter(has_text=re.compile("^不允许查阅$")).click()
    phone.locator(".ticks label").filter(has_text=re.compile("^文档$")).click()
    shot(phone, "consent", whole=True)
    phone.get_by_role("button", name="保存").click()
    expect(phone.locator("#list")).to_contain_text("不允许查阅：全部成员机构，文档")


def test_glass_is_broken_with_a_reason_and_reviewed(sign_in, shot):
    doctor = sign_in("specialist")
    doctor.get_by_role("link", name="居民", exact=True).click()
    doctor.locator(".filters input[name=q]").press_sequentially("鲍秀兰", delay=30)
    doctor.locator("#found").get_by_role("link", name="鲍秀兰").click()
    doctor.get_by_role("link", name="紧急查阅").click()
    field(doctor, "原因").select_option(label="患者意识不清或无法表达")
    doctor.get_by_role("button", name="打开病历").click()
    expect(doctor.locator("#main form")).to_contain_text("情况说明")
    expect(doctor.locator(".invalid-feedback, .field-error, [role=alert]").first).to_be_visible()
    field(doctor, "情况说明").fill("家中晕倒，120 送来，无家属")
    shot(doctor, "reason")
    doctor.get_by_role("button", name="打开病历").click()
    expect(doctor.locator("#flash")).to_contain_text("24 小时内有效")
    expect(doctor.locator("#shut")).to_be_hidden()

    officer = sign_in("privacy")
    officer.get_by_role("link", name="待办").first.click()
    officer.get_by_role("link", name=re.compile("紧急查阅 · 鲍")).first.click()
    expect(officer.locator("#main")).to_contain_text("家中晕倒")
    shot(officer, "review")
    field(officer, "核查意见").fill("急诊有接诊记录")
    officer.get_by_role("button", name="查阅正当").click()
    expect(officer.locator("#main")).to_contain_text("急诊有接诊记录")
    officer.get_by_role("link", name="查阅异常").click()
    expect(officer.locator("#list")).to_contain_text("紧急查阅")
    shot(officer, "flags")
    officer.get_by_role("link", name="查阅记录").click()
    expect(officer.locator("#list")).to_contain_text("鲍秀兰")
    shot(officer, "readings")
