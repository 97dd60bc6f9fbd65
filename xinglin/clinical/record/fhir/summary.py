"""A patient summary as an IPS document: one FHIR R4 Bundle that stands by itself. Pure.

After the International Patient Summary implementation guide (HL7, IPS 1.1, on R4): the first entry
is a Composition; problems, allergies and medicines always have a section, which says so by a code
where nothing is known; every reference leads to an entry of the same Bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.record.fhir import to_fhir
from xinglin.clinical.record.fhir.findings import ABSENT, ALLERGY_CLINICAL
from xinglin.clinical.record.fhir.visits import CLINICAL
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Fact,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.resources import coding, concept, instant, slim

LOINC = "http://loinc.org"
REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
PROFILE = "http://hl7.org/fhir/uv/ips/StructureDefinition/"
DOCUMENT = ("60591-5", "Patient summary Document")


@dataclass(frozen=True)
class Section:
    """One section of the Composition: LOINC code, its name there, and its title."""

    code: str
    display: str
    title: str


SECTIONS = {
    "problems": Section("11450-4", "Problem list - Reported", gettext_noop("健康问题")),
    "allergies": Section(
        "48765-2", "Allergies and adverse reactions Document", gettext_noop("过敏")
    ),
    "medicines": Section("10160-0", "History of Medication use Narrative", gettext_noop("用药")),
    "immunizations": Section(
        "11369-6", "History of Immunization Narrative", gettext_noop("预防接种")
    ),
    "results": Section(
        "30954-2", "Relevant diagnostic tests/laboratory data Narrative", gettext_noop("检查结果")
    ),
    "procedures": Section("47519-4", "History of Procedures Document", gettext_noop("手术操作")),
    "vitals": Section("8716-3", "Vital signs", gettext_noop("生命体征")),
    "past": Section("11348-0", "History of Past illness Narrative", gettext_noop("既往疾病")),
}


@dataclass
class Summary:
    """What the document is made of: resources of the person and the houses, and the facts."""

    patient: dict[str, Any]
    author: dict[str, Any]
    houses: Sequence[dict[str, Any]]
    problems: Sequence[Problem | Diagnosis]
    allergies: Sequence[Allergy]
    medicines: Sequence[Medication]
    immunizations: Sequence[Immunization] = ()
    results: Sequence[Observation] = ()
    procedures: Sequence[Procedure] = ()
    vitals: Sequence[Observation] = ()
    past: Sequence[Problem | Diagnosis] = ()
    at: datetime = field(default_factory=datetime.now)

    def facts(self) -> dict[str, Sequence[Fact]]:
        return {name: getattr(self, name) for name in SECTIONS}


def document(summary: Summary) -> dict[str, Any]:
    """The Bundle: the Composition, the patient, the author, and everything that they name."""
    told: dict[str, list[dict[str, Any]]] = {
        name: [to_fhir(fact) for fact in facts] or _unknown(name, summary.patient["id"])
        for name, facts in summary.facts().items()
    }
    resources = [
        summary.patient,
        summary.author,
        *(each for each in summary.houses if each["id"] != summary.author["id"]),
        *(resource for found in told.values() for resource in found),
    ]
    kinds = {resource["id"]: resource["resourceType"] for resource in resources}
    person = UUID(summary.patient["id"])
    key = uuid5(person, f"summary {summary.at.isoformat()}")
    composition = _composition(summary, told, uuid5(key, "composition"))
    return {
        "resourceType": "Bundle",
        "id": str(key),
        "meta": {"profile": [f"{PROFILE}Bundle-uv-ips"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{key}"},
        "type": "document",
        "timestamp": instant(summary.at),
        "entry": [
            {"fullUrl": f"urn:uuid:{each['id']}", "resource": slim(_inside(each, kinds))}
            for each in [composition, *resources]
        ],
    }


def _unknown(name: str, patient: str) -> list[dict[str, Any]]:
    """That nothing was written down does not say that there is nothing: IPS has codes for it."""
    subject = {"reference": f"Patient/{patient}"}
    key = uuid5(UUID(patient), f"no {name}")
    if name == "problems":
        code = coding(ABSENT, "no-problem-info", "No information about problems")
        return [
            {
                "resourceType": "Condition",
                "id": str(key),
                "clinicalStatus": {"coding": [coding(CLINICAL, "active")]},
                "code": {"coding": [code]},
                "subject": subject,
            }
        ]
    if name == "allergies":
        code = coding(ABSENT, "no-allergy-info", "No information about allergies")
        return [
            {
                "resourceType": "AllergyIntolerance",
                "id": str(key),
                "clinicalStatus": {"coding": [coding(ALLERGY_CLINICAL, "active")]},
                "code": {"coding": [code]},
                "patient": subject,
            }
        ]
    if name == "medicines":
        code = coding(ABSENT, "no-medication-info", "No information about medications")
        return [
            {
                "resourceType": "MedicationStatement",
                "id": str(key),
                "status": "unknown",
                "medicationCodeableConcept": {"coding": [code]},
                "subject": subject,
                "_effectiveDateTime": {"extension": [{"url": REASON, "valueCode": "unknown"}]},
            }
        ]
    return []


def _inside(value: Any, kinds: dict[str, str]) -> Any:
    """The same with references that lead inside the Bundle; one that would not keeps its words."""
    if isinstance(value, list):
        return [_inside(each, kinds) for each in value]
    if not isinstance(value, dict):
        return value
    told = {name: _inside(each, kinds) for name, each in value.items()}
    pointed = told.get("reference")
    if isinstance(pointed, str):
        kind, _slash, key = pointed.rpartition("/")
        if kinds.get(key) == kind:
            told["reference"] = f"urn:uuid:{key}"
        else:
            del told["reference"]
    return told


def _composition(
    summary: Summary, told: dict[str, list[dict[str, Any]]], key: UUID
) -> dict[str, Any]:
    facts = summary.facts()
    return {
        "resourceType": "Composition",
        "id": str(key),
        "meta": {"profile": [f"{PROFILE}Composition-uv-ips"]},
        "status": "final",
        "type": concept(LOINC, *DOCUMENT),
        "subject": {"reference": f"Patient/{summary.patient['id']}"},
        "date": instant(summary.at),
        "author": [{"reference": f"Organization/{summary.author['id']}"}],
        "title": _("健康摘要"),
        "confidentiality": "N",
        "custodian": {"reference": f"Organization/{summary.author['id']}"},
        "section": [
            _section(section, facts[name], told[name])
            for name, section in SECTIONS.items()
            if told[name]
        ],
    }


def _section(
    section: Section, facts: Sequence[Fact], told: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "title": str(_(section.title)),
        "code": concept(LOINC, section.code, section.display),
        "text": {"status": "generated", "div": _narrative(facts)},
        "entry": [{"reference": f"{each['resourceType']}/{each['id']}"} for each in told],
    }


def _narrative(facts: Sequence[Fact]) -> str:
    lines = "".join(f"<li>{escape(str(fact))}</li>" for fact in facts)
    body = f"<ul>{lines}</ul>" if lines else f"<p>{escape(_('没有记录。'))}</p>"
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'
