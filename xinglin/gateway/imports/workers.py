"""Staff of a load: people by staff number, posts by house, role and first day, accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.gateway.imports import kinds
from xinglin.gateway.imports.bundles import Entries, Entry
from xinglin.gateway.imports.houses import Houses
from xinglin.gateway.imports.report import Place, Report
from xinglin.gateway.imports.sheets import Row, masked
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations import actions as organisations
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff import fhir as mapping
from xinglin.registry.staff.models import Post, Practitioner, User

FACTS = ("name", "sex", "id_number", "phone", "licence_no", "title")


@dataclass
class _Told:
    place: Place
    cells: dict[str, Any]


@dataclass
class Workers:
    """The staff that the files tell of."""

    report: Report
    houses: Houses
    told: list[_Told] = field(default_factory=list)
    known: dict[str, Practitioner] = field(default_factory=dict)
    seen: dict[str, _Told] = field(default_factory=dict)
    touched: dict[str, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    employed: set[int] = field(default_factory=set)

    def tell(self, row: Row) -> None:
        self.told.append(_Told(row.place, row.cells))

    def tell_role(self, entry: Entry, entries: Entries) -> None:
        """A PractitionerRole at a house of the directory makes its practitioner staff."""
        assert self.houses.county is not None
        role = mapping.role_from_fhir(entry.sent)
        person = entries.find(role.practitioner, entry)
        house = self.houses.find_reference(role.organisation, entry, entries)
        if not role.role or house is None or person is None:
            self.report.skipped["PractitionerRole"] += 1
            return
        practitioner = mapping.from_fhir(person.sent, county_id=self.houses.county.pk)
        self.employed.add(id(person))
        cells = {
            "code": practitioner.code or person.id[:30],
            "house": house.code,
            "role": role.role,
            "since": role.since or timezone.localdate(),
            "until": role.until,
            "department": role.department,
            **{name: getattr(practitioner, name) for name in FACTS},
        }
        told = {name: value for name, value in cells.items() if value}
        self.told.append(_Told(entry.place, told))

    def tell_name(self, entry: Entry) -> None:
        """A Practitioner without a role here only lends its name to what it wrote."""
        assert self.houses.county is not None
        found = mapping.from_fhir(entry.sent, county_id=self.houses.county.pk)
        self.names[id(entry)] = found.name
        if id(entry) not in self.employed:
            self.report.skipped["Practitioner"] += 1

    def author(self, reference: str, asked: Entry, entries: Entries) -> str:
        """The name of whom a resource names as its author, "" when nobody can know."""
        found = entries.find(reference, asked) if reference else None
        if found is None:
            return ""
        if found.kind == "PractitionerRole":
            role = mapping.role_from_fhir(found.sent)
            return self.author(role.practitioner, found, entries)
        return self.names.get(id(found), "")

    def store(self) -> None:
        """Employ, appoint, open accounts; everything only where it is not so already."""
        county = self.houses.county
        if county is None or not self.told:
            return
        codes = sorted({told.cells["code"] for told in self.told})
        for start in range(0, len(codes), 500):
            found = Practitioner.objects.filter(
                county=county, code__in=codes[start : start + 500]
            ).select_related("user")
            self.known.update({each.code: each for each in found})
        count = self.report.count(kinds.STAFF.code)
        for told in self.told:
            code = told.cells["code"]
            new = code not in self.known
            try:
                with transaction.atomic():
                    outcome = self._store(told)
            except Refused as refusal:
                if new:
                    # Whoever this row had employed was taken back with it.
                    self.known.pop(code, None)
                self._refuse(told, refusal)
                continue
            setattr(count, outcome, getattr(count, outcome) + 1)

    def _store(self, told: _Told) -> str:
        cells = told.cells
        house = self.houses.known.get(cells["house"])
        if house is None:
            raise Refused(
                _("没有代码为“%(code)s”的机构。") % {"code": cells["house"]}, field="house"
            )
        practitioner, done = self._person(told)
        done |= self._post(practitioner, house, cells)
        if cells.get("username"):
            done |= self._account(practitioner, cells["username"])
        if "new" in done:
            return "new"
        return "updated" if done else "unchanged"

    def _person(self, told: _Told) -> tuple[Practitioner, set[str]]:
        cells, code = told.cells, told.cells["code"]
        facts = {name: cells[name] for name in FACTS if name in cells}
        earlier = self.seen.get(code)
        if earlier is not None and earlier.cells.get("name") != cells.get("name"):
            raise Refused(
                _("工号重复而姓名不同，另一处在 %(file)s %(place)s。")
                % {"file": earlier.place.file, "place": earlier.place},
                field="code",
            )
        self.seen.setdefault(code, told)
        by, known = self.houses.by, self.known.get(code)
        if known is None:
            assert self.houses.county is not None
            practitioner = Practitioner(county=self.houses.county, code=code, **facts)
            self.known[code] = staff.employ(practitioner, by=by)
            return practitioner, {"new"}
        changed = {n: v for n, v in facts.items() if v != getattr(known, n)}
        if changed:
            staff.amend(known, by=by, **changed)
            return known, {"updated"}
        return known, set()

    def _post(
        self, practitioner: Practitioner, house: Organisation, cells: dict[str, Any]
    ) -> set[str]:
        by = self.houses.by
        post = Post.objects.filter(
            practitioner=practitioner,
            organisation=house,
            role=cells["role"],
            since=cells["since"],
        ).first()
        if post is None:
            post = Post(
                practitioner=practitioner,
                organisation=house,
                department=self._department(house, cells.get("department", "")),
                role=cells["role"],
                since=cells["since"],
                until=cells.get("until"),
            )
            staff.appoint(post, by=by)
            return {"new"}
        until = cells.get("until")
        if until is not None and until != post.until:
            staff.dismiss(post, by=by, until=until)
            return {"updated"}
        return set()

    def _department(self, house: Organisation, name: str) -> Department | None:
        if not name:
            return None
        found = Department.objects.filter(organisation=house, name=name).first()
        if found is None:
            found = organisations.open_department(
                Department(organisation=house, code=name[:20], name=name), by=self.houses.by
            )
        return found

    def _account(self, practitioner: Practitioner, username: str) -> set[str]:
        held = User.objects.filter(practitioner=practitioner).first()
        if held is None:
            staff.give_account(practitioner, by=self.houses.by, username=username, password=None)
            return {"updated"}
        if held.username != username:
            raise Refused(
                _("该人员已有账号“%(name)s”，不能通过导入更换。") % {"name": held.username},
                field="username",
            )
        return set()

    def _refuse(self, told: _Told, refusal: Refused) -> None:
        name = {"organisation": "house"}.get(refusal.field, refusal.field)
        column = next((c for c in kinds.STAFF.columns if c.key == name), None)
        value = told.cells.get(name, "")
        said, reason = masked(column, value, str(refusal)) if value else ("", str(refusal))
        self.report.refuse(told.place, column.label if column else "", said, reason)
