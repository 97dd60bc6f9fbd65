"""What must be known of a person before anything is done, in one query.

Allergies, problems, what was diagnosed, what is taken, what was measured last, and visits that
are still open at the reader's house.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from xinglin.clinical.record import signs
from xinglin.clinical.record.lines import Line, actor_key, lines, rows, together, written
from xinglin.clinical.record.medicines import Medicine, reconcile
from xinglin.clinical.record.models import Allergy, Diagnosis, Observation
from xinglin.clinical.record.portrait import Sign
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared

# A post's own texts of the queries; whoever the post is, for some seconds.
_prepared: Cabinet[Prepared] = Cabinet()


@dataclass
class Known:
    """The lines that count, sorted as the page shows them."""

    allergies: list[Line] = field(default_factory=list)
    # What stays: the problem list, and diagnoses that stay with a person.
    problems: list[Line] = field(default_factory=list)
    # What came and went, each diagnosis with its latest.
    passed: list[Line] = field(default_factory=list)
    medicines: list[Medicine] = field(default_factory=list)
    # Pairs such as the two blood pressures stand together.
    results: list[list[Line]] = field(default_factory=list)
    open_visits: list[Line] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)

    @property
    def checked(self) -> Line | None:
        """The last time that somebody asked what is taken."""
        said = [m.statement for m in self.medicines if m.statement is not None]
        return max(said, key=lambda line: line.at, default=None)


def known(actor: Actor, person_id: UUID) -> Known:
    """What must be known of a person, as far as the post may read it."""
    today = timezone.localdate()
    key = ("known", *actor_key(actor), today, signs.glance())
    query = _prepared.get(key, lambda: Prepared(_query(actor, SLOT, today)))
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines(query.all(person_id)):
        found[line.kind].append(line)
    for each in found.values():
        each.sort(key=lambda line: (line.at, line.id), reverse=True)
    problems, passed = _problems(found["problem"], found["diagnosis"])
    return Known(
        allergies=sorted(found["allergy"], key=lambda line: not line.mark),
        problems=problems,
        passed=passed,
        medicines=reconcile(found["medication"]),
        results=_results(found["observation"]),
        open_visits=found["encounter"],
        signs=signs.of([*found["problem"], *_unresolved(found)], today),
    )


def _query(actor: Actor, person_id: UUID, today: date) -> models.QuerySet[Any]:
    def of(kind: str) -> Any:
        return rows(kind, actor).standing().filter(person_id=person_id)

    later = Diagnosis.objects.standing().filter(
        person_id=OuterRef("person_id"), system=OuterRef("system"), code=OuterRef("code")
    )
    later = later.filter(
        Q(happened_at__gt=OuterRef("happened_at"))
        | Q(happened_at=OuterRef("happened_at"), id__gt=OuterRef("id"))
    )
    # The latest of each code by the index that ends with the time; nothing else is read.
    measured = Observation.objects.standing().filter(person_id=person_id, system="loinc")
    latest: list[Any] = [
        Subquery(measured.filter(code=code).order_by("-happened_at").values("pk")[:1])
        for codes in signs.glance()
        for code in codes
    ]
    taken = of("medication").filter(Q(ended_on=None) | Q(ended_on__gte=today))
    return together(
        [
            written("allergy", of("allergy").filter(status=Allergy.Status.ACTIVE)),
            written("problem", of("problem")),
            written("diagnosis", of("diagnosis").filter(~Exists(later))),
            written("medication", taken.filter(started_on__lte=today)),
            written("observation", of("observation").filter(pk__in=latest)),
            written(
                "encounter", of("encounter").filter(ended_at=None, organisation_id=actor.org_id)
            ),
        ]
    )


def _problems(listed: list[Line], diagnosed: list[Line]) -> tuple[list[Line], list[Line]]:
    """What stays and what passed; a diagnosis that the problem list names is told there."""
    told = {(line.system, line.code) for line in listed}
    stay = [line for line in listed if line.flag != "resolved"]
    passed = [line for line in listed if line.flag == "resolved"]
    chronic = signs.chronic()
    for line in diagnosed:
        if (line.system, line.code) not in told:
            stays = line.system == "icd10" and signs.within(line.code, chronic)
            (stay if stays else passed).append(line)
    return stay, passed


def _unresolved(found: dict[str, list[Line]]) -> list[Line]:
    over = {(line.system, line.code) for line in found["problem"] if line.flag == "resolved"}
    return [line for line in found["diagnosis"] if (line.system, line.code) not in over]


def _results(measured: list[Line]) -> list[list[Line]]:
    """The latest of each, in the order of the catalogue; a pair only if taken together."""
    by_code = {line.code: line for line in reversed(measured)}
    found = []
    for codes in signs.glance():
        group = [by_code[code] for code in codes if code in by_code]
        if len(group) > 1 and len({line.at for line in group}) > 1:
            group = [max(group, key=lambda line: line.at)]
        if group:
            found.append(group)
    return found
