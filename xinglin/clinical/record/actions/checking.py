"""Whether a fact can be true: put in its standard form, or refused naming the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.privacy import catalogue as sensitive
from xinglin.clinical.record import catalogue, rules
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    OfEncounter,
    Problem,
    Procedure,
)
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.terminology import catalogue as terminology


class WrongDates(Refused):
    code = "wrong-dates"


def check(fact: Fact) -> None:
    """Put a fact in its standard form, or refuse naming the field."""
    checker = CHECKERS.get(type(fact))
    if checker is not None:
        checker(fact)
    if isinstance(fact, OfEncounter) and fact.encounter is not None:
        if fact.encounter.voided_at is not None:
            raise WrongState(_("该次就诊已作废，不能再写入。"))
        if fact.encounter.person_id != fact.person_id:
            raise Refused(_("就诊与居民不符。"), field="encounter")
    if fact._state.adding:
        _alive(fact)
    fact.domain = _domain(fact)
    fact.clean_or_refuse(exclude=["person", "organisation", "encounter", "problem", "file", "data"])


# What is only done to, or found in, the living.
_OF_THE_LIVING = (Encounter, Diagnosis, Observation, Medication, Procedure, Immunization)
# A specimen taken in life may be reported on weeks later.
_REPORTED_LATE = timedelta(days=30)


def _alive(fact: Fact) -> None:
    """Nothing is done to somebody after their death; what was done before may be told later."""
    died = fact.person.deceased_on
    if died is None or not isinstance(fact, _OF_THE_LIVING):
        return
    told: date | datetime = getattr(fact, fact.WHEN)
    day = timezone.localdate(told) if isinstance(told, datetime) else told
    reported = isinstance(fact, Observation) and fact.kind == Observation.Kind.LABORATORY
    if day > died + (_REPORTED_LATE if reported else timedelta(0)):
        raise WrongDates(
            _("该居民已登记死亡（%(died)s），%(label)s不能晚于死亡日期。")
            % {"died": died.isoformat(), "label": fact.label_of(fact.WHEN)},
            field=fact.WHEN,
        )


def _domain(fact: Fact) -> str:
    """The sensitive domain of a fact: by its diagnosis, else that of its encounter."""
    if isinstance(fact, Diagnosis | Problem | FamilyHistory) and fact.system == "icd10":
        own = sensitive.domain_of(fact.code)
        if own:
            return own
    if isinstance(fact, OfEncounter) and fact.encounter is not None:
        return fact.encounter.domain
    return fact.domain


def _encounter(fact: Encounter) -> None:
    rules.not_in_future(fact.started_at, "started_at", _("就诊时间"))
    rules.not_in_future(fact.ended_at, "ended_at", _("结束时间"))
    _born(fact, "started_at")
    if fact.ended_at and fact.ended_at < fact.started_at:
        raise WrongDates(_("结束时间不能早于就诊时间。"), field="ended_at")
    _coded(fact, {"discharge_way": "discharge-way", "outcome": "outcome"})


def _diagnosis(fact: Diagnosis) -> None:
    rules.not_in_future(fact.diagnosed_on, "diagnosed_on", _("诊断日期"))
    _born(fact, "diagnosed_on")
    _named(fact, "icd10")
    _coded(fact, {"on_admission": "on-admission"})
    if fact.problem is not None and fact.problem.person_id != fact.person_id:
        raise Refused(_("健康问题与居民不符。"), field="problem")


def _problem(fact: Problem) -> None:
    rules.not_in_future(fact.noted_on, "noted_on", _("记录日期"))
    rules.not_in_future(fact.onset_on, "onset_on", _("起病日期"))
    rules.not_in_future(fact.abated_on, "abated_on", _("缓解日期"))
    for name in ("noted_on", "onset_on", "abated_on"):
        _born(fact, name)
    if fact.onset_on and fact.abated_on and fact.abated_on < fact.onset_on:
        raise WrongDates(_("缓解日期不能早于起病日期。"), field="abated_on")
    if fact.abated_on and fact.status == Problem.Status.ACTIVE:
        raise WrongDates(_("填了缓解日期的问题，状态应为静止或已解决。"), field="status")
    _named(fact, "icd10")


def _procedure(fact: Procedure) -> None:
    rules.not_in_future(fact.performed_at, "performed_at", _("手术操作时间"))
    rules.not_in_future(fact.ended_at, "ended_at", _("手术操作结束时间"))
    _born(fact, "performed_at")
    if fact.ended_at and fact.ended_at < fact.performed_at:
        raise WrongDates(_("手术操作结束时间不能早于开始时间。"), field="ended_at")
    _named(fact, "icd9cm3")
    _coded(
        fact,
        {"grade": "operation-grade", "anaesthesia": "anaesthesia", "healing": "wound-healing"},
    )


def _immunization(fact: Immunization) -> None:
    rules.not_in_future(fact.given_on, "given_on", _("接种日期"))
    _born(fact, "given_on")
    if fact.expires_on and fact.expires_on < fact.given_on:
        raise WrongDates(_("接种当日疫苗已过有效期，请核对。"), field="expires_on")
    if fact.next_due_on and fact.next_due_on <= fact.given_on:
        raise WrongDates(_("下次接种日期应晚于本次接种日期。"), field="next_due_on")
    if fact.dose_number == 0:
        raise Refused(_("剂次从 1 起。"), field="dose_number")
    if fact.dose_value is not None and fact.dose_value <= 0:
        raise rules.ImpossibleValue(_("接种剂量应大于 0。"), field="dose_value")
    if fact.code:
        _named(fact, "vaccine")
    _coded(fact, {"site": "injection-site", "route": "vaccination-route"})


def _family(fact: FamilyHistory) -> None:
    rules.not_in_future(fact.noted_on, "noted_on", _("记录日期"))
    _born(fact, "noted_on")
    terminology.require("family-relation", fact.relation, field="relation")
    if fact.relation in ("01", "02"):
        raise Refused(_("家族史写亲属的病，不写本人。"), field="relation")
    if fact.onset_age is not None and fact.onset_age > 130:
        raise rules.ImpossibleValue(_("发病年龄不在可能的范围，请核对。"), field="onset_age")
    _named(fact, "icd10", "past-disease")


def _observation(fact: Observation) -> None:
    rules.not_in_future(fact.measured_at, "measured_at", _("测量时间"))
    _born(fact, "measured_at")
    if fact.value is None and not fact.text.strip():
        raise Refused(_("请填写数值或文字结果。"), field="value")
    for name in ("value", "reference_low", "reference_high"):
        rules.check_size(getattr(fact, name), name)
    low, high = fact.reference_low, fact.reference_high
    if low is not None and high is not None and low > high:
        raise rules.ImpossibleValue(_("参考值下限不能高于上限。"), field="reference_low")
    _coded(fact, {"specimen": "specimen"})
    if fact.system != "loinc":
        return
    item = catalogue.find(fact.code)
    if item is None:
        rules.check_loinc(fact.code)
        if fact.value is not None and fact.unit:
            fact.unit = rules.check_ucum(fact.unit)
        return
    _as_item(fact, item)


def _as_item(fact: Observation, item: catalogue.Item) -> None:
    """A result in the catalogue's unit and words, read against what is usual for the person."""
    fact.name = fact.name or item.zh
    if fact.kind == Observation.Kind.VITAL:
        fact.kind = item.kind
    if fact.kind == Observation.Kind.LABORATORY:
        fact.specimen = fact.specimen or item.specimen
    if fact.value is None:
        if item.kind == Observation.Kind.VITAL and any(map(str.isdigit, fact.text)):
            raise rules.ImpossibleValue(
                _("%(item)s请只填一个数值，单位另填。") % {"item": item.label}, field="value"
            )
        fact.text, read = rules.result_in_words(item, fact.text)
        fact.interpretation = fact.interpretation or read
        return
    told = fact.value
    fact.value = rules.in_unit(item, told, fact.unit)
    if fact.value != told:
        fact.as_told = f"{told.normalize():f} {fact.unit}"
    for name in ("reference_low", "reference_high"):
        # The limits were told in the unit of the value.
        limit = getattr(fact, name)
        if limit is not None:
            setattr(fact, name, rules.in_unit(item, limit, fact.unit))
    fact.unit = item.unit
    rules.check_value(item, fact.value)
    usual = item.usual(fact.person.sex, fact.person.age_years(timezone.localdate(fact.measured_at)))
    if usual and fact.reference_low is None and fact.reference_high is None:
        fact.reference_low, fact.reference_high = usual.low, usual.high
    own = catalogue.Range(fact.reference_low, fact.reference_high)
    known = own.low is not None or own.high is not None
    fact.interpretation = fact.interpretation or rules.interpretation(
        item, fact.value, own if known else None
    )


def _allergy(fact: Allergy) -> None:
    rules.not_in_future(fact.noted_on, "noted_on", _("记录日期"))
    _born(fact, "noted_on")


# A prescription may begin later; one that begins in years is a slip of the pen.
_FURTHEST = timedelta(days=366)


def _medication(fact: Medication) -> None:
    _born(fact, "started_on")
    if fact.started_on > timezone.localdate() + _FURTHEST:
        raise WrongDates(_("开始日期过远，请核对。"), field="started_on")
    if fact.ended_on is None and fact.days and fact.intent == Medication.Intent.ORDER:
        # What was given for so many days is used up then, unless it is ordered again.
        fact.ended_on = fact.started_on + timedelta(days=fact.days - 1)
    if fact.ended_on and fact.ended_on < fact.started_on:
        raise WrongDates(_("停用日期不能早于开始日期。"), field="ended_on")
    _coded(fact, {"frequency_code": "frequency", "route_code": "route"})
    for code, words, system in (
        ("frequency_code", "frequency", "frequency"),
        ("route_code", "route", "route"),
    ):
        _both(fact, code, words, system)
    if fact.dose_value is not None:
        if fact.dose_value <= 0:
            raise rules.ImpossibleValue(_("每次剂量应大于 0。"), field="dose_value")
        if not fact.dose_unit:
            raise rules.WrongUnit(_("请填写剂量单位。"), field="dose_unit")
        fact.dose = fact.dose or f"{fact.dose_value.normalize():f} {fact.dose_unit}"
    else:
        rules.check_dose(fact.dose)
        fact.dose_value, fact.dose_unit = rules.dose_of(fact.dose)
    if fact.stop_reason and not fact.ended_on:
        raise Refused(_("填了停用原因，也请填写停用日期。"), field="ended_on")


def _both(fact: Medication, code: str, words: str, system: str) -> None:
    """The words of a code, and the code of words that are the catalogue's own."""
    if getattr(fact, code):
        if not getattr(fact, words):
            setattr(fact, words, terminology.require(system, getattr(fact, code)).zh)
        return
    said = getattr(fact, words).strip()
    for concept in terminology.code_list(system).concepts if said else ():
        if said in (concept.zh, concept.en) or said.lower() == concept.code:
            setattr(fact, code, concept.code)
            return


COVER_CODES = {
    "residence": "residence",
    "abo": "abo",
    "rh": "rh",
    "education": "education",
    "occupation": "occupation",
    "marriage": "marriage",
    "exhaust": "kitchen-exhaust",
    "fuel": "fuel",
    "water": "drinking-water",
    "toilet": "toilet",
    "livestock": "livestock",
    "close_reason": "record-end",
}
COVER_LISTS = {
    "payments": "payment-type",
    "drug_allergies": "drug-allergy",
    "exposures": "exposure",
    "disabilities": "disability",
}
_MONTH = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?")


def _cover(fact: HealthCover) -> None:
    fact.number = rules.check_record_number(fact.number)
    rules.not_in_future(fact.established_on, "established_on", _("建档日期"))
    _born(fact, "established_on")
    _coded(fact, COVER_CODES)
    for name, system in COVER_LISTS.items():
        codes = list(dict.fromkeys(getattr(fact, name)))
        for code in codes:
            terminology.require(system, code, field=name)
        _none_alone(name, codes)
        setattr(fact, name, codes)
    diseases = [_past(fact, "past_diseases", each) for each in fact.past_diseases]
    for each in diseases:
        terminology.require("past-disease", each.get("code", ""), field="past_diseases")
    _none_alone("past_diseases", [each["code"] for each in diseases])
    fact.past_diseases = diseases
    for name in ("operations", "injuries", "transfusions"):
        told = [_past(fact, name, each) for each in getattr(fact, name)]
        if any(not each.get("name") for each in told):
            raise Refused(_("请填写名称。"), field=name)
        setattr(fact, name, told)
    if fact.closed_on is not None:
        rules.not_in_future(fact.closed_on, "closed_on", _("终止日期"))
        if fact.closed_on < fact.established_on:
            raise WrongDates(_("终止日期不能早于建档日期。"), field="closed_on")
        if not fact.close_reason:
            raise Refused(_("请选择终止原因。"), field="close_reason")


def _document(fact: Document) -> None:
    rules.not_in_future(fact.filed_at, "filed_at", _("归档时间"))
    elsewhere = fact.data.get("elsewhere")
    if elsewhere is not None and not str(elsewhere.get("url", "")).startswith(
        ("https://", "http://")
    ):
        raise Refused(_("文件地址应以 http:// 或 https:// 开头。"), field="url")


def _none_alone(name: str, codes: list[str]) -> None:
    if "none" in codes and len(codes) > 1:
        raise Refused(_("“无”不能与其他选项同时选择。"), field=name)


def _past(fact: HealthCover, field: str, told: Any) -> dict[str, str]:
    """One line of the form's history: what, and the month in which it was."""
    if not isinstance(told, dict) or not all(isinstance(each, str) for each in told.values()):
        raise Refused(_("应为名称与年月。"), field=field)
    kept = {name: told[name].strip()[:100] for name in ("code", "name", "on") if told.get(name)}
    on = kept.get("on", "")
    if on:
        if not _MONTH.fullmatch(on):
            raise Refused(_("“%(on)s”不是年月，请写成 2019-05 的样子。") % {"on": on}, field=field)
        if on > f"{timezone.localdate():%Y-%m}"[: len(on)]:
            raise rules.InTheFuture(
                _("%(label)s不能晚于现在。") % {"label": fact.label_of(field)}, field=field
            )
        born = fact.person.birth_date
        if born and on < f"{born:%Y-%m}"[: len(on)]:
            raise WrongDates(_("%(on)s 早于该居民出生。") % {"on": on}, field=field)
    return kept


def _named(fact: Any, *systems: str) -> None:
    """A code of the house's own lists must be in them, and lends its name."""
    if fact.system in systems:
        concept = terminology.require(fact.system, fact.code, field="code")
        fact.name = fact.name or concept.zh


def _coded(fact: Fact, fields: dict[str, str]) -> None:
    for name, system in fields.items():
        if getattr(fact, name):
            terminology.require(system, getattr(fact, name), field=name)


def _born(fact: Fact, name: str) -> None:
    """Nothing happens to somebody before they are born."""
    told: date | datetime | None = getattr(fact, name)
    born = fact.person.birth_date
    if told is None or born is None:
        return
    day = timezone.localdate(told) if isinstance(told, datetime) else told
    if day < born:
        raise WrongDates(
            _("%(label)s早于该居民的出生日期 %(born)s，请核对。")
            % {"label": fact.label_of(name), "born": born.isoformat()},
            field=name,
        )


CHECKERS: dict[type[Fact], Callable[[Any], None]] = {
    Encounter: _encounter,
    Diagnosis: _diagnosis,
    Problem: _problem,
    Procedure: _procedure,
    Immunization: _immunization,
    FamilyHistory: _family,
    Observation: _observation,
    Allergy: _allergy,
    Medication: _medication,
    HealthCover: _cover,
    Document: _document,
}
