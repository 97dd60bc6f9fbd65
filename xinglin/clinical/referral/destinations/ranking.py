"""The order of destinations: each factor a score from 0 to 1, weighted and summed. Pure.

A factor that gets better never lets a destination fall, all else being equal; what is not known
counts as middling or, for the way there, as far. The weights are parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

# A way that nobody knows counts as one of two hours.
UNKNOWN_MINUTES = 120
# Two yeses of four: what a house counts for of which nothing is known yet.
PRIOR_YES, PRIOR_ASKED = 2, 4
HALF_WAIT_HOURS, HALF_MINUTES, HALF_ANSWER, HALF_BEDS = 24.0, 30.0, 60.0, 2.0

FACTORS = {
    "capability": _("能力"),
    "capacity": _("空余"),
    "travel": _("路程"),
    "price": _("费用水平"),
    "agreement": _("协议"),
    "acceptance": _("接收率"),
    "answer": _("答复快慢"),
}
# The department itself, the ability without a department of the name, nothing asked.
OWN, ABLE, UNASKED = 1.0, 0.7, 0.5


@dataclass(frozen=True)
class Facts:
    """What is known of a destination.

    `wait_hours` to the first free slot, None where there is none; `beds` that are free for the
    patient, None where no bed is asked for; `minutes` by road, `median` minutes to an answer, None
    where unknown; `price` from 0, the dearest, to 1.
    """

    capability: float
    wait_hours: float | None = None
    beds: int | None = None
    minutes: int | None = None
    price: float = 0.5
    covered: bool = False
    asked: int = 0
    accepted: int = 0
    median: int | None = None


def scores(facts: Facts) -> dict[str, float]:
    """Each factor from 0 (worst) to 1."""
    if facts.beds is not None:
        capacity = facts.beds / (facts.beds + HALF_BEDS)
    else:
        capacity = (
            _halving(facts.wait_hours, HALF_WAIT_HOURS) if facts.wait_hours is not None else 0
        )
    minutes = UNKNOWN_MINUTES if facts.minutes is None else facts.minutes
    return {
        "capability": facts.capability,
        "capacity": capacity,
        "travel": _halving(minutes, HALF_MINUTES),
        "price": facts.price,
        "agreement": float(facts.covered),
        "acceptance": (facts.accepted + PRIOR_YES) / (facts.asked + PRIOR_ASKED),
        "answer": 0.5 if facts.median is None else _halving(facts.median, HALF_ANSWER),
    }


def _halving(value: float, half: float) -> float:
    """1 at nothing, a half at `half`, towards 0 beyond."""
    return half / (half + max(0.0, value))


@dataclass(frozen=True)
class Share:
    """What one factor gave: its score, and the points of the most that it can give.

    All factors together can give a hundred.
    """

    factor: str
    score: float
    points: float
    most: float

    @property
    def label(self) -> str:
        return str(FACTORS[self.factor])


def points(facts: Facts, weights: Mapping[str, float]) -> float:
    """The points of all factors together, of a hundred: what the order goes by."""
    whole = sum(weights.get(factor, 0) for factor in FACTORS) or 1
    told = scores(facts)
    return round(sum(_points(told[each], weights.get(each, 0), whole) for each in FACTORS), 2)


def _points(score: float, weight: float, whole: float) -> float:
    return round(100 * score * weight / whole, 2)


def shares(facts: Facts, weights: Mapping[str, float]) -> tuple[Share, ...]:
    """The points of each factor; all weights together make a hundred."""
    whole = sum(weights.get(factor, 0) for factor in FACTORS) or 1
    told = scores(facts)
    return tuple(
        Share(
            factor,
            round(told[factor], 3),
            _points(told[factor], weights.get(factor, 0), whole),
            _points(1, weights.get(factor, 0), whole),
        )
        for factor in FACTORS
    )
