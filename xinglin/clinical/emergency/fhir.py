"""A case of the green channel as FHIR R4: a Task with its clock in `output`. Pure mapping.

Decision 0017 says why a Task: nobody need have registered a visit, the owner and the deadline
are the Task's own, and vital signs, papers and the visit are the resources they are anyhow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q

from xinglin.clinical.emergency import catalogue, permissions
from xinglin.clinical.emergency.models import GreenCase, GreenStep, State, standing_steps
from xinglin.clinical.record.models import Document, Observation
from xinglin.kernel.access import Actor
from xinglin.kernel.resources import concept, instant, reference, slim
from xinglin.kernel.searching import Offer, Pointer, codes, moment, numbers
from xinglin.registry.organisations.models import tree

NUMBER = "urn:xinglin:green-case-number"
STATE = "urn:xinglin:green-case-state"
KIND = "urn:xinglin:green-case-kind"
STEP = "urn:xinglin:green-case-step"
READY = "urn:xinglin:green-case-ready"
ENDING = "urn:xinglin:green-case-end"

STATUS = {
    State.OPEN: "requested",
    State.ON_THE_WAY: "accepted",
    State.ARRIVED: "in-progress",
    State.TREATED: "in-progress",
    State.HANDED_OVER: "completed",
    State.STOOD_DOWN: "cancelled",
    State.DIED: "failed",
}


def to_fhir(
    case: GreenCase,
    steps: Iterable[GreenStep] = (),
    observations: Iterable[Observation] = (),
    documents: Iterable[Document] = (),
) -> dict[str, Any]:
    """The Task: which emergency, whose turn, until when, what was measured, when each step was."""
    state = State(case.state)
    kind = case.of_kind
    labels = {step.code: step.zh for step in kind.steps}
    told: dict[str, Any] = slim(
        {
            "resourceType": "Task",
            "id": str(case.pk),
            "meta": {"lastUpdated": instant(case.updated_at)},
            "identifier": [{"system": NUMBER, "value": case.number}],
            "status": STATUS[state],
            "statusReason": _why(case),
            "businessStatus": concept(STATE, state.value, str(state.label)),
            "intent": "order",
            "priority": "stat",
            "code": concept(KIND, case.kind, kind.zh),
            "description": case.complaint,
            "for": reference("Patient", case.person_id),
            "encounter": reference("Encounter", case.encounter_id),
            "executionPeriod": {
                "start": instant(case.arrived_at),
                "end": instant(case.ended_at) if case.arrived_at else "",
            },
            "authoredOn": instant(case.opened_at),
            "lastModified": instant(case.updated_at),
            "requester": reference("Organization", case.from_org_id, tree.name(case.from_org_id)),
            "owner": reference("Organization", case.owner_id, tree.name(case.owner_id)),
            "restriction": {"period": {"end": instant(case.due_at)}},
            "note": [{"text": case.prepared_note}] if case.prepared_note else [],
            "input": [
                *(_fact("vital-signs", reference("Observation", each.pk)) for each in observations),
                *(_fact("document", reference("DocumentReference", each.pk)) for each in documents),
                _fact("destination", reference("Organization", case.to_org_id)),
            ],
            "output": [
                *(
                    {
                        "type": concept(STEP, step.code, labels.get(step.code, step.code)),
                        "valueDateTime": instant(step.at),
                    }
                    for step in steps
                ),
                *(
                    {
                        "type": {"text": "ready"},
                        "valueCodeableConcept": concept(READY, each.code, each.zh),
                    }
                    for each in kind.ready
                    if each.code in case.prepared
                ),
            ],
        }
    )
    return told


def _fact(what: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": {"text": what}, "valueReference": value}


def _why(case: GreenCase) -> dict[str, Any]:
    if not case.end_code:
        return {}
    label = catalogue.reasons.label("stand-down", case.end_code)
    return {**concept(ENDING, case.end_code, label), "text": case.end_reason or label}


# --------------------------------------------------------------------------- offered and searched

STEPS, SIGNS, PAPERS = "standing", "open_signs", "open_papers"


def _rows(actor: Actor) -> Any:
    return GreenCase.objects.visible_to(actor)


def _parts(actor: Actor) -> Sequence[Any]:
    """The steps, and what of the record the reader may open: every reference leads somewhere."""
    signs = Observation.objects.visible_to(actor).standing().order_by("measured_at", "id")
    papers = Document.objects.visible_to(actor).standing().order_by("filed_at", "id")
    return (
        Prefetch("steps", standing_steps(), to_attr=STEPS),
        Prefetch("observations", signs, to_attr=SIGNS),
        Prefetch("documents", papers, to_attr=PAPERS),
    )


def _grounds(actor: Actor, cases: Sequence[GreenCase]) -> dict[UUID, str]:
    return {each.person_id: permissions.ground(actor, each).kept() for each in cases}


def _write(case: GreenCase) -> dict[str, Any]:
    return to_fhir(case, *(getattr(case, name) for name in (STEPS, SIGNS, PAPERS)))


def _status() -> dict[str, Q]:
    return {
        status: Q(state__in=[state for state in State if STATUS[state] == status])
        for status in set(STATUS.values())
    }


def _kind() -> dict[str, Q]:
    return {code: Q(kind=code) for code in catalogue.kinds()}


OFFERS = (
    Offer(
        kind="Task",
        model=GreenCase,
        rows=_rows,
        write=_write,
        parameters=(
            moment("authored-on", "opened_at"),
            codes("business-status", {str(each): Q(state=each) for each in State}, STATE),
            codes("code", _kind, KIND),
            Pointer("encounter", "encounter_id", ("Encounter",)),
            numbers("identifier", {NUMBER: "number"}),
            codes("intent", {"order": Q()}, "http://hl7.org/fhir/request-intent"),
            moment("modified", "updated_at"),
            Pointer("owner", "owner_id", ("Organization",)),
            Pointer("patient", "person_id", ("Patient",)),
            moment("period", "arrived_at"),
            codes("priority", {"stat": Q()}),
            Pointer("requester", "from_org_id", ("Organization",)),
            codes("status", _status, "http://hl7.org/fhir/task-status"),
            Pointer("subject", "person_id", ("Patient",)),
        ),
        person="person_id",
        verb=permissions.READ.code,
        grounds=_grounds,
        needed=("status", "intent"),
        parts=_parts,
        lists=(
            ("steps", STEPS, GreenStep),
            ("observations", SIGNS, Observation),
            ("documents", PAPERS, Document),
        ),
    ),
)
