"""What one party alone tries: to open, to keep open, to see a little, to guess. Each in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests import cast as casting
from tests.cast import card_of, letter, resident
from xinglin.clinical.orders.models import Order
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.orders.views.opening import allergies_of
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import (
    AccessCode,
    BreakGlass,
    Consent,
    is_open,
    news_of,
    open_people,
    readings,
)
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Diagnosis, Encounter, Problem
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel import trail
from xinglin.kernel.errors import Forbidden
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import CareLink, Merge, Person
from xinglin.registry.staff.models import User


def consent(cast, **facts):
    given = {"signer": "陈桂香", "method": "paper", **facts}
    return Consent(county_id=cast.region.pk, person=cast.patient, **given)


def broken(cast):
    return privacy.break_glass(
        BreakGlass(
            county_id=cast.region.pk,
            person=cast.patient,
            organisation=cast.other_township,
            reason_code="emergency",
            reason="车祸送来，昏迷",
        ),
        by=cast.liu,
    )


def allergic(cast, substance="青霉素", **facts):
    return record.note(
        Allergy(
            person=cast.patient,
            organisation=cast.village,
            substance=substance,
            noted_on=timezone.localdate(),
            **facts,
        ),
        by=cast.zhao,
    )


@pytest.fixture
def patient(cast):
    """陈桂香 at her own telephone."""
    privacy.give_account(
        cast.patient,
        by=cast.zhao,
        presence=card_of(cast.patient, cast.zhao),
        username="13900000001",
        password=casting.PASSWORD,
    )
    return User.objects.get(person=cast.patient).resident()


# --------------------------------------------------------------------------- to keep it open


def test_broken_glass_is_not_made_to_last_by_a_paper_that_nobody_signed(cast, enter):
    broken(cast)
    assert is_open(cast.liu, cast.patient)
    with pytest.raises(Forbidden):
        privacy.record_consent(consent(cast), by=cast.liu)
    with pytest.raises(Forbidden):
        privacy.paper_code(cast.patient, by=cast.liu)
    assert enter("liu").get(f"/privacy/people/{cast.patient.pk}/consents/").status_code == 404
    assert not AccessCode.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert not is_open(cast.liu, cast.patient)


def test_broken_glass_does_not_take_a_no_back(cast, patient):
    no = privacy.give_consent(consent(cast, effect="deny"), by=patient)
    broken(cast)
    with pytest.raises(Forbidden):
        privacy.record_withdrawal(no, by=cast.liu)
    assert Consent.objects.get().stands


def test_who_reads_by_consent_alone_does_not_prolong_it(cast, patient):
    privacy.give_consent(consent(cast, house=cast.other_township), by=patient)
    assert is_open(cast.liu, cast.patient)
    with pytest.raises(Forbidden):
        privacy.record_consent(consent(cast, house=cast.other_township), by=cast.liu)


def test_a_house_lifts_no_no_without_the_resident(cast, patient, enter):
    no = privacy.give_consent(
        consent(cast, effect="deny", house=cast.village, parts=",allergy,"), by=patient
    )
    allergic(cast)
    with pytest.raises(privacy.NotProven):
        privacy.record_withdrawal(no, by=cast.zhao)
    page = enter("zhao").post(f"/privacy/consents/{no.pk}/withdraw/")
    assert "须居民本人到场" in page.content.decode()
    answer = enter("zhao").post(
        f"/api/v1/consents/{no.pk}/withdraw", content_type="application/json"
    )
    assert answer.status_code == 422
    assert Consent.objects.get().stands
    page = enter("zhao").post(
        f"/privacy/consents/{no.pk}/withdraw/", {"proof": cast.patient.id_number}
    )
    assert page.status_code == 302
    assert not Consent.objects.get().stands


def test_the_resident_hears_of_what_a_house_writes_in_their_name(cast, patient):
    yes = privacy.record_consent(consent(cast, house=cast.hospital), by=cast.zhao)
    privacy.paper_code(cast.patient, by=cast.zhao)
    privacy.record_withdrawal(yes, by=cast.zhao)
    news = " ".join(notice.text for notice in news_of(patient))
    for words in (
        "登记了您的一份纸质授权",
        "打印了纸质授权码",
        "登记您撤回了一份授权",
        "开通了账号",
    ):
        assert words in news


# --------------------------------------------------------------------------------- to open it


def test_one_person_in_two_posts_is_one_party(cast):
    """王医生 has a post at the desk of the hospital, too; he writes, accepts and receives alone."""
    stranger = resident(cast.admin, cast.region, "周小妹", managed_by=cast.other_township)
    both = replace(cast.li, user_id=cast.wang.user_id, name=cast.wang.name)
    sent = referrals.submit(letter(cast, person=stranger), by=cast.wang)
    referrals.accept(sent, by=both, department="心内科")
    referrals.receive(sent, by=both, arrived_at=timezone.now())
    treating = replace(cast.chen, user_id=cast.wang.user_id)
    referrals.treat(sent, by=treating)
    assert not CareLink.objects.filter(person=stranger, organisation=cast.hospital).exists()
    assert not is_open(cast.chen, stranger)
    assert not is_open(cast.wang, stranger)


def test_a_letter_that_two_people_carried_opens_the_record(cast):
    assert not is_open(cast.chen, cast.patient)
    road.arrived(cast)
    assert is_open(cast.chen, cast.patient)


def test_a_letter_to_a_stranger_opens_nothing_before_the_arrival(cast):
    stranger = resident(cast.admin, cast.region, "周小妹", managed_by=cast.other_township)
    sent = referrals.submit(letter(cast, person=stranger), by=cast.wang)
    referrals.accept(sent, by=cast.li)
    for actor in (cast.wang, cast.li, cast.chen):
        assert not is_open(actor, stranger)


# ---------------------------------------------------------------------------- to see a little


def test_an_order_for_a_stranger_does_not_show_their_allergies(cast, enter):
    allergic(cast, "青霉素")
    here = record.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.other_township,
            kind="outpatient",
            started_at=timezone.now(),
        ),
        by=cast.liu,
    )
    browser = enter("liu")
    for path in (f"/orders/visits/{here.pk}/", f"/orders/visits/{here.pk}/new/"):
        page = browser.get(path)
        assert page.status_code in (200, 404)
        assert "青霉素" not in page.content.decode()
    assert allergies_of(cast.liu, cast.patient) == []


def test_who_checks_for_another_house_knows_what_it_knows(cast):
    """方药师 of the hospital checks for the township, which has the village's patient in care."""
    allergic(cast, "青霉素")
    assert allergies_of(cast.fang, cast.patient) == []
    assert len(allergies_of(cast.fang, cast.patient, asking=cast.village.pk)) == 1
    assert allergies_of(cast.fang, cast.patient, asking=cast.other_township.pk) == []


def test_a_second_letter_does_not_tell_a_stranger_of_the_first(cast):
    first = road.submitted(cast)
    with pytest.raises(referrals.OpenReferralExists) as refused:
        referrals.submit(
            letter(cast, written_by=cast.other_township, from_org=cast.other_township),
            by=cast.liu,
        )
    told = str(refused.value)
    assert first.number not in told
    assert "人民医院" not in told
    assert refused.value.links == []
    with pytest.raises(referrals.OpenReferralExists, match=first.number):
        referrals.submit(letter(cast), by=cast.wang)


def test_what_is_forbidden_is_forbidden_among_orders_too(cast, patient):
    ward.running(cast, ward.admitted(cast))
    assert Order.objects.visible_to(cast.wang).exists()
    machine = replace(cast.zhao, codes=cast.zhao.codes | {"orders.read"})
    assert Order.objects.visible_to(machine).exists()
    no = privacy.give_consent(
        consent(cast, effect="deny", house=cast.village, parts=",medication,"), by=patient
    )
    assert not Order.objects.visible_to(machine).exists()
    privacy.withdraw_consent(no, by=patient)
    assert Order.objects.visible_to(machine).exists()


def test_consent_alone_shows_no_orders_of_a_sensitive_visit(cast, patient):
    stay = ward.admitted(cast)
    ward.running(cast, stay)
    record.note(
        Diagnosis(
            person=cast.patient,
            organisation=cast.township,
            encounter=stay,
            code="F20.9",
            diagnosed_on=timezone.localdate(),
        ),
        by=cast.wang,
    )
    privacy.give_consent(consent(cast, house=cast.other_township), by=patient)
    held = replace(cast.liu, codes=cast.liu.codes | {"sensitive.mental"})
    assert is_open(held, cast.patient)
    assert not Order.objects.visible_to(held).exists()
    privacy.open_record(card_of(cast.patient, held), by=held)
    assert Order.objects.visible_to(held).exists()


def test_a_sensitive_problem_draws_its_visit_behind_the_door_like_a_diagnosis(cast):
    seen = record.start_encounter(
        Encounter(
            person=cast.patient,
            organisation=cast.township,
            kind="outpatient",
            started_at=timezone.now(),
            complaint="幻听两月",
        ),
        by=cast.wang,
    )
    record.note(
        Problem(
            person=cast.patient,
            organisation=cast.township,
            encounter=seen,
            code="F20.9",
            noted_on=timezone.localdate(),
        ),
        by=cast.wang,
    )
    assert not Encounter.objects.visible_to(cast.zhao).exists()


def test_an_open_letter_about_a_sensitive_illness_is_not_shown_to_every_carer(cast):
    sent = road.submitted(cast, diagnosis_code="F20.9", diagnosis_name="")
    assert sent.domain == "mental"
    carers = Referral.objects.visible_to(cast.zhao, open_to_carers=True)
    assert not carers.filter(pk=sent.pk).exists()
    page = Client()
    page.force_login(cast.users["zhao"])
    assert "精神分裂" not in page.get(cast.patient.get_absolute_url()).content.decode()
    ordinary = resident(cast.admin, cast.region, "周小妹", managed_by=cast.village)
    plain = referrals.submit(letter(cast, person=ordinary), by=cast.wang)
    assert Referral.objects.visible_to(cast.zhao, open_to_carers=True).get(pk=plain.pk)


def test_a_no_closes_the_open_letter_to_carers(cast, patient):
    sent = road.submitted(cast)
    assert Referral.objects.visible_to(cast.zhao, open_to_carers=True).filter(pk=sent.pk).exists()
    privacy.give_consent(consent(cast, effect="deny", house=cast.village), by=patient)
    found = Referral.objects.visible_to(cast.zhao, open_to_carers=True)
    assert not found.filter(pk=sent.pk).exists()


# ------------------------------------------------------------------------------ to be unseen


def test_a_search_by_fhir_for_a_closed_record_is_a_refused_reading(cast, enter):
    browser = enter("liu")
    who = cast.patient.pk
    allergy = allergic(cast)
    for path in (
        f"/fhir/Observation?patient={who}",
        f"/fhir/Condition?patient=Patient/{who}&_summary=count",
        f"/fhir/Patient/{who}/AllergyIntolerance",
        f"/fhir/Patient/{who}/$everything",
        f"/fhir/AllergyIntolerance/{allergy.pk}",
    ):
        TrailEntry.objects.filter(kind=TrailEntry.Kind.REFUSED).delete()
        assert browser.get(path).status_code in (200, 404)
        line = TrailEntry.objects.get(kind=TrailEntry.Kind.REFUSED)
        assert (line.person_id, line.user_id) == (who, cast.liu.user_id), path
        assert trail.said(line.basis) == "无查阅权限 · FHIR"


def test_a_chain_through_what_may_not_be_seen_finds_nothing(cast, enter):
    """What hangs on a stranger's visit is no way to learn of what kind it was."""
    seen = road.admitted(cast.wang, cast.patient, cast.township, kind="outpatient")
    allergic(cast)
    browser = enter("liu")
    for query in (
        f"Observation?encounter.status=in-progress&patient={cast.patient.pk}",
        f"Observation?encounter={seen.pk}",
        f"AllergyIntolerance?patient.identifier={cast.patient.id_number}&_total=accurate",
        f"Encounter?_id={seen.pk}&_include=Encounter:patient",
    ):
        told = browser.get(f"/fhir/{query}").json()
        assert told["total"] == 0, query
        assert not [e for e in told.get("entry", []) if e["search"]["mode"] != "outcome"]


def test_the_trail_says_which_parts_were_read_by_fhir(cast, enter, patient):
    allergic(cast)
    enter("zhao").get(f"/fhir/AllergyIntolerance?patient={cast.patient.pk}")
    line = readings(patient).first()
    assert line is not None
    assert line.parts == "allergy"
    assert "FHIR" in trail.said(line.basis)


def test_a_merge_hides_no_reading_from_the_resident(cast, patient, enter):
    other = people.register(
        Person(county=cast.region, name="陈桂芗", managed_by=cast.village),
        by=cast.zhao,
        checked="已核对",
    )
    enter("zhao").get(other.get_absolute_url())
    trail.read(cast.zhao, "record.read", other, parts="record")
    people.merge(
        Merge(county=cast.region, survivor=cast.patient, loser=other, reason="同一人"), by=cast.sun
    )
    assert readings(patient).filter(person_id=other.pk).exists()


def test_the_ground_of_a_reading_is_told_in_the_readers_language(cast, patient, enter):
    enter("zhao").get(cast.patient.get_absolute_url())
    line = readings(patient).first()
    assert line is not None
    assert line.basis.startswith("care?")
    browser = Client()
    browser.force_login(User.objects.get(person=cast.patient))
    assert "健康档案管理，上柳村卫生室" in browser.get("/m/readings/").content.decode()
    browser.cookies["xinglin_language"] = "en"
    english = browser.get("/m/readings/").content.decode()
    assert "健康档案管理" not in english
    assert "Keeps the health record, 上柳村卫生室, since" in english


# --------------------------------------------------------------------------------------- FHIR


def test_a_resident_reads_own_consents_and_who_looked_by_fhir(cast, patient, enter):
    other = resident(cast.admin, cast.region, "周小妹", managed_by=cast.village)
    enter("zhao").get(cast.patient.get_absolute_url())
    enter("zhao").get(other.get_absolute_url())
    privacy.give_consent(consent(cast, house=cast.hospital), by=patient)
    browser = Client()
    browser.force_login(User.objects.get(person=cast.patient))
    told = browser.get(f"/fhir/Consent?status=active&actor=Organization/{cast.hospital.pk}").json()
    assert told["total"] == 1
    assert browser.get("/fhir/Consent?status=inactive").json()["total"] == 0
    events = browser.get("/fhir/AuditEvent?action=R&_sort=-date").json()
    assert events["total"] >= 1
    people_told = {
        entity["what"]["reference"]
        for entry in events["entry"]
        for entity in entry["resource"]["entity"]
        if entity["what"]["reference"].startswith("Patient/")
    }
    assert people_told == {f"Patient/{cast.patient.pk}"}
    assert browser.get(f"/fhir/AuditEvent?patient={other.pk}").json()["total"] == 0


def test_the_officer_searches_the_trail_by_fhir_and_nobody_else_does(cast, enter):
    enter("zhao").get(cast.patient.get_absolute_url())
    enter("liu").get(f"/fhir/Observation?patient={cast.patient.pk}")
    officer = enter("qian")
    who, zhao = cast.patient.pk, cast.users["zhao"].practitioner_id
    for query, found in (
        (f"patient={who}&agent=Practitioner/{zhao}", 1),
        (f"agent=Organization/{cast.other_township.pk}&outcome=4", 1),
        (f"entity=Patient/{who}&outcome=0", 1),
        (f"altid={cast.zhao.user_id}", 1),
        ("agent-name=赵村医", 1),
        (f"date=ge{timezone.localdate().isoformat()}", 2),
        ("date=lt2020", 0),
        (f"agent=Practitioner/{cast.patient.pk}", 0),
    ):
        assert officer.get(f"/fhir/AuditEvent?{query}").json()["total"] == found, query
    page = officer.get("/fhir/AuditEvent?_count=1").json()
    further = next(each["url"] for each in page["link"] if each["relation"] == "next")
    assert officer.get(further).json()["entry"]
    one = page["entry"][0]["resource"]
    read = officer.get(f"/fhir/AuditEvent/{one['id']}")
    assert read.status_code == 200
    assert read.json() == one
    assert officer.get("/fhir/AuditEvent/ffffffff-ffff-ffff-ffff-ffffffffffff").status_code == 404
    for nobody in ("wang", "sun", "admin", "zheng", "stranger", "strange_admin"):
        browser = enter(nobody)
        assert browser.get("/fhir/AuditEvent").json().get("total", 0) == 0, nobody
        assert browser.get(f"/fhir/AuditEvent/{one['id']}").status_code == 404, nobody
    assert cast.patient not in open_people(cast.qian)
