"""From the proposal to the evaluation: who may, whose turn it is, what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from xinglin.clinical.careplans import actions as careplans
from xinglin.clinical.careplans import catalogue, listeners
from xinglin.clinical.careplans.models import CarePlan, Kind, Progress, State
from xinglin.clinical.careplans.tests import factories as plans
from xinglin.clinical.careplans.tests.asking import do, nobody_but, waiting
from xinglin.clinical.careplans.tests.conftest import NOON
from xinglin.clinical.record.models import Encounter, Observation
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel import inbox
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.models import InboxItem

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def county(county_at_noon):
    return county_at_noon


# ------------------------------------------------------------------------------------- proposing


def test_a_plan_goes_down_with_its_letter(county):
    down = plans.letter(county)
    plan = down.care_plan
    assert (plan.state, plan.author_org, plan.organisation) == (
        State.PROPOSED,
        county.hospital,
        county.township,
    )
    assert plan.follow_up_org == county.village
    assert [item.title for item in plan.of_now()] == ["首次上门随访", "测血压", "心绞痛"]
    assert [item.follow_up for item in plan.of_now()] == [True, False, False]
    # The letter's own clock stands for the plan until it is answered.
    assert waiting(plan) is None


def test_the_letter_says_what_the_plan_says_where_nobody_wrote_it(county):
    above = road.treated(county)
    rows = plans.items("stroke")
    referrals.propose_down(
        above,
        by=county.chen,
        to_org=county.township,
        assessment=plans.ASSESSMENT,
        plan=referrals.Plan(rows, plans.met("stroke"), "stroke"),
    )
    down = above.sequels.get()
    assert "肢体功能训练" in down.rehabilitation
    assert "二级预防用药" in down.treatment_plan


def test_every_point_is_answered_and_a_no_has_its_exception(county):
    above = road.treated(county)
    answers = plans.met()
    for wrong in (
        answers[1:],
        [*answers[1:], {"code": answers[0]["code"], "met": False}],
        [*answers[1:], {"code": answers[0]["code"], "met": False, "exception": "whim"}],
        [*answers[1:], {"code": answers[0]["code"], "met": False, "exception": "other"}],
    ):
        with pytest.raises(Refused) as caught:
            referrals.propose_down(
                above,
                by=county.chen,
                to_org=county.township,
                assessment=plans.ASSESSMENT,
                plan=referrals.Plan([plans.visit()], wrong, "chd-pci"),
            )
        assert "criteria.diagnosis-clear" in caught.value.fields
    assert not CarePlan.objects.exists()
    exception = {"code": answers[0]["code"], "met": False, "exception": "patient-request"}
    referrals.propose_down(
        above,
        by=county.chen,
        to_org=county.township,
        assessment=plans.ASSESSMENT,
        rehabilitation="步行",
        treatment_plan="阿司匹林",
        plan=referrals.Plan([plans.visit()], [*answers[1:], exception], "chd-pci"),
    )
    assert above.sequels.get().care_plan.criteria[0]["exception"] == "patient-request"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"every_days": 0}, "every_days"),
        ({"ends_on": None}, "ends_on"),
        ({"ends_on": NOON.date() - 3 * DAY}, "ends_on"),
        ({"ends_on": NOON.date() + 900 * DAY}, "ends_on"),
        ({"window_days": 7}, "window_days"),
        ({"codes": []}, "codes"),
        ({"codes": ["0000-0"]}, "codes"),
        ({"limits": [{"code": "8480-6", "high": "900"}]}, "limits"),
        ({"limits": [{"code": "8480-6"}]}, "limits"),
        ({"limits": [{"code": "8480-6", "high": "high"}]}, "limits"),
        ({"limits": [{"code": "8480-6", "low": "180", "high": "90"}]}, "limits"),
        ({"symptoms": ["boredom"]}, "symptoms"),
        ({"every_days": 1, "window_days": 0, "ends_on": NOON.date() + 300 * DAY}, "every_days"),
        ({"timing": "weekly", "weekdays": []}, "weekdays"),
        ({"timing": "weekly", "weekdays": [8]}, "weekdays"),
        ({"timing": "dates", "dates": ["tomorrow"]}, "dates"),
        ({"title": ""}, "title"),
        ({"kind": "find"}, "kind"),
        ({"performer": "nobody"}, "performer"),
    ],
)
def test_an_item_that_cannot_be_done_is_named(county, facts, field):
    with pytest.raises(careplans.WrongItem) as caught:
        plans.letter(county, plans.visit(), plans.pressure(**facts))
    assert f"items.1.{field}" in caught.value.fields


def test_a_plan_without_a_visit_in_two_weeks_is_refused(county):
    late = plans.visit(starts_on=NOON.date() + 15 * DAY)
    for rows in ([plans.pressure()], [late], []):
        with pytest.raises(careplans.WrongItem) as caught:
            careplans.check_items(rows, first=NOON.date())
        assert "items" in caught.value.fields


def test_every_template_can_be_proposed_as_it_is(county):
    for code in catalogue.templates():
        rows = plans.items(code)
        careplans.check_items(rows, first=timezone.localdate())
        assert sum(item.follow_up for item in rows) == 1, code
        assert any(item.kind == Kind.RED_FLAG for item in rows), code


def test_the_template_is_that_of_the_diagnosis():
    for diagnosis, template in (
        ("I10", "hypertension"),
        ("E11.9", "t2dm"),
        ("I21.900", "chd-pci"),
        ("I63.900", "stroke"),
        ("S72.000", "joint"),
        ("Z51.100", "chemotherapy"),
        ("K35.900", "post-operative"),
        ("B99", "general"),
        ("", "general"),
    ):
        assert catalogue.template_for(diagnosis).code == template, diagnosis


# -------------------------------------------------------------------------------------- answering


def test_accepting_the_letter_accepts_the_plan(county):
    down = plans.accepted(county)
    plan = down.care_plan
    plan.refresh_from_db()
    assert plan.state == State.ACCEPTED
    assert {item.standing for item in plan.of_now()} == {"accepted"}
    assert not plan.tasks.exists()


def test_a_house_may_object_and_the_writer_settles(county):
    down = plans.accepted(county, take_plan=False)
    plan = CarePlan.objects.get(letter=down)
    assert waiting(plan) == (county.township.pk, "careplans.answer")
    item = plan.of_now().get(title="测血压")
    objection = careplans.Objection("no-staff", "每两周一次可以做到", {"every_days": 14})
    nobody_but("wang", county, careplans.object_to, plan, objections={item.pk: objection})
    for wrong in (
        careplans.Objection("whim", "不想做"),
        careplans.Objection("no-staff"),
        careplans.Objection("no-staff", "", {"every_days": 0}),
        careplans.Objection("no-staff", "", {"ends_on": NOON.date() - 9 * DAY}),
        careplans.Objection("no-staff", "", {"title": "别的"}),
        careplans.Objection("other", "", {"every_days": 14}),
    ):
        with pytest.raises(Refused):
            careplans.object_to(plan, by=county.wang, objections={item.pk: wrong})
    careplans.object_to(plan, by=county.wang, objections={item.pk: objection})
    assert plan.state == State.OBJECTED
    assert waiting(plan) == (county.hospital.pk, "careplans.settle")
    assert plan.of_now().filter(standing="accepted").count() == 2
    nobody_but("chen", county, careplans.settle, plan, answers={item.pk: "adopt"})
    with pytest.raises(Refused):
        careplans.settle(plan, by=county.chen, answers={})
    careplans.settle(plan, by=county.chen, answers={item.pk: "adopt"})
    item.refresh_from_db()
    assert (plan.state, item.every_days, item.standing) == (State.ACCEPTED, 14, "accepted")
    assert waiting(plan) is None


def test_a_writer_may_insist_or_drop(county):
    down = plans.accepted(county, take_plan=False)
    plan = CarePlan.objects.get(letter=down)
    objection = careplans.Objection("no-equipment", "没有血压计")
    visit, pressure = (plan.of_now().get(title=t) for t in ("首次上门随访", "测血压"))
    careplans.object_to(
        plan, by=county.wang, objections={visit.pk: objection, pressure.pk: objection}
    )
    with pytest.raises(Refused):  # the follow-up is no matter of choice
        careplans.settle(plan, by=county.chen, answers={visit.pk: "drop", pressure.pk: "drop"})
    careplans.settle(plan, by=county.chen, answers={visit.pk: "keep", pressure.pk: "drop"})
    assert plan.state == State.OFFERED
    careplans.accept(plan, by=county.wang)
    assert plan.of_now().get(title="测血压").standing == "dropped"
    referrals.receive(down, by=county.wang, arrived_at=timezone.now())
    assert {task.kind for task in plan.tasks.all()} == {"home-visit"}


def test_a_plan_that_is_accepted_after_the_arrival_begins_at_once(county):
    down = plans.accepted(county, take_plan=False)
    referrals.receive(down, by=county.wang, arrived_at=timezone.now())
    plan = CarePlan.objects.get(letter=down)
    assert plan.state == State.OFFERED
    careplans.accept(plan, by=county.wang)
    assert plan.state == State.ACTIVE
    assert plan.tasks.count() == 6


def test_a_letter_that_goes_elsewhere_takes_its_plan_with_it(county):
    down = plans.letter(county)
    referrals.decline(down, by=county.wang, code="no-bed", alternative_org=county.other_township)
    referrals.redirect(down, by=county.chen, to_org=county.other_township)
    plan = CarePlan.objects.get(letter=down)
    assert (plan.organisation, plan.state) == (county.other_township, State.PROPOSED)
    referrals.accept(down, by=county.liu)
    plan.refresh_from_db()
    assert plan.state == State.ACCEPTED


def test_a_letter_that_is_taken_back_ends_its_plan(county):
    down = plans.accepted(county)
    referrals.cancel(down, by=county.chen, code="patient-declines")
    plan = CarePlan.objects.get(letter=down)
    assert (plan.state, plan.end_code) == (State.ENDED, "letter-ended")


# ------------------------------------------------------------------------------------------ tasks


def test_tasks_are_laid_out_when_the_patient_is_there(county):
    plan = plans.running(county)
    assert plan.state == State.ACTIVE
    told = [
        (t.title, t.due_on - NOON.date(), t.until - t.due_on) for t in plan.tasks.order_by("due_on")
    ]
    assert told[0] == ("测血压", 2 * DAY, 2 * DAY)
    assert told[1] == ("首次上门随访", 3 * DAY, 7 * DAY)
    assert [when for title, when, _window in told if title == "测血压"] == [
        n * DAY for n in (2, 9, 16, 23, 30)
    ]
    assert {task.organisation for task in plan.tasks.all()} == {county.village}
    assert {task.state for task in plan.tasks.all()} == {Progress.PLANNED}


def test_a_days_task_comes_into_the_inbox_climbs_and_is_missed(county, noon):
    plan = plans.running(county)
    task = plans.first(plan, "measurement")
    listeners.watch_the_clock()
    assert waiting(task) is None
    noon.shift(2 * DAY)
    listeners.watch_the_clock()
    assert waiting(task) == (county.village.pk, "careplans.do")
    noon.shift(3 * DAY)
    inbox.raise_overdue()
    raised = InboxItem.objects.get(subject_id=task.pk, level=1)
    assert (raised.org_id, raised.audience) == (county.township.pk, "role:township-doctor")
    noon.shift(3 * DAY)
    listeners.watch_the_clock()
    task.refresh_from_db()
    assert task.state == Progress.MISSED
    assert waiting(task) is None


def test_what_was_found_goes_into_the_record(county, noon):
    plan = plans.running(county)
    noon.shift(2 * DAY)
    task = plans.first(plan, "measurement")
    values = {"8480-6": Decimal(132), "8462-4": Decimal(80)}
    nobody_but("zhao wang ma", county, careplans.do, task, done_at=timezone.now(), values=values)
    with pytest.raises(Refused) as caught:
        do(task, county.zhao)
    assert set(caught.value.fields) == {"8480-6", "8462-4"}
    with pytest.raises(Refused) as caught:
        do(task, county.zhao, values={"8480-6": Decimal(132), "8462-4": Decimal(1320)})
    assert "8462-4" in caught.value.fields
    do(task, county.zhao, values=values)
    assert (task.state, task.done_by, task.flags) == (Progress.DONE, "赵村医", [])
    assert (task.encounter.kind, task.encounter.organisation) == (
        Encounter.Kind.HOME,
        county.village,
    )
    assert task.encounter.ended_at is not None
    found = Observation.objects.filter(encounter=task.encounter)
    assert {row.code: row.value for row in found} == values
    with pytest.raises(WrongState):
        do(task, county.zhao, values=values)


def test_a_task_is_not_done_before_its_day_nor_tomorrow(county, noon):
    plan = plans.running(county)
    task = plans.first(plan, "home-visit")
    for wrong in (timezone.now(), timezone.now() + DAY):
        with pytest.raises(Refused) as caught:
            do(task, county.zhao, done_at=wrong)
        assert caught.value.field == "done_at"


def test_a_task_is_skipped_with_a_reason(county, noon):
    plan = plans.running(county)
    noon.shift(3 * DAY)
    task = plans.first(plan, "measurement")
    for wrong in ({"code": ""}, {"code": "whim"}, {"code": "other"}):
        with pytest.raises(Refused):
            careplans.skip(task, by=county.zhao, **wrong)
    careplans.skip(task, by=county.zhao, code="away")
    assert (task.state, task.reason_label) == (Progress.SKIPPED, "患者外出")
    with pytest.raises(WrongState):
        careplans.skip(plans.first(plan, "home-visit"), by=county.zhao, code="away")
