"""The doors to the record: who reads, what is written, what is refused beside the field."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Medication,
    Observation,
)
from xinglin.kernel import parameters
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said

HTMX = {"HX-Request": "true"}
PDF = b"%PDF-1.7 a report"


def text(response):
    return response.content.decode()


def put_back(answer):
    """Close the file of an answer; `answer.close()` would also close the test's database."""
    for close in answer._resource_closers:
        close()


def at(minutes=0):
    return f"{timezone.localtime() + timedelta(minutes=minutes):%Y-%m-%dT%H:%M}"


def url(name, subject, *more):
    return reverse(f"record:{name}", args=[subject.pk, *more])


@pytest.fixture
def visit(cast):
    """王医生 sees 陈桂香 at the township."""
    return record.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.township,
            kind="outpatient",
            started_at=timezone.now() - timedelta(hours=1),
            complaint="活动后胸闷两周",
        ),
        by=cast.wang,
    )


@pytest.fixture
def report(cast, visit, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return record.file_document(
        Document(
            person=cast.patient,
            organisation=cast.township,
            encounter=visit,
            kind="report",
            title="心电图",
        ),
        by=cast.wang,
        content=SimpleUploadedFile("ecg.pdf", PDF),
    )


# ------------------------------------------------------------------------------------- reading


def test_without_signing_in_every_page_is_the_login_page(client, cast, visit):
    for address in (
        cast.patient.get_absolute_url(),
        visit.get_absolute_url(),
        url("start", cast.patient),
        url("print", cast.patient),
    ):
        assert client.get(address).headers["Location"].startswith("/login/")


def test_who_treats_a_person_reads_everything_that_happened(cast, enter, visit):
    shown = text(enter("wang").get(cast.patient.get_absolute_url()))
    assert "活动后胸闷两周" in shown
    assert cast.patient.masked_id in shown
    assert cast.patient.id_number not in shown


def test_reading_leaves_a_line_with_the_ground(cast, enter, visit):
    enter("wang").get(cast.patient.get_absolute_url())
    line = TrailEntry.objects.get(verb="record.read")
    assert (line.actor_name, line.person_id, line.kind) == ("王医生", cast.patient.pk, "read")
    assert said(line.basis).startswith("健康档案管理，上柳村卫生室，")
    assert line.parts == "record"


def test_every_page_that_shows_clinical_data_leaves_a_line(cast, enter, visit, report):
    browser = enter("wang")
    fact = ("encounter", visit.pk)
    for address in (
        cast.patient.get_absolute_url(),
        visit.get_absolute_url(),
        report.get_absolute_url(),
        url("print", cast.patient),
        url("describe", visit),
        url("measure", visit),
        url("add", visit, "medication"),
        reverse("record:void", args=fact),
    ):
        before = TrailEntry.objects.filter(verb="record.read").count()
        answer = browser.get(address)
        if answer.streaming:
            put_back(answer)
        assert answer.status_code == 200
        assert TrailEntry.objects.filter(verb="record.read").count() == before + 1, address


def test_others_in_the_county_see_who_it_is_and_how_the_record_opens(cast, enter, visit):
    shown = text(enter("liu").get(cast.patient.get_absolute_url()))
    assert "陈桂香" in shown
    assert "请居民出示授权码或身份证" in shown
    assert "胸闷" not in shown
    assert not TrailEntry.objects.filter(verb="record.read").exists()
    assert enter("liu").get(visit.get_absolute_url()).status_code == 404
    assert enter("liu").get(url("print", cast.patient)).status_code == 404


def test_the_office_and_the_administrator_never_see_the_record(cast, enter, visit):
    for part in ("sun", "admin"):
        shown = text(enter(part).get(cast.patient.get_absolute_url()))
        assert "当前岗位只能查看身份信息" in shown
        assert "胸闷" not in shown
    assert enter("zheng").get(cast.patient.get_absolute_url()).status_code == 404


def test_strangers_find_nothing(cast, enter, visit, report):
    for part in ("stranger", "strange_admin"):
        browser = enter(part)
        for address in (
            cast.patient.get_absolute_url(),
            visit.get_absolute_url(),
            report.get_absolute_url(),
            url("print", cast.patient),
            url("start", cast.patient),
            url("describe", visit),
            url("measure", visit),
            url("file", visit),
            url("end", visit),
            url("add", visit, "diagnosis"),
            reverse("record:void", args=["encounter", visit.pk]),
        ):
            assert browser.get(address).status_code == 404, address


def test_the_timeline_is_narrowed_by_kind_and_house_and_says_how_many(cast, enter, visit):
    record.note(
        Diagnosis(
            person=cast.patient,
            organisation=cast.township,
            encounter=visit,
            code="I10",
            diagnosed_on=timezone.localdate(),
        ),
        by=cast.wang,
    )
    browser = enter("wang")
    address = cast.patient.get_absolute_url()
    shown = text(browser.get(address, {"kind": "diagnosis"}, headers=HTMX))
    assert "I10" in shown
    assert "胸闷" not in shown
    # The visit and what is in it are one.
    assert "共 1 次（项）" in shown
    assert "<html" not in shown
    shown = text(browser.get(address, {"house": cast.township.pk}, headers=HTMX))
    assert "共 1 次（项）" in shown
    assert "胸闷" in shown
    shown = text(browser.get(address, {"house": cast.hospital.pk}, headers=HTMX))
    assert "没有符合条件的记录" in shown


def test_what_must_not_be_given_stands_at_the_top(cast, enter, visit):
    record.note(
        Allergy(
            person=cast.patient,
            organisation=cast.township,
            substance="青霉素",
            severe=True,
            noted_on=timezone.localdate(),
        ),
        by=cast.wang,
    )
    browser = enter("wang")
    for address in (
        cast.patient.get_absolute_url(),
        visit.get_absolute_url(),
        url("add", visit, "medication"),
        url("print", cast.patient),
    ):
        assert "青霉素" in text(browser.get(address))


# ------------------------------------------------------------------------------------- writing


def test_a_visit_opens_the_record_to_the_house_that_saw_the_card(cast, enter, visit):
    browser = enter("liu")
    told = {"kind": "outpatient", "started_at": at(), "complaint": "头晕"}
    answer = browser.post(url("start", cast.patient), told | {"proof": "330199199001011234"})
    assert answer.status_code == 422
    assert "与登记的不符" in text(answer)
    # Without any proof the visit is written, and the house reads what it wrote itself.
    browser.post(url("start", cast.patient), told)
    shown = text(browser.get(cast.patient.get_absolute_url()))
    assert "头晕" in shown
    assert "胸闷" not in shown
    browser.post(url("open", cast.patient), {"proof": cast.patient.id_number})
    assert "胸闷" in text(browser.get(cast.patient.get_absolute_url()))


def test_the_card_opens_the_record_with_the_visit(cast, enter, visit):
    browser = enter("liu")
    told = {"kind": "outpatient", "started_at": at(), "complaint": "头晕"}
    answer = browser.post(url("start", cast.patient), told | {"proof": cast.patient.id_number})
    mine = Encounter.objects.get(complaint="头晕")
    assert answer.headers["Location"] == mine.get_absolute_url()
    assert "胸闷" in text(browser.get(cast.patient.get_absolute_url()))


def test_no_visit_begins_in_the_future(cast, enter):
    answer = enter("wang").post(
        url("start", cast.patient), {"kind": "outpatient", "started_at": at(90)}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "就诊时间不能晚于现在" in text(answer)
    assert "id_started_at_error" in text(answer)


def test_only_who_may_write_starts_a_visit(cast, enter):
    assert enter("li").get(url("start", cast.patient)).status_code == 403
    assert enter("admin").get(url("start", cast.patient)).status_code == 403


def test_another_house_that_treats_reads_the_visit_but_does_not_write_in_it(cast, enter, visit):
    browser = enter("zhao")  # keeps the health record of 陈桂香
    assert browser.get(visit.get_absolute_url()).status_code == 200
    assert browser.get(url("describe", visit)).status_code == 403
    assert browser.post(url("end", visit), {"ended_at": at()}).status_code == 403


def test_complaint_history_and_treatment_are_written_until_the_end(cast, enter, visit):
    browser = enter("wang")
    values = {"complaint": "胸闷", "history": "两周", "treatment": "休息"}
    assert browser.post(url("describe", visit), values).status_code == 302
    assert "休息" in text(browser.get(visit.get_absolute_url()))
    answer = browser.post(url("describe", visit), {"complaint": "长" * 201}, headers=HTMX)
    assert answer.status_code == 422
    values = {"ended_at": at(), "discharge_way": "1", "outcome": "2"}
    assert browser.post(url("end", visit), values).status_code == 302
    assert "好转" in text(browser.get(visit.get_absolute_url()))
    assert browser.post(url("describe", visit), {"complaint": "改"}).status_code == 409


def test_a_visit_does_not_end_before_it_began_nor_tomorrow(cast, enter, visit):
    browser = enter("wang")
    for minutes, sentence in ((-120, "结束时间不能早于就诊时间"), (90, "结束时间不能晚于现在")):
        answer = browser.post(url("end", visit), {"ended_at": at(minutes)}, headers=HTMX)
        assert answer.status_code == 422
        assert sentence in text(answer)


def test_a_stay_ends_with_the_way_of_leaving(cast, enter, visit):
    Encounter.objects.filter(pk=visit.pk).update(kind="inpatient")
    answer = enter("wang").post(url("end", visit), {"ended_at": at()}, headers=HTMX)
    assert answer.status_code == 422
    assert "住院结束须填写离院方式" in text(answer)


def test_a_diagnosis_takes_its_name_from_the_code(cast, enter, visit):
    browser = enter("wang")
    values = {"code": "i10", "main": "on", "diagnosed_on": timezone.localdate()}
    assert browser.post(url("add", visit, "diagnosis"), values).status_code == 302
    assert Diagnosis.objects.get().name
    answer = browser.post(url("add", visit, "diagnosis"), {**values, "code": "QQ9"}, headers=HTMX)
    assert answer.status_code == 422
    assert "没有编码“QQ9”" in text(answer)
    assert "id_code_error" in text(answer)


def test_vital_signs_are_written_together_or_not_at_all(cast, enter, visit):
    browser = enter("wang")
    taken = {"systolic": "152", "diastolic": "94", "pulse": "78", "temperature": "36.6"}
    assert browser.post(url("measure", visit), {**taken, "measured_at": at()}).status_code == 302
    assert Observation.objects.count() == 4
    shown = text(browser.get(cast.patient.get_absolute_url()))
    assert "收缩压 152 mmHg ↑" in shown
    assert "舒张压 94 mmHg ↑" in shown
    assert "152/94 mmHg" in shown
    assert "36.6 ℃" in shown
    assert "上次 152 mmHg" in text(browser.get(url("measure", visit)))


@pytest.mark.parametrize(
    ("taken", "sentence"),
    [
        ({"systolic": "999"}, "收缩压 999 mmHg 不在可能的范围"),
        ({"temperature": "3.66"}, "不在可能的范围"),
        ({"systolic": "80", "diastolic": "120"}, "舒张压应低于收缩压"),
        ({}, "请至少填写一项"),
    ],
)
def test_a_sign_that_no_body_can_have_is_refused_with_all_others(
    cast, enter, visit, taken, sentence
):
    answer = enter("wang").post(
        url("measure", visit),
        {"pulse": "78" if taken else "", **taken, "measured_at": at()},
        headers=HTMX,
    )
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not Observation.objects.exists()


def test_allergy_and_medicine_are_noted_and_a_medicine_is_stopped(cast, enter, visit):
    browser = enter("wang")
    today = timezone.localdate()
    answer = browser.post(
        url("add", visit, "allergy"), {"substance": "青霉素", "code": "101", "noted_on": today}
    )
    assert answer.status_code == 302
    assert Allergy.objects.get().system == "allergen-kind"
    values = {
        "intent": "order",
        "name": "阿司匹林",
        "dose_value": "100",
        "dose_unit": "mg",
        "frequency_code": "qd",
        "started_on": today,
    }
    assert browser.post(url("add", visit, "medication"), values).status_code == 302
    medicine = Medication.objects.get()
    assert "阿司匹林 100 mg 每日一次" in text(browser.get(cast.patient.get_absolute_url()))
    before = today - timedelta(days=1)
    answer = browser.post(url("stop", medicine), {"on": before}, headers=HTMX)
    assert answer.status_code == 422
    assert "停用日期不能早于开始日期" in text(answer)
    assert browser.post(url("stop", medicine), {"on": today}).status_code == 302
    answer = browser.post(
        url("add", visit, "allergy"),
        {"substance": "头孢", "noted_on": today + timedelta(days=1)},
        headers=HTMX,
    )
    assert answer.status_code == 422
    assert "记录日期不能晚于现在" in text(answer)


def test_there_is_no_form_for_a_kind_that_does_not_exist(cast, enter, visit):
    assert enter("wang").get(url("add", visit, "horoscope")).status_code == 404
    assert enter("wang").get(reverse("record:void", args=["x", visit.pk])).status_code == 404


# ----------------------------------------------------------------------------------- documents


def test_a_document_is_filed_and_opened_by_those_who_treat(cast, enter, visit, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    browser = enter("wang")
    sent = {"kind": "report", "file": SimpleUploadedFile("ecg.pdf", PDF)}
    assert browser.post(url("file", visit), sent).status_code == 302
    paper = Document.objects.get()
    answer = browser.get(paper.get_absolute_url())
    assert b"".join(answer.streaming_content) == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    put_back(answer)
    answer = browser.get(paper.get_absolute_url(), {"download": 1})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    put_back(answer)
    assert enter("liu").get(paper.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("virus.pdf", b"MZ\x90 not a pdf", "不是 PDF、PNG 或 JPEG 文件"),
        ("empty.pdf", b"", "是空文件"),
        ("huge.pdf", b"%PDF-" + b"0" * (1024 * 1024), "超过"),
    ],
)
def test_a_file_that_cannot_be_filed_is_refused_with_a_sentence(
    cast, enter, visit, monkeypatch, name, content, sentence
):
    limits = {"attachment.max_megabytes": 1}
    told = parameters.get
    monkeypatch.setattr(
        "xinglin.kernel.parameters.get",
        lambda key, *more: limits.get(key) or told(key, *more),
    )
    sent = {"kind": "report", "file": SimpleUploadedFile(name, BytesIO(content).getvalue())}
    answer = enter("wang").post(url("file", visit), sent, headers=HTMX)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "id_file_error" in text(answer)
    assert not Document.objects.exists()


def test_a_file_that_is_gone_is_not_found(cast, enter, report):
    report.file.storage.delete(report.file.name)
    assert enter("wang").get(report.get_absolute_url()).status_code == 404


# ---------------------------------------------------------------------------------- striking out


def test_a_wrong_fact_is_struck_out_with_a_reason_and_stays_to_be_seen(cast, enter, visit):
    browser = enter("wang")
    address = reverse("record:void", args=["encounter", visit.pk])
    assert browser.post(address, {"note": "无"}, headers=HTMX).status_code == 422
    assert browser.post(address, {"reason": "wrong-person"}).status_code == 302
    person = cast.patient.get_absolute_url()
    assert "胸闷" not in text(browser.get(person))
    assert "已由王医生作废：记错了人" in text(browser.get(person, {"voided": "on"}))
    assert "已由王医生作废" in text(browser.get(visit.get_absolute_url()))
    assert browser.post(address, {"reason": "other"}).status_code == 409
    values = {"code": "I10", "diagnosed_on": timezone.localdate()}
    assert browser.post(url("add", visit, "diagnosis"), values).status_code == 409


def test_another_house_does_not_strike_out_what_it_did_not_write(cast, enter, visit):
    address = reverse("record:void", args=["encounter", visit.pk])
    assert enter("zhao").post(address, {"reason": "other"}).status_code == 403
