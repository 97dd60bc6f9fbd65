"""Matching a whole list in memory with the product's keys and scorer, and telling how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

from xinglin.registry.people.matching import Score, Sketch, Verdict, score
from xinglin.registry.people.matching.keys import keys
from xinglin.registry.people.matching.scoring import yardstick

_COUNTY = UUID(int=1)
# As at the counter: what is shared by more than these is no way to find somebody.
_MOST = 400
Pair = tuple[int, int]


def scored(sketches: Sequence[Sketch]) -> Iterator[tuple[Pair, Score]]:
    """Every pair that shares a key, by position, with its evidence."""
    blocks: dict[int, list[int]] = {}
    for at, each in enumerate(sketches):
        for key in keys(each, _COUNTY):
            blocks.setdefault(key, []).append(at)
    pairs: set[Pair] = set()
    for block in blocks.values():
        if 1 < len(block) <= _MOST:
            pairs.update(combinations(block, 2))
    names = Counter(each.name for each in sketches)
    people = len(sketches)
    by = yardstick()
    for one, other in sorted(pairs):
        a, b = sketches[one], sketches[other]
        share = names[a.name] / max(people, 10_000) if a.name == b.name else 0.0
        yield (one, other), score(a, b, people=people, frequency=share, by=by)


@dataclass
class Quality:
    """How many of the true pairs were found, and how many of the found are true."""

    found: int
    true: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.true)

    def told(self) -> dict[str, Any]:
        return {
            "precision": round(self.precision, 5),
            "recall": round(self.recall, 5),
            "f1": round(self.f1, 5),
            "found": self.found,
            "true": self.true,
        }


def true_pairs(who: Sequence[Any]) -> set[Pair]:
    """The pairs of positions that are one person."""
    by_person: dict[Any, list[int]] = {}
    for at, each in enumerate(who):
        by_person.setdefault(each, []).append(at)
    return {pair for same in by_person.values() for pair in combinations(same, 2)}


def quality(found: set[Pair], truth: set[Pair]) -> Quality:
    return Quality(len(found), len(truth), len(found & truth))


SAME, PERHAPS = Verdict.SAME, Verdict.PERHAPS
