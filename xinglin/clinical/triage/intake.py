"""The case of a visit, taken from the record and from the form that is being written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from xinglin.clinical.orders import catalogue as orders
from xinglin.clinical.record.models import (
    Diagnosis,
    Encounter,
    Medication,
    Observation,
    Problem,
)
from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.models import Assessment
from xinglin.clinical.triage.rules.advising import Advice, House, advise
from xinglin.clinical.triage.rules.case import MOST_DIAGNOSES, Case
from xinglin.clinical.triage.rules.terms import plain_code, read_spans, within
from xinglin.clinical.triage.rules.words import duration, recognise
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import line_of, profiles
from xinglin.registry.people.models import Person, Sex

SEXES = {Sex.MALE: "male", Sex.FEMALE: "female"}
LOOKED_BACK = timedelta(days=400)
MOST_RESULTS = 400
HYPERTENSION = read_spans(["I10-I15"])
DIABETES = read_spans(["E10-E14"])
PREGNANT = read_spans(["O00-O48", "O60-O75", "Z33-Z35"])
BIRTH = read_spans(["O80-O92", "Z39"])
PREGNANCY, CHILDBED = timedelta(days=294), timedelta(days=42)


@dataclass(frozen=True)
class Told:
    """What a form says beyond the record; signs taken back are in `denied`."""

    complaint: str | None = None
    history: str | None = None
    code: str = ""
    numbers: Mapping[str, Any] | None = None
    signs: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()


NOTHING_TOLD = Told()


def told_of(form: Mapping[str, Any], lists: Mapping[str, Iterable[str]] | None = None) -> Told:
    """What the fields of any of the visit's forms tell; what cannot be read is left out."""
    known = catalogue.numbers()
    numbers = {}
    for code in known:
        text = str(form.get(code) or "").strip()
        if text:
            numbers[code] = text
    more = lists or {}
    return Told(
        complaint=_text(form, "complaint", 200),
        history=_text(form, "history", 1000),
        code=str(form.get("code") or "")[:30] if form.get("system", "icd10") == "icd10" else "",
        numbers=numbers,
        signs=frozenset(more.get("sign", ())),
        denied=frozenset(more.get("denied", ())),
    )


def _text(form: Mapping[str, Any], name: str, limit: int) -> str | None:
    return str(form[name])[:limit] if name in form else None


def house_of(org_id: UUID, day: date | None = None) -> House:
    """A house with what it can do, and the houses above it."""
    line = line_of(org_id)
    known = profiles(line, day or timezone.localdate())
    above: House | None = None
    for house in reversed(line):
        profile = known[house.pk]
        above = House(
            level=profile.level,
            has=profile.has,
            added=tuple((code, code) for code in profile.added),
            dropped=tuple((code, code) for code in profile.dropped),
            above=above,
        )
    return above or House(level="")


def age_numbers(born: date | None, on: date) -> dict[str, float]:
    """Age in years and in days; nothing without a birth date or with one to come."""
    if born is None or born > on:
        return {}
    days = (on - born).days
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return {"age": float(years) if years >= 1 else days / 365.25, "age_days": float(days)}


def case_of(actor: Actor, visit: Encounter, told: Told = NOTHING_TOLD) -> Case:
    """The case of a visit, as far as the post may read the person's record."""
    person, today = visit.person, timezone.localdate(visit.started_at)
    since = visit.started_at - LOOKED_BACK
    diagnosed = list(
        Diagnosis.objects.visible_to(actor)
        .of(person)
        .standing()
        .filter(system="icd10", happened_at__gte=since)
        .newest_first()
        .values_list("code", "encounter_id", "happened_at")[:MOST_RESULTS]
    )
    problems = list(
        Problem.objects.visible_to(actor)
        .of(person)
        .standing()
        .filter(system="icd10")
        .exclude(status=Problem.Status.RESOLVED)
        .values_list("code", flat=True)[:MOST_DIAGNOSES]
    )
    own = [code for code, visit_id, _at in diagnosed if visit_id == visit.pk]
    if told.code:
        own.insert(0, told.code)
    measured = _measured(actor, person, since)
    numbers: dict[str, Any] = {**_newest(measured, visit), **age_numbers(person.birth_date, today)}
    numbers.update(told.numbers or {})
    complaint = visit.complaint if told.complaint is None else told.complaint
    history = visit.history if told.history is None else told.history
    hours = duration(complaint)
    if hours is not None:
        numbers.setdefault("duration_hours", hours)
        numbers.setdefault("duration_days", hours / 24)
    codes = [plain_code(code) for code in (*own, *problems)]
    numbers["bad_followups"] = _unsatisfactory(measured, visit, codes, numbers)
    numbers["visits"] = _visits(diagnosed, own, visit)
    taken = Medication.objects.visible_to(actor).of(person).in_use(today)
    numbers.update(_kinds(taken.order_by().values_list("name", flat=True).distinct()))
    signs = recognise(f"{complaint}。{history}") | told.signs | _mother(diagnosed, visit)
    return Case(
        diagnoses=tuple(dict.fromkeys(own)),
        problems=tuple(code for code in dict.fromkeys(problems) if code not in own),
        numbers=numbers,
        signs=signs - told.denied,
        sex=SEXES.get(Sex(person.sex), ""),
    )


def _kinds(names: Iterable[str]) -> dict[str, int]:
    """How many kinds of drug are in use, for every fact that asks for some classes of them."""
    found: set[str] = set()
    for name in names:
        found |= orders.classes_of(name)
    asked = {code: set(fact.classes) for code, fact in catalogue.numbers().items() if fact.classes}
    return {code: len(found & classes) for code, classes in asked.items()}


Result = tuple[str, float, datetime, UUID | None]


def _measured(actor: Actor, person: Person, since: datetime) -> list[Result]:
    """Numbers of the record that a fact of the catalogue reads, the newest first."""
    codes = {loinc for fact in catalogue.numbers().values() for loinc in fact.loinc}
    rows = (
        Observation.objects.visible_to(actor)
        .of(person)
        .standing()
        .filter(system="loinc", code__in=codes, value__isnull=False, happened_at__gte=since)
        .newest_first()
        .values_list("code", "value", "happened_at", "encounter_id")
    )
    return [(code, float(value), at, visit) for code, value, at, visit in rows[:MOST_RESULTS]]


def _newest(measured: Iterable[Result], visit: Encounter) -> dict[str, float]:
    """The newest value of each fact that is not too old; vital signs of this visit's day only."""
    found: dict[str, float] = {}
    day = timezone.localdate(visit.started_at)
    facts = [(fact.code, fact.loinc, fact.days) for fact in catalogue.numbers().values()]
    for loinc, value, at, visit_id in measured:
        for code, codes, days in facts:
            if code in found or loinc not in codes:
                continue
            here = visit_id == visit.pk or timezone.localdate(at) == day
            if here or (days and at >= visit.started_at - timedelta(days=days)):
                found[code] = value
    return found


def _unsatisfactory(
    measured: Iterable[Result],
    visit: Encounter,
    codes: Iterable[str],
    numbers: Mapping[str, Any],
) -> float:
    """How many follow-ups in a row, up to now, were beyond the goal; of two diseases the worse."""
    listed = list(codes)
    age = numbers.get("age") or 0
    elderly = age >= parameters.get("triage.control.elderly_age")
    goal = parameters.get(f"triage.control.systolic{'_elderly' if elderly else ''}")
    goals: list[dict[str, float]] = []
    if any(within(code, HYPERTENSION) for code in listed):
        low = parameters.get("triage.control.diastolic")
        goals.append({"8480-6": float(goal), "8462-4": float(low)})
    if any(within(code, DIABETES) for code in listed):
        limit = float(parameters.get("triage.control.fasting_glucose"))
        goals.append({"14771-0": limit, "15074-8": limit})
    worst = 0
    for each in goals:
        days: dict[date, bool] = {}
        for loinc, value, at, _visit in measured:
            if loinc in each and at <= visit.started_at + timedelta(days=1):
                day = timezone.localdate(at)
                days[day] = days.get(day, False) or value >= each[loinc]
        run = 0
        for day in sorted(days, reverse=True):
            if not days[day]:
                break
            run += 1
        worst = max(worst, run)
    return float(worst)


def _visits(
    diagnosed: Iterable[tuple[str, UUID | None, datetime]], own: Iterable[str], visit: Encounter
) -> float:
    """How many visits, with this one, were lately about the same diseases."""
    since = visit.started_at - parameters.duration("triage.same_problem_days")
    categories = {plain_code(code)[:3] for code in own}
    found = {
        visit_id
        for code, visit_id, at in diagnosed
        if visit_id is not None and at >= since and plain_code(code)[:3] in categories
    }
    return float(len(found | {visit.pk}))


def _mother(
    diagnosed: Iterable[tuple[str, UUID | None, datetime]], visit: Encounter
) -> frozenset[str]:
    """Whether the record tells of a pregnancy that goes on, or of a birth some weeks ago."""
    births = [at for code, _visit, at in diagnosed if within(plain_code(code), BIRTH)]
    last = max(births, default=None)
    if last is not None and last >= visit.started_at - CHILDBED:
        return frozenset({"postpartum"})
    for code, _visit, at in diagnosed:
        begun = at >= visit.started_at - PREGNANCY and (last is None or at > last)
        if begun and within(plain_code(code), PREGNANT):
            return frozenset({"pregnant"})
    return frozenset()


def assess(visit: Encounter, case: Case, advice: Advice | None = None) -> Assessment:
    """An assessment of a visit, not yet decided and not yet stored."""
    found = advice or advise(case, house_of(visit.organisation_id))
    inputs = json.dumps(case.digest_of(), ensure_ascii=False, sort_keys=True)
    return Assessment(
        county_id=visit.person.county_id,
        person=visit.person,
        organisation=visit.organisation,
        encounter=visit,
        domain=visit.domain,
        outcome=found.outcome,
        level=found.level,
        department=found.department,
        needs=list(found.needs),
        channel=found.channel,
        urgency=found.urgency,
        grounds=[
            {
                "code": ground.code,
                "answer": ground.answer,
                "zh": ground.zh,
                "en": ground.en,
                "source": ground.source,
                "article": ground.article,
                "facts": [[code, value] for code, value in ground.facts],
            }
            for ground in found.grounds
        ],
        ask=list(found.ask),
        doubts=list(found.doubts),
        edition=catalogue.edition(),
        digest=hashlib.sha256(inputs.encode()).hexdigest(),
    )
