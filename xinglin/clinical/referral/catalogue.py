"""Routes and coded reasons of referral, from `catalogue/`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from xinglin.kernel import catalogue

ROUTES = "referral-routes.toml"
REASONS = "referral-reasons.toml"
COUNTY_DISEASES = "tiered-county.csv"


@dataclass(frozen=True)
class Route:
    """That one level may refer to another, in which direction and with whose approval."""

    code: str
    source: str
    target: str
    direction: str
    approval: str
    paper_after: bool


@dataclass(frozen=True)
class Reason:
    """A coded reason; `text` asks for words beside it."""

    code: str
    zh: str
    en: str
    text: bool = False

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


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


@catalogue.cached
def _reasons(name: str) -> dict[str, dict[str, Reason]]:
    return {
        group: {
            row["code"]: Reason(row["code"], row["zh"], row["en"], row.get("text", False))
            for row in content["codes"]
        }
        for group, content in catalogue.read_toml(name)["reasons"].items()
    }


def reasons(group: str) -> dict[str, Reason]:
    """The coded reasons for one question: up, down, refusal, cancel, end, waiting…"""
    return _reasons(REASONS)[group]


def reason_label(group: str, code: str) -> str:
    found = reasons(group).get(code)
    return found.label if found else code


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
