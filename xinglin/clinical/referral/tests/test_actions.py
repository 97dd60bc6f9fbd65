"""Every act on a referral: who may do it, what it changes, whose turn it is then, who hears of it.

It is Monday noon in 青山县. 王医生 sends, 李护士 answers, 陈主任 treats, 赵村医 follows up, and
路人, a doctor of another county, is refused at every step.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tests import cast
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Document, Encounter, open_people
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import listeners, permissions, rules
from xinglin.clinical.referral.models import OPEN, Referral, State
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel import outbox, worker
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.kernel.models import InboxItem, Notice, OutboxEvent, TrailEntry
from xinglin.registry.organisations import actions as houses
from xinglin.registry.people import actions as people

NOON = timezone.make_aware(datetime(2026, 3, 2, 12, 0))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


def owed(referral: Referral) -> tuple[object, str, datetime | None]:
    """Whose turn it is, for what, until when: as the row says and as the inbox says."""
    row = Referral.objects.get(pk=referral.pk)
    item = InboxItem.objects.filter(subject_id=row.pk, level=0).first()
    if row.owner_id is None:
        assert item is None
        return None, "", None
    assert item is not None
    assert (item.org_id, item.audience, item.due_at) == (row.owner_id, row.duty, row.due_at)
    return row.owner_id, row.duty.removeprefix("referral."), row.due_at


def news_of(actor) -> list[str]:
    return [notice.text for notice in Notice.objects.for_actor(actor)]


def told() -> list[str]:
    """The facts about referrals that were announced, in order."""
    names = OutboxEvent.objects.filter(name__startswith="referral.").order_by("id")
    return [name.removeprefix("referral.") for name in names.values_list("name", flat=True)]


def nobody_but(allowed: str, county, act, referral: Referral, **facts) -> None:
    """Everybody else of the cast gets a sentence, 路人 among them, and nothing changes."""
    before = Referral.objects.get(pk=referral.pk).facts()
    others = set(county.actors) - set(allowed.split())
    assert "stranger" in others
    for name in sorted(others):
        with pytest.raises(Forbidden):
            act(Referral.objects.get(pk=referral.pk), by=county.actors[name], **facts)
    assert Referral.objects.get(pk=referral.pk).facts() == before


def refused(kind: type[Refused], act, *args, **facts) -> Refused:
    with pytest.raises(kind) as caught:
        act(*args, **facts)
    assert str(caught.value)
    return caught.value


# ------------------------------------------------------------------------------------ writing


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


# ----------------------------------------------------------------------- one patient, one letter


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
    # And whoever has the patient in care may open the link.
    people.link_care(county.patient.pk, county.other_township.pk, "encounter", since=NOON)
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


# ---------------------------------------------------------------------------------- submitting


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


# ----------------------------------------------------------------------------------- emergency


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


# ------------------------------------------------------------------------------------ approval


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


# ------------------------------------------------------------------------------- the answer: yes


def test_an_acceptance_says_where_when_and_to_whom(county):
    referral = road.submitted(county)
    facts = {
        "department": "心内科",
        "doctor": "陈主任",
        "expected_at": NOON + DAY,
        "place": "门诊三楼 5 诊室",
        "instructions": "空腹，带既往检查",
    }
    nobody_but("li", county, referrals.accept, referral, **facts)
    referrals.accept(referral, by=county.li, **facts)
    assert referral.state == State.ACCEPTED
    assert referral.accepted_at == referral.answered_at == NOON
    assert (referral.to_department, referral.accepting_doctor) == ("心内科", "陈主任")
    assert owed(referral) == (county.hospital.pk, "receive", NOON + DAY + 3 * DAY)
    assert news_of(county.wang) == ["青山县人民医院已接收患者 陈桂香"]
    assert told() == ["submitted", "accepted"]
    refused(WrongState, referrals.accept, referral, by=county.li)


@pytest.mark.parametrize(("kind", "days"), [("outpatient", 3), ("inpatient", 7), ("exam", 3)])
def test_an_acceptance_holds_for_some_days(county, kind, days):
    referral = road.accepted(county, kind=kind)
    assert owed(referral)[2] == NOON + days * DAY


def test_an_appointment_lies_ahead_but_not_years_ahead(county):
    referral = road.submitted(county)
    for when in (NOON - HOUR, NOON + 400 * DAY, datetime.max.replace(tzinfo=UTC)):
        refusal = refused(Refused, referrals.accept, referral, by=county.li, expected_at=when)
        assert refusal.field == "expected_at"
    assert Referral.objects.get(pk=referral.pk).state == State.SUBMITTED


def test_only_who_accepted_reads_the_patients_record(county):
    referral = road.submitted(county)
    assert county.patient not in open_people(county.chen)
    referrals.accept(referral, by=county.li)
    assert county.patient in open_people(county.chen)
    for name in ("liu", "stranger", "zheng", "admin"):
        assert county.patient not in open_people(county.actors[name]), name


# -------------------------------------------------------------------------------- the answer: no


def test_a_refusal_says_why_and_what_to_do_instead(county):
    referral = road.submitted(county)
    facts = {"code": "no-bed", "alternative": "先在贵院输液观察，明日再联系"}
    nobody_but("li", county, referrals.decline, referral, **facts)

    for wrong in ({"code": ""}, {"code": "tired"}, {"code": "other"}):
        refusal = refused(Refused, referrals.decline, referral, by=county.li, **facts | wrong)
        assert refusal.field == "refusal_code"
    refusal = refused(Refused, referrals.decline, referral, by=county.li, code="no-bed")
    assert (refusal.code, refusal.field) == ("no-alternative", "alternative")
    refusal = refused(
        Refused,
        referrals.decline,
        referral,
        by=county.li,
        code="no-bed",
        alternative_org=county.strange_hospital,
    )
    assert refusal.field == "alternative_org"

    referrals.decline(referral, by=county.li, **facts)
    assert referral.state == State.DECLINED
    # Now the sender must find another way: refused is not forgotten.
    assert owed(referral) == (county.township.pk, "redirect", NOON + 24 * HOUR)
    assert news_of(county.wang) == ["青山县人民医院未能接收患者 陈桂香，请改转或另作处理"]
    assert told() == ["submitted", "declined"]
    assert OutboxEvent.objects.latest("id").payload["refusal_code"] == "no-bed"


def test_a_refusal_may_name_another_house(county):
    referral = road.submitted(county)
    referrals.decline(
        referral, by=county.li, code="higher-level-needed", alternative_org=county.city
    )
    assert referral.alternative_org == county.city


def test_what_was_declined_is_not_accepted_afterwards(county):
    referral = road.submitted(county)
    referrals.decline(referral, by=county.li, code="no-bed", alternative="留观")
    refused(WrongState, referrals.accept, referral, by=county.li)


# ------------------------------------------------------------------------------ the answer: wait


def test_no_bed_is_a_state_that_somebody_owns(county, noon):
    referral = road.submitted(county)
    nobody_but("li", county, referrals.waitlist, referral, code="no-bed")
    for wrong in ("", "tired", "other"):
        assert (
            refused(Refused, referrals.waitlist, referral, by=county.li, code=wrong).field
            == "waiting_code"
        )
    for when in (NOON, NOON - HOUR, NOON + 400 * DAY):
        refusal = refused(
            Refused, referrals.waitlist, referral, by=county.li, code="no-bed", review_at=when
        )
        assert refusal.field == "review_at"
    referrals.waitlist(referral, by=county.li, code="no-bed")
    assert referral.state == State.WAITLISTED
    assert owed(referral) == (county.hospital.pk, "accept", NOON + 3 * DAY)
    assert news_of(county.wang) == ["青山县人民医院已将患者 陈桂香 列入候床候诊"]

    # Looked at again, and still no bed: the day moves on, the first answer stays the first.
    noon.shift(DAY)
    referrals.waitlist(referral, by=county.li, code="no-slot", review_at=NOON + 2 * DAY)
    assert owed(referral)[2] == NOON + 2 * DAY
    assert referral.answered_at == NOON
    referrals.accept(referral, by=county.li)
    assert referral.waiting_code == ""
    assert referral.answered_at == NOON


# --------------------------------------------------------------------------- the answer: silence


def test_silence_is_taken_in_hand_by_the_consortiums_office(county, noon):
    referral = road.submitted(county, urgency="urgent")
    noon.shift(4 * HOUR - MINUTE)
    worker.everything_due()
    referral.refresh_from_db()
    assert referral.state == State.SUBMITTED

    noon.shift(MINUTE)
    worker.everything_due()
    referral.refresh_from_db()
    assert referral.state == State.UNANSWERED
    assert owed(referral) == (county.office.pk, "arrange", NOON + 8 * HOUR)
    assert InboxItem.objects.waiting_for(county.sun).get().subject_id == referral.pk
    assert news_of(county.wang) == ["青山县人民医院逾期未答复患者 陈桂香 的转诊，已交医共体协调"]

    # Late is better than never: the desk may still answer.
    referrals.accept(referral, by=county.li)
    assert referral.state == State.ACCEPTED


def test_the_office_asks_another_house_and_the_sender_hears_of_it(county, noon):
    referral = road.submitted(county, reason_code="equipment")
    noon.shift(2 * DAY)
    worker.everything_due()
    referral.refresh_from_db()
    facts = {"to_org": county.other_township}
    nobody_but("wang sun zhou", county, referrals.redirect, referral, **facts)
    referrals.redirect(referral, by=county.sun, **facts)
    assert referral.state == State.SUBMITTED
    assert owed(referral) == (county.other_township.pk, "accept", NOON + 2 * DAY + 24 * HOUR)
    assert news_of(county.wang)[0] == "患者 陈桂香 的转诊已由医共体改转柳溪镇卫生院"
    # And it is the office's no more.
    refused(Forbidden, referrals.redirect, referral, by=county.sun, to_org=county.hospital)


def test_the_office_cancels_and_the_sender_hears_of_it(county, noon):
    referral = road.submitted(county)
    noon.shift(2 * DAY)
    worker.everything_due()
    referral.refresh_from_db()
    referrals.cancel(referral, by=county.sun, code="gone-elsewhere")
    assert referral.state == State.CANCELLED
    assert news_of(county.wang)[0] == "患者 陈桂香 的转诊已由医共体取消"


def test_nobody_may_play_the_clock(county, noon):
    nobody_but("", county, referrals.leave_unanswered, road.submitted(county))
    other = cast.resident(county.admin, county.region, "李大爷")
    nobody_but("", county, referrals.expire, road.accepted(county, person=other))


def test_many_overdue_approvals_do_not_hide_the_unanswered(county, noon):
    """The clock reads everything that is overdue, not only the first page of it."""
    road.admitted(county.wang, county.patient, county.township)
    for _letter in range(3):
        referral = referrals.draft(cast.letter(county), by=county.wang, knowing_of_open=True)
        referrals.submit(referral, by=county.wang)
    other = cast.resident(county.admin, county.region, "李大爷")
    asked = road.submitted(county, person=other)
    noon.shift(3 * DAY)
    assert listeners.watch_the_clock() == 1
    asked.refresh_from_db()
    assert asked.state == State.UNANSWERED


# ------------------------------------------------------------------------- redirect and cancel


def test_after_a_refusal_the_sender_asks_another_house(county, noon):
    referral = road.submitted(county, reason_code="equipment")
    referrals.decline(
        referral, by=county.li, code="no-bed", text="床满", alternative="柳溪有床",
        alternative_org=county.other_township,
    )  # fmt: skip
    nobody_but("wang zhou", county, referrals.redirect, referral, to_org=county.other_township)
    noon.shift(HOUR)
    referrals.redirect(
        referral, by=county.wang, to_org=county.other_township, to_department="康复科"
    )
    assert referral.state == State.SUBMITTED
    assert (referral.to_org, referral.to_department) == (county.other_township, "康复科")
    # A clean sheet: the refusal is in the story, not on the letter.
    assert (referral.refusal_code, referral.refusal, referral.alternative) == ("", "", "")
    assert referral.alternative_org is None
    assert referral.answered_at is None
    assert referral.direction == "lateral"
    assert owed(referral) == (county.other_township.pk, "accept", NOON + 25 * HOUR)
    assert news_of(county.liu) == ["青山镇卫生院申请转入患者 陈桂香"]
    assert news_of(county.li)[0] == "陈桂香 的转诊已改转其他机构"


def test_a_redirection_out_of_the_county_is_approved_anew(county):
    referral = road.submitted(county, reason_code="patient-request")
    referrals.decline(
        referral, by=county.li, code="higher-level-needed", alternative_org=county.city
    )
    referrals.redirect(referral, by=county.wang, to_org=county.city)
    assert referral.awaits_approval
    assert owed(referral)[:2] == (county.township.pk, "approve")


def test_a_redirection_keeps_to_the_routes(county):
    referral = road.submitted(county)
    refused(Refused, referrals.redirect, referral, by=county.wang, to_org=county.strange_hospital)
    refused(WrongState, referrals.redirect, referral, by=county.wang, to_org=county.hospital)
    assert Referral.objects.get(pk=referral.pk).to_org_id == county.hospital.pk


@pytest.mark.parametrize("upto", ["drafted", "submitted", "accepted"])
def test_before_the_arrival_the_sender_may_cancel_with_a_reason(county, upto):
    referral = getattr(road, upto)(county)
    nobody_but("wang zhou", county, referrals.cancel, referral, code="patient-declines")
    for wrong in ("", "whim", "other"):
        assert (
            refused(Refused, referrals.cancel, referral, by=county.wang, code=wrong).field
            == "end_code"
        )
    referrals.cancel(referral, by=county.wang, code="other", text="家里有事")
    assert referral.state == State.CANCELLED
    assert (referral.end_code, referral.end_reason) == ("other", "家里有事")
    assert owed(referral) == (None, "", None)
    assert told()[-1] == "ended"
    # Who has never been asked is not told.
    assert ("陈桂香 的转诊已由转出方取消" in news_of(county.li)) == (upto != "drafted")


@pytest.mark.parametrize("upto", ["arrived", "treated", "closed"])
def test_after_the_arrival_nothing_is_cancelled(county, upto):
    referral = getattr(road, upto)(county)
    refused(WrongState, referrals.cancel, referral, by=county.wang, code="patient-declines")


# ------------------------------------------------------------------------------------- the way


def test_a_departure_gives_the_receiver_six_hours(county, noon):
    referral = road.accepted(county)
    noon.shift(HOUR)
    facts = {"departed_at": NOON + HOUR, "transport": "急救车 浙H12345"}
    nobody_but("wang", county, referrals.depart, referral, **facts)
    for wrong in (NOON - DAY, NOON + 2 * HOUR):
        refusal = refused(Refused, referrals.depart, referral, by=county.wang, departed_at=wrong)
        assert refusal.field == "departed_at"
    referrals.depart(referral, by=county.wang, **facts)
    assert referral.state == State.IN_TRANSIT
    assert owed(referral) == (county.hospital.pk, "receive", NOON + 7 * HOUR)
    assert news_of(county.li)[0] == "陈桂香 已从青山镇卫生院出发"
    # On the road the clock does not let it lapse; it climbs instead.
    noon.shift(9 * DAY)
    listeners.watch_the_clock()
    assert Referral.objects.get(pk=referral.pk).state == State.IN_TRANSIT


def test_an_arrival_is_noted_by_the_desk(county, noon):
    referral = road.accepted(county)
    noon.shift(DAY)
    at = NOON + DAY - HOUR
    nobody_but("li", county, referrals.receive, referral, arrived_at=at)
    referrals.receive(referral, by=county.li, arrived_at=at)
    assert referral.state == State.ARRIVED
    assert referral.arrived_at == at
    assert owed(referral) == (county.hospital.pk, "treat", at + 24 * HOUR)
    assert news_of(county.wang)[0] == "患者 陈桂香 已在青山县人民医院到诊"
    assert told()[-1] == "patient-arrived"
    refused(WrongState, referrals.receive, referral, by=county.li, arrived_at=at)


def test_nobody_arrives_before_consenting_before_leaving_or_tomorrow(county, noon):
    referral = road.accepted(county)
    for wrong in (NOON - DAY, NOON + HOUR):
        refusal = refused(Refused, referrals.receive, referral, by=county.li, arrived_at=wrong)
        assert refusal.field == "arrived_at"
    noon.shift(2 * HOUR)
    referrals.depart(referral, by=county.wang, departed_at=NOON + 2 * HOUR)
    refusal = refused(Refused, referrals.receive, referral, by=county.li, arrived_at=NOON + HOUR)
    assert "出发" in str(refusal)
    referrals.receive(referral, by=county.li, arrived_at=NOON + 2 * HOUR)


def test_who_was_not_accepted_does_not_arrive(county):
    refused(WrongState, referrals.receive, road.submitted(county), by=county.li, arrived_at=NOON)


def test_an_acceptance_that_nobody_used_lapses(county, noon):
    referral = road.accepted(county)
    noon.shift(3 * DAY - MINUTE)
    worker.everything_due()
    assert Referral.objects.get(pk=referral.pk).state == State.ACCEPTED
    noon.shift(MINUTE)
    worker.everything_due()
    referral.refresh_from_db()
    assert referral.state == State.EXPIRED
    assert owed(referral) == (county.township.pk, "redirect", NOON + 3 * DAY + 72 * HOUR)
    # The sender and the clinic that keeps the patient's record ask after them.
    sentence = "患者 陈桂香 逾期未到青山县人民医院，请联系患者"
    assert news_of(county.wang)[0] == sentence
    assert news_of(county.zhao) == [sentence]

    # And who comes after all is welcome.
    referrals.receive(referral, by=county.li, arrived_at=NOON + 3 * DAY)
    assert referral.state == State.ARRIVED


def test_a_lapsed_letter_may_be_sent_again(county, noon):
    referral = road.accepted(county)
    noon.shift(3 * DAY)
    worker.everything_due()
    referral.refresh_from_db()
    referrals.redirect(referral, by=county.wang, to_org=county.hospital)
    assert referral.state == State.SUBMITTED
    assert (referral.accepted_at, referral.expected_at) == (None, None)


# ---------------------------------------------------------------------------------- treatment


@pytest.mark.parametrize(
    ("kind", "visit"),
    [("outpatient", "outpatient"), ("inpatient", "inpatient"), ("green-channel", "emergency")],
)
def test_treatment_begins_with_an_encounter_in_the_record(county, kind, visit):
    referral = road.arrived(county, kind=kind)
    nobody_but("chen", county, referrals.treat, referral)
    referrals.treat(referral, by=county.chen, department="CCU")
    assert referral.state == State.IN_TREATMENT
    encounter = referral.encounter
    assert encounter is not None
    assert (encounter.kind, encounter.department) == (visit, "CCU")
    assert (encounter.organisation, encounter.author) == (county.hospital, "陈主任")
    due = NOON + (14 * DAY if visit == "inpatient" else DAY)
    assert owed(referral) == (county.hospital.pk, "close", due)
    assert news_of(county.wang)[0] == "青山县人民医院已开始诊治患者 陈桂香"


def test_a_discharge_starts_the_receipts_clock(county, noon):
    referral = road.treated(county, kind="inpatient")
    noon.shift(5 * DAY)
    facts = {"discharged_at": NOON + 5 * DAY, "discharge_way": "1", "outcome": "2"}
    nobody_but("li chen", county, referrals.discharge, referral, **facts)
    for wrong, field in (
        ({"discharged_at": NOON - HOUR}, "discharged_at"),
        ({"discharged_at": NOON + 6 * DAY}, "discharged_at"),
        ({"discharge_way": "77"}, "discharge_way"),
        ({"outcome": "wonderful"}, "outcome"),
        ({"discharge_way": ""}, "discharge_way"),  # a stay ends in some way
    ):
        refusal = refused(Refused, referrals.discharge, referral, by=county.chen, **facts | wrong)
        assert field in refusal.fields, wrong
    referrals.discharge(referral, by=county.chen, **facts)
    assert referral.state == State.IN_TREATMENT
    assert owed(referral) == (county.hospital.pk, "close", NOON + 8 * DAY)
    assert Encounter.objects.get(pk=referral.encounter_id).ended_at == NOON + 5 * DAY
    assert news_of(county.wang)[0] == "患者 陈桂香 已在青山县人民医院诊毕出院"
    refused(WrongState, referrals.discharge, referral, by=county.chen, **facts)


def test_a_visit_that_ends_in_the_record_starts_it_too(county, noon):
    referral = road.treated(county)
    noon.shift(HOUR)
    record.end_encounter(referral.encounter, by=county.chen, ended_at=NOON + HOUR)
    outbox.deliver()
    referral.refresh_from_db()
    assert referral.discharged_at == NOON + HOUR
    assert owed(referral)[2] == NOON + 25 * HOUR


# ---------------------------------------------------------------------------- receipt and down


def test_the_receipt_goes_back_and_closes_the_way_up(county):
    referral = road.treated(county)
    nobody_but("chen", county, referrals.close, referral, **road.RECEIPT)
    for name, field in (
        ("treatment", "receipt_treatment"),
        ("plan", "receipt_plan"),
        ("outcome", "outcome"),
        ("final_code", "final_code"),
    ):
        refusal = refused(
            Refused, referrals.close, referral, by=county.chen, **road.RECEIPT | {name: " "}
        )
        assert set(refusal.fields) == {field}
    for wrong in ({"outcome": "7"}, {"final_code": "XYZ"}):
        refusal = refused(
            Refused, referrals.close, referral, by=county.chen, **road.RECEIPT | wrong
        )
        assert next(iter(wrong)) in refusal.fields
    referrals.close(referral, by=county.chen, **road.RECEIPT)
    assert referral.state == State.CLOSED
    assert (referral.closed_at, referral.receipt_doctor) == (NOON, "陈主任")
    assert referral.final_name == "不稳定型心绞痛"
    assert owed(referral) == (None, "", None)
    assert news_of(county.wang)[0] == "青山县人民医院已回执结案：患者 陈桂香"
    assert told()[-1] == "closed"
    refused(WrongState, referrals.close, referral, by=county.chen, **road.RECEIPT)


def test_a_proposal_to_go_down_is_a_referral_of_its_own(county):
    above = road.treated(county)
    facts = {"to_org": county.village, **road.PLAN}
    nobody_but("chen", county, referrals.propose_down, above, **facts)
    referrals.propose_down(above, by=county.chen, **facts)
    assert above.state == State.DOWN_PROPOSED
    down = above.sequels.get()
    assert (down.state, down.direction) == (State.SUBMITTED, "down")
    assert (down.from_org, down.to_org) == (county.hospital, county.village)
    assert (down.rehabilitation, down.treatment_plan) == (
        road.PLAN["rehabilitation"],
        road.PLAN["treatment_plan"],
    )
    # Nobody types again what the way up has taught.
    assert (down.diagnosis_code, down.symptoms) == (above.diagnosis_code, above.symptoms)
    assert down.follow_up_org == county.village
    assert owed(down) == (county.village.pk, "accept", NOON + 24 * HOUR)
    assert news_of(county.zhao) == ["青山县人民医院申请转入患者 陈桂香"]
    # The way up still owes its receipt.
    assert owed(above)[1] == "close"
    refused(WrongState, referrals.propose_down, above, by=county.chen, **facts)


def test_after_the_receipt_too_a_patient_may_go_down(county):
    above = road.closed(county)
    referrals.propose_down(above, by=county.chen, to_org=county.township, **road.PLAN)
    assert above.state == State.CLOSED
    down = above.sequels.get()
    # The township takes the patient; the village that keeps the record follows up.
    assert (down.to_org, down.follow_up_org) == (county.township, county.village)
    refused(
        WrongState,
        referrals.propose_down,
        above,
        by=county.chen,
        to_org=county.township,
        **road.PLAN,
    )


def test_nobody_goes_down_without_a_plan(county):
    above = road.treated(county)
    for name in road.PLAN:
        refusal = refused(
            referrals.Incomplete,
            referrals.propose_down,
            above,
            by=county.chen,
            to_org=county.village,
            **road.PLAN | {name: ""},
        )
        assert set(refusal.fields) == {name}
    assert Referral.objects.count() == 1
    assert Referral.objects.get().state == State.IN_TREATMENT


def test_who_is_sent_down_is_followed_up_within_two_weeks(county, noon):
    down = road.awaiting_follow_up(county)
    assert down.state == State.CLOSED
    assert owed(down) == (county.village.pk, "follow-up", NOON + 14 * DAY)
    assert "请在两周内随访下转患者 陈桂香" in news_of(county.zhao)

    noon.shift(10 * DAY)
    facts = {"followed_up_at": NOON + 10 * DAY, "note": "血压 130/80，规律服药"}
    nobody_but("zhao", county, referrals.follow_up, down, **facts)
    refusal = refused(Refused, referrals.follow_up, down, by=county.zhao, **facts | {"note": " "})
    assert refusal.field == "follow_up_note"
    for wrong in (NOON - DAY, NOON + 11 * DAY):
        refusal = refused(
            Refused, referrals.follow_up, down, by=county.zhao, **facts | {"followed_up_at": wrong}
        )
        assert refusal.field == "followed_up_at"
    referrals.follow_up(down, by=county.zhao, **facts)
    assert down.state == State.FOLLOWED_UP
    assert down.follow_up_doctor == "赵村医"
    assert owed(down) == (None, "", None)
    # The hospital that sent the patient down hears how it went.
    sender = Notice.objects.filter(org_id=county.hospital.pk).latest("id")
    assert sender.text == "下转患者 陈桂香 已随访"
    assert told()[-1] == "followed-up"
    refused(WrongState, referrals.follow_up, down, by=county.zhao, **facts)


def test_who_went_up_is_not_followed_up(county):
    referral = road.closed(county)
    with pytest.raises(Refused):
        referrals.follow_up(referral, by=county.wang, followed_up_at=NOON, note="好")


# ----------------------------------------------------------------------------- ends before the end


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


# ------------------------------------------------------------------------------- outside houses


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


# ------------------------------------------------------------------------------- the papers


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


# ----------------------------------------------------------------------------- who sees what


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
