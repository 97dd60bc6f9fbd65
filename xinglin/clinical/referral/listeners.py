"""What referral does when time passes or when the record or the registry has news."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from xinglin.clinical.record.events import EncounterEnded, EncounterStarted
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral import actions, rules
from xinglin.clinical.referral.actions.answers import sum_up_answers as sum_up
from xinglin.clinical.referral.events import ReferralSubmitted
from xinglin.clinical.referral.models import (
    BEFORE_ANSWER,
    ON_THE_WAY,
    Direction,
    Referral,
    State,
)
from xinglin.clinical.triage import hearing as triage
from xinglin.kernel import worker
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@worker.every(15)
def watch_the_clock() -> int:
    """Expire what was accepted and not used; hand on what nobody answered."""
    now = timezone.now()
    overdue = Referral.objects.filter(due_at__lte=now).order_by("due_at")
    done = 0
    for referral in list(overdue.filter(state=State.ACCEPTED)):
        done += _try(actions.expire, referral)
    asked = overdue.filter(state__in=[State.SUBMITTED, State.APPROVED])
    for referral in list(asked.exclude(needs_approval=True, approved_at=None)):
        if referral.clock_from is None or referral.due_at is None:
            continue
        if rules.unanswered_at(referral.clock_from, referral.due_at) <= now:
            done += _try(actions.leave_unanswered, referral)
    return done


@worker.every(600)
def sum_up_answers() -> int:
    """Keep how often and how fast each house says yes, for the ranking of destinations."""
    return sum_up()


def _try(act: object, referral: Referral, **more: Any) -> int:
    """The clock may lose a race against a hand; then there is nothing left to do."""
    assert callable(act)
    try:
        with transaction.atomic():
            act(referral, by=system(referral.county_id), **more)
    except Refused:
        return 0
    return 1


@on(PersonDied)
def end_after_death(event: PersonDied) -> None:
    for referral in Referral.objects.filter(person_id=event.person_id).open():
        _try(actions.end, referral, code="died")


@on(EncounterStarted)
def end_when_admitted_elsewhere(event: EncounterStarted) -> None:
    """A stay in a third house answers the request that still waits."""
    if event.kind != Encounter.Kind.INPATIENT:
        return
    waiting = (*BEFORE_ANSWER, *ON_THE_WAY, State.DECLINED, State.EXPIRED)
    for referral in Referral.objects.filter(person_id=event.person_id, state__in=waiting):
        if event.organisation_id not in referral.parties:
            _try(actions.end, referral, code="admitted-elsewhere")


@on(ReferralSubmitted)
def count_as_agreement(event: ReferralSubmitted) -> None:
    """A doctor who refers a patient whom triage would have referred has answered its advice."""
    if event.direction in (Direction.UP, Direction.OUT):
        triage.heed(event.person_id, event.from_org_id, at=event.at)


@on(EncounterEnded)
def start_the_receipts_clock(event: EncounterEnded) -> None:
    for referral in Referral.objects.filter(encounter_id=event.encounter_id, discharged_at=None):
        _try(actions.hear_of_discharge, referral, discharged_at=event.ended_at)
