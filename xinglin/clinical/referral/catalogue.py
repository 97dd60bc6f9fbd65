"""Routes and coded reasons of referral, from `catalogue/`."""

from __future__ import annotations

from dataclasses import dataclass

from xinglin.kernel import catalogue
from xinglin.kernel.reasons import Reasons

ROUTES = "referral-routes.toml"
# The questions: up, down, refusal, cancel, end, waiting…
reasons = Reasons("referral-reasons.toml")


@dataclass(frozen=True)
class Route:
    """That one level may refer to another, in which direction and with whose approval."""

    code: str
    source: str
    target: str
    direction: str
    approval: str
    paper_after: bool


@catalogue.cached
def _routes(name: str) -> list[Route]:
    return [
        Route(
            code=row["code"],
            source=row["from"],
            target=row["to"],
            direction=row["direction"],
            approval=row["approval"],
            paper_after=row["paper_after"],
        )
        for row in catalogue.read_toml(name)["route"]
        if row["enabled"]
    ]


def routes() -> list[Route]:
    """The routes that are open in this county."""
    return _routes(ROUTES)
