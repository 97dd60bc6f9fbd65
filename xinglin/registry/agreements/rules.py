"""Does an agreement cover what two houses are about to do, and if not, why not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _


class Verdict(StrEnum):
    """Covered, or the reason why not, the nearest to covered first."""

    COVERED = "covered"
    QUOTA = "quota"
    DEPARTMENT = "department"
    DIAGNOSIS = "diagnosis"
    SUSPENDED = "suspended"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    ENDED = "ended"
    NONE = "none"


RANK = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True)
class Side:
    """One party as the check sees it.

    `path` is the house's place in the tree; `below` takes in the houses under it, `among` lets
    those count between each other, too. `sends` and `receives` say what the party may do.
    """

    path: str
    below: bool = False
    among: bool = False
    sends: bool = True
    receives: bool = True

    def takes_in(self, path: str) -> bool:
        return path == self.path or (self.below and path.startswith(self.path))


@dataclass(frozen=True)
class Terms:
    """An agreement as the check sees it; both days of the validity are included."""

    id: UUID
    county_id: UUID
    kind: str
    number: str
    title: str
    valid_from: date
    valid_until: date
    sides: tuple[Side, ...]
    departments: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    quota: int | None = None
    quota_by: str = "year"
    suspended_on: date | None = None
    ended_on: date | None = None

    def joins(self, source: str, target: str) -> bool:
        """Whether one side may send from the first house and another receive at the second."""
        for place, sender in enumerate(self.sides):
            if not (sender.sends and sender.takes_in(source)):
                continue
            for other, receiver in enumerate(self.sides):
                if not (receiver.receives and receiver.takes_in(target)):
                    continue
                if place != other or sender.among:
                    return True
        return False

    def standing(self, on: date) -> Verdict:
        """In force on a day (`COVERED`), or why not."""
        if self.ended_on is not None and on >= self.ended_on:
            return Verdict.ENDED
        if on > self.valid_until:
            return Verdict.EXPIRED
        if on < self.valid_from:
            return Verdict.NOT_YET
        if self.suspended_on is not None and on >= self.suspended_on:
            return Verdict.SUSPENDED
        return Verdict.COVERED

    def scope(self, department: str, diagnosis: str) -> Verdict:
        """Whether it is about these; what is not named yet is not outside."""
        if self.departments and department.strip() and department.strip() not in self.departments:
            return Verdict.DEPARTMENT
        code = diagnosis.strip().upper()
        if self.diagnoses and code and not code.startswith(self.diagnoses):
            return Verdict.DIAGNOSIS
        return Verdict.COVERED

    @property
    def narrowness(self) -> int:
        """How much it narrows itself down: the special goes before the general."""
        return bool(self.departments) + bool(self.diagnoses)


def period(by: str, on: date) -> tuple[date, date]:
    """The month or year of a quota that a day lies in, both ends included."""
    if by == "month":
        first = on.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return date(on.year, 1, 1), date(on.year, 12, 31)


@dataclass(frozen=True)
class Cover:
    """What is said of one act between two houses, and by which agreement.

    `terms` is the agreement that covers it or, where none does, the one that came nearest.
    """

    verdict: Verdict
    terms: Terms | None = None
    department: str = ""
    diagnosis: str = ""

    @property
    def holds(self) -> bool:
        return self.verdict is Verdict.COVERED

    @property
    def sentence(self) -> str:
        """The answer in words."""
        terms = self.terms
        if terms is None:
            return _("两家机构之间没有登记相应的协议。")
        named = {"title": terms.title, "number": terms.number}
        if self.verdict is Verdict.COVERED:
            return _("依据《%(title)s》（%(number)s），有效期至 %(day)s。") % {
                **named,
                "day": terms.valid_until.isoformat(),
            }
        if self.verdict is Verdict.EXPIRED:
            return _("《%(title)s》（%(number)s）已于 %(day)s 到期。") % {
                **named,
                "day": terms.valid_until.isoformat(),
            }
        if self.verdict is Verdict.NOT_YET:
            return _("《%(title)s》（%(number)s）自 %(day)s 起才生效。") % {
                **named,
                "day": terms.valid_from.isoformat(),
            }
        if self.verdict is Verdict.SUSPENDED:
            return _("《%(title)s》（%(number)s）当时暂停执行。") % named
        if self.verdict is Verdict.ENDED:
            return _("《%(title)s》（%(number)s）已终止。") % named
        if self.verdict is Verdict.DEPARTMENT:
            return _("《%(title)s》（%(number)s）的范围不含科室“%(department)s”。") % {
                **named,
                "department": self.department,
            }
        if self.verdict is Verdict.DIAGNOSIS:
            return _("《%(title)s》（%(number)s）的范围不含诊断 %(code)s。") % {
                **named,
                "code": self.diagnosis,
            }
        if terms.quota_by == "month":
            told = _("《%(title)s》（%(number)s）本月额度 %(quota)d 例已用完。")
        else:
            told = _("《%(title)s》（%(number)s）本年额度 %(quota)d 例已用完。")
        return told % {**named, "quota": terms.quota or 0}


def judge(
    standing: Iterable[Terms],
    source: str,
    target: str,
    *,
    on: date,
    department: str = "",
    diagnosis: str = "",
    used: Callable[[Terms], int] = lambda terms: 0,
) -> Cover:
    """The agreement that covers an act between two houses (by their paths), or why none does.

    Of several the special goes before the general, then the one that lasts longest. `used` is
    asked only about an agreement with a quota that would cover otherwise.
    """
    found = [terms for terms in standing if terms.joins(source, target)]
    found.sort(key=lambda terms: (-terms.narrowness, -terms.valid_until.toordinal(), terms.id))
    best = Cover(Verdict.NONE)
    for terms in found:
        verdict = terms.standing(on)
        if verdict is Verdict.COVERED:
            verdict = terms.scope(department, diagnosis)
        if verdict is Verdict.COVERED and terms.quota is not None and used(terms) >= terms.quota:
            verdict = Verdict.QUOTA
        if RANK[verdict] < RANK[best.verdict]:
            best = Cover(verdict, terms, department.strip(), diagnosis.strip().upper())
        if best.holds:
            break
    return best
