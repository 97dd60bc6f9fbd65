"""Observation, AllergyIntolerance, MedicationRequest and -Statement, DocumentReference."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.fhir.setting import (
    ENTERED_IN_ERROR,
    Setting,
    by,
    encounter_of,
    head,
)
from xinglin.clinical.record.fhir.visits import WORDS_ALONE, coded
from xinglin.clinical.record.models import Allergy, Document, Fact, Medication, Observation
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
NOT_HAPPENED = {"registered", "cancelled", "unknown", "draft", ENTERED_IN_ERROR, "not-taken"}
# As many digits as a value's column keeps.
FOUR_PLACES = Decimal("0.0001")
LARGEST = Decimal(10) ** 10


def observation_to_fhir(observation: Observation) -> dict[str, Any]:
    """A vital sign or a result."""
    found: dict[str, Any] = slim({**_measured(observation), "code": _code(observation)})
    found.update(slim(_value(observation)))
    return found


def blood_pressure_to_fhir(systolic: Observation, diastolic: Observation) -> dict[str, Any]:
    """The two pressures of one measurement as the panel of the vital-signs profile."""
    panel: dict[str, Any] = slim({**_measured(systolic), "code": concept(LOINC, *PANEL)})
    panel["component"] = [
        {"code": _code(part), **slim(_value(part))} for part in (systolic, diastolic)
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
    unit = observation.unit
    value = observation.value.normalize()
    number: int | float = int(value) if value == value.to_integral_value() else float(value)
    quantity = {"value": number, "unit": unit}
    if unit:
        quantity |= {"system": UCUM, "code": UCUM_OF.get(unit, unit)}
    return {"valueQuantity": quantity}


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
        measured_at=measured,
    )


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


def medication_to_fhir(medication: Medication) -> dict[str, Any]:
    """A medicine ordered: the dose as a quantity where it is one, always also in words."""
    status = (
        ENTERED_IN_ERROR
        if medication.voided_at
        else "completed"
        if medication.ended_on and medication.ended_on < timezone.localdate()
        else "active"
    )
    words = " ".join(filter(None, (medication.dose, medication.frequency, medication.route)))
    dosage = {
        "text": words,
        "timing": {"code": {"text": medication.frequency}},
        "route": {"text": medication.route},
        "doseAndRate": [{"doseQuantity": _dose(medication.dose)}],
    }
    ended = medication.ended_on.isoformat() if medication.ended_on else ""
    found: dict[str, Any] = slim(
        {
            **head("MedicationRequest", medication),
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": {
                "coding": [coding(medication.system, medication.code, medication.name)]
                if medication.system
                else [],
                "text": " ".join(filter(None, (medication.name, medication.form))),
            },
            "subject": reference("Patient", medication.person_id),
            "encounter": encounter_of(medication),
            "authoredOn": medication.started_on.isoformat(),
            "requester": by(medication),
            "dosageInstruction": [dosage],
            "dispenseRequest": {
                "validityPeriod": {"start": medication.started_on.isoformat(), "end": ended}
                if ended
                else {}
            },
        }
    )
    return found


def _dose(text: str) -> dict[str, Any]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(\D{1,20})", text)
    return {"value": float(found[1]), "unit": found[2].strip()} if found else {}


def medication_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The medicine of a MedicationRequest or MedicationStatement."""
    resource = Resource(sent)
    if resource.needed("status") in NOT_HAPPENED:
        return []
    if "medicationCodeableConcept" not in resource:
        resource.refuse("medicationCodeableConcept", _("须直接写明药品名称或编码。"))
    system, code, name = coded(resource, "medicationCodeableConcept", prefer=())
    words = system == WORDS_ALONE
    field = "dosageInstruction" if "dosageInstruction" in resource else "dosage"
    dosage = resource.first(field)
    dose = dosage.first("doseAndRate").child("doseQuantity")
    amount = dose.number("value")
    period = resource.child("effectivePeriod")
    valid = resource.child("dispenseRequest").child("validityPeriod")
    started = (
        period.day("start")
        or resource.day("effectiveDateTime")
        or resource.day("authoredOn")
        or resource.day("dateAsserted")
        or (timezone.localdate(setting.at) if setting.at else None)
    )
    if started is None:
        resource.refuse("authoredOn", _("缺少开始日期，所属就诊也没有时间。"))
    said = f"{amount.normalize():f}{dose.text('unit')}" if amount is not None else ""
    frequency = dosage.child("timing").words("code")
    return [
        Medication(
            **setting.of_encounter(),
            name=name or code,
            system="" if words else system,
            code="" if words else code,
            dose=(said or (dosage.text("text") if not frequency else ""))[:50],
            frequency=frequency[:50],
            route=dosage.words("route")[:50],
            started_on=started,
            ended_on=period.day("end") or valid.day("end"),
        )
    ]


def document_to_fhir(document: Document, *, url: str = "") -> dict[str, Any]:
    """A filed document; `url` is where its content is read."""
    found: dict[str, Any] = slim(
        {
            **head("DocumentReference", document),
            "status": ENTERED_IN_ERROR if document.voided_at else "current",
            "type": {"text": str(document.get_kind_display())},
            "subject": reference("Patient", document.person_id),
            "date": instant(document.filed_at),
            "author": [by(document)],
            "custodian": reference("Organization", document.organisation_id),
            "description": document.title,
            "content": [
                {
                    "attachment": {
                        "contentType": document.media_type,
                        "url": url,
                        "size": document.size,
                        "title": document.title,
                        "creation": instant(document.filed_at),
                    }
                }
            ],
            "context": {"encounter": [encounter_of(document)]},
        }
    )
    return found
