"""The pages and the REST of orders: what each opens, refuses and leaves in the trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.machines import machine
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders.models import Done, Execution, Order, State
from xinglin.clinical.orders.tests import factories as ward
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said

DRUG = {
    "code": "amlodipine-tab",
    "term": "long",
    "dose_value": "5",
    "dose_unit": "mg",
    "route": "po",
    "frequency": "qd",
}


@pytest.fixture
def visit(county):
    return ward.admitted(county)


@pytest.fixture
def enter(county):
    def browser(part: str) -> Client:
        client = Client()
        client.force_login(county.users[part])
        return client

    return browser


def at(name: str, *args: Any) -> str:
    return reverse(f"orders:{name}", args=args)


def text(response: Any, status: int = 200) -> str:
    found = response.content.decode()
    problems = found[found.find("error-summary") :][:500] if "error-summary" in found else ""
    assert response.status_code == status, problems or found[:500]
    return found


def test_a_doctor_writes_and_signs_a_pharmacist_passes_a_nurse_checks_and_gives(
    county, visit, enter, noon
):
    wang, fang, ma = enter("wang"), enter("fang"), enter("ma")
    assert "陈桂香" in text(wang.get(at("list")))
    assert "氨氯地平" in text(wang.get(at("search"), {"q": "aldp"}))
    proposed = text(
        wang.get(at("new", visit.pk), {"code": "amlodipine-tab"}, headers={"HX-Request": "true"})
    )
    assert 'value="5"' in proposed
    assert "<html" not in proposed
    assert wang.post(at("new", visit.pk), DRUG).status_code == 302
    page = text(wang.get(at("new", visit.pk)))
    assert "苯磺酸氨氯地平片" in page
    assert wang.post(at("sign", visit.pk), {}).status_code == 302
    order = Order.objects.get()
    assert order.state == State.REVIEW

    queue = text(fang.get(at("review")))
    assert "苯磺酸氨氯地平片" in queue
    assert "青山镇卫生院" in queue
    assert fang.post(at("pass", visit.pk)).status_code == 302
    assert ma.post(at("check", visit.pk)).status_code == 302
    order.refresh_from_db()
    assert order.state == State.ACTIVE

    assert "现在没有要执行的医嘱" in text(ma.get(at("round")))
    assert "苯磺酸氨氯地平片" not in text(ma.get(at("round"), {"ahead": "1", "by": "time"}))
    noon.shift(timedelta(hours=20))
    ma, wang = enter("ma"), enter("wang")
    assert "苯磺酸氨氯地平片" in text(ma.get(at("round")))
    row = Execution.objects.get(state=Done.DUE)
    done = ma.post(at("give"), {"execution": str(row.pk)}, follow=True)
    assert "已执行" in text(done)
    again = ma.post(at("give"), {"execution": str(row.pk)}, follow=True)
    assert "已由马护士登记" in text(again)
    detail = text(wang.get(at("detail", order.pk)))
    assert "马护士" in detail
    stopped = wang.post(at("act", order.pk, "stop"), {"stop-code": "changed"}, follow=True)
    assert "已停，待核对" in text(stopped)
    sheet = text(wang.get(at("sheet", visit.pk)))
    assert "王医生" in sheet
    paper = text(wang.get(at("paper", visit.pk, "long")))
    assert "长期医嘱单" in paper
    assert "停嘱护士" in paper


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(county, visit, enter):
    wang = enter("wang")
    page = text(wang.post(at("new", visit.pk), {**DRUG, "dose_value": ""}), 422)
    assert "请填写每次剂量" in page
    assert "苯磺酸氨氯地平片" in page
    page = text(wang.post(at("new", visit.pk), {**DRUG, "frequency": "nonsense"}), 422)
    assert "id_frequency" in page
    wang.post(at("new", visit.pk), {**DRUG, "dose_value": "50"})
    page = text(wang.post(at("sign", visit.pk), {}), 422)
    assert "极量" in page


def test_a_warning_asks_for_a_reason(county, visit, enter):
    ward.running(county, visit, code="nifedipine-gits-tab", dose_value=30)
    wang = enter("wang")
    wang.post(at("new", visit.pk), DRUG)
    page = text(wang.post(at("sign", visit.pk), {}), 422)
    assert "同类" in page
    assert wang.post(at("sign", visit.pk), {"sign-override": "联合降压"}).status_code == 302


def test_sets_copies_and_words_by_mouth(county, visit, enter):
    wang, ma = enter("wang"), enter("ma")
    assert "未签署" in text(wang.post(at("set", visit.pk), {"set-code": "copd"}, follow=True))
    assert Order.objects.count() == 14
    wang.post(at("sign", visit.pk), {})
    first = Order.objects.filter(group__isnull=False).first()
    text(wang.post(at("repeat", first.pk), follow=True))
    assert Order.objects.filter(state="draft").count() == 2
    spoken = {
        "ordered_by": "王医生",
        "code": "furosemide-inj",
        "dose_value": "20",
        "dose_unit": "mg",
        "route": "iv",
        "frequency": "st",
    }
    assert "复诵" in text(ma.get(at("verbal", visit.pk)))
    text(ma.post(at("verbal", visit.pk), spoken, follow=True))
    assert Order.objects.get(verbal=True).state == State.ACTIVE


def test_every_act_is_offered_with_its_form_and_refused_with_a_sentence(county, visit, enter):
    order = ward.signed(county, visit)
    fang = enter("fang")
    page = text(fang.get(at("detail", order.pk)))
    assert "审方退回" in page
    wrong = text(fang.post(at("act", order.pk, "send-back"), {"send-back-code": "other"}), 422)
    assert "请补充说明" in wrong or "补充说明" in wrong
    text(fang.post(at("act", order.pk, "send-back"), {"send-back-code": "dose"}, follow=True))
    order.refresh_from_db()
    assert order.state == State.SENT_BACK
    late = fang.post(at("act", order.pk, "review"))
    assert late.status_code == 409


def test_strangers_find_nothing(county, visit, enter):
    order = ward.running(county, visit)
    addresses = [
        at("sheet", visit.pk),
        at("new", visit.pk),
        at("verbal", visit.pk),
        at("paper", visit.pk, "long"),
        at("detail", order.pk),
    ]
    posts = [
        at("sign", visit.pk),
        at("set", visit.pk),
        at("check", visit.pk),
        at("pass", visit.pk),
        at("repeat", order.pk),
        at("act", order.pk, "stop"),
    ]
    for who in ("stranger", "strange_admin", "liu", "zheng", "li"):
        client = enter(who)
        for address in addresses:
            assert client.get(address).status_code == 404, (who, address)
        for address in posts:
            assert client.post(address).status_code in (403, 404), (who, address)
    assert "陈桂香" not in text(enter("stranger").get(at("list")))
    assert enter("wang").get(at("paper", visit.pk, "nonsense")).status_code == 404


def test_each_reading_leaves_a_trace(county, visit, enter, noon):
    order = ward.running(county, visit, **ward.BLOOD)
    ma = enter("ma")
    for address in (at("sheet", visit.pk), at("detail", order.pk), at("round")):
        before = TrailEntry.objects.filter(kind="read", verb="orders.read").count()
        text(ma.get(address))
        lines = TrailEntry.objects.filter(kind="read", verb="orders.read").order_by("-id")
        assert lines.count() == before + 1
        assert lines[0].person_id == county.patient.pk
        assert "本机构" in said(lines[0].basis)


def test_a_high_alert_drug_is_given_on_the_round_by_two(county, visit, enter, noon):
    ward.running(county, visit, code="insulin-glargine-inj", dose_value=12, frequency="qn")
    noon.shift(timedelta(hours=8))
    ma = enter("ma")
    assert 'name="second"' in text(ma.get(at("round")))
    row = Execution.objects.get()
    refused = ma.post(at("give"), {"execution": str(row.pk)}, follow=True)
    assert "双人核对" in text(refused)
    ma.post(at("give"), {"execution": str(row.pk), "second": "王医生"})
    row.refresh_from_db()
    assert (row.state, row.second) == (Done.GIVEN, "王医生")


def test_nonsense_on_the_round_is_answered(county, visit, enter):
    ma = enter("ma")
    for sent in ({}, {"execution": "x"}, {"execution": "-" * 36}):
        assert "没有找到" in text(ma.post(at("give"), sent, follow=True))


# ------------------------------------------------------------------------------------- REST


@pytest.fixture
def his(county):
    return machine(county.township, "his-township")


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def test_an_order_through_rest_alone(county, visit, his):
    body = {
        "encounter": str(visit.pk),
        "code": "amlodipine-tab",
        "dose_value": "5",
        "sign": True,
    }
    order = told(his.post("/orders", body), 201)
    assert (order["state"], order["frequency"], order["dose_unit"]) == ("review", "qd", "mg")
    address = f"/orders/{order['id']}"
    hospital = machine(county.hospital, "his-hospital")
    assert "review" in told(hospital.get(address))["acts"]
    told(hospital.post(f"{address}/accept"))
    checked = told(his.post(f"{address}/check"))
    assert checked["state"] == "active"
    assert checked["medication"]
    times = told(his.get("/orders/executions", order=order["id"]))
    assert times["count"] == 1
    early = told(his.post(f"{address}/give", {"execution": times["items"][0]["id"]}), 422)
    assert "尚早" in early["title"] or "尚早" in str(early)
    omitted = told(
        his.post(f"{address}/omit", {"execution": times["items"][0]["id"], "reason": "refused"})
    )
    assert omitted["state"] == "active"
    struck = told(
        his.post(f"{address}/strike", {"execution": times["items"][0]["id"], "reason": "slip"})
    )
    assert struck["given"] == 0
    stopped = told(his.post(f"{address}/stop", {"code": "changed"}))
    assert stopped["state"] == "stopped"
    assert told(his.post(f"{address}/check-stop"))["state"] == "ended"
    assert told(his.get("/orders", person=str(county.patient.pk), open="false"))["count"] == 1


def test_rest_refuses_with_the_field(county, visit, his):
    body = {"encounter": str(visit.pk), "code": "amlodipine-tab", "dose_value": "50", "sign": True}
    problem = told(his.post("/orders", body), 422)
    assert problem["type"].endswith("unsafe-order")
    assert not Order.objects.exists()
    problem = told(his.post("/orders", {**body, "dose_value": "-1"}), 422)
    assert problem["errors"][0]["field"] == "dose_value"
    stranger = machine(county.strange_hospital, "his-strange")
    assert stranger.post("/orders", body).status_code == 422
    order = ward.signed(county, visit)
    assert stranger.get(f"/orders/{order.pk}").status_code == 404
    assert stranger.post(f"/orders/{order.pk}/stop", {"code": "better"}).status_code == 404
    assert told(stranger.get("/orders"))["count"] == 0


def test_the_catalogue_over_rest(county, his):
    assert told(his.get("/catalogue/drugs", q="青霉素"))["items"][0]["skin_test"] is True
    assert told(his.get("/catalogue/drugs"))["count"] > 120
    assert told(his.get("/catalogue/frequencies"))["items"][1]["times"] == ["08:00", "16:00"]
    assert told(his.get("/catalogue/order-items", q="血常规"))["count"] >= 1
    assert told(his.get("/catalogue/routes"))["count"] > 10
    assert told(his.get("/catalogue/order-reasons/omit"))["count"] > 5
    assert his.get("/catalogue/order-reasons/nonsense").status_code == 404


def test_the_ward_costs_few_queries(county, visit, enter, django_assert_max_num_queries):
    orders.sign_all(orders.apply_set(visit, by=county.wang, code="copd"), by=county.wang)
    ma = enter("ma")
    ma.get(at("list"))
    with django_assert_max_num_queries(14):
        ma.get(at("list"))
    with django_assert_max_num_queries(18):
        ma.get(at("sheet", visit.pk))
    assert timezone.now()
