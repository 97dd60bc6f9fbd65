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


class PersonMerged(Event):
    """Two registrations were of one person; all that was the loser's is the survivor's now."""

    name = "people.person-merged"
    merge_id: UUID
    county_id: UUID
    survivor_id: UUID
    loser_id: UUID


class PersonUnmerged(Event):
    """They were two people after all; each has their own again."""

    name = "people.person-unmerged"
    merge_id: UUID
    county_id: UUID
    survivor_id: UUID
    loser_id: UUID
