"""The keys by which people are found and compared: kept with every change, within its action."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from xinglin.kernel import bulk
from xinglin.registry.people import rules
from xinglin.registry.people.matching import keys as blocking
from xinglin.registry.people.matching import sketch
from xinglin.registry.people.models import Identifier, MatchKey, Person, SearchKey, merged_into

Row = tuple[UUID, UUID, str, str]


def add(people: Sequence[Person]) -> None:
    """Index people who have just been registered."""
    bulk.insert(SearchKey, ("county_id", "person_id", "kind", "key"), _search_rows(people, {}))
    _add_match_keys(people, {})


def add_numbers(identifiers: Sequence[Identifier]) -> None:
    """Let people be found by further numbers."""
    rows = [
        (each.county_id, each.person_id, SearchKey.Kind.NUMBER.value, key)
        for each in identifiers
        if (key := rules.asked_key(each.value))
    ]
    bulk.insert(SearchKey, ("county_id", "person_id", "kind", "key"), rows)
    people = {each.person_id: each.person for each in identifiers}
    MatchKey.objects.filter(person_id__in=people).delete()
    kept = Identifier.objects.filter(person_id__in=people)
    _add_match_keys(list(people.values()), _by_person(kept))


def renew(person: Person) -> None:
    """Index a person anew after a change; the names of what was merged lead here, too."""
    forget(person)
    numbers = _by_person(Identifier.objects.filter(person=person))
    rows = _search_rows([person], numbers)
    for earlier in merged_into([person.pk]):
        rows += [
            (county, person.pk, kind, key) for county, _pk, kind, key in _search_rows([earlier], {})
        ]
    bulk.insert(SearchKey, ("county_id", "person_id", "kind", "key"), sorted(set(rows)))
    _add_match_keys([person], numbers)


def renumber(person: Person, old: str, new: str) -> None:
    """Let the person be found, and compared, by another health record number."""
    number = SearchKey.Kind.NUMBER
    if old:
        SearchKey.objects.filter(person=person, kind=number, key=rules.search_key(old)).delete()
    if new:
        SearchKey.objects.create(
            county_id=person.county_id, person=person, kind=number, key=rules.search_key(new)
        )
    MatchKey.objects.filter(person=person).delete()
    _add_match_keys([person], _by_person(Identifier.objects.filter(person=person)))


def forget(person: Person) -> None:
    """Let the person no more be found."""
    SearchKey.objects.filter(person=person).delete()
    MatchKey.objects.filter(person=person).delete()


def _by_person(identifiers: Iterable[Identifier]) -> dict[UUID, list[Identifier]]:
    found: dict[UUID, list[Identifier]] = {}
    for each in identifiers:
        found.setdefault(each.person_id, []).append(each)
    return found


def _search_rows(people: Iterable[Person], numbers: dict[UUID, list[Identifier]]) -> list[Row]:
    rows: list[Row] = []
    for person in people:
        own = {rules.asked_key(each.value) for each in numbers.get(person.pk, ())}
        keys = {
            (SearchKey.Kind.NAME, rules.search_key(person.name)),
            (SearchKey.Kind.PINYIN, rules.pinyin_of(person.name)),
            (SearchKey.Kind.INITIALS, rules.initials_of(person.name)),
            (SearchKey.Kind.NUMBER, rules.search_key(person.phone)),
            *((SearchKey.Kind.NUMBER, key) for key in rules.card_keys(person.id_number)),
            (SearchKey.Kind.NUMBER, rules.search_key(person.health_record_no)),
            *((SearchKey.Kind.NUMBER, number) for number in own),
        }
        rows.extend(
            (person.county_id, person.pk, kind.value, key) for kind, key in sorted(keys) if key
        )
    return rows


def _add_match_keys(people: Sequence[Person], numbers: dict[UUID, list[Identifier]]) -> None:
    bulk.insert(
        MatchKey,
        ("key", "person_id"),
        (
            (key, person.pk)
            for person in people
            for key in sorted(
                blocking.keys(sketch(person, numbers.get(person.pk, ())), person.county_id)
            )
        ),
    )
