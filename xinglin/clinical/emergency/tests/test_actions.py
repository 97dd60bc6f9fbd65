"""The acts: whose turn it is, what the clock takes and refuses, what opens, what follows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tests.cast import resident
from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency import permissions
from xinglin.clinical.emergency.models import GreenCase, GreenStep, State
from xinglin.clinical.emergency.rules import WrongTime
from xinglin.clinical.emergency.tests import factories as road
from xinglin.clinical.privacy.models import is_open
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Observation
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.models import State as Letter
from xinglin.kernel import inbox, outbox
from xinglin.kernel.errors import Conflict, Forbidden, Refused, WrongState
from xinglin.kernel.models import InboxItem, Notice, OutboxEvent, TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Merge, Person

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def owed(case: GreenCase) -> tuple[object, str]:
    row = GreenCase.objects.get(pk=case.pk)
    item = InboxItem.objects.filter(subject_id=row.pk, level=0).first()
    if row.owner_id is None:
        assert item is None
        return None, ""
    assert item is not None
    assert (item.org_id, item.audience, item.due_at) == (row.owner_id, row.duty, row.due_at)
    assert item.urgency == "emergency"
    return row.owner_id, row.duty.removeprefix("emergency.")


def test_the_receiving_house_hears_of_an_alarm_at_once(cast):
    case = road.opened(cast)
    assert case.to_org_id == cast.hospital.pk
    assert owed(case) == (cast.hospital.pk, "confirm")
    assert case.due_at - case.asked_at == timedelta(minutes=5)
    assert "contact" in case.times
    news = [notice.text for notice in Notice.objects.for_actor(cast.li)]
    assert any("卒中绿色通道" in text for text in news)
    assert OutboxEvent.objects.filter(name="emergency.case-opened").count() == 1


def test_an_alarm_that_nobody_confirms_is_raised(cast):
    case = road.opened(cast)
    inbox.raise_overdue(case.due_at + timedelta(minutes=1))
    raised = InboxItem.objects.filter(subject_id=case.pk, level=1)
    assert [item.audience for item in raised] == ["role:desk"]
    inbox.raise_overdue(case.due_at + timedelta(minutes=4))
    assert InboxItem.objects.filter(subject_id=case.pk, audience="role:leader").exists()
    emergencies.confirm(case, by=cast.li)
    assert not InboxItem.objects.filter(subject_id=case.pk, level__gt=0).exists()


def test_every_step_of_the_road_has_an_owner(cast):
    case = road.confirmed(cast)
    assert owed(case) == (cast.township.pk, "stamp")
    assert case.due_at == case.times["contact"] + timedelta(minutes=30)
    emergencies.stamp(case, by=cast.wang, step="depart")
    assert (case.state, owed(case)) == (State.ON_THE_WAY, (cast.hospital.pk, "stamp"))
    emergencies.stamp(case, by=cast.li, step="door")
    assert (case.state, owed(case)) == (State.ARRIVED, (cast.hospital.pk, "stamp"))
    assert case.due_at == case.arrived_at + timedelta(minutes=60)
    emergencies.stamp(case, by=cast.chen, step="needle")
    assert (case.state, owed(case)) == (State.TREATED, (cast.hospital.pk, "stamp"))
    emergencies.stamp(case, by=cast.chen, step="handover")
    assert (case.state, owed(case)) == (State.HANDED_OVER, (None, ""))


def test_each_house_stamps_its_own_steps(cast):
    case = road.departed(cast)
    with pytest.raises(emergencies.NotOnesSide):
        emergencies.stamp(case, by=cast.wang, step="door")
    with pytest.raises(emergencies.NotOnesSide):
        emergencies.stamp(case, by=cast.li, step="decision")
    for other in ("stranger", "liu", "sun"):
        with pytest.raises(Forbidden):
            emergencies.stamp(case, by=cast.actors[other], step="ecg")


def test_a_step_lies_neither_in_the_future_nor_before_what_it_follows(cast):
    case = road.arrived(cast)
    with pytest.raises(WrongTime) as caught:
        emergencies.stamp(case, by=cast.li, step="ct", at=road.ago(-30))
    assert caught.value.field == "at"
    with pytest.raises(WrongTime):
        emergencies.stamp(case, by=cast.li, step="ct", at=road.ago(20))
    with pytest.raises(WrongTime):
        emergencies.stamp(case, by=cast.wang, step="onset", at=road.ago(-3))
    emergencies.stamp(case, by=cast.wang, step="onset", at=road.ago(90))
    assert GreenCase.objects.get(pk=case.pk).times["onset"] < case.times["contact"]


def test_a_corrected_time_leaves_the_wrong_one_to_be_seen(cast):
    case = road.departed(cast)
    at = case.times["depart"]
    emergencies.stamp(case, by=cast.wang, step="onset", at=road.ago(60))
    emergencies.correct(case, by=cast.wang, step="contact", at=road.ago(10), code="late-entry")
    old, new = GreenStep.objects.filter(case=case, code="contact").order_by("created_at")
    assert (old.voided_by, old.void_code, new.replaces) == ("王医生", "late-entry", old)
    assert case.times["contact"] == new.at < at
    with pytest.raises(Refused):
        emergencies.correct(case, by=cast.wang, step="contact", at=road.ago(9), code="nonsense")
    with pytest.raises(WrongState):
        emergencies.withdraw(case, by=cast.wang, step="depart", code="mistyped")
    emergencies.withdraw(case, by=cast.wang, step="onset", code="mistyped")
    assert "onset" not in case.times
    assert TrailEntry.objects.filter(verb="emergency.correct", subject_id=old.pk).exists()


def test_a_second_stamp_names_the_first(cast):
    case = road.departed(cast)
    with pytest.raises(Conflict):
        emergencies.stamp(case, by=cast.wang, step="depart")


def test_thrombolysis_on_the_spot_does_not_end_the_transfer(cast):
    case = road.confirmed(cast, kind="chest-pain")
    emergencies.stamp(case, by=cast.wang, step="needle")
    assert case.state == State.OPEN
    emergencies.stamp(case, by=cast.wang, step="depart")
    emergencies.stamp(case, by=cast.li, step="door")
    assert case.state == State.ARRIVED


def test_the_arrival_of_two_parties_opens_the_record_and_one_alone_does_not(cast):
    case = road.opened(cast)
    assert not is_open(cast.chen, cast.patient)
    emergencies.stamp(case, by=cast.li, step="door")
    assert is_open(cast.chen, cast.patient)
    # Without a word of registration there is a visit afterwards.
    emergencies.admit(case, by=cast.chen, department="急诊科")
    assert case.encounter.kind == "emergency"
    assert case.encounter.started_at == case.arrived_at


def test_somebody_with_a_post_in_both_houses_is_one_party(cast):
    from dataclasses import replace

    case = road.opened(cast)
    both = replace(cast.li, user_id=cast.wang.user_id)
    emergencies.stamp(case, by=both, step="door")
    assert not is_open(cast.chen, cast.patient)


def test_an_own_ambulance_brings_patients_to_its_own_house(cast):
    case = emergencies.open_case(
        road.alarm(cast, from_org=cast.hospital, to_org=cast.hospital), by=cast.chen
    )
    emergencies.stamp(case, by=cast.li, step="door")
    outbox.deliver()
    assert not is_open(cast.li, cast.patient)
    assert not Referral.objects.exists()


def test_vital_signs_and_the_ecg_go_into_the_record_and_to_the_other_house(cast):
    case = road.opened(cast)
    emergencies.observe(
        case,
        by=cast.wang,
        measured_at=timezone.now(),
        values={"systolic": Decimal(182), "diastolic": Decimal(104), "glucose": Decimal("7.2")},
    )
    emergencies.attach(case, by=cast.wang, content=ContentFile(PNG, "ecg.png"))
    assert {each.code for each in case.observations.all()} == {"8480-6", "8462-4", "15074-8"}
    assert Observation.objects.filter(person=cast.patient, organisation=cast.township).count() == 3
    assert case.documents.get().title == "心电图"
    with pytest.raises(record.WrongFile):
        emergencies.attach(case, by=cast.wang, content=ContentFile(b"MZ evil", "ecg.png"))
    with pytest.raises(Refused):
        emergencies.observe(
            case, by=cast.wang, measured_at=timezone.now(), values={"systolic": Decimal(900)}
        )


def test_what_is_made_ready_is_of_the_catalogue(cast):
    case = emergencies.confirm(
        road.opened(cast), by=cast.li, prepared=["ct", "team"], place="抢救室 2", note="神内已到"
    )
    assert case.prepared == ["team", "ct"]
    with pytest.raises(Refused):
        emergencies.prepare(case, by=cast.li, prepared=["theatre"])
    with pytest.raises(Conflict):
        emergencies.confirm(case, by=cast.chen)


def test_the_vehicle_speaks_the_codes_of_the_standard(cast):
    case = road.confirmed(cast)
    emergencies.describe(
        case,
        by=cast.wang,
        vehicle_status="06",
        dispatch="01",
        vehicle_kind="02",
        expected_at=road.ago(-25),
    )
    emergencies.stamp(case, by=cast.wang, step="depart")
    assert case.due_at == case.expected_at
    for facts in ({"vehicle_status": "77"}, {"expected_at": road.ago(-1000)}, {"course": "05"}):
        with pytest.raises(Refused):
            emergencies.describe(case, by=cast.wang, **facts)
    assert GreenCase.objects.get(pk=case.pk).vehicle_status == "06"


def test_another_house_can_be_asked_before_the_arrival(cast):
    case = road.confirmed(cast)
    with pytest.raises(emergencies.NoDestination):
        emergencies.redirect(case, by=cast.wang, to_org=cast.village)
    case = emergencies.open_case(
        road.alarm(cast, from_org=cast.village, kind="chest-pain"), by=cast.zhao
    )
    emergencies.confirm(case, by=cast.li, prepared=["cath-lab"])
    emergencies.redirect(case, by=cast.zhao, to_org=cast.township)
    assert (case.confirmed_at, case.prepared) == (None, [])
    assert owed(case) == (cast.township.pk, "confirm")
    assert not GreenCase.objects.visible_to(cast.li).filter(pk=case.pk).exists()


def test_a_running_case_is_not_opened_twice(cast):
    case = road.opened(cast)
    with pytest.raises(emergencies.CaseRunning) as caught:
        road.opened(cast)
    assert caught.value.links == [(case.number, case.get_absolute_url())]
    road.opened(cast, kind="chest-pain")


def test_standing_down_needs_a_reason_and_frees_both_houses(cast):
    case = road.confirmed(cast)
    with pytest.raises(Refused):
        emergencies.stand_down(case, by=cast.wang, code="")
    emergencies.stand_down(case, by=cast.wang, code="treated-here")
    assert owed(case) == (None, "")
    with pytest.raises(WrongState):
        emergencies.stamp(case, by=cast.wang, step="depart")


def test_a_death_says_where(cast):
    case = road.departed(cast)
    with pytest.raises(Refused):
        emergencies.report_death(case, by=cast.wang)
    with pytest.raises(Refused):
        emergencies.report_death(case, by=cast.wang, course="01")
    emergencies.report_death(case, by=cast.wang, course="05")
    assert (case.state, case.course, owed(case)) == (State.DIED, "05", (None, ""))


def test_a_registered_death_ends_what_runs(cast):
    case = road.arrived(cast)
    people.report_death(cast.patient, by=cast.wang, died_on=timezone.localdate())
    outbox.deliver()
    case.refresh_from_db()
    assert case.state == State.DIED


# ------------------------------------------------------------------------- without a name


def test_somebody_without_a_name_is_known_later_and_nothing_is_lost(cast):
    case = road.nameless(cast)
    assert case.unknown
    assert case.person.name.startswith("无名氏")
    assert "男 约 50 岁" in case.patient
    emergencies.observe(
        case, by=cast.wang, measured_at=timezone.now(), values={"pulse": Decimal(120)}
    )
    emergencies.attach(case, by=cast.wang, content=ContentFile(PNG, "x.png"), title="胸片")
    emergencies.stamp(case, by=cast.li, step="door")
    nameless = case.person_id
    known = resident(cast.admin, cast.region, name="周大山")
    emergencies.identify(case, by=cast.li, person=known)
    assert (case.person_id, case.unknown, case.identified_by) == (known.pk, False, "李护士")
    assert Observation.objects.get().person_id == known.pk
    assert case.documents.get().person_id == known.pk
    assert Person.objects.get(pk=nameless).replaced_by_id == known.pk
    assert InboxItem.objects.get(subject_id=case.pk, level=0).person_id == known.pk
    merge = Merge.objects.get()
    assert (merge.merged_by, merge.loser_id) == ("李护士", nameless)
    # It was somebody else: the office parts them, and the case goes back with what was written.
    people.unmerge(merge, by=cast.sun, reason="认错人")
    assert Observation.objects.get().person_id == nameless
    assert GreenCase.objects.get(pk=case.pk).person_id == nameless


def test_naming_somebody_alone_opens_no_record(cast):
    case = road.nameless(cast)
    known = resident(cast.admin, cast.region, name="周大山")
    emergencies.identify(case, by=cast.wang, person=known)
    assert not is_open(cast.wang, known)
    assert not is_open(cast.chen, known)


def test_somebody_from_nowhere_gets_a_name(cast):
    case = road.nameless(cast)
    with pytest.raises(Refused):
        emergencies.identify(case, by=cast.wang)
    emergencies.identify(case, by=cast.wang, name="外地客", sex="1", birth_date=date(1975, 3, 2))
    assert (case.person.name, case.unknown) == ("外地客", False)
    with pytest.raises(WrongState):
        emergencies.identify(case, by=cast.wang, name="再来")


def test_two_without_a_name_are_two(cast):
    assert road.nameless(cast).person_id != road.nameless(cast).person_id


# ---------------------------------------------------------------------------------- paper


def test_the_paper_waits_for_its_sender_and_needs_no_answer(cast):
    case = road.arrived(cast)
    outbox.deliver()
    letter = Referral.objects.get(green_case=case)
    assert (letter.state, letter.owner_id) == (Letter.DRAFT, cast.township.pk)
    assert letter.due_at - letter.clock_from == timedelta(hours=24)
    assert (letter.kind, letter.urgency, letter.symptoms) == (
        "green-channel",
        "emergency",
        case.complaint,
    )
    referrals.submit(letter, by=cast.wang)
    assert letter.state == Letter.ARRIVED
    assert (letter.arrived_at, letter.accepting_doctor) == (case.arrived_at, "李护士")
    outbox.deliver()
    assert Referral.objects.count() == 1


# ------------------------------------------------------------------------------ who may


@pytest.mark.parametrize("part", ["stranger", "liu", "zhao", "qian", "zheng"])
def test_nobody_else_sees_a_case(cast, part):
    road.opened(cast)
    assert not GreenCase.objects.visible_to(cast.actors[part]).exists()


def test_both_houses_and_the_office_see_it(cast):
    road.opened(cast)
    for part in ("wang", "li", "chen", "ma", "sun"):
        assert GreenCase.objects.visible_to(cast.actors[part]).count() == 1
    assert permissions.open_to(cast.sun, GreenCase.objects.get()) == []
