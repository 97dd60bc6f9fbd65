"""What opens a record, what closes it, and who hears of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.cast import card_of, hire, id_card, resident
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy import rules
from xinglin.clinical.privacy.models import (
    PARTS,
    AccessCode,
    BreakGlass,
    Consent,
    Presence,
    Review,
    Vip,
    ground,
    news_of,
    open_people,
)
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.lines import HIDDEN, counts
from xinglin.clinical.record.models import KINDS, Allergy, Diagnosis, Encounter
from xinglin.kernel.errors import Conflict, Forbidden, Refused, WrongState
from xinglin.kernel.models import InboxItem, Notice, TrailEntry
from xinglin.kernel.trail import said
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import CareLink
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import User


@pytest.fixture
def officer(cast):
    return cast.qian


@pytest.fixture
def patient(cast):
    """陈桂香 at her own telephone."""
    with_account = privacy.give_account(
        cast.patient,
        by=cast.zhao,
        presence=card_of(cast.patient, cast.zhao),
        username="13900000001",
        password="xinglin-test",
    )
    return User.objects.get(person=with_account).resident()


def visit(cast, by, house, **facts):
    given = {"kind": "outpatient", "started_at": timezone.now(), "complaint": "头晕"}
    return Encounter(person=cast.patient, organisation=house, **{**given, **facts})


def allergy(cast, house, **facts):
    return Allergy(
        person=cast.patient,
        organisation=house,
        substance="青霉素",
        noted_on=timezone.localdate(),
        **facts,
    )


def glass(cast, **facts):
    given = {"reason_code": "emergency", "reason": "车祸送来，昏迷"}
    return BreakGlass(
        county_id=cast.region.pk,
        person=cast.patient,
        organisation=cast.other_township,
        **{**given, **facts},
    )


def consent(cast, **facts):
    return Consent(county_id=cast.region.pk, person=cast.patient, **{"signer": "陈桂香", **facts})


def hidden_from(actor, person):
    return sum(facts for kind, _house, facts, _alone in counts(actor, person.pk) if kind == HIDDEN)


def test_every_kind_of_fact_can_be_allowed_and_denied():
    assert set(KINDS) <= set(PARTS)


# --------------------------------------------------------------------- a relation needs two


def test_a_visit_without_proof_keeps_what_the_house_wrote_and_opens_nothing(cast):
    record.note(allergy(cast, cast.village), by=cast.zhao)
    mine = record.start_encounter(visit(cast, cast.liu, cast.other_township), by=cast.liu)
    assert list(Encounter.objects.visible_to(cast.liu)) == [mine]
    assert not Allergy.objects.visible_to(cast.liu).exists()
    assert ground(cast.liu, cast.patient) == ""


def test_a_code_opens_once_and_for_its_person_only(cast, patient):
    code, row = privacy.new_code(cast.patient, by=patient)
    other = resident(cast.admin, cast.region, "周小妹")
    with pytest.raises(privacy.NotProven):
        privacy.present(other, code, by=cast.liu)
    shown = privacy.present(cast.patient, f" {code[:3]} {code[3:]}", by=cast.liu)
    privacy.open_record(shown, by=cast.liu)
    assert cast.patient in open_people(cast.liu)
    assert "居民出示授权码" in said(ground(cast.liu, cast.patient))
    assert AccessCode.objects.get(pk=row.pk).used_by_id == cast.other_township.pk
    with pytest.raises(privacy.NotProven, match="已用过"):
        privacy.present(cast.patient, code, by=cast.chen)


def test_a_code_runs_out_and_a_new_one_voids_it(cast, patient):
    first, _row = privacy.new_code(cast.patient, by=patient)
    second, _row = privacy.new_code(cast.patient, by=patient)
    with pytest.raises(privacy.NotProven):
        privacy.present(cast.patient, first, by=cast.liu)
    with (
        time_machine.travel(timezone.now() + timedelta(minutes=11)),
        pytest.raises(privacy.NotProven),
    ):
        privacy.present(cast.patient, second, by=cast.liu)


def test_wrong_cards_are_counted_and_then_even_the_right_one_is_refused(cast):
    for serial in range(5):
        with pytest.raises(privacy.NotProven):
            privacy.present(cast.patient, id_card(serial=400 + serial), by=cast.liu)
    with pytest.raises(privacy.TooManyTries):
        privacy.present(cast.patient, cast.patient.id_number, by=cast.liu)
    refused = TrailEntry.objects.filter(kind=TrailEntry.Kind.REFUSED)
    assert refused.count() == 5
    # Another house is not punished for it, and tomorrow is another day.
    assert privacy.present(cast.patient, cast.patient.id_number, by=cast.chen).passed
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert privacy.present(cast.patient, cast.patient.id_number, by=cast.liu).passed


def test_a_proof_is_for_one_house_one_person_and_one_day(cast):
    shown = card_of(cast.patient, cast.liu)
    at_the_hospital = record.start_encounter(
        visit(cast, cast.chen, cast.hospital), by=cast.chen, presence=shown
    )
    assert cast.patient not in open_people(cast.chen)
    with pytest.raises(Refused):
        record.vouch(at_the_hospital, by=cast.chen, presence=shown)
    with pytest.raises(Forbidden):
        privacy.open_record(shown, by=cast.chen)
    with time_machine.travel(timezone.now() + timedelta(hours=25)), pytest.raises(Refused):
        privacy.open_record(shown, by=cast.liu)


def test_after_a_visit_the_record_stays_open_for_some_days(cast):
    seen = record.start_encounter(
        visit(cast, cast.liu, cast.other_township),
        by=cast.liu,
        presence=card_of(cast.patient, cast.liu),
    )
    record.end_encounter(seen, by=cast.liu, ended_at=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert cast.patient in open_people(cast.liu)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert cast.patient not in open_people(cast.liu)
        assert Encounter.objects.visible_to(cast.liu).exists(), "one's own stays one's own"


def test_a_stay_keeps_the_record_open_however_long_it_lasts(cast):
    stay = record.start_encounter(
        visit(cast, cast.chen, cast.hospital, kind="inpatient"),
        by=cast.chen,
        presence=card_of(cast.patient, cast.chen),
    )
    with time_machine.travel(timezone.now() + timedelta(days=90)):
        assert cast.patient in open_people(cast.chen)
        record.end_encounter(stay, by=cast.chen, ended_at=timezone.now(), discharge_way="1")
    with time_machine.travel(timezone.now() + timedelta(days=121)):
        assert cast.patient not in open_people(cast.chen)


def test_a_visit_that_was_dated_back_opens_no_longer_for_it(cast):
    long_ago = timezone.now() - timedelta(days=60)
    record.start_encounter(
        visit(cast, cast.liu, cast.other_township, started_at=long_ago),
        by=cast.liu,
        presence=card_of(cast.patient, cast.liu),
    )
    assert cast.patient not in open_people(cast.liu)


# --------------------------------------------------------------------------------- custody


def test_no_house_makes_itself_the_keeper(cast):
    stranger = resident(cast.admin, cast.region, "周小妹", managed_by=cast.village)
    with pytest.raises(Forbidden):
        people.correct(stranger, by=cast.liu, managed_by=cast.other_township)
    with pytest.raises(people.NotTheKeeper):
        resident(cast.liu, cast.region, "新居民", managed_by=cast.village)
    assert stranger not in open_people(cast.liu)


def test_the_keeper_hands_on_and_reads_until_what_runs_is_done(cast):
    people.correct(cast.patient, by=cast.admin, managed_by=cast.other_township)
    assert cast.patient in open_people(cast.liu)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert cast.patient not in open_people(cast.zhao)
        assert cast.patient in open_people(cast.liu)


def test_a_resident_who_is_here_may_choose_the_keeper(cast):
    shown = card_of(cast.patient, cast.liu)
    privacy.take_over(cast.patient, by=cast.liu, presence=shown, house=cast.other_township)
    assert cast.patient.managed_by == cast.other_township
    link = CareLink.objects.get(person=cast.patient, organisation=cast.other_township)
    assert (link.basis, link.evidence, link.until) == ("custody", "card", None)
    with pytest.raises(Conflict):
        privacy.take_over(cast.patient, by=cast.liu, presence=shown, house=cast.other_township)


# --------------------------------------------------------------------------------- consents


def test_yes_opens_beyond_treating_and_no_closes_before_it(cast, patient):
    record.note(allergy(cast, cast.village), by=cast.zhao)
    yes = privacy.give_consent(consent(cast, house=cast.other_township), by=patient)
    assert cast.patient in open_people(cast.liu)
    assert said(ground(cast.liu, cast.patient)).startswith("居民授权")
    assert cast.patient not in open_people(cast.chen)
    privacy.withdraw_consent(yes, by=patient)
    assert cast.patient not in open_people(cast.liu)
    with pytest.raises(WrongState):
        privacy.withdraw_consent(yes, by=patient)

    no = privacy.give_consent(
        consent(cast, effect="deny", house=cast.township, parts=",allergy,"), by=patient
    )
    assert not Allergy.objects.visible_to(cast.wang).exists()
    assert cast.patient in open_people(cast.wang), "the rest stays open"
    privacy.withdraw_consent(no, by=patient)
    assert not Allergy.objects.visible_to(cast.liu).exists()
    privacy.give_consent(consent(cast, effect="deny"), by=patient)
    assert cast.patient not in open_people(cast.wang)
    assert Allergy.objects.visible_to(cast.zhao).exists(), "one's own stays one's own"


def test_a_consent_ends_by_itself(cast, patient):
    until = timezone.localdate() + timedelta(days=3)
    privacy.give_consent(consent(cast, until=until), by=patient)
    assert cast.patient in open_people(cast.liu)
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        assert cast.patient not in open_people(cast.liu)


def test_a_house_writes_consents_only_for_those_whom_it_may_read(cast):
    with pytest.raises(Forbidden):
        privacy.record_consent(consent(cast, method="paper"), by=cast.liu)
    told = privacy.record_consent(consent(cast, method="paper", house=cast.hospital), by=cast.zhao)
    assert (told.recorded_by, told.recorded_at) == ("赵村医", cast.village)
    assert cast.patient in open_people(cast.chen)


def test_for_a_child_the_guardian_signs(cast):
    born = date(timezone.localdate().year - 6, 1, 2)
    child = resident(
        cast.admin, cast.region, "小宝", id_number=id_card(born), managed_by=cast.village
    )
    row = Consent(
        county_id=cast.region.pk, person=child, method="paper", signer="小宝", relation="self"
    )
    with pytest.raises(privacy.WrongConsent) as refusal:
        privacy.record_consent(row, by=cast.zhao)
    assert "relation" in refusal.value.fields
    row.relation, row.signer = "guardian", "陈大"
    privacy.record_consent(row, by=cast.zhao)


def test_impossible_consents_are_refused_with_the_field(cast, patient):
    today = timezone.localdate()
    for field, facts in (
        ("until", {"until": today - timedelta(days=1)}),
        ("since", {"since": today + timedelta(days=1)}),
        ("parts", {"parts": ",soul,"}),
    ):
        with pytest.raises(Refused) as refusal:
            privacy.give_consent(consent(cast, **facts), by=patient)
        assert field in refusal.value.fields


def test_nobody_consents_for_another_through_their_account(cast, patient):
    other = resident(cast.admin, cast.region, "周小妹")
    row = Consent(county_id=cast.region.pk, person=other, signer="周小妹")
    with pytest.raises(Forbidden):
        privacy.give_consent(row, by=patient)
    with pytest.raises(Forbidden):
        privacy.give_consent(row, by=cast.wang)


# ------------------------------------------------------------------------------ break-glass


def test_broken_glass_opens_for_one_user_for_a_day_and_everybody_hears(cast, officer, patient):
    record.note(allergy(cast, cast.village), by=cast.zhao)
    broken = privacy.break_glass(glass(cast), by=cast.liu)
    assert cast.patient in open_people(cast.liu)
    assert Allergy.objects.visible_to(cast.liu).exists()
    assert said(ground(cast.liu, cast.patient)) == "紧急查阅：抢救，患者无法出示证件"
    _user, colleague = hire(cast.admin, cast.other_township, "同事", "township-doctor")
    assert cast.patient not in open_people(colleague)

    review = Review.objects.get(glass=broken)
    assert InboxItem.objects.waiting_for(officer).get().subject_id == review.pk
    assert "紧急查阅" in Notice.objects.for_actor(officer).get().text
    assert "刘科长" in " ".join(notice.text for notice in news_of(patient))

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert cast.patient not in open_people(cast.liu)


def test_glass_needs_a_reason_and_is_not_broken_twice(cast):
    for facts, field in (({"reason_code": "boredom"}, "reason_code"), ({"reason": "急"}, "reason")):
        with pytest.raises(Refused) as refusal:
            privacy.break_glass(glass(cast, **facts), by=cast.liu)
        assert field in refusal.value.fields
    privacy.break_glass(glass(cast), by=cast.liu)
    with pytest.raises(Conflict):
        privacy.break_glass(glass(cast), by=cast.liu)
    with pytest.raises(Forbidden):
        privacy.break_glass(glass(cast), by=cast.stranger)


def test_glass_breaks_a_no_as_well(cast, patient):
    record.note(allergy(cast, cast.village), by=cast.zhao)
    privacy.give_consent(consent(cast, effect="deny"), by=patient)
    privacy.break_glass(glass(cast), by=cast.liu)
    assert Allergy.objects.visible_to(cast.liu).exists()


def test_the_officer_asks_and_decides_and_the_resident_hears(cast, officer, patient):
    privacy.break_glass(glass(cast), by=cast.liu)
    review = Review.objects.get()
    privacy.ask(review, by=officer, answer="已电话询问")
    with pytest.raises(Refused):
        privacy.decide(review, by=officer, justified=True, answer=" ")
    with pytest.raises(Forbidden):
        privacy.decide(review, by=cast.liu, justified=True, answer="我自己看没问题")
    privacy.decide(review, by=officer, justified=False, answer="当日无接诊记录")
    assert review.state == "unjustified"
    assert not InboxItem.objects.waiting_for(officer).exists()
    assert "查阅不当" in news_of(patient).first().text
    with pytest.raises(WrongState):
        privacy.decide(review, by=officer, justified=True, answer="改主意")


def test_a_resident_disputes_a_reading_once(cast, officer, patient):
    from xinglin.clinical.privacy.models import opened, readings

    opened(cast.wang, cast.patient, parts="record")
    line = readings(patient).get()
    row = Review(county_id=cast.region.pk, person=cast.patient, entry=line, said="没去过")
    privacy.dispute(row, by=patient)
    assert InboxItem.objects.waiting_for(officer).get().subject_id == row.pk
    again = Review(county_id=cast.region.pk, person=cast.patient, entry=line, said="")
    with pytest.raises(Conflict):
        privacy.dispute(again, by=patient)


def test_watching_a_person_is_for_the_officer(cast, officer):
    vip = Vip(county_id=cast.region.pk, person=cast.patient, reason="public-figure")
    with pytest.raises(Forbidden):
        privacy.watch(vip, by=cast.wang)
    privacy.watch(vip, by=officer)
    with pytest.raises(Conflict):
        privacy.watch(
            Vip(county_id=cast.region.pk, person=cast.patient, reason="media"), by=officer
        )
    privacy.stop_watching(vip, by=officer)


# --------------------------------------------------------------------------------- domains


def test_a_sensitive_visit_lies_behind_a_second_door(cast):
    _user, psychiatrist = hire(cast.admin, cast.hospital, "梁医生", "psychiatrist")
    seen = record.start_encounter(visit(cast, cast.wang, cast.township), by=cast.wang)
    note = allergy(cast, cast.township, encounter=seen)
    record.note(note, by=cast.wang)
    record.note(
        Diagnosis(
            person=cast.patient,
            organisation=cast.township,
            encounter=seen,
            code="F20.9",
            diagnosed_on=timezone.localdate(),
        ),
        by=cast.wang,
    )
    assert {Encounter.objects.get().domain, Allergy.objects.get().domain} == {"mental"}
    # The house that wrote it reads it; the village that keeps the record does not.
    assert Diagnosis.objects.visible_to(cast.wang).exists()
    assert not Diagnosis.objects.visible_to(cast.zhao).exists()
    assert hidden_from(cast.zhao, cast.patient) == 3
    assert hidden_from(cast.wang, cast.patient) == 0
    # The psychiatrist's permission alone is not enough: there must be a relation.
    assert not Diagnosis.objects.visible_to(psychiatrist).exists()
    privacy.open_record(card_of(cast.patient, psychiatrist), by=psychiatrist)
    assert Diagnosis.objects.visible_to(psychiatrist).exists()
    assert not Diagnosis.objects.visible_to(cast.chen).exists()
    # In an emergency all is open.
    privacy.break_glass(glass(cast), by=cast.liu)
    assert Diagnosis.objects.visible_to(cast.liu).exists()


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("123456", "code"),
        ("123 456", "code"),
        ("33019919620504001x", "card"),
        ("330199620504001", "card"),
        ("12345", ""),
        ("陈桂香", ""),
        ("", ""),
    ],
)
def test_what_is_typed_is_told_apart(typed, kind):
    assert rules.kind_of(typed)[0] == kind


def test_an_account_needs_the_resident(cast):
    shown = card_of(cast.patient, cast.zhao)
    with pytest.raises(Refused):
        privacy.give_account(
            cast.patient, by=cast.wang, presence=shown, username="x", password="xinglin-test"
        )
    privacy.give_account(
        cast.patient, by=cast.zhao, presence=shown, username="x", password="xinglin-test"
    )
    other = resident(cast.admin, cast.region, "周小妹")
    with pytest.raises(staff.KnownStaff):
        privacy.give_account(
            other,
            by=cast.zhao,
            presence=card_of(other, cast.zhao),
            username="x",
            password="xinglin-test",
        )
    assert Presence.objects.filter(passed=True).count() == 2
