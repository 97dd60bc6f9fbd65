"""A county refers its first patient: up, treated, down, followed up at home, counted."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.hands import begin, choose, do, field, finish, local, pick, state

PATIENT = "祝桂香"


def test_a_county_refers_its_first_patient(house, sign_in, shot):
    # 王医生 of the township begins the day at the workbench
    wang = sign_in("township")
    shot(wang, "workbench")

    # 祝桂香 has come; three initials find her
    wang.get_by_role("link", name="居民", exact=True).click()
    wang.locator(".filters input[name=q]").press_sequentially("zgx", delay=30)
    found = wang.locator("#found").get_by_role("link", name=PATIENT)
    expect(found).to_be_visible()
    shot(wang, "search-by-initials")
    found.click()

    # a visit, with what he finds: a blood pressure and a diagnosis
    wang.get_by_role("link", name="登记就诊").click()
    field(wang, "主诉").fill("活动后胸闷两周")
    wang.locator("#main form .btn-primary").click()
    expect(wang.locator(".record-head")).to_contain_text("就诊中")
    wang.get_by_role("link", name="记体征").first.click()
    field(wang, "收缩压").fill("168")
    field(wang, "舒张压").fill("96")
    shot(wang, "blood-pressure")
    wang.locator("#main form .btn-primary").click()
    expect(wang.locator("#main")).to_contain_text("168")
    wang.get_by_role("link", name="加诊断").first.click()
    choose(wang, "诊断（ICD-10）", "I20.0")
    wang.locator("#main form .btn-primary").click()
    expect(wang.locator("#main")).to_contain_text("I20.0")
    shot(wang, "visit")

    # he refers her up; what the record knows is filled in
    wang.locator(".crumbs").get_by_role("link", name=PATIENT).click()
    shot(wang, "person")
    wang.get_by_role("link", name="转诊", exact=True).last.click()
    form = wang.locator("#referral-form")
    expect(field(form, "转入机构")).to_have_value(house.hospital)
    expect(field(form, "主要现病史（症状）")).to_have_value("活动后胸闷两周")
    expect(form.locator("[name=diagnosis_code]")).to_have_value("I20.0")
    shot(wang, "referral-prefilled")
    field(form, "转入科室").fill("心内科")
    field(form, "既往史（疾病、外伤、手术）").fill("高血压十年")
    field(form, "治疗经过").fill("口服阿司匹林，建议住院")
    pick(form, "住院")
    field(form, "转诊原因").select_option(label="需要本机构没有的检查或设备")
    field(form, "医师电话").fill("13900000002")
    form.get_by_role("button", name="提交转诊申请").click()

    # the allergies are missing: a sentence stands beside the field, and nothing typed is lost
    expect(form.locator(".error-summary")).to_contain_text("过敏史")
    beside = form.locator(".field-bad").filter(has=wang.locator("#id_allergies"))
    expect(beside).to_contain_text("请填写")
    expect(field(form, "既往史（疾病、外伤、手术）")).to_have_value("高血压十年")
    expect(field(form, "转入科室")).to_have_value("心内科")
    shot(wang, "allergies-missing")
    form.locator(".error-summary").get_by_role("link").first.click()
    expect(wang.locator("#id_allergies")).to_be_focused()
    beside.get_by_role("button", name="否认药物及食物过敏").click()
    form.get_by_role("button", name="提交转诊申请").click()
    state(wang, "已申请")
    expect(wang.locator(".flash")).to_contain_text("已提交至")
    number = wang.locator(".record-number").inner_text()
    address = wang.url
    shot(wang, "submitted")

    # it now waits for the others
    wang.goto("/")
    wang.locator(".stat").filter(has_text="等待对方").click()
    row = wang.locator("#list").get_by_role("row").filter(has_text=PATIENT)
    expect(row).to_contain_text(house.hospital)
    expect(row).to_contain_text("已申请")
    shot(wang, "waits-for-others")

    # 李护士 at the county's desk sees it with its clock, and answers
    li = sign_in("desk")
    li.get_by_role("link", name="待办").first.click()
    row = li.get_by_role("row").filter(has_text=PATIENT)
    expect(row.locator("time[data-due]")).to_contain_text("剩 23 小时")
    shot(li, "inbox")
    row.get_by_role("link").click()
    shot(li, "opens")
    dialog = begin(li, "接收")
    expect(field(dialog, "接收科室")).to_have_value("心内科")
    field(dialog, "接诊医师").fill(house.names["specialist"])
    field(dialog, "预约到诊时间").fill(local(3))
    field(dialog, "就诊须知").fill("请空腹，带医保卡。")
    shot(li, "accepts")
    finish(dialog)
    state(li, "已接收")

    # 王医生 hears of it and prints the letter with its QR code
    wang.goto(address)
    expect(wang.locator("#main")).to_contain_text("请空腹")
    letter = wang.locator("a", has_text="打印转诊单").get_attribute("href")
    paper = wang.request.get(letter)
    assert paper.ok
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.body().startswith(b"%PDF")

    # she arrives with the paper; the desk scans it and registers the arrival
    li.goto("/referrals/scan/")
    box = li.get_by_label("转诊单二维码或单号")
    expect(box).to_be_focused()
    box.fill(house.scanned(number))
    shot(li, "scan")
    box.press("Enter")
    dialog = li.locator("dialog[open]")
    expect(dialog).to_contain_text("登记到诊")
    shot(li, "arrival")
    finish(dialog)
    state(li, "已到诊")

    # 陈主任 begins treatment on the ward
    chen = sign_in("specialist")
    chen.goto("/inbox/")
    chen.get_by_role("row").filter(has_text=PATIENT).get_by_role("link").click()
    dialog = begin(chen, "开始诊治")
    pick(dialog, "住院")
    shot(chen, "treats")
    finish(dialog)
    state(chen, "诊治中")

    # she is better: down again, with a plan for the rehabilitation
    letter = chen.url
    chen.get_by_role("link", name="建议下转").click()
    expect(field(chen, "下转至")).to_have_value(house.township)
    field(chen, "健康问题评估").fill("不稳定型心绞痛，支架植入术后，病情平稳")
    field(chen, "治疗方案").fill("阿司匹林、氯吡格雷、阿托伐他汀长期口服")
    field(chen, "康复措施指导").fill("每日步行 30 分钟，低盐低脂饮食，两周后复查血脂")
    for choice in chen.locator("select[name^=criteria-]").all():
        choice.select_option("yes")
    shot(chen, "proposes-down")
    chen.get_by_role("button", name="提交下转申请").click()
    expect(chen.locator(".flash")).to_contain_text("已提交")
    chen.goto(letter)
    state(chen, "建议下转")

    # discharged, and the receipt goes back
    dialog = begin(chen, "诊毕出院")
    field(dialog, "离院方式").select_option(index=1)
    field(dialog, "病情转归").select_option(index=2)
    finish(dialog)
    expect(chen.locator("#main")).to_contain_text("出院（诊毕）")
    dialog = begin(chen, "回执结案")
    field(dialog, "主要检查结果").fill("前降支中段狭窄 85%")
    field(dialog, "治疗经过").fill("行冠脉支架植入术")
    field(dialog, "下一步治疗方案及康复建议").fill("双联抗血小板 12 个月，回卫生院随访")
    shot(chen, "receipt")
    finish(dialog)
    state(chen, "已结案")
    shot(chen, "closed", whole=True)
    receipt = chen.request.get(
        chen.locator("a", has_text="打印回执").get_attribute("href")  # the copy for the envelope
    )
    assert receipt.body().startswith(b"%PDF")

    # every step has rung the bell of 王医生
    wang.goto("/")
    bell = wang.locator("#bell")
    expect(bell.locator(".count")).to_be_visible()
    bell.click()
    news = wang.locator("#list")
    for step in ("已接收", "到诊", "开始诊治", "诊毕出院", "回执结案"):
        expect(
            news.get_by_role("row").filter(has_text=PATIENT).filter(has_text=step)
        ).not_to_have_count(0)
    shot(wang, "bell")

    # the way down has come to his inbox; he accepts, receives, treats, closes
    wang.goto("/inbox/")
    wang.get_by_role("row").filter(has_text=PATIENT).get_by_role("link").first.click()
    expect(wang.locator("#main")).to_contain_text("每日步行 30 分钟")
    shot(wang, "sent-down")
    do(wang, "接收")
    state(wang, "已接收")
    do(wang, "登记到诊")
    state(wang, "已到诊")
    do(wang, "开始诊治")
    state(wang, "诊治中")
    dialog = begin(wang, "回执结案")
    field(dialog, "治疗经过").fill("继续双联抗血小板，血压 132/80")
    field(dialog, "下一步治疗方案及康复建议").fill("村卫生室每两周随访")
    field(dialog, "病情转归").select_option(index=2)
    finish(dialog)
    state(wang, "已结案")

    # 赵村医 looks after her at home, with the telephone in the hand
    zhao = sign_in("village", width=360)
    shot(zhao, "phone")
    zhao.goto("/inbox/")
    zhao.get_by_role("row").filter(has_text=PATIENT).get_by_role("link").click()
    shot(zhao, "phone-record")
    dialog = begin(zhao, "登记随访")
    field(dialog, "随访记录").fill("步行半小时无胸闷，按时服药，下周复查血脂")
    shot(zhao, "phone-follow-up")
    finish(dialog)
    state(zhao, "已随访")
    shot(zhao, "phone-followed-up")

    # 孙主管 sees the counts, and opens a number as a list
    sun = sign_in("manager")
    sun.get_by_role("link", name="管理", exact=True).first.click()
    expect(sun.locator(".stat").filter(has_text="下转两周内随访率")).to_contain_text("%")
    shot(sun, "statistics")
    shot(sun, "statistics-whole", whole=True)
    down = sun.locator("section").filter(has_text="方向").get_by_role("link", name="下转").first
    down.click()
    expect(sun).to_have_url(re.compile("direction=down"))
    expect(sun.get_by_role("row").filter(has_text=PATIENT)).to_contain_text("已随访")
    shot(sun, "number-as-a-list")
