"""The ward's orders told by the township's HIS through REST, and what is refused there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.machines import Machine, forget_tokens, machine
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders.listeners import watch_the_clock
from xinglin.clinical.orders.models import Execution, Order
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Medication
from xinglin.kernel.errors import Forbidden
from xinglin.registry.people import actions as people


@pytest.fixture
def visit(county):
    return ward.admitted(county)


@pytest.fixture
def his(county) -> Machine:
    forget_tokens()
    return machine(county.township, "his-ward")


def order(visit: Any, **more: Any) -> dict[str, Any]:
    return {
        "encounter": str(visit.pk),
        "kind": "drug",
        "term": "long",
        "code": "amlodipine-tab",
        "dose_value": "5",
        "frequency": "bid",
        **more,
    }


def refused(answer: Any, field: str = "", status: int = 422) -> str:
    assert answer.status_code == status, answer.content
    told = answer.json()
    if field:
        assert field in [each["field"] for each in told["errors"]], told
    return str(told["title"])


def act(his: Machine, pk: str, name: str, body: Any = None, status: int = 200) -> Any:
    answer = his.post(f"/orders/{pk}/{name}", body)
    assert answer.status_code == status, answer.content
    return answer.json()


def due(his: Machine, pk: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = his.get("/orders/executions", order=pk, state="due").json()[
        "items"
    ]
    return found


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"dose_value": "-5"}, "dose_value"),
        ({"dose_value": "0"}, "dose_value"),
        ({"dose_value": "NaN"}, "dose_value"),
        ({"dose_unit": "朵"}, "dose_unit"),
        ({"code": "moonlight"}, "code"),
        ({"instruction": "坏\0"}, "instruction"),
        ({"instruction": "长" * 201}, "instruction"),
        ({"start_at": "1492-01-01T00:00:00+08:00"}, "start_at"),
        ({"start_at": "2190-01-01T00:00:00+08:00"}, "start_at"),
        ({"encounter": "01a21f98-0000-7000-8000-000000000000"}, "encounter"),
        (
            {"code": "penicillin-g-inj", "dose_value": "800000", "skin_test": "negative"},
            "skin_test",
        ),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused_at_its_field(county, visit, his, facts, field):
    refused(his.post("/orders", order(visit, **facts)), field)
    assert not Order.objects.exists()


def test_an_order_goes_its_whole_way_and_nothing_is_done_out_of_turn(county, visit, his):
    told = his.post("/orders", order(visit, sign=True))
    assert told.status_code == 201, told.content
    pk = told.json()["id"]
    assert told.json()["state"] in ("review", "to-check")
    # Nothing is given, stopped or struck out before it was checked.
    act(his, pk, "give", {}, 409)
    act(his, pk, "stop", {"code": "changed"}, 409)
    act(his, pk, "void", {"code": "slip"}, 409)
    assert not due(his, pk)
    orders.accept(Order.objects.get(pk=pk), by=county.fang)
    act(his, pk, "give", {}, 409)
    assert act(his, pk, "check")["state"] == "active"
    act(his, pk, "check", None, 409)
    first, second, *_rest = due(his, pk)
    later = (timezone.now() + timedelta(days=9)).isoformat()
    act(his, pk, "give", {"execution": first["id"], "given_at": later}, 422)
    act(his, pk, "give", {"execution": second["id"], "amount": "-5"}, 422)
    at = first["due_at"]
    # Too early is no execution.
    answer = his.post(f"/orders/{pk}/give", {"execution": second["id"]})
    assert answer.status_code == 422
    assert at < second["due_at"]


def test_a_stopped_order_is_not_stopped_again_and_runs_no_more(county, visit, his):
    running = ward.running(county, visit, frequency="bid")
    pk = str(running.pk)
    act(his, pk, "stop", {"code": "boredom"}, 422)
    assert act(his, pk, "stop", {"code": "changed"})["state"] == "stopped"
    act(his, pk, "stop", {"code": "changed"}, 409)
    act(his, pk, "keep", None, 409)
    assert not due(his, pk)
    assert act(his, pk, "check-stop")["state"] == "ended"
    act(his, pk, "check-stop", None, 409)
    act(his, pk, "cancel", {"code": "mistake"}, 409)


def test_one_time_is_given_once(county, visit, his, noon):
    running = ward.running(county, visit, **ward.BLOOD)
    pk = str(running.pk)
    only = due(his, pk)[0]
    assert act(his, pk, "give", {"execution": only["id"]})["state"] == "completed"
    act(his, pk, "give", {"execution": only["id"]}, 409)
    act(his, pk, "omit", {"execution": only["id"], "reason": "refused"}, 409)
    assert act(his, pk, "strike", {"execution": only["id"], "reason": "slip"})["state"] == "active"
    act(his, pk, "strike", {"execution": only["id"], "reason": "slip"}, 409)
    assert len(due(his, pk)) == 1
    assert Execution.objects.filter(voided_at__isnull=False).count() == 1


def test_a_house_finds_nothing_of_another_countys_orders(county, visit, his):
    running = ward.running(county, visit)
    stranger = machine(county.strange_hospital, "his-strange")
    assert stranger.get(f"/orders/{running.pk}").status_code == 404
    assert stranger.post(f"/orders/{running.pk}/stop", {"code": "changed"}).status_code == 404
    assert stranger.get("/orders").json()["count"] == 0
    other = machine(county.other_township, "his-other")
    assert other.post(f"/orders/{running.pk}/stop", {"code": "changed"}).status_code in (403, 404)


def test_nothing_is_ordered_after_death_or_discharge(county, visit, his):
    draft = his.post("/orders", order(visit)).json()
    people.report_death(
        county.patient, by=county.wang, died_on=timezone.localdate() - timedelta(days=1)
    )
    refused(his.post("/orders", order(visit)), "start_at")
    answer = his.post(f"/orders/{draft['id']}/sign", {})
    assert answer.status_code in (409, 422)
    record.end_encounter(visit, by=county.wang, ended_at=timezone.now(), discharge_way="5")
    refused(his.post("/orders", order(visit)), status=409)


def test_nobody_lets_their_own_order_pass(county, visit):
    signed = ward.signed(county, visit)
    assert signed.state == "review"
    Order.objects.filter(pk=signed.pk).update(
        duty="orders.second", signer=None, owner=county.township
    )
    signed.refresh_from_db()
    with pytest.raises(Forbidden):
        orders.let_pass(signed, by=county.wang)


def test_an_order_stopped_after_its_planned_end_leaves_the_medicine_as_it_was(county, visit, noon):
    end = timezone.now() + timedelta(hours=30)
    running = ward.running(county, visit, planned_end=end)
    planned = running.medication.ended_on
    noon.shift(timedelta(hours=31))

    watch_the_clock()
    running.refresh_from_db()
    assert running.state in ("stopped", "ended")
    medicine = Medication.objects.get(pk=running.medication_id)
    assert medicine.voided_at is not None or medicine.ended_on == planned


def test_what_waits_and_what_is_asked_for_stands_on_the_persons_page(county, visit, client):
    client.force_login(county.users["wang"])
    ward.running(county, visit)
    ward.running(county, visit, **ward.BLOOD)
    ward.drafted(county, visit, **{**ward.CARE, "code": "care-1"})
    ward.drafted(county, visit, kind="nursing", code="", name="测血压", frequency="bid")
    shown = client.get(county.patient.get_absolute_url()).content.decode()
    asked = shown[shown.index("在办申请") : shown.index("主要问题")]
    assert "检验医嘱" in asked
    assert "等 2 条" in asked
    assert "氨氯地平" not in asked
    # Whoever may read no orders finds none.
    client.force_login(county.users["zhao"])
    shown = client.get(county.patient.get_absolute_url()).content.decode()
    assert "等 2 条" not in shown


def test_what_stands_until_it_is_stopped_has_no_times_to_give(county, visit, his):
    care = ward.running(county, visit, **ward.CARE)
    told = his.get(f"/orders/{care.pk}").json()
    assert told["state"] == "active"
    assert not {"give", "omit"} & set(told.get("acts", []))
    act(his, str(care.pk), "give", {}, 409)
