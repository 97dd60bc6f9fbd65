"""Take in what a county sends: every row of every file is checked first, then all or nothing.

    report = imports.load([folder], by=admin, house=hospital)

Files are read and each row is checked on its own outside any transaction. Then, in one
transaction, houses and staff are entered by their actions, references are resolved, residents
and facts are stored; one refusal anywhere rolls everything back. Loading the same files again
finds everything known and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xinglin.clinical.record import fhir as record_mapping
from xinglin.gateway.imports import bundles, kinds, permissions, sheets
from xinglin.gateway.imports.bundles import Entries, Entry
from xinglin.gateway.imports.facts import Facts
from xinglin.gateway.imports.houses import Houses
from xinglin.gateway.imports.people import People
from xinglin.gateway.imports.report import Place, Report
from xinglin.gateway.imports.sheets import Table, WrongFile
from xinglin.gateway.imports.workers import Workers
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.kernel.resources import BadResource
from xinglin.registry.organisations.models import Level, Organisation, travel, tree

Progress = Callable[[int, int], None]
READ_KINDS = ("Organization", "Practitioner", "PractitionerRole", "Patient")


class NoCounty(Refused):
    code = "no-county"


class _Undo(Exception):
    """Leave the transaction without a trace."""


def load(
    paths: Sequence[Path],
    *,
    by: Actor,
    house: Organisation | None = None,
    check_only: bool = False,
    progress: Progress | None = None,
    names: dict[Path, str] | None = None,
    report_to: Path | None = None,
) -> Report:
    """Check the files, and load them if nothing in them is refused.

    `house` is on whose behalf: it gives the county, and takes what names no house; by default
    the region of the one county. `names` are the files' names as their owner knows them.
    """
    permissions.RUN.check(by, None)
    if house is not None and by.county_id != NONE and house.region_id != by.county_id:
        raise Forbidden(_("报送机构不在本县。"), field="house")
    report = Report(check_only=check_only)
    loading = _Load(report, by, house, progress or (lambda done, total: None))
    loading.read(paths, names or {})
    loading.check()
    try:
        with transaction.atomic():
            loading.store()
            if check_only or not report.clean:
                raise _Undo
        report.loaded = True
    except _Undo:
        pass
    except IntegrityError:
        report.refuse(
            Place(""), "", "", _("导入期间有人改动了同一批资料，未写入任何内容，请重新导入。")
        )
    finally:
        tree.forget()
        travel.forget()
    if report.refusals or report_to:
        report.write(report_to)
    return report


class _Load:
    """One load on its way through reading, checking and storing."""

    def __init__(
        self, report: Report, by: Actor, house: Organisation | None, progress: Progress
    ) -> None:
        self.report = report
        self.by = by
        self.house = house
        self.progress = progress
        self.tables: list[Table] = []
        self.entries = Entries()
        self.done = 0
        self.total = 1

    # ---------------------------------------------------------------------------- reading

    def read(self, paths: Sequence[Path], names: dict[Path, str]) -> None:
        for path, name, given in _files(paths, names):
            try:
                self._read(path, name, given=given)
            except WrongFile as refusal:
                self.report.refuse(Place(name), "", "", str(refusal))
            except (OSError, MemoryError, RecursionError):
                self.report.refuse(Place(name), "", "", _("文件读不出来，可能已损坏。"))
        rows = sum(len(table.rows) for table in self.tables) + len(self.entries.all)
        self.total = max(1, rows * 2)

    def _read(self, path: Path, name: str, *, given: bool) -> None:
        suffix = path.suffix.lower()
        if suffix in sheets.EXCEL | sheets.TEXT:
            self.tables.extend(sheets.tables(path, name, self.report))
        elif suffix in bundles.JSON | bundles.LINES:
            bundles.read(path, name, self.report, self.entries)
        elif given:
            raise WrongFile(
                _("不认识的文件类型“%(suffix)s”；可导入 xlsx、csv、FHIR 的 json 与 ndjson。")
                % {"suffix": suffix or path.name}
            )
        else:
            self.report.skipped[name] += 1

    # --------------------------------------------------------------------------- checking

    def check(self) -> None:
        """Tell every part of the load what the files say; each checks what it is told."""
        self.houses = houses = Houses(self.report, None, self.by)
        for row in self._rows(kinds.ORGANISATIONS):
            houses.tell(row)
        self._find_county(houses)
        houses.learn()
        bundles.circles(self.entries, self.report)
        self._each("Organization", lambda e: houses.tell_resource(e, self.entries))
        for row in self._rows(kinds.TRAVEL):
            houses.tell_way(row)
        house = self.house or houses.county
        assert house is not None
        self.report.house = house.code
        source = f"fhir:{house.code}"
        self.workers = workers = Workers(self.report, houses)
        for row in self._rows(kinds.STAFF):
            workers.tell(row)
        self._each("PractitionerRole", lambda e: workers.tell_role(e, self.entries))
        self._each("Practitioner", workers.tell_name)
        self.people = people = People(self.report, houses)
        for row in self._rows(kinds.RESIDENTS):
            people.tell(row)
        self._each("Patient", lambda e: people.tell_resource(e, self.entries, source, house.code))
        people.recognise()
        self.facts = Facts(self.report, houses, people, workers, house, source)
        self._tell_facts(self.facts, people)
        self._skip_others()

    def store(self) -> None:
        """Enter and correct, in the order in which things lean on each other."""
        self.houses.store()
        self.houses.store_ways()
        self.workers.store()
        really = self.report.clean and not self.report.check_only
        self.people.store(really=really)
        self._step(len(self.people.all))
        self.facts.store(really=really)
        self.progress(self.total, self.total)

    def _find_county(self, houses: Houses) -> None:
        """The county: of the house on whose behalf, of the files, or the only one."""
        told = houses.region_told()
        if self.house is not None:
            houses.county = tree.get(self.house.region_id) or self.house
            return
        regions = Organisation.objects.filter(level=Level.REGION).order_by("created_at", "id")
        if self.by.county_id.int:
            regions = regions.filter(pk=self.by.county_id)
        if told is not None:
            houses.county = regions.filter(code=told.code).first() or told
            return
        houses.county = regions.first()
        if houses.county is None:
            raise NoCounty(_("还没有任何县，请先导入含有县（市、区）一行的机构表。"))

    def _tell_facts(self, facts: Facts, people: People) -> None:
        rows = [(table.kind, row) for table in self.tables for row in table.rows]
        wanted = [(kind, row) for kind, row in rows if kind in kinds.FACTS]
        people.learn([row.cells for _kind, row in wanted])
        for kind in kinds.FACTS:
            for of, row in wanted:
                if of is kind:
                    facts.tell(kind, row)
                    self._step()
        self._each("Encounter", lambda e: facts.tell_resource(e, self.entries))
        for name in record_mapping.READERS:
            if name != "Encounter":
                self._each(name, lambda e: facts.tell_resource(e, self.entries))

    def _skip_others(self) -> None:
        known = {*READ_KINDS, *record_mapping.READERS}
        for entry in self.entries.all:
            if entry.kind not in known:
                self.report.skipped[entry.kind] += 1

    def _rows(self, kind: Any) -> Iterable[sheets.Row]:
        for table in self.tables:
            if table.kind is kind:
                for row in table.rows:
                    self._step()
                    yield row

    def _each(self, kind: str, tell: Callable[[Entry], None]) -> None:
        for entry in self.entries.of(kind):
            self._step()
            try:
                tell(entry)
            except Refused as refusal:
                self.report.refuse(entry.place, _path(entry, refusal), "", str(refusal))

    def _step(self, by: int = 1) -> None:
        self.done += by
        if self.done % 200 == 0 or by > 1:
            self.progress(min(self.done, self.total - 1), self.total)


def _path(entry: Entry, refusal: Refused) -> str:
    if isinstance(refusal, BadResource) or refusal.field.startswith(entry.kind):
        return refusal.field
    return f"{entry.kind}.{refusal.field}" if refusal.field else entry.kind


def _files(paths: Sequence[Path], names: dict[Path, str]) -> Iterable[tuple[Path, str, bool]]:
    """Every file of the paths, folders from top to bottom, with the name it goes by."""
    for path in paths:
        if path.is_dir():
            for inside in sorted(path.rglob("*")):
                hidden = any(part.startswith((".", "~$")) for part in inside.parts[-1:])
                if inside.is_file() and not hidden:
                    yield inside, str(inside.relative_to(path)), False
        else:
            yield path, names.get(path, path.name), True
