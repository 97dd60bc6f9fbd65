"""A care plan as FHIR R4: CarePlan, its items as activities. Pure mapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q

from xinglin.clinical.careplans import catalogue, permissions
from xinglin.clinical.careplans.models import (
    CarePlan,
    CareTask,
    Kind,
    PlanItem,
    Progress,
    Standing,
    State,
)
from xinglin.clinical.careplans.rules import limits_of
from xinglin.clinical.record import catalogue as measured
from xinglin.kernel.access import Actor
from xinglin.kernel.resources import coding, concept, instant, reference, slim
from xinglin.kernel.searching import Offer, Pointer, codes, moment
from xinglin.registry.organisations.models import tree

ICD10 = "http://hl7.org/fhir/sid/icd-10"
LOINC = "http://loinc.org"
KIND = "urn:xinglin:care-plan-item-kind"
TEMPLATE = "urn:xinglin:care-plan-template"
SYMPTOM = "urn:xinglin:care-plan-symptom"
STATE = "urn:xinglin:care-plan-state"

STATUS = {
    State.PROPOSED: "draft",
    State.OFFERED: "draft",
    State.OBJECTED: "on-hold",
    State.ACCEPTED: "on-hold",
    State.ACTIVE: "active",
    State.EVALUATING: "active",
    State.COMPLETED: "completed",
    State.ENDED: "revoked",
}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The attributes that hold items and tasks of a plan that was read to be written.
ITEMS, DONE = "told_items", "told_tasks"


def to_fhir(plan: CarePlan, items: Iterable[PlanItem], done: Iterable[Any] = ()) -> dict[str, Any]:
    """The plan with the items of its present version, each with what was done of it."""
    noted: dict[Any, list[Any]] = {}
    for task in done:
        noted.setdefault(task.item_id, []).append(task)
    state = State(plan.state)
    found: dict[str, Any] = slim(
        {
            "resourceType": "CarePlan",
            "id": str(plan.pk),
            "meta": {"lastUpdated": instant(plan.updated_at), "versionId": str(plan.version)},
            "extension": [{"url": STATE, "valueCode": state.value}],
            "status": STATUS[state],
            "intent": "plan",
            "category": [concept(TEMPLATE, plan.template, plan.template_label)]
            if plan.template
            else [],
            "title": plan.template_label,
            "description": plan.goal,
            "subject": reference("Patient", plan.person_id),
            "period": {
                "start": instant(plan.started_at or plan.created_at),
                "end": instant(plan.ended_at),
            },
            "created": instant(plan.created_at),
            "author": reference("Organization", plan.author_org_id, tree.name(plan.author_org_id)),
            "contributor": [
                reference("Organization", plan.organisation_id, tree.name(plan.organisation_id))
            ],
            "activity": [_activity(plan, item, noted.get(item.pk, [])) for item in items],
            "note": [{"text": plan.end_label}] if plan.end_code else [],
        }
    )
    return found


def _activity(plan: CarePlan, item: PlanItem, done: Sequence[Any]) -> dict[str, Any]:
    house = plan.clinic_id if item.performer == "village" else plan.organisation_id
    return {
        "outcomeReference": [reference("Encounter", task.encounter_id) for task in done],
        "progress": [
            {"time": instant(task.done_at), "text": task.note or task.title} for task in done
        ],
        "detail": {
            "code": {
                "coding": [
                    coding(KIND, item.kind, str(Kind(item.kind).label)),
                    *(_measured(code) for code in item.codes),
                ],
                "text": item.title,
            },
            "reasonCode": [
                concept(SYMPTOM, code, catalogue.reasons.label("symptom", code))
                for code in item.symptoms
            ],
            "status": _status(plan, item),
            "scheduledTiming": _timing(item),
            "performer": [reference("Organization", house, tree.name(house))]
            if item.performer != "resident"
            else [reference("Patient", plan.person_id)],
            "description": "；".join(
                filter(None, (item.dose, item.frequency, item.instruction, *_limits(item)))
            ),
        },
    }


def _measured(code: str) -> dict[str, Any]:
    found = measured.find(code)
    return coding(LOINC, code, found.label if found else "")


def _status(plan: CarePlan, item: PlanItem) -> str:
    if item.standing == Standing.DROPPED:
        return "cancelled"
    if plan.state == State.COMPLETED:
        return "completed"
    if plan.state == State.ENDED:
        return "stopped"
    return "in-progress" if plan.state == State.ACTIVE else "not-started"


def _limits(item: PlanItem) -> list[str]:
    told = []
    for limit in limits_of(item.limits):
        found = measured.find(limit.code)
        name = found.label if found else limit.code
        if limit.high is not None:
            told.append(f"{name} ≥ {limit.high.normalize():f}")
        if limit.low is not None:
            told.append(f"{name} ≤ {limit.low.normalize():f}")
    return told


def _timing(item: PlanItem) -> dict[str, Any]:
    """From when to when, and how often in between."""
    if item.timing == "dates":
        return {"event": [str(day) for day in item.dates]}
    bounds = {
        "start": item.starts_on.isoformat(),
        "end": item.ends_on.isoformat() if item.ends_on else "",
    }
    repeat: dict[str, Any] = {"boundsPeriod": bounds}
    if item.timing == "every":
        repeat |= {"frequency": 1, "period": item.every_days, "periodUnit": "d"}
    elif item.timing == "weekly":
        repeat |= {"dayOfWeek": [DAYS[day - 1] for day in item.weekdays]}
    elif item.timing == "once":
        repeat |= {"count": 1}
    return {"repeat": repeat}


# --------------------------------------------------------------------------- offered and searched


def _rows(actor: Actor) -> Any:
    return CarePlan.objects.visible_to(actor)


def _parts(actor: Actor) -> Sequence[Any]:
    items = PlanItem.objects.filter(until_version=None).order_by("place", "id")
    tasks = CareTask.objects.visible_to(actor).filter(state=Progress.DONE)
    return (
        Prefetch("items", items, to_attr=ITEMS),
        Prefetch("tasks", tasks.order_by("done_at", "id"), to_attr=DONE),
    )


def _grounds(actor: Actor, plans: Sequence[CarePlan]) -> dict[UUID, str]:
    return {each.person_id: permissions.ground(actor, each).kept() for each in plans}


def _status_is() -> dict[str, Q]:
    return {
        status: Q(state__in=[state for state in State if STATUS[state] == status])
        for status in set(STATUS.values())
    }


OFFERS = (
    Offer(
        kind="CarePlan",
        model=CarePlan,
        rows=_rows,
        write=lambda plan: to_fhir(plan, getattr(plan, ITEMS), getattr(plan, DONE)),
        parameters=(
            codes("category", lambda: {c: Q(template=c) for c in catalogue.templates()}, TEMPLATE),
            moment("date", "started_at"),
            codes("intent", {"plan": Q()}, "http://hl7.org/fhir/care-plan-intent"),
            Pointer("patient", "person_id", ("Patient",)),
            codes("status", _status_is, "http://hl7.org/fhir/request-status"),
            Pointer("subject", "person_id", ("Patient",)),
        ),
        needed=("status", "intent", "subject"),
        person="person_id",
        verb=permissions.READ.code,
        grounds=_grounds,
        parts=_parts,
        lists=(("items", ITEMS, PlanItem), ("tasks", DONE, CareTask)),
    ),
)
