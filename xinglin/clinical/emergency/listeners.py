"""What the green channel does when the registry has news."""

from __future__ import annotations

from django.db import transaction

from xinglin.clinical.emergency import actions
from xinglin.clinical.emergency.models import GreenCase
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
