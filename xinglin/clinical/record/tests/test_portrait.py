"""The page of a person: what is dangerous first, then now, then the past."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Encounter,
    Medication,
    Observation,
    Problem,
)
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import CareLink

HTMX = {"HX-Request": "true"}


def text(response):
    return response.content.decode()


def page_of(person):
    return person.get_absolute_url()


@pytest.fixture
def here(cast):
    return {"person": cast.patient, "organisation": cast.township}


@pytest.fixture
def there(cast):
    return {"person": cast.patient, "organisation": cast.hospital}


def began(cast, by, where, days, **more):
    return record.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=where,
            kind=more.pop("kind", "outpatient"),
            started_at=timezone.now() - timedelta(days=days),
            **more,
        ),
        by=by,
    )


@pytest.fixture
def visit(cast):
    return began(cast, cast.wang, cast.township, 3, complaint="头晕两天")


@pytest.fixture
def stay(cast, there):
    """Eight days in the county hospital, with a diagnosis, a pressure and a medicine."""
    stay = began(cast, cast.chen, cast.hospital, 20, kind="inpatient", complaint="胸闷三天")
    at = stay.started_at + timedelta(hours=2)
    record.note(
        Diagnosis(**there, encounter=stay, code="I20.0", diagnosed_on=at.date()), by=cast.chen
    )
    record.measure(
        stay,
        by=cast.chen,
        measured_at=at,
        values={"systolic": Decimal(168), "diastolic": Decimal(92)},
    )
    return record.end_encounter(
        stay, by=cast.chen, ended_at=stay.started_at + timedelta(days=8), discharge_way="1"
    )


# --------------------------------------------------------------------------- what is dangerous


def test_allergy_infection_and_risk_stand_in_the_head(cast, enter, here, visit):
    today = timezone.localdate()
    record.note(Allergy(**here, substance="青霉素", severe=True, noted_on=today), by=cast.wang)
    for code in ("A15.0", "I21.9"):
        record.note(Diagnosis(**here, encounter=visit, code=code, diagnosed_on=today), by=cast.wang)
    shown = text(enter("wang").get(page_of(cast.patient)))
    head = shown.partition("</header>")[2].partition("</header>")[0]
    for words in ("严重过敏：青霉素", "传染病：结核病", "高风险：急性心血管事件史"):
        assert words in head
    # Shape beside colour.
    assert head.count("<svg") >= 3
    assert head.index("严重过敏") < head.index("传染病") < head.index("高风险")


def test_a_risk_of_long_ago_and_a_resolved_problem_are_no_signs(cast, enter, here, visit):
    long_ago = timezone.localdate() - timedelta(days=500)
    record.note(
        Diagnosis(**here, encounter=visit, code="I63.9", diagnosed_on=long_ago), by=cast.wang
    )
    record.note(
        Problem(**here, code="G40.9", name="癫痫", status="resolved", noted_on=long_ago),
        by=cast.wang,
    )
    shown = text(enter("wang").get(page_of(cast.patient)))
    assert "高风险" not in shown


def test_a_death_is_the_first_sign(cast, enter, visit):
    people.report_death(cast.patient, by=cast.wang, died_on=timezone.localdate())
    shown = text(enter("wang").get(page_of(cast.patient)))
    assert f"{timezone.localdate().isoformat()} 死亡" in shown
    assert "登记就诊" not in shown


# -------------------------------------------------------------------------------------- the past


def test_a_stay_reads_as_one(cast, enter, visit, stay):
    shown = text(enter("wang").get(page_of(cast.patient)))
    assert shown.count('class="tl ') == 2
    entry = shown[shown.index("住院") :]
    for words in (
        "8 天",
        "胸闷三天",
        "I20.0",
        "收缩压 168 mmHg",
        "舒张压 92 mmHg",
        "青山县人民医院",
    ):
        assert words in entry


def test_corrections_are_struck_out_and_shown_on_request(cast, enter, here, visit):
    wrong = record.note(
        Diagnosis(**here, encounter=visit, code="I48.9", diagnosed_on=timezone.localdate()),
        by=cast.wang,
    )
    record.void(wrong, by=cast.wang, reason="登记错人")
    browser = enter("wang")
    assert "I48.9" not in text(browser.get(page_of(cast.patient)))
    shown = text(browser.get(page_of(cast.patient), {"voided": "on"}, headers=HTMX))
    assert "<s>" in shown
    assert "登记错人" in shown


def test_the_past_is_narrowed_by_kind_house_and_period(cast, enter, visit, stay):
    browser = enter("wang")

    def shown(**asked):
        return text(browser.get(page_of(cast.patient), asked, headers=HTMX))

    assert "头晕" not in shown(house=cast.hospital.pk)
    assert "胸闷" in shown(house=cast.hospital.pk)
    assert "头晕" not in shown(kind="observation")
    assert "168 mmHg" in shown(kind="observation")
    assert "I20.0" not in shown(kind="observation")
    lately = timezone.localdate() - timedelta(days=5)
    assert "胸闷" not in shown(since=lately)
    assert "头晕" in shown(since=lately)
    assert "头晕" not in shown(until=lately)
    # A stay that reaches into the period belongs to it.
    assert "胸闷" in shown(since=timezone.localdate() - timedelta(days=15))
    for nonsense in ({"since": "x", "until": "99999-99-99"}, {"house": "7", "before": "a_b"}):
        assert "胸闷" in shown(**nonsense)


def test_older_visits_follow_below_and_none_is_lost_or_told_twice(cast, enter):
    for day in range(25):
        began(cast, cast.wang, cast.township, day + 1, complaint=f"第{day:02d}次")
    browser = enter("wang")
    address, seen, shown = page_of(cast.patient), [], ""
    shown = text(browser.get(address))
    assert "共 25 次" in shown
    while True:
        seen += [day for day in range(25) if f"第{day:02d}次" in shown]
        if 'hx-get="?' not in shown.partition('class="tl-further"')[2]:
            break
        query = shown.partition('class="tl-further"')[2].partition('hx-get="?')[2].partition('"')[0]
        shown = text(browser.get(f"{address}?{query.replace('&amp;', '&')}", headers=HTMX))
        assert "<html" not in shown
    assert seen == list(range(25))


# ------------------------------------------------------------------------------------------- now


def ordered(cast, by, where, name, dose, **more):
    return record.note(
        Medication(
            person=cast.patient,
            organisation=where,
            name=name,
            dose=dose,
            started_on=timezone.localdate() - timedelta(days=10),
            **more,
        ),
        by=by,
    )


def test_one_line_a_medicine_with_what_contradicts(cast, enter, visit, stay):
    ordered(cast, cast.wang, cast.township, "苯磺酸氨氯地平片", "5 mg")
    ordered(cast, cast.chen, cast.hospital, "络活喜（氨氯地平片）", "10 mg")
    ordered(cast, cast.wang, cast.township, "阿托伐他汀钙片", "20 mg")
    ordered(cast, cast.chen, cast.hospital, "瑞舒伐他汀钙片", "10 mg")
    ordered(cast, cast.chen, cast.hospital, "厄贝沙坦氢氯噻嗪片", "1 片")
    ordered(cast, cast.wang, cast.township, "氢氯噻嗪片", "12.5 mg")
    shown = text(enter("wang").get(page_of(cast.patient)))
    now = shown[shown.index("当前用药") : shown.index('id="past"')]
    assert now.count("<li>") == 5
    assert "剂量不一致" in now
    assert "5 mg · 青山镇卫生院 · 王医生" in now
    assert "10 mg · 青山县人民医院 · 陈主任" in now
    assert "与瑞舒伐他汀钙片同类" in now
    assert "与厄贝沙坦氢氯噻嗪片成分重复" in now
    assert "尚未向本人核对" in now


def test_reconciling_writes_who_asked_and_what_is_taken(cast, enter, visit, stay):
    mine = ordered(cast, cast.wang, cast.township, "苯磺酸氨氯地平片", "5 mg")
    theirs = ordered(cast, cast.chen, cast.hospital, "阿司匹林肠溶片", "100 mg")
    browser = enter("wang")
    address = reverse("record:reconcile", args=[cast.patient.pk])
    shown = text(browser.get(address))
    assert "阿司匹林肠溶片" in shown
    answer = browser.post(
        address,
        {
            "m0-name": "阿司匹林肠溶片",
            "m0-taken": "no",
            "m0-dose": "100 mg",
            "m1-name": "苯磺酸氨氯地平片",
            "m1-taken": "yes",
            "m1-dose": "2.5 mg",
            "m2-name": "六味地黄丸",
            "m2-taken": "yes",
        },
    )
    assert answer.status_code == 302
    said = {m.name: m for m in Medication.objects.filter(intent="statement")}
    assert {name: m.taken for name, m in said.items()} == {
        "阿司匹林肠溶片": False,
        "苯磺酸氨氯地平片": True,
        "六味地黄丸": True,
    }
    assert said["苯磺酸氨氯地平片"].dose == "2.5 mg"
    for order in (mine, theirs):
        order.refresh_from_db()
        assert order.ended_on is None
    lines = TrailEntry.objects.filter(verb="record.write", subject_type="record.medication")
    assert lines.filter(subject_id__in=[m.pk for m in said.values()]).count() == 3
    shown = text(browser.get(page_of(cast.patient)))
    assert "未服用" in shown
    assert "六味地黄丸" in shown
    assert "青山镇卫生院 王医生" in shown
    # Asked again, the earlier answer of this house ends.
    record.reconcile(
        cast.patient, by=cast.wang, medicines=[record.Taken("阿司匹林肠溶片", taken=True)]
    )
    said["阿司匹林肠溶片"].refresh_from_db()
    assert said["阿司匹林肠溶片"].ended_on == timezone.localdate()


def test_reconciling_nothing_is_refused_and_nothing_typed_is_lost(cast, enter, visit):
    address = reverse("record:reconcile", args=[cast.patient.pk])
    answer = enter("wang").post(address, {"m0-dose": "5 mg"}, headers=HTMX)
    assert answer.status_code == 422
    assert "请至少核对一种药品" in text(answer)
    assert "5 mg" in text(answer)
    answer = enter("wang").post(address, {"m0-name": "药" * 201, "m0-taken": "yes"}, headers=HTMX)
    assert answer.status_code == 422
    assert not Medication.objects.exists()


def test_only_who_treats_and_writes_reconciles(cast, enter, visit):
    address = reverse("record:reconcile", args=[cast.patient.pk])
    assert enter("stranger").get(address).status_code == 404
    assert enter("liu").get(address).status_code == 404
    assert enter("zhou").get(address).status_code == 403


def test_the_latest_of_each_result_stands_beside(cast, enter, here, visit, stay):
    now = timezone.now()
    for days, value in ((400, "6.1"), (2, "7.8"), (90, "6.6")):
        record.note(
            Observation(
                **here,
                kind="laboratory",
                code="4548-4",
                name="糖化血红蛋白",
                value=Decimal(value),
                unit="%",
                measured_at=now - timedelta(days=days),
            ),
            by=cast.wang,
        )
    shown = text(enter("wang").get(page_of(cast.patient)))
    latest = shown[shown.index('class="facts latest"') :]
    assert "7.8 %" in latest
    assert "6.6 %" not in latest
    assert "168/92 mmHg" in latest


# --------------------------------------------------------------------------------------- trends


def trend(browser, person, **asked):
    return text(browser.get(f"/record/people/{person.pk}/trends/?{urlencode(asked)}"))


def test_a_trend_has_a_picture_a_band_and_a_table(cast, enter, here, there, visit, stay):
    now = timezone.now()
    for place, days, value in ((here, 300, "6.1"), (there, 200, "7.8"), (here, 2, "5.6")):
        record.note(
            Observation(
                **place,
                kind="laboratory",
                code="4548-4",
                name="糖化血红蛋白",
                value=Decimal(value),
                unit="%",
                measured_at=now - timedelta(days=days),
            ),
            by=cast.wang if place is here else cast.chen,
        )
    browser = enter("wang")
    shown = trend(browser, cast.patient, item="loinc|4548-4")
    assert "chart-band" in shown
    assert shown.count("<tr>") == 4
    assert "青山县人民医院" in shown
    assert "7.8 % ↑" in shown
    assert "7.8" not in trend(browser, cast.patient, item="loinc|4548-4", period="90")
    # Both pressures on one sheet, reached by either.
    shown = trend(browser, cast.patient, item="loinc|8462-4")
    assert "血压" in shown
    assert shown.count("chart-line-2") == 2


def test_words_are_in_the_table_and_make_no_picture(cast, enter, here, visit):
    record.note(
        Observation(**here, kind="other", system="his", code="x", name="心电图", text="窦性心律",
                    measured_at=timezone.now()),
        by=cast.wang,
    )  # fmt: skip
    shown = trend(enter("wang"), cast.patient, item="his|x")
    assert "窦性心律" in shown
    assert '<svg class="chart' not in shown


def test_a_trend_is_for_those_who_treat_and_leaves_a_line(cast, enter, visit):
    address = f"/record/people/{cast.patient.pk}/trends/"
    assert enter("stranger").get(address).status_code == 404
    assert enter("liu").get(address).status_code == 404
    before = TrailEntry.objects.filter(verb="record.read").count()
    assert "还没有测量" in text(enter("wang").get(address))
    assert TrailEntry.objects.filter(verb="record.read").count() == before + 1


# ---------------------------------------------------------------------------------------- paper


def test_the_summary_is_a_pdf_and_leaves_a_line(cast, enter, visit, stay):
    address = reverse("record:summary", args=[cast.patient.pk])
    answer = enter("wang").get(address)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert TrailEntry.objects.filter(verb="record.read", person_id=cast.patient.pk).exists()
    assert enter("stranger").get(address).status_code == 404


def test_the_whole_life_is_printed(cast, enter, visit, stay):
    shown = text(enter("wang").get(reverse("record:print", args=[cast.patient.pk])))
    assert shown.count('class="tl ') == 2
    assert "<a href" not in shown.partition("<main>")[2]
    assert "I20.0" in shown


# ---------------------------------------------------------------------------------------- speed


def test_a_page_of_three_hundred_facts_takes_at_most_eleven_queries(cast, enter, here):
    now = timezone.now()
    visits = []
    for day in range(36):
        at = now - timedelta(days=20 * day + 1)
        visits.append(Encounter(**here, kind="outpatient", started_at=at, ended_at=at))
    Encounter.objects.bulk_create(visits)
    people.link_care(
        cast.patient.pk,
        cast.township.pk,
        CareLink.Basis.ENCOUNTER,
        evidence=CareLink.Evidence.CARD,
        since=now - timedelta(days=1000),
    )
    facts = []
    for visit in visits:
        at = visit.started_at
        facts += [
            Observation(**here, encounter=visit, code=code, name=code, value=value,
                        unit="mmol/L", measured_at=at)
            for code, value in (
                ("8480-6", 130), ("8462-4", 80), ("8867-4", 70), ("4548-4", 6), ("2823-3", 4)
            )
        ]  # fmt: skip
    Observation.objects.bulk_create(facts)
    Diagnosis.objects.bulk_create(
        [
            Diagnosis(
                **here, encounter=visit, code="I10", name="高血压", diagnosed_on=visit.started_at
            )
            for visit in visits
        ]
    )
    Medication.objects.bulk_create(
        [
            Medication(**here, encounter=visit, name="氨氯地平片", started_on=visit.started_at,
                       ended_on=visit.started_at + timedelta(days=15))
            for visit in visits
        ]
    )  # fmt: skip
    Allergy.objects.create(**here, substance="青霉素", noted_on=now.date())
    browser = enter("wang")
    browser.get(page_of(cast.patient))
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(page_of(cast.patient))
    assert answer.status_code == 200
    assert "共 37 次" in text(answer)
    assert len(asked) <= 11, "\n".join(query["sql"][:240] for query in asked)


def test_what_people_wrote_is_never_markup(cast, enter, here, visit):
    evil = "<script>alert(1)</script>"
    record.describe_encounter(visit, by=cast.wang, complaint=evil)
    record.note(
        Allergy(**here, substance=evil, reaction=evil, noted_on=timezone.localdate()), by=cast.wang
    )
    ordered(cast, cast.wang, cast.township, evil, evil)
    shown = text(enter("wang").get(page_of(cast.patient)))
    assert evil not in shown
    assert escape(evil) in shown


def test_a_closed_record_offers_no_way_that_leads_nowhere(cast, enter, visit):
    """The house reads what it wrote itself; everything else opens with the resident's card."""
    began(cast, cast.chen, cast.hospital, 1)
    browser = enter("chen")
    shown = text(browser.get(page_of(cast.patient)))
    assert "病历未对本机构开放" in shown
    inside = f"/record/people/{cast.patient.pk}/"
    ways = set(re.findall(rf'href="({inside}[^"?#]*)', shown)) - {inside}
    assert f"{inside}start/" in ways
    for way in ways:
        assert browser.get(way).status_code == 200, way
