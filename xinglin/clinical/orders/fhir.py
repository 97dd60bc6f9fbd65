"""FHIR R4 of orders: MedicationRequest, ServiceRequest; what was given, MedicationAdministration.

Pure functions. A drug order and the medicine it wrote into the record are two resources: the
record's is what is taken, this one is the order with its state; `identifier` joins them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from xinglin.clinical.orders import catalogue, permissions
from xinglin.clinical.orders.models import Done, Execution, Kind, Order, State, Term, said_unit
from xinglin.clinical.privacy.models import grounds_of
from xinglin.clinical.record.models import Encounter
from xinglin.kernel.access import Actor
from xinglin.kernel.resources import coding, instant, reference, slim
from xinglin.kernel.searching import (
    NOTHING,
    Asking,
    Offer,
    Parameter,
    Pointer,
    Span,
    Token,
    codes,
)

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


# ---------------------------------------------------------------------- offered and searched

INTENT = "http://hl7.org/fhir/request-intent"


def _coded(name: str, own: str, column: str) -> Token:
    """A code of one of the house's lists."""

    def match(system: str | None, code: str, asking: Asking) -> Q:
        if system not in (None, own):
            return NOTHING
        return Q(**{column: code}) if code else ~Q(**{column: ""})

    return Token(name, match, empty=Q(**{column: ""}))


def _known_as(system: str | None, code: str, asking: Asking) -> Q:
    """By the identifier that joins an order and the medicine it wrote: its own id."""
    if system not in (None, ORDERS):
        return NOTHING
    try:
        return Q(pk=UUID(code)) if code else Q()
    except ValueError:
        return NOTHING


def _statuses(table: Mapping[State, str]) -> dict[str, Q]:
    return {
        status: Q(state__in=[state for state in State if table[state] == status])
        for status in dict.fromkeys(table.values())
    }


def _offer(kind: str, write: Any, only: Q, authored: str, *parameters: Parameter) -> Offer:
    def rows(actor: Actor) -> Any:
        return Order.objects.visible_to(actor).filter(only)

    shared = (
        Span(authored, "signed_at", sort="created_at"),
        Pointer("encounter", "encounter_id", ("Encounter",)),
        Token("identifier", _known_as),
        codes("intent", {"order": Q()}, INTENT),
        Pointer("patient", "person_id", ("Patient",)),
        codes("priority", {"stat": Q(emergency=True), "routine": Q(emergency=False)}),
        Pointer("subject", "person_id", ("Patient",)),
    )
    return Offer(
        kind=kind,
        model=Order,
        rows=rows,
        write=write,
        parameters=tuple(sorted((*shared, *parameters), key=lambda each: each.name)),
        needed=("status", "intent", "subject", "medicationCodeableConcept"),
        parts=lambda actor: ("encounter",),
        person="person_id",
        verb=permissions.READ.code,
        grounds=grounds_of,
    )


@dataclass(frozen=True, eq=False)
class _When(Parameter):
    """When it was given; of what was not given yet, when it is due."""

    kind = "date"

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        given = Span(self.name, "given_at").one(text, modifier, asking)
        due = Span(self.name, "due_at").one(text, modifier, asking)
        return (Q(given_at__isnull=False) & given) | (Q(given_at=None) & due)


def _times(actor: Actor) -> Any:
    return Execution.objects.visible_to(actor).filter(order__kind=Kind.DRUG)


_KEPT = Q(voided_at=None)
OFFERS = (
    _offer(
        "MedicationRequest",
        medication_request,
        Q(kind=Kind.DRUG),
        "authoredon",
        _coded("code", DRUGS, "code"),
        codes("status", _statuses(STATUS)),
    ),
    _offer(
        "ServiceRequest",
        service_request,
        ~Q(kind=Kind.DRUG),
        "authored",
        _coded("code", ITEMS, "code"),
        codes("status", _statuses(SERVICE)),
    ),
    Offer(
        kind="MedicationAdministration",
        model=Execution,
        rows=_times,
        write=administration,
        parameters=(
            _When("effective-time", sort="due_at"),
            Pointer("patient", "person_id", ("Patient",)),
            Pointer("request", "order_id", ("MedicationRequest",)),
            codes(
                "status",
                {
                    "completed": _KEPT & Q(state=Done.GIVEN),
                    "not-done": _KEPT & Q(state=Done.OMITTED),
                    "stopped": _KEPT & Q(state=Done.DROPPED),
                    "unknown": _KEPT & Q(state=Done.DUE),
                    "entered-in-error": ~_KEPT,
                },
            ),
            Pointer("subject", "person_id", ("Patient",)),
        ),
        needed=("status", "medicationCodeableConcept", "subject"),
        parts=lambda actor: ("order",),
        person="person_id",
        verb=permissions.READ.code,
        grounds=grounds_of,
    ),
)
