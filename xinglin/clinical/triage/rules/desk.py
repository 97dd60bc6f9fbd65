"""Pre-examination triage: the level by what is seen at the desk. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.catalogue import Criterion, DeskLevel
from xinglin.clinical.triage.rules.advising import AGES
from xinglin.clinical.triage.rules.case import Case, examine
from xinglin.clinical.triage.rules.terms import holds

ADULT = 14


@dataclass(frozen=True)
class Grade:
    """The level, the criteria that gave it, what must still be measured, and what is doubtful."""

    level: DeskLevel
    because: tuple[Criterion, ...]
    ask: tuple[str, ...]
    doubts: tuple[str, ...]


def grade(case: Case) -> Grade:
    """How long the patient may wait; without vital signs no better than the level of caution."""
    rules = catalogue.desk()
    seen = examine(case)
    because = []
    for criterion in rules.criteria:
        verdict, missing = holds(criterion.when, seen.numbers, seen.signs)
        if verdict or (verdict is None and AGES.issuperset(missing)):
            because.append(criterion)
    child = seen.numbers.get("age", ADULT) < ADULT
    needed = [*rules.needed, *(() if child else rules.adult)]
    ask = tuple(code for code in needed if code not in seen.numbers)
    cautious = [rules.unless_known] if ask or seen.doubts else []
    level = min([*(c.level for c in because), *cautious, max(rules.levels)])
    return Grade(
        level=rules.levels[level],
        because=tuple(sorted(because, key=lambda criterion: criterion.level)),
        ask=ask,
        doubts=tuple(seen.doubts),
    )
