"""Down with a plan, taken on below, done on a phone; a red flag drafts the way back up."""

from __future__ import annotations

import re

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.hands import begin, choose, field, finish, state


def narrow(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_plan_goes_down_is_done_on_a_phone_and_sends_back(house, sign_in, shot):
    # the specialist sends somebody down who is in treatment, with the plan of the illness
    doctor = sign_in("specialist")
    doctor.goto("/referrals/?tab=received&state=in-treatment")
    doctor.locator("table.list tbody a").first.click()
    letter = doctor.url
    doctor.get_by_role("link", name="建议下转").click()
    expect(doctor.locator("#plan-sheet")).to_contain_text("首次上门随访")
    shot(doctor, "the-plan-as-proposed", whole=True)
    field(doctor, "健康问题评估").fill("急性期已过，生命体征平稳")
    for choice in doctor.locator("select[name^=criteria-]").all():
        choice.select_option("yes")
    visit = doctor.locator(".plan-row").first
    visit.locator("summary").click()
    field(visit, "开始日期").fill(timezone.localdate().isoformat())
    doctor.get_by_role("button", name="健康教育").click()
    expect(doctor.locator(".plan-row[open]")).to_have_count(1)
    added = doctor.locator(".plan-row").last
    field(added, "项目").fill("戒烟")
    shot(doctor, "a-row-more", whole=True)
    doctor.get_by_role("button", name="提交下转申请").click()
    expect(doctor.locator(".flash")).to_contain_text("下转申请和照护计划已提交")

    # the township accepts the letter with the plan, and notes the arrival
    township = sign_in("township", width=360)
    township.goto(letter)
    township.locator(".plain-list a", has_text=re.compile("^R")).last.click()
    dialog = begin(township, "接收")
    expect(dialog).to_contain_text("同时整份接收照护计划")
    finish(dialog)
    state(township, "已接收")
    finish(begin(township, "登记到诊"))
    state(township, "已到诊")
    township.get_by_role("link", name="查看照护计划与任务").click()
    expect(township.locator("#record")).to_contain_text("执行中")
    narrow(township)
    shot(township, "the-plan-runs", whole=True)
    person = township.locator(".record-name a").first.inner_text()
    plan = township.url

    # the clinic that keeps the record has it among the things to do today
    village = sign_in("village", width=360)
    village.goto("/care-plans/today/")
    narrow(village)
    shot(village, "today-on-a-phone", whole=True)
    card = village.locator(".round-card").filter(has_text=person)
    card.get_by_role("link", name=re.compile("办理")).first.click()
    narrow(village)
    shot(village, "the-visit", whole=True)
    village.locator("#main .ticks input").first.check()
    field(village, "记录").fill("较前加重")
    village.get_by_role("button", name="完成").click()
    expect(village.locator(".flash")).to_contain_text("出现回送预警")

    # the letter back up waits for the village doctor
    for _try in range(20):
        way = village.get_by_role("link", name=re.compile("核对并提交上转单"))
        if way.count():
            break
        village.wait_for_timeout(1000)
        village.reload()
    shot(village, "a-red-flag", whole=True)
    way.click()
    state(village, "草稿")
    expect(village.locator("#record")).to_contain_text("照护计划预警")
    shot(village, "the-way-back-up", whole=True)
    doctor.goto(plan)
    expect(doctor.locator("#record")).to_contain_text("发现预警")
    shot(doctor, "the-plan-flagged", whole=True)
    doctor.goto("/care-plans/?tab=all")
    shot(doctor, "plans")


def test_a_township_sends_straight_down_and_writes_the_plan_on_the_next_page(house, sign_in, shot):
    phone = sign_in("township", width=360)
    phone.goto(f"/referrals/new/?person={house.people['滑玉兰']}")
    form = phone.locator("#referral-form")
    choose(form, "转入机构", house.village)
    choose(form, "诊断编码（ICD-10）", "I10")
    field(form, "转诊原因").select_option("chronic-management")
    # the reason leads down: so do the destinations
    expect(form.locator(".destination").first).to_contain_text("村卫生室")
    field(form, "主要现病史（症状）").fill("血压平稳三月")
    field(form, "既往史（疾病、外伤、手术）").fill("高血压十年")
    field(form, "过敏史").fill("否认药物过敏")
    field(form, "治疗经过").fill("氨氯地平 5 mg 每日一次")
    phone.get_by_text("康复与随访计划（下转时填写）").click()
    field(form, "健康问题评估").fill("血压达标")
    shot(phone, "letter", whole=True)
    form.get_by_role("button", name="提交转诊申请").click()
    expect(phone.locator(".flash")).to_contain_text("请接着填写照护计划")
    narrow(phone)
    for choice in phone.locator("select[name^=criteria-]").all():
        choice.select_option("yes")
    shot(phone, "plan", whole=True)
    phone.get_by_role("button", name="提交下转申请").click()
    expect(phone.locator(".flash")).to_contain_text("下转申请和照护计划已提交")
    state(phone, "已申请")
    shot(phone, "sent", whole=True)
