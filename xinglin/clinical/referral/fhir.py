"""A referral as FHIR R4: ServiceRequest (what is asked) and Task (how far it is). Pure mapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q

from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import catalogue, permissions
from xinglin.clinical.referral.models import FOLLOWED, Direction, Referral, State, Urgency
from xinglin.kernel.access import Actor
from xinglin.kernel.resources import coding, concept, instant, reference, slim
from xinglin.kernel.searching import Offer, Parameter, Pointer, codes, moment, numbers
from xinglin.registry.organisations.models import tree

NUMBER = "urn:xinglin:referral-number"
STATE = "urn:xinglin:referral-state"
DIRECTION = "urn:xinglin:referral-direction"
REASON = "urn:xinglin:referral-reason"
ENDING = "urn:xinglin:referral-end"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
SNOMED = "http://snomed.info/sct"

PRIORITY = {Urgency.EMERGENCY: "stat", Urgency.URGENT: "urgent", Urgency.ROUTINE: "routine"}
REQUEST_STATUS = {
    State.DRAFT: "draft",
    State.CLOSED: "completed",
    State.FOLLOWED_UP: "completed",
    State.CANCELLED: "revoked",
    State.ENDED: "revoked",
}
TASK_STATUS = {
    State.DRAFT: "draft",
    State.SUBMITTED: "requested",
    State.APPROVED: "requested",
    State.UNANSWERED: "requested",
    State.WAITLISTED: "on-hold",
    State.ACCEPTED: "accepted",
    State.DECLINED: "rejected",
    State.EXPIRED: "on-hold",
    State.IN_TRANSIT: "ready",
    State.ARRIVED: "ready",
    State.IN_TREATMENT: "in-progress",
    State.DOWN_PROPOSED: "in-progress",
    State.CLOSED: "completed",
    State.FOLLOWED_UP: "completed",
    State.CANCELLED: "cancelled",
    State.ENDED: "failed",
}
# A closed referral down is not done until the patient was followed up.
AWAITS_FOLLOW_UP = "in-progress"
# What the form says in words, in the order of the paper.
NOTES = (
    "symptoms",
    "past_history",
    "allergies",
    "treatment",
    "results",
    "medicines",
    "procedures",
    "narrative",
    "assessment",
    "disposal_plan",
    "treatment_plan",
    "rehabilitation",
)
RECEIPT = ("receipt_results", "receipt_treatment", "receipt_plan", "follow_up_note")


def to_fhir(referral: Referral, documents: Iterable[Document] = ()) -> dict[str, Any]:
    """The ServiceRequest: who asks whom to take which patient over, and why."""
    state = State(referral.state)
    found: dict[str, Any] = slim(
        {
            "resourceType": "ServiceRequest",
            "id": str(referral.pk),
            "meta": {"lastUpdated": instant(referral.updated_at)},
            "identifier": [{"system": NUMBER, "value": referral.number}],
            "basedOn": [reference("ServiceRequest", referral.parent_id)],
            "status": REQUEST_STATUS.get(state, "active"),
            "intent": "order",
            "category": [concept(SNOMED, "3457005", "Patient referral")],
            "priority": PRIORITY[Urgency(referral.urgency)],
            "code": concept(
                DIRECTION, referral.direction, str(Direction(referral.direction).label)
            ),
            "subject": reference("Patient", referral.person_id),
            "occurrenceDateTime": instant(referral.expected_at),
            "authoredOn": instant(referral.submitted_at or referral.created_at),
            "requester": reference(
                "Organization", referral.from_org_id, tree.name(referral.from_org_id)
            ),
            "performer": [
                reference("Organization", referral.to_org_id, tree.name(referral.to_org_id))
            ],
            "reasonCode": [_diagnosis(referral), _reason(referral)],
            "supportingInfo": [reference("DocumentReference", each.pk) for each in documents],
            "note": _notes(referral, NOTES),
        }
    )
    return found


def task_to_fhir(referral: Referral) -> dict[str, Any]:
    """The Task: how far the referral is, whose turn it is, until when, and how it ended."""
    state = State(referral.state)
    status = TASK_STATUS[state]
    if state is State.CLOSED and referral.direction in FOLLOWED:
        status = AWAITS_FOLLOW_UP
    found: dict[str, Any] = slim(
        {
            "resourceType": "Task",
            "id": str(referral.pk),
            "meta": {"lastUpdated": instant(referral.updated_at)},
            "identifier": [{"system": NUMBER, "value": referral.number}],
            "status": status,
            "statusReason": _why(referral),
            "businessStatus": concept(STATE, state.value, str(state.label)),
            "intent": "order",
            "priority": PRIORITY[Urgency(referral.urgency)],
            "focus": reference("ServiceRequest", referral.pk),
            "for": reference("Patient", referral.person_id),
            "encounter": reference("Encounter", referral.encounter_id),
            "executionPeriod": {
                "start": instant(referral.arrived_at),
                "end": instant(referral.closed_at or referral.discharged_at)
                if referral.arrived_at
                else "",
            },
            "authoredOn": instant(referral.submitted_at or referral.created_at),
            "lastModified": instant(referral.updated_at),
            "requester": reference("Organization", referral.from_org_id),
            "owner": reference("Organization", referral.owner_id, tree.name(referral.owner_id)),
            "restriction": {"period": {"end": instant(referral.due_at)}},
            "note": _notes(referral, RECEIPT),
            "output": _outputs(referral),
        }
    )
    return found


def _diagnosis(referral: Referral) -> dict[str, Any]:
    if not referral.diagnosis_code:
        return {"text": referral.diagnosis_name}
    return concept(ICD10, referral.diagnosis_code, referral.diagnosis_name)


def _reason(referral: Referral) -> dict[str, Any]:
    if not referral.reason_code:
        return {}
    label = catalogue.reasons.label(referral.direction, referral.reason_code)
    return {
        "coding": [coding(REASON, referral.reason_code, label)],
        "text": referral.reason or label,
    }


def _why(referral: Referral) -> dict[str, Any]:
    """Why it was declined, or ended before its end."""
    if referral.end_code:
        group = "cancel" if referral.state == State.CANCELLED else "end"
        label = catalogue.reasons.label(group, referral.end_code)
        return {
            "coding": [coding(ENDING, referral.end_code, label)],
            "text": referral.end_reason or label,
        }
    if referral.refusal_code:
        label = catalogue.reasons.label("refusal", referral.refusal_code)
        return {
            "coding": [coding(REASON, referral.refusal_code, label)],
            "text": referral.refusal or label,
        }
    return {}


def _notes(referral: Referral, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"text": f"{_label(name)}：{getattr(referral, name)}"}
        for name in names
        if getattr(referral, name)
    ]


def _label(name: str) -> str:
    field: Any = Referral._meta.get_field(name)
    return str(field.verbose_name)


def _outputs(referral: Referral) -> list[dict[str, Any]]:
    """The receipt's coded facts: final diagnosis and outcome."""
    outputs: list[dict[str, Any]] = []
    for name, code, display, system in (
        ("final_code", referral.final_code, referral.final_name, ICD10),
        ("outcome", referral.outcome, "", "urn:xinglin:outcome"),
    ):
        if code:
            outputs.append(
                {
                    "type": {"text": _label(name)},
                    "valueCodeableConcept": concept(system, code, display),
                }
            )
    return outputs


# --------------------------------------------------------------------------- offered and searched


def _rows(actor: Actor) -> Any:
    return Referral.objects.visible_to(actor)


# The attribute that holds the documents of a referral that was read to be written.
PAPERS = "open_papers"


def _papers(actor: Actor) -> Sequence[Any]:
    """The documents that the reader may open, so that every reference leads somewhere."""
    papers = Document.objects.visible_to(actor).standing().order_by("filed_at", "id")
    return (Prefetch("documents", papers, to_attr=PAPERS),)


def _grounds(actor: Actor, referrals: Sequence[Referral]) -> dict[UUID, str]:
    return {each.person_id: permissions.ground(actor, each).kept() for each in referrals}


def _request_status() -> dict[str, Q]:
    told = {
        status: Q(state__in=[state for state in State if REQUEST_STATUS.get(state) == status])
        for status in set(REQUEST_STATUS.values())
    }
    return told | {"active": ~Q(state__in=list(REQUEST_STATUS))}


def _task_status() -> dict[str, Q]:
    told = {
        status: Q(state__in=[state for state in State if TASK_STATUS[state] == status])
        for status in set(TASK_STATUS.values())
    }
    waiting = Q(state=State.CLOSED, direction__in=FOLLOWED)
    told["completed"] &= ~waiting
    told[AWAITS_FOLLOW_UP] |= waiting
    return told


_PRIORITY = codes("priority", {said: Q(urgency=kind) for kind, said in PRIORITY.items()})
_NUMBER = numbers("identifier", {NUMBER: "number"})
_PATIENT: tuple[Parameter, ...] = (Pointer("patient", "person_id", ("Patient",)),)


def _offer(kind: str, write: Any, *parameters: Parameter, **more: Any) -> Offer:
    return Offer(
        kind=kind,
        model=Referral,
        rows=_rows,
        write=write,
        parameters=tuple(
            sorted((*_PATIENT, _NUMBER, _PRIORITY, *parameters), key=lambda each: each.name)
        ),
        person="person_id",
        verb=permissions.READ.code,
        grounds=_grounds,
        **more,
    )


OFFERS = (
    _offer(
        "ServiceRequest",
        lambda referral: to_fhir(referral, getattr(referral, PAPERS)),
        moment("authored", "submitted_at"),
        Pointer("based-on", "parent_id", ("ServiceRequest",)),
        codes("code", {str(each): Q(direction=each) for each in Direction}, DIRECTION),
        codes("intent", {"order": Q()}, "http://hl7.org/fhir/request-intent"),
        moment("occurrence", "expected_at"),
        Pointer("performer", "to_org_id", ("Organization",)),
        Pointer("requester", "from_org_id", ("Organization",)),
        codes("status", _request_status, "http://hl7.org/fhir/request-status"),
        Pointer("subject", "person_id", ("Patient",)),
        needed=("status", "intent", "subject"),
        parts=_papers,
        lists=(("documents", PAPERS, Document),),
    ),
    _offer(
        "Task",
        task_to_fhir,
        moment("authored-on", "submitted_at"),
        codes("business-status", {str(each): Q(state=each) for each in State}, STATE),
        Pointer("encounter", "encounter_id", ("Encounter",)),
        Pointer("focus", "id", ("ServiceRequest",)),
        codes("intent", {"order": Q()}, "http://hl7.org/fhir/request-intent"),
        moment("modified", "updated_at"),
        Pointer("owner", "owner_id", ("Organization",)),
        moment("period", "arrived_at"),
        Pointer("requester", "from_org_id", ("Organization",)),
        codes("status", _task_status, "http://hl7.org/fhir/task-status"),
        Pointer("subject", "person_id", ("Patient",)),
        needed=("status", "intent"),
    ),
)
