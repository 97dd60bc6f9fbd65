"""Answers to advice that were given by deed: a visit that ended, a patient who was referred."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import actions
from xinglin.clinical.triage.intake import assess, case_of
from xinglin.clinical.triage.models import Assessment, Decision, Outcome
from xinglin.kernel.access import Actor, Reach, system

ASKS_FOR_AN_ANSWER = (Outcome.EMERGENCY, Outcome.REFER)
# A letter belongs to the visit of the same day.
LATELY = timedelta(hours=24)


def undecided(visit: Encounter) -> Assessment | None:
    """The advice for a visit as its house could read it; None where it asks for no answer."""
    house = visit.organisation_id
    reader = replace(
        system(visit.person.county_id), org_id=house, scope=frozenset({house}), reach=Reach.HOUSE
    )
    found = assess(visit, case_of(reader, visit))
    return found if found.outcome in ASKS_FOR_AN_ANSWER else None


def ended(visit: Encounter, *, by: Actor) -> None:
    """Note advice that a visit left unanswered; said once, and never over a decision."""
    if Assessment.objects.filter(encounter=visit).exists():
        return
    found = undecided(visit)
    if found is not None:
        actions.lapse(found, by=by, doctor=visit.author)


def heed(person_id: UUID, house_id: UUID, *, at: datetime) -> None:
    """A patient was sent on: advice to do so was followed, if nobody had said otherwise."""
    visit = (
        Encounter.objects.standing()
        .select_related("person", "organisation")
        .filter(
            person_id=person_id,
            organisation_id=house_id,
            started_at__gte=at - LATELY,
            started_at__lte=at,
        )
        .exclude(kind=Encounter.Kind.INPATIENT)
        .newest_first()
        .first()
    )
    if visit is None:
        return
    decided = Assessment.objects.filter(encounter=visit).current().first()
    if decided is not None and decided.decision != Decision.UNANSWERED:
        return
    found = undecided(visit)
    if found is not None:
        actions.heed(found, by=system(visit.person.county_id), doctor=visit.author)
