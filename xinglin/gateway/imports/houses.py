"""Organisations and staff of a load: matched by code, entered and corrected by their actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.gateway.imports import kinds
from xinglin.gateway.imports.bundles import Entries, Entry
from xinglin.gateway.imports.report import Place, Report
from xinglin.gateway.imports.sheets import Row
from xinglin.kernel.access import NONE, Actor, system
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations import catalogue
from xinglin.registry.organisations import fhir as mapping
from xinglin.registry.organisations.models import (
    Capability,
    Level,
    Organisation,
    TravelTime,
)

# What a file may correct of a house that is known; its place in the tree it may not.
FACTS = (
    "name",
    "short_name",
    "org_class",
    "credit_code",
    "insurance_code",
    "area_code",
    "leads",
    "outside",
    "address",
    "phone",
    "services",
    "closed_on",
    "latitude",
    "longitude",
)


@dataclass
class _House:
    place: Place
    organisation: Organisation
    parent: str
    told: dict[str, Any]
    # What it can do more or less than its level: (as written, whether it has it).
    able: list[tuple[str, bool]] = field(default_factory=list)


@dataclass
class Houses:
    """The county's houses as they are and as the files tell them."""

    report: Report
    county: Organisation | None
    by: Actor
    told: dict[str, _House] = field(default_factory=dict)
    known: dict[str, Organisation] = field(default_factory=dict)
    by_id: dict[UUID, Organisation] = field(default_factory=dict)
    by_credit: dict[str, Organisation] = field(default_factory=dict)
    ways: list[Row] = field(default_factory=list)

    def learn(self) -> None:
        """Read the houses that the county has."""
        if self.county is None or self.county._state.adding:
            return
        for house in [
            self.county,
            *Organisation.objects.filter(county=self.county).select_related("parent"),
        ]:
            self.known[house.code] = house
            self.by_id[house.pk] = house
            if house.credit_code:
                self.by_credit[house.credit_code] = house

    # ------------------------------------------------------------------ what the files tell

    def tell(self, row: Row) -> None:
        cells = dict(row.cells)
        cells.pop("note", None)
        able = [(said, True) for said in cells.pop("holds", None) or ()]
        able += [(said, False) for said in cells.pop("lacks", None) or ()]
        code, parent = cells["code"], cells.pop("parent", "")
        self._tell(row.place, Organisation(**cells), parent, {**cells, "code": code}, able)

    def tell_resource(self, entry: Entry, entries: Entries) -> None:
        """An Organization resource; one that names no level is only pointed to."""
        incoming = mapping.from_fhir(entry.sent)
        organisation = incoming.organisation
        if not organisation.level:
            self.report.skipped["Organization"] += 1
            return
        organisation.code = organisation.code or entry.id[:22]
        parent = ""
        if incoming.part_of:
            found = entries.find(incoming.part_of, entry)
            if found is not None and found.kind == "Organization":
                above = mapping.from_fhir(found.sent).organisation
                parent = above.code or found.id[:22]
            else:
                known = self.by_id.get(_uuid(incoming.part_of))
                if known is None:
                    self.report.refuse(
                        entry.place,
                        "Organization.partOf",
                        incoming.part_of[:100],
                        _("引用的机构不在本次文件中，也未登记。"),
                    )
                    return
                parent = known.code
        told = {
            name: getattr(organisation, name)
            for name in ("code", "level", *FACTS)
            if getattr(organisation, name)
        }
        self._tell(entry.place, organisation, parent, told)

    def _tell(
        self,
        place: Place,
        organisation: Organisation,
        parent: str,
        told: dict[str, Any],
        able: Iterable[tuple[str, bool]] = (),
    ) -> None:
        code = organisation.code
        if not code:
            self.report.refuse(place, "机构代码", "", _("缺少机构代码。"))
            return
        if code in self.told:
            other = self.told[code]
            if (other.told, other.parent, other.able) != (told, parent, list(able)):
                self.report.refuse(
                    place,
                    "机构代码",
                    code,
                    _("机构代码重复，另一处在 %(file)s %(place)s。")
                    % {"file": other.place.file, "place": other.place},
                )
            return
        self.told[code] = _House(place, organisation, parent, told, list(able))

    def region_told(self) -> Organisation | None:
        """The county that the files themselves tell of."""
        for told in self.told.values():
            if told.organisation.level == Level.REGION:
                return told.organisation
        return None

    def find(self, code: str) -> Organisation | None:
        """A house by its code (or credit code), known or about to be."""
        known = self.known.get(code) or self.by_credit.get(code)
        if known is not None:
            return known
        told = self.told.get(code)
        return told.organisation if told else None

    def find_reference(self, reference: str, asked: Entry, entries: Entries) -> Organisation | None:
        """The house that a resource points to, if it is or will be in the directory."""
        entry = entries.find(reference, asked)
        if entry is not None and entry.kind == "Organization":
            sent = mapping.from_fhir(entry.sent).organisation
            for code in (sent.code, sent.credit_code, entry.id[:22]):
                found = self.find(code) if code else None
                if found is not None:
                    return found
        return self.by_id.get(_uuid(reference)) or self.find(reference.split("/")[-1])

    # ------------------------------------------------------------------------------- storing

    def store(self) -> None:
        """Enter and correct, parents first; what hangs in the air or in a circle is refused."""
        waiting = dict(self.told)
        count = self.report.count(kinds.ORGANISATIONS.code)
        while waiting:
            ready = [h for h in waiting.values() if not h.parent or h.parent in self.known]
            if not ready:
                break
            for told in ready:
                del waiting[told.organisation.code]
                try:
                    with transaction.atomic():
                        outcome = self._store(told)
                        outcome = self._declare(told) or outcome
                except Refused as refusal:
                    self._refuse(told, refusal)
                    continue
                setattr(count, outcome, getattr(count, outcome) + 1)
        for told in waiting.values():
            self.report.refuse(
                told.place, "上级机构代码", told.parent, self._why_waiting(told, waiting)
            )

    def _store(self, told: _House) -> str:
        organisation = told.organisation
        known = self.known.get(organisation.code)
        if known is None:
            if organisation.level == Level.REGION and self.county not in (None, organisation):
                raise Refused(_("一次只能导入一个县的资料。"), field="level")
            organisation.parent = self.known.get(told.parent)
            houses.establish(organisation, by=self.by)
            if organisation.level == Level.REGION:
                self.county = organisation
                if self.by.role == "system" and self.by.county_id == NONE:
                    self.by = system(organisation.pk)
            self._learned(organisation)
            return "new"
        if told.told.get("level", known.level) != known.level:
            raise Refused(
                _("该机构已登记为“%(level)s”，层级不能通过导入改变。")
                % {"level": known.get_level_display()},
                field="level",
            )
        if told.parent and known.parent is not None and known.parent.code != told.parent:
            raise Refused(
                _("该机构的上级已登记为%(parent)s，隶属关系不能通过导入改变。")
                % {"parent": known.parent},
                field="parent",
            )
        changed = {
            name: told.told[name]
            for name in FACTS
            if name in told.told and told.told[name] != getattr(known, name)
        }
        if not changed:
            return "unchanged"
        houses.change(known, by=self.by, **changed)
        return "updated"

    def tell_way(self, row: Row) -> None:
        """How long the way between two houses takes."""
        self.ways.append(row)

    def store_ways(self) -> None:
        """Enter the ways, once the houses are there."""
        if not self.ways:
            return
        count = self.report.count(kinds.TRAVEL.code)
        known = {
            (way.from_org_id, way.to_org_id): (way.minutes, way.note)
            for way in TravelTime.objects.filter(county=self.county)
        }
        for row in self.ways:
            ends = []
            for name in ("from_org", "to_org"):
                found = self.known.get(row.cells[name])
                if found is None:
                    self.report.refuse(
                        row.place,
                        kinds.TRAVEL.column(name).label,
                        row.cells[name],
                        _("没有代码为“%(code)s”的机构。") % {"code": row.cells[name]},
                    )
                else:
                    ends.append(found)
            if len(ends) < 2:
                continue
            told = row.cells["minutes"], row.cells.get("note", "")[:200]
            before = known.get((ends[0].pk, ends[1].pk))
            if before == told:
                count.unchanged += 1
                continue
            way = TravelTime(from_org=ends[0], to_org=ends[1], minutes=told[0], note=told[1])
            try:
                houses.time_travel(way, by=self.by)
            except Refused as refusal:
                column = next((c for c in kinds.TRAVEL.columns if c.key == refusal.field), None)
                self.report.refuse(
                    row.place,
                    column.label if column else "",
                    str(row.cells.get(refusal.field, "")),
                    str(refusal),
                )
                continue
            known[ends[0].pk, ends[1].pk] = told
            if before is None:
                count.new += 1
            else:
                count.updated += 1

    def _declare(self, told: _House) -> str:
        """Say what the house can do; "updated" where that was news of a known house."""
        if not told.able:
            return ""
        house = self.known[told.organisation.code]
        new = house is told.organisation
        today = timezone.localdate()
        standing = {
            (row.kind, row.code): row.held
            for row in Capability.objects.filter(organisation=house).in_force(today)
        }
        declared = False
        for said, held in told.able:
            kind, code = _ability(said)
            if standing.get((kind, code)) is held:
                continue
            capability = Capability(
                organisation=house, kind=kind, code=code, held=held, since=today, basis=_("导入")
            )
            houses.declare(capability, by=self.by)
            standing[kind, code] = held
            declared = True
        return "updated" if declared and not new else ""

    def _learned(self, organisation: Organisation) -> None:
        self.known[organisation.code] = organisation
        self.by_id[organisation.pk] = organisation
        if organisation.credit_code:
            self.by_credit[organisation.credit_code] = organisation

    def _refuse(self, told: _House, refusal: Refused) -> None:
        name = refusal.field.split(".")[0]
        column = next((c for c in kinds.ORGANISATIONS.columns if c.key == name), None)
        value = told.parent if name == "parent" else getattr(told.organisation, name, "")
        self.report.refuse(
            told.place, column.label if column else "", str(value or ""), str(refusal)
        )

    def _why_waiting(self, told: _House, waiting: dict[str, _House]) -> str:
        above, steps = told, set[str]()
        while above.parent in waiting and above.organisation.code not in steps:
            steps.add(above.organisation.code)
            above = waiting[above.parent]
        if above.organisation.code in steps:
            return _("循环引用：上级机构互为上下级。")
        if above is not told or above.parent in self.told:
            return _("上级机构这一行未能登记，本行也不能登记。")
        return _("没有代码为“%(code)s”的上级机构。") % {"code": told.parent}

    def managing(self) -> Iterator[Organisation]:
        yield from self.known.values()


def _ability(said: str) -> tuple[str, str]:
    """Kind and code of what a cell names: a name or code of the catalogue, else a disease."""
    key = said.strip().casefold()
    for ability in catalogue.abilities().values():
        if key in (ability.code, ability.zh.casefold(), ability.en.casefold(), *ability.also):
            return ability.kind, ability.code
    return Capability.Kind.DISEASE, said.strip()


def _uuid(reference: str) -> UUID:
    try:
        return UUID(reference.split("/")[-1])
    except ValueError:
        return NONE
