"""The doors of triage: beside the visit, at the desk, the rules, the counts, REST."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.utils import timezone

from tests import machines
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter, Medication
from xinglin.clinical.triage.intake import case_of
from xinglin.clinical.triage.models import Assessment, Decision, DeskTriage
from xinglin.clinical.triage.tests.factories import visit
from xinglin.kernel import outbox
from xinglin.kernel.models import TrailEntry

pytestmark = pytest.mark.django_db
HIGH = {"systolic": Decimal(186), "diastolic": Decimal(104)}


def told(response):
    return response.content.decode()


@pytest.fixture
def high(cast):
    """A patient with hypertension at 186/104."""
    return visit(cast, vitals=HIGH, codes=("I10",), complaint="头晕三天")


def test_the_page_of_a_visit_and_its_forms_have_a_place_for_the_advice(cast, enter, high):
    wang = enter("wang")
    for path in ("", "write/", "vitals/", "add/diagnosis/"):
        page = told(wang.get(f"/record/encounters/{high.pk}/{path}"))
        assert f'hx-post="/triage/encounters/{high.pk}/panel/"' in page, path
        assert 'aria-live="polite"' in page
    # Whoever only reads the visit is not asked to decide about it.
    assert "/panel/" not in told(enter("liu").get(f"/record/encounters/{high.pk}/"))


def test_the_panel_answers_with_reason_and_source(cast, enter, high):
    page = told(
        enter("wang").post(f"/triage/encounters/{high.pk}/panel/", headers={"HX-Request": "true"})
    )
    assert "上转" in page
    assert "心内科" in page
    assert "收缩压 186 mmHg" in page
    assert "国家基本公共卫生服务规范" in page
    assert "ht-crisis" in page
    assert "采纳，填写转诊单" in page


def test_the_panel_follows_what_is_being_typed(cast, enter):
    calm = visit(cast, codes=("I10",))
    wang = enter("wang")
    address = f"/triage/encounters/{calm.pk}/panel/"
    htmx = {"HX-Request": "true"}
    assert "测血压" in told(wang.post(address, headers=htmx))
    typed = {"systolic": "191", "diastolic": "100", "measured_at": "2026-01-01T10:00"}
    page = told(wang.post(address, typed, headers=htmx))
    assert "收缩压 191 mmHg" in page
    # While a form is written the answer comes after saving.
    assert "采纳，填写转诊单" not in page
    page = told(wang.post(address, {"complaint": "胸痛1小时伴大汗"}, headers=htmx))
    assert "胸痛绿色通道" in page
    page = told(
        wang.post(address, {"complaint": "胸痛1小时伴大汗", "denied": "chest-pain"}, headers=htmx)
    )
    assert "胸痛绿色通道" not in page


@pytest.mark.parametrize(
    "typed",
    [
        {"systolic": "abc", "diastolic": "1e999"},
        {"systolic": "-5", "spo2": "200"},
        {"complaint": "\x00" * 10, "code": "<script>"},
        {"sign": ["nothing", "x" * 500], "code": "Ｉ１０"},
    ],
)
def test_nonsense_that_is_typed_gets_a_sentence_and_no_breakdown(cast, enter, high, typed):
    response = enter("wang").post(
        f"/triage/encounters/{high.pk}/panel/", typed, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    assert "<script>" not in told(response)


def test_typing_on_is_one_reading(cast, enter, high):
    wang = enter("wang")
    before = TrailEntry.objects.filter(kind=TrailEntry.Kind.READ).count()
    for _each in range(3):
        wang.post(f"/triage/encounters/{high.pk}/panel/", headers={"HX-Request": "true"})
    assert TrailEntry.objects.filter(kind=TrailEntry.Kind.READ).count() == before + 1


def test_a_form_saves_and_goes_on_to_the_advice(cast, enter, high):
    response = enter("wang").post(
        f"/record/encounters/{high.pk}/write/",
        {"complaint": "头痛两天", "history": "", "treatment": "", "then": "triage"},
    )
    assert response.headers["Location"] == f"/triage/encounters/{high.pk}/"
    response = enter("wang").post(
        f"/record/encounters/{high.pk}/write/",
        {"complaint": "头痛两天", "history": "", "treatment": "", "then": "//evil.example"},
    )
    assert response.headers["Location"] == f"/record/encounters/{high.pk}/"


def test_following_leads_to_a_letter_that_is_filled_in(cast, enter, high):
    wang = enter("wang")
    response = wang.post(f"/triage/encounters/{high.pk}/decide/", {"follow": "1"})
    kept = Assessment.objects.get()
    assert response.headers["Location"] == (
        f"/referrals/new/?person={cast.patient.pk}&advice={kept.pk}"
    )
    assert (kept.outcome, kept.decision, kept.current) == ("refer", Decision.FOLLOWED, True)
    assert kept.edition.startswith("2026.1+")
    assert len(kept.digest) == 64
    letter = told(wang.get(response.headers["Location"]))
    assert f'value="{cast.hospital.pk}"' in letter
    assert 'value="心内科"' in letter
    assert "血压 ≥180/110 mmHg" in letter
    assert re.search(r'value="urgent"[^>]*checked', letter)


def test_deciding_otherwise_takes_one_reason(cast, enter, high):
    wang = enter("wang")
    address = f"/triage/encounters/{high.pk}/decide/"
    response = wang.post(address, {"chosen": "treat"})
    assert response.status_code == 422
    assert Assessment.objects.count() == 0
    response = wang.post(address, {"chosen": "treat", "reason_code": "other"})
    assert response.status_code == 422
    assert "请用文字说明原因" in told(response)
    response = wang.post(address, {"chosen": "treat", "reason_code": "able-here"})
    assert response.headers["Location"] == f"/record/encounters/{high.pk}/"
    kept = Assessment.objects.get()
    assert (kept.decision, kept.chosen, kept.reason_code) == ("overruled", "treat", "able-here")
    # The doctor changes the mind: the last word counts, the first stays.
    wang.post(address, {"follow": "1"})
    assert list(Assessment.objects.current().values_list("decision", flat=True)) == ["followed"]
    assert Assessment.objects.count() == 2
    page = told(wang.get(f"/triage/assessments/{kept.pk}/"))
    assert "后来另有决定" in page
    assert "本机构有能力处理" in page


def test_strangers_find_nothing(cast, enter, high):
    enter("wang").post(f"/triage/encounters/{high.pk}/decide/", {"follow": "1"})
    kept = Assessment.objects.get()
    for part in ("stranger", "liu"):
        other = enter(part)
        assert other.get(f"/triage/encounters/{high.pk}/").status_code == 404
        assert other.post(f"/triage/encounters/{high.pk}/panel/").status_code == 404
        assert (
            other.post(f"/triage/encounters/{high.pk}/decide/", {"follow": "1"}).status_code == 404
        )
        assert other.get(f"/triage/assessments/{kept.pk}/").status_code == 404
    assert Assessment.objects.count() == 1


def test_agreement_is_counted_and_opens_to_the_rows(
    cast, enter, django_capture_on_commit_callbacks
):
    wang = enter("wang")
    one, two = (visit(cast, vitals=HIGH, codes=("I10",)) for _each in range(2))
    wang.post(f"/triage/encounters/{one.pk}/decide/", {"follow": "1"})
    wang.post(
        f"/triage/encounters/{two.pk}/decide/",
        {"chosen": "treat", "reason_code": "patient-refuses"},
    )
    for part in ("sun", "zheng", "wang"):
        page = told(enter(part).get("/triage/statistics/"))
        assert "50" in page
        assert "ht-crisis" in page or "血压 ≥180/110" in page
        assert "患者或家属不同意" in page
        rows = told(enter(part).get("/triage/assessments/?rule=ht-crisis&decision=overruled"))
        assert rows.count("<tr id=") == 1
        assert "王医生" in rows
        assert cast.patient.name not in rows
    assert enter("zhao").get("/triage/statistics/").status_code == 403
    assert told(enter("stranger").get("/triage/assessments/")) is not None
    assert wang.get("/triage/assessments/?since=x&house=y&decision=z&page=-1").status_code == 200


def test_a_visit_that_ends_without_an_answer_counts_too(cast, high):
    record.end_encounter(high, by=cast.wang, ended_at=high.started_at, discharge_way="", outcome="")
    outbox.deliver()
    kept = Assessment.objects.get()
    assert (kept.decision, kept.doctor) == ("unanswered", "王医生")


def test_a_visit_that_asked_for_nothing_leaves_no_row(cast):
    calm = visit(cast, vitals={"systolic": Decimal(126), "diastolic": Decimal(80)}, codes=("I10",))
    record.end_encounter(calm, by=cast.wang, ended_at=calm.started_at, discharge_way="", outcome="")
    outbox.deliver()
    assert not Assessment.objects.exists()


def test_the_desk_grades_and_the_clock_runs_until_somebody_takes_the_patient_in(cast, enter):
    ma = enter("ma")
    assert "勾选征象" in told(ma.get("/triage/new/"))
    level = told(ma.post("/triage/level/", {"spo2": "88"}, headers={"HX-Request": "true"}))
    assert "二级" in level
    assert "数脉搏" in level
    level = told(ma.post("/triage/level/", {"spo2": "zz"}, headers={"HX-Request": "true"}))
    assert "三级" in level
    response = ma.post(
        "/triage/new/", {"person": str(cast.patient.pk), "complaint": "胸痛半小时伴大汗"}
    )
    assert response.status_code == 302
    row = DeskTriage.objects.get()
    assert (row.level, row.state) == ("2", "waiting")
    assert (row.due_at - row.arrived_at).total_seconds() == 600
    assert cast.patient.name in told(ma.get("/triage/"))
    assert cast.patient.name in told(enter("wang").get("/inbox/"))
    assert cast.patient.name not in told(enter("liu").get("/triage/"))
    assert enter("liu").post(f"/triage/desk/{row.pk}/see/").status_code == 404
    assert enter("wang").post(f"/triage/desk/{row.pk}/see/").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.owner_id, row.seen_by) == ("seen", None, "王医生")


def test_a_level_may_be_raised_and_never_lowered(cast, enter):
    ma = enter("ma")
    response = ma.post("/triage/new/", {"called": "无名氏", "spo2": "88", "raise_to": "4"})
    assert response.status_code == 422
    assert "不能降级" in told(response)
    assert ma.post("/triage/new/", {"spo2": "88"}).status_code == 422
    ma.post("/triage/new/", {"called": "无名氏", "spo2": "88", "raise_to": "1"})
    row = DeskTriage.objects.get()
    assert (row.level, row.raised, row.name) == ("1", True, "无名氏")


def test_the_rules_are_a_page_and_can_be_tried_out(cast, enter):
    page = told(enter("wang").get("/triage/rules/"))
    assert "ht-crisis" in page
    assert "收缩压 ≥ 180 mmHg" in page
    assert "ckd-g5" not in told(enter("wang").get("/triage/rules/?group=hypertension"))
    assert "ckd-g5" in told(enter("zheng").get("/triage/rules/?q=egfr"))
    answer = told(
        enter("wang").post(
            "/triage/rules/try/",
            {"level": "village", "code": "I10", "systolic": "182", "age": "60"},
            headers={"HX-Request": "true"},
        )
    )
    assert "上转" in answer
    assert enter("fang").get("/triage/rules/").status_code == 403


def test_rest_advises_a_case_and_an_encounter(cast, high):
    his = machines.machine(cast.township, "his")
    body = {"diagnoses": ["I10.x00x002"], "numbers": {"systolic": 186}, "birth_date": "1960-01-01"}
    answer = his.post("/triage/advise", body)
    assert answer.status_code == 200, answer.content
    told_ = answer.json()
    assert (told_["outcome"], told_["level"], told_["department"]) == (
        "refer",
        "county",
        "cardiology",
    )
    assert told_["grounds"][0]["facts"] == "收缩压 186 mmHg"
    answer = his.post("/triage/advise", {"encounter": str(high.pk)})
    assert answer.json()["outcome"] == "refer"
    answer = his.post("/triage/advise", {"text": "突发口角歪斜、言语不清1小时"})
    assert answer.json()["channel"] == "stroke"
    answer = his.post("/triage/advise", {"numbers": {"systolic": 9999, "blue": 1}})
    assert answer.status_code == 200
    assert len(answer.json()["doubts"]) == 2
    answer = his.post("/triage/grade", {"numbers": {"spo2": 80}})
    assert answer.json()["level"] == "1"


def test_rest_keeps_a_decision_and_reads_it(cast, high):
    his = machines.machine(cast.township, "his")
    path = f"/encounters/{high.pk}/assessments"
    answer = his.post(path, {"decision": "overruled", "chosen": "treat"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    answer = his.post(path, {"decision": "followed"})
    assert answer.status_code == 201, answer.content
    listed = his.get(f"/triage/assessments?encounter={high.pk}").json()
    assert listed["count"] == 1
    assert his.get(f"/triage/assessments/{answer.json()['id']}").json()["digest"]
    counts = his.get("/triage/statistics").json()
    assert counts["total"]["followed"] == 1


def test_a_letter_written_without_pressing_follow_is_agreement(cast, high):
    from xinglin.clinical.referral.tests import factories as road

    road.submitted(cast, person=Encounter.objects.get(pk=high.pk).person)
    outbox.deliver()
    assert Assessment.objects.get().decision == "followed"


def test_only_drugs_against_pressure_count_as_such(cast, high):
    for name in ("氨氯地平", "阿托伐他汀", "阿司匹林"):
        record.note(
            Medication(
                person=cast.patient,
                organisation=cast.township,
                name=name,
                started_on=timezone.localdate(),
            ),
            by=cast.wang,
        )
    numbers = case_of(cast.wang, high).numbers
    assert (numbers["pressure_drugs"], numbers["lipid_drugs"]) == (1, 1)
