"""The doors: who is let in, what is refused beside the field, what the resident and officer see."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.cast import card_of, hire, resident
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy import flags
from xinglin.clinical.privacy.models import (
    BreakGlass,
    Consent,
    Mark,
    Review,
    Vip,
    forget_lists,
    opened,
)
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said
from xinglin.registry.people import actions as people
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import User


def text(response):
    if response.streaming:
        return b"".join(response.streaming_content).decode()
    return response.content.decode()


@pytest.fixture(autouse=True)
def fresh_lists():
    forget_lists()


@pytest.fixture
def officer(cast):
    return cast.qian


@pytest.fixture
def phone(cast):
    """陈桂香's telephone."""
    privacy.give_account(
        cast.patient,
        by=cast.zhao,
        presence=card_of(cast.patient, cast.zhao),
        username="13900000001",
        password="xinglin-test",
    )
    client = Client()
    client.force_login(User.objects.get(person=cast.patient))
    return client


def glass_url(person):
    return reverse("privacy:glass", args=[person.pk])


# ------------------------------------------------------------------------------ break-glass


def test_the_closed_page_offers_three_ways_and_glass_opens_it(cast, enter, officer):
    browser = enter("liu")
    shown = text(browser.get(cast.patient.get_absolute_url()))
    assert "病历未对本机构开放" in shown
    assert glass_url(cast.patient) in shown
    answer = browser.post(glass_url(cast.patient), {"reason_code": "", "reason": ""})
    assert answer.status_code == 422
    answer = browser.post(
        glass_url(cast.patient), {"reason_code": "emergency", "reason": "车祸送来，昏迷"}
    )
    assert answer.headers["Location"] == cast.patient.get_absolute_url()
    browser.get(cast.patient.get_absolute_url())
    line = TrailEntry.objects.filter(kind="read", verb="record.read").latest("id")
    assert said(line.basis).startswith("紧急查阅")


def test_strangers_and_idle_posts_find_no_door(cast, enter, phone, officer):
    review = Review(county_id=cast.region.pk, person=cast.patient, kind="dispute", state="waiting")
    doors = [
        glass_url(cast.patient),
        reverse("privacy:consents", args=[cast.patient.pk]),
        reverse("privacy:code", args=[cast.patient.pk]),
        reverse("privacy:take-over", args=[cast.patient.pk]),
        reverse("privacy:account", args=[cast.patient.pk]),
        reverse("privacy:review", args=[review.pk]),
        reverse("privacy:readings"),
        reverse("privacy:export"),
        reverse("privacy:flags"),
        reverse("privacy:reviews"),
        reverse("privacy:watched"),
        "/m/",
        "/m/record/",
        "/m/code/",
    ]
    for part in ("stranger", "strange_admin"):
        browser = enter(part)
        for door in doors:
            assert browser.get(door).status_code == 404, (part, door)
    for door in ("/privacy/", "/privacy/flags/", "/people/", "/referrals/", "/inbox/", "/search/"):
        assert phone.get(door).status_code == 404, door
    assert enter("wang").get("/privacy/").status_code == 404
    assert phone.get("/").headers["Location"] == "/m/"


# ------------------------------------------------------------------------------- REST


def rest(client, path, body=None, **more):
    if body is None:
        return client.get(f"/api/v1{path}", **more)
    return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", **more)


def test_rest_opens_a_record_by_proof_and_refuses_a_wrong_one(cast, enter):
    browser = enter("liu")
    address = f"/people/{cast.patient.pk}/open"
    answer = rest(browser, address, {"proof": "000000"})
    assert (answer.status_code, answer.json()["type"]) == (422, "about:xinglin/not-proven")
    answer = rest(browser, address, {"proof": cast.patient.id_number})
    assert answer.status_code == 200
    assert "核对身份证" in answer.json()["basis"]
    assert rest(enter("stranger"), address, {"proof": "000000"}).status_code == 404


def test_a_failed_proof_counts_though_the_request_could_be_repeated(cast, enter):
    """With an Idempotency-Key a refusal takes everything back but the failed try."""
    browser = enter("liu")
    address = f"/people/{cast.patient.pk}/open"
    for number in range(5):
        key = {"Idempotency-Key": f"try-{number}"}
        assert rest(browser, address, {"proof": "000000"}, headers=key).status_code == 422
    answer = rest(browser, address, {"proof": cast.patient.id_number})
    assert answer.json()["type"] == "about:xinglin/too-many-tries"


def test_rest_consents_glass_and_readings(cast, enter, phone, officer):
    body = {"person": str(cast.patient.pk), "house": str(cast.hospital.pk), "parts": ["allergy"]}
    made = rest(phone, "/consents", body)
    assert made.status_code == 201
    assert made.json()["method"] == "phone"
    assert rest(phone, "/consents").json()["count"] == 1
    assert rest(enter("chen"), "/consents").json()["count"] == 0
    answer = rest(phone, f"/consents/{made.json()['id']}/withdraw", {})
    assert answer.json()["stands"] is False
    answer = rest(
        enter("liu"),
        f"/people/{cast.patient.pk}/break-glass",
        {"reason_code": "emergency", "reason": "车祸送来，昏迷"},
    )
    assert answer.status_code == 201
    rest(enter("liu"), f"/people/{cast.patient.pk}/timeline")
    listed = rest(phone, "/readings").json()
    assert listed["count"] == 1
    assert listed["items"][0]["basis"].startswith("紧急查阅")
    assert rest(phone, "/break-glass").json()["count"] == 1
    assert rest(enter("wang"), "/readings").json()["count"] == 0
    assert rest(enter("qian"), "/readings").json()["count"] >= 1


def test_rest_starts_a_visit_with_proof(cast, enter):
    body = {
        "person": str(cast.patient.pk),
        "kind": "outpatient",
        "started_at": timezone.now().isoformat(),
        "proof": cast.patient.id_number,
    }
    assert rest(enter("liu"), "/encounters", body).status_code == 201
    assert rest(enter("liu"), f"/people/{cast.patient.pk}/timeline").json()["count"] == 1
    wrong = rest(enter("chen"), "/encounters", body | {"proof": "123456"})
    assert wrong.status_code == 422


# --------------------------------------------------------------------- the resident's own side


def test_the_resident_reads_allows_forbids_and_asks(cast, phone, officer):
    record.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.township,
            kind="outpatient",
            started_at=timezone.now(),
            complaint="活动后胸闷两周",
        ),
        by=cast.wang,
    )
    opened(cast.wang, cast.patient, parts="record")
    assert "陈桂香" in text(phone.get("/m/"))
    assert "活动后胸闷两周" in text(phone.get("/m/record/"))
    shown = text(phone.get("/m/readings/"))
    assert "王医生" in shown
    assert "全部病历" in shown
    line = TrailEntry.objects.get(user_id=cast.wang.user_id, kind="read")
    phone.post(reverse("resident:dispute", args=[line.pk]), {"said": "那天我没去"})
    assert Review.objects.get().said == "那天我没去"
    assert "待核查" in text(phone.get("/m/readings/"))

    phone.post("/m/consents/", {"effect": "deny", "house": cast.township.pk, "parts": ["allergy"]})
    row = Consent.objects.get()
    assert (row.signer, row.parts, row.effect) == ("陈桂香", ",allergy,", "deny")
    assert "不允许查阅" in text(phone.get("/m/consents/"))
    phone.post(reverse("resident:withdraw", args=[row.pk]))
    assert not Consent.objects.get().stands


def test_the_code_on_the_telephone_opens_the_record(cast, enter, phone):
    shown = phone.post("/m/code/")
    code = shown.context["code"]
    assert code in text(shown)
    assert "data:image/svg+xml;base64," in text(shown)
    browser = enter("liu")
    browser.post(reverse("record:open", args=[cast.patient.pk]), {"proof": code})
    assert "病历未对本机构开放" not in text(browser.get(cast.patient.get_absolute_url()))


def test_what_belongs_to_another_is_not_there(cast, phone):
    other = resident(cast.admin, cast.region, "周小妹", managed_by=cast.village)
    row = Consent(county_id=cast.region.pk, person=other, method="paper", signer="周小妹")
    privacy.record_consent(row, by=cast.zhao)
    opened(cast.zhao, other)
    line = TrailEntry.objects.filter(person_id=other.pk, kind="read").latest("id")
    assert phone.post(reverse("resident:withdraw", args=[row.pk])).status_code == 404
    assert phone.get(reverse("resident:dispute", args=[line.pk])).status_code == 404


# --------------------------------------------------------------------- houses and consents


def test_a_house_writes_paper_consents_and_prints_codes(cast, enter):
    browser = enter("zhao")
    address = reverse("privacy:consents", args=[cast.patient.pk])
    answer = browser.post(address, {"effect": "permit", "relation": "self", "signer": ""})
    assert answer.status_code == 422
    browser.post(address, {"effect": "permit", "relation": "self", "signer": "陈桂香"})
    row = Consent.objects.get()
    assert (row.method, row.recorded_by) == ("paper", "赵村医")
    browser.post(reverse("privacy:withdraw", args=[row.pk]))
    assert not Consent.objects.get().stands
    shown = browser.post(reverse("privacy:code", args=[cast.patient.pk]))
    assert shown.context["code"] in text(shown)
    assert enter("liu").get(address).status_code == 404


def test_custody_and_account_by_the_card(cast, enter):
    browser = enter("liu")
    keep = reverse("privacy:take-over", args=[cast.patient.pk])
    assert browser.post(keep, {"proof": "123456"}).status_code == 422
    browser.post(keep, {"proof": cast.patient.id_number})
    cast.patient.refresh_from_db()
    assert cast.patient.managed_by == cast.other_township
    browser.post(
        reverse("privacy:account", args=[cast.patient.pk]),
        {
            "proof": cast.patient.id_number,
            "username": "13900000001",
            "password": "xinglin-test",
        },
    )
    assert User.objects.get(username="13900000001").person == cast.patient


# --------------------------------------------------------------------- the officer's pages


def test_the_officer_filters_exports_and_reviews(cast, enter, officer):
    opened(cast.wang, cast.patient, parts="record")
    opened(cast.zhao, cast.patient, parts="record")
    browser = enter("qian")
    shown = text(browser.get("/privacy/", {"who": "王"}))
    assert "王医生" in shown
    assert "赵村医" not in shown
    rows = text(browser.get("/privacy/export/", {"patient": "陈"})).splitlines()
    assert len(rows) == 3
    assert "陈**" in rows[1] or "陈*" in rows[1]
    assert "没有符合条件" in text(browser.get("/privacy/", {"house": cast.hospital.pk}))

    privacy.break_glass(
        BreakGlass(
            county_id=cast.region.pk,
            person=cast.patient,
            organisation=cast.other_township,
            reason_code="emergency",
            reason="车祸送来，昏迷",
        ),
        by=cast.liu,
    )
    review = Review.objects.get()
    assert "车祸送来" in text(browser.get("/privacy/reviews/"))
    page = review.get_absolute_url()
    assert browser.post(page, {"answer": "", "verdict": "justified"}).status_code == 422
    assert browser.post(page, {"answer": "x", "verdict": "zz"}).status_code == 422
    browser.post(page, {"answer": "急诊记录齐全", "verdict": "justified"})
    review.refresh_from_db()
    assert review.state == "justified"
    assert "核查意见" in text(browser.get(page))


def flagged(cast, day=None):
    today = day or timezone.localdate()
    return {
        (found.flag, found.first.who)
        for found in flags.find(cast.qian, today - timedelta(days=6), today)
    }


def at_noon(days=0):
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    return clock.at(noon - timedelta(days=days + 1))


def test_flags_for_colleagues_neighbours_and_family(cast, officer):
    wang = User.objects.get(pk=cast.wang.user_id).practitioner
    home = {"township": "青山镇", "village": "上柳村", "address_detail": "12 号"}
    own = resident(cast.admin, cast.region, "王建", **home)
    staff.amend(wang, by=cast.admin, id_number=own.id_number)
    neighbour = resident(cast.admin, cast.region, "赵四", **(home | {"address_detail": "15 号"}))
    relative = resident(cast.admin, cast.region, "王小", **home)
    _user, colleague = hire(cast.admin, cast.township, "孙护士", "township-doctor")
    her = User.objects.get(pk=colleague.user_id).practitioner
    sick = resident(cast.admin, cast.region, "孙护士")
    staff.amend(her, by=cast.admin, id_number=sick.id_number)
    with at_noon():
        for who in (own, neighbour, relative, sick, cast.patient):
            opened(cast.wang, who)
    found = flags.find(officer, timezone.localdate() - timedelta(days=6), timezone.localdate())
    about = {(each.flag, each.person.name) for each in found if each.person}
    assert {
        ("colleague", "王建"),
        ("colleague", "孙护士"),
        ("neighbour", "赵四"),
        ("family", "王小"),
    } <= about
    assert not {name for flag, name in about if flag in ("colleague", "family")} & {"陈桂香"}


def test_flags_for_watched_people_nights_and_refusals(cast, enter, officer):
    with at_noon():
        opened(cast.wang, cast.patient)
    assert ("vip", "王医生") not in flagged(cast)
    privacy.watch(
        Vip(county_id=cast.region.pk, person=cast.patient, reason="public-figure"), by=officer
    )
    assert ("vip", "王医生") in flagged(cast)
    night = timezone.localtime().replace(hour=2, minute=10) - timedelta(days=1)
    with clock.at(night):
        opened(cast.zhao, cast.patient)
    assert ("night", "赵村医") in flagged(cast)
    assert ("night", "王医生") not in flagged(cast)
    enter("liu").get(reverse("record:print", args=[cast.patient.pk]))
    assert ("refused", "刘科长") in flagged(cast)


def test_flags_for_volume_and_for_reading_without_any_act(cast, officer):
    crowd = [
        resident(cast.admin, cast.region, "居民", managed_by=cast.village) for _each in range(31)
    ]
    with at_noon(days=5):
        opened(cast.wang, crowd[0])
    with at_noon(days=1):
        for who in crowd[:30]:
            opened(cast.wang, who)
    assert ("volume", "王医生") in flagged(cast)
    # Registered by the office, and nothing was done for them at the township.
    assert ("no-act", "王医生") in flagged(cast)
    people.correct(crowd[0], by=cast.admin, phone="13912345678")
    assert ("volume", "赵村医") not in flagged(cast)


def test_a_flag_is_marked_once_and_the_later_word_counts(cast, enter, officer):
    night = timezone.localtime().replace(hour=2, minute=10) - timedelta(days=1)
    with clock.at(night):
        opened(cast.zhao, cast.patient)
    browser = enter("qian")
    day = timezone.localdate()
    found = [f for f in flags.find(officer, day - timedelta(days=6), day) if f.flag == "night"]
    for verdict in ("seen", "explained"):
        browser.post("/privacy/flags/mark/", {"key": found[0].key, "verdict": verdict})
    assert Mark.objects.get().verdict == "explained"
    assert "已说明" in text(browser.get("/privacy/flags/", {"flag": "night"}))
    assert "没有异常" in text(browser.get("/privacy/flags/", {"flag": "night", "open": "on"}))
    assert enter("wang").post("/privacy/flags/mark/", {"key": "x"}).status_code == 404


def test_the_officer_watches_a_person_from_their_page(cast, enter, officer):
    browser = enter("qian")
    assert reverse("privacy:watch", args=[cast.patient.pk]) in text(
        browser.get(cast.patient.get_absolute_url())
    )
    browser.post(reverse("privacy:watch", args=[cast.patient.pk]), {"reason": "media"})
    assert "陈桂香" in text(browser.get("/privacy/watched/"))
    browser.post(reverse("privacy:unwatch", args=[Vip.objects.get().pk]))
    assert "名单为空" in text(browser.get("/privacy/watched/"))
