"""Encounter and Condition: a visit's diagnoses, and the problem list."""

from __future__ import annotations

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
from xinglin.clinical.record.models import Diagnosis, Encounter, Fact, Problem
from xinglin.kernel.resources import Resource, coding, concept, instant, reference, slim

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
VISIT_NO = "urn:oid:2.16.156.10011.1.11"
STAY_NO = "urn:oid:2.16.156.10011.1.12"
DISCHARGE = "urn:xinglin:discharge-way"
OUTCOME = "urn:xinglin:outcome"
HISTORY = "urn:xinglin:history-of-present-illness"
TREATMENT = "urn:xinglin:treatment"
KIND_BY_CLASS = {
    "AMB": Encounter.Kind.OUTPATIENT,
    "IMP": Encounter.Kind.INPATIENT,
    "ACUTE": Encounter.Kind.INPATIENT,
    "NONAC": Encounter.Kind.INPATIENT,
    "OBSENC": Encounter.Kind.EMERGENCY,
    "EMER": Encounter.Kind.EMERGENCY,
    "HH": Encounter.Kind.HOME,
    "FLD": Encounter.Kind.HOME,
    "VR": Encounter.Kind.REMOTE,
    "SS": Encounter.Kind.OUTPATIENT,
    "PRENC": Encounter.Kind.OUTPATIENT,
}
CLASS = {
    Encounter.Kind.OUTPATIENT: ("AMB", "ambulatory"),
    Encounter.Kind.INPATIENT: ("IMP", "inpatient encounter"),
    Encounter.Kind.EMERGENCY: ("EMER", "emergency"),
    Encounter.Kind.HOME: ("HH", "home health"),
    Encounter.Kind.REMOTE: ("VR", "virtual"),
}
NOT_HAPPENED = {"planned", "cancelled", ENTERED_IN_ERROR, "unknown"}

ICD10 = "http://hl7.org/fhir/sid/icd-10"
# ICD-10 as the world writes it, as China does, and by the OIDs of both.
ICD10_SYSTEMS = (
    ICD10,
    "http://hl7.org/fhir/sid/icd-10-cn",
    "urn:oid:2.16.156.10011.2.3.3.11",
    "urn:oid:2.16.840.1.113883.6.3",
)
ICD9CM3 = "http://hl7.org/fhir/sid/icd-9-cm"
ICD9CM3_SYSTEMS = (ICD9CM3, "urn:oid:2.16.840.1.113883.6.104")
# The house's names of code systems, as the world calls them.
OUTWARD = {
    "icd10": ICD10,
    "icd9cm3": ICD9CM3,
    "vaccine": "urn:xinglin:vaccine",
    "past-disease": "urn:xinglin:past-disease",
}
MAIN = "urn:xinglin:main"
ON_ADMISSION = "urn:xinglin:on-admission"
PROBLEM = "urn:xinglin:problem"
CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
WORDS_ALONE = "urn:xinglin:words"


def encounter_to_fhir(encounter: Encounter) -> dict[str, Any]:
    """A visit or stay."""
    code, display = CLASS[Encounter.Kind(encounter.kind)]
    over = encounter.ended_at is not None
    status = ENTERED_IN_ERROR if encounter.voided_at else "finished" if over else "in-progress"
    number = STAY_NO if encounter.kind == Encounter.Kind.INPATIENT else VISIT_NO
    way = concept(DISCHARGE, encounter.discharge_way) if encounter.discharge_way else {}
    found: dict[str, Any] = slim(
        {
            **head("Encounter", encounter),
            "extension": [
                {"url": url, "valueString": text}
                for url, text in (
                    (HISTORY, encounter.history),
                    (TREATMENT, encounter.treatment),
                    (OUTCOME, encounter.outcome),
                )
                if text
            ],
            "identifier": [{"system": number, "value": encounter.visit_no}]
            if encounter.visit_no
            else [],
            "status": status,
            "class": coding(ACT, code, display),
            "serviceType": {"text": encounter.department},
            "subject": reference("Patient", encounter.person_id),
            "participant": [{"individual": by(encounter)}] if encounter.author else [],
            "period": {
                "start": instant(encounter.started_at),
                "end": instant(encounter.ended_at),
            },
            "reasonCode": [{"text": encounter.complaint}],
            "hospitalization": {"dischargeDisposition": way},
            "serviceProvider": reference("Organization", encounter.organisation_id),
        }
    )
    return found


def encounter_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The visit, unless it is only planned or was cancelled."""
    resource = Resource(sent)
    if resource.needed("status") in NOT_HAPPENED:
        return []
    code = resource.child("class").text("code")
    if code and code not in KIND_BY_CLASS:
        resource.refuse("class.code", _("不认识的就诊类型“%(code)s”。") % {"code": code[:20]})
    period = resource.child("period")
    started = period.moment("start")
    if started is None:
        resource.refuse("period.start", _("缺少就诊时间。"))
    kind = KIND_BY_CLASS.get(code, Encounter.Kind.OUTPATIENT)
    ended = period.moment("end")
    if ended is None and resource.text("status") == "finished":
        if kind == Encounter.Kind.INPATIENT:
            resource.refuse("period.end", _("住院已结束（finished），缺少出院时间。"))
        # A visit of which only the beginning was told was not left open.
        ended = started
    number = resource.first("identifier").text("value")
    complaint = resource.first("reasonCode")
    first = next(complaint.children("coding"), None)
    told = complaint.text("text") or (first.text("display") if first else "")
    return [
        Encounter(
            **setting.of_fact(),
            kind=kind,
            department=resource.words("serviceType")[:50],
            visit_no=number if len(number) <= 18 else "",
            started_at=started,
            ended_at=ended,
            complaint=told[:200],
            history=resource.extension(HISTORY).text("valueString", limit=1000),
            treatment=resource.extension(TREATMENT).text("valueString", limit=1000),
            discharge_way=resource.child("hospitalization").code_in(
                "dischargeDisposition", DISCHARGE
            )[:1],
            outcome=resource.extension(OUTCOME).text("valueString", limit=1),
        )
    ]


def condition_to_fhir(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis of one visit; a voided one is entered in error and has no clinical status."""
    found: dict[str, Any] = slim(
        {
            **condition(diagnosis, "encounter-diagnosis", "active"),
            "extension": [
                {"url": MAIN, "valueBoolean": diagnosis.main},
                {"url": ON_ADMISSION, "valueCode": diagnosis.on_admission}
                if diagnosis.on_admission
                else {},
                {"url": PROBLEM, "valueReference": reference("Condition", diagnosis.problem_id)}
                if diagnosis.problem_id
                else {},
            ],
            "recordedDate": diagnosis.diagnosed_on.isoformat(),
        }
    )
    return found


def problem_to_fhir(problem: Problem) -> dict[str, Any]:
    """A problem of the list."""
    found: dict[str, Any] = slim(
        {
            **condition(problem, "problem-list-item", problem.status),
            "onsetDateTime": problem.onset_on.isoformat() if problem.onset_on else "",
            "abatementDateTime": problem.abated_on.isoformat() if problem.abated_on else "",
            "recordedDate": problem.noted_on.isoformat(),
            "note": [{"text": problem.note}],
        }
    )
    return found


def condition(fact: Diagnosis | Problem, category: str, status: str) -> dict[str, Any]:
    """What diagnosis and problem have in common."""
    wrong = fact.voided_at is not None
    return {
        **head("Condition", fact),
        "clinicalStatus": {} if wrong else {"coding": [coding(CLINICAL, status)]},
        "verificationStatus": {
            "coding": [coding(VERIFIED, ENTERED_IN_ERROR if wrong else "confirmed")]
        },
        "category": [{"coding": [coding(CATEGORY, category)]}],
        "code": coded_out(fact.system, fact.code, fact.name),
        "subject": reference("Patient", fact.person_id),
        "encounter": encounter_of(fact),
        "asserter": by(fact),
    }


def coded_out(system: str, code: str, name: str) -> dict[str, Any]:
    """A concept of the record: in the world's name for its system, or in words alone."""
    if system == WORDS_ALONE:
        return {"text": name}
    found: dict[str, Any] = concept(OUTWARD.get(system, system), code, name)
    return found


def condition_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The diagnosis or the problem, unless it was refuted or entered in error."""
    resource = Resource(sent)
    if resource.code_in("verificationStatus", VERIFIED) in ("refuted", ENTERED_IN_ERROR):
        return []
    system, code, name = coded(resource, "code")
    onset = resource.day("onsetDateTime") or resource.child("onsetPeriod").day("start")
    day = (
        resource.day("recordedDate")
        or onset
        or (timezone.localdate(setting.at) if setting.at else None)
    )
    if day is None:
        resource.refuse("recordedDate", _("缺少诊断日期，所属就诊也没有时间。"))
    kinds = {
        found.text("code")
        for each in resource.children("category")
        for found in each.children("coding")
    }
    said = {
        **setting.of_encounter(),
        "system": "icd10" if system in ICD10_SYSTEMS else system,
        "code": code,
        "name": name,
    }
    if kinds and "encounter-diagnosis" not in kinds:
        return [_problem(resource, said, onset, day)]
    main = resource.extension(MAIN).flag("valueBoolean")
    return [
        Diagnosis(
            **said,
            main=main is not False,
            on_admission=resource.extension(ON_ADMISSION).text("valueCode", limit=1),
            diagnosed_on=day,
        )
    ]


STATUS = {
    "recurrence": Problem.Status.ACTIVE,
    "relapse": Problem.Status.ACTIVE,
    "inactive": Problem.Status.INACTIVE,
    "remission": Problem.Status.INACTIVE,
    "resolved": Problem.Status.RESOLVED,
}


def _problem(resource: Resource, said: dict[str, Any], onset: Any, day: Any) -> Problem:
    status = STATUS.get(resource.code_in("clinicalStatus", CLINICAL), Problem.Status.ACTIVE)
    ended = resource.day("abatementDateTime") or resource.child("abatementPeriod").day("end")
    if ended and status == Problem.Status.ACTIVE:
        status = Problem.Status.RESOLVED
    return Problem(
        **said,
        status=status,
        onset_on=onset,
        abated_on=ended,
        note=resource.first("note").text("text", limit=500),
        noted_on=day,
    )


def coded(
    resource: Resource, field: str, *, prefer: tuple[str, ...] = ICD10_SYSTEMS
) -> tuple[str, str, str]:
    """(system, code, name) of a concept: the preferred coding, else the first, else words."""
    concept_sent = resource.child(field)
    codings = [each for each in concept_sent.children("coding") if each.text("code")]
    words = resource.words(field)[:200]
    chosen = next((each for each in codings if each.text("system") in prefer), None)
    chosen = chosen or (codings[0] if codings else None)
    if chosen is None:
        if not words:
            resource.refuse(field, _("须含编码或文字。"))
        return WORDS_ALONE, "-", words
    system = chosen.text("system", limit=120)
    code = chosen.needed("code", limit=30)
    return system, code, chosen.text("display", limit=200) or words
