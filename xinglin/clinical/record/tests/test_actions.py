"""What people write into the record, and who may read it afterwards."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.cast import card_of
from xinglin.clinical.privacy.models import ground, open_people
from xinglin.clinical.record import actions as record
from xinglin.clinical.record import rules
from xinglin.clinical.record.models import (
    Diagnosis,
    Encounter,
    Medication,
    Observation,
    life,
    timeline,
)
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.kernel.trail import said
from xinglin.registry.people import actions as people


def visit(cast, **facts):
    given = {
        "person": cast.patient,
        "organisation": cast.township,
        "kind": "outpatient",
        "started_at": timezone.now() - timedelta(hours=2),
    }
    return Encounter(**{**given, **facts})


def diagnosis(cast, **facts):
    given = {
        "person": cast.patient,
        "organisation": cast.township,
        "code": "I10",
        "diagnosed_on": timezone.localdate(),
    }
    return Diagnosis(**{**given, **facts})


def test_a_visit_opens_the_record_once_the_resident_has_shown_the_card(cast):
    assert cast.patient not in open_people(cast.liu)
    seen = record.start_encounter(visit(cast, organisation=cast.other_township), by=cast.liu)
    assert cast.patient not in open_people(cast.liu), "a row of one's own opens nothing"
    record.vouch(seen, by=cast.liu, presence=card_of(cast.patient, cast.liu))
    assert cast.patient in open_people(cast.liu)
    assert said(ground(cast.liu, cast.patient)).startswith("就诊，柳溪镇卫生院，")
    assert cast.patient not in open_people(cast.stranger)


def test_nobody_writes_in_the_name_of_another_house(cast):
    with pytest.raises(Forbidden):
        record.start_encounter(visit(cast, organisation=cast.hospital), by=cast.wang)


def test_nobody_visits_after_death(cast):
    yesterday = timezone.localdate() - timedelta(days=1)
    people.report_death(cast.patient, by=cast.wang, died_on=yesterday)
    with pytest.raises(record.WrongDates, match="死亡"):
        record.start_encounter(visit(cast), by=cast.wang)


def test_the_timeline_puts_everything_in_one_order(cast):
    seen = record.start_encounter(visit(cast), by=cast.wang)
    old = record.note(
        diagnosis(cast, diagnosed_on=timezone.localdate() - timedelta(days=400)), by=cast.wang
    )
    new = record.note(diagnosis(cast, code="E11.9", encounter=seen), by=cast.wang)
    rows = timeline(cast.wang, cast.patient)
    assert [fact.pk for fact in life(cast.wang, rows)] == [new.pk, seen.pk, old.pk]
    assert rows.count() == 3
    assert timeline(cast.wang, cast.patient, ["diagnosis"]).count() == 2
    assert timeline(cast.wang, cast.patient, house=cast.hospital).count() == 0
    assert timeline(cast.stranger, cast.patient).count() == 0


def test_facts_stored_in_bulk_take_their_place_too(cast):
    record.start_encounter(visit(cast), by=cast.wang)
    day = timezone.localdate() - timedelta(days=30)
    facts = [diagnosis(cast, name="高血压", diagnosed_on=day)]
    record.take_in(facts, by=cast.admin)
    assert timezone.localdate(Diagnosis.objects.get().happened_at) == day


def test_a_struck_out_fact_leaves_the_timeline_and_keeps_its_row(cast):
    fact = record.note(diagnosis(cast), by=cast.wang)
    record.start_encounter(visit(cast), by=cast.wang)
    record.void(fact, by=cast.wang, reason="重复登记")
    assert timeline(cast.wang, cast.patient).count() == 1
    assert timeline(cast.wang, cast.patient, voided=True).count() == 2
    with pytest.raises(WrongState):
        record.void(fact, by=cast.wang, reason="再来一次")


def test_all_impossible_signs_are_named_at_once(cast):
    seen = record.start_encounter(visit(cast), by=cast.wang)
    with pytest.raises(rules.ImpossibleValue) as refusal:
        record.measure(
            seen,
            by=cast.wang,
            measured_at=timezone.now(),
            values={"systolic": Decimal(900), "pulse": Decimal(900), "weight": Decimal(60)},
        )
    assert set(refusal.value.fields) == {"systolic", "pulse"}
    assert not Observation.objects.exists()


def test_a_fact_belongs_to_the_person_of_its_visit(cast):
    from tests import cast as casting

    seen = record.start_encounter(visit(cast), by=cast.wang)
    other = casting.resident(cast.wang, cast.region, "周小妹")
    with pytest.raises(Refused, match="就诊与居民不符"):
        record.note(diagnosis(cast, person=other, encounter=seen), by=cast.wang)


def test_a_medicine_is_in_use_until_its_last_day(cast):
    today = timezone.localdate()
    record.start_encounter(visit(cast), by=cast.wang)
    medicine = record.note(
        Medication(
            person=cast.patient, organisation=cast.township, name="阿司匹林", started_on=today
        ),
        by=cast.wang,
    )
    mine = Medication.objects.visible_to(cast.wang)
    assert list(mine.in_use(today + timedelta(days=30))) == [medicine]
    record.stop_medication(medicine, by=cast.wang, on=today)
    assert not mine.in_use(today + timedelta(days=1)).exists()
