from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class EncounterStarted(Event):
    """A person is being seen, or has been admitted, at a house."""

    name = "record.encounter-started"
    encounter_id: UUID
    person_id: UUID
    organisation_id: UUID
    kind: str
    started_at: datetime


class EncounterEnded(Event):
    """A visit or stay has ended, in a way and with an outcome."""

    name = "record.encounter-ended"
    encounter_id: UUID
    person_id: UUID
    organisation_id: UUID
    kind: str
    discharge_way: str
    outcome: str
    ended_at: datetime
