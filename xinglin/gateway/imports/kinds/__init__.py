"""The kinds of table a county sends, and their columns: names, spellings, what each may hold."""

from __future__ import annotations

from functools import cache

from django.utils.translation import gettext_lazy as _

from xinglin.gateway.imports.kinds.clinical import ALLERGIES, ENCOUNTERS, MEDICATIONS
from xinglin.gateway.imports.kinds.columns import EXAMPLE, ID_CARD, NOTE, Column, Kind, plain
from xinglin.gateway.imports.kinds.registry import ORGANISATIONS, RESIDENTS, STAFF

KINDS = (ORGANISATIONS, STAFF, RESIDENTS, ENCOUNTERS, MEDICATIONS, ALLERGIES)


@cache
def by_code(code: str) -> Kind | None:
    return next((kind for kind in KINDS if kind.code == code), None)


# What one table or bundle holds besides its own kind.
_PARTS = {"diagnoses": _("诊断"), "observations": _("检查结果"), "fhir": "FHIR"}


def label_of(code: str) -> str:
    """What a kind is called in the reader's language."""
    kind = by_code(code)
    return str(kind.label if kind else _PARTS.get(code, code))


__all__ = [
    "ALLERGIES",
    "ENCOUNTERS",
    "EXAMPLE",
    "ID_CARD",
    "KINDS",
    "MEDICATIONS",
    "NOTE",
    "ORGANISATIONS",
    "RESIDENTS",
    "STAFF",
    "Column",
    "Kind",
    "by_code",
    "label_of",
    "plain",
]
