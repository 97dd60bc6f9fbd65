"""From the departure to the follow-up at home."""

from __future__ import annotations

import pytest

from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
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
from xinglin.kernel import outbox, worker
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.models import Notice


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


# ------------------------------------------------------------------------------------------ the way


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


# ---------------------------------------------------------------------------------------- treatment


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


def test_the_desk_too_notes_a_discharge(county):
    """李护士 writes no record, and yet the visit ends with what she notes."""
    referral = road.treated(county)
    referrals.discharge(referral, by=county.li, discharged_at=NOON)
    encounter = Encounter.objects.get(pk=referral.encounter_id or "")
    assert encounter.ended_at == NOON
    assert not county.li.may("record.write")


def test_a_receipt_ends_the_visit(county):
    referral = road.treated(county)
    referrals.close(referral, by=county.chen, **road.RECEIPT)
    encounter = Encounter.objects.get(pk=referral.encounter_id or "")
    assert (encounter.ended_at, encounter.outcome) == (NOON, "2")


def test_a_receipt_does_not_leave_a_patient_in_the_ward(county):
    referral = road.treated(county, kind="inpatient")
    refusal = refused(WrongState, referrals.close, referral, by=county.chen, **road.RECEIPT)
    assert "出院" in str(refusal)


def test_a_visit_that_ends_in_the_record_starts_it_too(county, noon):
    referral = road.treated(county)
    noon.shift(HOUR)
    record.end_encounter(referral.encounter, by=county.chen, ended_at=NOON + HOUR)
    outbox.deliver()
    referral.refresh_from_db()
    assert referral.discharged_at == NOON + HOUR
    assert owed(referral)[2] == NOON + 25 * HOUR


# --------------------------------------------------------------------------------- receipt and down


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
