"""A FHIR client that is not ours (SMART Health IT's fhirclient) reads, searches and pages.

It checks every element against the types of R4, so that what it takes in is what it expects.
"""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
import requests
from django.utils import timezone
from fhirclient import server as fhir_server
from fhirclient.models import (
    bundle,
    capabilitystatement,
    condition,
    encounter,
    observation,
    patient,
    servicerequest,
    task,
)
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.fhirsearch import FHIRSearch
from requests.adapters import BaseAdapter

from xinglin.gateway.fhir.registry import TYPES
from xinglin.gateway.fhir.tests.county import pressure

BASE = "http://testserver/fhir"


class Within(BaseAdapter):
    """Hands what the client sends to the house without a network between."""

    def __init__(self, http):
        super().__init__()
        self.http = http

    def send(self, request, **_more):
        told = self.http.generic(request.method, request.path_url, headers=dict(request.headers))
        answer = requests.Response()
        answer.status_code = told.status_code
        answer.headers.update(told.headers)
        answer.raw = BytesIO(told.content)
        answer.request, answer.url = request, request.url
        return answer

    def close(self):
        pass


@pytest.fixture
def server(his):
    found = fhir_server.FHIRServer(None, base_uri=BASE)
    found.session.mount("http://", Within(his.http))
    found.session.headers["Authorization"] = his.headers["authorization"]
    return found


def test_it_understands_what_the_house_can_do(server):
    told = capabilitystatement.CapabilityStatement.read_from("metadata", server)
    assert told.fhirVersion == "4.0.1"
    (rest,) = told.rest
    assert {each.type for each in rest.resource} == {*TYPES, "Binary"}
    everything = {
        each.name for each in rest.resource if each.type == "Patient" for each in each.operation
    }
    assert everything == {"everything", "match"}


def test_it_reads_a_patient_and_what_they_suffer_from(server, county, lived):
    granny = patient.Patient.read(str(county.patient.pk), server)
    assert granny.name[0].text == "陈桂香"
    assert granny.birthDate.date.isoformat() == "1962-05-04"
    found = FHIRSearch(condition.Condition, {"patient": str(county.patient.pk), "code": "I10"})
    (hypertension,) = found.perform_resources_iter(server)
    assert hypertension.code.coding[0].code == "I10"
    who = hypertension.subject
    assert isinstance(who, FHIRReference)
    assert who.reference == f"Patient/{county.patient.pk}"


@pytest.mark.parametrize("kind", TYPES)
def test_it_takes_in_every_type(server, lived, kind):
    told = bundle.Bundle.read_from(kind, server)
    assert told.total == len(told.entry or [])
    for entry in told.entry or []:
        assert entry.resource.resource_type == kind
        again = type(entry.resource)(entry.resource.as_json())
        assert again.id == entry.resource.id


def test_it_walks_through_all_pages(server, county):
    now = timezone.now()
    wanted = {
        str(
            pressure(
                county.wang,
                county.patient,
                county.township,
                now - timedelta(days=at),
                value=100 + at,
            ).pk
        )
        for at in range(25)
    }
    search = FHIRSearch(
        observation.Observation,
        {"patient": str(county.patient.pk), "_count": "10", "_sort": "-date"},
    )
    pages = list(search.perform_iter(server))
    assert [len(page.entry) for page in pages] == [10, 10, 6]
    found = [entry.resource.id for page in pages for entry in page.entry]
    assert wanted < set(found)
    assert len(found) == len(set(found))
    moments = [entry.resource.effectiveDateTime.date for page in pages for entry in page.entry]
    assert moments == sorted(moments, reverse=True)


def test_it_follows_a_referral_with_what_is_included(server, county, lived):
    search = FHIRSearch(servicerequest.ServiceRequest, {"status": "active", "code": "up"})
    search.include("subject")
    request, who = search.perform_resources_iter(server)
    assert (request.id, who.id) == (str(lived["ServiceRequest"].pk), str(county.patient.pk))
    progress = task.Task.read(request.id, server)
    assert progress.status == "requested"
    assert progress.focus.reference == f"ServiceRequest/{request.id}"


def test_a_refusal_reaches_it_as_one(server):
    with pytest.raises(fhir_server.FHIRNotFoundException):
        encounter.Encounter.read("00000000-0000-7000-8000-000000000000", server)
    with pytest.raises(requests.HTTPError) as refused:
        bundle.Bundle.read_from("Patient?birthdate=tomorrow", server)
    assert refused.value.response.json()["resourceType"] == "OperationOutcome"
