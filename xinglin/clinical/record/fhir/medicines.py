"""MedicationRequest of what is ordered, MedicationStatement of what is said to be taken."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.fhir.findings import FOUR_PLACES, LARGEST
from xinglin.clinical.record.fhir.setting import (
    ENTERED_IN_ERROR,
    Setting,
    by,
    encounter_of,
    head,
    said_by,
)
from xinglin.clinical.record.fhir.visits import WORDS_ALONE, coded
from xinglin.clinical.record.models import Fact, Medication
from xinglin.kernel.resources import Resource, coding, reference, slim

NOT_HAPPENED = {"cancelled", "unknown", "draft", ENTERED_IN_ERROR}
OVER = {"completed", "stopped"}
TAKEN = "urn:xinglin:taken"
FREQUENCY = "urn:xinglin:frequency"
ROUTE = "urn:xinglin:route"


def medication_to_fhir(medication: Medication) -> dict[str, Any]:
    """A medicine: the dose as a quantity where it is one, always also in words."""
    order = medication.intent == Medication.Intent.ORDER
    found: dict[str, Any] = slim(
        {
            **head("MedicationRequest" if order else "MedicationStatement", medication),
            "medicationCodeableConcept": {
                "coding": [coding(medication.system, medication.code, medication.name)]
                if medication.system
                else [],
                "text": " ".join(filter(None, (medication.name, medication.form))),
            },
            "subject": reference("Patient", medication.person_id),
            "reasonCode": [{"text": medication.indication}],
            **(_ordered(medication) if order else _said(medication)),
        }
    )
    return found


def _status(medication: Medication) -> str:
    if medication.voided_at:
        return ENTERED_IN_ERROR
    ended = medication.ended_on
    return "completed" if ended and ended < timezone.localdate() else "active"


def _ordered(medication: Medication) -> dict[str, Any]:
    ended = medication.ended_on.isoformat() if medication.ended_on else ""
    started = medication.started_on.isoformat()
    days = medication.days
    return {
        "extension": [{"url": TAKEN, "valueBoolean": medication.taken}]
        if medication.taken is not None
        else [],
        "status": _status(medication),
        "statusReason": {"text": medication.stop_reason},
        "intent": "order",
        "encounter": encounter_of(medication),
        "authoredOn": started,
        "requester": {"display": medication.prescriber}
        if medication.prescriber
        else by(medication),
        "dosageInstruction": [_dosage(medication)],
        "dispenseRequest": {
            "validityPeriod": {"start": started, "end": ended} if ended else {},
            "expectedSupplyDuration": {
                "value": days,
                "unit": "d",
                "system": "http://unitsofmeasure.org",
                "code": "d",
            }
            if days
            else {},
        },
    }


def _said(medication: Medication) -> dict[str, Any]:
    status = _status(medication)
    if medication.taken is False and status == "active":
        status = "not-taken"
    return {
        "status": status,
        "statusReason": [{"text": medication.stop_reason}],
        "context": encounter_of(medication),
        "effectivePeriod": {
            "start": medication.started_on.isoformat(),
            "end": medication.ended_on.isoformat() if medication.ended_on else "",
        },
        "informationSource": by(medication),
        "dosage": [_dosage(medication)],
    }


def _dosage(medication: Medication) -> dict[str, Any]:
    words = " ".join(filter(None, (medication.dose, medication.frequency, medication.route)))
    amount = medication.dose_value
    return {
        "text": words,
        "timing": {
            "code": {
                **said_by(medication.frequency_code, "frequency"),
                "text": medication.frequency,
            }
        },
        "route": {**said_by(medication.route_code, "route"), "text": medication.route},
        "doseAndRate": [
            {
                "doseQuantity": {"value": float(amount), "unit": medication.dose_unit}
                if amount is not None
                else {}
            }
        ],
    }


def medication_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The medicine of a MedicationRequest or MedicationStatement."""
    resource = Resource(sent)
    order = sent["resourceType"] == "MedicationRequest"
    status = resource.needed("status")
    if status in NOT_HAPPENED:
        return []
    if "medicationCodeableConcept" not in resource:
        resource.refuse("medicationCodeableConcept", _("须直接写明药品名称或编码。"))
    system, code, name = coded(resource, "medicationCodeableConcept", prefer=())
    words = system == WORDS_ALONE
    dosage = resource.first("dosageInstruction" if "dosageInstruction" in resource else "dosage")
    dose = dosage.first("doseAndRate").child("doseQuantity")
    amount = dose.number("value")
    if amount is not None and amount <= 0:
        resource.refuse("dosage.doseQuantity.value", _("每次剂量应大于 0。"))
    # What the columns cannot keep stays in words.
    fits = amount is not None and 0 < amount < LARGEST / 10000 and bool(dose.text("unit"))
    period = resource.child("effectivePeriod")
    dispensed = resource.child("dispenseRequest")
    valid = dispensed.child("validityPeriod")
    supply = dispensed.child("expectedSupplyDuration")
    days = supply.number("value") if supply.text("code") in ("d", "") else None
    started = (
        period.day("start")
        or resource.day("effectiveDateTime")
        or resource.day("authoredOn")
        or resource.day("dateAsserted")
        or (timezone.localdate(setting.at) if setting.at else None)
    )
    if started is None:
        resource.refuse("authoredOn", _("缺少开始日期，所属就诊也没有时间。"))
    said = f"{amount.normalize():f} {dose.text('unit')}".strip() if amount is not None else ""
    timing = dosage.child("timing")
    frequency = timing.words("code")
    taken = resource.extension(TAKEN).flag("valueBoolean") if order else None
    why = resource.words("statusReason") if order else resource.first("statusReason").text("text")
    ended = period.day("end") or valid.day("end")
    if ended is None and status in OVER:
        # It is over, though nobody says since when: by the supply, or when that was last told.
        told = resource.child("meta").day("lastUpdated") or started
        supplied = started + timedelta(days=int(days) - 1) if days and _whole(days) else None
        ended = supplied or max(told, started)
    prescriber = resource.child("requester").text("display")
    return [
        Medication(
            **setting.of_encounter(),
            intent=Medication.Intent.ORDER if order else Medication.Intent.STATEMENT,
            name=name or code,
            system="" if words else system,
            code="" if words else code,
            dose=_dose_in_words(dosage, said, frequency),
            dose_value=amount.quantize(FOUR_PLACES) if fits and amount is not None else None,
            dose_unit=dose.text("unit")[:20] if fits else "",
            frequency=frequency[:50],
            frequency_code=timing.code_in("code", FREQUENCY)[:10],
            route=dosage.words("route")[:50],
            route_code=dosage.code_in("route", ROUTE)[:10],
            days=int(days) if days is not None and _whole(days) else None,
            indication=(
                resource.first("reasonCode").text("text")
                or resource.first("reasonCode").first("coding").text("display")
            )[:200],
            prescriber="" if prescriber == setting.author else prescriber[:50],
            taken=False if status == "not-taken" else taken,
            stop_reason=why[:200] if ended else "",
            started_on=started,
            ended_on=ended,
        )
    ]


def _whole(days: Decimal | None) -> bool:
    return days is not None and 1 <= days < 10000


def _dose_in_words(dosage: Resource, said: str, frequency: str) -> str:
    """The dose as it was told: the first words of the text, where it begins with them."""
    text = dosage.text("text")
    if said and text.replace(" ", "").startswith(said.replace(" ", "")):
        told = text.split(f" {frequency}")[0] if frequency else text
        if told.replace(" ", "") == said.replace(" ", ""):
            return told[:50]
    return (said or (text if not frequency else ""))[:50]
