"""The ranked destinations and the kept place through the page, htmx and REST."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity.models import Booking, State
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import placing

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(county_at_noon):
    return placing.ready(county_at_noon)


@pytest.fixture
def wang(county, client):
    client.force_login(county.users["wang"])
    return client


@pytest.fixture
def li(county, client):
    client.force_login(county.users["li"])
    return client


def typed(county, **facts):
    """The form as a browser sends it."""
    letter = cast.letter(county)
    names = (
        *("to_department", "doctor", "urgency", "kind", "diagnosis_code", "symptoms"),
        *("past_history", "allergies", "treatment", "reason_code", "consent_method"),
        "consent_signer",
    )
    return {
        **{name: getattr(letter, name) for name in names},
        "diagnosis_name": "不稳定性心绞痛",
        "person": str(county.patient.pk),
        "to_org": str(county.hospital.pk),
        "diagnosed_on": timezone.localdate().isoformat(),
        "consented_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
        **facts,
    }


def asked(client, county, **facts):
    return client.post("/referrals/destinations/", {**typed(county), "field": "place", **facts})


def test_the_list_comes_with_the_form_and_is_asked_for_again_as_it_changes(wang, county):
    page = wang.get("/referrals/new/").content.decode()
    assert 'hx-post="/referrals/destinations/" hx-trigger="change' in page
    assert str(county.hospital) in page.partition("推荐去向")[2].partition("不预约")[0]


def test_a_draft_remembers_the_place_that_was_chosen_and_holds_nothing(wang, county):
    chosen = f"slot:{placing.slot().pk}"
    answer = wang.post("/referrals/new/", {**typed(county), "place": chosen, "save": "1"})
    page = wang.get(answer["Location"] + "edit/").content.decode()
    assert re.search(rf'value="{chosen}"[^>]* checked', page)
    assert not Booking.objects.exists()


def test_the_list_tells_place_reason_and_order(wang, county):
    page = asked(wang, county).content.decode()
    assert f'value="slot:{placing.slot().pk}"' in page
    assert "最早 明天 08:00" in page
    assert "协议内" in page
    assert "为什么这样排序" in page
    assert "不具备：心内科。" in page


def test_the_first_four_are_seen_and_a_choice_among_the_others_unfolds_them(
    wang, county, monkeypatch
):
    monkeypatch.setattr(import_module("xinglin.clinical.referral.views.destinations"), "FIRST", 1)
    told = {"to_department": "", "diagnosis_code": "J18.9"}
    page = asked(wang, county, **told).content.decode()
    seen, _summary, folded = page.partition("个去向</summary>")
    places = re.findall(r'value="((?:slot|house|ward):[^"]+)"', folded)
    assert len(re.findall(r'value="(?:slot|house|ward):', seen)) == 1
    assert places
    assert '<details class="destination-more" open>' not in page
    again = asked(wang, county, **told, place=places[0]).content.decode()
    assert '<details class="destination-more" open>' in again


def test_the_same_question_needs_no_new_answer(wang, county):
    page = asked(wang, county).content.decode()
    question = page.split('name="place-question" value="')[1].split('"')[0]
    again = asked(wang, county, **{"place-question": question})
    assert again.status_code == 204
    other = asked(wang, county, **{"place-question": question, "kind": "inpatient"})
    assert "有床 2" in other.content.decode()


def test_what_the_choice_wrote_is_not_a_new_question(wang, county):
    first = asked(wang, county, to_department="").content.decode()
    question = first.split('name="place-question" value="')[1].split('"')[0]
    told = {"place-question": question, "place-department": "", "to_department": "心内科"}
    place = f"slot:{placing.slot().pk}"
    assert asked(wang, county, place=place, **told).status_code == 204


def test_a_reason_to_send_down_lists_the_houses_below(wang, county):
    answer = asked(wang, county, to_department="", reason_code="chronic-management")
    page = answer.content.decode()
    assert str(county.village) in page
    assert str(county.hospital) not in page
    upwards = asked(wang, county, to_department="", reason_code="equipment").content.decode()
    assert str(county.hospital) in upwards


def test_nonsense_in_the_form_is_answered(wang, county):
    told = {"urgency": "x", "kind": "y", "person": "z", "diagnosis_code": "？", "reason_code": "q"}
    assert asked(wang, county, **told).status_code == 200


def test_who_sends_nobody_sees_no_list(client, county):
    client.force_login(county.users["stranger"])
    assert "青山县人民医院" not in asked(client, county).content.decode()


def test_one_click_and_submit_hold_the_slot(wang, county):
    place = f"slot:{placing.slot().pk}"
    sent = wang.post("/referrals/new/", typed(county, submit="1", place=place))
    assert sent.status_code == 302, sent.content.decode()
    referral = Referral.objects.get()
    assert Booking.objects.get(subject_id=referral.pk).state == State.HELD
    page = wang.get(sent.url).content.decode()
    assert "预约的号源或床位" in page
    assert "占号中" in page


def test_without_scripts_the_choice_names_the_house(wang, county):
    place = f"slot:{placing.slot().pk}"
    told = typed(county, submit="1", place=place, to_org="", to_department="")
    assert wang.post("/referrals/new/", told).status_code == 302
    assert Referral.objects.get().to_department == "心内科"


def test_a_slot_taken_meanwhile_is_a_sentence_beside_the_list(wang, county):
    placing.filled(county, placing.slot())
    place = f"slot:{placing.slot().pk}"
    answer = wang.post("/referrals/new/", typed(county, submit="1", place=place))
    assert answer.status_code == 422
    assert "号源已满" in answer.content.decode()
    assert not Referral.objects.exists()


@pytest.mark.parametrize("place", ["slot:x", "slot:", "hotel:1", "slot:" + "0" * 32])
def test_a_made_up_place_is_a_sentence(wang, county, place):
    answer = wang.post("/referrals/new/", typed(county, submit="1", place=place))
    assert answer.status_code == 422
    assert "已不存在" in answer.content.decode()


def test_the_desk_chooses_another_time(li, county):
    referral = referrals.submit(cast.letter(county), by=county.wang, place=placing.slot())
    page = li.get(referral.get_absolute_url()).content.decode()
    assert "保留转出方预占的" in page
    other = f"slot:{placing.slot('09:00').pk}"
    li.post(f"{referral.get_absolute_url()}accept/", {"accept-slot_or_bed": other})
    referral.refresh_from_db()
    assert referral.expected_at == placing.slot("09:00").start_at


def test_the_desk_accepts_and_keeps_nothing(li, county):
    referral = referrals.submit(cast.letter(county), by=county.wang, place=placing.slot())
    li.post(f"{referral.get_absolute_url()}accept/", {"accept-slot_or_bed": "none"})
    assert placing.kept(referral) == []


def test_redirect_offers_the_ranking_and_keeps_the_place(wang, county):
    referral = referrals.decline(
        referrals.submit(cast.letter(county), by=county.wang),
        by=county.li,
        code="no-bed",
        alternative="改约",
    )
    url = f"/referrals/destinations/?referral={referral.pk}"
    page = wang.post(url, {"field": "redirect-place"}).content.decode()
    place = f"slot:{placing.slot().pk}"
    assert f'name="redirect-place" value="{place}"' in page
    wang.post(f"{referral.get_absolute_url()}redirect/", {"redirect-place": place})
    assert len(placing.kept(referral)) == 1


def test_the_letter_names_place_and_time(wang, county):
    referral = referrals.submit(cast.letter(county), by=county.wang, place=placing.slot())
    assert wang.get(f"{referral.get_absolute_url()}letter.pdf").status_code == 200


# --------------------------------------------------------------------------------------- REST


def post(client, url, body):
    return client.post(url, json.dumps(body), content_type="application/json")


def test_rest_ranks(wang, county):
    told = wang.get("/api/v1/referrals/destinations?diagnosis_code=I20.0&to_department=心内科")
    assert told.status_code == 200, told.content
    first = told.json()["items"][0]
    assert first["organisation"]["name"] == "青山县人民医院"
    assert first["slot"] == str(placing.slot().pk)
    assert first["points"] == pytest.approx(sum(s["points"] for s in first["shares"]), abs=0.01)
    assert told.json()["excluded"]


def test_rest_holds_with_the_request_and_tells_the_place(wang, county):
    body = {
        **{k: v for k, v in typed(county).items() if k != "consented_at"},
        "consented_at": timezone.now().isoformat(),
        "slot": str(placing.slot().pk),
    }
    made = post(wang, "/api/v1/referrals", body)
    assert made.status_code == 201, made.content
    place = wang.get(f"{made.headers['Location']}/place").json()
    assert (place["slot"], place["state"]) == (str(placing.slot().pk), "held")


def test_rest_accepts_with_a_bed_and_redirects(li, county):
    referral = referrals.submit(cast.letter(county, kind="inpatient"), by=county.wang)
    url = f"/api/v1/referrals/{referral.pk}"
    assert li.get(f"{url}/place").json() is None
    done = post(li, f"{url}/accept", {"ward": str(placing.ward().pk)})
    assert done.status_code == 200, done.content
    assert li.get(f"{url}/place").json()["where"] == "心内病区 1 床"


def test_rest_refuses_two_places_and_a_full_one(wang, county):
    placing.filled(county, placing.slot())
    referral = referrals.draft(cast.letter(county), by=county.wang)
    url = f"/api/v1/referrals/{referral.pk}/submit"
    both = {"slot": str(placing.slot().pk), "ward": str(placing.ward().pk)}
    assert post(wang, url, both).status_code == 422
    full = post(wang, url, {"slot": str(placing.slot().pk)})
    assert full.status_code == 409
    assert full.json()["type"].endswith("place-gone")
    referral.refresh_from_db()
    assert referral.state == "draft"


def test_rest_place_of_somebody_elses_referral_is_not_found(client, county):
    referral = referrals.submit(cast.letter(county), by=county.wang, place=placing.slot())
    client.force_login(county.users["stranger"])
    assert client.get(f"/api/v1/referrals/{referral.pk}/place").status_code == 404
