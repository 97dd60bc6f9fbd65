"""FHIR from elsewhere: carebundle's patients, bundles in every form, and damaged ones."""

from __future__ import annotations

import json

import carebundle
import pytest
from carebundle.core.bundle import to_json
from django.utils import timezone

from tests import cast
from xinglin.clinical.record import actions as record_actions
from xinglin.clinical.record import fhir as record
from xinglin.clinical.record.models import (
    Diagnosis,
    Encounter,
    Medication,
    Observation,
    Problem,
)
from xinglin.clinical.referral import actions as referrals
from xinglin.gateway.imports import actions as imports
from xinglin.gateway.imports.tests import county
from xinglin.kernel.access import system
from xinglin.registry.organisations import fhir as houses
from xinglin.registry.people import fhir as people_fhir
from xinglin.registry.people.models import Identifier, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast_():
    return cast.make()


def write(folder, name, sent):
    path = folder / name
    path.write_text(sent if isinstance(sent, str) else json.dumps(sent), "utf-8")
    return path


def bundle(*resources, kind="transaction"):
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {"fullUrl": f"http://his.example/{r['resourceType']}/{r.get('id', '0')}", "resource": r}
            for r in resources
        ],
    }


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"text": "陈桂花"}],
    "gender": "female",
    "birthDate": "1950-02-03",
}
VISIT = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/p1"},
    "period": {"start": "2026-01-05T09:00:00+08:00", "end": "2026-01-05T09:20:00+08:00"},
}
CONDITION = {
    "resourceType": "Condition",
    "id": "c1",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}]},
    "subject": {"reference": "Patient/p1"},
    "encounter": {"reference": "Encounter/e1"},
}


@pytest.mark.parametrize("profile", sorted(carebundle.PROFILES))
def test_a_foreign_bundle_twice_is_one_person_and_can_be_referred(tmp_path, cast_, profile):
    sent = to_json(carebundle.generate_bundle(profile=profile, seed=7))
    path = write(tmp_path, "bundle.json", sent)
    report = imports.load([path], by=system(cast_.region.pk), house=cast_.township)
    assert report.loaded, report.refusals[:3]
    before = county.everything()
    again = imports.load([path], by=system(cast_.region.pk), house=cast_.township)
    assert again.loaded
    assert county.everything() == before
    patient = Person.objects.get(identifiers__isnull=False)
    assert patient.source_id.startswith("urn:uuid:")
    assert Encounter.objects.get(person=patient).organisation_id == cast_.township.pk
    told = json.loads(sent)["entry"]
    kinds = [each["resource"]["resourceType"] for each in told]
    # carebundle tells its conditions as a problem list.
    assert Problem.objects.filter(person=patient).count() == kinds.count("Condition")
    assert Medication.objects.filter(person=patient).count() == kinds.count("MedicationRequest")
    assert Observation.objects.filter(person=patient).count() >= kinds.count("Observation")
    assert report.skipped["DiagnosticReport"] == kinds.count("DiagnosticReport")
    # 王医生 of the township refers the imported patient to the county hospital
    letter = cast.letter(cast_, person=patient, consent_signer=patient.name)
    referral = referrals.submit(referrals.draft(letter, by=cast_.wang), by=cast_.wang)
    assert referral.owner_id == cast_.hospital.pk


def test_all_profiles_in_one_folder_though_they_share_their_names(tmp_path, cast_):
    for profile in carebundle.PROFILES:
        write(
            tmp_path,
            f"{profile}.json",
            to_json(carebundle.generate_bundle(profile=profile, seed=3)),
        )
    report = imports.load([tmp_path], by=system(cast_.region.pk))
    assert report.loaded, report.refusals[:3]
    before = county.everything()
    assert imports.load([tmp_path], by=system(cast_.region.pk)).loaded
    assert county.everything() == before


def test_foreign_codes_are_kept_with_system_and_display(tmp_path, cast_):
    sent = to_json(carebundle.generate_bundle(profile="type2_diabetes", seed=7))
    imports.load([write(tmp_path, "b.json", sent)], by=system(cast_.region.pk))
    found = Problem.objects.get(code="E11.9")
    assert found.system == "http://hl7.org/fhir/sid/icd-10-cm"
    assert found.name == "Type 2 diabetes mellitus without complications"
    assert Medication.objects.filter(system__contains="rxnorm").exists()


@pytest.mark.parametrize("kind", ["transaction", "batch", "collection", "searchset"])
def test_every_kind_of_bundle_and_references_in_any_order(tmp_path, cast_, kind):
    path = write(tmp_path, "b.json", bundle(CONDITION, VISIT, PATIENT, kind=kind))
    report = imports.load([path], by=system(cast_.region.pk), house=cast_.hospital)
    assert report.loaded, report.refusals
    found = Diagnosis.objects.get()
    assert found.encounter.person.name == "陈桂花"
    assert found.diagnosed_on == Encounter.objects.get().started_at.date()
    assert found.organisation == cast_.hospital


def test_lines_and_single_resources_across_files(tmp_path, cast_):
    write(tmp_path, "Patient.ndjson", json.dumps(PATIENT) + "\n\n")
    write(tmp_path, "Encounter.ndjson", json.dumps(VISIT))
    write(tmp_path, "condition.json", CONDITION)
    report = imports.load([tmp_path], by=system(cast_.region.pk), house=cast_.hospital)
    assert report.loaded, report.refusals
    # a later file names the people of an earlier one
    more = {**CONDITION, "id": "c2", "code": {"text": "腰腿痛"}}
    report = imports.load(
        [write(tmp_path, "later.json", more)], by=system(cast_.region.pk), house=cast_.hospital
    )
    assert report.loaded, report.refusals
    assert Diagnosis.objects.count() == 2


def test_a_card_makes_one_person_of_two_systems(tmp_path, cast_):
    card = {"system": people_fhir.ID_CARD, "value": cast_.patient.id_number}
    sent = {
        **PATIENT,
        "name": [{"text": "陈桂香"}],
        "identifier": [card],
        "birthDate": "1962-05-04",
    }
    sent["gender"] = "male" if int(cast_.patient.id_number[16]) % 2 else "female"
    report = imports.load([write(tmp_path, "p.json", bundle(sent))], by=system(cast_.region.pk))
    assert report.counts["residents"].new == 0
    assert Person.objects.filter(name="陈桂香").count() == 1


def test_a_visit_that_goes_on_is_renewed(tmp_path, cast_):
    going = {**VISIT, "status": "in-progress", "period": {"start": "2026-01-05T09:00:00+08:00"}}
    by = system(cast_.region.pk)
    imports.load([write(tmp_path, "a.json", bundle(PATIENT, going))], by=by)
    report = imports.load([write(tmp_path, "b.json", bundle(PATIENT, VISIT))], by=by)
    assert report.counts["encounters"].updated == 1
    assert Encounter.objects.get().ended_at is not None


def test_an_unknown_kind_is_counted_by_name_and_an_unknown_provider_is_the_importing_house(
    tmp_path, cast_
):
    visit = {**VISIT, "serviceProvider": {"reference": "Organization/elsewhere"}}
    other = {"resourceType": "CarePlan", "id": "i1", "subject": {"reference": "Patient/zzz"}}
    report = imports.load(
        [write(tmp_path, "b.json", bundle(PATIENT, visit, other))],
        by=system(cast_.region.pk),
        house=cast_.township,
    )
    assert report.loaded
    assert dict(report.skipped) == {"CarePlan": 1}
    assert Encounter.objects.get().organisation == cast_.township


def broken(**change):
    return [{**CONDITION, **change}, VISIT, PATIENT]


DAMAGE = {
    "dangling subject": (broken(subject={"reference": "Patient/nobody"}), "Condition.subject"),
    "dangling encounter": (
        broken(encounter={"reference": "Encounter/none"}),
        "Condition.encounter",
    ),
    "subject is no patient": (broken(subject={"reference": "Encounter/e1"}), "Condition.subject"),
    "no subject": (broken(subject=None), "Condition.subject"),
    "subject is text": (broken(subject="Patient/p1"), "Condition.subject"),
    "unknown code": (
        broken(code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cn", "code": "ZZZ"}]}),
        "Condition.code",
    ),
    "no resourceType": ([{"id": "x"}], "resourceType"),
    "resourceType is a number": ([{"resourceType": 7}], "resourceType"),
    "null resource": ([None], "resource"),
    "bad id": ([{**PATIENT, "id": "a b"}], "Patient.id"),
    "date of yesterday": ([{**PATIENT, "birthDate": "yesterday"}], "Patient.birthDate"),
    "future visit": (
        [PATIENT, {**VISIT, "period": {"start": "2999-01-01"}}],
        "Encounter.started_at",
    ),
    "circle": (
        [
            PATIENT,
            {**VISIT, "partOf": {"reference": "Encounter/e2"}},
            {**VISIT, "id": "e2", "partOf": {"reference": "Encounter/e1"}},
        ],
        "Encounter.partOf",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_by_its_path_and_nothing_comes_in(tmp_path, cast_, name):
    resources, path = DAMAGE[name]
    sent = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in resources],
    }
    before = county.everything()
    report = imports.load([write(tmp_path, "b.json", sent)], by=system(cast_.region.pk))
    assert not report.loaded
    assert county.everything() == before
    assert path in {r.column for r in report.refusals}, report.refusals
    assert all(r.place.entry.startswith("entry[") for r in report.refusals)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"resourceType": "Bundle", "type": "history"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "Bundle.entry"),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{}]}, "没有 resource"),
        (
            {
                "resourceType": "Bundle",
                "type": "batch",
                "entry": [{"request": {"method": "DELETE"}, "resource": PATIENT}],
            },
            "POST",
        ),
        ({"name": "陈桂香"}, "resourceType"),
    ],
)
def test_a_malformed_bundle_is_a_sentence(tmp_path, cast_, sent, reason):
    report = imports.load([write(tmp_path, "b.json", sent)], by=system(cast_.region.pk))
    assert [r for r in report.refusals if reason in r.reason], report.refusals


def test_our_own_resources_come_back_as_the_same_facts(tmp_path, cast_):
    """What we emit, another county takes in whole."""
    granny = cast_.patient
    visit = Encounter(
        person=granny,
        organisation=cast_.township,
        kind="outpatient",
        started_at=timezone.now(),
    )
    record_actions.start_encounter(visit, by=system(cast_.region.pk))
    sent = bundle(
        houses.to_fhir(cast_.township), people_fhir.to_fhir(granny), record.to_fhir(visit)
    )
    # the township's own parent is not in the bundle and not in the other county
    sent["entry"][0]["resource"].pop("partOf")
    sent["entry"][0]["resource"].pop("type")
    report = imports.load(
        [write(tmp_path, "b.json", sent)], by=cast_.strange_admin, house=cast_.strange_hospital
    )
    assert report.loaded, report.refusals
    person = Person.objects.get(county=cast_.strange_region)
    assert (person.name, person.id_number) == (granny.name, granny.id_number)
    assert Identifier.objects.count() == 0
