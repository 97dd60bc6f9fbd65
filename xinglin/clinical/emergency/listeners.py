"""What the green channel does on hearing of its own start, of a death, and of a bed lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from django.db import transaction

from xinglin.clinical.capacity.events.beds import BedHoldEnded
from xinglin.clinical.capacity.models import HoldState
from xinglin.clinical.emergency import actions
from xinglin.clinical.emergency.actions.bedding import SUBJECT
from xinglin.clinical.emergency.events import CaseOpened
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.triage import hearing as triage
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


def _try(act: Callable[..., object], cases: Iterable[GreenCase]) -> None:
    """Do it to each; where a hand was faster, there is nothing left to do."""
    for case in cases:
        with suppress(Refused), transaction.atomic():
            act(case, by=system(case.county_id))


@on(PersonDied)
def end_after_death(event: PersonDied) -> None:
    _try(actions.hear_of_death, GreenCase.objects.filter(person_id=event.person_id).running())


@on(CaseOpened)
def count_as_agreement(event: CaseOpened) -> None:
    """A doctor who starts the channel that triage would have advised has answered its advice."""
    triage.heed(event.person_id, event.from_org_id, at=event.at)


@on(BedHoldEnded)
def hear_of_bed(event: BedHoldEnded) -> None:
    """A bed that is kept no more and was not lain in does not stand ready."""
    if event.subject_kind != SUBJECT or event.subject_id is None or event.state == HoldState.USED:
        return
    if event.end_code == "green-channel":
        # Given back by the case itself.
        return
    _try(actions.hear_of_bed, GreenCase.objects.filter(pk=event.subject_id).running())
