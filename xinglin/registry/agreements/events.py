from datetime import date
from uuid import UUID

from xinglin.kernel.outbox import Event


class AgreementEvent(Event):
    """Something about an agreement; `kind` is its kind."""

    name = "agreement"
    agreement_id: UUID
    county_id: UUID
    kind: str
    on: date


class AgreementSigned(AgreementEvent):
    """An agreement is signed by all of its parties."""

    name = "agreement.signed"


class AgreementStopped(AgreementEvent):
    """An agreement was suspended, ended, or has run out."""

    name = "agreement.stopped"
    state: str
