"""Procedure, Immunization and FamilyMemberHistory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.fhir.findings import UCUM
from xinglin.clinical.record.fhir.setting import (
    ENTERED_IN_ERROR,
    Setting,
    by,
    code_of,
    encounter_of,
    head,
    named,
    said_by,
)
from xinglin.clinical.record.fhir.visits import (
    ICD9CM3_SYSTEMS,
    ICD10,
    ICD10_SYSTEMS,
    MAIN,
    OUTWARD,
    WORDS_ALONE,
    coded,
    coded_out,
)
from xinglin.clinical.record.models import Fact, FamilyHistory, Immunization, Procedure
from xinglin.kernel.resources import Resource, coding, instant, reference, slim
from xinglin.registry.terminology import catalogue as terminology

# As many digits as a dose's column keeps.
THREE_PLACES = Decimal("0.001")
GRADE = "urn:xinglin:operation-grade"
ANAESTHESIA = "urn:xinglin:anaesthesia"
HEALING = "urn:xinglin:wound-healing"
NEXT_DUE = "urn:xinglin:next-due"
TRADE_NAME = "urn:xinglin:trade-name"
SITE = "urn:xinglin:injection-site"
VACCINE_ROUTE = "urn:xinglin:vaccination-route"
RELATION = "urn:xinglin:family-relation"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
# GB/T 4761 and the codes of HL7 for the same relatives; the first is the one written.
ROLES = {
    "51": "FTH",
    "52": "MTH",
    "50": "PRN",
    "70": "SIB",
    "71": "BRO",
    "73": "BRO",
    "75": "SIS",
    "77": "SIS",
    "20": "SON",
    "30": "DAU",
    "61": "PGRFTH",
    "62": "PGRMTH",
    "63": "MGRFTH",
    "64": "MGRMTH",
    "60": "GRPRN",
    "10": "SPS",
    "80": "FAMMEMB",
}
RELATIONS = {
    **{role: relation for relation, role in reversed(ROLES.items())},
    "NFTH": "51",
    "NMTH": "52",
    "NBRO": "71",
    "NSIS": "75",
    "CHILD": "20",
    "GRFTH": "60",
    "GRMTH": "60",
    "HUSB": "11",
    "WIFE": "12",
}


def procedure_to_fhir(procedure: Procedure) -> dict[str, Any]:
    """An operation or treatment."""
    found: dict[str, Any] = slim(
        {
            **head("Procedure", procedure),
            "extension": [
                {"url": MAIN, "valueBoolean": procedure.main},
                *(
                    {"url": url, "valueCode": code}
                    for url, code in (
                        (GRADE, procedure.grade),
                        (ANAESTHESIA, procedure.anaesthesia),
                        (HEALING, procedure.healing),
                    )
                    if code
                ),
            ],
            "status": ENTERED_IN_ERROR if procedure.voided_at else "completed",
            "code": coded_out(procedure.system, procedure.code, procedure.name),
            "subject": reference("Patient", procedure.person_id),
            "encounter": encounter_of(procedure),
            **(
                {
                    "performedPeriod": {
                        "start": instant(procedure.performed_at),
                        "end": instant(procedure.ended_at),
                    }
                }
                if procedure.ended_at
                else {"performedDateTime": instant(procedure.performed_at)}
            ),
            "recorder": by(procedure),
            "performer": [
                {
                    "actor": {"display": procedure.operator or procedure.author or "-"},
                    "onBehalfOf": reference("Organization", procedure.organisation_id),
                }
            ],
            "bodySite": [{"text": procedure.site}],
            "note": [{"text": procedure.note}],
        }
    )
    return found


def procedure_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The procedure, unless it is only planned, was not done or was entered in error."""
    resource = Resource(sent)
    if resource.needed("status") not in ("completed", "in-progress", "stopped"):
        return []
    system, code, name = coded(resource, "code", prefer=ICD9CM3_SYSTEMS)
    period = resource.child("performedPeriod")
    performed = period.moment("start") or resource.moment("performedDateTime") or setting.at
    if performed is None:
        resource.refuse("performedDateTime", _("缺少手术操作时间，所属就诊也没有时间。"))
    operator = resource.first("performer").child("actor").text("display")
    return [
        Procedure(
            **setting.of_encounter(),
            system="icd9cm3" if system in ICD9CM3_SYSTEMS else system,
            code=code,
            name=name,
            main=resource.extension(MAIN).flag("valueBoolean") is not False,
            performed_at=performed,
            ended_at=period.moment("end"),
            operator="" if operator == "-" else operator[:50],
            grade=resource.extension(GRADE).text("valueCode", limit=1),
            anaesthesia=resource.extension(ANAESTHESIA).text("valueCode", limit=10),
            healing=resource.extension(HEALING).text("valueCode", limit=10),
            site=_words_of_first(resource, "bodySite")[:50],
            note=resource.first("note").text("text", limit=500),
        )
    ]


def immunization_to_fhir(given: Immunization) -> dict[str, Any]:
    """A vaccine given."""
    amount = given.dose_value
    found: dict[str, Any] = slim(
        {
            **head("Immunization", given),
            "extension": [
                {"url": TRADE_NAME, "valueString": given.trade_name} if given.trade_name else {},
                {"url": NEXT_DUE, "valueDate": given.next_due_on.isoformat()}
                if given.next_due_on
                else {},
            ],
            "status": ENTERED_IN_ERROR if given.voided_at else "completed",
            "vaccineCode": coded_out(given.system, given.code, given.name)
            if given.code
            else {"text": given.name},
            "patient": reference("Patient", given.person_id),
            "encounter": encounter_of(given),
            "occurrenceDateTime": given.given_on.isoformat(),
            "primarySource": not given.source,
            "manufacturer": {"display": given.manufacturer},
            "lotNumber": given.lot,
            "expirationDate": given.expires_on.isoformat() if given.expires_on else "",
            "site": said_by(given.site, "injection-site"),
            "route": said_by(given.route, "vaccination-route"),
            "doseQuantity": {"value": float(amount), "unit": given.dose_unit} if amount else {},
            "performer": [
                {"actor": reference("Organization", given.organisation_id)},
                {"actor": by(given)},
            ],
            "note": [{"text": given.reaction}],
            "protocolApplied": [{"doseNumberPositiveInt": given.dose_number}],
        }
    )
    return found


def immunization_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The vaccine, unless it was not given."""
    resource = Resource(sent)
    if resource.needed("status") != "completed":
        return []
    system, code, name = coded(resource, "vaccineCode", prefer=(OUTWARD["vaccine"],))
    day = resource.day("occurrenceDateTime") or resource.day("recorded")
    if day is None and setting.at is not None:
        day = timezone.localdate(setting.at)
    if day is None:
        resource.refuse("occurrenceDateTime", _("缺少接种日期。"))
    dose = resource.child("doseQuantity")
    amount = dose.number("value")
    protocol = resource.first("protocolApplied")
    number = protocol.number("doseNumberPositiveInt")
    return [
        Immunization(
            **setting.of_encounter(),
            system="vaccine" if system in (OUTWARD["vaccine"], WORDS_ALONE) else system,
            code="" if system == WORDS_ALONE else code,
            name=(name or code)[:100],
            trade_name=resource.extension(TRADE_NAME).text("valueString", limit=100),
            dose_number=int(number) if number is not None and 0 < number < 100 else None,
            lot=resource.text("lotNumber", limit=30),
            manufacturer=resource.child("manufacturer").text("display", limit=100),
            expires_on=resource.day("expirationDate"),
            dose_value=amount.quantize(THREE_PLACES) if amount else None,
            dose_unit=dose.text("unit", limit=20) if amount else "",
            site=_own(resource, "site", SITE, "injection-site"),
            route=_own(resource, "route", VACCINE_ROUTE, "vaccination-route"),
            reaction=resource.first("note").text("text", limit=200),
            given_on=day,
            next_due_on=resource.extension(NEXT_DUE).day("valueDate"),
        )
    ]


def _own(resource: Resource, name: str, system: str, known: str) -> str:
    """A code of the house's own list, from its code or its name; "" of others."""
    return code_of(known, resource.code_in(name, system)) or code_of(known, resource.words(name))


def _words_of_first(resource: Resource, name: str) -> str:
    first = resource.first(name)
    return first.text("text") or first.first("coding").text("display")


def family_to_fhir(history: FamilyHistory) -> dict[str, Any]:
    """An illness of a relative."""
    age = history.onset_age
    code = coded_out(history.system, history.code, history.name)
    icd10 = terminology.told_of("past-disease", history.code, "icd10")
    if history.system == "past-disease" and icd10:
        code["coding"].append(coding(ICD10, icd10))
    found: dict[str, Any] = slim(
        {
            **head("FamilyMemberHistory", history),
            "status": ENTERED_IN_ERROR if history.voided_at else "completed",
            "patient": reference("Patient", history.person_id),
            "date": history.noted_on.isoformat(),
            "relationship": {
                "coding": [
                    coding(ROLE, ROLES.get(history.relation, "FAMMEMB")),
                    coding(RELATION, history.relation, named("family-relation", history.relation)),
                ],
                "text": named("family-relation", history.relation),
            },
            "condition": [
                {
                    "code": code,
                    "contributedToDeath": history.died_of_it,
                    "onsetAge": {"value": age, "unit": "岁", "system": UCUM, "code": "a"}
                    if age is not None
                    else {},
                    "note": [{"text": history.note}],
                }
            ],
        }
    )
    return found


def family_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """One fact for each illness of the relative."""
    resource = Resource(sent)
    if resource.needed("status") in (ENTERED_IN_ERROR, "health-unknown"):
        return []
    relation = resource.code_in("relationship", RELATION) or RELATIONS.get(
        resource.code_in("relationship", ROLE), "80"
    )
    day = resource.day("date") or (timezone.localdate(setting.at) if setting.at else None)
    if day is None:
        resource.refuse("date", _("缺少记录日期。"))
    facts: list[Fact] = []
    for at, each in enumerate(resource.children("condition")):
        system, code, name = coded(each, "code", prefer=(OUTWARD["past-disease"], *ICD10_SYSTEMS))
        age = each.child("onsetAge").number("value")
        given = setting.of_encounter()
        if given["source_id"] and at:
            given["source_id"] = f"{given['source_id']}#{at}"
        facts.append(
            FamilyHistory(
                **given,
                relation=relation,
                system="past-disease"
                if system == OUTWARD["past-disease"]
                else "icd10"
                if system in ICD10_SYSTEMS
                else system,
                code=code,
                name=name,
                onset_age=int(age) if age is not None and 0 <= age < 200 else None,
                died_of_it=each.flag("contributedToDeath"),
                note=each.first("note").text("text", limit=200),
                noted_on=day,
            )
        )
    return facts
