"""What triage does when a visit ends."""

from __future__ import annotations

from xinglin.clinical.record.events import EncounterEnded
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import hearing
from xinglin.kernel import parameters
from xinglin.kernel.access import system
from xinglin.kernel.outbox import on
from xinglin.registry.organisations.models import CARE_LEVELS, Level


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
    if visit is not None and visit.organisation.level in set(CARE_LEVELS) - {Level.CITY}:
        hearing.ended(visit, by=system(visit.person.county_id))
