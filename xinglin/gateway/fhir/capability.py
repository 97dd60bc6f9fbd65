"""What the door says of itself: CapabilityStatement, and how a client gets its token (SMART)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from xinglin.gateway.fhir.registry import BINARY, PATIENT, TYPES, parameters, pointers
from xinglin.kernel.searching import Pointer

# Reading of whatever the client's post may see. Rights come from the post, so that narrower
# scopes than these would promise what nobody checks.
SCOPES = ("system/*.read", "system/*.rs")
FHIR_VERSION = "4.0.1"
# The day on which what is offered last changed.
DATE = "2026-11-27"
SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def statement(base: str) -> dict[str, Any]:
    """The CapabilityStatement, made of the registry and hence never out of date."""
    token = base.removesuffix("fhir/") + "oauth/token"
    binary = {
        "type": BINARY,
        "interaction": [{"code": "read"}],
        "versioning": "no-version",
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Xinglin", "version": version("xinglin")},
        "implementation": {"description": "杏林 Xinglin", "url": base.removesuffix("/")},
        "fhirVersion": FHIR_VERSION,
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Read and search. Only what the caller's post may see exists: "
                "anything else is 404 or absent. Readings of a patient's data are traced.",
                "security": {
                    "extension": [
                        {"url": OAUTH_URIS, "extension": [{"url": "token", "valueUri": token}]}
                    ],
                    "service": [
                        {
                            "coding": [{"system": SECURITY, "code": "SMART-on-FHIR"}],
                            "text": "OAuth2 client credentials (SMART Backend Services scopes)",
                        }
                    ],
                },
                "resource": sorted([*map(_resource, TYPES), binary], key=lambda each: each["type"]),
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": kind,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "versioned",
        "readHistory": False,
        "conditionalRead": "not-match",
        "searchParam": [
            {
                "name": name,
                "type": parameter.kind,
                **(
                    {"documentation": "→ " + ", ".join(parameter.targets)}
                    if isinstance(parameter, Pointer)
                    else {}
                ),
            }
            for name, parameter in parameters(kind).items()
        ],
    }
    if pointers(kind):
        told["searchInclude"] = [f"{kind}:{name}" for name in pointers(kind)]
    if kind == PATIENT:
        told["operation"] = [
            {"name": name, "definition": f"http://hl7.org/fhir/OperationDefinition/Patient-{name}"}
            for name in ("everything", "match")
        ]
    return told


def smart(oauth: str) -> dict[str, Any]:
    """`.well-known/smart-configuration`: client credentials only, so there is nothing to launch."""
    return {
        "token_endpoint": f"{oauth}token",
        "revocation_endpoint": f"{oauth}revoke",
        "introspection_endpoint": f"{oauth}introspect",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": list(SCOPES),
        # Of authorisation codes, of which there are none.
        "code_challenge_methods_supported": [],
        "capabilities": ["client-confidential-symmetric", "permission-v1", "permission-v2"],
    }
