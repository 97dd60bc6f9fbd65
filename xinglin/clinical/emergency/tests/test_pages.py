"""The person's door: two taps, one tap a step, a page that asks whether anything changed."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency.models import GreenCase, State
from xinglin.clinical.emergency.tests import factories as road
from xinglin.kernel.models import TrailEntry

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def address(case: GreenCase, name: str = "") -> str:
    return case.get_absolute_url() + (f"{name}/" if name else "")


def test_two_taps_start_a_case(cast, enter):
    browser = enter("zhao")
    page = browser.get(f"/emergency/new/?person={cast.patient.pk}")
    assert "胸痛" in page.content.decode()
    assert "青山县人民医院" in page.content.decode()
    answer = browser.post("/emergency/new/", {"person": cast.patient.pk, "kind": "stroke"})
    case = GreenCase.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == case.get_absolute_url()
    assert (case.from_org, case.to_org, case.unknown) == (cast.village, cast.hospital, False)
    again = browser.post("/emergency/new/", {"person": cast.patient.pk, "kind": "stroke"})
    assert again.status_code == 409
    assert case.number in again.content.decode()


def test_without_a_person_it_starts_for_somebody_unknown(cast, enter):
    enter("wang").post("/emergency/new/", {"kind": "trauma", "sex_seen": "2", "age_about": "30"})
    case = GreenCase.objects.get()
    assert case.unknown
    assert case.patient == "女 约 30 岁"


def test_a_wrong_kind_is_a_sentence(cast, enter):
    answer = enter("wang").post("/emergency/new/", {"kind": "hiccup"})
    assert answer.status_code == 422
    assert "hiccup" in answer.content.decode()


def test_one_tap_stamps_now_and_answers_with_the_live_part(cast, enter):
    case = road.confirmed(cast)
    answer = enter("wang").post(
        address(case, "stamp"), {"now": "depart"}, headers={"HX-Request": "true"}
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in text
    assert "转运中" in text
    assert answer["ETag"]
    assert GreenCase.objects.get().state == State.ON_THE_WAY


def test_an_open_page_learns_cheaply_that_nothing_changed(
    cast, enter, django_assert_max_num_queries
):
    case = road.opened(cast)
    county, township = enter("li"), enter("wang")
    tag = re.search(r'data-tag="([^"]+)"', county.get(address(case)).content.decode())[1]
    tag = tag.replace("&quot;", '"')
    with django_assert_max_num_queries(5):
        still = county.get(address(case, "live"), headers={"If-None-Match": tag})
    assert still.status_code == 304
    assert not still.content
    township.post(address(case, "stamp"), {"now": "decision"})
    news = county.get(address(case, "live"), headers={"If-None-Match": tag})
    assert news.status_code == 200
    assert news["ETag"] != tag
    step = re.search(r'id="step-decision" class="([^"]+)"', news.content.decode())[1]
    assert "is-done" in step
    assert (
        county.get(address(case, "live"), headers={"If-None-Match": news["ETag"]}).status_code
        == 304
    )


def test_the_board_of_the_other_house_changes_too(cast, enter):
    county = enter("li")
    board = county.get("/emergency/").content.decode()
    tag = re.search(r'data-tag="([^"]+)"', board)[1].replace("&quot;", '"')
    assert "现在没有进行中的病例" in board
    assert county.get("/emergency/live/", headers={"If-None-Match": tag}).status_code == 304
    case = road.opened(cast)
    news = county.get("/emergency/live/", headers={"If-None-Match": tag})
    assert case.person.name in news.content.decode()


def test_every_act_of_the_page(cast, enter):
    case = road.opened(cast)
    sender, receiver = enter("wang"), enter("li")
    done = [
        receiver.post(
            address(case, "confirm"),
            {"confirm-prepared": ["team", "ct"], "confirm-place": "抢救室"},
        ),
        sender.post(
            address(case, "observe"),
            {
                "observe-systolic": "180",
                "observe-diastolic": "100",
                "observe-measured_at": road.typed(1),
            },
        ),
        sender.post(address(case, "attach"), {"attach-file": SimpleUploadedFile("e.png", PNG)}),
        sender.post(address(case, "describe"), {"describe-vehicle_status": "06"}),
        sender.post(address(case, "stamp"), {"stamp-step": "ecg", "stamp-at": ""}),
        enter("chen").post(address(case, "prepare"), {"prepare-prepared": ["cath-lab"]}),
        receiver.post(address(case, "stamp"), {"now": "door"}),
        enter("chen").post(address(case, "admit"), {"admit-department": "急诊科"}),
    ]
    assert [answer.status_code for answer in done] == [302] * len(done)
    page = receiver.get(address(case)).content.decode()
    for words in ("收缩压", "心电图", "病人上车", "导管室已激活", "已到院"):
        assert words in page
    paper = case.documents.get()
    assert receiver.get(f"{address(case)}documents/{paper.pk}/").status_code == 200
    assert enter("liu").get(f"{address(case)}documents/{paper.pk}/").status_code == 404


def test_a_refusal_stands_beside_its_field(cast, enter):
    case = road.opened(cast)
    answer = enter("wang").post(address(case, "stand-down"), {"stand-down-code": ""})
    assert answer.status_code == 422
    answer = enter("wang").post(
        address(case, "correct"),
        {
            "correct-step": "contact",
            "correct-at": road.typed(-60),
            "correct-code": "mistyped",
        },
    )
    assert answer.status_code == 422
    assert "时间不能晚于现在" in answer.content.decode()


def test_strangers_get_404_everywhere(cast, enter):
    case = road.opened(cast)
    for part in ("stranger", "liu", "zheng"):
        browser = enter(part)
        for name in ("", "live"):
            assert browser.get(address(case, name)).status_code == 404
        assert browser.post(address(case, "stamp"), {"now": "ecg"}).status_code == 404


def test_a_reading_is_traced_and_a_304_is_none(cast, enter):
    case = road.opened(cast)
    browser = enter("li")
    tag = browser.get(address(case, "live"))["ETag"]
    lines = TrailEntry.objects.filter(kind="read", verb="emergency.read")
    assert lines.filter(person_id=cast.patient.pk).count() == 1
    browser.get(address(case, "live"), headers={"If-None-Match": tag})
    assert lines.count() == 1


def test_the_page_names_no_acts_to_the_office(cast, enter):
    case = road.opened(cast)
    page = enter("sun").get(address(case)).content.decode()
    assert 'name="now"' not in page
    assert 'data-open="act-' not in page


def test_the_report_counts_by_kind_and_house_and_opens_what_it_counted(cast, enter):
    case = road.opened(cast, kind="chest-pain")
    emergencies.stamp(case, by=cast.wang, step="ecg")
    emergencies.correct(case, by=cast.wang, step="contact", at=road.ago(25), code="late-entry")
    browser = enter("sun")
    page = browser.get("/emergency/report/").content.decode()
    link = re.search(r'href="(/emergency/all/\?[^"]*step=ecg[^"]*)"', page)[1]
    found = browser.get(link.replace("&amp;", "&")).content.decode()
    assert case.get_absolute_url() in found
    assert (
        "没有符合条件的病例"
        in browser.get(link.replace("&amp;", "&").replace("chest-pain", "stroke")).content.decode()
    )
    table = browser.get("/emergency/report/export/").content.decode()
    row = next(line for line in table.splitlines() if "首份心电图" in line and "合计" in line)
    assert row.split(",")[4:9] == ["10", "1", "25", "25", "0"] or row.split(",")[8] == "0"
    assert enter("zheng").get("/emergency/report/").status_code == 200
    assert enter("zhao").get("/emergency/report/").status_code == 403


def test_the_person_page_shows_the_running_case(cast, enter):
    case = road.opened(cast)
    page = enter("wang").get(cast.patient.get_absolute_url()).content.decode()
    assert case.get_absolute_url() in page
