from uuid import UUID

from xinglin.kernel.outbox import Event


class GlassBroken(Event):
    """Somebody has opened a record in an emergency; whoever sends messages tells the resident."""

    name = "privacy.glass-broken"
    person_id: UUID
    organisation_id: UUID
    review_id: UUID
