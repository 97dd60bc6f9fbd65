"""What the green channel does on hearing of its own start and of a death."""

from __future__ import annotations

from django.db import transaction

from xinglin.clinical.emergency import actions
from xinglin.clinical.emergency.events import CaseOpened
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.triage import hearing as triage
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@on(PersonDied)
def end_after_death(event: PersonDied) -> None:
    for case in GreenCase.objects.filter(person_id=event.person_id).running():
        try:
            with transaction.atomic():
                actions.hear_of_death(case, by=system(case.county_id))
        except Refused:
            # A hand was faster.
            continue


@on(CaseOpened)
def count_as_agreement(event: CaseOpened) -> None:
    """A doctor who starts the channel that triage would have advised has answered its advice."""
    triage.heed(event.person_id, event.from_org_id, at=event.at)
