"""What each agreement is worth: m and u of every level, from `catalogue/matching.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Any

from xinglin.kernel import catalogue
from xinglin.registry.people.matching.comparisons import COMPARISONS

FILE = "matching.toml"
# A county smaller than this still draws its names and birthdays from a larger world.
LEAST_PEOPLE = 10_000


@dataclass(frozen=True)
class Weights:
    """m and u by comparison and level, the share of newcomers who are known, the commonest name."""

    m: dict[tuple[str, str], float]
    u: dict[tuple[str, str], float]
    known_share: float
    rarest_name: float
    # log2 of how much more often the same person agrees so than two people do.
    bits: dict[tuple[str, str], float]

    def prior(self, people: int) -> float:
        """log2 odds that one of so many people is the one who stands here."""
        return log2(self.known_share / max(people, LEAST_PEOPLE))


@catalogue.cached
def _read(name: str) -> Weights:
    told: dict[str, Any] = catalogue.read_toml(name)
    m: dict[tuple[str, str], float] = {}
    u: dict[tuple[str, str], float] = {}
    for comparison in COMPARISONS:
        rows = told[comparison.code]
        for level in comparison.levels:
            row = rows[level.code]
            m[comparison.code, level.code] = row["m"]
            u[comparison.code, level.code] = row["u"]
    bits = {key: log2(m[key] / u[key]) for key in m}
    prior = told["prior"]
    return Weights(m, u, prior["known_share"], prior["rarest_name"], bits)


def weights() -> Weights:
    """The weights in force."""
    return _read(FILE)
