"""What beds do when time passes, and when a visit begins or ends or somebody dies."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from xinglin.clinical.capacity.actions import beds as actions
from xinglin.clinical.capacity.actions.steps import attempt
from xinglin.clinical.capacity.models import (
    Bed,
    BedHold,
    BedState,
    BedStay,
    StayEnd,
)
from xinglin.clinical.record.events import EncounterEnded, EncounterStarted
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock, parameters, worker
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@worker.every(15)
def watch_the_beds() -> int:
    """Let holds run out, reopen what was out of use until now, end stays whose visit is no more."""
    now = clock.now()
    done = 0
    for hold in list(BedHold.objects.run_out(now).order_by("until")):
        done += attempt(actions.lapse, hold)
    for bed in list(Bed.objects.filter(state=BedState.BLOCKED, until__lte=now)):
        done += attempt(actions.reopen, bed)
    minutes = parameters.get("beds.cleaning_minutes")
    if minutes:
        cleaning = Bed.objects.filter(state=BedState.CLEANING)
        for bed in list(
            cleaning.filter(since__lte=now - parameters.duration("beds.cleaning_minutes"))
        ):
            done += attempt(actions.cleaned, bed)
    # A visit that was struck out tells nobody; nobody lies in a bed for it.
    struck = BedStay.objects.current().filter(encounter__voided_at__isnull=False)
    for stay in list(struck):
        done += attempt(actions.void, stay, code="not-admitted")
    return done


@on(EncounterStarted)
def tie_to_the_bed(event: EncounterStarted) -> None:
    """Who lay in a bed before the stay was written lies there for it."""
    if event.kind != Encounter.Kind.INPATIENT:
        return
    lies = BedStay.objects.current().filter(
        person_id=event.person_id, organisation_id=event.organisation_id, encounter=None
    )
    visit = Encounter.objects.filter(pk=event.encounter_id, ended_at=None, voided_at=None).first()
    if visit is not None:
        for stay in lies:
            attempt(actions.join, stay, encounter=visit)


@on(EncounterEnded)
def free_the_bed(event: EncounterEnded) -> None:
    """Discharge frees the bed, wherever it was written."""
    mine = Q(encounter_id=event.encounter_id)
    if event.kind == Encounter.Kind.INPATIENT:
        mine |= Q(encounter=None, person_id=event.person_id, organisation_id=event.organisation_id)
    died = event.discharge_way == "5"
    _leave(mine, event.ended_at, StayEnd.DIED if died else StayEnd.DISCHARGED)


@on(PersonDied)
def free_after_death(event: PersonDied) -> None:
    """Nobody who died lies in a bed or is expected in one."""
    _leave(Q(person_id=event.person_id), clock.now(), StayEnd.DIED)
    for hold in BedHold.objects.standing().filter(person_id=event.person_id):
        attempt(actions.release, hold, code="not-needed")


def _leave(which: Q, at: datetime, end: StayEnd) -> None:
    for stay in BedStay.objects.current().filter(which):
        attempt(actions.leave, stay, at=max(at, stay.since), end=end)
