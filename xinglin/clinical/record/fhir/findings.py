"""Observation and AllergyIntolerance."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.fhir.setting import (
    ENTERED_IN_ERROR,
    Setting,
    by,
    code_of,
    encounter_of,
    head,
    named,
)
from xinglin.clinical.record.fhir.visits import WORDS_ALONE, coded
from xinglin.clinical.record.models import Allergy, Fact, Observation
from xinglin.kernel.resources import Resource, coding, concept, instant, reference, slim

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
# UCUM writes some of the house's units differently.
UCUM_OF = {"mmHg": "mm[Hg]"}
OURS_OF = {"mm[Hg]": "mmHg"}
PANEL = ("85354-9", "Blood pressure panel with all children optional")
ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
ALLERGY_VERIFIED = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
# How others write that there is no allergy: that is no substance.
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
SNOMED = "http://snomed.info/sct"
NONE_KNOWN = {(SNOMED, code) for code in ("716186003", "409137002", "428607008", "429625007")}
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
NOT_HAPPENED = {"registered", "cancelled", "unknown", "draft", ENTERED_IN_ERROR}
# As many digits as a value's column keeps.
FOUR_PLACES = Decimal("0.0001")
LARGEST = Decimal(10) ** 10


def observation_to_fhir(observation: Observation) -> dict[str, Any]:
    """A vital sign or a result."""
    found: dict[str, Any] = slim({**_measured(observation), "code": _code(observation)})
    found.update(slim({**_value(observation), **_read_as(observation)}))
    return found


def blood_pressure_to_fhir(systolic: Observation, diastolic: Observation) -> dict[str, Any]:
    """The two pressures of one measurement as the panel of the vital-signs profile."""
    panel: dict[str, Any] = slim({**_measured(systolic), "code": concept(LOINC, *PANEL)})
    panel["component"] = [
        {"code": _code(part), **slim({**_value(part), **_read_as(part)})}
        for part in (systolic, diastolic)
    ]
    return panel


def _measured(observation: Observation) -> dict[str, Any]:
    kind = str(observation.kind) if observation.kind != Observation.Kind.OTHER else "exam"
    return {
        **head("Observation", observation),
        "status": ENTERED_IN_ERROR if observation.voided_at else "final",
        "category": [{"coding": [coding(CATEGORY, kind)]}],
        "subject": reference("Patient", observation.person_id),
        "encounter": encounter_of(observation),
        "effectiveDateTime": instant(observation.measured_at),
        "performer": [reference("Organization", observation.organisation_id), by(observation)],
        "specimen": {"display": named("specimen", observation.specimen)},
    }


def _code(observation: Observation) -> dict[str, Any]:
    if observation.system == WORDS_ALONE:
        return {"text": observation.name}
    system = LOINC if observation.system == "loinc" else observation.system
    found: dict[str, Any] = slim(concept(system, observation.code, observation.name))
    return found


def _value(observation: Observation) -> dict[str, Any]:
    if observation.value is None:
        return {"valueString": observation.text}
    return {"valueQuantity": _amount(observation.value, observation.unit)}


def _amount(value: Decimal | None, unit: str) -> dict[str, Any]:
    if value is None:
        return {}
    plain = value.normalize()
    number: int | float = int(plain) if plain == plain.to_integral_value() else float(plain)
    quantity = {"value": number, "unit": unit}
    if unit:
        quantity |= {"system": UCUM, "code": UCUM_OF.get(unit, unit)}
    return quantity


def _read_as(observation: Observation) -> dict[str, Any]:
    """What is usual, and how the value stands to it."""
    return {
        "interpretation": [{"coding": [coding(INTERPRETATION, observation.interpretation)]}],
        "referenceRange": [
            {
                "low": _amount(observation.reference_low, observation.unit),
                "high": _amount(observation.reference_high, observation.unit),
            }
        ],
    }


def observation_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The values of a result: its own, and one for each component of a panel."""
    resource = Resource(sent)
    if resource.needed("status") in NOT_HAPPENED:
        return []
    measured = (
        resource.moment("effectiveDateTime")
        or resource.moment("effectiveInstant")
        or resource.child("effectivePeriod").moment("start")
        or resource.moment("issued")
        or setting.at
    )
    if measured is None:
        resource.refuse("effectiveDateTime", _("缺少测量时间，所属就诊也没有时间。"))
    kinds = {
        found.text("code")
        for each in resource.children("category")
        for found in each.children("coding")
    }
    kind = next((k for k in Observation.Kind if k.value in kinds), Observation.Kind.OTHER)
    own = _result(resource, setting, measured, kind, "")
    parts = [
        _result(part, setting, measured, kind, f"#{at}")
        for at, part in enumerate(resource.children("component"))
    ]
    return [fact for fact in (own, *parts) if fact is not None]


def _result(
    resource: Resource, setting: Setting, measured: datetime, kind: str, part: str
) -> Observation | None:
    said = _said(resource)
    if said is None:
        return None
    value, text, unit = said
    system, code, name = coded(resource, "code", prefer=(LOINC,))
    usual = resource.first("referenceRange")
    read = next(
        (
            each.text("code")
            for said in resource.children("interpretation")
            for each in said.children("coding")
            if each.text("code") in Observation.Interpretation
        ),
        "",
    )
    given = setting.of_encounter()
    if part and given["source_id"]:
        given["source_id"] = f"{given['source_id']}{part}"
    return Observation(
        **given,
        kind=kind,
        system="loinc" if system == LOINC else system,
        code=code,
        name=name or code,
        value=value,
        text=text,
        unit=unit,
        interpretation=read,
        reference_low=_limit(usual, "low", unit),
        reference_high=_limit(usual, "high", unit),
        specimen=code_of("specimen", resource.child("specimen").text("display")),
        measured_at=measured,
    )


def _limit(usual: Resource, name: str, unit: str) -> Decimal | None:
    """A limit of the range that was sent, in the unit of the value it belongs to."""
    said = _quantity(usual.child(name)) if name in usual else None
    if said is None or said[0] is None or said[2] not in ("", unit):
        return None
    return said[0]


def _said(resource: Resource) -> tuple[Decimal | None, str, str] | None:
    """Value, words and unit of whatever form of value was sent; None where there is none."""
    if "valueQuantity" in resource:
        return _quantity(resource.child("valueQuantity"))
    if "valueInteger" in resource:
        return resource.number("valueInteger"), "", ""
    if "valueBoolean" in resource:
        return None, "是" if resource.flag("valueBoolean") else "否", ""
    if "valueCodeableConcept" in resource:
        return _words(resource.words("valueCodeableConcept"))
    for name in ("valueString", "valueDateTime", "valueTime"):
        if name in resource:
            return _words(resource.text(name, limit=500))
    for name in ("valueRange", "valueRatio", "valueSampledData", "valuePeriod"):
        if name in resource:
            resource.refuse(name, _("暂不支持这种形式的结果值。"))
    return None


def _words(text: str) -> tuple[None, str, str] | None:
    return (None, text, "") if text else None


def _quantity(quantity: Resource) -> tuple[Decimal | None, str, str] | None:
    value = quantity.number("value")
    code = quantity.text("code") if quantity.text("system") == UCUM else ""
    unit = OURS_OF.get(code, code) or quantity.text("unit")
    unit = unit[:30]
    if value is None:
        return None
    comparator = quantity.text("comparator", limit=2)
    if comparator or abs(value) >= LARGEST:
        return None, f"{comparator}{value} {unit}".strip(), ""
    return value.quantize(FOUR_PLACES), "", unit


def allergy_to_fhir(allergy: Allergy) -> dict[str, Any]:
    """What the person must not be given."""
    wrong = allergy.voided_at is not None
    found: dict[str, Any] = slim(
        {
            **head("AllergyIntolerance", allergy),
            "clinicalStatus": {}
            if wrong
            else {"coding": [coding(ALLERGY_CLINICAL, allergy.status)]},
            "verificationStatus": {
                "coding": [coding(ALLERGY_VERIFIED, ENTERED_IN_ERROR if wrong else "confirmed")]
            },
            "criticality": "high" if allergy.severe else "low",
            "code": {
                "coding": [coding(allergy.system, allergy.code, allergy.substance)]
                if allergy.system
                else [],
                "text": allergy.substance,
            },
            "patient": reference("Patient", allergy.person_id),
            "encounter": encounter_of(allergy),
            "recordedDate": allergy.noted_on.isoformat(),
            "asserter": by(allergy),
            "reaction": [{"manifestation": [{"text": allergy.reaction}]}]
            if allergy.reaction
            else [],
        }
    )
    return found


def allergy_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    resource = Resource(sent)
    if resource.code_in("verificationStatus", ALLERGY_VERIFIED) in ("refuted", ENTERED_IN_ERROR):
        return []
    system, code, name = coded(resource, "code", prefer=())
    if system == ABSENT or (system, code) in NONE_KNOWN:
        return []
    words = system == WORDS_ALONE
    reactions = [
        said.text("text") or said.first("coding").text("display")
        for reaction in resource.children("reaction")
        for said in reaction.children("manifestation")
    ]
    severities = {each.text("severity") for each in resource.children("reaction")}
    status = resource.code_in("clinicalStatus", ALLERGY_CLINICAL)
    return [
        Allergy(
            **setting.of_encounter(),
            substance=(name or code)[:100],
            system="" if words else system,
            code="" if words else code,
            reaction="、".join(filter(None, reactions))[:200],
            severe=resource.text("criticality") == "high" or "severe" in severities,
            status=Allergy.Status.RESOLVED
            if status in ("resolved", "inactive")
            else Allergy.Status.ACTIVE,
            noted_on=resource.day("recordedDate")
            or resource.day("onsetDateTime")
            or timezone.localdate(setting.at),
        )
    ]
