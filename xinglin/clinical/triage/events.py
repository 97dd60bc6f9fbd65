from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class AdviceEvent(Event):
    """What every fact about advice carries."""

    assessment_id: UUID
    person_id: UUID
    encounter_id: UUID
    organisation_id: UUID
    outcome: str
    decision: str
    at: datetime


class AdviceGiven(AdviceEvent):
    """Triage has advised on a visit, and the doctor has answered or let the visit end."""

    name = "triage.advice-given"


class AdviceOverruled(AdviceEvent):
    """The doctor has decided otherwise than advised, with a coded reason."""

    name = "triage.advice-overruled"
    chosen: str
    reason_code: str
