"""The words of a rule: `systolic >= 180 | chest-pain`, and when they hold. Pure.

A clause is a tuple of alternatives; a rule's clauses must all hold. Truth has three values: what
was not measured is neither true nor false. A sign that nobody told of does not hold.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

Spans = tuple[tuple[str, str], ...]
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_NUMBER = re.compile(r"([a-z0-9_]+)\s*(>=|<=|>|<|=)\s*(-?[0-9]+(?:\.[0-9]+)?)")
_CODE = re.compile(r"[A-Z0-9.]+")
_SPAN = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]+)?")


class WrongTerm(ValueError):
    """A term that cannot be read; `term` is its text."""

    def __init__(self, term: str) -> None:
        super().__init__(term)
        self.term = term


@dataclass(frozen=True)
class Atom:
    """A number beside a threshold, or a sign that is there (`absent`: that is not)."""

    fact: str
    test: Callable[[float, float], bool] | None = None
    threshold: float = 0.0
    absent: bool = False


Clause = tuple[Atom, ...]


def read_clauses(
    written: Iterable[str], numbers: Collection[str], signs: Collection[str]
) -> tuple[Clause, ...]:
    """The clauses of a rule; raises WrongTerm for a word that is not in the catalogue of facts."""
    return tuple(
        tuple(_atom(part.strip(), numbers, signs) for part in clause.split("|"))
        for clause in written
    )


def _atom(term: str, numbers: Collection[str], signs: Collection[str]) -> Atom:
    absent = term.startswith("!")
    name = term.removeprefix("!").strip()
    if name in signs:
        return Atom(name, absent=absent)
    found = _NUMBER.fullmatch(term)
    if found is None or found[1] not in numbers:
        raise WrongTerm(term)
    return Atom(found[1], OPERATORS[found[2]], float(found[3]))


def holds(
    clauses: tuple[Clause, ...], numbers: Mapping[str, float], signs: Collection[str]
) -> tuple[bool | None, list[str]]:
    """Whether all clauses hold; None with the numbers that would tell, where some are missing."""
    missing: list[str] = []
    for clause in clauses:
        unknown: list[str] = []
        for atom in clause:
            if atom.test is None:
                if (atom.fact in signs) is not atom.absent:
                    break
            else:
                value = numbers.get(atom.fact)
                if value is None:
                    unknown.append(atom.fact)
                elif atom.test(value, atom.threshold):
                    break
        else:
            if not unknown:
                return False, []
            missing += unknown
    return (None, missing) if missing else (True, [])


def deciding(
    clauses: tuple[Clause, ...], numbers: Mapping[str, float], signs: Collection[str]
) -> tuple[str, ...]:
    """The facts by which clauses that hold do so, each once, in the order of the rule."""
    found: dict[str, None] = {}
    for clause in clauses:
        for atom in clause:
            if atom.test is None:
                if not atom.absent and atom.fact in signs:
                    found[atom.fact] = None
            elif atom.fact in numbers and atom.test(numbers[atom.fact], atom.threshold):
                found[atom.fact] = None
    return tuple(found)


def read_spans(codes: Iterable[str]) -> Spans:
    """ICD-10 codes and spans (`I60-I64`) as pairs of ends, each as exact as it is written.

    Raises WrongTerm for what is no code.
    """
    found = []
    for written in codes:
        first, _dash, last = written.partition("-")
        if not _SPAN.fullmatch(first) or (last and not _SPAN.fullmatch(last)):
            raise WrongTerm(written)
        found.append((first, last or first))
    return tuple(found)


def within(code: str, spans: Spans) -> bool:
    """Whether a code lies in one of the spans; an extension (I10.x00x002) by its first letters."""
    return any(first <= code[: len(first)] and code[: len(last)] <= last for first, last in spans)


def categories(spans: Spans) -> frozenset[str]:
    """The categories (three characters) that spans touch: what a search looks at first."""
    found: set[str] = set()
    for first, last in spans:
        letters = [chr(each) for each in range(ord(first[0]), ord(last[0]) + 1)]
        found.update(
            category
            for letter in letters
            for number in range(100)
            if first[:3] <= (category := f"{letter}{number:02d}") <= last[:3]
        )
    return frozenset(found)


def plain_code(code: str) -> str:
    """An ICD-10 code as it is compared: full-width and small letters put right, † and * dropped.

    A code of the clinical edition fills an absent fourth character with `x`: I10.x00 is I10.
    """
    told = unicodedata.normalize("NFKC", code).upper().replace("-", "")
    found = "".join(_CODE.findall(told))
    return re.sub(r"^([A-Z][0-9]{2})\.?X.*$", r"\1", found)
