"""What the record keeps: encounters, and the facts found, given and filed in them or beside."""

from xinglin.clinical.record.models.facts import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FactQuerySet,
    HappenedAt,
    Medication,
    Observation,
    OfEncounter,
    once_per_source,
)
from xinglin.clinical.record.models.given import Immunization, Procedure
from xinglin.clinical.record.models.history import (
    FamilyHistory,
    HealthCover,
    Problem,
    RecordSerial,
)
from xinglin.clinical.record.models.life import FACTS, KINDS, life, timeline

__all__ = [
    "FACTS",
    "KINDS",
    "Allergy",
    "Diagnosis",
    "Document",
    "Encounter",
    "Fact",
    "FactQuerySet",
    "FamilyHistory",
    "HappenedAt",
    "HealthCover",
    "Immunization",
    "Medication",
    "Observation",
    "OfEncounter",
    "Problem",
    "Procedure",
    "RecordSerial",
    "life",
    "once_per_source",
    "timeline",
]
