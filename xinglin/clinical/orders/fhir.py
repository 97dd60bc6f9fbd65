"""FHIR R4 of orders: MedicationRequest, ServiceRequest; what was given, MedicationAdministration.

Pure functions. A drug order and the medicine it wrote into the record are two resources: the
record's is what is taken, this one is the order with its state; `identifier` joins them.
"""

from __future__ import annotations

from typing import Any

from xinglin.clinical.orders import catalogue
from xinglin.clinical.orders.models import Done, Execution, Kind, Order, State, Term, said_unit
from xinglin.clinical.record.models import Encounter
from xinglin.kernel.resources import coding, instant, reference, slim

UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
TIMING = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
COURSE = "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy"
SETTING = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
DRUGS = "urn:xinglin:drugs"
ITEMS = "urn:xinglin:order-items"
REASONS = "urn:xinglin:order-reasons"
GROUPS = "urn:xinglin:order-group"
ORDERS = "urn:xinglin:orders"

STATUS = {
    State.DRAFT: "draft",
    State.REVIEW: "on-hold",
    State.SENT_BACK: "on-hold",
    State.TO_CHECK: "active",
    State.ACTIVE: "active",
    State.UNSIGNED: "active",
    State.STOPPED: "stopped",
    State.ENDED: "stopped",
    State.COMPLETED: "completed",
    State.NOT_DONE: "cancelled",
    State.CANCELLED: "cancelled",
    State.VOIDED: "entered-in-error",
}
# A service that is ordered knows neither “stopped” nor “cancelled”.
SERVICE = {**STATUS} | dict.fromkeys(
    (State.STOPPED, State.ENDED, State.NOT_DONE, State.CANCELLED), "revoked"
)
# SNOMED CT heads of the kinds that are no drugs.
CATEGORY = {
    Kind.LABORATORY: ("108252007", "Laboratory procedure"),
    Kind.EXAMINATION: ("363679005", "Imaging"),
    Kind.PROCEDURE: ("387713003", "Surgical procedure"),
    Kind.NURSING: ("9632001", "Nursing procedure"),
    Kind.TREATMENT: ("277132007", "Therapeutic procedure"),
}


def to_fhir(order: Order) -> dict[str, Any]:
    """The order as the resource that fits its kind."""
    return medication_request(order) if order.kind == Kind.DRUG else service_request(order)


def _head(kind: str, order: Order, status: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": str(order.pk),
        "meta": {"lastUpdated": instant(order.updated_at)},
        "identifier": [{"system": ORDERS, "value": str(order.pk)}],
        "status": status,
        "intent": "order",
        "priority": "stat" if order.emergency else "routine",
        "subject": reference("Patient", order.person_id),
        "encounter": reference("Encounter", order.encounter_id),
        "authoredOn": instant(order.signed_at or order.created_at),
        "requester": {"display": order.doctor} if order.doctor else {},
    }


def _why(order: Order) -> dict[str, Any]:
    """Why it ended, in code and words."""
    if not order.end_code:
        return {}
    return {"coding": [coding(REASONS, order.end_code)], "text": order.end_label}


def medication_request(order: Order) -> dict[str, Any]:
    """A drug order; drugs of one drip share `groupIdentifier`."""
    inpatient = order.encounter.kind == Encounter.Kind.INPATIENT
    category = (
        "discharge"
        if order.term == Term.TAKE_HOME and inpatient
        else "inpatient"
        if inpatient
        else "outpatient"
    )
    found: dict[str, Any] = slim(
        {
            **_head("MedicationRequest", order, STATUS[State(order.state)]),
            "statusReason": _why(order),
            "category": [{"coding": [coding(SETTING, category)]}],
            "medicationCodeableConcept": {
                "coding": [coding(DRUGS, order.code, order.name)] if order.code else [],
                "text": " ".join(filter(None, (order.name, order.strength))),
            },
            "reportedBoolean": False,
            "groupIdentifier": {"system": GROUPS, "value": str(order.group)} if order.group else {},
            "courseOfTherapyType": {
                "coding": [coding(COURSE, "continuous" if order.term == Term.LONG else "acute")],
                "text": str(Term(order.term).label),
            },
            "note": [{"text": order.override}] if order.override else [],
            "dosageInstruction": [_dosage(order)],
            "dispenseRequest": _dispense(order),
        }
    )
    return found


def _dosage(order: Order) -> dict[str, Any]:
    route = catalogue.routes().get(order.route)
    words = (order.dose, route.zh if route else order.route, _often(order))
    return {
        "text": " ".join(filter(None, words)),
        "patientInstruction": order.instruction,
        "timing": _timing(order),
        "asNeededBoolean": True if _kind(order) == "need" else None,
        "route": {
            "coding": [coding(SNOMED, route.snomed)] if route and route.snomed else [],
            "text": route.zh if route else order.route,
        },
        "doseAndRate": [{"doseQuantity": _quantity(order.dose_value, order.dose_unit)}],
    }


def _kind(order: Order) -> str:
    found = catalogue.frequencies().get(order.frequency)
    return found.kind if found else ""


def _often(order: Order) -> str:
    found = catalogue.frequencies().get(order.frequency)
    return found.zh if found else order.frequency


def _timing(order: Order) -> dict[str, Any]:
    """The hours of the ward's clock, with how often in how many days; once is a moment."""
    found = catalogue.frequencies().get(order.frequency)
    if found is None:
        return {"code": {"text": order.frequency}}
    code: dict[str, Any] = {
        "coding": [coding(TIMING, found.fhir)] if found.fhir else [],
        "text": found.code,
    }
    if found.kind == "once":
        return {"event": [instant(order.start_at)], "code": code}
    bounds = {
        "start": instant(order.start_at),
        "end": instant(order.ended_at or order.planned_end),
    }
    repeat: dict[str, Any] = {"boundsPeriod": slim(bounds)}
    if found.kind == "scheduled" and not found.weekdays:
        repeat |= {
            "frequency": found.per_day,
            "period": found.every_days,
            "periodUnit": "d",
            "timeOfDay": [f"{each:%H:%M:%S}" for each in found.times],
        }
    elif found.weekdays:
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        repeat |= {
            "dayOfWeek": [days[number - 1] for number in found.weekdays],
            "timeOfDay": [f"{each:%H:%M:%S}" for each in found.times],
        }
    return {"repeat": repeat, "code": code}


def _quantity(value: Any, unit: str) -> dict[str, Any]:
    if value is None:
        return {}
    number = float(value)
    return {
        "value": int(number) if number == int(number) else number,
        "unit": said_unit(unit),
        "system": UCUM,
        "code": unit,
    }


def _dispense(order: Order) -> dict[str, Any]:
    """How much is to be handed out, and for how many days."""
    found: dict[str, Any] = {}
    if order.quantity:
        found["quantity"] = {"value": float(order.quantity), "unit": order.quantity_unit}
    if order.days:
        found["expectedSupplyDuration"] = {
            "value": order.days,
            "unit": "d",
            "system": UCUM,
            "code": "d",
        }
    return found


def service_request(order: Order) -> dict[str, Any]:
    """Nursing, treatment, laboratory, examination or procedure, as it was ordered."""
    code, words = CATEGORY[Kind(order.kind)]
    found: dict[str, Any] = slim(
        {
            **_head("ServiceRequest", order, SERVICE[State(order.state)]),
            "category": [
                {"coding": [coding(SNOMED, code, words)], "text": str(Kind(order.kind).label)}
            ],
            "code": {
                "coding": [coding(ITEMS, order.code, order.name)] if order.code else [],
                "text": order.name,
            },
            "asNeededBoolean": True if _kind(order) == "need" else None,
            "occurrenceTiming": _timing(order),
            "patientInstruction": order.instruction,
            "note": [{"text": order.end_label}] if order.end_code else [],
        }
    )
    return found


def administration(row: Execution) -> dict[str, Any]:
    """One time at which a drug was given, or was due and was not."""
    order = row.order
    if row.voided_at is not None:
        status = "entered-in-error"
    else:
        status = {
            Done.GIVEN: "completed",
            Done.OMITTED: "not-done",
            Done.DROPPED: "stopped",
            Done.DUE: "unknown",
        }[Done(row.state)]
    route = catalogue.routes().get(order.route)
    people = [name for name in (row.given_by, row.second) if name]
    found: dict[str, Any] = slim(
        {
            "resourceType": "MedicationAdministration",
            "id": str(row.pk),
            "meta": {"lastUpdated": instant(row.updated_at)},
            "status": status,
            "statusReason": [{"coding": [coding(REASONS, row.reason)], "text": row.reason_label}]
            if row.reason
            else [],
            "medicationCodeableConcept": {
                "coding": [coding(DRUGS, order.code, order.name)] if order.code else [],
                "text": order.name,
            },
            "subject": reference("Patient", row.person_id),
            "context": reference("Encounter", order.encounter_id),
            "effectiveDateTime": instant(row.given_at or row.due_at),
            "performer": [{"actor": {"display": name}} for name in people],
            "request": reference("MedicationRequest", order.pk),
            "note": [{"text": row.note}] if row.note else [],
            "dosage": {
                "route": {
                    "coding": [coding(SNOMED, route.snomed)] if route and route.snomed else [],
                    "text": route.zh if route else order.route,
                },
                "dose": _quantity(row.amount, order.dose_unit),
            }
            if row.state == Done.GIVEN
            else {},
        }
    )
    return found
