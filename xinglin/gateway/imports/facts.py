"""Clinical facts of a load: checked one by one, told from what is known by their source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record import actions as record
from xinglin.clinical.record import fhir as mapping
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    OfEncounter,
    Problem,
    Procedure,
)
from xinglin.clinical.record.rules import (
    PRESSURES,
    VITAL_BY_LOINC,
    VITAL_SIGNS,
    check_pressure,
)
from xinglin.gateway.imports import kinds, rows, sameness
from xinglin.gateway.imports.bundles import Entries, Entry
from xinglin.gateway.imports.houses import Houses
from xinglin.gateway.imports.kinds import Kind
from xinglin.gateway.imports.people import People
from xinglin.gateway.imports.report import Place, Report
from xinglin.gateway.imports.sheets import Row, masked
from xinglin.gateway.imports.workers import Workers
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology

TABLE = "table"
# In the order in which they lean on each other.
ORDER: tuple[tuple[type[Fact], str], ...] = (
    (Encounter, "encounters"),
    (HealthCover, "health-covers"),
    (Problem, "problems"),
    (Diagnosis, "diagnoses"),
    (Observation, "observations"),
    (Allergy, "allergies"),
    (Medication, "medications"),
    (Procedure, "procedures"),
    (Immunization, "immunizations"),
    (FamilyHistory, "family-histories"),
    (Document, "documents"),
)
# What a table says of a visit.
VISIT = (
    "kind",
    "started_at",
    "ended_at",
    "department",
    "visit_no",
    "complaint",
    "history",
    "treatment",
    "discharge_way",
    "outcome",
)
Key = tuple[UUID, str, str]
# A name may have been given anew after what bore it was struck out.
STANDING_FIRST = (F("voided_at").asc(nulls_first=True), "-id")


@dataclass
class Facts:
    """The facts that the files tell of."""

    report: Report
    houses: Houses
    people: People
    workers: Workers
    house: Organisation
    source: str
    told: dict[type[Fact], dict[Key, tuple[Place, Fact]]] = field(default_factory=dict)
    visits: dict[tuple[UUID, str], Encounter] = field(default_factory=dict)
    by_entry: dict[int, Encounter] = field(default_factory=dict)
    pressures: dict[tuple[UUID, UUID, datetime], dict[str, Decimal | None]] = field(
        default_factory=dict
    )
    withdrawn: list[tuple[str, str]] = field(default_factory=list)

    # ---------------------------------------------------------------------------- tables

    def tell(self, kind: Kind, row: Row) -> None:
        """One row of a clinical table."""
        try:
            person = self._person(row)
            house = self._house(row)
            for fact in self._told(kind, row.cells, person, house):
                self._check(kind, fact)
                self._take(row.place, fact)
        except Refused as refusal:
            self._refuse(kind, row, refusal)

    def _told(
        self, kind: Kind, cells: dict[str, Any], person: Person, house: Organisation
    ) -> Iterator[Fact]:
        if kind is kinds.ENCOUNTERS:
            yield from self._visit(cells, person, house)
            return
        visit = cells.get("visit", "")
        of = {
            "person": person,
            "organisation": house,
            "author": cells.get("author", ""),
            "source": TABLE,
        }
        encounter = self._known_visit(house, visit) if visit else None
        yield rows.READERS[kind.code](cells, of, encounter)

    @staticmethod
    def _check(kind: Kind, fact: Fact) -> None:
        """Refused names the column that the value stands in."""
        try:
            record.check(fact)
        except Refused as refusal:
            if isinstance(fact, Observation) and kind is kinds.ENCOUNTERS:
                refusal.field = VITAL_BY_LOINC[fact.code].field
            raise

    def _person(self, row: Row) -> Person:
        cells = row.cells
        if not (cells.get("id_number") or cells.get("health_record_no") or cells.get("local_no")):
            raise Refused(_("须填身份证号、健康档案编号或本地编号之一。"), field="id_number")
        person = self.people.find(cells)
        if person is None:
            raise Refused(
                _("没有登记这位居民；请先导入居民，或与居民表一同导入。"), field="id_number"
            )
        name = cells.get("person", "")
        if name and name != person.name:
            raise Refused(_("姓名与该证件号码登记的姓名不一致，请核对。"), field="person")
        return person

    def _house(self, row: Row) -> Organisation:
        code = row.cells.get("house", "")
        found = self.houses.find(code) if code else self.house
        if found is None:
            raise Refused(_("没有代码为“%(code)s”的机构。") % {"code": code}, field="house")
        return found

    def _visit(self, cells: dict[str, Any], person: Person, house: Organisation) -> Iterator[Fact]:
        number = cells.get("visit") or sameness.digest(person.pk, house.pk, cells["started_at"])
        of = {
            "person": person,
            "organisation": house,
            "author": cells.get("author", ""),
            "source": TABLE,
        }
        visit = Encounter(
            **of, source_id=number, **{name: cells[name] for name in VISIT if name in cells}
        )
        yield visit
        visit = self.visits.setdefault((house.pk, number), visit)
        day = timezone.localdate(visit.started_at)
        for main, code, name in _diagnoses(cells):
            yield Diagnosis(
                **of,
                encounter=visit,
                source_id=f"{number}#{code or name}"[:120],
                system="icd10" if code else "urn:xinglin:words",
                code=code or "-",
                name=name,
                main=main,
                diagnosed_on=day,
            )
        for sign in VITAL_SIGNS:
            if sign.field in cells:
                yield Observation(
                    **of,
                    encounter=visit,
                    source_id=f"{number}#{sign.loinc}",
                    code=sign.loinc,
                    name=kinds.ENCOUNTERS.column(sign.field).label,
                    value=cells[sign.field],
                    unit=sign.unit,
                    measured_at=visit.started_at,
                )

    def _known_visit(self, house: Organisation, number: str) -> Encounter:
        found = self.visits.get((house.pk, number)) or (
            Encounter.objects.filter(organisation_id=house.pk, source=TABLE, source_id=number)
            .order_by(*STANDING_FIRST)
            .first()
        )
        if found is None:
            raise Refused(_("该机构没有就诊编号“%(no)s”。") % {"no": number}, field="visit")
        return found

    def _refuse(self, kind: Kind, row: Row, refusal: Refused) -> None:
        name = refusal.field
        if name == "code" and kind is kinds.ENCOUNTERS:
            name = "diagnosis"
        if name == "number" and kind is kinds.COVERS:
            name = "health_record_no"
        column = next((c for c in kind.columns if c.key == name), None)
        value = row.cells.get(name, "") if name else ""
        said, reason = masked(column, value, str(refusal)) if value else ("", str(refusal))
        self.report.refuse(row.place, column.label if column else name, said, reason)

    # --------------------------------------------------------------------------- bundles

    def tell_resource(self, entry: Entry, entries: Entries) -> None:
        """The facts of one resource; Refused names what is wrong with it."""
        told = mapping.references(entry.sent)
        person = self._subject(told.subject, entry, entries)
        encounter = None
        if told.encounter and entry.kind != "Encounter":
            encounter = self._encounter(told.encounter, entry, entries)
            if encounter is not None and encounter.person_id != person.pk:
                raise Refused(_("所引用的就诊属于另一位居民。"), field=f"{entry.kind}.encounter")
        house = encounter.organisation if encounter else self.house
        if told.organisation:
            house = self.houses.find_reference(told.organisation, entry, entries) or house
        named = entry.source_id()
        setting = mapping.Setting(
            person=person,
            organisation=house,
            encounter=encounter,
            author=self.workers.author(told.author, entry, entries),
            source="fhir" if entry.full_url else self.source,
            source_id=(named if len(named) <= 90 else sameness.digest(named)) if named else "",
        )
        if setting.source_id and mapping.is_entered_in_error(entry.sent):
            # The sender takes back what it may have told before.
            self.withdrawn.append((setting.source, setting.source_id))
        facts = mapping.from_fhir(entry.sent, setting)
        if not facts:
            self.report.skipped[entry.kind] += 1
        for fact in facts:
            if isinstance(fact, Document) and fact.file:
                record.attach(fact, fact.file.file)
            record.check(fact)
            sameness.name(fact, entry)
            kept = self._take(entry.place, fact)
            if isinstance(kept, Encounter):
                self.by_entry[id(entry)] = kept

    def _subject(self, reference: str, entry: Entry, entries: Entries) -> Person:
        field = "patient" if entry.kind == "AllergyIntolerance" else "subject"
        path = f"{entry.kind}.{field}"
        if not reference:
            raise Refused(_("缺少所属居民的引用。"), field=path)
        found = entries.find(reference, entry)
        if found is not None:
            if found.kind != "Patient":
                raise Refused(_("引用的不是 Patient。"), field=path)
            candidate = self.people.by_entry.get(id(found))
            if candidate is None:
                raise Refused(_("所引用的 Patient 未通过检查。"), field=path)
            return candidate.who
        known = self.people.registered_as(reference, "fhir", self.source)
        if known is None:
            raise Refused(
                _("引用的“%(reference)s”不在本次文件中，也未登记。")
                % {"reference": reference[:80]},
                field=path,
            )
        return known

    def _encounter(self, reference: str, entry: Entry, entries: Entries) -> Encounter | None:
        path = f"{entry.kind}.encounter"
        found = entries.find(reference, entry)
        if found is not None:
            if found.kind != "Encounter":
                raise Refused(_("引用的不是 Encounter。"), field=path)
            if id(found) not in self.by_entry and self._not_happened(found):
                return None
            if id(found) not in self.by_entry:
                raise Refused(_("所引用的 Encounter 未通过检查。"), field=path)
            return self.by_entry[id(found)]
        stored = (
            Encounter.objects.select_related("organisation", "person")
            .filter(person__county_id=self.people.county_id)
            .order_by(*STANDING_FIRST)
        )
        known: Encounter | None = (
            stored.filter(source__in=("fhir", self.source), source_id=reference).first()
            or stored.filter(pk=_uuid(reference)).first()
        )
        if known is None:
            raise Refused(
                _("引用的“%(reference)s”不在本次文件中，也未登记。")
                % {"reference": reference[:80]},
                field=path,
            )
        return known

    @staticmethod
    def _not_happened(entry: Entry) -> bool:
        return entry.sent.get("status") in ("planned", "cancelled", "entered-in-error", "unknown")

    # ------------------------------------------------------------------------ new and known

    def _take(self, place: Place, fact: Fact) -> Fact:
        """Keep a fact for storing; the same one twice must say the same."""
        told = self.told.setdefault(type(fact), {})
        key = (fact.organisation_id, fact.source, fact.source_id)
        if key in told:
            other_place, other = told[key]
            if other.person_id != fact.person_id or sameness.contents(other) != sameness.contents(
                fact
            ):
                raise Refused(
                    _("与 %(file)s %(place)s是同一编号，但内容不同。")
                    % {"file": other_place.file, "place": other_place},
                    field="visit" if isinstance(fact, Encounter) else "",
                )
            if isinstance(fact, Encounter) and place.line:
                raise Refused(
                    _("与 %(file)s %(place)s重复。")
                    % {"file": other_place.file, "place": other_place},
                    field="visit",
                )
            return other
        if isinstance(fact, Observation):
            self._fits_the_pressure(fact)
        told[key] = (place, fact)
        return fact

    def _fits_the_pressure(self, fact: Observation) -> None:
        """The two pressures of one measurement must fit each other, in whatever rows they stand."""
        if fact.system != "loinc" or fact.code not in PRESSURES:
            return
        moment = (fact.person_id, fact.organisation_id, fact.measured_at)
        pair = self.pressures.setdefault(moment, {})
        both = {**pair, fact.code: fact.value}
        check_pressure(*(both.get(code) for code in PRESSURES))
        pair[fact.code] = fact.value

    def store(self, *, really: bool) -> None:
        """Renew what is known and differs, take in what is new."""
        stored: dict[UUID, Encounter] = {}
        if self.withdrawn:
            self._withdraw()
        for model, name in ORDER:
            told = self.told.get(model)
            if not told:
                continue
            count = self.report.count(name)
            known = self._known(model, list(told))
            fresh: list[Fact] = []
            for key, (place, fact) in told.items():
                same = known.get(key)
                encounter_id = getattr(fact, "encounter_id", None)
                if encounter_id in stored:
                    fact.encounter = stored[encounter_id]  # type: ignore[attr-defined]
                changed = sameness.changed(same, fact) if same is not None else {}
                if same is None or (changed and self._told_again(same)):
                    count.new += 1
                    fresh.append(fact)
                    continue
                if isinstance(same, Encounter):
                    stored[fact.pk] = same
                if not changed or same.voided_at is not None:
                    count.unchanged += 1
                    continue
                count.updated += 1
                self._renew(place, same, changed)
            if really and self.report.clean and model is HealthCover:
                self._open_covers(fresh)
            elif really and self.report.clean:
                for start in range(0, len(fresh), 2000):
                    record.take_in(fresh[start : start + 2000], by=self.houses.by)

    @staticmethod
    def _told_again(same: Fact) -> bool:
        """Whether a fact that was struck out may be told anew, with other contents.

        What this house put in its place stands: its sender does not know better.
        """
        return same.voided_at is not None and not hasattr(same, "replaced_by")

    def _withdraw(self) -> None:
        """Strike out what its own sender says was entered in error."""
        ids = [source_id for _source, source_id in self.withdrawn]
        county = self.people.county_id
        for model, name in ORDER:
            rows = model._default_manager.filter(
                Q(source_id__in=ids), voided_at=None, person__county_id=county
            ).select_related("person")
            for fact in [each for each in rows if (each.source, each.source_id) in self.withdrawn]:
                self.report.count(name).updated += 1
                facts = [*record.inside(fact), fact] if isinstance(fact, Encounter) else [fact]
                for each in facts:
                    record.withdraw(each, by=self.houses.by)

    def _open_covers(self, fresh: list[Fact]) -> None:
        """One by one: each has a number that must be free, and that the person is found by."""
        places = {fact.pk: place for place, fact in self.told[HealthCover].values()}
        for cover in fresh:
            assert isinstance(cover, HealthCover)
            try:
                with transaction.atomic():
                    record.take_in_cover(cover, by=self.houses.by)
            except Refused as refusal:
                self.report.refuse(places[cover.pk], refusal.field, "", str(refusal))

    def _renew(self, place: Place, fact: Fact, changed: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                record.told_anew(fact, by=self.houses.by, **changed)
        except Refused as refusal:
            self.report.refuse(place, refusal.field, "", str(refusal))

    @staticmethod
    def _known(model: type[Fact], keys: list[Key]) -> dict[Key, Fact]:
        found: dict[Key, Fact] = {}
        leads = ["encounter"] if issubclass(model, OfEncounter) else []
        ids = sorted({source_id for _house, _source, source_id in keys})
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            rows = (
                model._default_manager.filter(source_id__in=part)
                .select_related("person", *leads)
                # One that stands covers one that was voided.
                .order_by(F("voided_at").asc(nulls_last=True))
            )
            found.update({(f.organisation_id, f.source, f.source_id): f for f in rows})
        return found


def _diagnoses(cells: dict[str, Any]) -> Iterator[tuple[bool, str, str]]:
    code, name = cells.get("diagnosis", ""), cells.get("diagnosis_name", "")
    if code or name:
        yield True, code, name
    for other in cells.get("others", ()):
        concept = terminology.require("icd10", other, field="others")
        yield False, other, concept.zh


def _uuid(reference: str) -> UUID:
    try:
        return UUID(reference.split("/")[-1])
    except ValueError:
        return UUID(int=0)
