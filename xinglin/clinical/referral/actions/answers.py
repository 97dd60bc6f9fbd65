"""How houses answer: noted with each answer, summed up by the clock."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from statistics import median
from uuid import UUID

from django.db import transaction

from xinglin.clinical.referral.destinations.models import Acceptance, Answer, Verdict, memory
from xinglin.clinical.referral.models import Referral
from xinglin.kernel import clock, parameters


def note_answer(referral: Referral, verdict: Verdict, now: datetime) -> None:
    """Remember what the house that was asked has said, or that it said nothing in time."""
    asked = referral.submitted_at or now
    Answer(
        county_id=referral.county_id,
        organisation_id=referral.to_org_id,
        referral=referral,
        department=referral.to_department,
        verdict=verdict,
        minutes=max(0, int((now - asked).total_seconds() // 60)),
        at=now,
    ).save(force_insert=True)


def sum_up_answers() -> int:
    """Count the answers of the last `referral.destination.days`, by house and department.

    One pass over some weeks, done by the clock; how many rows were written.
    """
    since = clock.now() - parameters.duration("referral.destination.days")
    told: dict[tuple[UUID, str], list[tuple[str, int]]] = defaultdict(list)
    rows = Answer.objects.filter(at__gte=since)
    for house, part, verdict, minutes in rows.values_list(
        "organisation_id", "department", "verdict", "minutes"
    ):
        for key in {(house, part), (house, "")}:
            told[key].append((verdict, minutes))
    with transaction.atomic():
        Acceptance.objects.all().delete()
        Acceptance.objects.bulk_create(
            _summed(house, part, given) for (house, part), given in told.items()
        )
    memory.forget()
    return len(told)


def _summed(house: UUID, part: str, given: list[tuple[str, int]]) -> Acceptance:
    spoken = [minutes for verdict, minutes in given if verdict != Verdict.SILENT]
    return Acceptance(
        organisation_id=house,
        department=part,
        asked=len(given),
        accepted=sum(verdict == Verdict.ACCEPTED for verdict, _minutes in given),
        median=round(median(spoken)) if spoken else None,
    )
