"""Facts about beds that rooms above may care about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class BedEvent(Event):
    bed_id: UUID
    ward_id: UUID
    organisation_id: UUID
    person_id: UUID
    at: datetime


class BedTaken(BedEvent):
    """Somebody lies in a bed; `moved_from_id` is the stay that ended with it, after a move."""

    name = "capacity.bed-taken"
    stay_id: UUID
    encounter_id: UUID | None = None
    moved_from_id: UUID | None = None


class BedLeft(BedEvent):
    """Somebody has left the house's beds: discharged or died. A move is not one."""

    name = "capacity.bed-left"
    stay_id: UUID
    encounter_id: UUID | None = None
    end: str
    began: datetime


class BedHeld(BedEvent):
    """A bed is kept for somebody until a moment."""

    name = "capacity.bed-held"
    hold_id: UUID
    subject_kind: str
    subject_id: UUID | None = None
    until: datetime


class BedHoldEnded(BedEvent):
    """A bed is kept no more: used, released, or its time has run out (`state`)."""

    name = "capacity.bed-hold-ended"
    hold_id: UUID
    subject_kind: str
    subject_id: UUID | None = None
    state: str
    end_code: str
