"""The county's clinics: who can be booked when, and a month in which people came, or did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from django.utils import timezone

from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity.models import (
    Booking,
    Closure,
    Schedule,
    Session,
    Slot,
    State,
    Waiting,
)
from xinglin.gateway.demo.referrals import Cast
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, system
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Person
from xinglin.registry.staff.models import Post

WORKDAYS = (1, 2, 3, 4, 5)
BACK = timedelta(days=14)
# Machines of the county hospital: name, room, minutes and places of a slot, fee.
MACHINES = (
    ("彩超检查", "彩超 1 室", 20, 1, 120),
    ("CT 检查", "CT 室", 15, 1, 280),
    ("胃镜检查", "内镜中心 1 室", 30, 1, 260),
    ("动态心电图", "心电图室", 30, 2, 150),
)
# How many come on a working day to the county hospital, and to each township.
A_DAY = {"QS100": 24, "QS2": 2}


def session(weekday: int, start: int, end: int, minutes: int, places: int) -> Session:
    return Session(
        weekday=weekday, start=time(start), end=time(end), minutes=minutes, places=places
    )


class Clinics:
    """Schedules first, then day by day the people who book, come, cancel or stay away."""

    def __init__(self, cast: Cast, people: Sequence[Person], rng: Random) -> None:
        self.cast = cast
        self.people = list(people)
        self.rng = rng
        self.now = timezone.now()
        self.began = self.now - BACK

    def open(self, progress: Callable[[int, int], None]) -> None:
        with clock.at(self.began - timedelta(days=1)):
            self._lead_hospital(self.cast.houses["QS100"])
            for code, house in sorted(self.cast.houses.items()):
                if code.startswith("QS2") and len(code) == 5:
                    self._township(house)
        for schedule in Schedule.objects.all():
            capacity.plan(schedule, by=self._keeper(schedule.organisation))
        days = [timezone.localdate(self.began) + timedelta(days=number) for number in range(22)]
        for done, day in enumerate(days):
            self._day(day)
            progress(done, len(days))
        self._closed_tomorrow()
        self._waiting()

    # ------------------------------------------------------------------------------- schedules

    def _keeper(self, house: Organisation) -> Actor:
        return system(house.region_id)

    def _establish(self, house: Organisation, *hours: Session, **facts: object) -> None:
        capacity.establish(
            Schedule(
                organisation=house,
                since=timezone.localdate(self.began) - timedelta(days=1),
                **facts,
            ),
            by=self._keeper(house),
            sessions=hours,
        )

    def _lead_hospital(self, house: Organisation) -> None:
        posts = Post.objects.filter(organisation=house, role="specialist")
        rows = posts.select_related("practitioner", "department").order_by("practitioner__code")
        doctors: dict[object, list[Post]] = {}
        for post in rows:
            doctors.setdefault(post.department_id, []).append(post)
        departments = Department.objects.filter(organisation=house).order_by("code")
        for place, department in enumerate(departments):
            half = [(8, 11), (14, 17)]
            self._establish(
                house,
                *(session(day, *span, 60, 8) for day in WORKDAYS for span in half),
                kind="clinic",
                department=department,
                title=f"{department.name}普通门诊",
                place=f"{place + 201} 诊室",
                fee=10,
            )
            for number, post in enumerate(doctors.get(department.pk, [])[:2]):
                first = (place + 2 * number) % 5 + 1
                self._establish(
                    house,
                    session(first, 8, 11, 30, 3),
                    session(first % 5 + 1, 14, 16, 30, 3),
                    kind="expert",
                    department=department,
                    practitioner=post.practitioner,
                    title=f"{post.practitioner.name}专家门诊",
                    fee=30,
                    quotas={"referral": 20, "family-doctor": 10},
                )
        for title, room, minutes, places, fee in MACHINES:
            self._establish(
                house,
                *(session(day, 8, 11, minutes, places) for day in WORKDAYS),
                kind="exam",
                title=title,
                place=room,
                fee=fee,
            )

    def _township(self, house: Organisation) -> None:
        departments = {row.name: row for row in Department.objects.filter(organisation=house)}
        for name, days in (("全科", (1, 2, 3, 4, 5, 6)), ("中医科", (2, 4))):
            if name in departments:
                self._establish(
                    house,
                    *(session(day, 8, 11, 60, 6) for day in days),
                    kind="clinic",
                    department=departments[name],
                    title=f"{name}门诊",
                    fee=5,
                )

    # --------------------------------------------------------------------------------- the days

    def _desk(self, house: Organisation) -> Actor:
        role = "clerk" if house.code == "QS100" else "township-doctor"
        return self.cast.at(house, role)

    def _day(self, day: date) -> None:
        """Those who come on a day booked some days before, each in their own way."""
        start = timezone.make_aware(datetime.combine(day, time()))
        slots = list(
            Slot.objects.open()
            .filter(start_at__gte=start, start_at__lt=start + timedelta(days=1))
            .select_related("schedule", "organisation", "practitioner")
            .order_by("start_at", "schedule__title", "kept_for")
        )
        houses: dict[str, list[Slot]] = {}
        for slot in slots:
            houses.setdefault(slot.organisation.code, []).append(slot)
        for code, here in sorted(houses.items()):
            many = A_DAY.get(code, A_DAY["QS2"])
            for _number in range(many):
                self._somebody(self.rng.choice(here))

    def _somebody(self, slot: Slot) -> None:
        person = self.rng.choice(self.people)
        ahead = timedelta(hours=self.rng.randint(20, 100), minutes=self.rng.randint(0, 59))
        at = min(slot.start_at - ahead, self.now - timedelta(minutes=self.rng.randint(5, 600)))
        by, channel = self._desk(slot.organisation), self.rng.choice(("counter", "phone"))
        if slot.kept_for:
            sender = self.cast.houses["QS201"]
            by, channel = self.cast.at(sender, "township-doctor"), slot.kept_for
        try:
            with clock.at(at):
                booking = capacity.book(slot, by=by, person=person, channel=channel)
            self._what_came_of_it(booking, slot)
        except Refused:
            # Full, or somewhere else at that time: they try another day.
            return

    def _what_came_of_it(self, booking: Booking, slot: Slot) -> None:
        desk = self._desk(slot.organisation)
        chance = self.rng.random()
        if slot.end_at < self.now:
            if chance < 0.08:
                with clock.at(slot.start_at - timedelta(hours=3)):
                    capacity.cancel(booking, by=desk, code=self.rng.choice(("patient", "better")))
            elif chance < 0.14:
                with clock.at(slot.end_at + timedelta(hours=1)):
                    capacity.miss(booking, by=desk)
            else:
                with clock.at(slot.start_at + timedelta(minutes=self.rng.randint(0, 10))):
                    capacity.arrive(booking, by=desk)
        elif chance < 0.04 and slot.start_at > self.now + timedelta(hours=3):
            capacity.cancel(booking, by=desk, code="patient")

    def _closed_tomorrow(self) -> None:
        """One expert is away: who had booked is still to be given another time."""
        house = self.cast.houses["QS100"]
        taken = Booking.objects.filter(
            organisation=house,
            kind="expert",
            state=State.BOOKED,
            start_at__gt=self.now + timedelta(hours=12),
        )
        first = taken.order_by("start_at").select_related("slot__schedule").first()
        if first is None:
            return
        day = timezone.localtime(first.start_at).replace(hour=0, minute=0, second=0, microsecond=0)
        capacity.close(
            Closure(
                organisation=house,
                schedule=first.slot.schedule,
                start_at=day,
                end_at=day + timedelta(days=1),
                reason="duty",
            ),
            by=self.cast.at(house, "scheduler"),
        )

    def _waiting(self) -> None:
        """An expert whose next morning is full, and three who wait for it."""
        house = self.cast.houses["QS100"]
        desk = self._desk(house)
        open_slots = Slot.objects.free(channel="counter").filter(organisation=house, kind="expert")
        slot = open_slots.filter(start_at__gt=self.now + timedelta(days=2)).in_order().first()
        if slot is None:
            return
        day = timezone.localdate(slot.start_at)
        morning = Slot.objects.free(channel="counter").filter(
            schedule=slot.schedule_id, start_at__date__lte=day
        )
        for each in morning.select_related("schedule", "practitioner").in_order():
            while each.left > 0:
                try:
                    person = self.rng.choice(self.people)
                    capacity.book(each, by=desk, person=person, channel="phone")
                except capacity.TwiceAtOnce:
                    continue
                each.refresh_from_db()
        for priority in (3, 2, 3):
            entry = Waiting(
                county_id=house.region_id,
                organisation=house,
                department_id=slot.department_id,
                schedule_id=slot.schedule_id,
                kind="expert",
                person=self.rng.choice(self.people),
                channel="counter",
                priority=priority,
                since=timezone.localdate(self.now),
                until=day,
                asked_by=house,
            )
            try:
                capacity.wait(entry, by=desk)
            except Refused:
                continue
