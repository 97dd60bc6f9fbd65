"""What triage does when a visit ends."""

from __future__ import annotations

from dataclasses import replace

from xinglin.clinical.record.events import EncounterEnded
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import actions
from xinglin.clinical.triage.intake import assess, case_of
from xinglin.clinical.triage.models import Assessment, Outcome
from xinglin.kernel import parameters
from xinglin.kernel.access import Reach, system
from xinglin.kernel.outbox import on
from xinglin.registry.organisations.models import CARE_LEVELS, Level

ASKS_FOR_AN_ANSWER = (Outcome.EMERGENCY, Outcome.REFER)


@on(EncounterEnded)
def note_what_was_not_answered(event: EncounterEnded) -> None:
    """Advice to send on that nobody answered counts, too: else agreement looks better than it is.

    Visits of other systems are left out: their doctors never saw the advice.
    """
    if event.kind == Encounter.Kind.INPATIENT or not parameters.get("triage.count_unanswered"):
        return
    visit = (
        Encounter.objects.standing()
        .select_related("person", "organisation")
        .filter(pk=event.encounter_id, source="")
        .first()
    )
    if visit is None or visit.organisation.level not in set(CARE_LEVELS) - {Level.CITY}:
        return
    if Assessment.objects.filter(encounter=visit).exists():
        return
    by = system(visit.person.county_id)
    # It reads what the house of the visit reads, no more.
    house = visit.organisation_id
    reader = replace(by, org_id=house, scope=frozenset({house}), reach=Reach.HOUSE)
    assessment = assess(visit, case_of(reader, visit))
    if assessment.outcome in ASKS_FOR_AN_ANSWER:
        actions.lapse(assessment, by=by, doctor=visit.author)
