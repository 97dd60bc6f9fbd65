"""The pages and the REST door of care plans, and the page on which a patient is sent down."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import machines
from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.models import CarePlan, State
from xinglin.clinical.careplans.tests import factories as plans
from xinglin.clinical.careplans.tests.conftest import NOON
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel import outbox
from xinglin.kernel.models import TrailEntry

DAY = timedelta(days=1)


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


@pytest.fixture
def enter(county):
    def browser(part):
        client = Client()
        client.force_login(county.users[part])
        return client

    return browser


def text(response):
    return response.content.decode()


def sent(form):
    """What the browser would send of a page: every named input with its value."""
    found = {}
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", form):
        name = re.search(r'\bname="([^"]+)"', tag)
        if name is None or tag.startswith("<select"):
            continue
        value = re.search(r'\bvalue="([^"]*)"', tag)
        kind = re.search(r'\btype="([^"]+)"', tag)
        ticked = kind is not None and kind[1] in ("checkbox", "radio")
        if ticked and "checked" not in tag:
            continue
        found.setdefault(name[1], []).append(value[1] if value else "")
    for name, body in re.findall(r'<select\b[^>]*\bname="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)"\s+selected', body)
        found[name] = [chosen[1] if chosen else ""]
    for name, body in re.findall(
        r'<textarea\b[^>]*\bname="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S
    ):
        found[name] = [body.strip()]
    return found


# ------------------------------------------------------------------------------- sending down


def test_the_page_proposes_the_template_of_the_diagnosis(county, enter):
    above = road.treated(county)
    shown = text(enter("chen").get(f"/referrals/{above.pk}/propose-down/"))
    assert "双联抗血小板药" in shown
    assert "已写明抗血小板方案和停药日期" in shown
    assert "心绞痛或出血" in shown
    assert TrailEntry.objects.filter(verb="referral.read", person_id=above.person_id).exists()
    assert enter("stranger").get(f"/referrals/{above.pk}/propose-down/").status_code == 404


def test_a_doctor_sends_down_with_the_plan_as_it_is_proposed(county, enter):
    above = road.treated(county)
    address = f"/referrals/{above.pk}/propose-down/"
    chen = enter("chen")
    data = sent(text(chen.get(address)))
    data |= {f"criteria-{p.code}": "yes" for p in catalogue.criteria_of("chd-pci")}
    data |= {"propose-down-assessment": "病情稳定", "propose-down-to_org": str(county.township.pk)}
    answer = chen.post(address, data)
    assert answer.status_code == 302, re.findall(r"field-errors.*?</ul>", text(answer), re.S)
    plan = CarePlan.objects.get()
    assert plan.letter.parent == above
    assert plan.of_now().count() == len(catalogue.templates()["chd-pci"].items)
    assert "心脏康复步行" in plan.letter.rehabilitation
    watched = plan.of_now().get(title="测血压和脉搏")
    assert watched.codes == ["8480-6", "8462-4", "8867-4"]
    assert watched.limits == [{"code": "8480-6", "low": "90", "high": "180"}]


def test_what_is_missing_is_said_beside_it(county, enter):
    above = road.treated(county)
    address = f"/referrals/{above.pk}/propose-down/"
    chen = enter("chen")
    data = sent(text(chen.get(address)))
    data |= {"propose-down-assessment": "病情稳定", "propose-down-to_org": str(county.township.pk)}
    answer = chen.post(address, data)
    assert answer.status_code == 422
    assert "请回答下转标准" in text(answer)
    data |= {f"criteria-{p.code}": "yes" for p in catalogue.criteria_of("chd-pci")}
    data["plan-2-every_days"] = "0"
    answer = chen.post(address, data)
    assert answer.status_code == 422
    assert "请填写间隔天数" in text(answer)
    assert not CarePlan.objects.exists()


# A letter that goes down with no way up before it.
STRAIGHT = {
    "to_department": "",
    "diagnosis_name": "",
    "reason_code": "stable-rehabilitation",
    "assessment": "病情稳定",
}


def drafted_down(county, **facts):
    return road.drafted(county, to_org=county.village, **STRAIGHT, **facts)


def test_who_submits_a_letter_that_goes_down_comes_to_its_plan(county, enter):
    draft = drafted_down(county)
    wang = enter("wang")
    letter = sent(text(wang.get(f"/referrals/{draft.pk}/edit/")))
    answer = wang.post(f"/referrals/{draft.pk}/edit/", {**letter, "submit": "1"})
    address = f"/referrals/{draft.pk}/plan/"
    assert answer["Location"] == address
    data = sent(text(wang.get(address)))
    data |= {f"criteria-{p.code}": "yes" for p in catalogue.criteria_of("chd-pci")}
    assert wang.post(address, data)["Location"] == draft.get_absolute_url()
    plan = CarePlan.objects.get()
    assert (plan.letter, plan.letter.state, plan.organisation) == (
        draft,
        "submitted",
        county.village,
    )
    assert "心脏康复步行" in plan.letter.rehabilitation


def test_it_may_go_without_a_plan_when_its_words_are_on_the_paper(county, enter):
    draft = drafted_down(county)
    address = f"/referrals/{draft.pk}/plan/"
    answer = enter("wang").post(address, {"alone": "1"})
    assert answer.status_code == 422
    assert "转诊单还缺：治疗方案、康复措施指导。" in text(answer)
    Referral.objects.filter(pk=draft.pk).update(
        treatment_plan="口服阿司匹林", rehabilitation="步行"
    )
    assert enter("wang").post(address, {"alone": "1"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.state, draft.care_plan) == ("submitted", None)


def straight_plan():
    return {
        "template": "hypertension",
        "criteria": plans.met("hypertension"),
        "items": [
            {
                "kind": "home-visit",
                "title": "随访",
                "starts_on": str(NOON.date() + 3 * DAY),
                "window_days": 7,
            },
            {"kind": "education", "title": "低盐饮食", "starts_on": str(NOON.date())},
        ],
    }


def test_a_letter_that_goes_up_has_no_plan(county, enter):
    draft = road.drafted(county)
    address = f"/referrals/{draft.pk}/plan/"
    assert enter("wang").get(address)["Location"] == draft.get_absolute_url()
    township = machines.machine(county.township, "t")
    refused = township.post(f"/referrals/{draft.pk}/submit", {"plan": straight_plan()})
    assert refused.status_code == 422
    assert "只有下转申请附照护计划。" in text(refused)


def test_machines_send_the_plan_with_the_letter_itself(county):
    township = machines.machine(county.township, "t")
    down = drafted_down(county, treatment_plan="观察")
    told = township.post(f"/referrals/{down.pk}/submit", {"plan": straight_plan()})
    assert told.status_code == 200, told.content
    found = township.get(f"/care-plans/{told.json()['care_plan']}").json()
    assert [each["title"] for each in found["items"]] == ["随访", "低盐饮食"]
    assert told.json()["rehabilitation"] == "低盐饮食"


def test_rows_are_added_and_templates_changed_without_losing_what_was_typed(county, enter):
    above = road.treated(county)
    address = f"/referrals/{above.pk}/propose-down/"
    chen = enter("chen")
    data = sent(text(chen.get(address)))
    data["plan-0-title"] = "青鹭访视"
    more = chen.post(address, data | {"plan-add": "measurement"}, headers={"HX-Request": "true"})
    assert more.status_code == 200
    assert "青鹭访视" in text(more)
    assert text(more).count('class="plan-row"') == 9
    assert "<html" not in text(more)
    other = chen.post(
        address,
        data | {"plan-template": "stroke", "plan-use": "1"},
        headers={"HX-Request": "true"},
    )
    assert "肢体功能训练" in text(other)
    assert "青鹭访视" not in text(other)


def test_the_letter_prints_the_plan(county, enter):
    down = plans.letter(county)
    paper = enter("chen").get(f"/referrals/{down.pk}/letter.pdf")
    assert paper.status_code == 200
    assert paper.content.startswith(b"%PDF")


# ----------------------------------------------------------------------------------- the pages


def test_lists_and_pages_are_for_those_who_take_part(county, enter):
    plan = plans.running(county)
    for part, status in (
        ("chen", 200), ("wang", 200), ("zhao", 200), ("ma", 200), ("sun", 200),
        ("stranger", 404), ("liu", 404), ("admin", 404),
    ):  # fmt: skip
        assert enter(part).get(plan.get_absolute_url()).status_code == status, part
    assert "陈桂香" in text(enter("wang").get("/care-plans/"))
    assert "陈桂香" not in text(enter("stranger").get("/care-plans/?tab=all"))
    assert TrailEntry.objects.filter(verb="careplans.read", person_id=plan.person_id).exists()


def test_an_objection_goes_through_the_pages(county, enter):
    down = plans.accepted(county, take_plan=False)
    plan = CarePlan.objects.get(letter=down)
    wang, chen = enter("wang"), enter("chen")
    address = f"/care-plans/{plan.pk}/answer/"
    data = sent(text(wang.get(address)))
    item = plan.of_now().get(title="测血压")
    data |= {f"{item.pk}-answer": "object", f"{item.pk}-every_days": "14"}
    answer = wang.post(address, data)
    assert answer.status_code == 422
    assert "请选择原因" in text(answer)
    assert wang.post(address, data | {f"{item.pk}-code": "no-staff"}).status_code == 302
    plan.refresh_from_db()
    assert plan.state == State.OBJECTED
    address = f"/care-plans/{plan.pk}/settle/"
    assert "人员不足" in text(chen.get(address))
    assert chen.post(address, {}).status_code == 422
    assert chen.post(address, {f"{item.pk}-answer": "adopt"}).status_code == 302
    item.refresh_from_db()
    assert item.every_days == 14


def test_the_desk_that_accepts_a_letter_takes_the_plan_on_or_looks_at_it(county, enter):
    down = plans.letter(county)
    wang = enter("wang")
    assert "同时整份接收照护计划" in text(wang.get(down.get_absolute_url()))
    wang.post(f"/referrals/{down.pk}/accept/", {"accept-department": "全科"})
    plan = CarePlan.objects.get()
    assert plan.state == State.OFFERED
    wang.post(f"/care-plans/{plan.pk}/answer/", {"whole": "1"})
    plan.refresh_from_db()
    assert plan.state == State.ACCEPTED


def test_a_village_doctor_does_the_days_task_on_a_phone(county, enter, noon):
    plan = plans.running(county)
    noon.shift(3 * DAY)
    zhao = enter("zhao")
    shown = text(zhao.get("/care-plans/today/"))
    assert "上柳村卫生室" in shown
    assert "首次上门随访" in shown
    assert "测血压" in shown
    visit = plans.first(plan, "home-visit")
    page = text(zhao.get(visit.get_absolute_url()))
    assert "胸痛、胸闷" in page
    assert "收缩压" in page
    when = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    data = {"done_at": when, "mode": "home", "note": "平稳"}
    wrong = zhao.post(visit.get_absolute_url(), data | {"note": ""})
    assert wrong.status_code == 422
    wrong = zhao.post(visit.get_absolute_url(), data | {"v-8480-6": "1320"})
    assert wrong.status_code == 422
    assert "不在可能的范围" in text(wrong)
    done = zhao.post(visit.get_absolute_url(), data | {"v-8480-6": "186", "v-8462-4": "96"})
    assert done.status_code == 302
    outbox.deliver()
    up = Referral.objects.get(parent=plan.letter)
    page = text(zhao.get(visit.get_absolute_url()))
    assert "达到或高于 180" in page
    assert up.number in page
    assert "照护预警" in text(zhao.get(county.patient.get_absolute_url()))
    assert enter("stranger").get(visit.get_absolute_url()).status_code == 404


def test_a_task_is_skipped_and_a_plan_revised_and_ended(county, enter, noon):
    plan = plans.running(county)
    noon.shift(3 * DAY)
    zhao, wang = enter("zhao"), enter("wang")
    task = plans.first(plan, "measurement")
    assert zhao.post(f"/care-plans/tasks/{task.pk}/skip/", {"skip-code": ""}).status_code == 422
    zhao.post(f"/care-plans/tasks/{task.pk}/skip/", {"skip-code": "away"})
    task.refresh_from_db()
    assert task.state == "skipped"
    address = f"/care-plans/{plan.pk}/revise/"
    data = sent(text(wang.get(address)))
    data |= {"plan-1-every_days": "14", "why-code": "better", "why-text": ""}
    assert wang.post(address, data).status_code == 302
    plan.refresh_from_db()
    assert plan.version == 2
    shown = text(wang.get(plan.get_absolute_url()))
    assert "以前的项目" in shown
    assert wang.post(f"/care-plans/{plan.pk}/end/", {"end-code": "other"}).status_code == 422
    assert wang.post(f"/care-plans/{plan.pk}/end/", {"end-code": "refused"}).status_code == 302
    plan.refresh_from_db()
    assert plan.state == State.ENDED


def test_an_overdue_task_is_a_sign_on_the_page_of_the_person(county, enter, noon):
    plans.running(county)
    noon.shift(12 * DAY)
    shown = text(enter("wang").get(county.patient.get_absolute_url()))
    assert "照护任务逾期 3 项" in shown
    assert "照护计划" in shown


# ------------------------------------------------------------------------------------ REST


def test_machines_send_a_plan_and_do_its_tasks(county, noon):
    hospital = machines.machine(county.hospital, "h")
    township = machines.machine(county.township, "t")
    village = machines.machine(county.village, "v")
    above = road.treated(county)
    day = NOON.date()
    item = {
        "kind": "home-visit",
        "title": "随访",
        "starts_on": str(day + 3 * DAY),
        "window_days": 7,
    }
    flag = {
        "kind": "red-flag",
        "title": "血压过高",
        "timing": "always",
        "starts_on": str(day),
        "limits": [{"code": "8480-6", "high": 180}],
    }
    body = {
        "to_org": str(county.township.pk),
        "assessment": "稳定",
        "rehabilitation": "步行",
        "treatment_plan": "阿司匹林",
        "plan": {
            "template": "hypertension",
            "criteria": plans.met("hypertension"),
            "items": [item, flag],
        },
    }
    address = f"/referrals/{above.pk}/propose-down"
    wrong = {**body, "plan": {**body["plan"], "items": [flag]}}
    problem = hospital.post(address, wrong)
    assert problem.status_code == 422
    assert problem.json()["errors"][0]["field"] == "items"
    down = hospital.post(address, body)
    assert down.status_code == 201, down.content
    told = down.json()
    plan = f"/care-plans/{told['care_plan']}"
    assert township.post(f"/referrals/{told['id']}/accept", {}).status_code == 200
    assert township.get(plan).json()["state"] == "accepted"
    township.post(f"/referrals/{told['id']}/receive", {"arrived_at": timezone.now().isoformat()})
    found = township.get(plan).json()
    assert found["state"] == "active"
    assert [each["kind"] for each in found["items"]] == ["home-visit", "red-flag"]
    tasks = village.get("/care-tasks", mine=True).json()
    assert [each["title"] for each in tasks["items"]] == ["随访"]
    noon.shift(3 * DAY)
    do = f"/care-tasks/{tasks['items'][0]['id']}/do"
    given = {"done_at": timezone.now().isoformat(), "note": "头晕", "values": {"8480-6": "190"}}
    done = village.post(do, given)
    assert done.status_code == 200, done.content
    assert done.json()["flags"] == ["收缩压 190 mmHg，达到或高于 180"]
    assert village.post(do, given).status_code == 409
    assert township.get("/care-plans", flagged=True).json()["count"] == 1
    assert hospital.get("/catalogue/care-plan-templates").json()["count"] == 10
    stranger = machines.machine(county.strange_hospital, "s")
    assert stranger.get(plan).status_code == 404


def test_a_plan_costs_a_submission_few_queries(county, django_assert_max_num_queries):
    from xinglin.clinical.referral import actions as referrals

    above = road.treated(county)
    plan = plans.written(*plans.items())
    with django_assert_max_num_queries(34):
        referrals.propose_down(
            above, by=county.chen, to_org=county.township, assessment="稳定", plan=plan
        )
