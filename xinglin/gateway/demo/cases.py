"""The illnesses of the demo's referrals, from `cases.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A patient whom the township sends up: what is wrong, and what the county finds and does."""

    code: str
    name: str
    department: str
    symptoms: str
    past: str
    treatment: str
    reason: str
    urgency: str
    kind: str
    results: str
    treated: str
    plan: str
    rehabilitation: str


_TOLD = tomllib.loads((Path(__file__).parent / "cases.toml").read_text("utf-8"))
CASES = [Case(**row) for row in _TOLD["case"]]
