"""What triage shows beside a visit that is being written."""

from __future__ import annotations

from django.urls import reverse

from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import permissions
from xinglin.clinical.triage.models import Assessment
from xinglin.kernel.access import Actor

# In a ward the question where to treat is answered; it comes back when the patient goes home.
KINDS = frozenset({Encounter.Kind.OUTPATIENT, Encounter.Kind.EMERGENCY, Encounter.Kind.HOME})


def panel_of(actor: Actor, visit: Encounter) -> str:
    """The address of the panel; "" where the post does not treat the patient of the visit."""
    if visit.voided_at is not None or visit.ended_at is not None or visit.kind not in KINDS:
        return ""
    asked = Assessment(
        county_id=visit.person.county_id, organisation_id=visit.organisation_id, encounter=visit
    )
    if not permissions.FOLLOW.allows(actor, asked):
        return ""
    return reverse("triage:panel", args=[visit.pk])


def then(visit: Encounter) -> str:
    """The page on which the doctor answers the advice."""
    return reverse("triage:visit", args=[visit.pk])
