"""A doctor writes a visit, triage speaks up beside it, and its advice fills in a letter."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.hands import choose, field

PATIENT = "郗春生"


def test_a_doctor_accepts_the_advice_and_gets_to_a_letter_that_is_filled_in(house, sign_in, shot):
    wang = sign_in("township")
    wang.goto(f"/record/people/{house.people[PATIENT]}/start/")
    field(wang, "主诉").fill("头晕三天")
    wang.locator("#main form .btn-primary").click()
    expect(wang.locator(".record-head")).to_contain_text("就诊中")
    panel = wang.locator("#beside-triage")
    expect(panel).to_contain_text("没有规则提示须上转")

    # a diagnosis: the advice asks for what is missing
    wang.get_by_role("link", name="加诊断").first.click()
    choose(wang, "诊断（ICD-10）", "I10")
    expect(wang.locator("#beside-triage")).to_contain_text("测血压")
    shot(wang, "asks-to-measure")
    wang.locator("#act-form .btn-primary").click()

    # while the pressure is typed, the advice changes in place
    wang.get_by_role("link", name="记体征").first.click()
    panel = wang.locator("#beside-triage")
    expect(panel).to_contain_text("测血压")
    field(wang, "收缩压").fill("186")
    field(wang, "舒张压").fill("104")
    expect(panel).to_contain_text("收缩压 186 mmHg")
    expect(panel).to_contain_text("心内科")
    shot(wang, "advice-while-typing")
    wang.get_by_role("button", name="保存并处理建议").click()

    # the doctor accepts it, and the letter knows where to and why
    expect(wang.locator("h1")).to_contain_text("分诊建议")
    shot(wang, "answer")
    wang.get_by_role("button", name="采纳，填写转诊单").click()
    form = wang.locator("#referral-form")
    expect(field(form, "转入机构")).to_have_value(house.hospital)
    expect(field(form, "转入科室")).to_have_value("心内科")
    expect(field(form, "主要现病史（症状）")).to_have_value("头晕三天")
    expect(form.locator("[name=diagnosis_code]")).to_have_value("I10")
    expect(form.locator("[name=urgency][value=urgent]")).to_be_checked()
    shot(wang, "letter")

    # agreement is counted, and opens to the row
    office = sign_in("manager")
    office.goto("/triage/statistics/")
    expect(office.locator("#list")).to_contain_text("采纳率")
    shot(office, "agreement")
    office.get_by_role("link", name="血压 ≥180/110").first.click()
    expect(office.locator("#list")).to_contain_text("ht-crisis")
    expect(office.locator("#list")).not_to_contain_text(PATIENT)
    shot(office, "rows")


def test_a_nurse_grades_a_patient_on_a_phone(house, sign_in, shot):
    nurse = sign_in("nurse", width=360)
    nurse.goto("/triage/new/")
    field(nurse, "称呼（身份不明时）").fill("无名氏")
    nurse.get_by_label("胸痛", exact=True).check()
    nurse.get_by_label("面色苍白、大汗或四肢湿冷", exact=True).check()
    expect(nurse.locator(".desk-level")).to_contain_text("二级")
    shot(nurse, "level")
    nurse.get_by_role("button", name="登记分诊").click()
    expect(nurse.locator("#list")).to_contain_text("无名氏")
    expect(nurse.locator("#list time[data-due]").first).to_be_visible()
    shot(nurse, "desk")
    nurse.get_by_role("button", name="接诊").first.click()
    expect(nurse.locator(".flash")).to_contain_text("已接诊")


def test_the_rules_can_be_read_and_tried_out(sign_in, shot):
    village = sign_in("village", width=360)
    village.goto("/triage/rules/?group=hypertension")
    expect(village.locator("#list")).to_contain_text("国家基本公共卫生服务规范")
    shot(village, "rules")
    village.goto("/triage/rules/try/")
    field(village, "收缩压").fill("190")
    village.get_by_role("button", name="判断").click()
    expect(village.locator("#try-answer")).to_contain_text("上转")
    shot(village, "tried")
