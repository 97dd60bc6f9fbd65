"""A visit with what was measured and diagnosed in it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.cast import Cast, card_of
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Diagnosis, Encounter
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person


def visit(
    cast: Cast,
    *,
    by: Actor | None = None,
    house: Organisation | None = None,
    person: Person | None = None,
    vitals: dict[str, Any] | None = None,
    codes: tuple[str, ...] = (),
    **facts: Any,
) -> Encounter:
    """A visit at the township, of somebody who has shown the card."""
    doctor, place, who = by or cast.wang, house or cast.township, person or cast.patient
    found = record.start_encounter(
        Encounter(
            person=who,
            organisation=place,
            kind=facts.pop("kind", "outpatient"),
            started_at=facts.pop("started_at", timezone.now()),
            **facts,
        ),
        by=doctor,
        presence=card_of(who, doctor),
    )
    if vitals:
        record.measure(found, by=doctor, measured_at=timezone.now(), values=vitals)
    for code in codes:
        record.note(
            Diagnosis(
                person=who,
                organisation=place,
                encounter=found,
                code=code,
                name=code,
                diagnosed_on=timezone.localdate(),
            ),
            by=doctor,
        )
    return found
