"""A ward's orders: the doctor writes, the pharmacist checks, the nurse gives on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.hands import begin, choose, field, finish, pick, state

PATIENT = "祁玉芬"


def test_a_ward_orders_checks_gives_and_stops(house, sign_in, shot):
    # the doctor admits 祁玉芬 and opens her order sheet
    doctor = sign_in("township")
    doctor.goto(f"/record/people/{house.people[PATIENT]}/start/")
    pick(doctor, "住院")
    field(doctor, "主诉").fill("活动后气促3天")
    doctor.locator("#main form .btn-primary").click()
    expect(doctor.locator(".record-head")).to_contain_text("就诊中")
    doctor.get_by_role("link", name="医嘱单").click()
    sheet = doctor.url
    doctor.get_by_role("link", name="开医嘱").click()

    # three letters bring the drug with its usual dose; nursing is written the same way
    choose(doctor, "药品或项目", "fsm", "呋塞米注射液")
    expect(field(doctor, "每次剂量")).to_have_value("20")
    expect(field(doctor, "用法")).to_have_value("iv")
    shot(doctor, "drug-chosen")
    doctor.get_by_role("button", name="写入").click()
    expect(doctor.locator(".draft-orders")).to_contain_text("呋塞米注射液")
    choose(doctor, "药品或项目", "ejhl", "二级护理")
    expect(field(doctor, "频次")).to_have_value("cont")
    doctor.get_by_role("button", name="写入").click()
    expect(doctor.locator(".draft-orders li")).to_have_count(2)

    # a dose over the maximum is stopped with a sentence, and the drug that is wrong is taken back
    choose(doctor, "药品或项目", "aldp", "氨氯地平")
    expect(field(doctor, "每次剂量")).to_have_value("5")
    field(doctor, "每次剂量").fill("50")
    doctor.get_by_role("button", name="写入").click()
    expect(doctor.locator(".draft-orders")).to_contain_text("单次极量")
    doctor.get_by_role("button", name=re.compile("签署")).click()
    expect(doctor.locator(".error-summary")).to_contain_text("单次极量")
    shot(doctor, "over-the-maximum")
    doctor.locator(".draft-orders li").filter(has_text="氨氯地平").get_by_role(
        "link", name="取消"
    ).click()
    dialog = doctor.locator("dialog[open]")
    field(dialog, "原因").select_option(label="开错")
    finish(dialog)
    state(doctor, "已取消")
    doctor.goto(f"{sheet}new/")
    doctor.get_by_role("button", name=re.compile("签署 2 条")).click()
    expect(doctor.locator("#record")).to_contain_text("待核对")
    shot(doctor, "signed")

    # the pharmacist of the house finds it with its clock, and lets it pass
    pharmacist = sign_in("pharmacist")
    pharmacist.goto("/orders/review/")
    card = pharmacist.locator(".review-card").filter(has_text=PATIENT)
    expect(card).to_contain_text("呋塞米注射液")
    shot(pharmacist, "queue")
    card.get_by_role("button", name=re.compile("通过")).click()
    expect(pharmacist.locator(".flash")).to_contain_text("审方通过 1 条")

    # the nurse checks the sheet and gives what is due, on a phone
    nurse = sign_in("nurse", width=360)
    nurse.goto(sheet)
    nurse.get_by_role("button", name=re.compile("核对 2 条")).click()
    expect(nurse.locator(".flash")).to_contain_text("已核对 2 条")
    nurse.goto("/orders/round/")
    due = nurse.locator(".round-card").filter(has_text=PATIENT)
    expect(due).to_contain_text("呋塞米注射液")
    assert nurse.evaluate("document.documentElement.scrollWidth") <= 360
    shot(nurse, "round-on-a-phone")
    due.get_by_role("button", name=re.compile("呋塞米")).click()
    expect(nurse.locator(".flash")).to_contain_text("已执行")
    expect(nurse.locator(".round-card").filter(has_text=PATIENT)).to_have_count(0)

    # the doctor sees who gave it, and stops the level of nursing; the nurse takes notice
    doctor.goto(f"{sheet}?tab=temporary")
    doctor.get_by_role("link", name="呋塞米注射液").click()
    expect(doctor.locator("#record")).to_contain_text(house.names["nurse"])
    doctor.goto(f"{sheet}?tab=long")
    doctor.get_by_role("link", name="二级护理").click()
    dialog = begin(doctor, "停止")
    field(dialog, "原因").select_option(label="病情好转")
    finish(dialog)
    state(doctor, "已停，待核对")
    nurse.goto(sheet)
    nurse.get_by_role("button", name=re.compile("核对 1 条")).click()
    expect(nurse.locator("#record")).to_contain_text("已停止")
    doctor.goto(f"{sheet}print/temporary/")
    expect(doctor.locator("main")).to_contain_text("呋塞米注射液")
    shot(doctor, "paper", whole=True)
