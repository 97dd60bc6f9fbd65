from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class CarePlanEvent(Event):
    """What every fact about a care plan carries."""

    plan_id: UUID
    person_id: UUID
    at: datetime


class CarePlanStarted(CarePlanEvent):
    """The patient is there and the plan's tasks are laid out."""

    name = "careplans.started"
    organisation_id: UUID


class CarePlanEnded(CarePlanEvent):
    """A plan is over: evaluated, or ended before its end."""

    name = "careplans.ended"
    state: str
    code: str


class CareTaskDone(CarePlanEvent):
    """A task of a plan has been done; `follow_up` is the visit that a down-referral owes."""

    name = "careplans.task-done"
    task_id: UUID
    organisation_id: UUID
    kind: str
    follow_up: bool
    done_by: str
    note: str


class RedFlagRaised(CarePlanEvent):
    """What was found means: send the patient back up. Each finding is a sentence."""

    name = "careplans.red-flag-raised"
    task_id: UUID
    organisation_id: UUID
    found_by: str
    findings: list[str]
