"""The answer: yes, no, wait or silence; and what the sender does then."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile

from tests import cast
from xinglin.clinical.privacy.models import open_people
from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import listeners
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
from xinglin.kernel.models import InboxItem, OutboxEvent, TrailEntry


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


# ---------------------------------------------------------------------------------- the answer: yes


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


def test_only_the_house_where_the_patient_arrived_reads_the_record(county):
    referral = road.submitted(county)
    referrals.accept(referral, by=county.li)
    assert county.patient not in open_people(county.chen)
    referrals.receive(referral, by=county.li, arrived_at=NOON)
    assert county.patient in open_people(county.chen)
    for name in ("liu", "stranger", "zheng", "admin"):
        assert county.patient not in open_people(county.actors[name]), name


# ----------------------------------------------------------------------------------- the answer: no


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


# --------------------------------------------------------------------------------- the answer: wait


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


# ------------------------------------------------------------------------------ the answer: silence


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


# ------------------------------------------------------------------------------ redirect and cancel


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


def test_the_receiver_reads_what_goes_with_the_letter_before_the_patient_is_there(
    county, client, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    referral = road.submitted(county)
    paper = Document(organisation=county.township, kind="report", title="心电图")
    content = ContentFile(b"%PDF-1.4\n", "ecg.pdf")
    referrals.attach_new(referral, by=county.wang, document=paper, content=content)
    for page in (
        f"/referrals/{referral.pk}/documents/{paper.pk}/",
        f"/api/v1/referrals/{referral.pk}/documents/{paper.pk}",
    ):
        for name, status in (("li", 200), ("liu", 404), ("stranger", 404)):
            client.force_login(county.users[name])
            answer = client.get(page)
            assert answer.status_code == status, (page, name)
            if status == 200:
                assert b"".join(answer.streaming_content).startswith(b"%PDF")
        line = TrailEntry.objects.filter(kind="read", subject_id=paper.pk).latest("id")
        assert (line.user_id, line.parts) == (county.users["li"].pk, "document")
