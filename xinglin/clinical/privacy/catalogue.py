"""What lies in catalogue/sensitive.toml and catalogue/privacy.toml: domains and reasons."""

from __future__ import annotations

from dataclasses import dataclass

from xinglin.kernel import catalogue
from xinglin.kernel.reasons import Coded, Reasons

SENSITIVE = "sensitive.toml"
# The questions: break-glass, vip.
reasons = Reasons("privacy.toml")


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
