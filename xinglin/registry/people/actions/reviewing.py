"""Pairs that may be one person: put before the office, judged, or set aside for a while."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.organisations.models import Level, tree
from xinglin.registry.people import permissions
from xinglin.registry.people.models import MatchReview, Person, ReviewState


class NoReason(Refused):
    code = "no-reason"


def suspect(
    one: Person,
    other: Person,
    weight: float,
    *,
    source: MatchReview.Source,
    note: str = "",
) -> bool:
    """Put a pair before the office, unless it was asked about already; whether it was put."""
    first, second = sorted((one, other), key=lambda person: person.pk.int)
    if MatchReview.objects.filter(first=first, second=second).exists():
        return False
    review = MatchReview(
        county_id=one.county_id,
        first=first,
        second=second,
        source=source,
        weight=round(weight, 2),
        note=note.strip()[:200],
    )
    ask(review, by=system(one.county_id))
    return True


@action(permissions.REVIEW)
def ask(review: MatchReview, *, by: Actor) -> MatchReview:
    """Put a pair before those who judge whether it is one person."""
    hand(review, "people.review.due")
    review.save(force_insert=True)
    return review


@action(permissions.REVIEW)
def distinguish(review: MatchReview, *, by: Actor, reason: str) -> MatchReview:
    """Judge that the two are different people; the pair is not asked about again."""
    _step(review, ReviewState.DIFFERENT, reason)
    review.decided_at = clock.now()
    review.finish().save()
    return review


@action(permissions.REVIEW)
def postpone(review: MatchReview, *, by: Actor, reason: str) -> MatchReview:
    """Say that it cannot be judged yet, and what is missing."""
    _step(review, ReviewState.WAITING, reason)
    hand(review, "people.review.wait")
    review.save()
    return review


def lapse(person: Person) -> None:
    """Drop the open questions about a registration that was struck out; within its action."""
    for review in MatchReview.objects.about(person).open():
        drop(review, by=system(person.county_id))


@action(permissions.REVIEW)
def drop(review: MatchReview, *, by: Actor) -> MatchReview:
    """Let a question rest whose one side was struck out."""
    review.move_to(ReviewState.LAPSED)
    review.finish().save()
    return review


def _step(review: MatchReview, state: ReviewState, reason: str) -> None:
    if not review.is_open:
        raise judged(review)
    if not reason.strip():
        raise NoReason(_("请写明依据。"), field="reason")
    review.move_to(state)
    review.note = reason.strip()[:200]


def judged(review: MatchReview) -> WrongState:
    """The refusal of another judgement: somebody has looked already."""
    return WrongState(
        _("这一对已有结论（%(state)s），不必再核对。") % {"state": review.get_state_display()}
    )


def hand(review: MatchReview, until: str) -> None:
    """Say who owes the answer, and until when: a parameter names the span."""
    now = clock.now()
    review.hand_to(
        office_of(review.first),
        permissions.REVIEW.code,
        due_at=now + parameters.duration(until),
        since=now,
    )


def office_of(person: Person) -> UUID:
    """The house that judges: the consortium that cares for the person, else one of the county."""
    found = tree.above(person.managed_by_id, Level.CONSORTIUM) if person.managed_by_id else None
    if found is None:
        found = next(
            (
                house.pk
                for house in tree.rows().values()
                if house.level == Level.CONSORTIUM and house.county_id == person.county_id
            ),
            None,
        )
    return found or person.county_id
