"""A case as it is told, and as it may be believed. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.rules.kidney import egfr
from xinglin.clinical.triage.rules.terms import plain_code

# More diagnoses than a visit has; what is beyond them is said to be left out.
MOST_DIAGNOSES = 20
IN_MOTHERS = frozenset({"pregnant", "postpartum", "lactating"})
# Ages, in years, at which a pregnancy is believed without asking back.
CHILDBEARING = (10, 60)


@dataclass(frozen=True)
class Case:
    """What is known of a patient now: ICD-10 codes, numbers and signs by their catalogue codes.

    `diagnoses` are those of this visit, `problems` what the patient has besides: the lists of
    diseases ask only for the first. `age` and `age_days` are numbers. What is not in `numbers` was
    not measured.
    """

    diagnoses: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    signs: frozenset[str] = frozenset()
    sex: str = ""

    def digest_of(self) -> dict[str, Any]:
        """The inputs in one fixed form, so that equal cases have equal digests."""
        return {
            "diagnoses": sorted(set(self.diagnoses)),
            "problems": sorted(set(self.problems)),
            "numbers": {code: str(self.numbers[code]) for code in sorted(self.numbers)},
            "signs": sorted(self.signs),
            "sex": self.sex,
        }


@dataclass
class Examined:
    """The part of a case that may be believed, and a sentence for all that may not."""

    diagnoses: tuple[str, ...]
    problems: tuple[str, ...]
    numbers: dict[str, float]
    signs: frozenset[str]
    doubts: list[str]


def examine(case: Case) -> Examined:
    """Leave out what no living body has, derive what follows, and say what contradicts itself.

    Two values that contradict each other both stay: each alone may be true, and the more alarming
    one must not be lost.
    """
    doubts: list[str] = []
    numbers = _numbers(case.numbers, doubts)
    known = catalogue.signs()
    unknown = sorted(str(code)[:30] for code in case.signs if code not in known)
    if unknown:
        doubts.append(
            _("目录中没有这些征象，未计入：%(codes)s。") % {"codes": _listed(unknown[:5])}
        )
    signs = frozenset(code for code in case.signs if code in known)
    if max(len(case.diagnoses), len(case.problems)) > MOST_DIAGNOSES:
        doubts.append(_("诊断过多，只计入前 %(count)d 条。") % {"count": MOST_DIAGNOSES})
    _derive(numbers, case.sex)
    doubts += contradictions(numbers, signs, case.sex)
    return Examined(_codes(case.diagnoses), _codes(case.problems), numbers, signs, doubts)


def _codes(told: Iterable[str]) -> tuple[str, ...]:
    first = list(told)[:MOST_DIAGNOSES]
    return tuple(dict.fromkeys(filter(None, (plain_code(str(code)[:40]) for code in first))))


def _listed(codes: Iterable[str]) -> str:
    return "、".join(codes)


def _numbers(told: Mapping[str, Any], doubts: list[str]) -> dict[str, float]:
    facts = catalogue.numbers()
    found: dict[str, float] = {}
    for code, value in told.items():
        fact = facts.get(code)
        if fact is None:
            doubts.append(_("目录中没有指标“%(code)s”，未计入。") % {"code": str(code)[:30]})
            continue
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not fact.low <= number <= fact.high:
            doubts.append(
                _("%(name)s %(value)s 不在可能的范围（%(low)g～%(high)g），请核对后重测。")
                % {
                    "name": fact.label,
                    "value": str(value)[:20],
                    "low": fact.low,
                    "high": fact.high,
                }
            )
            continue
        found[code] = number
    return found


def _derive(numbers: dict[str, float], sex: str) -> None:
    """Add what follows from the rest; of two kidney values the worse counts."""
    if "age" not in numbers and "age_days" in numbers:
        numbers["age"] = numbers["age_days"] / 365.25
    if "age_days" not in numbers and "age" in numbers:
        numbers["age_days"] = numbers["age"] * 365.25
    if "glucose" not in numbers and "fasting_glucose" in numbers:
        numbers["glucose"] = numbers["fasting_glucose"]
    if "bmi" not in numbers and "weight" in numbers and "height" in numbers:
        numbers["bmi"] = numbers["weight"] / (numbers["height"] / 100) ** 2
    if "creatinine" in numbers and "age" in numbers:
        estimated = egfr(numbers["creatinine"], numbers["age"], sex)
        if estimated is not None:
            numbers["egfr"] = min(estimated, numbers.get("egfr", estimated))


def contradictions(numbers: Mapping[str, float], signs: frozenset[str], sex: str) -> list[str]:
    """A sentence for each pair of facts that cannot both be true."""
    found = []
    low, high = numbers.get("diastolic"), numbers.get("systolic")
    if low is not None and high is not None and low >= high:
        found.append(_("舒张压不低于收缩压，请重测血压。"))
    pregnant = signs & IN_MOTHERS or "weeks" in numbers
    age = numbers.get("age")
    if pregnant and sex == "male":
        found.append(_("性别为男而记有妊娠或哺乳，请核对。"))
    elif pregnant and age is not None and not CHILDBEARING[0] <= age <= CHILDBEARING[1]:
        found.append(_("年龄与妊娠不符，请核对。"))
    if "no-pulse" in signs and numbers.get("pulse"):
        found.append(_("记有脉搏而又勾选了摸不到脉搏，请核对。"))
    if "no-breathing" in signs and numbers.get("respiration"):
        found.append(_("记有呼吸而又勾选了没有呼吸，请核对。"))
    if "unconscious" in signs and numbers.get("gcs", 0) == 15:
        found.append(_("格拉斯哥评分 15 分与昏迷不符，请核对。"))
    age_days = numbers.get("age_days")
    if age is not None and age_days is not None and abs(age * 365.25 - age_days) > 366:
        found.append(_("年龄与日龄不符，请核对出生日期。"))
    return found
