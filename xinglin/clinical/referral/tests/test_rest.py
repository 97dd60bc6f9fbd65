"""The story of a referral told by two machines through REST alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.cast import Cast, letter, resident
from tests.machines import Machine, forget_tokens, form, machine
from xinglin.clinical.referral import actions
from xinglin.clinical.referral.api.reading import whole
from xinglin.clinical.referral.api.schemas import ReferralOut, ReferralRowOut
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said
from xinglin.ui.api import dump

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def township(cast: Cast) -> Machine:
    return machine(cast.township, "his-township")


@pytest.fixture
def hospital(cast: Cast) -> Machine:
    return machine(cast.hospital, "his-hospital")


def now(minutes: int = 0) -> str:
    return (timezone.now() + timedelta(minutes=minutes)).isoformat()


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content.decode()
    found: dict[str, Any] = answer.json()
    return found


def test_a_patient_goes_up_and_comes_home_through_rest_alone(cast, township, hospital):
    # 青山镇卫生院 sends, and the desk of the county hospital finds it in its inbox
    sent = told(township.post("/referrals", form(cast)), 201)
    assert sent["state"] == "submitted"
    assert sent["owner"]["name"] == "青山县人民医院"
    address = f"/referrals/{sent['id']}"
    waiting = told(hospital.get("/inbox"))
    assert [item["subject"] for item in waiting["items"]] == [sent["id"]]
    seen = told(hospital.get(address))
    assert {"accept", "decline", "waitlist"} <= set(seen["acts"])

    # the hospital takes the patient, who sets out, arrives and is treated
    accepted = told(
        hospital.post(f"{address}/accept", {"to_department": "心内科", "expected_at": now(60)})
    )
    assert accepted["state"] == "accepted"
    told(township.post(f"{address}/depart", {"departed_at": now(), "transport": "救护车"}))
    told(hospital.post(f"{address}/receive", {"arrived_at": now()}))
    treated = told(hospital.post(f"{address}/treat"))
    assert treated["state"] == "in-treatment"
    assert treated["encounter"]

    # the hospital proposes the way back, then sends the receipt
    plan = {
        "to_org": str(cast.township.pk),
        "rehabilitation": "每日步行半小时",
        "assessment": "病情稳定",
        "treatment_plan": "阿司匹林 100 mg qd",
    }
    down = told(hospital.post(f"{address}/propose-down", plan), 201)
    assert (down["direction"], down["parent"]) == ("down", sent["id"])
    told(hospital.post(f"{address}/discharge", {"discharged_at": now()}))
    receipt = {
        "receipt_treatment": "冠脉造影未见狭窄",
        "receipt_plan": "两周后复诊",
        "outcome": "2",
        "final_code": "I20.8",
    }
    closed = told(hospital.post(f"{address}/close", receipt))
    assert (closed["state"], closed["owner"]) == ("closed", None)

    # the township takes the patient back, and follows up at home
    home = f"/referrals/{down['id']}"
    told(township.post(f"{home}/accept"))
    told(township.post(f"{home}/receive", {"arrived_at": now()}))
    told(township.post(f"{home}/treat"))
    told(township.post(f"{home}/close", receipt))
    village = machine(cast.village, "his-village")
    followed = told(
        village.post(
            f"{home}/follow-up", {"followed_up_at": now(), "follow_up_note": "血压平稳，无胸闷"}
        )
    )
    assert followed["state"] == "followed-up"
    steps = told(township.get(f"{home}/timeline"))
    assert steps["items"][0]["label"] == "登记随访"
    since = timezone.localdate().isoformat()
    counts = told(township.get("/referrals/statistics", since=since, until=since))
    assert counts["up"] == counts["down"] == 1


def test_reading_costs_three_queries_and_leaves_a_trace(
    cast, township, hospital, django_assert_max_num_queries
):
    sent = told(township.post("/referrals", form(cast)), 201)
    hospital.get("/caller")
    TrailEntry.objects.all().delete()
    with django_assert_max_num_queries(3):
        answer = hospital.get(f"/referrals/{sent['id']}")
    told(answer)
    line = TrailEntry.objects.get()
    assert (line.kind, line.verb, said(line.basis)) == (
        "read",
        "referral.read",
        "参与转诊的机构 · REST",
    )
    assert str(line.person_id) == str(cast.patient.pk)


def test_even_the_first_read_of_a_token_costs_at_most_four_queries(
    cast, township, hospital, django_assert_max_num_queries
):
    sent = told(township.post("/referrals", form(cast)), 201)
    forget_tokens()
    with django_assert_max_num_queries(4):
        told(hospital.get(f"/referrals/{sent['id']}"))


def test_the_prepared_document_says_what_its_schema_says(cast, township):
    sent = told(township.post("/referrals", form(cast)), 201)
    filed = told(
        township.upload(
            "/documents",
            person=str(cast.patient.pk),
            title="心电图",
            file=SimpleUploadedFile("ecg.pdf", PDF),
        ),
        201,
    )
    told(township.post(f"/referrals/{sent['id']}/attach", {"document": filed["id"]}))
    read = told(township.get(f"/referrals/{sent['id']}"))
    assert [document["title"] for document in read["documents"]] == ["心电图"]
    assert ReferralOut.model_validate(read).model_dump(mode="json") == read
    again = whole(Referral.objects.get(pk=sent["id"]), cast.actors["wang"])
    assert orjson.loads(dump({**again, "acts": read["acts"]})) == read
    listed = told(township.get("/referrals"))["items"][0]
    assert listed == {name: read[name] for name in ReferralRowOut.model_fields}


def test_a_draft_waits_is_changed_and_submitted(cast, township):
    draft = told(township.post("/referrals", form(cast, submit=False, symptoms="")), 201)
    assert draft["state"] == "draft"
    address = f"/referrals/{draft['id']}"
    refused = told(township.post(f"{address}/submit"), 422)
    assert [each["field"] for each in refused["errors"]] == ["symptoms"]
    changed = told(township.patch(address, {"symptoms": "胸闷"}))
    assert changed["symptoms"] == "胸闷"
    assert told(township.post(f"{address}/submit"))["state"] == "submitted"
    assert told(township.patch(address, {"symptoms": "x"}), 409)["type"].endswith("wrong-state")


def test_a_refused_submission_leaves_no_draft_behind(cast, township):
    told(township.post("/referrals", form(cast, symptoms="")), 422)
    assert not Referral.objects.exists()


def test_a_second_referral_must_be_meant(cast, township):
    first = told(township.post("/referrals", form(cast)), 201)
    refused = told(township.post("/referrals", form(cast)), 409)
    assert refused["type"] == "about:xinglin/open-referral-exists"
    assert refused["links"][0]["title"] == first["number"]
    told(township.post("/referrals", form(cast, acknowledge_open=True)), 201)


def test_a_refusal_carries_its_reason_and_the_way_on(cast, township, hospital):
    sent = told(township.post("/referrals", form(cast)), 201)
    address = f"/referrals/{sent['id']}"
    told(hospital.post(f"{address}/decline", {"refusal_code": "nonsense"}), 422)
    waiting = told(hospital.post(f"{address}/waitlist", {"waiting_code": "no-bed"}))
    assert waiting["state"] == "waitlisted"
    declined = told(
        hospital.post(
            f"{address}/decline",
            {"refusal_code": "no-bed", "alternative_org": str(cast.city.pk)},
        )
    )
    assert declined["alternative_org"]["name"] == "省立医院"
    sent_on = told(township.post(f"{address}/redirect", {"to_org": str(cast.hospital.pk)}))
    assert sent_on["state"] == "submitted"
    ended = told(
        township.post(f"{address}/cancel", {"end_code": "patient-better", "end_reason": "好转"})
    )
    assert ended["state"] == "cancelled"


def test_the_list_answers_exact_counts_and_every_filter(cast, township, hospital):
    other = resident(cast.wang, cast.region, "李大山")
    first = told(township.post("/referrals", form(cast)), 201)
    second = told(
        township.post("/referrals", form(cast, person=str(other.pk), urgency="urgent")), 201
    )
    today = timezone.localdate().isoformat()
    for asked, expected in (
        ({}, {first["id"], second["id"]}),
        ({"page_size": 1}, {second["id"]}),
        ({"q": first["number"].lower()}, {first["id"]}),
        ({"q": "李"}, {second["id"]}),
        ({"state": "submitted", "urgency": "urgent"}, {second["id"]}),
        ({"direction": "down"}, set()),
        ({"person": str(other.pk)}, {second["id"]}),
        ({"from_org": str(cast.hospital.pk)}, set()),
        ({"to_org": str(cast.hospital.pk), "open": "true"}, {first["id"], second["id"]}),
        ({"open": "false"}, set()),
        ({"overdue": "true"}, set()),
        ({"since": today, "until": today}, {first["id"], second["id"]}),
        ({"until": "2020-01-01"}, set()),
    ):
        found = told(hospital.get("/referrals", **asked))
        assert {row["id"] for row in found["items"]} == expected, asked
    assert told(hospital.get("/referrals", page_size=1))["count"] == 2
    assert told(hospital.get("/referrals", page_size=201), 422)["errors"][0]["field"] == "page_size"


def test_a_machine_does_only_what_its_post_may(cast, township, hospital):
    sent = told(township.post("/referrals", form(cast)), 201)
    refused = told(township.post(f"/referrals/{sent['id']}/accept"), 403)
    assert refused["title"] == "当前岗位不能执行“接收转诊”。"
    other = machine(cast.other_township, "his-other")
    for path in ("", "/timeline"):
        told(other.get(f"/referrals/{sent['id']}{path}"), 404)
    told(other.post(f"/referrals/{sent['id']}/cancel", {"end_code": "other"}), 404)


def test_a_referral_out_of_the_county_asks_for_approval(cast, township, hospital):
    sent = actions.draft(
        letter(
            cast,
            from_org=cast.hospital,
            to_org=cast.city,
            written_by=cast.hospital,
            reason_code="beyond-county",
        ),
        by=cast.li,
    )
    address = f"/referrals/{sent.pk}"
    submitted = told(hospital.post(f"{address}/submit"))
    assert submitted["needs_approval"]
    assert "accept" not in submitted["acts"]
    told(hospital.post(f"{address}/approve"), 403)
    leader = machine(cast.hospital, "leader-app", role="leader")
    assert told(leader.post(f"{address}/approve"))["approved_by"]


def test_what_an_emergency_left_open_is_completed_afterwards(cast, township):
    sent = told(
        township.post(
            "/referrals",
            form(cast, urgency="emergency", symptoms="", past_history="", kind="green-channel"),
        ),
        201,
    )
    assert sent["paper_due_at"]
    address = f"/referrals/{sent['id']}/complete"
    told(township.post(address, {}), 422)
    done = told(township.post(address, {"symptoms": "胸痛", "past_history": "无"}))
    assert done["paper_due_at"] is None


def test_reasons_and_their_groups(township):
    assert told(township.get("/catalogue/reasons/refusal"))["count"] > 3
    told(township.get("/catalogue/reasons/nonsense"), 404)
