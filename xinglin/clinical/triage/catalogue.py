"""Facts, rules, disease lists, levels and reasons of triage, from `catalogue/`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xinglin.clinical.triage.rules.terms import (
    Clause,
    Spans,
    WrongTerm,
    categories,
    read_clauses,
    read_spans,
)
from xinglin.kernel import catalogue
from xinglin.kernel.errors import Refused

FACTS = "triage-facts.toml"
RULES = "triage-rules.toml"
DESK = "pretriage.toml"
REASONS = "triage-reasons.toml"
TOWNSHIP_LIST = "tiered-township.csv"
COUNTY_LIST = "tiered-county.csv"
LEVELS = ("village", "township", "county", "city")
ANSWERS = ("emergency", "refer", "notice", "down")
FILES = (FACTS, RULES, DESK, TOWNSHIP_LIST, COUNTY_LIST)


class WrongRule(Refused):
    """A catalogue file, mostly the county's own, holds a rule that cannot be read."""

    code = "wrong-triage-rule"


@dataclass(frozen=True)
class Named:
    """A code with its two names."""

    code: str
    zh: str
    en: str

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True)
class Number(Named):
    """A measurable fact: UCUM unit, possible range, results that tell it, how to know it.

    `classes` are those of drugs, where it is the number of kinds of them in use.
    """

    unit: str
    low: float
    high: float
    loinc: tuple[str, ...]
    classes: tuple[str, ...]
    days: int
    worse: str
    ask_zh: str
    ask_en: str
    desk: bool

    @property
    def ask(self) -> str:
        return self.ask_en if (get_language() or "").startswith("en") else self.ask_zh


@dataclass(frozen=True)
class Sign(Named):
    """Something seen or said; `words` tell it in a complaint."""

    words: tuple[str, ...]
    desk: bool


@dataclass(frozen=True)
class Group(Named):
    """Rules that rest on the same document."""

    source: str
    article: str
    confidence: str


@dataclass(frozen=True)
class Rule(Named):
    """One rule: whom it speaks to, when, what it answers, and what it rests on."""

    group: Group
    spans: Spans
    categories: frozenset[str]
    at: tuple[str, ...]
    when: tuple[Clause, ...]
    written: tuple[str, ...]
    without: frozenset[str]
    answer: str
    channel: str
    to: str
    department: str
    needs: tuple[str, ...]
    urgency: str
    ask: tuple[str, ...]
    source: str
    article: str
    confidence: str


@dataclass(frozen=True)
class Disease(Named):
    """A row of a disease list; `mark` is the level (V, T) or the class (E, M, S, C, O, P, X)."""

    spans: Spans
    mark: str


@dataclass(frozen=True)
class DeskLevel(Named):
    """A level of pre-examination triage and how long such a patient may wait, in minutes."""

    minutes: int
    tone: str
    route_zh: str
    route_en: str

    @property
    def route(self) -> str:
        return self.route_en if (get_language() or "").startswith("en") else self.route_zh


@dataclass(frozen=True)
class Criterion(Named):
    """What puts a patient into a level."""

    level: str
    when: tuple[Clause, ...]


@dataclass(frozen=True)
class DeskRules:
    """Levels by code, criteria in the order of the file, and what must be known for level 4."""

    levels: dict[str, DeskLevel]
    criteria: tuple[Criterion, ...]
    needed: tuple[str, ...]
    adult: tuple[str, ...]
    unless_known: str


@dataclass(frozen=True)
class Reason(Named):
    """A coded reason to decide otherwise; `text` asks for words beside it."""

    text: bool = False


@catalogue.cached
def _numbers(name: str) -> dict[str, Number]:
    return {
        row["code"]: Number(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            unit=row.get("unit", ""),
            low=float(row["low"]),
            high=float(row["high"]),
            loinc=tuple(row.get("loinc", ())),
            classes=tuple(row.get("classes", ())),
            days=row.get("days", 0),
            worse=row.get("worse", ""),
            ask_zh=row["ask"],
            ask_en=row["ask_en"],
            desk=row.get("desk", False),
        )
        for row in catalogue.read_toml(name)["number"]
    }


def numbers() -> dict[str, Number]:
    """The measurable facts by code, in the order of the file."""
    return _numbers(FACTS)


@catalogue.cached
def _signs(name: str) -> dict[str, Sign]:
    return {
        row["code"]: Sign(
            row["code"], row["zh"], row["en"], tuple(row["words"]), row.get("desk", False)
        )
        for row in catalogue.read_toml(name)["sign"]
    }


def signs() -> dict[str, Sign]:
    """What is seen or said, by code, in the order of the file."""
    return _signs(FACTS)


def label_of(code: str) -> str:
    """What a fact is called."""
    found: Named | None = numbers().get(code) or signs().get(code)
    return found.label if found else code


def _wrong(code: str, term: str) -> WrongRule:
    return WrongRule(
        _("分诊规则 %(rule)s 写法有误：“%(term)s”。请核对目录文件。") % {"rule": code, "term": term}
    )


def _clauses(code: str, written: tuple[str, ...]) -> tuple[Clause, ...]:
    try:
        return read_clauses(written, numbers().keys(), signs().keys())
    except WrongTerm as wrong:
        raise _wrong(code, wrong.term) from None


def _spans(code: str, written: Iterable[str]) -> Spans:
    try:
        return read_spans(written)
    except WrongTerm as wrong:
        raise _wrong(code, wrong.term) from None


@catalogue.cached
def _groups(name: str) -> dict[str, Group]:
    return {
        row["code"]: Group(
            row["code"], row["zh"], row["en"], row["source"], row["article"], row["confidence"]
        )
        for row in catalogue.read_toml(name)["group"]
    }


def groups() -> dict[str, Group]:
    return _groups(RULES)


def _rule(row: dict[str, Any]) -> Rule:
    group = groups().get(row["group"])
    if group is None:
        raise _wrong(row["code"], row["group"])
    answers = row["answer"] in ANSWERS and row.get("channel", "") in ("", *channels())
    if not answers or row.get("to", "") not in ("", *LEVELS) or set(row["at"]) - set(LEVELS):
        raise _wrong(row["code"], " ".join(map(str, (row["answer"], row.get("to", ""), row["at"]))))
    written = tuple(row.get("when", ()))
    spans = _spans(row["code"], row.get("icd", ()))
    ask = tuple(row.get("ask", ()))
    if strange := [code for code in ask if code not in numbers()]:
        raise _wrong(row["code"], strange[0])
    return Rule(
        code=row["code"],
        zh=row["zh"],
        en=row["en"],
        group=group,
        spans=spans,
        categories=categories(spans),
        at=tuple(row["at"]),
        when=_clauses(row["code"], written),
        written=written,
        without=frozenset(row.get("without", ())),
        answer=row["answer"],
        channel=row.get("channel", ""),
        to=row.get("to", ""),
        department=row.get("department", ""),
        needs=tuple(row.get("needs", ())),
        urgency=row.get("urgency", "routine"),
        ask=ask,
        source=row.get("source", group.source),
        article=row.get("article", group.article),
        confidence=row.get("confidence", group.confidence),
    )


@catalogue.cached
def _rules(name: str) -> list[Rule]:
    # The words of the rules are in another file: a change of either makes new rules.
    rows = catalogue.read_toml(name)["rule"]
    return [_rule(row) for row in rows if row.get("enabled", True)]


_by_level: tuple[Any, dict[str, list[Rule]]] = (None, {})


def rules() -> list[Rule]:
    """All rules in force, in the order of the file."""
    return _rules(RULES)


def rules_at(level: str) -> list[Rule]:
    """The rules that speak to houses of a level."""
    global _by_level
    every = rules()
    if _by_level[0] is not every:
        sorted_: dict[str, list[Rule]] = {}
        for rule in every:
            for each in rule.at:
                sorted_.setdefault(each, []).append(rule)
        _by_level = (every, sorted_)
    return _by_level[1].get(level, [])


@catalogue.cached
def _channels(name: str) -> dict[str, Named]:
    rows = catalogue.read_toml(name)["channel"]
    return {row["code"]: Named(row["code"], row["zh"], row["en"]) for row in rows}


def channels() -> dict[str, Named]:
    """The green channels by code."""
    return _channels(RULES)


@dataclass(frozen=True)
class DiseaseList:
    """The rows of a list in its order, and those that touch a category of ICD-10."""

    rows: tuple[Disease, ...]
    by_category: dict[str, tuple[Disease, ...]]
    title: str


@catalogue.cached
def _diseases(name: str) -> DiseaseList:
    rows = []
    by_category: dict[str, list[Disease]] = {}
    for row in catalogue.read_csv(name):
        also = (row.get("also") or "").replace(" ", "").split(";")
        disease = Disease(
            code=row["icd10"],
            zh=row["name_cn"],
            en=row["name_en"],
            spans=_spans(row["icd10"], [row["icd10"], *filter(None, also)]),
            mark=row.get("level") or row.get("class") or "",
        )
        rows.append(disease)
        for category in categories(disease.spans):
            by_category.setdefault(category, []).append(disease)
    found = {category: tuple(each) for category, each in by_category.items()}
    return DiseaseList(tuple(rows), found, catalogue.source_of(name).title)


def township_list() -> DiseaseList:
    """What village clinics (V) and township centres (T) treat."""
    return _diseases(TOWNSHIP_LIST)


def county_list() -> DiseaseList:
    """What the county treats, by class."""
    return _diseases(COUNTY_LIST)


@catalogue.cached
def _desk(name: str) -> DeskRules:
    told = catalogue.read_toml(name)
    return DeskRules(
        levels={
            row["code"]: DeskLevel(
                row["code"],
                row["zh"],
                row["en"],
                row["minutes"],
                row["tone"],
                row["route_zh"],
                row["route_en"],
            )
            for row in told["level"]
        },
        criteria=tuple(
            Criterion(
                row["code"],
                row["zh"],
                row["en"],
                row["level"],
                _clauses(row["code"], tuple(row["when"])),
            )
            for row in told["criterion"]
        ),
        needed=tuple(told["needs"]["needed"]),
        adult=tuple(told["needs"]["adult"]),
        unless_known=told["needs"]["unless_known"],
    )


def desk() -> DeskRules:
    """Pre-examination triage in four levels."""
    return _desk(DESK)


@catalogue.cached
def _reasons(name: str) -> dict[str, Reason]:
    return {
        row["code"]: Reason(row["code"], row["zh"], row["en"], row.get("text", False))
        for row in catalogue.read_toml(name)["reasons"]["overrule"]["codes"]
    }


def reasons() -> dict[str, Reason]:
    """Why a doctor may decide otherwise."""
    return _reasons(REASONS)


_edition: tuple[Any, str] = (None, "")


def edition() -> str:
    """Which rules were asked: the edition of the file, and a digest of all that was read.

    The county's overlay is part of the digest, so that advice can be traced to the very rules.
    """
    global _edition
    now = tuple(catalogue.stamp(name) for name in FILES)
    if _edition[0] != now:
        digest = hashlib.sha256()
        for name in FILES:
            content: Any = (
                catalogue.read_toml(name) if name.endswith(".toml") else catalogue.read_csv(name)
            )
            digest.update(repr(content).encode())
        said = catalogue.source_of(RULES).edition
        _edition = (now, f"{said}+{digest.hexdigest()[:12]}")
    return _edition[1]
