"""Looking through a whole county for people who are registered twice.

    found = duplicates.run(county, progress)

Everybody is compared with everybody by Splink (`matching.bulk`), whoever may be one is put before
the office; nothing is merged. A pair that was judged before is not asked about again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from xinglin.kernel import jobs, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.jobs import Progress
from xinglin.kernel.models import Job
from xinglin.registry.people import actions, matching, permissions
from xinglin.registry.people.matching import Sketch, Verdict, bulk
from xinglin.registry.people.models import Identifier, MatchReview, Person

KIND = "people.duplicates"
TOLD = (
    *("pk", "name", "sex", "birth_date", "id_type", "id_number", "health_record_no", "phone"),
    *("township", "village", "address_detail", "mother_id", "birth_order"),
)
PART = 500
Tell = Callable[[int, int], None]


@dataclass(slots=True)
class Registered:
    """What is compared of a registration; a whole row of the model would cost four times this."""

    pk: UUID
    name: str
    sex: str
    birth_date: Any
    id_type: str
    id_number: str
    health_record_no: str
    phone: str
    township: str
    village: str
    address_detail: str
    mother_id: UUID | None
    birth_order: int | None


def run(county_id: UUID, progress: Tell = lambda done, total: None) -> dict[str, int]:
    """Compare the county's people and put before the office whoever may be one.

    How many were compared, how many pairs may be one, how many of them are newly asked about.
    """
    people = Person.objects.filter(county_id=county_id, voided_at=None).count()
    total = people * 3
    table = bulk.table(_sketches(county_id, lambda done: progress(done, total)))
    progress(people, total)
    likely = bulk.pairs(table, least=parameters.get("people.match.perhaps"))
    found = {"people": people, "pairs": 0, "asked": 0}
    while part := list(islice(likely, PART)):
        progress(people * 2, total)
        for one, other, weight in _judged(part):
            found["pairs"] += 1
            with transaction.atomic():
                found["asked"] += actions.suspect(
                    one, other, weight, source=MatchReview.Source.BULK
                )
    progress(total, total)
    return found


def _sketches(county_id: UUID, tell: Callable[[int], None]) -> Iterator[tuple[str, Sketch]]:
    numbers: dict[UUID, list[Identifier]] = {}
    for each in Identifier.objects.filter(county_id=county_id).iterator(5000):
        numbers.setdefault(each.person_id, []).append(each)
    rows = Person.objects.filter(county_id=county_id, voided_at=None).values_list(*TOLD)
    for done, row in enumerate(rows.iterator(5000), 1):
        person = Registered(*row)
        yield str(person.pk), matching.sketch(person, numbers.get(person.pk, ()))
        if done % 5000 == 0:
            tell(done)


def _judged(pairs: list[bulk.Pair]) -> Iterator[tuple[Person, Person, float]]:
    """The pairs that may be one by the rules of the counter, too, and are not judged yet."""
    ids = {UUID(str(key)) for one, other, _weight in pairs for key in (one, other)}
    known = set(
        MatchReview.objects.filter(Q(first__in=ids) & Q(second__in=ids)).values_list(
            "first_id", "second_id"
        )
    )
    people = Person.objects.in_bulk(list(ids))
    for one, other, _weight in pairs:
        first, second = sorted((UUID(str(one)), UUID(str(other))), key=lambda pk: pk.int)
        if (first, second) in known or not {first, second} <= people.keys():
            continue
        told = matching.compare(people[first], people[second])
        if told.verdict is not Verdict.NEW:
            yield people[first], people[second], told.weight


def start(*, by: Actor) -> Job:
    """Queue the search as long work that people can watch."""
    permissions.REVIEW.check(by, MatchReview(county_id=by.county_id))
    return jobs.start(KIND, by=by)


def last(actor: Actor) -> Job | None:
    """The county's latest search, for those who judge what it finds."""
    if not actor.may(permissions.REVIEW.code):
        return None
    jobs_of = Job.objects.filter(kind=KIND, county_id=actor.county_id)
    return jobs_of.order_by("-created_at").first()


@jobs.job(KIND)
def work(job: Job, progress: Progress) -> dict[str, Any]:
    """Search the county of whoever asked."""
    return dict(run(job.county_id, progress))
