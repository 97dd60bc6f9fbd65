"""Residents, the numbers they are known by, the keys they are found by, and who is who."""

from xinglin.registry.people.models.matching import (
    OPEN_STATES,
    MatchKey,
    MatchReview,
    Merge,
    MergeMove,
    ReviewState,
)
from xinglin.registry.people.models.person import (
    SEXES,
    CareLink,
    Identifier,
    Person,
    PersonId,
    PersonQuerySet,
    SearchKey,
    SearchKeyQuerySet,
    Sex,
    caring,
    knows_card,
    merged_into,
    standing,
    standing_for,
)

__all__ = [
    "OPEN_STATES",
    "SEXES",
    "CareLink",
    "Identifier",
    "MatchKey",
    "MatchReview",
    "Merge",
    "MergeMove",
    "Person",
    "PersonId",
    "PersonQuerySet",
    "ReviewState",
    "SearchKey",
    "SearchKeyQuerySet",
    "Sex",
    "caring",
    "knows_card",
    "merged_into",
    "standing",
    "standing_for",
]
