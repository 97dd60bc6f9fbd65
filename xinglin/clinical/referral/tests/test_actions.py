"""The sender's acts: writing, one letter for one patient, submitting, emergency, approval.

It is Monday noon in 青山县. 王医生 sends, 李护士 answers, 陈主任 treats, 赵村医 follows up, and
路人, a doctor of another county, is refused at every step.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests import cast
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.record import actions as record
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral, State
from xinglin.clinical.referral.tests import factories as road
from xinglin.clinical.referral.tests.asking import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    news_of,
    nobody_but,
    owed,
    refused,
    told,
)
from xinglin.kernel import worker
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.registry.organisations import actions as houses
from xinglin.registry.people import actions as people


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


# ------------------------------------------------------------------------------------------ writing


def test_a_draft_waits_for_its_writer(county):
    referral = road.drafted(county)
    assert referral.state == State.DRAFT
    assert referral.direction == "up"
    assert referral.diagnosis_name == "不稳定型心绞痛"
    assert owed(referral) == (county.township.pk, "submit", NOON + 72 * HOUR)
    # Nobody has been asked anything yet.
    assert told() == []
    assert news_of(county.li) == []


def test_a_draft_is_written_in_ones_own_house_only(county):
    for name in sorted(set(county.actors) - {"wang"}):
        with pytest.raises(Forbidden):
            referrals.draft(cast.letter(county), by=county.actors[name])
    assert not Referral.objects.exists()


def test_a_draft_is_seen_by_its_own_house_and_those_above_it(county):
    referral = road.drafted(county)
    may_read = {
        name
        for name, actor in county.actors.items()
        if Referral.objects.visible_to(actor).filter(pk=referral.pk).exists()
    }
    # Leaders read below them, the office the county; the desk does not, before it is sent.
    assert may_read == {"wang", "zhou", "wu", "sun"}


def test_a_draft_can_be_written_on_until_it_is_sent(county):
    referral = road.drafted(county)
    referrals.change(referral, by=county.wang, symptoms="胸闷加重", urgency="urgent")
    assert (referral.symptoms, referral.urgency) == ("胸闷加重", "urgent")
    nobody_but("wang", county, referrals.change, referral, symptoms="别人写的")
    referrals.submit(referral, by=county.wang)
    refused(WrongState, referrals.change, referral, by=county.wang, symptoms="再改")


def test_numbers_are_unique_and_say_the_day(county):
    other = cast.resident(county.admin, county.region, "李大爷")
    first, second = road.drafted(county), road.drafted(county, person=other)
    assert first.number != second.number
    assert first.number.startswith("R260302-")
    assert len(first.number) == len("R260302-ABCDEFG")


def test_fields_that_the_form_asks_for_are_named_together(county):
    empty = dict.fromkeys((*referrals.ALWAYS, *referrals.UNLESS_EMERGENCY), "")
    empty |= {"diagnosed_on": None, "consented_at": None}
    refusal = refused(
        referrals.Incomplete,
        referrals.submit,
        road.drafted(county, **empty),
        by=county.wang,
    )
    assert set(refusal.fields) == set(empty)
    assert "主要现病史" in str(refusal)
    assert refusal.fields["consent_signer"] == "请填写签署人。"
    assert Referral.objects.get().state == State.DRAFT


@pytest.mark.parametrize(
    ("field", "value", "about"),
    [
        ("diagnosis_code", "XYZ", "diagnosis_code"),
        ("diagnosis_code", "'; DROP TABLE--", "diagnosis_code"),
        ("reason_code", "because", "reason_code"),
        ("reason_code", "stable-rehabilitation", "reason_code"),  # a reason to go down, not up
        ("reason_code", "other", "reason_code"),  # asks for words
        ("consent_method", "shouted", "consent_method"),
        ("consent_relation", "neighbour's cat", "consent_relation"),
        ("doctor_phone", "12345", "doctor_phone"),
        ("diagnosed_on", (NOON + DAY).date(), "diagnosed_on"),
        ("consented_at", NOON + HOUR, "consented_at"),
        ("referred_on", (NOON + 2 * DAY).date(), "referred_on"),
        ("symptoms", "长" * 1001, "symptoms"),
        ("symptoms", "a\0b", "symptoms"),
        ("doctor", "a\0b", "doctor"),
        ("consented_at", datetime(1, 1, 1, tzinfo=NOON.tzinfo), "consented_at"),
        ("diagnosed_on", date(1, 1, 1), "diagnosed_on"),
        ("urgency", "whenever", "urgency"),
        ("kind", "teleport", "kind"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_at_its_field(county, field, value, about):
    refusal = refused(
        Refused, referrals.draft, cast.letter(county, **{field: value}), by=county.wang
    )
    assert about in refusal.fields
    assert not Referral.objects.exists()


def test_a_resident_of_another_county_cannot_be_sent(county):
    stranger = cast.resident(county.strange_admin, county.strange_region, "外县人")
    refusal = refused(
        Forbidden, referrals.draft, cast.letter(county, person=stranger), by=county.wang
    )
    assert refusal.field == "person"


def test_a_house_of_another_county_cannot_be_asked(county):
    letter = cast.letter(county, to_org=county.strange_hospital)
    assert refused(Refused, referrals.draft, letter, by=county.wang).field == "to_org"


def test_a_house_that_works_no_more_cannot_be_asked(county):
    houses.close(county.other_township, by=county.admin, on=NOON.date())
    letter = cast.letter(county, to_org=county.other_township, reason_code="nearer-home")
    refusal = refused(Refused, referrals.draft, letter, by=county.wang)
    assert refusal.field == "to_org"
    assert "停办" in str(refusal)


def test_ones_own_house_cannot_be_asked(county):
    letter = cast.letter(county, to_org=county.township)
    assert refused(referrals.NoRoute, referrals.draft, letter, by=county.wang).field == "to_org"


def test_a_village_does_not_send_straight_to_the_city_unless_life_is_at_stake(county):
    facts = {
        "from_org": county.village,
        "written_by": county.village,
        "to_org": county.city,
        "reason_code": "critical",
    }
    refusal = refused(
        referrals.NoRoute, referrals.draft, cast.letter(county, **facts), by=county.zhao
    )
    assert "村卫生室" in str(refusal)
    emergency = cast.letter(county, urgency="emergency", **facts)
    assert referrals.draft(emergency, by=county.zhao).direction == "out"


def test_the_dead_are_not_referred(county):
    people.report_death(county.patient, by=county.wang, died_on=NOON.date())
    refusal = refused(Refused, referrals.draft, cast.letter(county), by=county.wang)
    assert refusal.field == "person"


# -------------------------------------------------------------------------- one patient, one letter


def test_a_second_referral_is_refused_with_the_way_to_the_first(county):
    first = road.submitted(county)
    refusal = refused(
        referrals.OpenReferralExists, referrals.draft, cast.letter(county), by=county.wang
    )
    assert first.number in str(refusal)
    assert refusal.links == [(first.number, first.get_absolute_url())]
    assert refusal.status == 409


def test_a_second_referral_is_refused_in_another_house_too(county):
    first = road.submitted(county)
    letter = cast.letter(county, from_org=county.other_township, written_by=county.other_township)
    refusal = refused(referrals.OpenReferralExists, referrals.draft, letter, by=county.liu)
    assert refusal.links == []
    # And whoever has the patient in care is told which it is, and may open it.
    shown = privacy.present(county.patient, county.patient.id_number, by=county.liu)
    privacy.open_record(shown, by=county.liu)
    refusal = refused(referrals.OpenReferralExists, referrals.draft, letter, by=county.liu)
    seen = Referral.objects.visible_to(county.liu, open_to_carers=True)
    assert [row.get_absolute_url() for row in seen] == [refusal.links[0][1]]
    assert first in seen


def test_whoever_knows_of_the_first_may_write_a_second(county):
    road.submitted(county)
    second = referrals.draft(cast.letter(county), by=county.wang, knowing_of_open=True)
    assert second.state == State.DRAFT


def test_after_the_end_of_the_first_a_second_is_welcome(county):
    referrals.cancel(road.submitted(county), by=county.wang, code="patient-better")
    assert road.drafted(county).state == State.DRAFT


# --------------------------------------------------------------------------------------- submitting


@pytest.mark.parametrize(
    ("urgency", "within"),
    [("emergency", 15 * MINUTE), ("urgent", 2 * HOUR), ("routine", 24 * HOUR)],
)
def test_a_request_waits_for_the_receiver_as_long_as_its_urgency_allows(county, urgency, within):
    referral = road.submitted(county, urgency=urgency)
    assert referral.state == State.SUBMITTED
    assert referral.submitted_at == NOON
    assert referral.referred_on == NOON.date()
    assert owed(referral) == (county.hospital.pk, "accept", NOON + within)
    assert told() == ["submitted"]
    assert news_of(county.li) == ["青山镇卫生院申请转入患者 陈桂香"]


def test_only_the_writers_house_submits(county):
    nobody_but("wang", county, referrals.submit, road.drafted(county))


def test_the_county_sets_its_own_time_limit(county, tmp_path, settings):
    settings.CATALOGUE_OVERLAY = str(tmp_path)
    (tmp_path / "parameters.toml").write_text(
        '[[parameter]]\nkey = "referral.accept.routine_minutes"\nvalue = 30\nunit = "minutes"\n'
        "valid_from = 2026-01-01\n",
        "utf-8",
    )
    assert owed(road.submitted(county))[2] == NOON + 30 * MINUTE


def test_what_is_submitted_is_not_submitted_again(county):
    refused(WrongState, referrals.submit, road.submitted(county), by=county.wang)


def test_a_draft_does_not_slip_out_by_the_side_door(county):
    """Redirecting would go round the fields that the form asks for."""
    referral = road.drafted(county, symptoms="")
    refused(WrongState, referrals.redirect, referral, by=county.wang, to_org=county.city)


def test_a_refusal_is_not_answered_by_submitting_once_more(county):
    referral = road.submitted(county)
    referrals.decline(referral, by=county.li, code="no-bed", alternative="留观")
    refused(WrongState, referrals.submit, referral, by=county.wang)


def test_a_patient_who_died_meanwhile_is_not_submitted(county):
    referral = road.drafted(county)
    people.report_death(county.patient, by=county.wang, died_on=NOON.date())
    refused(Refused, referrals.submit, Referral.objects.get(pk=referral.pk), by=county.wang)


# ---------------------------------------------------------------------------------------- emergency


def test_an_emergency_goes_ahead_of_its_paper(county, noon):
    empty = dict.fromkeys(referrals.UNLESS_EMERGENCY, "")
    empty |= {"diagnosed_on": None, "consented_at": None, "diagnosis_name": "胸痛待查"}
    referral = road.submitted(county, urgency="emergency", **empty)
    assert referral.paper_due_at == NOON + 24 * HOUR
    assert owed(referral) == (county.hospital.pk, "accept", NOON + 15 * MINUTE)

    # What is filled in too sparsely stays due; what is wrong is refused.
    refusal = refused(referrals.Incomplete, referrals.complete, referral, by=county.wang)
    assert set(refusal.fields) == set(referrals.UNLESS_EMERGENCY)
    paper = {
        "diagnosis_code": "I20.0",
        "diagnosed_on": NOON.date(),
        "symptoms": "胸痛一小时",
        "past_history": "高血压",
        "allergies": "无",
        "treatment": "吸氧、硝酸甘油",
        "consent_method": "verbal",
        "consent_signer": "陈家属",
        "consented_at": NOON - 10 * MINUTE,
    }
    nobody_but("wang", county, referrals.complete, referral, **paper)
    refused(
        Refused, referrals.complete, referral, by=county.wang, **paper | {"diagnosis_code": "?"}
    )
    noon.shift(HOUR)
    referrals.complete(referral, by=county.wang, **paper)
    assert referral.paper_due_at is None
    # The request itself waits on as before.
    assert owed(referral)[2] == NOON + 15 * MINUTE
    refused(WrongState, referrals.complete, referral, by=county.wang, **paper)


def test_an_emergency_names_at_least_what_and_why_and_who(county):
    for name in referrals.ALWAYS:
        letter = cast.letter(
            county,
            urgency="emergency",
            **{"diagnosis_code": "", "diagnosis_name": "胸痛", name: ""},
        )
        referral = referrals.draft(letter, by=county.wang, knowing_of_open=True)
        refusal = refused(referrals.Incomplete, referrals.submit, referral, by=county.wang)
        assert set(refusal.fields) == {name}


def test_an_emergency_with_all_its_paper_owes_none(county):
    assert road.submitted(county, urgency="emergency").paper_due_at is None


def test_an_emergency_needs_nobodys_approval(county):
    road.admitted(county.wang, county.patient, county.township)
    referral = road.submitted(county, urgency="emergency")
    assert not referral.needs_approval


# ----------------------------------------------------------------------------------------- approval


def test_an_inpatient_leaves_with_the_leaders_approval(county, noon):
    road.admitted(county.wang, county.patient, county.township)
    referral = road.submitted(county, kind="inpatient")
    assert referral.awaits_approval
    assert owed(referral) == (county.township.pk, "approve", NOON + 2 * HOUR)
    # The receiver has not been asked, and could not answer.
    assert news_of(county.li) == []
    assert told() == []
    for act, facts in (
        (referrals.accept, {}),
        (referrals.decline, {"code": "no-bed", "alternative": "先留观"}),
        (referrals.waitlist, {"code": "no-bed"}),
    ):
        refusal = refused(WrongState, act, referral, by=county.li, **facts)
        assert refusal.code == "not-yet-approved"

    nobody_but("zhou", county, referrals.approve, referral)
    noon.shift(HOUR)
    referrals.approve(referral, by=county.zhou)
    assert referral.state == State.APPROVED
    assert (referral.approved_at, referral.approved_by) == (NOON + HOUR, "周院长")
    # The receiver's time begins now, not when the paper was written.
    assert owed(referral) == (county.hospital.pk, "accept", NOON + 25 * HOUR)
    assert news_of(county.wang) == ["陈桂香 的转诊已通过转出审核"]
    assert told() == ["submitted"]
    refused(WrongState, referrals.approve, referral, by=county.zhou)


def test_an_outpatient_needs_no_approval(county):
    referral = road.submitted(county)
    assert not referral.needs_approval
    refused(WrongState, referrals.approve, referral, by=county.zhou)


def test_who_lay_in_the_ward_last_month_is_no_inpatient(county):
    stay = road.admitted(county.wang, county.patient, county.township, started_at=NOON - 9 * DAY)
    record.end_encounter(stay, by=county.wang, ended_at=NOON - 8 * DAY, discharge_way="1")
    assert not road.submitted(county).needs_approval


def test_an_approval_that_is_late_stays_with_the_leader(county, noon):
    """Nobody takes a decision out of the leader's hands; it climbs instead."""
    road.admitted(county.wang, county.patient, county.township)
    referral = road.submitted(county)
    noon.shift(3 * DAY)
    worker.everything_due()
    referral.refresh_from_db()
    assert referral.state == State.SUBMITTED
    assert owed(referral)[1] == "approve"
