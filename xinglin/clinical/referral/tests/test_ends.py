"""Ends before the end; houses outside; the papers; who sees what."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile

from tests import cast
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import permissions, rules
from xinglin.clinical.referral.models import OPEN, Referral, State
from xinglin.clinical.referral.tests import factories as road
from xinglin.clinical.referral.tests.asking import (
    DAY,
    NOON,
    news_of,
    nobody_but,
    owed,
    refused,
)
from xinglin.kernel import outbox
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people import actions as people


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


# ------------------------------------------------------------------------------ ends before the end


@pytest.mark.parametrize("upto", ["drafted", "submitted", "accepted", "arrived", "treated"])
def test_death_ends_what_is_open(county, upto):
    referral = getattr(road, upto)(county)
    people.report_death(county.patient, by=county.wang, died_on=NOON.date())
    outbox.deliver()
    referral.refresh_from_db()
    assert (referral.state, referral.end_code) == (State.ENDED, "died")
    assert owed(referral) == (None, "", None)
    assert news_of(county.wang)[0] == "患者 陈桂香 的转诊已终止"
    assert ("患者 陈桂香 的转诊已终止" in news_of(county.li)) == (upto != "drafted")
    line = TrailEntry.objects.filter(subject_id=referral.pk).latest("id")
    assert (line.verb, line.actor_name) == ("referral.end", "系统")


def test_death_ends_the_follow_up_too(county):
    down = road.awaiting_follow_up(county)
    people.report_death(county.patient, by=county.wang, died_on=NOON.date())
    outbox.deliver()
    down.refresh_from_db()
    assert down.state == State.ENDED


def test_death_leaves_what_is_finished(county):
    referral = road.closed(county)
    people.report_death(county.patient, by=county.wang, died_on=NOON.date())
    outbox.deliver()
    assert Referral.objects.get(pk=referral.pk).state == State.CLOSED


@pytest.mark.parametrize("upto", ["submitted", "accepted"])
def test_a_stay_in_a_third_house_ends_what_waits(county, upto):
    referral = getattr(road, upto)(county)
    road.admitted(county.liu, county.patient, county.other_township)
    outbox.deliver()
    referral.refresh_from_db()
    assert (referral.state, referral.end_code) == (State.ENDED, "admitted-elsewhere")


def test_a_visit_elsewhere_or_a_stay_at_either_house_ends_nothing(county):
    referral = road.submitted(county)
    road.admitted(county.liu, county.patient, county.other_township, kind="outpatient")
    road.admitted(county.wang, county.patient, county.township)
    road.admitted(county.chen, county.patient, county.hospital)
    outbox.deliver()
    assert Referral.objects.get(pk=referral.pk).state == State.SUBMITTED


def test_who_is_being_treated_is_not_ended_by_a_stay_elsewhere(county):
    referral = road.treated(county)
    road.admitted(county.liu, county.patient, county.other_township)
    outbox.deliver()
    assert Referral.objects.get(pk=referral.pk).state == State.IN_TREATMENT


@pytest.mark.parametrize("upto", ["submitted", "accepted", "arrived", "treated"])
def test_either_house_may_end_with_a_reason(county, upto):
    referral = getattr(road, upto)(county)
    nobody_but("wang zhou li chen wu", county, referrals.end, referral, code="left-against-advice")
    for wrong in ("", "bored", "other"):
        assert (
            refused(Refused, referrals.end, referral, by=county.chen, code=wrong).field
            == "end_code"
        )
    referrals.end(referral, by=county.chen, code="left-against-advice")
    assert referral.state == State.ENDED
    assert referral.ended_at == NOON
    refused(WrongState, referrals.end, referral, by=county.chen, code="left-against-advice")


def test_what_is_closed_well_is_not_ended_afterwards(county):
    refused(WrongState, referrals.end, road.closed(county), by=county.chen, code="lost-contact")


# ----------------------------------------------------------------------------------- outside houses


def test_a_city_hospital_takes_a_patient_and_the_sender_keeps_the_book(county, noon):
    """省立医院 has no account here: who sent the patient notes what it does."""
    referral = road.submitted(county, to_org=county.city, reason_code="beyond-county")
    assert referral.direction == "out"
    assert owed(referral)[:2] == (county.township.pk, "approve")
    referrals.approve(referral, by=county.zhou)
    assert owed(referral)[:2] == (county.township.pk, "accept")
    nobody_but("wang", county, referrals.accept, referral)
    referrals.accept(referral, by=county.wang, doctor="省立医院值班医师")
    noon.shift(DAY)
    referrals.receive(referral, by=county.wang, arrived_at=NOON + DAY)
    referrals.treat(referral, by=county.wang)
    # The visit is the other house's; our record keeps no encounter of it.
    assert referral.encounter is None
    referrals.discharge(referral, by=county.wang, discharged_at=NOON + DAY)
    referrals.close(referral, by=county.wang, **road.RECEIPT)
    assert referral.state == State.CLOSED
    assert owed(referral) == (None, "", None)


def test_the_leader_may_say_no_to_the_city_by_sending_elsewhere(county):
    referral = road.submitted(county, to_org=county.city, reason_code="patient-request")
    referrals.redirect(referral, by=county.zhou, to_org=county.hospital)
    assert owed(referral)[:2] == (county.hospital.pk, "accept")


def test_a_city_hospital_sends_a_patient_home_through_the_office(county):
    letter = cast.letter(
        county,
        from_org=county.city,
        written_by=county.office,
        to_org=county.hospital,
        doctor="省立医院张医师",
        reason_code="continued-treatment",
        **road.PLAN,
    )
    for name in ("wang", "li", "stranger", "zheng"):
        with pytest.raises(Forbidden):
            referrals.draft(letter, by=county.actors[name])
    referral = referrals.submit(referrals.draft(letter, by=county.sun), by=county.sun)
    assert referral.direction == "in"
    assert owed(referral)[:2] == (county.hospital.pk, "accept")
    referrals.accept(referral, by=county.li)
    # The office hears for the house that has no account.
    assert "青山县人民医院已接收患者 陈桂香" in news_of(county.sun)
    referrals.receive(referral, by=county.li, arrived_at=NOON)
    referrals.treat(referral, by=county.chen)
    referrals.discharge(referral, by=county.chen, discharged_at=NOON, discharge_way="1")
    referrals.close(referral, by=county.chen, **road.RECEIPT)
    # Home in the county: somebody follows up within two weeks.
    assert owed(referral) == (county.village.pk, "follow-up", NOON + 14 * DAY)


def test_the_office_may_ask_a_township_too(county):
    letter = cast.letter(
        county,
        from_org=county.city,
        written_by=county.office,
        to_org=county.township,
        reason_code="continued-treatment",
        **road.PLAN,
    )
    referral = referrals.submit(referrals.draft(letter, by=county.sun), by=county.sun)
    assert owed(referral)[:2] == (county.township.pk, "accept")
    referrals.accept(referral, by=county.wang)
    assert news_of(county.sun)[0] == "青山镇卫生院已接收患者 陈桂香"


# --------------------------------------------------------------------------------------- the papers


PDF = b"%PDF-1.4\n%%EOF\n"


def test_both_houses_read_what_is_attached(county, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    referral = road.submitted(county)

    def paper(house):
        return Document(organisation=house, kind="report", title="心电图")

    def content():
        return ContentFile(PDF, "ecg.pdf")

    for name in ("liu", "stranger", "zhao", "zheng"):
        with pytest.raises(Forbidden):
            referrals.attach_new(
                Referral.objects.get(pk=referral.pk),
                by=county.actors[name],
                document=paper(county.township),
                content=content(),
            )
    referrals.attach_new(
        referral, by=county.wang, document=paper(county.township), content=content()
    )
    referrals.attach_new(
        referral, by=county.chen, document=paper(county.hospital), content=content()
    )
    assert referral.documents.count() == 2
    assert {document.person for document in referral.documents.all()} == {county.patient}


def test_a_document_of_another_patient_is_not_attached(county, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    other = cast.resident(county.admin, county.region, "李大爷")
    document = record.file_document(
        Document(person=other, organisation=county.township, kind="report", title="别人的"),
        by=county.wang,
        content=ContentFile(PDF, "x.pdf"),
    )
    referral = road.submitted(county)
    refused(Refused, referrals.attach, referral, by=county.wang, document=document)
    assert not referral.documents.exists()


@pytest.mark.parametrize(
    ("name", "content"), [("a.exe", b"MZ\x90"), ("a.pdf", b"<html>"), ("empty.pdf", b"")]
)
def test_what_is_no_document_is_refused(county, settings, tmp_path, name, content):
    settings.MEDIA_ROOT = tmp_path
    referral = road.submitted(county)
    refusal = refused(
        Refused,
        referrals.attach_new,
        referral,
        by=county.wang,
        document=Document(organisation=county.township, title="x"),
        content=ContentFile(content, name),
    )
    assert refusal.field == "file"
    assert not Document.objects.exists()


def test_the_code_on_the_letter_cannot_be_made_up(county):
    referral = road.submitted(county)
    token = rules.token_for(referral.number)
    assert rules.read_token(token) == referral.number
    assert rules.read_token(referral.number) == ""
    assert rules.read_token(token[:-1] + ("A" if token[-1] != "A" else "B")) == ""
    assert rules.read_token(token.replace(referral.number, "R000000-AAAAAAA")) == ""


# ------------------------------------------------------------------------------------ who sees what


def test_who_takes_part_reads_and_nobody_else(county):
    referral = road.submitted(county)
    may_read = {
        name
        for name, actor in county.actors.items()
        if Referral.objects.visible_to(actor).filter(pk=referral.pk).exists()
    }
    assert may_read == {"wang", "zhou", "li", "chen", "wu", "sun"}
    assert not Referral.objects.visible_to(county.stranger, open_to_carers=True).exists()


def test_the_acts_that_are_offered_are_those_that_can_be_done(county):
    """A button that would only be refused is not shown; one that is shown is allowed."""
    referral = road.submitted(county)
    assert permissions.open_to(county.li, referral) == ["accept", "waitlist", "decline", "end"]
    assert permissions.open_to(county.wang, referral) == ["redirect", "cancel", "end"]
    for name in ("liu", "stranger", "zheng", "admin", "strange_admin", "zhao"):
        assert permissions.open_to(county.actors[name], referral) == [], name


def test_what_is_finished_offers_nothing_but_a_way_down(county):
    referral = road.closed(county)
    offered = {name: permissions.open_to(actor, referral) for name, actor in county.actors.items()}
    assert {name: acts for name, acts in offered.items() if acts} == {"chen": ["propose-down"]}


def test_an_open_state_is_one_that_somebody_owes():
    assert set(OPEN) == set(State) - {
        State.CLOSED,
        State.FOLLOWED_UP,
        State.CANCELLED,
        State.ENDED,
    }
