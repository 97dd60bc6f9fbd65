"""The general-practice ward of 青山镇卫生院: who lies there, with orders that run since days."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction
from django.utils import timezone

from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders.models import Done, Execution, Order, State, Term
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Diagnosis, Encounter
from xinglin.gateway.demo.referrals import Cast
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, system
from xinglin.registry.people.models import Person

# Why somebody is admitted: set, ICD-10, complaint, days in the ward so far.
STAYS = (
    ("pneumonia", "J18.9", "咳嗽咳痰伴发热3天", 3),
    ("copd", "J44.1", "反复咳喘10年，加重2天", 2),
    ("stroke-rehabilitation", "I69.3", "左侧肢体无力1月，要求康复", 6),
    ("diabetes", "E11.9", "口干多饮1周，血糖控制不佳", 2),
    ("hypertension", "I10", "头晕1周，血压波动", 1),
    ("pneumonia", "J18.9", "咳嗽、胸闷5天", 0),
)


class Ward:
    """Doctors, nurses and a pharmacist at the beds of one township centre."""

    def __init__(self, cast: Cast, house: str, rng: Random) -> None:
        self.house = cast.houses[house]
        self.rng = rng
        self.doctor = cast.at(self.house, "township-doctor")
        self.nurse = cast.at(self.house, "nurse")
        self.pharmacist = cast.at(self.house, "pharmacist")

    def fill(self, people: list[Person]) -> int:
        """Lay one person in a bed for each stay; how many lie there now."""
        left, filled = list(people), 0
        for number, stay in enumerate(STAYS):
            while left:
                try:
                    with transaction.atomic():
                        self._stay(left.pop(0), number, *stay)
                except orders.Unsafe:
                    # Allergic to what the set orders: somebody else lies in this bed.
                    continue
                filled += 1
                break
        return filled

    def _stay(
        self, person: Person, number: int, code: str, illness: str, complaint: str, days: int
    ) -> None:
        now = timezone.now()
        began = timezone.localtime(now - timedelta(days=days)).replace(
            hour=8, minute=self.rng.randint(5, 55), second=0, microsecond=0
        )
        # Who came last has just been seen: pharmacist and nurse have it before them.
        began = min(began, now - timedelta(hours=2)) if days else now - timedelta(minutes=30)
        with clock.at(began):
            visit = record.start_encounter(
                Encounter(
                    person=person,
                    organisation=self.house,
                    kind=Encounter.Kind.INPATIENT,
                    department="全科",
                    visit_no=f"ZY{began:%y%m%d}{number + 1:02d}",
                    started_at=began,
                    complaint=complaint,
                ),
                by=self.doctor,
            )
            record.note(
                Diagnosis(
                    person=person,
                    organisation=self.house,
                    encounter=visit,
                    code=illness,
                    diagnosed_on=timezone.localdate(began),
                ),
                by=self.doctor,
            )
        with clock.at(began + timedelta(minutes=20)):
            drafts = orders.apply_set(visit, by=self.doctor, code=code)
            orders.sign_all(drafts, by=self.doctor, override="住院期间按此方案")
        if days == 0:
            self._write_on(visit)
            return
        self._passed(visit, began + timedelta(minutes=35))
        self._lived_through(visit, now)
        if number == 1:
            self._stopped(visit, now)
        if number == 2:
            self._sent_back(visit, now)

    def _passed(self, visit: Encounter, at: datetime) -> None:
        with clock.at(at):
            for order in Order.objects.filter(encounter=visit, state=State.REVIEW):
                orders.accept(order, by=self.pharmacist)
        with clock.at(at + timedelta(minutes=10)):
            for order in Order.objects.filter(encounter=visit, state=State.TO_CHECK):
                orders.check(order, by=self.nurse)

    def _lived_through(self, visit: Encounter, now: datetime) -> None:
        """What was due has been done, but for the last hours; now and then it was not."""
        until = now - timedelta(minutes=self.rng.choice((20, 50, 100)))
        for order in Order.objects.filter(encounter=visit, state=State.ACTIVE):
            while order.state == State.ACTIVE:
                rows = order.executions.filter(state=Done.DUE, due_at__lte=until)
                row = rows.order_by("due_at").first()
                if row is not None:
                    self._done(order, row)
                    continue
                planned = order.planned_until
                if order.term == Term.LONG and planned is not None and planned < now:
                    with clock.at(planned):
                        orders.plan(order, by=_house(order))
                else:
                    break

    def _done(self, order: Order, row: Execution) -> None:
        at = min(row.due_at + timedelta(minutes=self.rng.randint(0, 25)), timezone.now())
        with clock.at(at):
            if order.term == Term.LONG and self.rng.random() < 0.03:
                orders.omit(order, by=self.nurse, execution=row, reason="out")
            else:
                second = self.doctor.name if order.high_alert else ""
                orders.give(order, by=self.nurse, execution=row, second=second)

    def _write_on(self, visit: Encounter) -> None:
        draft = Order(
            county_id=visit.person.county_id,
            organisation=visit.organisation,
            person=visit.person,
            encounter=visit,
            kind="drug",
            term=Term.TEMPORARY,
            code="paracetamol-tab",
            dose_value=Decimal("0.5"),
            frequency="sos",
            instruction="体温超过 38.5 ℃ 时",
        )
        orders.draft(draft, by=self.doctor)

    def _stopped(self, visit: Encounter, now: datetime) -> None:
        order = Order.objects.filter(
            encounter=visit, state=State.ACTIVE, code="methylprednisolone-inj"
        ).first()
        if order is not None:
            with clock.at(now - timedelta(minutes=5)):
                orders.stop_group(order, by=self.doctor, code="course-over")

    def _sent_back(self, visit: Encounter, now: datetime) -> None:
        with clock.at(now - timedelta(minutes=25)):
            draft = Order(
                county_id=visit.person.county_id,
                organisation=visit.organisation,
                person=visit.person,
                encounter=visit,
                kind="drug",
                code="nifedipine-gits-tab",
                frequency="qd",
                dose_value=Decimal(30),
            )
            orders.draft(draft, by=self.doctor)
            orders.sign(draft, by=self.doctor, override="血压控制不佳，拟联用")
        with clock.at(now - timedelta(minutes=10)):
            orders.send_back(draft, by=self.pharmacist, code="duplicate", text="已用氨氯地平")


def _house(order: Order) -> Actor:
    return system(order.county_id)
