"""FHIR R4 of capacity: Schedule, Slot, Appointment. Pure functions."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q

from xinglin.clinical.capacity import catalogue, permissions
from xinglin.clinical.capacity.models import Booking, Schedule, Slot, State
from xinglin.clinical.privacy.models import grounds_of
from xinglin.kernel.resources import coding, instant, reference, slim
from xinglin.kernel.searching import Offer, Pointer, Span, codes, day, moment

KINDS = "urn:xinglin:capacity-kinds"
CHANNELS = "urn:xinglin:capacity-channels"
REASONS = "urn:xinglin:capacity-cancel-reasons"

STATUS = {
    State.HELD: "pending",
    State.BOOKED: "booked",
    State.DISPLACED: "proposed",
    State.ARRIVED: "arrived",
    State.NO_SHOW: "noshow",
    State.CANCELLED: "cancelled",
    State.RELEASED: "cancelled",
    State.EXPIRED: "cancelled",
}
AWAY = Q(closure__isnull=False) | Q(withdrawn_at__isnull=False)
BUSY = ~AWAY & Q(taken__gte=F("places"))
FREE = ~AWAY & Q(taken__lt=F("places"))


def _kind(code: str) -> dict[str, Any]:
    return {"coding": [coding(KINDS, code, catalogue.label(catalogue.kinds(), code))]}


def schedule(row: Schedule) -> dict[str, Any]:
    """A schedule; its actor is the doctor, and the house or department."""
    actors = [reference("Organization", row.organisation_id)]
    if row.practitioner_id is not None:
        actors.insert(0, reference("Practitioner", row.practitioner_id))
    told: dict[str, Any] = slim(
        {
            "resourceType": "Schedule",
            "id": str(row.pk),
            "meta": {"lastUpdated": instant(row.updated_at)},
            "active": True,
            "serviceType": [_kind(row.kind)],
            "specialty": [{"text": row.department.name}] if row.department else None,
            "actor": actors,
            "planningHorizon": {
                "start": row.since.isoformat(),
                "end": row.until.isoformat() if row.until else None,
            },
            "comment": " ".join(filter(None, (row.title, row.place))),
        }
    )
    return told


def slot(row: Slot) -> dict[str, Any]:
    """A slot; what is kept for a channel says so as its appointment type."""
    away = row.closure_id is not None or row.withdrawn_at is not None
    status = "busy-unavailable" if away else "free" if row.taken < row.places else "busy"
    kept = None
    if row.kept_for:
        kept = {"coding": [coding(CHANNELS, row.kept_for, row.kept_label)]}
    told: dict[str, Any] = slim(
        {
            "resourceType": "Slot",
            "id": str(row.pk),
            "meta": {"lastUpdated": instant(row.updated_at)},
            "serviceType": [_kind(row.kind)],
            "appointmentType": kept,
            "schedule": reference("Schedule", row.schedule_id),
            "status": status,
            "start": instant(row.start_at),
            "end": instant(row.end_at),
        }
    )
    return told


def appointment(row: Booking) -> dict[str, Any]:
    """A booking; a hold is pending, one whose session fell away is proposed anew."""
    status = STATUS[State(row.state)]
    answer = "accepted" if status in ("booked", "arrived") else "needs-action"
    if status in ("cancelled", "noshow"):
        answer = "declined"
    people = [
        {"actor": reference("Patient", row.person_id), "status": answer},
        {"actor": reference("Organization", row.organisation_id), "status": "accepted"},
    ]
    if row.slot.practitioner_id is not None:
        doctor = reference("Practitioner", row.slot.practitioner_id)
        people.append({"actor": doctor, "status": "accepted"})
    why = None
    if row.end_code:
        label = catalogue.label(catalogue.reasons("cancel"), row.end_code)
        why = {"coding": [coding(REASONS, row.end_code, label)], "text": row.end_label}
    basis = []
    if row.subject_kind == "referral" and row.subject_id is not None:
        basis = [reference("ServiceRequest", row.subject_id)]
    told: dict[str, Any] = slim(
        {
            "resourceType": "Appointment",
            "id": str(row.pk),
            "meta": {"lastUpdated": instant(row.updated_at)},
            "status": status,
            "cancelationReason": why,
            "serviceType": [_kind(row.kind)],
            "appointmentType": {"coding": [coding(CHANNELS, row.channel, row.channel_label)]},
            "start": instant(row.start_at),
            "end": instant(row.end_at),
            "slot": [reference("Slot", row.slot_id)],
            "created": instant(row.created_at),
            "comment": row.note,
            "basedOn": basis,
            "participant": people,
        }
    )
    return told


def _statuses() -> dict[str, Q]:
    return {
        status: Q(state__in=[state for state in State if STATUS[state] == status])
        for status in dict.fromkeys(STATUS.values())
    }


OFFERS = (
    Offer(
        kind="Schedule",
        model=Schedule,
        rows=Schedule.objects.visible_to,
        write=schedule,
        parameters=(
            Pointer("actor", "practitioner_id", ("Practitioner",)),
            day("date", "since"),
        ),
        parts=lambda actor: ("department",),
        needed=("actor",),
    ),
    Offer(
        kind="Slot",
        model=Slot,
        rows=Slot.objects.visible_to,
        write=slot,
        parameters=(
            Pointer("schedule", "schedule_id", ("Schedule",)),
            moment("start", "start_at"),
            codes("status", {"free": FREE, "busy": BUSY, "busy-unavailable": AWAY}),
        ),
        needed=("schedule", "status", "start", "end"),
    ),
    Offer(
        kind="Appointment",
        model=Booking,
        rows=Booking.objects.visible_to,
        write=appointment,
        parameters=(
            Span("date", "start_at", sort="start_at"),
            Pointer("patient", "person_id", ("Patient",)),
            Pointer("slot", "slot_id", ("Slot",)),
            codes("status", _statuses()),
        ),
        needed=("status", "participant"),
        parts=lambda actor: ("slot",),
        person="person_id",
        verb=permissions.READ.code,
        grounds=grounds_of,
    ),
)
