"""Routes and coded reasons of referral, from `catalogue/`."""

from __future__ import annotations

from dataclasses import dataclass

from xinglin.kernel import catalogue
from xinglin.kernel.reasons import Reasons

ROUTES = "referral-routes.toml"
COUNTY_DISEASES = "tiered-county.csv"
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


# The older national table and the present one have haemorrhoids under two codes.
_ALSO = {"I84": "K64", "K64": "I84"}


@catalogue.cached
def _county_diseases(name: str) -> frozenset[str]:
    return frozenset(row["icd10"].strip().upper() for row in catalogue.read_csv(name))


def treated_in_county(code: str) -> bool:
    """Whether a disease is in the county's catalogue, which the county should treat itself.

    By the first three to five characters, for clinical versions lengthen the codes.
    """
    listed = _county_diseases(COUNTY_DISEASES)
    told = code.strip().upper()
    other = _ALSO.get(told[:3])
    for each in (told, other + told[3:] if other else ""):
        if any(each[:length] in listed for length in (5, 4, 3) if len(each) >= length):
            return True
    return False
