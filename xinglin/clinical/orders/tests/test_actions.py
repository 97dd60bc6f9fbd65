"""The acts on an order, one by one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests import cast
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders import listeners
from xinglin.clinical.orders.models import Done, Execution, Order, State
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Medication
from xinglin.kernel import parameters, worker
from xinglin.kernel.errors import Forbidden, WrongState
from xinglin.kernel.models import InboxItem
from xinglin.kernel.reasons import UnknownReason


@pytest.fixture
def visit(county):
    return ward.admitted(county)


def due(order: Order) -> list[str]:
    rows = order.executions.filter(voided_at=None).order_by("due_at")
    return [f"{timezone.localtime(row.due_at):%d %H:%M} {row.state}" for row in rows]


def first_due(order: Order) -> Execution:
    return order.executions.filter(state=Done.DUE, voided_at=None).order_by("due_at")[0]


def allergic(county, substance="青霉素", **facts):
    record.note(
        Allergy(
            person=county.patient,
            organisation=county.township,
            substance=substance,
            noted_on=timezone.localdate(),
            **facts,
        ),
        by=county.wang,
    )


def test_a_drug_goes_from_the_doctor_to_the_pharmacist_to_the_nurse_to_the_patient(
    county, visit, noon
):
    order = ward.drafted(county, visit)
    assert (order.state, order.duty) == (State.DRAFT, "orders.sign")
    assert order.name == "苯磺酸氨氯地平片"

    orders.sign(order, by=county.wang)
    # The township has no pharmacist: the lead hospital's checks.
    assert (order.state, order.owner_id) == (State.REVIEW, county.hospital.pk)
    assert order.due_at == timezone.now() + timedelta(minutes=30)
    assert not Medication.objects.exists()

    orders.accept(order, by=county.fang)
    assert (order.state, order.owner_id) == (State.TO_CHECK, county.township.pk)
    medicine = Medication.objects.get()
    assert (medicine.name, medicine.dose_value, medicine.dose_unit) == (order.name, 5, "mg")
    assert (medicine.intent, medicine.frequency_code, medicine.prescriber) == (
        "order",
        "qd",
        "王医生",
    )

    orders.check(order, by=county.ma)
    assert order.state == State.ACTIVE
    assert due(order) == ["03 08:00 due"]
    assert order.due_at == first_due(order).due_at + timedelta(hours=1)

    noon.shift(timedelta(hours=20, minutes=5))
    orders.give(order, by=county.ma, execution=first_due(order))
    row = order.executions.get(state=Done.GIVEN)
    assert (row.given_by, row.amount, row.late) == ("马护士", 5, False)
    assert order.given == 1
    assert InboxItem.objects.get(subject_id=order.pk).due_at == order.due_at

    orders.stop(order, by=county.wang, code="changed")
    assert order.state == State.STOPPED
    assert order.duty == "orders.check-stop"
    medicine.refresh_from_db()
    assert medicine.ended_on == timezone.localdate()
    orders.check_stop(order, by=county.ma)
    assert (order.state, order.owner_id) == (State.ENDED, None)
    assert not InboxItem.objects.filter(subject_id=order.pk).exists()


def test_a_level_of_nursing_needs_no_pharmacist_and_replaces_the_one_before(county, visit):
    first = ward.running(county, visit, **ward.CARE)
    assert first.state == State.ACTIVE
    assert (due(first), first.duty) == ([], "orders.keep")
    second = ward.signed(county, visit, **{**ward.CARE, "code": "care-1"})
    first.refresh_from_db()
    assert (first.state, first.end_code) == (State.STOPPED, "changed")
    assert second.state == State.TO_CHECK


def test_a_temporary_order_is_done_once_and_over(county, visit):
    order = ward.running(county, visit, **ward.BLOOD)
    assert due(order) == ["02 12:00 due"]
    orders.give(order, by=county.ma, execution=first_due(order))
    assert (order.state, order.owner_id) == (State.COMPLETED, None)


def test_a_temporary_order_that_was_not_done_says_why_and_leaves_no_medicine(county, visit):
    order = ward.running(
        county, visit, code="furosemide-inj", term="temporary", dose_value=20, frequency="st"
    )
    with pytest.raises(UnknownReason):
        orders.omit(order, by=county.ma, execution=first_due(order), reason="")
    orders.omit(order, by=county.ma, execution=first_due(order), reason="refused")
    assert order.state == State.NOT_DONE
    assert Medication.objects.get().voided_at is not None


def test_an_allergy_stops_the_signature_by_name_class_and_code(county, visit):
    allergic(county)
    order = ward.drafted(
        county, visit, code="amoxicillin-cap", dose_value=Decimal("0.5"), frequency="tid"
    )
    with pytest.raises(orders.Unsafe, match="青霉素"):
        orders.sign(order, by=county.wang, override="坚持")
    # A cephalosporin may cross: the doctor gives a reason, and the pharmacist reads it.
    order = ward.drafted(county, visit, code="ceftriaxone-inj", dose_value=2, frequency="qd")
    with pytest.raises(orders.NeedsReason, match="交叉"):
        orders.sign(order, by=county.wang)
    orders.sign(order, by=county.wang, override="既往多次使用头孢无反应")
    assert order.findings[0]["check"] == "cross-allergy"
    assert order.state == State.REVIEW


def test_a_dose_over_the_maximum_is_stopped(county, visit):
    order = ward.drafted(county, visit, dose_value=50)
    with pytest.raises(orders.Unsafe, match="单次极量 10"):
        orders.sign(order, by=county.wang)


def test_the_same_drug_twice_is_stopped_and_the_same_class_asks_for_a_reason(county, visit):
    ward.running(county, visit)
    again = ward.drafted(county, visit)
    with pytest.raises(orders.Unsafe, match="不能重复"):
        orders.sign(again, by=county.wang)
    alike = ward.drafted(county, visit, code="nifedipine-gits-tab", dose_value=30)
    with pytest.raises(orders.NeedsReason, match="同类"):
        orders.sign(alike, by=county.wang)


def test_what_another_house_gave_is_told(county, visit):
    record.note(
        Medication(
            person=county.patient,
            organisation=county.village,
            name="苯磺酸氨氯地平片",
            started_on=timezone.localdate() - timedelta(days=30),
        ),
        by=county.zhao,
    )
    order = ward.drafted(county, visit)
    with pytest.raises(orders.NeedsReason, match="上柳村卫生室"):
        orders.sign(order, by=county.wang)


def test_the_pharmacist_sends_back_and_the_doctor_signs_anew(county, visit):
    order = ward.signed(county, visit)
    with pytest.raises(UnknownReason):
        orders.send_back(order, by=county.fang, code="other")
    orders.send_back(order, by=county.fang, code="dose", text="老年患者宜减半")
    assert (order.state, order.owner_id) == (State.SENT_BACK, county.township.pk)
    orders.change(order, by=county.wang, dose_value=Decimal("2.5"))
    orders.sign(order, by=county.wang)
    assert (order.state, order.return_code) == (State.REVIEW, "")
    orders.accept(order, by=county.fang)
    assert Medication.objects.get().dose_value == Decimal("2.5")


def test_a_pharmacist_who_does_not_answer_is_replaced_by_a_second_doctor(county, visit, noon):
    order = ward.signed(county, visit)
    with pytest.raises(WrongState):
        orders.let_pass(order, by=county.zhou)
    noon.shift(timedelta(minutes=91))
    listeners.watch_the_clock()
    order.refresh_from_db()
    assert (order.owner_id, order.duty) == (county.township.pk, "orders.second")
    with pytest.raises(Forbidden):
        orders.let_pass(order, by=county.wang)
    orders.let_pass(order, by=county.zhou)
    assert (order.state, order.reviewed_by) == (State.TO_CHECK, "周院长")


def test_where_no_house_has_a_pharmacist_a_second_doctor_checks(county, visit, settings, tmp_path):
    (tmp_path / "parameters.toml").write_text(
        '[[parameter]]\nkey = "orders.review.without_pharmacist"\nvalue = "second"\n'
        'valid_from = 2026-01-01\nsource = "县"\n',
        "utf-8",
    )
    settings.CATALOGUE_OVERLAY = tmp_path
    assert parameters.get("orders.review.without_pharmacist") == "second"
    order = ward.signed(county, visit)
    assert (order.duty, order.checker_id) == ("orders.second", None)


def test_an_emergency_does_not_wait_for_the_pharmacist(county, visit):
    order = ward.signed(
        county,
        visit,
        code="furosemide-inj",
        term="temporary",
        dose_value=20,
        frequency="st",
        emergency=True,
    )
    assert order.state == State.TO_CHECK
    assert order.due_at == timezone.now() + timedelta(minutes=10)


def test_in_a_village_the_doctor_does_it_all(county):
    visit = record.start_encounter(
        ward.Encounter(
            person=county.patient,
            organisation=county.village,
            kind="outpatient",
            started_at=timezone.now(),
        ),
        by=county.zhao,
    )
    order = orders.draft(ward.written(visit, term="temporary", frequency="once"), by=county.zhao)
    orders.sign(order, by=county.zhao)
    assert order.state == State.ACTIVE
    orders.give(order, by=county.zhao, execution=first_due(order))
    assert order.state == State.COMPLETED
    with pytest.raises(orders.WrongOrder, match="门诊不开长期"):
        orders.draft(ward.written(visit), by=county.zhao)


def test_a_drip_shares_way_and_hours(county, visit):
    fluid = ward.drafted(
        county, visit, code="nacl-09-inj", dose_value=100, route="ivgtt", frequency="q12h"
    )
    drug = ward.written(visit, code="cefoperazone-sulbactam-inj", dose_value=3, frequency="qd")
    orders.draft(drug, by=county.wang, with_=fluid)
    fluid.refresh_from_db()
    assert drug.group == fluid.group is not None
    assert (fluid.place, drug.place, drug.frequency) == (1, 2, "q12h")
    tablet = ward.drafted(county, visit)
    with pytest.raises(orders.WrongOrder, match="不能成组"):
        orders.draft(ward.written(visit), by=county.wang, with_=tablet)


def test_penicillin_waits_for_its_skin_test(county, visit, noon):
    order = ward.running(
        county, visit, code="penicillin-g-inj", dose_value=1600000, frequency="q8h"
    )
    assert order.skin_test == "required"
    noon.shift(timedelta(hours=4))
    row = first_due(order)
    with pytest.raises(orders.NotYet, match="皮试"):
        orders.give(order, by=county.ma, execution=row)
    with pytest.raises(orders.NotYet, match="两人"):
        orders.note_skin_test(order, by=county.ma, result="negative", second="马护士")
    orders.note_skin_test(order, by=county.ma, result="negative", second="王医生")
    assert order.skin_tested_by == "马护士、王医生"


def test_a_positive_skin_test_ends_the_order_and_stands_in_the_record(county, visit):
    order = ward.running(
        county, visit, code="penicillin-g-inj", dose_value=1600000, frequency="q8h"
    )
    orders.note_skin_test(order, by=county.ma, result="positive", second="王医生")
    assert (order.state, order.end_code) == (State.CANCELLED, "skin-test")
    assert Allergy.objects.get().code == "101"
    assert Medication.objects.get().voided_at is not None
    assert not order.executions.filter(state=Done.DUE).exists()
    with pytest.raises(orders.Unsafe):
        ward.signed(
            county, visit, code="amoxicillin-cap", dose_value=Decimal("0.5"), frequency="tid"
        )


def test_a_high_alert_drug_needs_a_second_person(county, visit, noon):
    order = ward.running(county, visit, code="insulin-glargine-inj", dose_value=12, frequency="qn")
    noon.shift(timedelta(hours=8))
    row = first_due(order)
    for second in ("", "马护士"):
        with pytest.raises(orders.NotYet):
            orders.give(order, by=county.ma, execution=row, second=second)
    orders.give(order, by=county.ma, execution=row, second="王医生")
    assert order.executions.get(state=Done.GIVEN).second == "王医生"


def test_too_early_and_late(county, visit, noon):
    order = ward.running(county, visit)
    row = first_due(order)
    with pytest.raises(orders.NotYet, match="尚早"):
        orders.give(order, by=county.ma, execution=row)
    noon.shift(timedelta(hours=22))
    orders.give(order, by=county.ma, execution=row)
    row.refresh_from_db()
    assert row.late


def test_what_was_done_is_done_once(county, visit):
    order = ward.running(county, visit, **{**ward.BLOOD})
    row = first_due(order)
    orders.give(order, by=county.ma, execution=row)
    with pytest.raises(WrongState):
        orders.give(order, by=county.ma, execution=row)


def test_a_slip_is_struck_out_and_the_time_is_due_again(county, visit):
    order = ward.running(county, visit, **ward.BLOOD)
    row = first_due(order)
    orders.give(order, by=county.ma, execution=row)
    orders.strike(order, by=county.ma, execution=row, reason="slip")
    assert (order.state, order.given) == (State.ACTIVE, 0)
    row.refresh_from_db()
    assert (row.state, row.void_reason) == (Done.GIVEN, "误点")
    assert due(order) == ["02 12:00 due"]


def test_no_execution_after_a_stop_and_those_before_it_are_accounted_for(county, visit, noon):
    order = ward.running(county, visit, frequency="q4h", code="ambroxol-tab", dose_value=15)
    early = first_due(order)
    noon.shift(timedelta(hours=6))
    orders.stop(order, by=county.wang, code="better")
    assert due(order)[0] == "02 12:00 due"
    assert {line.split()[-1] for line in due(order)[2:]} == {"dropped"}
    noon.shift(timedelta(hours=1))
    with pytest.raises(WrongState, match="停止"):
        orders.give(order, by=county.ma, execution=early)
    with pytest.raises(WrongState, match="2 次"):
        orders.check_stop(order, by=county.ma)
    orders.give(
        order,
        by=county.ma,
        execution=early,
        given_at=timezone.now() - timedelta(hours=6),
    )
    orders.omit(order, by=county.ma, execution=first_due(order), reason="out")
    orders.check_stop(order, by=county.ma)


def test_laying_out_twice_changes_nothing(county, visit, noon):
    order = ward.running(county, visit, frequency="tid", code="ambroxol-tab", dose_value=30)
    before = due(order)
    orders.plan(order, by=cast.system(county.region.pk))
    orders.plan(order, by=cast.system(county.region.pk))
    assert due(order) == before
    noon.shift(timedelta(hours=13))
    listeners.watch_the_clock()
    assert len(due(order)) > len(before)


def test_a_verbal_order_runs_at_once_and_is_signed_afterwards(county, visit, noon):
    order = ward.written(
        visit, code="adrenaline-inj", term="temporary", dose_value=1, frequency="st"
    )
    with pytest.raises(orders.WrongOrder, match="下达"):
        orders.voice(order, by=county.ma)
    order.ordered_by = "王医生"
    orders.voice(order, by=county.ma)
    assert (order.state, order.signed_at) == (State.ACTIVE, None)
    orders.give(order, by=county.ma, execution=first_due(order), second="王医生")
    assert (order.state, order.duty) == (State.UNSIGNED, "orders.sign")
    assert order.due_at == timezone.now() + timedelta(hours=6)
    orders.sign(order, by=county.wang)
    assert (order.state, order.signed_by) == (State.COMPLETED, "王医生")


def test_discharge_stops_the_sheet_and_leaves_what_is_taken_home(county, visit):
    running = ward.running(county, visit)
    unchecked = ward.reviewed(county, visit, code="aspirin-ec-tab", dose_value=100)
    draft = ward.drafted(county, visit, **ward.BLOOD)
    home = ward.running(
        county,
        visit,
        code="atorvastatin-tab",
        term="take-home",
        dose_value=20,
        frequency="qn",
        days=14,
        quantity=2,
        quantity_unit="盒",
    )
    orders.give(home, by=county.ma, execution=first_due(home))
    record.end_encounter(visit, by=county.wang, ended_at=timezone.now(), discharge_way="1")
    worker.everything_due()
    for order in (running, unchecked, draft, home):
        order.refresh_from_db()
    assert running.state == State.ENDED
    assert (unchecked.state, draft.state, home.state) == ("cancelled", "cancelled", "completed")
    assert not Order.objects.open().exists()
    standing = Medication.objects.filter(voided_at=None).get()
    assert standing.name == "阿托伐他汀钙片"
    assert standing.ended_on == timezone.localdate() + timedelta(days=13)
    with pytest.raises(WrongState, match="就诊已结束"):
        ward.drafted(county, visit)


def test_a_planned_end_ends_it(county, visit, noon):
    order = ward.running(county, visit, planned_end=timezone.now() + timedelta(days=2))
    noon.shift(timedelta(days=2, minutes=1))
    listeners.watch_the_clock()
    order.refresh_from_db()
    assert (order.state, order.end_code) == (State.STOPPED, "planned")


def test_once_if_needed_lapses_and_when_needed_is_noted_as_it_happens(county, visit, noon):
    sos = ward.running(
        county,
        visit,
        code="paracetamol-tab",
        term="temporary",
        dose_value=Decimal("0.5"),
        frequency="sos",
    )
    prn = ward.running(county, visit, code="salbutamol-inhaler", dose_value=200, frequency="prn")
    orders.give(prn, by=county.ma)
    noon.shift(timedelta(minutes=30))
    orders.give(prn, by=county.ma)
    assert prn.given == 2
    noon.shift(timedelta(hours=12))
    listeners.watch_the_clock()
    sos.refresh_from_db()
    assert sos.state == State.NOT_DONE


def test_an_order_is_cancelled_before_and_struck_out_after_it_was_carried_out(county, visit):
    order = ward.running(county, visit, **ward.BLOOD)
    orders.give(order, by=county.ma, execution=first_due(order))
    with pytest.raises(WrongState):
        orders.cancel(order, by=county.wang, code="mistake")
    orders.void(order, by=county.wang, code="wrong-patient")
    assert order.state == State.VOIDED
    assert order.executions.filter(state=Done.GIVEN).count() == 1


def test_a_set_is_written_line_by_line_and_signed_together(county, visit):
    drafts = orders.apply_set(visit, by=county.wang, code="pneumonia")
    assert len(drafts) == 10
    assert {order.state for order in drafts} == {State.DRAFT}
    grouped = [order for order in drafts if order.group]
    assert len({order.group for order in grouped}) == 1
    signed = orders.sign_all(
        list(Order.objects.on_sheet(visit).filter(state="draft")), by=county.wang
    )
    assert {order.state for order in signed} == {State.REVIEW, State.TO_CHECK}
    copies = orders.repeat(grouped, by=county.wang, encounter=visit)
    assert copies[0].group != grouped[0].group


def test_every_set_can_be_applied_and_signed(county):
    from xinglin.clinical.orders import catalogue

    for number, code in enumerate(catalogue.sets()):
        person = cast.resident(county.admin, county.region, f"患者{number}")
        visit = ward.admitted(county, person)
        drafts = orders.apply_set(visit, by=county.wang, code=code)
        orders.sign_all(drafts, by=county.wang)
