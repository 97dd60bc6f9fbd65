"""What people do with beds, and what a bed refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import cast
from xinglin.clinical.capacity.actions import WrongPerson, beds
from xinglin.clinical.capacity.listeners.beds import watch_the_beds
from xinglin.clinical.capacity.models import (
    Bed,
    BedHold,
    BedKind,
    BedState,
    BedStay,
    HoldState,
)
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.record import actions as record
from xinglin.kernel import outbox, parameters
from xinglin.kernel.errors import Conflict, Forbidden, Refused, WrongState
from xinglin.kernel.models import OutboxEvent, TrailEntry
from xinglin.kernel.reasons import UnknownReason
from xinglin.registry.people import actions as people


@pytest.fixture
def ward(county):
    """A ward of the township: two women's beds, two men's, a shared room of three."""
    found = ward_of.ward(county.township)
    ward_of.room(found, "301", "1", "2", sex="female")
    ward_of.room(found, "302", "3", "4", sex="male")
    ward_of.room(found, "303", "5", "6", "7", sex="same")
    return found


def refused(kind: type[Refused], act: Any, *args: Any, **facts: Any) -> Refused:
    with pytest.raises(kind) as told:
        act(*args, **facts)
    assert str(told.value)
    return told.value


def state(ward, number: str) -> str:
    return ward_of.found(ward, number).state


def test_somebody_lies_in_a_bed_and_leaves_it(county, ward):
    visit = ward_of.visit(county.patient, county.township, county.wang)
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    assert stay.encounter == visit
    assert state(ward, "5") == BedState.OCCUPIED
    beds.plan(stay, by=county.ma, on=timezone.localdate() + timedelta(days=1))
    refused(Refused, beds.discharge, stay, by=county.ma)
    assert state(ward, "5") == BedState.OCCUPIED
    beds.discharge(stay, by=county.ma, discharge_way="1", outcome="2")
    visit.refresh_from_db()
    assert (visit.discharge_way, visit.outcome) == ("1", "2")
    assert visit.ended_at == stay.until
    assert state(ward, "5") == BedState.CLEANING
    beds.cleaned(ward_of.found(ward, "5"), by=county.ma)
    assert state(ward, "5") == BedState.FREE
    names = list(OutboxEvent.objects.filter(name__startswith="capacity").values_list("name"))
    assert names == [("capacity.bed-taken",), ("capacity.bed-left",)]
    # The listener hears of the end of the visit and finds nothing left to do.
    outbox.deliver()
    assert BedStay.objects.count() == 1


def test_the_end_of_the_visit_frees_the_bed(county, ward):
    visit = ward_of.visit(county.patient, county.township, county.wang)
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    record.end_encounter(visit, by=county.wang, ended_at=timezone.now(), discharge_way="2")
    outbox.deliver()
    stay.refresh_from_db()
    assert (stay.end, stay.until) == ("discharged", visit.ended_at)
    assert state(ward, "5") == BedState.CLEANING


def test_a_bed_comes_before_its_visit_is_written(county, ward):
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    assert stay.encounter is None
    visit = ward_of.visit(county.patient, county.township, county.wang)
    outbox.deliver()
    stay.refresh_from_db()
    assert stay.encounter == visit


def test_a_visit_that_was_struck_out_holds_no_bed(county, ward):
    visit = ward_of.visit(county.patient, county.township, county.wang)
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    record.void(visit, by=county.wang, reason="重复登记")
    watch_the_beds()
    stay.refresh_from_db()
    assert stay.voided_at is not None
    assert state(ward, "5") == BedState.FREE


def test_nobody_who_died_lies_in_a_bed(county, ward):
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    people.report_death(county.patient, by=county.wang, died_on=timezone.localdate())
    outbox.deliver()
    stay.refresh_from_db()
    assert stay.end == "died"
    told = refused(WrongPerson, ward_of.lying, ward, "6", county.patient, county.ma)
    assert "死亡" in str(told)


def test_a_bed_is_never_given_twice(county, ward):
    ward_of.lying(ward, "5", ward_of.woman(county, "吴桂花"), county.ma)
    told = refused(
        beds.BedNotFree, ward_of.lying, ward, "5", ward_of.woman(county, "卫兰"), county.ma
    )
    assert "已有患者" in str(told)
    assert isinstance(told, Conflict)
    with pytest.raises(IntegrityError), transaction.atomic():
        BedStay.into(ward_of.found(ward, "5"), ward_of.woman(county, "邬梅")).save()


def test_nobody_lies_in_two_beds_not_even_in_two_houses(county, ward):
    she = ward_of.woman(county)
    ward_of.lying(ward, "5", she, county.ma)
    told = refused(beds.AlreadyInBed, ward_of.lying, ward, "6", she, county.ma)
    assert "转床" in str(told)
    elsewhere = ward_of.ward(county.other_township)
    ward_of.room(elsewhere, "1", "1")
    _user, nurse = cast.hire(county.admin, county.other_township, "柳护士", "nurse")
    told = refused(beds.AlreadyInBed, ward_of.lying, elsewhere, "1", she, nurse)
    assert "青山镇卫生院" in str(told)
    with pytest.raises(IntegrityError), transaction.atomic():
        BedStay.into(ward_of.found(ward, "6"), she).save()


def test_a_woman_does_not_lie_in_a_mens_room_unless_somebody_says_why(county, ward):
    she = ward_of.woman(county)
    told = refused(beds.WrongSex, ward_of.lying, ward, "3", she, county.ma)
    assert "只收男患者" in str(told)
    refused(UnknownReason, ward_of.lying, ward, "3", she, county.ma, mix_code="nonsense")
    refused(UnknownReason, ward_of.lying, ward, "3", she, county.ma, mix_code="other")
    stay = ward_of.lying(ward, "3", she, county.ma, mix_code="family")
    assert stay.mix_label == "夫妻或直系亲属同室"


def test_who_comes_first_decides_for_a_shared_room(county, ward):
    ward_of.lying(ward, "5", ward_of.woman(county), county.ma)
    he = ward_of.man(county)
    told = refused(beds.WrongSex, ward_of.lying, ward, "6", he, county.ma)
    assert "异性" in str(told)
    ward_of.lying(ward, "6", ward_of.woman(county, "卫兰"), county.ma)
    free = Bed.objects.free(ward=ward)
    assert sorted(free.suiting("2").values_list("number", flat=True)) == ["1", "2", "7"]
    assert sorted(free.suiting("1").values_list("number", flat=True)) == ["3", "4"]
    assert list(free.suiting("0")) == []


def test_a_hold_decides_for_a_shared_room_too(county, ward):
    beds.hold_bed(ward_of.found(ward, "5"), by=county.li, person=ward_of.woman(county))
    refused(beds.WrongSex, ward_of.lying, ward, "6", ward_of.man(county), county.ma)


def test_a_bed_is_kept_for_a_referral_and_taken_by_who_was_expected(county, ward):
    she = ward_of.woman(county)
    held = beds.hold_bed(
        ward, by=county.li, person=she, for_subject=("referral", county.patient.pk)
    )
    assert held.bed.number == "1"
    assert BedHold.objects.of("referral", county.patient.pk).get() == held
    assert state(ward, "1") == BedState.HELD
    told = refused(
        beds.BedNotFree, ward_of.lying, ward, "1", ward_of.woman(county, "卫兰"), county.ma
    )
    assert "预留" in str(told)
    refused(beds.AlreadyHeld, beds.hold_bed, ward, by=county.li, person=she)
    ward_of.lying(ward, "1", she, county.ma)
    held.refresh_from_db()
    assert held.state == HoldState.USED


def test_who_lies_elsewhere_in_the_house_needs_the_held_bed_no_more(county, ward):
    she = ward_of.woman(county)
    held = beds.hold_bed(ward, by=county.li, person=she)
    ward_of.lying(ward, "5", she, county.ma)
    held.refresh_from_db()
    assert (held.state, held.end_code) == (HoldState.RELEASED, "elsewhere")
    assert state(ward, "1") == BedState.FREE


def test_a_hold_runs_out_by_the_clock_and_before_it(county, ward, noon):
    she = ward_of.woman(county)
    held = beds.hold_bed(ward_of.found(ward, "1"), by=county.li, person=she)
    refused(Refused, beds.lapse, held, by=county.wang)
    noon.shift(parameters.duration("beds.hold_hours"))
    # The clock has not come by; the bed may be given all the same.
    ward_of.lying(ward, "1", ward_of.woman(county, "卫兰"), county.ma)
    held.refresh_from_db()
    assert held.state == HoldState.LAPSED
    again = beds.hold_bed(ward_of.found(ward, "2"), by=county.li, person=she)
    noon.shift(timedelta(hours=5))
    assert watch_the_beds() == 1
    again.refresh_from_db()
    assert again.state == HoldState.LAPSED
    assert state(ward, "2") == BedState.FREE
    told = OutboxEvent.objects.filter(name="capacity.bed-hold-ended").latest("id").payload
    assert told["state"] == "lapsed"


def test_a_hold_lies_in_the_future_and_not_too_far(county, ward):
    she, bed, now = ward_of.woman(county), ward_of.found(ward, "1"), timezone.now()
    for until in (now, now - timedelta(hours=1), now + timedelta(days=30)):
        refused(beds.WrongTime, beds.hold_bed, bed, by=county.li, person=she, until=until)


def test_a_full_ward_says_so(county, ward):
    for name in ("甲", "乙"):
        beds.hold_bed(ward, by=county.li, person=ward_of.man(county, f"毛{name}"), kind="general")
    for number in ("5", "6", "7"):
        beds.block(ward_of.found(ward, number), by=county.ma, code="repair")
    told = refused(beds.NoFreeBed, beds.hold_bed, ward, by=county.li, person=ward_of.man(county))
    assert "暂无" in str(told)
    # For a woman there is still a place.
    assert beds.hold_bed(ward, by=county.li, person=ward_of.woman(county)).bed.number == "1"


def test_intensive_care_is_given_only_where_it_is_asked_for(county):
    icu = ward_of.ward(county.hospital, "重症医学科病区")
    ward_of.room(icu, "1", "1", sex="either", kind=BedKind.ICU)
    she = ward_of.woman(county)
    refused(beds.NoFreeBed, beds.hold_bed, icu, by=county.li, person=she)
    assert beds.hold_bed(icu, by=county.li, person=she, kind="icu").bed.kind == "icu"


def test_a_hold_is_released_by_who_made_it_or_gives_the_bed(county, ward):
    held = beds.hold_bed(ward, by=county.li, person=ward_of.woman(county))
    refused(Forbidden, beds.release, held, by=county.liu, code="not-come")
    refused(UnknownReason, beds.release, held, by=county.ma, code="")
    beds.release(held, by=county.ma, code="not-come")
    assert state(ward, "1") == BedState.FREE
    refused(WrongState, beds.release, held, by=county.li, code="not-come")


def test_a_move_is_one_act_and_both_beds_tell_it(county, ward, noon):
    visit = ward_of.visit(county.patient, county.township, county.wang)
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    noon.shift(timedelta(days=2))
    other = ward_of.ward(county.township, "康复病区")
    ward_of.room(other, "401", "11", sex="either")
    target = ward_of.found(other, "11")
    moved = beds.move(stay, by=county.ma, bed=target)
    stay.refresh_from_db()
    assert (stay.end, stay.until, moved.moved_from) == ("moved", moved.since, stay)
    assert (moved.encounter, moved.began, moved.days) == (visit, stay.began, 2)
    assert (state(ward, "5"), state(other, "11")) == (BedState.CLEANING, BedState.OCCUPIED)
    line = TrailEntry.objects.filter(verb="beds.move").get()
    assert line.changes["bed_id"] == [str(stay.bed_id), str(target.pk)]
    refused(WrongState, beds.move, stay, by=county.ma, bed=ward_of.found(ward, "6"))
    refused(beds.WrongBed, beds.move, moved, by=county.ma, bed=target)


def test_nobody_is_moved_into_another_house(county, ward):
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    other = ward_of.ward(county.hospital)
    ward_of.room(other)
    told = refused(beds.WrongBed, beds.move, stay, by=county.ma, bed=ward_of.found(other, "1"))
    assert "转诊" in str(told)
    assert state(ward, "5") == BedState.OCCUPIED


def test_a_refused_move_leaves_everything_as_it_was(county, ward):
    stay = ward_of.lying(ward, "5", ward_of.woman(county), county.ma)
    refused(beds.WrongSex, beds.move, stay, by=county.ma, bed=ward_of.found(ward, "3"))
    assert stay.until is None
    assert (state(ward, "5"), state(ward, "3")) == (BedState.OCCUPIED, BedState.FREE)


def test_a_move_to_the_other_sex_of_an_emptied_room_is_allowed(county, ward):
    """Who lies alone in a shared room does not stand in their own way."""
    stay = ward_of.lying(ward, "5", ward_of.woman(county), county.ma)
    beds.move(stay, by=county.ma, bed=ward_of.found(ward, "1"))
    ward_of.lying(ward, "6", ward_of.man(county), county.ma)


def test_two_patients_change_beds(county, ward):
    here = ward_of.lying(ward, "5", ward_of.woman(county), county.ma)
    there = ward_of.lying(ward, "1", ward_of.woman(county, "卫兰"), county.ma)
    one, two = beds.swap(here, there, by=county.ma)
    assert (one.person, one.bed.number) == (here.person, "1")
    assert (two.person, two.bed.number) == (there.person, "5")
    assert {state(ward, "1"), state(ward, "5")} == {BedState.OCCUPIED}
    assert TrailEntry.objects.filter(verb="beds.move").count() == 2
    refused(beds.WrongBed, beds.swap, one, one, by=county.ma)


def test_a_man_and_a_woman_do_not_change_beds(county, ward):
    she = ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    he = ward_of.lying(ward, "3", ward_of.man(county), county.ma)
    refused(beds.WrongSex, beds.swap, she, he, by=county.ma)
    assert BedStay.objects.current().count() == 2
    # Each alone in a shared room may.
    beds.move(she, by=county.ma, bed=ward_of.found(ward, "5"))


def test_a_bed_out_of_use_says_why_and_comes_back_by_itself(county, ward, noon):
    bed = ward_of.found(ward, "1")
    refused(UnknownReason, beds.block, bed, by=county.ma, code="other")
    refused(beds.WrongTime, beds.block, bed, by=county.ma, code="repair", until=timezone.now())
    until = timezone.now() + timedelta(hours=3)
    beds.block(bed, by=county.ma, code="other", text="床头灯损坏", until=until)
    assert bed.reason_label == "其他：床头灯损坏"
    told = refused(beds.BedNotFree, ward_of.lying, ward, "1", ward_of.woman(county), county.ma)
    assert "停用" in str(told)
    noon.shift(timedelta(hours=3))
    watch_the_beds()
    assert state(ward, "1") == BedState.FREE
    beds.block(ward_of.found(ward, "1"), by=county.ma, code="repair")
    beds.reopen(ward_of.found(ward, "1"), by=county.ma)
    refused(WrongState, beds.reopen, ward_of.found(ward, "1"), by=county.ma)


def test_a_bed_in_which_somebody_lies_is_not_blocked_nor_closed(county, ward):
    ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    refused(WrongState, beds.block, ward_of.found(ward, "1"), by=county.ma, code="repair")
    refused(WrongState, beds.close_bed, ward_of.found(ward, "1"), by=county.ma)
    refused(WrongState, beds.close_ward, ward, by=county.ma)


def test_an_extra_bed_is_put_up_and_put_away_again(county, ward):
    shared = ward_of.found(ward, "5").room

    def extra(number: str) -> Bed:
        return beds.add_extra(
            Bed(
                county_id=ward.county_id,
                organisation_id=ward.organisation_id,
                ward=ward,
                room=shared,
                number=number,
            ),
            by=county.ma,
        )

    assert extra("加1").kind == BedKind.EXTRA
    refused(Conflict, extra, "加1")
    for number in range(2, 7):
        extra(f"加{number}")
    refused(WrongState, extra, "加7")
    stay = ward_of.lying(ward, "加1", ward_of.woman(county), county.ma)
    beds.discharge(stay, by=county.ma)
    gone = Bed.objects.get(pk=stay.bed_id)
    assert gone.state == BedState.CLEANING
    beds.cleaned(gone, by=county.ma)
    assert gone.state == BedState.CLOSED
    assert extra("加1").pk != gone.pk


def test_a_stay_written_wrongly_is_struck_out_and_stays_in_the_past(county, ward):
    stay = ward_of.lying(ward, "5", county.patient, county.ma)
    refused(Forbidden, beds.void, stay, by=county.li, code="wrong-bed")
    beds.void(stay, by=county.ma, code="wrong-bed")
    assert (stay.voided_by, state(ward, "5")) == ("马护士", BedState.FREE)
    refused(WrongState, beds.void, stay, by=county.ma, code="wrong-bed")
    ward_of.lying(ward, "6", county.patient, county.ma)
    assert BedStay.objects.count() == 2


def test_times_that_cannot_be(county, ward):
    now = timezone.now()
    she = ward_of.woman(county)
    refused(
        beds.WrongTime, ward_of.lying, ward, "5", she, county.ma, since=now + timedelta(hours=1)
    )
    stay = ward_of.lying(ward, "5", she, county.ma, since=now - timedelta(hours=2))
    refused(beds.WrongTime, beds.discharge, stay, by=county.ma, at=now - timedelta(hours=3))
    refused(beds.WrongTime, beds.discharge, stay, by=county.ma, at=now + timedelta(hours=3))
    refused(beds.WrongTime, beds.plan, stay, by=county.ma, on=now.date() - timedelta(days=9))
    refused(beds.WrongTime, beds.plan, stay, by=county.ma, on=now.date() + timedelta(days=999))
    beds.discharge(stay, by=county.ma)
    beds.cleaned(ward_of.found(ward, "5"), by=county.ma)
    refused(
        beds.WrongTime,
        *(ward_of.lying, ward, "5", ward_of.woman(county, "卫兰"), county.ma),
        since=now - timedelta(hours=1),
    )


def test_a_ward_is_kept_by_its_house_and_the_county(county, ward):
    room = ward_of.found(ward, "1").room
    refused(Forbidden, beds.change_room, room, by=county.wang, sex="male")
    refused(Forbidden, beds.change_ward, ward, by=county.liu, name="外科")
    refused(Forbidden, beds.change_ward, ward, by=county.strange_admin, name="外科")
    ward_of.lying(ward, "1", ward_of.woman(county), county.ma)
    refused(WrongState, beds.change_room, room, by=county.ma, sex="male")
    beds.change_room(room, by=county.ma, sex="either")
    beds.change_ward(ward, by=county.admin, place="住院楼 3 楼")
    refused(Conflict, ward_of.bed, room, "1")
    beds.close_bed(ward_of.found(ward, "2"), by=county.ma)
    ward_of.bed(room, "2")


def test_a_strangers_ward_cannot_be_filled(county, ward):
    refused(Forbidden, ward_of.lying, ward, "1", ward_of.woman(county), county.stranger)
    refused(Forbidden, ward_of.lying, ward, "1", ward_of.woman(county), county.zhao)
    refused(Forbidden, beds.hold_bed, ward, by=county.stranger, person=ward_of.woman(county))
    alien = cast.resident(county.strange_admin, county.strange_region, "外人")
    refused(WrongPerson, ward_of.lying, ward, "5", alien, county.ma)


def test_the_ward_counts_what_is_free_now_today_and_tomorrow(county, ward):
    today = timezone.localdate()
    for number, days in (("1", 0), ("2", 1)):
        ward_of.lying(
            *(ward, number, ward_of.woman(county, f"卫{number}"), county.ma),
            planned_on=today + timedelta(days=days),
        )
    ward_of.lying(ward, "3", ward_of.man(county), county.ma, planned_on=today + timedelta(days=5))
    beds.hold_bed(ward_of.found(ward, "5"), by=county.li, person=ward_of.woman(county, "吴兰"))
    beds.block(ward_of.found(ward, "7"), by=county.ma, code="repair")
    (told,) = Bed.objects.all().by_ward([county.township.pk])
    counts = (told.beds, told.free, told.held, told.occupied, told.cleaning, told.blocked)
    assert counts == (7, 2, 1, 3, 0, 1)
    assert (told.men, told.women, told.today, told.tomorrow) == (1, 1, 1, 1)
    assert told.soon == 4
    assert told.ward == "内科病区"


def test_free_beds_of_all_houses_are_one_query(county, ward, django_assert_num_queries):
    other = ward_of.ward(county.hospital)
    ward_of.room(other)
    with django_assert_num_queries(1):
        assert len(Bed.objects.visible_to(county.li).by_ward()) == 2
    assert Bed.objects.visible_to(county.stranger).by_ward() == []
