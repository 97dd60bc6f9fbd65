"""Advice and its answer as a FHIR R4 GuidanceResponse. Pure mapping; see decision 0016."""

from __future__ import annotations

from typing import Any

from xinglin.clinical.privacy.models import grounds_of
from xinglin.clinical.triage import permissions
from xinglin.clinical.triage.models import Assessment, Decision, Outcome
from xinglin.kernel.access import Actor
from xinglin.kernel.resources import concept, instant, reference, slim
from xinglin.kernel.searching import Offer, Pointer, numbers

RULES = "urn:xinglin:triage-rules"
ADVICE = "urn:xinglin:triage-outcome"
DECISION = "urn:xinglin:triage-decision"
REASON = "urn:xinglin:triage-reason"
DIGEST = "urn:xinglin:triage-inputs"


def to_fhir(assessment: Assessment) -> dict[str, Any]:
    """What the rules answered; what is still to be measured makes it `data-required`."""
    waiting = assessment.outcome == Outcome.MEASURE
    notes = [{"text": f"{g['zh']}（{g['code']}，{g['source']}）"} for g in assessment.grounds]
    notes += [{"text": sentence} for sentence in assessment.doubts]
    if assessment.note:
        notes.append({"text": assessment.note})
    found: dict[str, Any] = slim(
        {
            "resourceType": "GuidanceResponse",
            "id": str(assessment.pk),
            "meta": {"lastUpdated": instant(assessment.updated_at)},
            "requestIdentifier": {"system": DIGEST, "value": assessment.digest},
            "moduleUri": f"{RULES}|{assessment.edition}",
            "status": "data-required" if waiting else "success",
            "subject": reference("Patient", assessment.person_id),
            "encounter": reference("Encounter", assessment.encounter_id),
            "occurrenceDateTime": instant(assessment.decided_at),
            "reasonCode": [_outcome(assessment.outcome), *_decided(assessment)],
            "note": notes,
        }
    )
    return found


def _outcome(code: str) -> dict[str, Any]:
    return concept(ADVICE, code, str(Outcome(code).label))


def _decided(assessment: Assessment) -> list[dict[str, Any]]:
    """R4 has no place for what the doctor made of the guidance; it stands among the reasons."""
    decision = Decision(assessment.decision)
    found = [concept(DECISION, assessment.decision, str(decision.label))]
    if assessment.reason_code:
        found.append(concept(REASON, assessment.reason_code, assessment.reason_label))
    return found


def _rows(actor: Actor) -> Any:
    return Assessment.objects.visible_to(actor)


OFFERS = (
    Offer(
        kind="GuidanceResponse",
        model=Assessment,
        rows=_rows,
        write=to_fhir,
        needed=("moduleUri", "status"),
        parameters=(
            numbers("identifier", {DIGEST: "digest"}),
            Pointer("patient", "person_id", ("Patient",)),
            Pointer("subject", "person_id", ("Patient",)),
        ),
        person="person_id",
        verb=permissions.READ.code,
        grounds=grounds_of,
    ),
)
