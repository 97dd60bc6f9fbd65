"""Residents of a load: who is new, who is known and by what, what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from xinglin.gateway.imports import kinds
from xinglin.gateway.imports.bundles import Entries, Entry
from xinglin.gateway.imports.houses import Houses
from xinglin.gateway.imports.report import Place, Report
from xinglin.gateway.imports.sheets import Row, masked
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people import actions as people
from xinglin.registry.people import fhir as mapping
from xinglin.registry.people import matching
from xinglin.registry.people.models import Identifier, Person

T = TypeVar("T")
TABLE = "table"
FACTS = (
    "name",
    "sex",
    "birth_date",
    "id_type",
    "id_number",
    "health_record_no",
    "phone",
    "contact_name",
    "contact_phone",
    "ethnicity",
    "payment_type",
    "province",
    "city",
    "district",
    "township",
    "village",
    "address_detail",
)


@dataclass(slots=True, eq=False)
class Candidate:
    """One resident as a file tells them, and who they turn out to be."""

    place: Place
    person: Person
    identifiers: list[Identifier] = field(default_factory=list)
    managing: str = ""
    house: Organisation | None = None
    known: Person | None = None
    # The registration that says the same; where two were merged, not always the living one.
    told_before: Person | None = None
    entry: Entry | None = None
    # What the resource calls the mother, and where she may be among the others.
    mother: tuple[str, Entries] | None = None

    @property
    def who(self) -> Person:
        return self.known or self.person

    def told(self) -> dict[str, Any]:
        """What the file says; an empty cell says nothing."""
        found = {name: getattr(self.person, name) for name in FACTS}
        return {n: v for n, v in found.items() if v not in ("", None) and (n, v) != ("sex", "0")}


@dataclass
class People:
    """The residents that the files tell of, found by every number they bear."""

    report: Report
    houses: Houses
    all: list[Candidate] = field(default_factory=list)
    by_card: dict[tuple[str, str], Candidate] = field(default_factory=dict)
    by_source: dict[tuple[str, str], Candidate] = field(default_factory=dict)
    by_record: dict[str, Candidate] = field(default_factory=dict)
    by_number: dict[tuple[str, str, str], Candidate] = field(default_factory=dict)
    by_entry: dict[int, Candidate] = field(default_factory=dict)

    @property
    def county_id(self) -> UUID:
        assert self.houses.county is not None
        return self.houses.county.pk

    # ------------------------------------------------------------------ what the files tell

    def tell(self, row: Row) -> None:
        cells = dict(row.cells)
        cells.pop("note", None)
        managing, local = cells.pop("managed_by", ""), cells.pop("local_no", "")
        number = cells.get("id_number", "")
        cells.setdefault("id_type", "01" if number else "")
        person = Person(county_id=self.county_id, **cells)
        candidate = Candidate(row.place, person, managing=managing)
        try:
            if not number and person.birth_date is None:
                raise Refused(_("没有身份证号的居民须填出生日期。"), field="birth_date")
            people.check(person)
        except Refused as refusal:
            self._refuse(candidate, refusal)
            return
        if local:
            person.source, person.source_id = TABLE, local
        elif not number and not person.health_record_no:
            person.source, person.source_id = TABLE, _likeness(person)
        self._take(candidate, alike=False)

    def tell_resource(self, entry: Entry, entries: Entries, source: str, issuer: str) -> None:
        """A Patient resource, which bears the name under which its sender knows it."""
        incoming = mapping.from_fhir(entry.sent, county_id=self.county_id, issuer=issuer)
        person = incoming.person
        named = entry.source_id()
        if named:
            person.source = "fhir" if entry.full_url else source
            person.source_id = named if len(named) <= 120 else _short(named)
        elif not person.id_number and not incoming.identifiers:
            raise Refused(_("Patient 既无 id、fullUrl，也无标识号，再次导入时无法认人。"))
        candidate = Candidate(entry.place, person, incoming.identifiers, entry=entry)
        if incoming.managing:
            candidate.house = self.houses.find_reference(incoming.managing, entry, entries)
        if incoming.mother:
            candidate.mother = incoming.mother, entries
        people.check(person)
        self._take(candidate, alike=True)

    def _take(self, candidate: Candidate, *, alike: bool) -> None:
        """Add to the load; the same person twice is one in bundles, and refused in tables."""
        person = candidate.person
        other = self._taken(candidate)
        if other is not None:
            if alike and candidate.entry is not None and _agree(other.person, person):
                self.by_entry[id(candidate.entry)] = other
                return
            same = person.id_number and other.person.id_number == person.id_number
            self.report.refuse(
                candidate.place,
                "身份证号" if same else "编号",
                masked(kinds.ID_CARD, person.id_number, "")[0] if same else "",
                _("与 %(file)s %(place)s重复。") % {"file": other.place.file, "place": other.place},
            )
            return
        self.all.append(candidate)
        for number in candidate.identifiers:
            self.by_number[number.kind, number.issuer, number.value] = candidate
        if person.id_number:
            self.by_card[person.id_type, person.id_number] = candidate
        if person.source_id:
            self.by_source[person.source, person.source_id] = candidate
        if person.health_record_no:
            self.by_record[person.health_record_no] = candidate
        if candidate.entry is not None:
            self.by_entry[id(candidate.entry)] = candidate

    def _taken(self, candidate: Candidate) -> Candidate | None:
        """Who in this load bears one of the candidate's numbers already."""
        person = candidate.person
        found = [
            self.by_card.get((person.id_type, person.id_number)) if person.id_number else None,
            self.by_source.get((person.source, person.source_id)) if person.source_id else None,
            self.by_record.get(person.health_record_no) if person.health_record_no else None,
            *(self.by_number.get((i.kind, i.issuer, i.value)) for i in candidate.identifiers),
        ]
        return next((other for other in found if other is not None), None)

    # ------------------------------------------------------------------------ who is known

    def recognise(self) -> None:
        """Find among the registered who the candidates are."""
        cards = _in_base(self._registered, "id_number", [n for _t, n in self.by_card])
        sources = _in_base(self._registered, "source_id", [n for _s, n in self.by_source])
        records = _in_base(self._registered, "health_record_no", list(self.by_record))
        by_card = _first_living(cards, lambda p: (p.id_type, p.id_number))
        by_source = _first_living(sources, lambda p: (p.source, p.source_id))
        by_record = _first_living(records, lambda p: p.health_record_no)
        by_number = self._by_numbers()
        for candidate in self.all:
            person = candidate.person
            found = [
                by_card.get((person.id_type, person.id_number)),
                by_source.get((person.source, person.source_id)) if person.source_id else None,
                by_record.get(person.health_record_no) if person.health_record_no else None,
                *(by_number.get((i.kind, i.issuer, i.value)) for i in candidate.identifiers),
            ]
            known = {p.living: p for p in found if p is not None}
            if len(known) > 1:
                self.report.refuse(
                    candidate.place,
                    "身份证号",
                    "",
                    _("证件号码与其他编号分属两位已登记的居民，请核对。"),
                )
            elif known:
                candidate.known, candidate.told_before = next(iter(known.items()))
                self._same_card(candidate)
        self._resemble()

    def _resemble(self) -> None:
        """Whoever bears no known number may still be known: by what all else says together.

        Those who only may be the same are registered, and put before the office by the action.
        """
        unknown = [candidate for candidate in self.all if candidate.known is None]
        taken = {candidate.known.pk for candidate in self.all if candidate.known is not None}
        by_person = {candidate.person.pk: candidate for candidate in unknown}
        numbers = {candidate.person.pk: candidate.identifiers for candidate in unknown}
        found = matching.find_all([candidate.person for candidate in unknown], numbers)
        for person, alike in found:
            best = alike[0]
            cards = {person.id_number, best.person.id_number} - {""}
            # Two rows of one load for one person, or two cards: for somebody to look at.
            known = best.verdict is matching.Verdict.SAME and best.person.pk not in taken
            if known and len(cards) < 2:
                candidate = by_person[person.pk]
                candidate.known = candidate.told_before = best.person
                taken.add(best.person.pk)

    def _same_card(self, candidate: Candidate) -> None:
        assert candidate.told_before is not None
        ours, theirs = candidate.told_before.id_number, candidate.person.id_number
        if ours and theirs and ours != theirs:
            self.report.refuse(
                candidate.place,
                "身份证号",
                masked(kinds.ID_CARD, theirs, "")[0],
                _("该编号已登记在另一证件号码之下，请核对。"),
            )

    def _registered(self, **where: Any) -> Iterable[Person]:
        known = Person.objects.known().filter(county_id=self.county_id, **where)
        return known.select_related("replaced_by")

    def _by_numbers(self) -> dict[tuple[str, str, str], Person]:
        values = [i.value for candidate in self.all for i in candidate.identifiers]

        def look(**where: Any) -> Iterable[Identifier]:
            # A merge moves the numbers along, so that the bearer is alive or struck out.
            return Identifier.objects.filter(
                county_id=self.county_id, person__voided_at=None, **where
            ).select_related("person")

        found = _in_base(look, "value", values)
        return {(i.kind, i.issuer, i.value): i.person for i in found}

    def find(self, cells: dict[str, Any]) -> Person | None:
        """The resident whom a row of another table names, in this load or registered."""
        card, local = cells.get("id_number", ""), cells.get("local_no", "")
        record = cells.get("health_record_no", "")
        candidate = (
            self.by_card.get(("01", card))
            or self.by_source.get((TABLE, local))
            or self.by_record.get(record)
        )
        if candidate is not None:
            return candidate.who
        for where in (
            {"id_type": "01", "id_number": card} if card else {},
            {"source": TABLE, "source_id": local} if local else {},
            {"health_record_no": record} if record else {},
        ):
            found = next(iter(self._registered(**where)), None) if where else None
            if found is not None and found.living is not None:
                return found.living
        return None

    def learn(self, cells: Iterable[dict[str, Any]]) -> None:
        """Look up at once everybody whom rows of other tables will name."""
        cards = {c["id_number"] for c in cells if c.get("id_number")}
        unknown = [card for card in cards if ("01", card) not in self.by_card]
        for person in _in_base(self._registered, "id_number", unknown):
            living = person.living
            if living is not None:
                found = Candidate(Place(""), living, known=living)
                self.by_card[person.id_type, person.id_number] = found

    # ------------------------------------------------------------------------------- storing

    def store(self, *, really: bool) -> None:
        """Register and correct; without `really` only what depends on the houses is checked."""
        count = self.report.count(kinds.RESIDENTS.code)
        fresh: list[Candidate] = []
        for candidate in self.all:
            if not self._place(candidate) or not self._born_of(candidate):
                continue
            if candidate.known is None:
                fresh.append(candidate)
                count.new += 1
                continue
            changed = self._changed(candidate)
            died = candidate.person.deceased_on if not candidate.known.deceased_on else None
            if not changed and not died:
                count.unchanged += 1
                continue
            count.updated += 1
            try:
                with transaction.atomic():
                    if changed:
                        people.correct(candidate.known, by=self.houses.by, **changed)
                    if died:
                        people.report_death(candidate.known, by=self.houses.by, died_on=died)
            except Refused as refusal:
                self._refuse(candidate, refusal)
        if really and self.report.clean:
            # Mothers before their children, who point to them.
            fresh.sort(key=lambda candidate: candidate.person.mother_id is not None)
            for part in _parts([candidate.person for candidate in fresh], 2000):
                people.register_all(part, by=self.houses.by)
            self._identify()

    def _identify(self) -> None:
        told = {
            (i.kind, i.issuer, i.value): (candidate, i)
            for candidate in self.all
            for i in candidate.identifiers
        }
        known = self._by_numbers()
        new: list[Identifier] = []
        for key, (candidate, identifier) in told.items():
            if key not in known:
                identifier.person = candidate.who
                new.append(identifier)
        if new:
            people.identify_all(new, by=self.houses.by)

    def _place(self, candidate: Candidate) -> bool:
        """The house that keeps the record, by its code."""
        if candidate.managing:
            candidate.house = self.houses.known.get(candidate.managing)
            if candidate.house is None:
                self.report.refuse(
                    candidate.place,
                    "管理机构代码",
                    candidate.managing,
                    _("没有代码为“%(code)s”的机构。") % {"code": candidate.managing},
                )
                return False
        if candidate.house is not None:
            candidate.person.managed_by = candidate.house
        return True

    def registered_as(self, reference: str, *sources: str) -> Person | None:
        """Whom an earlier load, or this house itself, knows under the name of a reference."""
        known = next(iter(self._registered(source__in=sources, source_id=reference)), None)
        if known is None and (pk := _id_in(reference)) is not None:
            known = next(iter(self._registered(pk=pk)), None)
        return known.living if known is not None else None

    def _born_of(self, candidate: Candidate) -> bool:
        """Whether the mother whom a resource names is of this load, or registered."""
        if candidate.mother is None or candidate.known is not None:
            return True
        person, (reference, entries) = candidate.person, candidate.mother
        assert candidate.entry is not None
        entry = entries.find(reference, candidate.entry)
        told = self.by_entry.get(id(entry)) if entry is not None else None
        mother = told.who if told else self.registered_as(reference, "fhir", person.source)
        try:
            if mother is None:
                raise Refused(
                    _("引用的“%(reference)s”不在本次文件中，也未登记。")
                    % {"reference": reference[:80]},
                    field="mother",
                )
            person.mother = mother
            people.check(person)
        except Refused as refusal:
            self._refuse(candidate, refusal)
            return False
        return True

    def _changed(self, candidate: Candidate) -> dict[str, Any]:
        known = candidate.known
        before = candidate.told_before or known
        # What a merged registration said is no news for the one it lives on in.
        changed = {
            n: v
            for n, v in candidate.told().items()
            if v != getattr(known, n) and (before is known or v != getattr(before, n))
        }
        if changed.keys() == {"id_type"} and not candidate.person.id_number:
            changed = {}
        house = candidate.house
        if house is not None and known is not None and known.managed_by_id != house.pk:
            changed["managed_by"] = house
        return changed

    def _refuse(self, candidate: Candidate, refusal: Refused) -> None:
        name = refusal.field
        column = next((c for c in kinds.RESIDENTS.columns if c.key == name), None)
        value = getattr(candidate.person, name, "") if name else ""
        said = value.isoformat() if isinstance(value, date) else str(value or "")
        shown, reason = masked(column, said, str(refusal)) if said else ("", str(refusal))
        label = column.label if column else name
        if candidate.entry is not None:
            label = f"Patient.{name}" if name else "Patient"
        self.report.refuse(candidate.place, label, shown, reason)


def _first_living(people: Iterable[Person], number: Callable[[Person], Any]) -> dict[Any, Person]:
    """Who bears a number; the living before those who live on in another registration."""
    ordered = sorted(people, key=lambda person: person.voided_at is None)
    return {number(person): person for person in ordered if person.living is not None}


def _agree(one: Person, other: Person) -> bool:
    """Whether two tellings can be of one person."""
    return (one.name, one.birth_date) == (other.name, other.birth_date)


def _likeness(person: Person) -> str:
    """What stands for a number where somebody has none: name, birth date, sex, village."""
    told = (person.name, person.birth_date, person.sex, person.township, person.village)
    return _short("|".join(map(str, told)))


def _short(text: str) -> str:
    """A long name made short enough to keep."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _id_in(reference: str) -> UUID | None:
    """The id in a reference to somebody of this house."""
    try:
        return UUID(reference.rpartition("/")[2])
    except ValueError:
        return None


def _in_base(look: Callable[..., Iterable[T]], name: str, values: list[str]) -> Iterator[T]:
    for part in _parts(sorted({value for value in values if value}), 500):
        yield from look(**{f"{name}__in": part})


def _parts(values: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
