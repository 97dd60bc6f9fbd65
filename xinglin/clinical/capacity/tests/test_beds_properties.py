"""Any sequence of acts, by anybody, at any time: no bed has two, nobody has two beds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedHold, BedKind, BedState, BedStay
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.capacity.tests.conftest import NOON
from xinglin.clinical.record import actions as record
from xinglin.kernel import worker
from xinglin.kernel.errors import Refused

NUMBERS = ("1", "2", "3", "4", "5", "6", "加1")
PEOPLE = range(6)
beds_ = st.sampled_from(NUMBERS)
people_ = st.integers(0, 5)
mix_ = st.sampled_from(("", "", "", "family"))


def machine(county: Any, traveller: Any) -> type[RuleBasedStateMachine]:
    class AnyActs(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.block = transaction.atomic()
            self.block.__enter__()
            traveller.move_to(NOON)
            self.ward = ward_of.ward(county.township)
            ward_of.room(self.ward, "301", "1", "2", sex="female")
            ward_of.room(self.ward, "302", "3", sex="male")
            ward_of.room(self.ward, "303", "4", "5", sex="same")
            ward_of.room(self.ward, "304", "6", sex="either", kind=BedKind.ICU)
            self.people = [
                (ward_of.woman if n % 2 else ward_of.man)(county, f"卫{n}") for n in PEOPLE
            ]

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

        def bed(self, number: str) -> Bed | None:
            return Bed.objects.standing().filter(ward=self.ward, number=number).first()

        def stay(self, who: int) -> BedStay | None:
            return BedStay.objects.current().filter(person=self.people[who]).first()

        def attempt(self, act: Any, row: Any, *more: Any, **facts: Any) -> None:
            """Do it or read why not; what is refused changes nothing."""
            if row is None or None in more or None in facts.values():
                return
            before = sorted(Bed.objects.values_list("pk", "state"))
            told = ""
            try:
                with transaction.atomic():
                    act(row, *more, by=county.ma, **facts)
            except Refused as refusal:
                told = str(refusal)
            else:
                return
            assert told
            assert sorted(Bed.objects.values_list("pk", "state")) == before

        @rule(number=beds_, who=people_, mix=mix_)
        def admit(self, number: str, who: int, mix: str) -> None:
            bed = self.bed(number)
            if bed is not None:
                self.attempt(beds.admit, BedStay.into(bed, self.people[who], mix_code=mix))

        @rule(who=people_)
        def write_a_visit(self, who: int) -> None:
            person = self.people[who]
            if not person.encounters.filter(ended_at=None, voided_at=None).exists():
                ward_of.visit(person, county.township, county.wang)

        @rule(who=people_)
        def end_the_visit(self, who: int) -> None:
            visit = self.people[who].encounters.filter(ended_at=None, voided_at=None).first()
            if visit is not None:
                record.end_encounter(
                    visit, by=county.wang, ended_at=timezone.now(), discharge_way="1"
                )
                worker.everything_due()
                assert self.stay(who) is None

        @rule(number=beds_, who=people_, mix=mix_)
        def move(self, number: str, who: int, mix: str) -> None:
            self.attempt(beds.move, self.stay(who), bed=self.bed(number), mix_code=mix)

        @rule(who=people_, other=people_, mix=mix_)
        def swap(self, who: int, other: int, mix: str) -> None:
            self.attempt(beds.swap, self.stay(who), self.stay(other), mix_code=mix)

        @rule(who=people_, days=st.integers(-1, 3))
        def plan(self, who: int, days: int) -> None:
            day = timezone.localdate() + timedelta(days=days)
            self.attempt(beds.plan, self.stay(who), on=day)

        @rule(who=people_, way=st.sampled_from(("", "1", "5")))
        def discharge(self, who: int, way: str) -> None:
            self.attempt(beds.discharge, self.stay(who), discharge_way=way)

        @rule(who=people_)
        def void(self, who: int) -> None:
            self.attempt(beds.void, self.stay(who), code="wrong-bed")

        @rule(number=beds_, who=people_, hours=st.integers(1, 6), mix=mix_)
        def hold(self, number: str, who: int, hours: int, mix: str) -> None:
            until = timezone.now() + timedelta(hours=hours)
            self.attempt(
                *(beds.hold_bed, self.bed(number)),
                person=self.people[who],
                until=until,
                mix_code=mix,
            )

        @rule(who=people_)
        def hold_any(self, who: int) -> None:
            self.attempt(beds.hold_bed, self.ward, person=self.people[who])

        @rule(who=people_)
        def release(self, who: int) -> None:
            held = BedHold.objects.standing().filter(person=self.people[who]).first()
            self.attempt(beds.release, held, code="not-come")

        @rule(number=beds_, act=st.sampled_from(("clean", "cleaned", "reopen", "close_bed")))
        def keep(self, number: str, act: str) -> None:
            self.attempt(getattr(beds, act), self.bed(number))

        @rule(number=beds_, hours=st.integers(1, 5))
        def out_of_use(self, number: str, hours: int) -> None:
            until = timezone.now() + timedelta(hours=hours)
            self.attempt(beds.block, self.bed(number), code="repair", until=until)

        @rule()
        def extra(self) -> None:
            room = Bed.objects.filter(ward=self.ward, number="4").first()
            if room is not None and self.bed("加1") is None:
                self.attempt(
                    beds.add_extra,
                    Bed(
                        county_id=self.ward.county_id,
                        organisation_id=self.ward.organisation_id,
                        ward=self.ward,
                        room=room.room,
                        number="加1",
                    ),
                )

        @rule(hours=st.sampled_from((1, 4, 30)))
        def wait(self, hours: int) -> None:
            traveller.shift(timedelta(hours=hours))
            worker.everything_due()

        @invariant()
        def promises(self) -> None:
            lies = list(BedStay.objects.current().values_list("bed_id", "person_id"))
            kept = list(BedHold.objects.standing().values_list("bed_id", "person_id"))
            assert len({bed for bed, _who in lies}) == len(lies)
            assert len({who for _bed, who in lies}) == len(lies)
            assert len({who for _bed, who in kept}) == len(kept)
            for bed in Bed.objects.filter(ward=self.ward):
                assert (bed.state == BedState.OCCUPIED) == (bed.pk in {b for b, _w in lies})
                assert (bed.state == BedState.HELD) == (bed.pk in {b for b, _w in kept})
                assert (bed.state == BedState.BLOCKED) == bool(bed.reason_code)
            (told,) = Bed.objects.all().by_ward([county.township.pk]) or [None]
            if told is not None:
                rows = Bed.objects.standing().filter(ward=self.ward)
                counts = (told.free, told.held, told.occupied, told.cleaning, told.blocked)
                assert sum(counts) == told.beds == rows.count()
                assert told.occupied == len(lies)
                assert told.held == len(kept)
                free = Bed.objects.free(ward=self.ward)
                assert (told.men, told.women) == (
                    free.suiting("1").count(),
                    free.suiting("2").count(),
                )
            # Nobody lies among the other sex without somebody having said why.
            for stay in BedStay.objects.current().filter(mix_code="").select_related("bed__room"):
                rule = stay.bed.room.sex
                if rule in ("male", "female"):
                    assert stay.person.sex == {"male": "1", "female": "2"}[rule]

    return AnyActs


@pytest.mark.slow
def test_any_sequence_of_acts_keeps_every_promise(county, noon):
    kind = machine(county, noon)
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
