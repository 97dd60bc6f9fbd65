"""What stands out of somebody's diagnoses: infectious, high risk; and which stay with them.

The lists are in `catalogue/portrait.toml`. Codes are ICD-10 in any length; a rule names a code
with all below it (`B18`) or a span of them (`I60-I64`, `N18.4-N18.5`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xinglin.clinical.record.lines import Line
from xinglin.clinical.record.portrait import Sign
from xinglin.kernel import catalogue

FILE = "portrait.toml"
ICONS = {"infectious": "shield-check", "risk": "heart-rate-monitor"}


@dataclass(frozen=True)
class Rule:
    """Diagnoses that put a sign into the head of the page for `days` (0: for good)."""

    code: str
    group: str
    zh: str
    en: str
    tone: str
    spans: tuple[tuple[str, str], ...]
    days: int

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


def _spans(codes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((first, last or first) for first, _dash, last in (c.partition("-") for c in codes))


def within(code: str, spans: Iterable[tuple[str, str]]) -> bool:
    """Whether an ICD-10 code lies in one of the spans, each as exact as its ends are."""
    return any(first <= code[: len(first)] and code[: len(last)] <= last for first, last in spans)


@catalogue.cached
def _rules(name: str) -> list[Rule]:
    return [
        Rule(
            code=row["code"],
            group=row["group"],
            zh=row["zh"],
            en=row["en"],
            tone=row["tone"],
            spans=_spans(row["icd10"]),
            days=row["days"],
        )
        for row in catalogue.read_toml(name)["sign"]
    ]


@catalogue.cached
def _chronic(name: str) -> tuple[tuple[str, str], ...]:
    return _spans(catalogue.read_toml(name)["chronic"]["icd10"])


@catalogue.cached
def _glance(name: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(codes) for codes in catalogue.read_toml(name)["glance"]["loinc"])


def chronic() -> tuple[tuple[str, str], ...]:
    """The spans of diagnoses that stay with a person."""
    return _chronic(FILE)


def glance() -> tuple[tuple[str, ...], ...]:
    """The LOINC codes of what is shown at once, pairs together, in their order."""
    return _glance(FILE)


def of(diagnoses: Iterable[Line], today: date) -> list[Sign]:
    """The signs of what was diagnosed, the infectious first; each kind once, with its latest."""
    found: dict[str, tuple[Rule, Line]] = {}
    rules = _rules(FILE)
    for line in diagnoses:
        if line.system != "icd10" or line.flag == "resolved":
            continue
        for rule in rules:
            if not within(line.code, rule.spans):
                continue
            since = today - timedelta(days=rule.days)
            if not rule.days or timezone.localdate(line.at) >= since:
                known = found.get(rule.code)
                if known is None or known[1].at < line.at:
                    found[rule.code] = rule, line
    groups = {"infectious": _("传染病"), "risk": _("高风险")}
    return [
        Sign(
            word=_("%(group)s：%(what)s") % {"group": groups[rule.group], "what": rule.label},
            tone=rule.tone,
            icon=ICONS[rule.group],
            note=f"{line.title} {timezone.localdate(line.at).isoformat()}",
        )
        for rule, line in sorted(found.values(), key=lambda each: each[0].group != "infectious")
    ]
