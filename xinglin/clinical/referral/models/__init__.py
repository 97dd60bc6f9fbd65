"""The referral: its stages, what it carries, how it is read; and how its houses have answered."""

from xinglin.clinical.referral.destinations.models import Acceptance, Answer
from xinglin.clinical.referral.models.letters import Referral, ReferralQuerySet
from xinglin.clinical.referral.models.stages import (
    BEFORE_ANSWER,
    FOLLOWED,
    LISTED,
    LISTED_OF_PERSON,
    ON_THE_WAY,
    OPEN,
    WITH_RECEIVER,
    Direction,
    Kind,
    State,
    Urgency,
)

__all__ = [
    "BEFORE_ANSWER",
    "FOLLOWED",
    "LISTED",
    "LISTED_OF_PERSON",
    "ON_THE_WAY",
    "OPEN",
    "WITH_RECEIVER",
    "Acceptance",
    "Answer",
    "Direction",
    "Kind",
    "Referral",
    "ReferralQuerySet",
    "State",
    "Urgency",
]
