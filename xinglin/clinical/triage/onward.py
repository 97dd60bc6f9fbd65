"""Where a doctor who follows the advice goes next.

Triage stands below referral and the green channel, so each says in its `ready()` where its paper
for an assessment begins:

    onward.lead("refer", lambda assessment: f"{reverse('referral:new')}?advice={assessment.pk}")

What is said later for the same outcome holds: the green channel takes emergencies from referral.
"""

from __future__ import annotations

from collections.abc import Callable

from xinglin.clinical.triage.models import Assessment

Way = Callable[[Assessment], str]
WAYS: dict[str, Way] = {}


def lead(outcome: str, way: Way) -> None:
    """Let an app above say where an outcome leads."""
    WAYS[outcome] = way


def next_page(assessment: Assessment) -> str:
    """The page on which what was decided is done; the visit itself where nothing more is to do."""
    way = WAYS.get(assessment.chosen)
    return way(assessment) if way else assessment.encounter.get_absolute_url()
