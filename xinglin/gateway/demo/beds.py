"""Wards and beds of 青山县, and who lies in them today: four fifths full, as such houses are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.models import Bed, BedKind, BedStay, Room, RoomSex, Ward
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Diagnosis, Encounter
from xinglin.clinical.referral.models import Referral, State
from xinglin.gateway.demo.referrals import Cast
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, system
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Person


@dataclass(frozen=True)
class Plan:
    """One ward: its department, where it is, its rooms (sex, beds), why people lie there."""

    department: str
    place: str
    rooms: tuple[tuple[RoomSex, int], ...]
    illnesses: tuple[tuple[str, str], ...]
    kind: BedKind = BedKind.GENERAL


M, F, S, E = RoomSex.MALE, RoomSex.FEMALE, RoomSex.SAME, RoomSex.EITHER
HEART = (("I20.0", "活动后胸痛3天"), ("I50.9", "胸闷气促1周"), ("I48.9", "心悸2天"))
LUNG = (("J18.9", "咳嗽发热4天"), ("J44.1", "咳喘加重3天"))
BRAIN = (("I63.9", "左侧肢体乏力1天"), ("G45.9", "反复头晕1周"))
BONE = (("S72.0", "跌倒后髋部疼痛1天"), ("M51.2", "腰腿痛1月"))
PLAIN = (*LUNG, ("I10", "头晕1周"), ("E11.9", "血糖控制不佳2周"))
BIRTH = (("O80.9", "孕39周，规律腹痛2小时"),)
CHILD = (("J18.9", "发热咳嗽3天"), ("A08.4", "腹泻2天"))
HOSPITAL = (
    Plan("心内科", "住院楼5楼", ((M, 3), (F, 3), (S, 3), (S, 3)), HEART),
    Plan("呼吸内科", "住院楼6楼", ((M, 3), (F, 3), (S, 3)), LUNG),
    Plan("神经内科", "住院楼7楼", ((M, 3), (F, 3), (S, 3)), BRAIN),
    Plan("骨科", "住院楼8楼", ((M, 3), (F, 3), (S, 2)), BONE),
    Plan("妇产科", "住院楼3楼", ((F, 3), (F, 3)), BIRTH, BedKind.MATERNITY),
    Plan("儿科", "住院楼4楼", ((E, 4), (E, 4)), CHILD, BedKind.CHILD),
    Plan("急诊科", "急诊楼2楼", ((E, 6),), (*HEART, *BRAIN), BedKind.ICU),
)
TCM = (
    Plan("中医科", "2号楼3楼", ((M, 3), (F, 3), (S, 3)), PLAIN),
    Plan("针灸推拿科", "2号楼4楼", ((M, 3), (F, 3)), BONE),
)
MATERNAL = (
    Plan("妇产科", "3楼", ((F, 3), (F, 3), (F, 2)), BIRTH, BedKind.MATERNITY),
    Plan("儿科", "4楼", ((E, 4), (E, 2)), CHILD, BedKind.CHILD),
)
TOWNSHIP = (Plan("全科", "2楼", ((M, 3), (F, 3), (S, 3)), PLAIN, BedKind.GP),)
HELD = 4
LEAD, PLANS = "QS100", {"QS100": HOSPITAL, "QS101": TCM, "QS102": MATERNAL}


class Beds:
    """Sets up the wards of every house and lays people in them."""

    def __init__(self, cast: Cast, rng: Random, *, most: int) -> None:
        self.cast = cast
        self.rng = rng
        self.left = most
        self.now = timezone.now()

    def set_up(self, people: list[Person]) -> int:
        """Open the wards, fill them from those who are ill; how many lie in a bed."""
        by = system(people[0].county_id)
        mothers = iter(self._born(18, 40, people, sex="2"))
        children = iter(self._born(0, 13, people))
        wards: list[tuple[Ward, Plan]] = []
        for code, house in sorted(self.cast.houses.items()):
            for number, plan in enumerate(self._plans(code), 1):
                wards.append((self._ward(house, number, plan, by), plan))
        for ward, _plan in wards:
            self._settle(ward)
        lying = Encounter.objects.filter(kind=Encounter.Kind.INPATIENT, ended_at=None)
        away = set(lying.values_list("person_id", flat=True))
        adults = iter([person for person in people if person.pk not in away])
        pools = {BedKind.MATERNITY: mothers, BedKind.CHILD: children}
        for ward, plan in wards:
            self._fill(ward, plan, pools.get(plan.kind, adults))
        self._expect(wards)
        return BedStay.objects.current().count()

    def _plans(self, code: str) -> tuple[Plan, ...]:
        if code.startswith("QS2") and len(code) == 5:
            return TOWNSHIP
        return PLANS.get(code, ())

    def _born(self, young: int, old: int, taken: list[Person], sex: str = "") -> list[Person]:
        days = [self.now.date() - timedelta(days=365 * years) for years in (old, young)]
        rows = Person.objects.filter(
            county_id=taken[0].county_id, birth_date__range=days, voided_at=None, deceased_on=None
        ).order_by("id_number")
        busy = set(Referral.objects.open().values_list("person_id", flat=True))
        busy |= {person.pk for person in taken}
        found = [p for p in (rows.filter(sex=sex) if sex else rows) if p.pk not in busy]
        self.rng.shuffle(found)
        return found

    def _ward(self, house: Organisation, number: int, plan: Plan, by: Actor) -> Ward:
        department = Department.objects.filter(organisation=house, name=plan.department).first()
        if department is None:
            department = houses.open_department(
                Department(organisation=house, code=f"K{number:02d}", name=plan.department), by=by
            )
        ward = beds.open_ward(
            Ward(
                county_id=by.county_id,
                organisation=house,
                department=department,
                code=f"W{number:02d}",
                name=f"{plan.department}病区",
                place=plan.place,
                phone=f"0571-8802{self.rng.randint(0, 9999):04d}",
            ),
            by=by,
        )
        bed = 0
        for place, (sex, size) in enumerate(plan.rooms, 1):
            room = beds.open_room(
                Room(county_id=by.county_id, ward=ward, number=f"{number}{place:02d}", sex=sex),
                by=by,
            )
            for _each in range(size):
                bed += 1
                kind = plan.kind
                beds.open_bed(
                    Bed(
                        county_id=by.county_id,
                        organisation=house,
                        ward=ward,
                        room=room,
                        number=str(bed),
                        kind=kind,
                    ),
                    by=by,
                )
        return ward

    def _settle(self, ward: Ward) -> None:
        """Who was admitted to the department already comes into its beds first."""
        visits = Encounter.objects.filter(
            organisation=ward.organisation,
            department=ward.department.name,
            kind=Encounter.Kind.INPATIENT,
            ended_at=None,
            voided_at=None,
        ).select_related("person")
        for visit in visits.order_by("started_at"):
            bed = Bed.objects.free(ward=ward, sex=visit.person.sex).in_order().first()
            # A quarter of an hour ago somebody came in who still waits for a bed.
            late = visit.started_at > self.now - timedelta(minutes=40)
            lies = BedStay.objects.current().filter(person=visit.person).exists()
            if bed is not None and not late and not lies:
                self._lay(bed, visit, visit.started_at + timedelta(minutes=20))

    def _fill(self, ward: Ward, plan: Plan, people: Iterator[Person]) -> None:
        nurse = self.cast.at(ward.organisation, "nurse")
        size = Bed.objects.standing().filter(ward=ward).count()
        lies = BedStay.objects.current().filter(bed__ward=ward).count()
        wanted = round(size * self.rng.uniform(0.76, 0.9)) - lies
        for _each in range(min(wanted, self.left)):
            found = next(people, None)
            if found is None:
                break
            bed = Bed.objects.free(ward=ward, sex=found.sex).in_order().first()
            if bed is not None:
                self._admit(ward, plan, bed, found)
        free = list(Bed.objects.free(ward=ward).in_order())
        self.rng.shuffle(free)
        if free and self.rng.random() < 0.6:
            with clock.at(self.now - timedelta(minutes=self.rng.randint(5, 50))):
                beds.clean(free.pop(), by=nurse)
        if len(free) > 1 and self.rng.random() < 0.3:
            with clock.at(self.now - timedelta(hours=self.rng.randint(2, 30))):
                beds.block(free.pop(), by=nurse, code=self.rng.choice(("repair", "works")))

    def _admit(self, ward: Ward, plan: Plan, bed: Bed, person: Person) -> None:
        self.left -= 1
        code, complaint = self.rng.choice(plan.illnesses)
        began = timezone.localtime(self.now - timedelta(days=self.rng.randint(1, 9))).replace(
            hour=self.rng.randint(8, 16), minute=self.rng.randint(0, 59), second=0, microsecond=0
        )
        house = ward.organisation
        role = "township-doctor" if house.level == "township" else "specialist"
        doctor = self.cast.at(house, role)
        with clock.at(began):
            visit = record.start_encounter(
                Encounter(
                    person=person,
                    organisation=house,
                    kind=Encounter.Kind.INPATIENT,
                    department=plan.department,
                    visit_no=f"ZY{began:%y%m%d}{self.rng.randint(100, 999)}",
                    started_at=began,
                    complaint=complaint,
                ),
                by=doctor,
            )
            record.note(
                Diagnosis(
                    person=person,
                    organisation=house,
                    encounter=visit,
                    code=code,
                    diagnosed_on=began.date(),
                ),
                by=doctor,
            )
        self._lay(bed, visit, began + timedelta(minutes=self.rng.randint(10, 60)))

    def _lay(self, bed: Bed, visit: Encounter, at: datetime) -> None:
        nurse = self.cast.at(bed.ward.organisation, "nurse")
        facts: dict[str, Any] = {"encounter": visit}
        with clock.at(min(at, self.now)):
            stay = beds.admit(BedStay.into(bed, visit.person, **facts), by=nurse)
        days = self.rng.choice((None, 0, 1, 1, 2, 3, 5))
        if days is not None:
            day = timezone.localdate(self.now) + timedelta(days=days)
            beds.plan(stay, by=nurse, on=day)

    def _expect(self, wards: list[tuple[Ward, Plan]]) -> None:
        """Beds are kept for those who were accepted and have not come yet."""
        desk = self.cast.at(self.cast.houses[LEAD], "desk")
        coming = Referral.objects.filter(to_org=desk.org_id, state=State.ACCEPTED)
        ours = [ward for ward, plan in wards if plan in HOSPITAL and plan.kind == "general"]
        for letter in coming.select_related("person").order_by("number"):
            for ward in ours:
                try:
                    beds.hold_bed(
                        ward, by=desk, person=letter.person, for_subject=("referral", letter.pk)
                    )
                except beds.NoFreeBed:
                    continue
                # The wards take turns.
                ours = [*[other for other in ours if other != ward], ward]
                break
            if Bed.objects.filter(organisation_id=desk.org_id, state="held").count() >= HELD:
                return
