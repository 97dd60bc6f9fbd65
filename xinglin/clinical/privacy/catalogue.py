"""What lies in catalogue/sensitive.toml and catalogue/privacy.toml: domains and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from xinglin.kernel import catalogue

SENSITIVE = "sensitive.toml"
REASONS = "privacy.toml"


@dataclass(frozen=True)
class Coded:
    """One code with its words; `text` asks for words beside it."""

    code: str
    zh: str
    en: str
    text: bool = False

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True)
class Domain(Coded):
    """A sensitive field of medicine and the ICD-10 codes that belong to it."""

    icd10: tuple[tuple[str, str], ...] = ()

    def holds(self, code: str) -> bool:
        """Whether a code lies in one of the ranges: `("F00", "F99")` takes F20.9 in."""
        head = code.strip().upper()
        return any(
            low <= head[: len(low)] and head[: len(high)] <= high for low, high in self.icd10
        )


@catalogue.cached
def _domains(name: str) -> dict[str, Domain]:
    return {
        row["code"]: Domain(
            row["code"], row["zh"], row["en"], icd10=tuple(tuple(pair) for pair in row["icd10"])
        )
        for row in catalogue.read_toml(name)["domain"]
    }


def domains() -> dict[str, Domain]:
    """Every sensitive domain by its code."""
    return _domains(SENSITIVE)


def domain_of(icd10: str) -> str:
    """The domain that a diagnosis belongs to, "" for the ordinary ones."""
    return next((d.code for d in domains().values() if d.holds(icd10)), "")


@catalogue.cached
def _reasons(name: str) -> dict[str, dict[str, Coded]]:
    groups: dict[str, Any] = catalogue.read_toml(name)["reasons"]
    return {
        group: {
            row["code"]: Coded(row["code"], row["zh"], row["en"], row.get("text", False))
            for row in told["codes"]
        }
        for group, told in groups.items()
    }


def reasons(group: str) -> dict[str, Coded]:
    """The coded reasons of one question; KeyError names an unknown question."""
    return _reasons(REASONS)[group]


def reason_label(group: str, code: str) -> str:
    found = reasons(group).get(code)
    return found.label if found else code
