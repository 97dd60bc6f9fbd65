"""Fellegi and Sunter's sum of evidence, and what must never follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log2
from typing import Any

from django.utils.translation import gettext_lazy as _

from xinglin.kernel import parameters
from xinglin.registry.people.matching.comparisons import COMPARISONS
from xinglin.registry.people.matching.sketches import Sketch
from xinglin.registry.people.matching.weights import Weights, weights


class Verdict(StrEnum):
    """What follows: the same person, perhaps, or somebody new."""

    SAME = "same"
    PERHAPS = "perhaps"
    NEW = "new"


VERDICTS: dict[Verdict, Any] = {
    Verdict.SAME: _("同一人"),
    Verdict.PERHAPS: _("可能是同一人"),
    Verdict.NEW: _("新居民"),
}


@dataclass(frozen=True)
class Piece:
    """One comparison's part in the sum, in bits; positive speaks for the same person."""

    field: str
    level: str
    bits: float


@dataclass(frozen=True)
class Score:
    """All the evidence about one pair, and the verdict."""

    pieces: tuple[Piece, ...]
    prior: float
    weight: float
    verdict: Verdict
    veto: str = ""

    @property
    def probability(self) -> float:
        """How likely the two are one, by the weights alone."""
        return 1 / (1 + 2.0 ** -max(-300.0, min(300.0, self.weight)))


VETOES: dict[str, Any] = {
    "card": _("两个有效证件号码不同"),
    "twins": _("同日出生、同姓而名不同：可能是双胞胎"),
    "newborn": _("未取名的新生儿须凭出生证编号认定"),
    "sex": _("性别不同"),
}


def score(
    one: Sketch,
    other: Sketch,
    *,
    people: int,
    frequency: float = 0.0,
    using: Weights | None = None,
) -> Score:
    """The evidence that two registrations are of one person.

    `people` is how many the county knows; `frequency` the share of them who bear the name, if
    both bear the same (0: not known). Weights are in bits.
    """
    worth = using or weights()
    pieces = []
    levels = {}
    for comparison in COMPARISONS:
        level = comparison.level(one, other)
        if level is None:
            continue
        levels[comparison.code] = level.code
        bits = worth.bits(comparison.code, level.code)
        if comparison.frequency and level is comparison.levels[0] and frequency:
            bits = log2(worth.m[comparison.code, level.code] / max(frequency, worth.rarest_name))
        pieces.append(Piece(comparison.code, level.code, bits))
    prior = worth.prior(people)
    weight = prior + sum(piece.bits for piece in pieces)
    veto = _veto(one, other, levels)
    return Score(tuple(pieces), prior, weight, _verdict(weight, veto), veto)


def _verdict(weight: float, veto: str) -> Verdict:
    if weight >= _bits("people.match.same") and not veto:
        return Verdict.SAME
    return Verdict.PERHAPS if weight >= _bits("people.match.perhaps") else Verdict.NEW


def _bits(key: str) -> float:
    share = parameters.get(key)
    return log2(share / (1 - share))


def _veto(one: Sketch, other: Sketch, levels: dict[str, str]) -> str:
    """Why a person must look, whatever the sum: "" where nothing forbids."""
    if levels.get("card") == "same":
        return "sex" if levels.get("sex") == "other" else ""
    if one.genuine and other.genuine and levels.get("card"):
        return "card"
    if _other_child(one, other):
        return "twins"
    if one.provisional or other.provisional:
        return "" if levels.get("number") == "same" else "newborn"
    named_alike = levels.get("name") in ("same", "sound", "swapped")
    one_birth = levels.get("born") == "same" and not set(one.shared).isdisjoint(other.shared)
    return "twins" if one_birth and not named_alike and one.given != other.given else ""


def _other_child(one: Sketch, other: Sketch) -> bool:
    """Whether both are told to be children of one birth, in different places of the order."""
    told = (one.birth_order, other.birth_order)
    return None not in told and told[0] != told[1] and one.born == other.born
