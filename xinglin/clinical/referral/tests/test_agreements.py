"""Under which agreement a referral runs, and what follows when it runs under none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import statistics
from xinglin.clinical.referral.models import Referral, State
from xinglin.clinical.referral.tests import factories as road
from xinglin.clinical.referral.tests.asking import HOUR, NOON, news_of, nobody_but, owed, refused
from xinglin.clinical.triage.rules.advising import treated_in_county
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.agreements import actions as agreements
from xinglin.registry.agreements.models import Agreement
from xinglin.registry.people.models import Person

DAY = timedelta(days=1)


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


def own(county: cast.Cast) -> Agreement:
    """The consortium's own agreement."""
    return Agreement.objects.get(county=county.region)


def without(county: cast.Cast) -> None:
    agreements.suspend(own(county), by=county.sun, reason="修订中")


def limited(county: cast.Cast, quota: int) -> Agreement:
    """Nothing but an agreement with a quota."""
    without(county)
    houses = [(county.township, "below"), (county.hospital, "house")]
    return cast.agree(
        system(county.region.pk), houses, title="限额协议", quota=quota, quota_by="month"
    )


def somebody(county: cast.Cast, name: str) -> Person:
    return cast.resident(county.admin, county.region, name, managed_by=county.village)


def out(county: cast.Cast, **facts) -> Referral:
    """A letter of the county hospital to the hospital outside."""
    given = {
        "written_by": county.hospital,
        "from_org": county.hospital,
        "to_org": county.city,
        "doctor": "陈主任",
        "reason_code": "beyond-county",
    }
    letter = cast.letter(county, **{**given, **facts})
    return referrals.submit(letter, by=county.chen)


# ------------------------------------------------------------------------------ inside and outside


def test_within_the_consortium_a_referral_runs_under_its_agreement(county):
    referral = road.submitted(county)
    assert (referral.agreement, referral.uncovered) == (own(county), "")
    assert not referral.needs_approval
    assert "青山县医共体双向转诊协议" in referral.cover.sentence


def test_outside_any_agreement_it_is_marked_and_the_leader_lets_it_go(county):
    without(county)
    referral = road.submitted(county)
    assert (referral.uncovered, referral.agreement) == ("suspended", own(county))
    assert "暂停" in referral.cover.sentence
    assert owed(referral) == (county.township.pk, "approve", NOON + 2 * HOUR)
    assert "申请转入" not in "".join(news_of(county.li))
    refused(WrongState, referrals.accept, referral, by=county.li, department="心内科")
    nobody_but("zhou", county, referrals.approve, referral)
    referrals.approve(referral, by=county.zhou)
    assert (referral.state, referral.approved_by) == (State.APPROVED, "周院长")
    referrals.accept(referral, by=county.li, department="心内科")


def test_an_emergency_is_marked_only(county):
    without(county)
    referral = road.submitted(county, urgency="emergency")
    assert (referral.uncovered, referral.needs_approval) == ("suspended", False)
    assert owed(referral)[:2] == (county.hospital.pk, "accept")


def test_for_a_clinic_the_leader_above_it_decides(county):
    without(county)
    letter = cast.letter(county, from_org=county.village, written_by=county.village)
    referral = referrals.submit(letter, by=county.zhao)
    assert owed(referral)[:2] == (county.township.pk, "approve")
    nobody_but("zhou", county, referrals.approve, referral)
    referrals.approve(referral, by=county.zhou)
    assert referral.state == State.APPROVED


def test_who_comes_home_into_the_county_is_marked_only(county):
    letter = cast.letter(
        county,
        from_org=county.city,
        to_org=county.hospital,
        written_by=county.hospital,
        reason_code="stable-rehabilitation",
    )
    referral = referrals.submit(letter, by=county.li)
    assert (referral.direction, referral.uncovered) == ("in", "none")
    assert not referral.needs_approval


def test_a_county_may_do_without_the_approval(county, monkeypatch):
    from xinglin.kernel import parameters

    known = parameters.get
    key = "referral.approve_outside_agreement"
    monkeypatch.setattr(parameters, "get", lambda k, *a: False if k == key else known(k, *a))
    without(county)
    referral = road.submitted(county)
    assert (referral.uncovered, referral.needs_approval) == ("suspended", False)


def test_an_agreement_that_ended_after_the_draft_is_told(county, noon, enter_at_noon):
    today = NOON.date()
    agreements.end(own(county), by=county.sun, reason="重新签订")
    houses = [(county.township, "below"), (county.hospital, "house")]
    short = cast.agree(system(county.region.pk), houses, title="短期协议", valid_until=today)
    referral = road.drafted(county)
    assert (referral.agreement, referral.uncovered) == (short, "")
    noon.shift(DAY)
    page = enter_at_noon("wang").get(f"/referrals/{referral.pk}/").content.decode()
    assert f"《短期协议》（{short.number}）已于 {today.isoformat()} 到期。" in page
    answer = enter_at_noon("wang").post(f"/referrals/{referral.pk}/submit/", follow=True)
    told = answer.content.decode()
    assert f"已于 {today.isoformat()} 到期" in told
    assert "须经青山镇卫生院负责人审核" in told
    referral.refresh_from_db()
    assert (referral.uncovered, referral.awaits_approval) == ("expired", True)


@pytest.fixture
def enter_at_noon(county):
    from django.test import Client

    def browser(part: str) -> Client:
        client = Client()
        client.force_login(county.users[part])
        return client

    return browser


def test_what_the_routes_ask_for_stays_asked_for(county):
    houses = [(county.hospital, "below"), (county.city, "house")]
    cast.agree(system(county.region.pk), houses, title="与省立医院双向转诊协议")
    referral = out(county)
    assert (referral.uncovered, referral.needs_approval) == ("", True)
    road.admitted(county.wang, county.patient, county.township)
    referrals.cancel(referral, by=county.chen, code="patient-better")
    assert road.submitted(county, kind="inpatient").needs_approval


def test_sent_on_to_another_house_it_is_judged_anew(county):
    referral = road.submitted(county)
    referrals.decline(referral, by=county.li, code="no-bed", alternative="转别处")
    without(county)
    referrals.redirect(referral, by=county.wang, to_org=county.other_township)
    assert (referral.uncovered, referral.awaits_approval) == ("suspended", True)


def test_the_scope_of_an_agreement_decides(county):
    without(county)
    houses = [(county.township, "house"), (county.hospital, "house")]
    by = system(county.region.pk)
    cast.agree(by, houses, title="胸痛协议", departments=["心内科"], diagnoses=["I20", "I21"])
    referral = road.submitted(county)
    assert referral.uncovered == ""
    other = cast.letter(county, person=somebody(county, "李大爷"), to_department="骨科")
    told = referrals.submit(other, by=county.wang)
    assert told.uncovered == "department"
    assert "骨科" in told.cover.sentence


# ------------------------------------------------------------------------------------------ quota


def test_a_quota_lets_as_many_through_and_marks_the_next(county):
    agreement = limited(county, 2)
    names = ("甲", "乙", "丙")
    made = [
        referrals.submit(cast.letter(county, person=somebody(county, name)), by=county.wang)
        for name in names
    ]
    assert [each.uncovered for each in made] == ["", "", "quota"]
    assert made[2].awaits_approval
    assert "本月额度 2 例已用完" in made[2].cover.sentence
    period = {agreement.pk: (NOON.date().replace(day=1), NOON.date())}
    assert statistics.used_under(period) == {agreement.pk: 2}


def test_what_was_taken_back_or_refused_uses_nothing(county):
    limited(county, 1)
    first = referrals.submit(cast.letter(county, person=somebody(county, "甲")), by=county.wang)
    referrals.decline(first, by=county.li, code="no-bed", alternative="下周再来")
    second = referrals.submit(cast.letter(county, person=somebody(county, "乙")), by=county.wang)
    assert second.uncovered == ""
    referrals.cancel(second, by=county.wang, code="patient-better")
    # It does not stand in its own way.
    referrals.redirect(first, by=county.wang, to_org=county.hospital)
    assert first.uncovered == ""


def test_a_new_month_brings_a_new_quota(county, noon):
    limited(county, 1)
    referrals.submit(cast.letter(county, person=somebody(county, "甲")), by=county.wang)
    noon.move_to(NOON + 30 * DAY)
    again = cast.letter(county, person=somebody(county, "乙"))
    assert referrals.submit(again, by=county.wang).uncovered == ""


def test_the_check_costs_no_query_at_a_submission(county):
    """Twelve before there were agreements; memory answers, a quota costs its lock and its count."""
    road.submitted(county)
    letter = cast.letter(county, person=somebody(county, "甲"))
    with CaptureQueriesContext(connection) as asked:
        referrals.submit(letter, by=county.wang)
    plain = [q["sql"] for q in asked if "SAVEPOINT" not in q["sql"]]
    assert not [sql for sql in plain if "agreements_" in sql]
    limited(county, 5)
    referrals.submit(cast.letter(county, person=somebody(county, "乙")), by=county.wang)
    letter = cast.letter(county, person=somebody(county, "丙"))
    with CaptureQueriesContext(connection) as more:
        referrals.submit(letter, by=county.wang)
    counted = [q["sql"] for q in more if "SAVEPOINT" not in q["sql"]]
    assert len(counted) == len(plain) + 2


# --------------------------------------------------------------------------- out of the county


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ("I21.9", True),
        ("I21.900", True),
        ("I21.0", True),
        # Sent on once it is stable.
        ("I71.0", False),
        ("I48", True),
        ("I48.x00", True),
        ("C34.900x001", True),
        ("Q21.3", False),
        ("", False),
        ("I4", False),
    ],
)
def test_what_the_county_should_treat_itself(code, inside):
    assert treated_in_county(code) is inside


def test_out_of_the_county_it_is_said_whether_the_county_should_treat_it(county):
    assert out(county).in_catalogue is True
    other = out(county, person=somebody(county, "甲"), diagnosis_code="I20.8")
    assert other.in_catalogue is False
    assert road.submitted(county, person=somebody(county, "乙")).in_catalogue is None


def test_the_insurance_desk_notes_the_filing(county):
    referral = out(county)
    refused(Refused, referrals.file_insurance, referral, by=county.sun, number="?", on=NOON.date())
    tomorrow = NOON.date() + DAY
    refused(Refused, referrals.file_insurance, referral, by=county.sun, number="Z1", on=tomorrow)
    filing = {"number": "ZW 2026-0012", "on": NOON.date()}
    nobody_but("sun", county, referrals.file_insurance, referral, **filing)
    referrals.file_insurance(referral, by=county.sun, **filing)
    assert (referral.filing_number, referral.filed_by) == ("ZW2026-0012", "孙主管")
    inside = road.submitted(county, person=somebody(county, "甲"))
    refused(WrongState, referrals.file_insurance, inside, by=county.sun, **filing)


def test_the_insurance_office_of_the_hospital_files_what_its_house_has_sent(county):
    _user, desk = cast.hire(county.admin, county.hospital, "林会计", "insurance-office")
    referral = out(county)
    referrals.file_insurance(referral, by=desk, number="ZW1", on=NOON.date())
    _user, other = cast.hire(county.admin, county.other_township, "柳会计", "insurance-office")
    refused(Refused, referrals.file_insurance, referral, by=other, number="ZW2", on=NOON.date())


def test_the_register_lists_and_exports_who_was_sent_out(county, enter_at_noon):
    first = out(county)
    referrals.approve(first, by=county.wu)
    referrals.file_insurance(first, by=county.sun, number="ZW1", on=NOON.date())
    second = out(county, person=somebody(county, "李大爷"), diagnosis_code="I20.8")
    inside = road.submitted(county, person=somebody(county, "王大妈"))
    browser = enter_at_noon("li")
    page = browser.get("/referrals/out/").content.decode()
    for each in (first, second):
        assert each.number in page
    assert inside.number not in page
    assert "吴副院长" in page
    assert "ZW1" in page
    only = browser.get("/referrals/out/?in_catalogue=yes&filed=yes").content.decode()
    assert first.number in only
    assert second.number not in only
    answer = browser.get("/referrals/out/export/?filed=no")
    sheet = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(sheet) == 2
    assert second.number in sheet[1]
    # Another house sees none of it.
    assert first.number not in enter_at_noon("liu").get("/referrals/out/").content.decode()


def test_the_register_tells_who_came_home(county, noon, enter_at_noon):
    first = out(county)
    referrals.approve(first, by=county.wu)
    referrals.end(first, by=county.chen, code="lost-contact")
    noon.shift(3 * DAY)
    back = cast.letter(
        county,
        from_org=county.city,
        to_org=county.hospital,
        written_by=county.hospital,
        reason_code="stable-rehabilitation",
    )
    referrals.submit(back, by=county.li)
    row = Referral.objects.out_of_county().with_return().get()
    assert row.returned_at == timezone.now()


def test_the_counts_tell_of_the_catalogue_and_of_what_no_agreement_covers(county, enter_at_noon):
    out(county)
    out(county, person=somebody(county, "甲"), diagnosis_code="I20.8")
    road.submitted(county, person=somebody(county, "乙"))
    counted = statistics.count(county.zheng, NOON.date(), NOON.date())
    assert counted.out_in_catalogue == statistics.Share(1, 2)
    assert counted.out_filed == statistics.Share(0, 2)
    assert counted.uncovered == 2
    page = enter_at_noon("sun").get("/referrals/statistics/").content.decode()
    assert "/referrals/out/?in_catalogue=yes" in page
    listed = enter_at_noon("sun").get("/referrals/?tab=all&outside=on").content.decode()
    assert listed.count('id="r-') == 2


def test_page_and_letter_name_the_agreement(county, enter_at_noon):
    from xinglin.clinical.referral.views.paper import _agreement

    referral = road.submitted(county)
    page = enter_at_noon("li").get(f"/referrals/{referral.pk}/").content.decode()
    assert own(county).get_absolute_url() in page
    assert own(county).number in _agreement(referral)
    assert enter_at_noon("li").get(f"/referrals/{referral.pk}/letter.pdf").status_code == 200
    without(county)
    other = road.submitted(county, person=somebody(county, "甲"))
    assert _agreement(other).startswith("协议外。")
    page = enter_at_noon("zhou").get(f"/referrals/{other.pk}/").content.decode()
    assert "协议外转诊，须经转出方负责人审核。" in page
