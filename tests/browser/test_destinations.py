"""A doctor follows triage, picks a destination with a bed, and the hospital's ward has it kept."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.hands import begin, choose, field, finish, pick

PATIENT = "蒯德顺"


def test_a_doctor_accepts_the_advice_and_refers_with_a_held_bed(house, sign_in, shot):
    wang = sign_in("township")
    wang.goto(f"/record/people/{house.people[PATIENT]}/start/")
    field(wang, "主诉").fill("头晕三天")
    wang.locator("#main form .btn-primary").click()
    wang.get_by_role("link", name="加诊断").first.click()
    choose(wang, "诊断（ICD-10）", "I10")
    wang.locator("#act-form .btn-primary").click()
    wang.get_by_role("link", name="记体征").first.click()
    field(wang, "收缩压").fill("186")
    field(wang, "舒张压").fill("104")
    expect(wang.locator("#beside-triage")).to_contain_text("收缩压 186 mmHg")
    wang.get_by_role("button", name="保存并处理建议").click()
    wang.get_by_role("button", name="采纳，填写转诊单").click()

    # the letter shows where there is room, and why in this order
    places = wang.locator("[data-destinations]")
    expect(places.locator("li").first).to_contain_text("青山县人民医院")
    expect(places).to_contain_text("最早")
    shot(wang, "slots")
    pick(wang, "住院")
    expect(places).to_contain_text(re.compile(r"有床 \d"))
    places.get_by_text("为什么这样排序").click()
    shot(wang, "beds")

    # one click chooses house, department and bed
    first = places.locator("[data-fills]").first
    first.check()
    form = wang.locator("#referral-form")
    expect(field(form, "转入机构")).to_have_value("青山县人民医院")
    field(form, "既往史（疾病、外伤、手术）").fill("高血压病史")
    field(form, "过敏史").fill("否认药物及食物过敏")
    field(form, "治疗经过").fill("口服降压药")
    wang.get_by_role("button", name="提交转诊申请").click()
    expect(wang.locator("#place")).to_contain_text("预留中")
    shot(wang, "held")
    letter = wang.url

    # the hospital's desk takes the patient: the bed stays theirs
    desk = sign_in("desk")
    desk.goto(letter)
    dialog = begin(desk, "接收")
    expect(dialog).to_contain_text("保留转出方预占的")
    shot(desk, "accepting")
    finish(dialog)
    expect(desk.locator("#main")).to_contain_text("已接收")
    expect(desk.locator("#place")).to_contain_text("保留至")

    # and the doctor reads where the patient is awaited
    wang.goto(letter)
    expect(wang.locator("#main")).to_contain_text("床")
    shot(wang, "promised")


def test_the_list_on_a_phone_and_by_keyboard(sign_in, shot):
    phone = sign_in("village", width=360)
    phone.goto("/referrals/new/")
    choose(phone, "诊断编码（ICD-10）", "I10")
    places = phone.locator("[data-destinations]")
    expect(places.locator("[data-fills]").first).to_be_visible()
    first = places.locator("[data-fills]").first
    first.focus()
    phone.keyboard.press("Space")
    expect(first).to_be_checked()
    shot(phone, "phone")
    # what is typed by hand is the doctor's own: the choice is none any more
    field(phone, "转入科室").fill("康复科")
    expect(places.locator('[name=place][value=""]')).to_be_checked()
