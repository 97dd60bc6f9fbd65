"""Facts that the green channel announces."""

from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class CaseEvent(Event):
    """What every fact about a case carries."""

    case_id: UUID
    person_id: UUID
    from_org_id: UUID
    to_org_id: UUID
    kind: str
    at: datetime


class CaseOpened(CaseEvent):
    """A house has started the green channel for somebody."""

    name = "emergency.case-opened"


class CaseConfirmed(CaseEvent):
    """The receiving house stands ready."""

    name = "emergency.case-confirmed"


class CasePrepared(CaseEvent):
    """The receiving house says what it keeps ready: `prepared` are codes of the catalogue."""

    name = "emergency.case-prepared"
    prepared: list[str]


class CaseArrived(CaseEvent):
    """The patient is at the door; no registration was asked for."""

    name = "emergency.case-arrived"


class CaseHandedOver(CaseEvent):
    """The patient is in the hands of the ward; the clock is complete."""

    name = "emergency.case-handed-over"


class PatientIdentified(CaseEvent):
    """Somebody who came without a name is known."""

    name = "emergency.patient-identified"


class CaseEnded(CaseEvent):
    """The case stopped before its end: stood down with `end_code`, or the patient died ("")."""

    name = "emergency.case-ended"
    end_code: str
