"""What a plan does with its letter: the follow-up, the way back up, its end and its revision."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from xinglin.clinical.careplans import actions as careplans
from xinglin.clinical.careplans import listeners
from xinglin.clinical.careplans.models import CarePlan, CareTask, Kind, Progress, State
from xinglin.clinical.careplans.tests import factories as plans
from xinglin.clinical.careplans.tests.asking import do, nobody_but, waiting
from xinglin.clinical.careplans.tests.conftest import NOON
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.models import State as Stage
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel import outbox
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.models import InboxItem, Notice
from xinglin.registry.people import actions as people

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


# ------------------------------------------------------------------- the follow-up of the letter


def close(county, down):
    referrals.treat(down, by=county.wang)
    return referrals.close(down, by=county.wang, **road.RECEIPT)


def test_the_first_visit_is_the_follow_up_of_the_letter(county, noon):
    plan = plans.running(county)
    down = close(county, plan.letter)
    assert down.state == Stage.CLOSED
    noon.shift(4 * DAY)
    listeners.watch_the_clock()
    visit = plans.first(plan, "home-visit")
    # One inbox item: that of the letter.
    assert not InboxItem.objects.filter(subject_id=visit.pk).exists()
    do(visit, county.zhao, note="恢复好")
    outbox.deliver()
    down.refresh_from_db()
    assert (down.state, down.follow_up_note, down.follow_up_doctor) == (
        Stage.FOLLOWED_UP,
        "恢复好",
        "赵村医",
    )
    assert not InboxItem.objects.filter(subject_id=down.pk).exists()


def test_a_follow_up_on_the_letter_is_the_first_visit(county, noon):
    plan = plans.running(county)
    down = close(county, plan.letter)
    noon.shift(4 * DAY)
    referrals.follow_up(down, by=county.zhao, followed_up_at=timezone.now(), note="恢复好")
    visit = plans.first(plan, "home-visit")
    assert (visit.state, visit.done_by, visit.note) == (Progress.DONE, "赵村医", "恢复好")


def test_a_visit_before_the_receipt_is_the_follow_up_all_the_same(county, noon):
    plan = plans.running(county)
    noon.shift(3 * DAY)
    do(plans.first(plan, "home-visit"), county.zhao, note="恢复好")
    outbox.deliver()
    down = close(county, plan.letter)
    assert down.state == Stage.FOLLOWED_UP


def test_the_visit_lies_within_two_weeks_of_the_arrival(county):
    plan = plans.running(county, plans.visit(window_days=30))
    visit = plans.first(plan, "home-visit")
    assert visit.until == NOON.date() + 14 * DAY


# -------------------------------------------------------------------------------------- red flags


def test_a_value_past_its_limit_prepares_the_way_back_up(county, noon):
    plan = plans.running(county)
    noon.shift(2 * DAY)
    task = plans.first(plan, "measurement")
    do(task, county.zhao, values={"8480-6": Decimal(186), "8462-4": Decimal(96)})
    assert task.flags == ["收缩压 186 mmHg，达到或高于 180"]
    plan.refresh_from_db()
    assert plan.flagged_at == timezone.now()
    outbox.deliver()
    up = Referral.objects.get(parent=plan.letter)
    assert (up.state, up.from_org, up.to_org) == (Stage.DRAFT, county.village, county.hospital)
    assert (up.urgency, up.direction, up.doctor) == ("urgent", "up", "赵村医")
    assert "收缩压 186" in up.results
    assert "测血压" in up.narrative
    item = InboxItem.objects.get(subject_id=up.pk, level=0)
    assert (item.org_id, item.due_at) == (county.village.pk, timezone.now() + 2 * HOUR)
    # Flagged again before it is sent: there is one way up.
    noon.shift(DAY)
    do(plans.first(plan, "home-visit"), county.zhao, symptoms=["chest-pain"])
    outbox.deliver()
    assert Referral.objects.filter(parent=plan.letter).count() == 1
    told = Notice.objects.filter(org_id=county.hospital.pk, kind="careplans").latest("id")
    assert told.text == "患者 陈桂香 出现回送预警，请及时处理"


def test_a_prepared_way_up_is_submitted_with_the_patients_consent(county, noon):
    plan = plans.running(county)
    noon.shift(3 * DAY)
    do(plans.first(plan, "home-visit"), county.zhao, symptoms=["dyspnoea"])
    outbox.deliver()
    up = Referral.objects.get(parent=plan.letter)
    referrals.change(
        up,
        by=county.zhao,
        consent_method="paper",
        consent_signer="陈桂香",
        consented_at=timezone.now(),
    )
    referrals.submit(up, by=county.zhao)
    assert up.state == Stage.SUBMITTED


# ------------------------------------------------------------------------------- not come, and end


def test_who_does_not_come_is_looked_for(county, noon):
    down = plans.accepted(county)
    plan = CarePlan.objects.get(letter=down)
    noon.shift(3 * DAY)
    listeners.watch_the_clock()
    listeners.watch_the_clock()
    task = CareTask.objects.get(plan=plan)
    assert (task.kind, task.organisation) == (Kind.FIND, county.village)
    assert waiting(task) == (county.village.pk, "careplans.do")
    with pytest.raises(Refused) as caught:
        do(task, county.zhao)
    assert caught.value.field == "result"
    with pytest.raises(WrongState):
        careplans.skip(task, by=county.zhao, code="away")
    do(task, county.zhao, result="coming", note="明日来")
    assert waiting(task) is None
    told = Notice.objects.filter(org_id=county.hospital.pk, kind="careplans").latest("id")
    assert "寻访" in told.text


def test_who_is_found_at_home_is_cared_for_there(county, noon):
    plan = CarePlan.objects.get(letter=plans.accepted(county))
    noon.shift(3 * DAY)
    listeners.watch_the_clock()
    do(plan.tasks.get(), county.zhao, result="at-home")
    plan.refresh_from_db()
    assert plan.state == State.ACTIVE
    assert plan.tasks.filter(state="planned").count() == 6


def test_an_arrival_ends_the_looking(county, noon):
    down = plans.accepted(county)
    noon.shift(3 * DAY)
    listeners.watch_the_clock()
    referrals.receive(down, by=county.wang, arrived_at=timezone.now())
    find = CareTask.objects.get(kind=Kind.FIND)
    assert find.state == Progress.DROPPED
    assert waiting(find) is None


def test_a_plan_that_has_run_through_is_evaluated(county, noon):
    plan = plans.running(county, plans.visit(window_days=2))
    with pytest.raises(WrongState):
        careplans.evaluate(plan, by=county.wang, outcome="recovered")
    noon.shift(3 * DAY)
    do(plans.first(plan, "home-visit"), county.zhao)
    listeners.watch_the_clock()
    assert waiting(plan) == (county.township.pk, "careplans.evaluate")
    nobody_but("wang", county, careplans.evaluate, plan, outcome="recovered")
    with pytest.raises(Refused):
        careplans.evaluate(plan, by=county.wang, outcome="wonderful")
    careplans.evaluate(plan, by=county.wang, outcome="recovered")
    assert (plan.state, plan.end_label) == (State.COMPLETED, "康复目标达到")
    assert waiting(plan) is None


def test_death_and_a_new_stay_end_a_plan(county, noon):
    plan = plans.running(county)
    noon.shift(2 * DAY)
    listeners.watch_the_clock()
    noon.shift(DAY)
    road.admitted(county.chen, county.patient, county.hospital)
    outbox.deliver()
    plan.refresh_from_db()
    assert (plan.state, plan.end_code) == (State.ENDED, "readmitted")
    assert {task.state for task in plan.tasks.all()} == {Progress.DROPPED}
    assert not InboxItem.objects.filter(kind="careplans.task").exists()


def test_a_stay_in_the_plans_own_ward_does_not_end_it(county, noon):
    plan = plans.running(county)
    noon.shift(HOUR)
    road.admitted(county.wang, county.patient, county.township)
    outbox.deliver()
    plan.refresh_from_db()
    assert plan.state == State.ACTIVE


def test_a_death_ends_it(county):
    plan = plans.running(county)
    people.report_death(county.patient, by=county.wang, died_on=timezone.localdate())
    outbox.deliver()
    plan.refresh_from_db()
    assert (plan.state, plan.end_code) == (State.ENDED, "died")


# --------------------------------------------------------------------------------------- revising


def test_a_revision_keeps_what_was_done_and_lays_out_the_rest_anew(county, noon):
    plan = plans.running(county)
    noon.shift(2 * DAY)
    values = {"8480-6": Decimal(132), "8462-4": Decimal(80)}
    done = plans.first(plan, "measurement")
    do(done, county.zhao, values=values)
    start = NOON.date() + 9 * DAY
    rows = [
        plans.visit(starts_on=NOON.date() + 3 * DAY),
        plans.pressure(starts_on=start, every_days=14, ends_on=NOON.date() + 37 * DAY),
        plans.flag(starts_on=NOON.date()),
    ]
    with pytest.raises(Refused):
        careplans.revise(plan, by=county.chen, items=rows, reason="whim")
    careplans.revise(plan, by=county.chen, items=rows, reason="better")
    assert plan.version == 2
    done.refresh_from_db()
    assert done.state == Progress.DONE
    left = plan.tasks.filter(state="planned")
    assert [t.due_on - NOON.date() for t in left.filter(kind="measurement").order_by("due_on")] == [
        9 * DAY,
        23 * DAY,
        37 * DAY,
    ]
    assert left.filter(follow_up=True).count() == 1
    old = plan.items.get(title="测血压", until_version=1)
    assert old.every_days == 7
    assert plan.revisions.get().reason_label == "病情好转，减少项目"
    with pytest.raises(Refused):
        careplans.revise(plan, by=county.chen, items=list(plan.of_now()), reason="better")
