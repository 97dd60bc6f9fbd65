"""Where a doctor who follows the advice goes next.

Triage stands below referral and the green channel, so each says in its `ready()` where its paper
for an assessment begins, the green channel for the kinds of emergency that it has a clock for:

    onward.lead("refer", lambda assessment: f"{reverse('referral:new')}?advice={assessment.pk}")
    onward.lead("emergency", case_of, channel="stroke")
"""

from __future__ import annotations

from collections.abc import Callable

from xinglin.clinical.triage.models import Assessment

Way = Callable[[Assessment], str]
WAYS: dict[tuple[str, str], Way] = {}


def lead(outcome: str, way: Way, *, channel: str = "") -> None:
    """Let an app above say where an outcome leads; by a channel of its own, if it has one."""
    WAYS[outcome, channel] = way


def next_page(assessment: Assessment) -> str:
    """The page on which what was decided is done; the visit itself where nothing more is to do."""
    outcome = assessment.chosen
    way = WAYS.get((outcome, assessment.channel)) or WAYS.get((outcome, ""))
    return way(assessment) if way else assessment.encounter.get_absolute_url()
