"""Fellegi and Sunter's sum of evidence, and what must never follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp2, log2
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
        return 1 / (1 + exp2(-max(-300.0, min(300.0, self.weight))))


VETOES: dict[str, Any] = {
    "card": _("两个有效证件号码不同"),
    "bearer": _("证件号码相同而姓名或性别不同"),
    "twins": _("同日出生、同姓而名不同：可能是双胞胎"),
    "family": _("出生日期不同：可能是一家人"),
    "newborn": _("未取名的新生儿须凭出生证编号认定"),
}
NAMED_ALIKE = ("same", "sound", "swapped")


@dataclass(frozen=True)
class Yardstick:
    """Weights and thresholds, read once for many pairs; thresholds in bits."""

    weights: Weights
    same: float
    perhaps: float


def yardstick() -> Yardstick:
    """What is in force now."""
    return Yardstick(weights(), _bits("people.match.same"), _bits("people.match.perhaps"))


def _bits(key: str) -> float:
    share: float = parameters.get(key)
    return log2(share / (1 - share))


def score(
    one: Sketch,
    other: Sketch,
    *,
    people: int,
    frequency: float = 0.0,
    by: Yardstick | None = None,
) -> Score:
    """The evidence that two registrations are of one person.

    `people` is how many the county knows; `frequency` the share of them who bear the name, if
    both bear the same (0: not known). Weights are in bits.
    """
    by = by or yardstick()
    worth = by.weights
    pieces = []
    levels = {}
    for comparison in COMPARISONS:
        level = comparison.level(one, other)
        if level is None:
            continue
        levels[comparison.code] = level.code
        bits = worth.bits[comparison.code, level.code]
        if comparison.frequency and level is comparison.levels[0] and frequency:
            bits = log2(worth.m[comparison.code, level.code] / max(frequency, worth.rarest_name))
        pieces.append(Piece(comparison.code, level.code, bits))
    prior = worth.prior(people)
    weight = prior + sum(piece.bits for piece in pieces)
    veto = _veto(one, other, levels)
    if veto == "card" and levels.get("born") not in ("same", "slip"):
        # A household with one telephone: two valid cards and two birthdays are two people.
        verdict = Verdict.NEW
    elif weight >= by.same and not veto:
        verdict = Verdict.SAME
    else:
        verdict = Verdict.PERHAPS if weight >= by.perhaps else Verdict.NEW
    return Score(tuple(pieces), prior, weight, verdict, veto)


def _veto(one: Sketch, other: Sketch, levels: dict[str, str]) -> str:
    """Why a person must look, whatever the sum: "" where nothing forbids."""
    name, born, card = levels.get("name"), levels.get("born"), levels.get("card")
    if card == "same":
        return "bearer" if name == "other" or levels.get("sex") == "other" else ""
    if card and one.genuine and other.genuine:
        return "card"
    if _other_child(one, other):
        return "twins"
    if one.provisional or other.provisional:
        return "" if levels.get("number") == "same" and born == "same" else "newborn"
    if born == "other" and levels.get("number") != "same":
        return "family"
    if name == "sound" and levels.get("address") == "door" and levels.get("phone") == "other":
        # Twins whose names sound alike, grown up and each with a telephone.
        return "" if levels.get("number") == "same" else "twins"
    if name in NAMED_ALIKE or name is None:
        return ""
    if born != "same":
        return "family"
    other_name = not set(one.shared).isdisjoint(other.shared) and one.given != other.given
    return "twins" if other_name else ""


def _other_child(one: Sketch, other: Sketch) -> bool:
    """Whether both are told to be children of one birth, in different places of the order."""
    told = (one.birth_order, other.birth_order)
    return None not in told and told[0] != told[1] and one.born == other.born
