"""The kinds of table a county sends, and their columns: names, spellings, what each may hold."""

from __future__ import annotations

from functools import cache

from xinglin.gateway.imports.kinds.clinical import ALLERGIES, ENCOUNTERS, MEDICATIONS
from xinglin.gateway.imports.kinds.columns import EXAMPLE, ID_CARD, NOTE, Column, Kind, plain
from xinglin.gateway.imports.kinds.findings import (
    COVERS,
    DIAGNOSES,
    DOCUMENTS,
    FAMILY,
    IMMUNIZATIONS,
    OBSERVATIONS,
    PROBLEMS,
    PROCEDURES,
)
from xinglin.gateway.imports.kinds.registry import ORGANISATIONS, RESIDENTS, STAFF, TRAVEL

# Clinical tables, in the order in which they lean on each other.
FACTS = (
    ENCOUNTERS,
    COVERS,
    PROBLEMS,
    DIAGNOSES,
    OBSERVATIONS,
    ALLERGIES,
    MEDICATIONS,
    PROCEDURES,
    IMMUNIZATIONS,
    FAMILY,
    DOCUMENTS,
)
KINDS = (ORGANISATIONS, TRAVEL, STAFF, RESIDENTS, *FACTS)


@cache
def by_code(code: str) -> Kind | None:
    return next((kind for kind in KINDS if kind.code == code), None)


# What is no table.
_PARTS = {"fhir": "FHIR"}


def label_of(code: str) -> str:
    """What a kind is called in the reader's language."""
    kind = by_code(code)
    return str(kind.label if kind else _PARTS.get(code, code))


__all__ = [
    "ALLERGIES",
    "COVERS",
    "DIAGNOSES",
    "DOCUMENTS",
    "ENCOUNTERS",
    "EXAMPLE",
    "FACTS",
    "FAMILY",
    "ID_CARD",
    "IMMUNIZATIONS",
    "KINDS",
    "MEDICATIONS",
    "NOTE",
    "OBSERVATIONS",
    "ORGANISATIONS",
    "PROBLEMS",
    "PROCEDURES",
    "RESIDENTS",
    "STAFF",
    "TRAVEL",
    "Column",
    "Kind",
    "by_code",
    "label_of",
    "plain",
]
