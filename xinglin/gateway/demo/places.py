"""Referrals of the last fortnight that went with a slot or a bed, once clinics and wards stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from xinglin.clinical.capacity.models import Bed, Slot, Ward
from xinglin.clinical.referral import actions
from xinglin.clinical.referral.actions.answers import sum_up_answers
from xinglin.clinical.referral.models import Referral
from xinglin.gateway.demo.cases import CASES, Case
from xinglin.gateway.demo.referrals import Cast, Story
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Department
from xinglin.registry.people.models import Person

# How each story with a slot goes on, and how many of a hundred; then those that are open today.
PAST = (("came", 78), ("refused", 8), ("called-off", 8), ("stayed-away", 6))
COMING = (("promised", 12), ("asked", 6))
LYING = (("bed-promised", 3), ("bed-asked", 4))
DAYS = 13


class Places:
    """Tells them oldest first, each about another person; what is refused is left out."""

    def __init__(self, cast: Cast, people: list[Person], rng: Random, *, most: int) -> None:
        self.cast = cast
        self.people = iter(people)
        # A small county has few people; what is open today comes before what is over.
        today = sum(count for _ending, count in (*COMING, *LYING))
        self.most = max(0, min(most, len(people) - today))
        self.rng = rng
        self.now = timezone.now()
        self.hospital = cast.houses["QS100"]

    def tell(self, progress: Callable[[int, int], None]) -> None:
        told = sorted(self._plan(), key=lambda story: story[1])
        for done, (ending, began, slot) in enumerate(told, 1):
            person = next(self.people, None)
            if person is None:
                break
            try:
                self._one(ending, began, slot, person)
            except Refused:
                # Full, or somewhere else at that time: they go another way.
                continue
            finally:
                progress(done, len(told))
        sum_up_answers()

    def _plan(self) -> Iterator[tuple[str, datetime, Slot | None]]:
        """What is told, from when on, with which slot."""
        names = [name for name, _weight in PAST]
        weights = [weight for _name, weight in PAST]
        past = self._slots(self.now - timedelta(days=DAYS), self.now - timedelta(hours=30))
        for slot in past[: self.most]:
            ending = self.rng.choices(names, weights)[0]
            yield ending, slot.start_at - timedelta(hours=self.rng.randint(18, 40)), slot
        coming = iter(self._slots(self.now + timedelta(hours=12), self.now + timedelta(days=4)))
        for ending, count in COMING:
            for _number in range(count):
                free = next(coming, None)
                if free is not None:
                    hours = self.rng.uniform(9, 20) if ending == "promised" else self.rng.random()
                    yield ending, self.now - timedelta(hours=hours), free
        for ending, count in LYING:
            for _number in range(count):
                hours = self.rng.uniform(8, 16) if ending == "bed-promised" else self.rng.random()
                yield ending, self.now - timedelta(hours=hours), None

    def _slots(self, since: datetime, until: datetime) -> list[Slot]:
        """Free slots of the lead hospital's clinics between two moments, in any order."""
        names = {case.department for case in CASES if case.kind != "inpatient"}
        rows = (
            Slot.objects.open()
            .filter(
                organisation=self.hospital,
                kind__in=("clinic", "expert"),
                department__name__in=names,
                start_at__gt=since,
                start_at__lt=until,
            )
            .select_related("department", "schedule", "practitioner", "organisation")
        )
        found = [slot for slot in rows.in_order() if slot.left > 0]
        self.rng.shuffle(found)
        return found

    def _case(self, department: str) -> Case:
        fitting = [case for case in CASES if case.urgency != "emergency"]
        if department:
            fitting = [
                case
                for case in fitting
                if case.kind != "inpatient" and case.department == department
            ]
        else:
            fitting = [case for case in fitting if case.kind == "inpatient"]
        return self.rng.choice(fitting)

    def _one(self, ending: str, began: datetime, slot: Slot | None, person: Person) -> None:
        department = slot.department.name if slot and slot.department else ""
        story = Story(self.cast, self.rng, person, self._case(department), began)
        story.draft()
        place = slot or self._ward(story)
        story.act(actions.submit, story.sender, place=place)
        if ending in ("asked", "bed-asked"):
            return
        if ending == "refused":
            story.after(minutes=50)
            story.act(
                actions.decline,
                story.desk,
                code="wrong-department",
                alternative="请改转县中医院相应科室",
            )
            return
        story.accept()
        if ending == "called-off":
            story.after(hours=1)
            story.act(actions.cancel, story.sender, code="patient-better")
        elif ending == "came" and slot is not None:
            self._came(story, slot)

    def _came(self, story: Story, slot: Slot) -> None:
        """On the day, some minutes early or late; the receipt goes back the same day."""
        story.now = slot.start_at + timedelta(minutes=self.rng.randint(-15, 10))
        story.act(actions.receive, story.desk, arrived_at=story.now)
        story.treat().discharge().close()

    def _ward(self, story: Story) -> Ward:
        """A ward with a bed for the person, of the department if there is one."""
        referral: Referral | None = story.referral
        assert referral is not None
        parts = Department.objects.filter(organisation=self.hospital)
        names = dict(parts.values_list("pk", "name"))
        rows = Bed.objects.free_of(names, sex=story.person.sex)
        # A ward keeps its last bed for who comes in the night.
        roomy = [(names[part] != referral.to_department, ward) for part, ward, n in rows if n > 1]
        if not roomy:
            raise Refused("")
        ward: Ward = Ward.objects.select_related("department").get(pk=min(roomy)[1])
        return ward
