"""The pages on which facts of every kind are written, corrected and filed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from xinglin.clinical.record import actions
from xinglin.clinical.record.models import (
    Document,
    Encounter,
    FamilyHistory,
    HealthCover,
    Immunization,
    Observation,
    Problem,
    Procedure,
)

COMMITTEE = "330198100200"


def url(name, subject, *more):
    return reverse(f"record:{name}", args=[subject.pk, *more])


def at(**ago):
    return f"{timezone.localtime() - timedelta(**ago):%Y-%m-%dT%H:%M}"


def text(response):
    return response.content.decode()


def start(cast, kind="outpatient"):
    return actions.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.township,
            kind=kind,
            started_at=timezone.now() - timedelta(days=3),
        ),
        by=cast.wang,
    )


SHEETS = {
    "problem": (Problem, {"code": "E11.9", "status": "active", "noted_on": "2026-03-02"}),
    "immunization": (Immunization, {"code": "IIV4", "given_on": "2026-03-02", "dose_number": 1}),
    "familyhistory": (
        FamilyHistory,
        {"relation": "51", "code": "stroke", "noted_on": "2026-03-02"},
    ),
    "procedure": (Procedure, {"code": "47.09", "performed_at": "2026-03-02T10:30", "grade": "2"}),
}


@pytest.mark.parametrize("kind", SHEETS)
def test_each_fact_has_its_sheet(cast, enter, kind):
    visit = start(cast)
    browser = enter("wang")
    model, values = SHEETS[kind]
    assert browser.get(url("add", visit, kind)).status_code == 200
    refused = browser.post(url("add", visit, kind), {**values, "code": "ZZZZ"})
    assert refused.status_code == 422
    assert not model.objects.exists()
    assert browser.post(url("add", visit, kind), values).status_code == 302
    fact = model.objects.get()
    assert (fact.encounter_id, fact.author) == (visit.pk, cast.wang.name)
    if kind != "familyhistory":
        assert fact.name in text(browser.get(visit.get_absolute_url()))
    assert browser.get(cast.patient.get_absolute_url()).status_code == 200
    alone = browser.post(url("add-alone", cast.patient, kind), values)
    assert alone.status_code == (404 if kind == "procedure" else 302)
    assert enter("stranger").get(url("add", visit, kind)).status_code == 404
    assert enter("stranger").get(url("add-alone", cast.patient, kind)).status_code == 404


def test_results_of_a_panel_name_each_wrong_value(cast, enter):
    visit = start(cast)
    browser = enter("wang")
    assert "血常规" in text(browser.get(url("panels", visit)))
    page = url("results", visit, "blood-count")
    assert "参考" in text(browser.get(page))
    told = {"measured_at": at(hours=1), "specimen": "blood", "718-7": "1320", "6690-2": "5000"}
    refused = browser.post(page, told)
    assert refused.status_code == 422
    assert text(refused).count("不在可能的范围") >= 4  # beside each, and in the summary
    assert not Observation.objects.exists()
    assert browser.post(page, {**told, "718-7": "105", "6690-2": "6.1"}).status_code == 302
    assert Observation.objects.get(code="718-7").interpretation == "L"
    shown = text(browser.get(visit.get_absolute_url()))
    assert "偏低" in shown
    empty = browser.post(page, {"measured_at": at(hours=1)})
    assert empty.status_code == 422
    assert browser.get(url("results", visit, "no-such")).status_code == 404
    assert browser.get(url("results-alone", cast.patient, "lipids")).status_code == 200
    assert browser.get(url("panels-alone", cast.patient)).status_code == 200


def test_a_fact_is_corrected_on_its_sheet(cast, enter):
    visit = start(cast)
    browser = enter("wang")
    browser.post(url("add", visit, "problem"), SHEETS["problem"][1])
    wrong = Problem.objects.get()
    page = reverse("record:correct", args=["problem", wrong.pk])
    assert "E11.9" in text(browser.get(page))
    same = {
        **SHEETS["problem"][1],
        "name": wrong.name,
        "void_reason": "wrong-content",
        "void_note": "",
    }
    assert "没有改动" in text(browser.post(page, same))
    told = {**same, "status": "resolved", "abated_on": "2026-03-02", "void_note": "已愈"}
    assert browser.post(page, told).status_code == 302
    right = Problem.objects.get(voided_at=None)
    assert (right.status, right.replaces_id) == ("resolved", wrong.pk)
    wrong.refresh_from_db()
    assert wrong.void_reason == "内容有误：已愈"
    assert enter("stranger").get(page).status_code == 404


def test_a_health_record_is_opened_shown_corrected_and_closed(cast, enter):
    start(cast)
    browser = enter("wang")
    assert "尚未建立健康档案" in text(browser.get(url("cover", cast.patient)))
    values = {
        "committee": COMMITTEE,
        "established_on": "2026-03-02",
        "rh": "negative",
        "payments": ["01", "05"],
        "past_diseases": "高血压 2019年5月\n脑卒中",
        "operations": "阑尾切除术 2001",
    }
    page = url("open-cover", cast.patient)
    assert browser.get(page).status_code == 200
    wrong = browser.post(page, {**values, "past_diseases": "怪病"})
    assert wrong.status_code == 422
    assert "不认识“怪病”" in text(wrong)
    assert browser.post(page, values).status_code == 302
    cover = HealthCover.objects.get()
    assert cover.number == f"{COMMITTEE}00001"
    assert cover.past_diseases == [{"code": "hypertension", "on": "2019-05"}, {"code": "stroke"}]
    shown = text(browser.get(url("cover", cast.patient)))
    assert "330198-100-200-00001" in shown
    assert "阴性" in shown
    form = text(browser.get(url("correct-cover", cover)))
    assert "高血压 2019-05" in form
    told = {**values, "number": cover.number, "rh": "positive", "void_reason": "wrong-content"}
    told.pop("committee")
    assert browser.post(url("correct-cover", cover), told).status_code == 302
    right = HealthCover.objects.get(voided_at=None)
    assert (right.rh, right.number) == ("positive", cover.number)
    closing = {"on": timezone.localdate(), "reason": "moved"}
    assert browser.post(url("close-cover", right), closing).status_code == 302
    assert "终止" in text(browser.get(url("cover", cast.patient)))
    browser.post(url("reopen-cover", right))
    right.refresh_from_db()
    assert right.closed_on is None
    assert enter("stranger").get(url("cover", cast.patient)).status_code == 404


def test_discharge_papers_are_composed_and_printed(cast, enter):
    stay = start(cast, "inpatient")
    browser = enter("wang")
    browser.post(
        url("add", stay, "diagnosis"),
        {"code": "K35.8", "main": "on", "on_admission": "1", "diagnosed_on": "2026-03-02"},
    )
    actions.end_encounter(
        stay, by=cast.wang, ended_at=timezone.now(), discharge_way="1", outcome="1"
    )
    assert "写病案首页" in text(browser.get(stay.get_absolute_url()))
    told = {"course": "切除阑尾", "advice": "休息两周"}
    assert browser.get(url("file-summary", stay)).status_code == 200
    refused = browser.post(url("file-summary", stay), {"course": "切除阑尾"})
    assert refused.status_code == 422
    assert browser.post(url("file-summary", stay), told).status_code == 302
    assert browser.post(url("file-front-page", stay), {"route": "1"}).status_code == 302
    summary = Document.objects.get(kind="discharge")
    shown = text(browser.get(summary.get_absolute_url()))
    assert "休息两周" in shown
    assert "K35.8" in shown
    front = text(browser.get(Document.objects.get(kind="front-page").get_absolute_url()))
    assert "急诊" in front
    assert enter("stranger").get(summary.get_absolute_url()).status_code == 404
