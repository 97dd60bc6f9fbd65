"""What the door says of itself is what it does."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.fhir import assert_valid
from xinglin.gateway.fhir.asking import sortable
from xinglin.gateway.fhir.capability import SCOPES
from xinglin.gateway.fhir.registry import TYPES


@pytest.fixture
def told(db, client):
    """Open to all."""
    answer = client.get("/fhir/metadata")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/fhir+json")
    return answer.json()


def test_the_statement_is_valid_and_names_every_type(told):
    # The schema's list of versions ends with 4.0.0; 4.0.1 corrected it.
    assert_valid({**told, "fhirVersion": "4.0.0"})
    assert {each["type"] for each in told["rest"][0]["resource"]} == {*TYPES, "Binary"}


def test_every_parameter_and_reference_that_it_names_can_be_used(told, his):
    for resource in told["rest"][0]["resource"]:
        kind = resource["type"]
        for parameter in resource.get("searchParam", ()):
            query = f"{parameter['name']}:missing=false"
            if parameter["name"] == "_id":
                query = "_id=x"
            assert his.ask(f"{kind}?{query}", prefer="handling=strict").status_code == 200
        for include in resource.get("searchInclude", ()):
            his.get(f"{kind}?_include={include}", prefer="handling=strict")


def test_models_of_one_type_do_not_disagree_about_a_parameter():
    for offers in TYPES.values():
        kinds: dict[str, type] = {}
        for offer in offers:
            names = [each.name for each in offer.parameters]
            assert len(set(names)) == len(names)
            for each in offer.parameters:
                assert kinds.setdefault(each.name, type(each)) is type(each)
    for kind, offers in TYPES.items():
        for name in sortable(kind):
            columns = [o.model._meta.get_field(o.parameter(name).sort) for o in offers]
            fields = {column.get_internal_type() for column in columns}
            assert len(fields) == 1, f"{kind}.{name} has values that cannot be compared"


def test_how_to_get_a_token(db, client):
    told = client.get("/fhir/.well-known/smart-configuration")
    assert told["Content-Type"] == "application/json"
    found = told.json()
    assert found["token_endpoint"] == "http://testserver/oauth/token"
    assert set(found["scopes_supported"]) == set(SCOPES)
    assert set(SCOPES) < set(settings.OAUTH2_PROVIDER["SCOPES"])
    assert found["grant_types_supported"] == ["client_credentials"]
