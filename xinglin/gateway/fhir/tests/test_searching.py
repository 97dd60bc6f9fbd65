"""What a search finds: every parameter, the order, what is included, and the lines it leaves."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from tests import cast
from tests.fhir import assert_valid
from xinglin.clinical.record.models import Observation
from xinglin.gateway.fhir.asking import sortable
from xinglin.gateway.fhir.registry import COMPARTMENT, TYPES, parameters, pointers
from xinglin.gateway.fhir.tests.county import link, matches, pressure, visit
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said

ID_CARD = "urn:oid:2.16.156.10011.1.3"
SOMETHING = {
    "token": "x|y",
    "string": "陈",
    "date": "ge2020",
    "reference": "00000000-0000-7000-8000-000000000000",
    "quantity": "gt1",
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_parameter_of_every_type_can_be_asked(his, kind):
    """And with every modifier that it knows; a wrong column would break here."""
    for name, parameter in parameters(kind).items():
        value = "nobody" if name == "_id" else quote(SOMETHING[parameter.kind])
        assert_valid(his.get(f"{kind}?{name}={value}"))
        for modifier in parameter.modifiers:
            value = "true" if modifier == "missing" else quote(SOMETHING[parameter.kind])
            his.get(f"{kind}?{name}:{modifier}={value}")
    for name in sortable(kind):
        his.get(f"{kind}?_sort={name}&_count=1")
        his.get(f"{kind}?_sort=-{name},_lastUpdated&_count=1")
    for name in pointers(kind):
        bundle = his.get(f"{kind}?_include={kind}:{name}")
        assert f"_include={kind}%3A{name}" in link(bundle, "self")


@pytest.mark.parametrize("kind", TYPES)
def test_what_a_search_finds_is_valid_and_its_references_lead_somewhere(his, lived, kind):
    bundle = his.get(kind)
    assert_valid(bundle)
    assert (kind in lived) <= bool(bundle["total"])
    assert len(matches(bundle)) == bundle["total"]
    pointed = set()

    def look(value):
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                pointed.add(value["reference"])
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    for resource in matches(bundle):
        assert_valid(resource)
        look(resource)
    for reference in pointed:
        assert his.ask(reference).status_code == 200, reference


@pytest.mark.parametrize("kind", COMPARTMENT)
def test_the_patients_own_shelf_is_the_search_by_patient(his, county, kind):
    who = county.patient.pk
    by_shelf = his.get(f"Patient/{who}/{kind}")
    assert [m["id"] for m in matches(by_shelf)] == his.ids(f"{kind}?patient={who}")
    assert link(by_shelf, "self") == f"Patient/{who}/{kind}"


WISHES = {
    # kind: (what finds the one that has happened, what does not)
    "Organization": (
        ["name=青山镇", "name:contains=卫生院", "type=township", "active=true"],
        ["name=卫生院", "name:exact=青山镇", "type=nonsense|township", "active:not=true"],
    ),
    "Contract": (
        ["status=executed", "status:not=negotiable", "issued=lt2199", "authority:missing=false"],
        ["status=negotiable,terminated", "identifier=nonsense", "issued=lt2020"],
    ),
    "Patient": (
        ["name=陈", "name:exact=陈桂香", "name:contains=桂", "phonetic=cgx", "phonetic=chenguix"]
        + [
            "gender=unknown,female,male",
            "birthdate=1962-05-04",
            "birthdate=1962",
            "phone=13900000001",
        ]
        + [
            "birthdate=lt1963",
            "birthdate=ge1962-05-04",
            "deceased=false",
            "death-date:missing=true",
        ],
        [
            "name=桂香",
            "phonetic=zs",
            "gender:not=female,male",
            "birthdate=1962-05-05",
            "phone=1390000",
        ]
        + ["birthdate=gt1962-05-04", "birthdate=ne1962", "deceased=true", "death-date=ge1900"],
    ),
    "Encounter": (
        [
            "class=AMB",
            "status=in-progress",
            "identifier=M1",
            "date=le2999-01-01".replace("2999", "2199"),
        ]
        + ["identifier=urn:oid:2.16.156.10011.1.11|M1", "status=in-progress,finished"],
        ["class=IMP", "status=finished", "identifier=M2", "date=lt2020", "date=eb2020"]
        + ["identifier=urn:oid:2.16.156.10011.1.12|M1", "status:not=in-progress"],
    ),
    "Condition": (
        [
            "code=I10",
            "code=http://hl7.org/fhir/sid/icd-10|I10",
            "code=http://hl7.org/fhir/sid/icd-10|",
        ]
        + [
            "clinical-status=active",
            "category=encounter-diagnosis",
            "verification-status=confirmed",
        ],
        [
            "code=I11",
            "code=icd10|I10",
            "code=|I10",
            "code=http://loinc.org|I10",
            "clinical-status=resolved",
        ]
        + ["clinical-status:missing=true", "verification-status=entered-in-error"],
    ),
    "Observation": (
        [
            "code=http://loinc.org|8480-6",
            "code=8480-6,8462-4",
            "category=vital-signs",
            "status=final",
        ]
        + ["value-quantity=150", "value-quantity=gt140||mm[Hg]", "value-quantity=1.5e2"]
        + ["value-quantity=le150|http://unitsofmeasure.org|mm[Hg]", "value-quantity=ap145"],
        ["code=8462-4", "category=laboratory", "status=entered-in-error", "value-quantity=151"]
        + ["value-quantity=gt150", "value-quantity=150||mmol/L", "value-quantity=ne150"],
    ),
    "AllergyIntolerance": (
        ["criticality=high", "clinical-status=active", "verification-status=confirmed"],
        ["criticality=low", "clinical-status=resolved", "code=x"],
    ),
    "MedicationRequest": (["status=active", "intent=order"], ["status=completed", "intent=plan"]),
    "MedicationStatement": (
        ["status=active", "effective=ge2020"],
        ["status=not-taken", "status=completed", "effective=lt2020"],
    ),
    "MedicationAdministration": (
        ["status=unknown", "effective-time=ge2020"],
        ["status=completed", "effective-time=lt2020"],
    ),
    "Procedure": (
        ["code=http://hl7.org/fhir/sid/icd-9-cm|47.0900", "status=completed", "date=ge2020"],
        ["code=http://hl7.org/fhir/sid/icd-10|47.0900", "code=icd9cm3|47.0900", "date=lt2020"],
    ),
    "Immunization": (
        ["lot-number=l7", "lot-number:exact=L7", "status=completed", "date=ge2020"],
        ["lot-number=7", "vaccine-code=x", "status=not-done"],
    ),
    "FamilyMemberHistory": (
        ["relationship=FTH", "relationship=urn:xinglin:family-relation|51", "status=completed"],
        ["relationship=MTH", "relationship=52", "code=I10"],
    ),
    "DocumentReference": (["status=current"], ["status=superseded"]),
    "ServiceRequest": (
        ["status=active", "priority=routine", "code=up", "intent=order"],
        ["status=draft", "priority=stat", "code=down", "status:not=active"],
    ),
    "Task": (
        ["status=requested", "business-status=submitted", "priority=routine"],
        ["status=completed", "business-status=draft", "encounter:missing=false"],
    ),
    "PractitionerRole": (
        ["active=true", "role=township-doctor", "date=ge2020"],
        ["active=false&role=township-doctor", "role=nonsense"],
    ),
}


@pytest.mark.parametrize("kind", WISHES)
def test_parameters_find_what_they_ask_for_and_nothing_else(his, lived, kind):
    wanted = str(lived[kind].pk)
    found, other = WISHES[kind]
    for query in found:
        name, _equals, value = query.partition("=")
        assert wanted in his.ids(f"{kind}?{name}={quote(value, safe='&=')}"), query
    for query in other:
        name, _equals, value = query.partition("=")
        assert wanted not in his.ids(f"{kind}?{name}={quote(value, safe='&=')}"), query


def test_references_are_written_in_every_way(his, county, lived):
    who, wanted = county.patient.pk, str(lived["Observation"].pk)
    for reference in (
        f"patient={who}",
        f"patient=Patient/{who}",
        f"subject:Patient={who}",
        f"subject=http://testserver/fhir/Patient/{who}",
        f"patient=00000000-0000-7000-8000-000000000000,Patient/{who}",
        f"encounter={lived['Encounter'].pk}",
    ):
        assert wanted in his.ids(f"Observation?{reference}"), reference
    for reference in (
        f"patient=Group/{who}",
        f"patient=http://elsewhere.example/fhir/Patient/{who}",
        "patient=nobody",
        "encounter:missing=true",
    ):
        assert wanted not in his.ids(f"Observation?{reference}"), reference


def test_what_belongs_to_a_patient_known_by_number(his, county, lived):
    wanted = str(lived["Condition"].pk)
    card = county.patient.id_number
    for name in ("patient.identifier", "subject:Patient.identifier"):
        assert wanted in his.ids(f"Condition?{name}={ID_CARD}|{card}")
        assert wanted in his.ids(f"Condition?{name}={card}")
        assert his.ids(f"Condition?{name}=urn:nobody|{card}") == []
    assert wanted in his.ids("Condition?patient.name=陈")
    assert his.ids("Condition?patient.birthdate=lt1900") == []


def test_dates_of_every_precision_and_prefix(his, county):
    """Against what the rules of FHIR say of one moment."""
    at = datetime(2026, 3, 2, 10, 30, 15, tzinfo=timezone.get_current_timezone())
    wanted = str(pressure(county.wang, county.patient, county.township, at).pk)
    for yes in (
        *("2026", "2026-03", "2026-03-02", "2026-03-02T10:30", "2026-03-02T10:30:15%2B08:00"),
        *("2026-03-02T02:30:15Z", "2026-03-02T10:30:15%2008:00", "2026-03-02T10:30:15"),
        *("eq2026-03-02", "ge2026-03-02", "le2026-03-02", "gt2026-03-01", "lt2026-03-03"),
        *("sa2026-03-01", "eb2026-03-03", "ne2026-03-03", "ge2026-03-02T10:30:15"),
        *("lt2026-03-02T10:30:16", "ap2026-03"),
    ):
        assert wanted in his.ids(f"Observation?date={yes}&_count=200"), yes
    for no in (
        *("2025", "2026-04", "2026-03-03", "2026-03-02T10:31", "2026-03-02T10:30:15Z"),
        *("ne2026-03-02", "gt2026-03-02", "lt2026-03-02", "sa2026-03-02", "eb2026-03-02"),
        *("ge2026-03-03", "le2026-03-01", "ap1990"),
    ):
        assert wanted not in his.ids(f"Observation?date={no}&_count=200"), no
    both = his.ids("Observation?date=ge2026-03-02&date=lt2026-03-03")
    assert both == [wanted]


def test_a_stay_that_lasts_reaches_into_every_later_day(his, county, lived):
    stay, today = str(lived["Encounter"].pk), timezone.localdate()
    for yes in (f"gt{today}", f"ge{today}", f"le{today}", f"lt{today}", f"ap{today}"):
        assert stay in his.ids(f"Encounter?date={yes}"), yes
    for no in (f"eq{today}", f"sa{today}", f"eb{today}", f"{today.year}"):
        assert stay not in his.ids(f"Encounter?date={no}"), no


def test_by_form_as_by_address(his, county):
    form = f"patient={county.patient.pk}&_count=1"
    told = his.ask("Observation/_search", "post", form)
    assert told.status_code == 200
    assert link(told.json(), "self") == f"Observation?{form}"
    assert [m["id"] for m in matches(told.json())] == his.ids(f"Observation?{form}")


def test_includes_bring_what_is_pointed_to_once(his, county, lived):
    bundle = his.get(
        "Observation?_include=Observation:patient&_include=Observation:encounter"
        "&_include=Observation:performer"
    )
    included = {(r["resourceType"], r["id"]) for r in matches(bundle, "include")}
    assert included == {
        ("Patient", str(county.patient.pk)),
        ("Encounter", str(lived["Encounter"].pk)),
        ("Organization", str(county.township.pk)),
    }
    assert bundle["total"] == len(matches(bundle))
    for resource in matches(bundle, "include"):
        assert_valid(resource)


def test_a_list_of_people_tells_no_numbers_and_one_asked_for_by_number_does(his, county):
    """As in REST: a list is to choose from; who wants the number reads, and leaves a line."""
    before = TrailEntry.objects.count()
    (listed,) = matches(his.get("Patient?name=陈桂香"))
    assert not {"identifier", "telecom", "contact"} & set(listed)
    assert listed["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert TrailEntry.objects.count() == before
    for query in (f"identifier={county.patient.id_number}", f"_id={county.patient.pk}"):
        (whole,) = matches(his.get(f"Patient?{query}"))
        assert whole["identifier"][0]["value"] == county.patient.id_number
        line = TrailEntry.objects.latest("id")
        assert (line.verb, line.person_id) == ("person.read", county.patient.pk)
    assert his.ids(f"Patient?identifier={ID_CARD}|") == []


def test_a_search_leaves_one_line_for_each_person_with_the_ground(his, county):
    other = cast.resident(county.wang, county.region, "李大爷", managed_by=county.village)
    for who in (county.patient, other, other):
        pressure(county.wang, who, county.township, timezone.now())
    before = TrailEntry.objects.count()
    his.get("Observation")
    lines = list(TrailEntry.objects.order_by("id")[before:])
    assert {line.person_id for line in lines} == {county.patient.pk, other.pk}
    assert len(lines) == 2
    for line in lines:
        assert (line.verb, line.subject_type) == ("record.read", "people.person")
        assert "起" in said(line.basis)
    before = TrailEntry.objects.count()
    his.get("Observation?_summary=count")
    assert TrailEntry.objects.count() == before


@pytest.mark.parametrize("kind", TYPES)
def test_a_page_costs_the_same_however_many_rows_it_has(
    his, county, lived, kind, django_assert_max_num_queries
):
    """Rows, total, what belongs to them, grounds, trail: no query for a row."""
    people = [
        cast.resident(county.wang, county.region, f"陈{n}", managed_by=county.village)
        for n in "一二三四五"
    ]
    for who in people:
        seen = visit(county.wang, who, county.township)
        pressure(county.wang, who, county.township, timezone.now(), encounter=seen)
    with django_assert_max_num_queries(9 + 3 * (len(TYPES[kind]) - 1)):
        his.get(f"{kind}?_count=3")
    with django_assert_max_num_queries(9 + 3 * (len(TYPES[kind]) - 1)):
        his.get(f"{kind}?_count=200&_include={kind}:patient")


def test_the_order_that_was_asked_for(his, county):
    now = timezone.now()
    values = [130, 170, 150, 110]
    for at, value in enumerate(values):
        pressure(
            county.wang, county.patient, county.township, now - timedelta(days=at + 1), value=value
        )
    told = matches(his.get("Observation?_sort=date"))
    moments = [each["effectiveDateTime"] for each in told]
    assert moments == sorted(moments)
    told = matches(his.get("Observation?_sort=-date"))
    assert [each["effectiveDateTime"] for each in told] == moments[::-1]


def test_two_models_are_one_type_in_one_order(his, county, lived):
    """Diagnoses and problems are Conditions: found, ordered, paged and counted together."""
    who = county.patient.pk
    whole = matches(his.get(f"Condition?patient={who}"))
    kinds = [each["category"][0]["coding"][0]["code"] for each in whole]
    assert sorted(kinds) == ["encounter-diagnosis", "problem-list-item"]
    assert his.ids(f"Condition?patient={who}&category=problem-list-item&onset-date=ge2020") == [
        each["id"] for each, kind in zip(whole, kinds, strict=True) if kind.startswith("problem")
    ]
    for order in ("_id", "-recorded-date,_lastUpdated", "-_lastUpdated"):
        path, found = f"Condition?_sort={order}&_count=1", []
        while path:
            bundle = his.get(path)
            assert bundle["total"] == 2
            found += [each["id"] for each in matches(bundle)]
            path = link(bundle, "next")
        assert found == his.ids(f"Condition?_sort={order}")
        assert set(found) == {each["id"] for each in whole}
    for each in whole:
        assert his.get(f"Condition/{each['id']}") == each


def test_a_medicine_that_an_order_wrote_is_told_once(his, county, lived):
    """As the order, with its state and hours; who may not read orders gets the record's."""
    order = lived["ordered"]
    order.refresh_from_db()
    assert order.medication_id
    found = his.ids("MedicationRequest?_count=200")
    assert str(order.pk) in found
    assert str(order.medication_id) not in found
    assert str(lived["MedicationRequest"].pk) in found
    told = his.get(
        f"MedicationAdministration?request={order.pk}&_include=MedicationAdministration:request"
    )
    assert [each["id"] for each in matches(told, "include")] == [str(order.pk)]


def test_only_the_count(his, county):
    wanted = Observation.objects.filter(person=county.patient).count()
    for query in ("_summary=count", "_count=0"):
        bundle = his.get(f"Observation?{query}")
        assert (bundle["total"], bundle.get("entry")) == (wanted, None)
        assert_valid(bundle)


def test_elements_of_a_list(his):
    told = matches(his.get("Condition?_elements=code"))[0]
    assert set(told) == {
        *("resourceType", "id", "meta", "code", "subject", "clinicalStatus", "verificationStatus")
    }
    assert_valid(told)
