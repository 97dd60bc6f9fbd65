"""One resource: what it says, its version, who gets it, and the line that it leaves."""

from __future__ import annotations

import base64

import pytest
from django.utils import timezone

from tests.fhir import assert_valid
from tests.machines import ask_token, connect
from xinglin.clinical.record import actions as record
from xinglin.gateway.fhir.registry import TYPES
from xinglin.gateway.fhir.tests.county import PDF, Reader, machine, person_at
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Identifier

# Resources of houses and of who works there: no patient's data.
DIRECTORY = (
    *("Organization", "Practitioner", "PractitionerRole"),
    *("Location", "Schedule", "Slot", "Contract"),
)
CLINICAL = [kind for kind, (offer, *_more) in TYPES.items() if offer.person]


def last_line() -> TrailEntry:
    return TrailEntry.objects.latest("id")


# The trail is no house's to read; its own tests are in the privacy app.
OPEN = [kind for kind in TYPES if kind != "AuditEvent"]


@pytest.mark.parametrize("kind", OPEN)
def test_every_type_can_be_read_and_is_valid(his, lived, kind):
    assert kind in lived, (
        "a type that is offered is tried: let it happen in the county of the tests"
    )
    told = his.ask(f"{kind}/{lived[kind].pk}")
    assert told.status_code == 200
    assert told["Content-Type"] == "application/fhir+json"
    resource = told.json()
    assert_valid(resource)
    assert (resource["resourceType"], resource["id"]) == (kind, str(lived[kind].pk))
    assert told["ETag"] == f'W/"{resource["meta"]["versionId"]}"'
    assert "Last-Modified" in told


@pytest.mark.parametrize("kind", CLINICAL)
def test_reading_a_patients_data_leaves_a_line_with_its_ground(his, county, lived, kind):
    assert kind in lived, (
        "a type that is offered is tried: let it happen in the county of the tests"
    )
    before = TrailEntry.objects.count()
    his.get(f"{kind}/{lived[kind].pk}")
    assert TrailEntry.objects.count() == before + 1
    line = last_line()
    assert (line.kind, line.person_id) == ("read", county.patient.pk)
    assert (line.subject_id, line.org_id) == (lived[kind].pk, county.township.pk)
    assert line.basis
    assert line.county_id == county.region.pk


@pytest.mark.parametrize("kind", DIRECTORY)
def test_the_directory_is_no_patients_data(his, lived, kind):
    before = TrailEntry.objects.count()
    his.get(f"{kind}/{lived[kind].pk}")
    assert TrailEntry.objects.count() == before


@pytest.mark.parametrize("kind", TYPES)
def test_for_strangers_there_is_nothing(county, lived, kind):
    stranger = person_at(county.users["stranger"])
    if kind in lived:
        assert stranger.ask(f"{kind}/{lived[kind].pk}").status_code == 404
        assert stranger.ids(f"{kind}?_id={lived[kind].pk}") == []
    assert stranger.get(f"{kind}?_summary=count")["total"] >= 0
    if kind in CLINICAL:
        assert stranger.get(kind)["total"] == 0


def test_without_care_a_record_is_closed_though_the_person_is_known(county, lived):
    """刘科长 of another township finds the resident, but not what they suffer from."""
    liu = person_at(county.users["liu"])
    assert liu.ask(f"Patient/{county.patient.pk}").status_code == 200
    assert liu.ask(f"Observation/{lived['Observation'].pk}").status_code == 404
    assert liu.get(f"Patient/{county.patient.pk}/Observation")["total"] == 0


def test_without_a_token_there_is_no_door(db, client):
    told = Reader(client).ask("Patient")
    assert told.status_code == 401
    assert told["WWW-Authenticate"].startswith("Bearer")
    assert told.json()["resourceType"] == "OperationOutcome"
    assert_valid(told.json())
    told = Reader(client, authorization="Bearer nonsense").ask("Patient")
    assert (told.status_code, told.json()["issue"][0]["code"]) == (401, "login")


@pytest.mark.parametrize("scope", ["system/*.read", "system/*.rs", "api"])
def test_a_token_for_reading_reads(county, client, scope):
    connect(county.village, "reader")
    token = ask_token("reader", scope=scope).json()["access_token"]
    reader = Reader(client, authorization=f"Bearer {token}")
    assert reader.get("Organization")["total"] > 0
    rest = client.get("/api/v1/caller", headers={"authorization": f"Bearer {token}"})
    assert rest.status_code == (200 if scope == "api" else 403)


def test_who_has_the_version_gets_304_and_the_reading_is_traced_all_the_same(his, lived):
    address = f"Observation/{lived['Observation'].pk}"
    etag = his.ask(address)["ETag"]
    before = TrailEntry.objects.count()
    again = his.ask(address, if_none_match=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert TrailEntry.objects.count() == before + 1
    assert his.ask(address, if_none_match='W/"0"').status_code == 200


def test_a_change_makes_another_version(his, county, lived):
    allergy = lived["AllergyIntolerance"]
    before = his.get(f"AllergyIntolerance/{allergy.pk}")
    record.void(allergy, by=county.wang, reason="写错")
    after = his.get(f"AllergyIntolerance/{allergy.pk}")
    assert after["meta"]["versionId"] > before["meta"]["versionId"]
    assert after["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert_valid(after)


def test_a_further_number_makes_another_version_of_the_patient(his, county):
    address = f"Patient/{county.patient.pk}"
    before = his.ask(address)
    people.identify(
        Identifier(
            county=county.region, person=county.patient, kind="local", issuer="urn:his", value="A9"
        ),
        by=county.wang,
    )
    after = his.ask(address, if_none_match=before["ETag"])
    assert after.status_code == 200
    assert {"system": "urn:his", "value": "A9"} in after.json()["identifier"]


def test_head_tells_the_length_without_the_body(his, lived):
    address = f"Observation/{lived['Observation'].pk}"
    whole, head = his.ask(address), his.ask(address, "head")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", whole["ETag"])
    assert int(head["Content-Length"]) == len(whole.content)


def test_only_some_elements_with_those_that_it_cannot_be_without(his, lived):
    told = his.get(f"Observation/{lived['Observation'].pk}?_elements=valueQuantity")
    assert set(told) == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
    assert told["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert_valid(told)


def test_a_filed_document_as_itself_and_as_a_binary(his, lived):
    told = his.get(f"DocumentReference/{lived['DocumentReference'].pk}")
    attachment = told["content"][0]["attachment"]
    before = TrailEntry.objects.count()
    file = his.ask(attachment["url"])
    assert (file.status_code, file["Content-Type"]) == (200, "application/pdf")
    assert b"".join(file.streaming_content) == PDF
    assert TrailEntry.objects.count() == before + 1
    wrapped = his.get(attachment["url"], accept="application/fhir+json")
    assert_valid(wrapped)
    assert base64.b64decode(wrapped["data"]) == PDF
    assert wrapped["contentType"] == "application/pdf"


def test_a_document_whose_file_is_gone_is_a_sentence(his, lived):
    document = lived["DocumentReference"]
    document.file.storage.delete(document.file.name)
    told = his.ask(f"Binary/{document.pk}")
    assert told.status_code == 409
    assert_valid(told.json())


def test_a_read_is_three_queries(his, lived, django_assert_max_num_queries):
    """The row, the ground, the line of the trail."""
    address = f"Observation/{lived['Observation'].pk}"
    his.get(address)
    with django_assert_max_num_queries(3):
        his.get(address)


def test_everything_of_one_patient(his, county, lived, django_assert_max_num_queries):
    with django_assert_max_num_queries(46):
        bundle = his.get(f"Patient/{county.patient.pk}/$everything")
    assert_valid(bundle)
    found = {(e["resource"]["resourceType"], e["resource"]["id"]) for e in bundle["entry"]}
    for kind, row in lived.items():
        kind = {"ordered": "MedicationRequest"}.get(kind, kind)
        if kind not in DIRECTORY or kind == "Organization":
            assert (kind, str(row.pk)) in found
    line = last_line()
    assert line.person_id == county.patient.pk
    for entry in bundle["entry"]:
        assert_valid(entry["resource"])


def test_everything_in_pages_is_the_same(his, county):
    address = f"Patient/{county.patient.pk}/$everything"
    whole = [e["fullUrl"] for e in his.get(address)["entry"] if e["search"]["mode"] == "match"]
    found, path = [], f"{address}?_count=2"
    while path:
        bundle = his.get(path)
        matched = [e["fullUrl"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]
        assert len(matched) <= 2
        found += matched
        path = next(
            (each["url"] for each in bundle["link"] if each["relation"] == "next"), ""
        ).removeprefix("http://testserver/fhir/")
    assert found == whole


def test_everything_of_some_types_and_since(his, county, lived):
    address = f"Patient/{county.patient.pk}/$everything"
    bundle = his.get(f"{address}?_type=Observation,Condition")
    kinds = {
        e["resource"]["resourceType"] for e in bundle["entry"] if e["search"]["mode"] == "match"
    }
    assert kinds == {"Observation", "Condition"}
    tomorrow = timezone.localdate().replace(year=timezone.localdate().year + 1)
    bundle = his.get(f"{address}?_since={tomorrow}&_type=Observation")
    assert "entry" not in bundle
    assert his.ask(f"{address}?_count=x").status_code == 400
    assert his.ask(f"{address}?_since=x").status_code == 400
    assert his.ask(f"{address}?_cursor=x").status_code == 400
    assert his.ask(f"{address}?_cursor=999").status_code == 200


def test_a_stranger_machine_reads_nothing_of_this_county(county, lived):
    elsewhere = machine(county.strange_hospital, "elsewhere")
    assert elsewhere.ask(f"Patient/{county.patient.pk}").status_code == 404
    assert elsewhere.ask(f"Patient/{county.patient.pk}/$everything").status_code == 404
    assert elsewhere.ask(f"Patient/{county.patient.pk}/Condition").status_code == 404
    assert elsewhere.ask(f"Binary/{lived['DocumentReference'].pk}").status_code == 404
