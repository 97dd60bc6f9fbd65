from datetime import date
from uuid import UUID

from xinglin.kernel.outbox import Event


class PersonDied(Event):
    """A resident's death has been recorded; what is still open for them ends."""

    name = "people.person-died"
    person_id: UUID
    county_id: UUID
    died_on: date


class PersonRegistered(Event):
    """A resident has become known to the county."""

    name = "people.person-registered"
    person_id: UUID
    county_id: UUID
