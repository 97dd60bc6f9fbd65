"""The doors of agreements: pages, REST, FHIR."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests import cast as county_of
from tests.fhir import assert_valid
from xinglin.kernel.access import system
from xinglin.registry.agreements import fhir
from xinglin.registry.agreements.models import Agreement, State

PDF = b"%PDF-1.4\n%signed\n"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def own(cast) -> Agreement:
    return Agreement.objects.get(county=cast.region, title="青山县医共体双向转诊协议")


def typed(cast, **more: Any) -> dict[str, Any]:
    """What the office types: the terms and two parties, a third row left empty."""
    today = timezone.localdate()
    given = {
        "kind": "consultation",
        "number": "XY-HZ-1",
        "title": "远程会诊协议",
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=365)).isoformat(),
        "departments": "心内科\n神经内科",
        "diagnoses": "I20；I63",
        "services": "",
        "quota": "120",
        "quota_by": "month",
        "answer_hours": "4",
        "reserved_percent": "20",
        "visits_per_month": "2",
        "first_duties": "按时提交病历资料",
        "second_duties": "4 小时内出具意见\n每月下派专家 2 次",
        "parties-TOTAL_FORMS": "3",
        "parties-INITIAL_FORMS": "0",
    }
    rows = (
        {"organisation": cast.hospital.pk, "side": "1", "extent": "below", "role": "sends"},
        {"organisation": cast.city.pk, "side": "2", "extent": "house", "role": "receives"},
        {"organisation": "", "side": "1", "extent": "house", "role": "both"},
    )
    for place, row in enumerate(rows):
        for name, value in {"signer": "院长" if place < 2 else "", **row}.items():
            given[f"parties-{place}-{name}"] = str(value)
    return {**given, **more}


# ------------------------------------------------------------------------------------------ pages


def test_the_office_writes_files_and_signs_an_agreement(cast, enter):
    sun = enter("sun")
    assert sun.get("/agreements/new/").status_code == 200
    answer = sun.post("/agreements/new/", typed(cast), follow=True)
    assert answer.status_code == 200
    agreement = Agreement.objects.get(number="XY-HZ-1")
    assert agreement.departments == ["心内科", "神经内科"]
    assert agreement.diagnoses == ["I20", "I63"]
    assert len(agreement.in_order) == 2
    page = f"/agreements/{agreement.pk}/"
    told = sun.post(f"{page}act/sign/", {"sign-signed_on": timezone.localdate().isoformat()})
    assert told.status_code == 422
    assert "请先上传" in told.content.decode()
    upload = {"paper-file": SimpleUploadedFile("协议.pdf", PDF)}
    sun.post(f"{page}papers/", upload)
    paper = agreement.papers.get()
    assert b"".join(sun.get(f"{page}papers/{paper.pk}/").streaming_content) == PDF
    sun.post(f"{page}act/sign/", {"sign-signed_on": timezone.localdate().isoformat()})
    agreement.refresh_from_db()
    assert agreement.state == State.IN_FORCE
    told = enter("li").get(page).content.decode()
    assert "每月下派专家 2 次" in told
    assert "120" in told
    assert "act-sign" not in told


def test_what_is_typed_wrong_comes_back_beside_it(cast, enter):
    sun = enter("sun")
    wrong = typed(cast, diagnoses="心绞痛", valid_until="2020-01-01")
    answer = sun.post("/agreements/new/", wrong)
    assert answer.status_code == 422
    assert "不是 ICD-10 编码" in answer.content.decode()
    assert "远程会诊协议" in answer.content.decode()
    alone = typed(cast, **{"parties-1-organisation": "", "parties-1-signer": ""})
    assert "至少要有两方" in sun.post("/agreements/new/", alone).content.decode()
    nobody = typed(cast, **{"parties-1-organisation": ""})
    assert sun.post("/agreements/new/", nobody).status_code == 422


def test_one_more_row_keeps_what_was_typed(cast, enter):
    page = enter("sun").post("/agreements/new/", typed(cast, more="1")).content.decode()
    assert "parties-3-organisation" in page
    assert "远程会诊协议" in page
    assert not Agreement.objects.filter(number="XY-HZ-1").exists()


def test_the_history_tells_that_the_parties_changed(cast, enter):
    sun = enter("sun")
    sun.post("/agreements/new/", typed(cast))
    page = Agreement.objects.get(number="XY-HZ-1").get_absolute_url()
    assert sun.get(f"{page}edit/").status_code == 200
    changed = typed(cast, **{"parties-2-organisation": str(cast.township.pk), "quota": "7"})
    assert sun.post(f"{page}edit/", changed).status_code == 302
    told = sun.get(page).content.decode()
    assert "额度：120 → 7" in told
    assert "协议各方" in told


@pytest.mark.parametrize("rows", ["-1", "x", "", "99999"])
def test_a_made_up_number_of_rows_breaks_nothing(cast, enter, rows):
    for more in ({}, {"more": "1"}):
        wrong = typed(cast, **{"parties-TOTAL_FORMS": rows, **more})
        assert enter("sun").post("/agreements/new/", wrong).status_code in (200, 302, 422)


def test_the_list_has_first_what_ends_first(cast, enter):
    by, today = system(cast.region.pk), timezone.localdate()
    houses = [(cast.hospital, "below"), (cast.city, "house")]
    soon = county_of.agree(by, houses, title="快到期", valid_until=today + timedelta(days=10))
    page = enter("sun").get("/agreements/").content.decode()
    assert page.index("快到期") < page.index(own(cast).title)
    assert "还剩 10 天" in page
    only = enter("sun").get("/agreements/?tab=soon").content.decode()
    assert soon.number in only
    assert own(cast).number not in only
    assert "没有符合条件的协议" in enter("sun").get("/agreements/?kind=supply").content.decode()


def test_a_renewal_begins_with_what_is_known(cast, enter):
    page = enter("sun").get(f"/agreements/{own(cast).pk}/renew/").content.decode()
    assert "青山县人民医院" in page
    assert f"{own(cast).number}-续" in page


def test_a_page_of_agreements_costs_few_queries(cast, enter, django_assert_max_num_queries):
    by = system(cast.region.pk)
    houses = [(cast.hospital, "below"), (cast.city, "house")]
    for number in range(6):
        county_of.agree(by, houses, title=f"协议{number}", quota=10 + number)
    sun = enter("sun")
    sun.get("/agreements/")
    with django_assert_max_num_queries(12):
        sun.get("/agreements/")


def test_strangers_find_nothing(cast, enter):
    page = f"/agreements/{own(cast).pk}/"
    paper = own(cast).papers.get()
    for path in (page, f"{page}edit/", f"{page}renew/", f"{page}papers/{paper.pk}/"):
        assert enter("stranger").get(path).status_code == 404
    assert enter("stranger").post(f"{page}act/end/", {"end-reason": "x"}).status_code == 404
    assert enter("ma").get("/agreements/").status_code == 200
    assert enter("ma").get(page).status_code == 404


def test_a_doctor_reads_and_changes_nothing(cast, enter):
    page = f"/agreements/{own(cast).pk}/"
    wang = enter("wang")
    assert wang.get(page).status_code == 200
    assert wang.get("/agreements/new/").status_code == 403
    assert wang.post(f"{page}act/end/", {"end-reason": "不要了"}).status_code == 403
    assert wang.get(f"{page}edit/").status_code == 302


# ------------------------------------------------------------------------------------------- REST


def office(cast) -> Client:
    client = Client()
    client.force_login(cast.users["sun"])
    return client


def test_rest_writes_signs_suspends_ends_and_renews(cast):
    rest, today = office(cast), timezone.localdate()
    body = {
        "number": "XY-R-1",
        "title": "与省立医院双向转诊协议",
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=30)).isoformat(),
        "diagnoses": ["I20"],
        "parties": [
            {"organisation": str(cast.hospital.pk), "extent": "below", "signer": "甲"},
            {"organisation": str(cast.city.pk), "side": "2"},
        ],
    }
    json = "application/json"
    made = rest.post("/api/v1/agreements", body, json)
    assert made.status_code == 201, made.content
    home = f"/api/v1/agreements/{made.json()['id']}"
    signing = {"signed_on": today.isoformat()}
    assert rest.post(f"{home}/sign", signing, json).status_code == 422
    parties = [*body["parties"][:1], {**body["parties"][1], "signer": "乙"}]
    assert rest.patch(home, {"parties": parties}, json).status_code == 200
    file = {"file": SimpleUploadedFile("a.pdf", PDF), "title": "盖章页"}
    filed = rest.post(f"{home}/documents", file)
    assert filed.status_code == 201, filed.content
    paper = filed.json()["papers"][0]
    assert rest.get(f"{home}/documents/{paper['id']}").status_code == 200
    signed = rest.post(f"{home}/sign", signing, json).json()
    assert (signed["state"], signed["acts"]) == ("in-force", ["renew", "suspend", "end"])

    def asked(**more: str) -> dict[str, Any]:
        ends = {"from_org": str(cast.village.pk), "to_org": str(cast.city.pk), **more}
        return rest.get("/api/v1/agreements/covering", ends).json()

    assert asked(diagnosis="I20.0")["covered"] is True
    assert asked(diagnosis="J18.9")["verdict"] == "diagnosis"
    assert asked(on="2020-01-01")["verdict"] == "not-yet"
    assert rest.post(f"{home}/suspend", {"reason": "改造"}, json).json()["state"] == "suspended"
    assert "暂停" in asked()["sentence"]
    assert rest.post(f"{home}/resume", {}, json).json()["state"] == "in-force"
    renewed = rest.post(f"{home}/renew", {"title": "新协议"}, json)
    assert renewed.status_code == 201, renewed.content
    assert renewed.json()["follows"] == made.json()["id"]
    assert rest.post(f"{home}/end", {"reason": "双方同意"}, json).json()["state"] == "ended"
    listed = rest.get("/api/v1/agreements", {"kind": "referral", "house": str(cast.city.pk)})
    assert listed.json()["count"] == 2


def test_rest_says_what_is_wrong(cast):
    rest = office(cast)
    wrong = rest.post("/api/v1/agreements", {"number": "x"}, "application/json")
    assert wrong.status_code == 422
    assert {each["field"] for each in wrong.json()["errors"]} >= {"title", "valid_from"}
    assert rest.get("/api/v1/agreements/covering").status_code == 422


def test_rest_keeps_strangers_out(cast):
    client = Client()
    client.force_login(cast.users["stranger"])
    assert client.get(f"/api/v1/agreements/{own(cast).pk}").status_code == 404
    assert client.get("/api/v1/agreements").json()["count"] == 0
    ends = {"from_org": str(cast.village.pk), "to_org": str(cast.city.pk)}
    assert client.get("/api/v1/agreements/covering", ends).status_code == 422


# ------------------------------------------------------------------------------------------- FHIR


def test_an_agreement_is_a_contract(cast):
    agreement = own(cast)
    agreement.departments, agreement.diagnoses, agreement.quota = ["心内科"], ["I20"], 50
    agreement.first_duties, agreement.answer_hours = ["提供病历"], 4
    told = fhir.to_fhir(agreement)
    assert_valid(told)
    assert told["status"] == "executed"
    assert [each["display"] for each in told["subject"]] == ["青山县医共体", "青山县人民医院"]
    for state in State:
        agreement.state = state
        assert_valid(fhir.to_fhir(agreement))


def test_contracts_are_searched_by_their_parties_only(cast, enter):
    his = enter("wang")
    found = his.get(f"/fhir/Contract?identifier={own(cast).number}&status=executed")
    assert found.json()["total"] == 1
    assert his.get("/fhir/Contract?status=negotiable").json()["total"] == 0
    assert enter("stranger").get("/fhir/Contract").json()["total"] == 0
