from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class OrderEvent(Event):
    order_id: UUID
    person_id: UUID
    organisation_id: UUID
    encounter_id: UUID
    kind: str
    code: str
    at: datetime


class OrderPlaced(OrderEvent):
    """An order may be carried out; laboratories and pharmacies take it up."""

    name = "orders.placed"
    term: str


class OrderCarriedOut(OrderEvent):
    """Something that was ordered has been done once."""

    name = "orders.carried-out"
    execution_id: UUID


class OrderEnded(OrderEvent):
    """An order is stopped, cancelled or struck out; what was not begun is not begun any more."""

    name = "orders.ended"
    state: str
    end_code: str
