"""Looking among the registered: who may be the one who stands here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from xinglin.kernel.prepared import Cabinet
from xinglin.registry.people import rules
from xinglin.registry.people.matching import keys as blocking
from xinglin.registry.people.matching.scoring import Score, Verdict, score, yardstick
from xinglin.registry.people.matching.sketches import Sketch, sketch
from xinglin.registry.people.matching.weights import LEAST_PEOPLE
from xinglin.registry.people.models import Identifier, MatchKey, Person, SearchKey

# Whoever shares fewer keys than this many others is not among the likely ones.
MOST_COMPARED = 200
# How many of a load are looked for in one query.
TOGETHER = 100
# Beyond this a name is common, and how common makes no more difference.
MOST_NAMESAKES = 400
_populations: Cabinet[int] = Cabinet(lasts=600.0, most=100)


@dataclass(frozen=True)
class Candidate:
    """Somebody registered who may be the one who stands here.

    `person` is the living registration; `known_as` the one that was compared, which differs
    where two were merged and the older telling fits better.
    """

    person: Person
    known_as: Person
    score: Score

    @property
    def verdict(self) -> Verdict:
        return self.score.verdict


def find(person: Person, identifiers: Iterable[Identifier] = ()) -> list[Candidate]:
    """The registered who are or may be this person, the likeliest first.

    `person` need not be stored; itself and what was merged with it are not among the found.
    """
    mine = sketch(person, identifiers)
    wanted = blocking.keys(mine, person.county_id)
    if not wanted:
        return []
    shared = (
        MatchKey.objects.filter(key__in=wanted)
        .values_list("person_id")
        .annotate(times=Count("id"))
        .order_by("-times", "person_id")
    )
    ids = [pk for pk, _times in shared[:MOST_COMPARED] if pk != person.pk]
    if not ids:
        return []
    found = list(Person.objects.filter(pk__in=ids).select_related("replaced_by"))
    numbers = _numbers(ids) if mine.numbers else {}
    others = [(each, sketch(each, numbers.get(each.pk, ()))) for each in found]
    return _judged(person, mine, others)


def find_all(
    people: Sequence[Person], identifiers: Mapping[UUID, Sequence[Identifier]] | None = None
) -> Iterator[tuple[Person, list[Candidate]]]:
    """The same for many, those with candidates only; one look for a hundred.

    `identifiers` are the numbers of those who are not stored yet.
    """
    for start in range(0, len(people), TOGETHER):
        part = people[start : start + TOGETHER]
        numbers: Mapping[UUID, Sequence[Identifier]] = (
            _numbers([person.pk for person in part]) if identifiers is None else identifiers
        )
        mine = {person.pk: sketch(person, numbers.get(person.pk, ())) for person in part}
        wanted: dict[int, list[Person]] = {}
        for person in part:
            for key in blocking.keys(mine[person.pk], person.county_id):
                wanted.setdefault(key, []).append(person)
        shared: dict[UUID, Counter[UUID]] = {person.pk: Counter() for person in part}
        for key, pk in MatchKey.objects.filter(key__in=wanted).values_list("key", "person_id"):
            for person in wanted[key]:
                if person.pk != pk:
                    shared[person.pk][pk] += 1
        likely = {
            pk: [other for other, _times in counts.most_common(MOST_COMPARED)]
            for pk, counts in shared.items()
        }
        ids = {other for others in likely.values() for other in others}
        found = Person.objects.select_related("replaced_by").in_bulk(list(ids))
        theirs = _numbers(list(ids))
        sketches = {pk: sketch(each, theirs.get(pk, ())) for pk, each in found.items()}
        for person in part:
            others = [(found[pk], sketches[pk]) for pk in likely[person.pk] if pk in found]
            candidates = _judged(person, mine[person.pk], others)
            if candidates:
                yield person, candidates


def _judged(
    person: Person, mine: Sketch, others: Sequence[tuple[Person, Sketch]]
) -> list[Candidate]:
    people = population(person.county_id)
    namesake = any(theirs.name == mine.name for _each, theirs in others)
    frequency = _share(person, people) if namesake else 0.0
    by = yardstick()
    best: dict[UUID, Candidate] = {}
    for each, theirs in others:
        living = each.living
        if living is None or living.pk == person.pk:
            continue
        told = score(mine, theirs, people=people, frequency=frequency, by=by)
        known = best.get(living.pk)
        if told.verdict is not Verdict.NEW and (known is None or known.score.weight < told.weight):
            best[living.pk] = Candidate(living, each, told)
    return sorted(best.values(), key=lambda candidate: -candidate.score.weight)


def compare(one: Person, other: Person) -> Score:
    """The evidence about two who are registered, for those who must judge it."""
    numbers = _numbers([one.pk, other.pk])
    sketches: list[Sketch] = [sketch(each, numbers.get(each.pk, ())) for each in (one, other)]
    people = population(one.county_id)
    alike = sketches[0].name == sketches[1].name
    return score(
        sketches[0],
        sketches[1],
        people=people,
        frequency=_share(one, people) if alike else 0.0,
    )


def population(county_id: UUID) -> int:
    """How many the county knows, counted now and then: it only sets the scale."""
    return _populations.get(
        county_id, lambda: Person.objects.filter(county_id=county_id, voided_at=None).count()
    )


def _share(person: Person, people: int) -> float:
    """The share of the county that bears the name as it is written."""
    namesakes = SearchKey.objects.filter(
        county_id=person.county_id, key=rules.search_key(person.name)
    )[:MOST_NAMESAKES].count()
    return max(namesakes, 1) / max(people, LEAST_PEOPLE)


def _numbers(ids: list[UUID]) -> dict[UUID, list[Identifier]]:
    found: dict[UUID, list[Identifier]] = {}
    for identifier in Identifier.objects.filter(person_id__in=ids):
        found.setdefault(identifier.person_id, []).append(identifier)
    return found
