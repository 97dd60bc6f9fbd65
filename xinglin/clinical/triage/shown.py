"""Advice and grades as templates draw them, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xinglin.clinical.record.rules import said_unit
from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.models import Outcome
from xinglin.clinical.triage.rules.advising import Advice
from xinglin.registry.organisations.catalogue import ability_label
from xinglin.registry.organisations.models import Level

TONES = {
    Outcome.EMERGENCY: ("bad", "ambulance"),
    Outcome.REFER: ("warn", "arrows-exchange"),
    Outcome.MEASURE: ("info", "activity-heartbeat"),
    Outcome.TREAT: ("good", "stethoscope"),
    Outcome.DOWN: ("brand", "home"),
}


@dataclass(frozen=True)
class Line:
    """One reason: its sentence, what it goes by, and what it rests on."""

    code: str
    text: str
    facts: str
    source: str
    article: str
    outcome: str
    tone: str
    icon: str


@dataclass(frozen=True)
class Shown:
    """Advice in words."""

    outcome: str
    answer: str
    where: str
    tone: str
    icon: str
    lines: list[Line] = field(default_factory=list)
    ask: list[str] = field(default_factory=list)
    doubts: tuple[str, ...] = ()


def said_facts(facts: Iterable[tuple[str, float | None]]) -> str:
    """The values by which a rule held: 收缩压 186 mmHg、胸痛."""
    told = []
    for code, value in facts:
        fact = catalogue.numbers().get(code)
        label = catalogue.label_of(code)
        if fact is None or value is None:
            told.append(label)
        else:
            told.append(f"{label} {round(value, 1):g} {said_unit(fact.unit)}".strip())
    return _("、").join(told)


def line(ground: Mapping[str, Any]) -> Line:
    """A kept reason in words."""
    tone, icon = TONES[Outcome(ground["answer"])]
    name = "en" if (get_language() or "").startswith("en") else "zh"
    return Line(
        code=ground["code"],
        text=ground[name],
        facts=said_facts((code, value) for code, value in ground["facts"]),
        source=ground["source"],
        article=ground["article"],
        outcome=str(Outcome(ground["answer"]).label),
        tone=tone,
        icon=icon,
    )


def where(level: str, department: str, channel: str, needs: Iterable[str]) -> str:
    """Where to: 县级医疗机构 · 心内科 · 胸痛绿色通道（急诊冠脉介入）."""
    found = catalogue.channels().get(channel)
    parts = [
        str(Level(level).label) if level else "",
        ability_label(department) if department else "",
        _("%(name)s绿色通道") % {"name": found.label} if found else "",
    ]
    words = " · ".join(filter(None, parts))
    techniques = _("、").join(ability_label(code) for code in needs)
    return (
        _("%(where)s（需要%(what)s）") % {"where": words, "what": techniques}
        if (techniques and words)
        else words
    )


def asks(codes: Iterable[str]) -> list[str]:
    """What to do next so that the question can be judged, each once."""
    known = catalogue.numbers()
    return list(dict.fromkeys(known[code].ask for code in codes if code in known))


def advice(found: Advice) -> Shown:
    """Fresh advice in words."""
    outcome = Outcome(found.outcome)
    tone, icon = TONES[outcome]
    return Shown(
        outcome=found.outcome,
        answer=str(outcome.label),
        where=where(found.level, found.department, found.channel, found.needs),
        tone=tone,
        icon=icon,
        lines=[
            line(
                {
                    "code": ground.code,
                    "answer": ground.answer,
                    "zh": ground.zh,
                    "en": ground.en,
                    "source": ground.source,
                    "article": ground.article,
                    "facts": ground.facts,
                }
            )
            for ground in found.grounds
        ],
        ask=asks(found.ask),
        doubts=found.doubts,
    )
