from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from django.utils import timezone

from tests.fhir import assert_valid
from xinglin.kernel.resources import BadResource
from xinglin.registry.people.fhir import ID_CARD, from_fhir, to_fhir
from xinglin.registry.people.models import Identifier, Person

COUNTY = UUID(int=1)


def granny() -> Person:
    return Person(
        county_id=COUNTY,
        name="欧阳桂香",
        sex="2",
        birth_date=date(1951, 3, 8),
        id_number="330198195103080020",
        health_record_no="33019810000100023",
        phone="13900000001",
        contact_name="陈建国",
        contact_phone="13900000002",
        ethnicity="01",
        payment_type="02",
        province="浙江省",
        district="青山县",
        township="青山镇",
        village="上柳村",
        address_detail="12号",
    )


def test_a_resident_travels_out_and_in_again_unchanged():
    person = granny()
    numbers = [
        Identifier(kind="health-card", value="E123456"),
        Identifier(kind="other", issuer="urn:x", value="7"),
    ]
    sent = to_fhir(person, numbers)
    assert_valid(sent)
    back = from_fhir(sent, county_id=COUNTY)
    ours = {name: v for name, v in person.facts().items() if v != getattr(back.person, name, v)}
    assert not {n for n in ours if n not in ("birth_date", "county_id")}
    assert back.person.birth_date == person.birth_date
    assert [(i.kind, i.issuer, i.value) for i in back.identifiers] == [
        ("health-card", "", "E123456"),
        ("other", "urn:x", "7"),
    ]


def test_a_newborn_travels_with_certificate_order_and_mother():
    child = granny()
    child.mother_id, child.birth_order = UUID(int=9), 2
    numbers = [
        Identifier(kind="birth-cert", value="A330000001"),
        Identifier(kind="passport", issuer="中国", value="E12345678"),
        Identifier(kind="document", issuer="公安部", value="D1"),
    ]
    sent = to_fhir(child, numbers)
    assert_valid(sent)
    assert sent["extension"][-1]["valueReference"] == {"reference": f"Patient/{UUID(int=9)}"}
    back = from_fhir(sent, county_id=COUNTY)
    assert back.person.birth_order == 2
    assert [(i.kind, i.issuer, i.value) for i in back.identifiers] == [
        (i.kind, i.issuer, i.value) for i in numbers
    ]


def test_merged_registrations_are_linked_both_ways():
    survivor, loser = granny(), granny()
    loser.replaced_by_id, loser.voided_at = survivor.pk, timezone.now()
    told = to_fhir(loser)
    assert_valid(told)
    assert not told["active"]
    assert told["link"] == [
        {"other": {"reference": f"Patient/{survivor.pk}"}, "type": "replaced-by"}
    ]
    told = to_fhir(survivor, replaces=[loser])
    assert_valid(told)
    assert told["link"] == [{"other": {"reference": f"Patient/{loser.pk}"}, "type": "replaces"}]


def test_a_foreign_patient_keeps_name_and_number():
    found = from_fhir(
        {
            "resourceType": "Patient",
            "identifier": [{"value": "E1035AC9"}],
            "name": [{"use": "official", "family": "Syntheson", "given": ["Juno"]}],
            "gender": "female",
            "birthDate": "1971-07-13",
        },
        county_id=COUNTY,
        issuer="H001",
    )
    assert found.person.name == "Juno Syntheson"
    assert found.person.sex == "2"
    assert [(i.issuer, i.value) for i in found.identifiers] == [("H001", "E1035AC9")]


@pytest.mark.parametrize(
    ("damage", "path"),
    [
        ({"name": []}, "Patient.name"),
        ({"name": "张三"}, "Patient.name"),
        ({"name": [{"text": 7}]}, "Patient.name[0].text"),
        ({"gender": "woman"}, "Patient.gender"),
        ({"birthDate": "1971"}, "Patient.birthDate"),
        ({"birthDate": "1971-02-30"}, "Patient.birthDate"),
        ({"identifier": [{"system": ID_CARD, "value": 330198}]}, "Patient.identifier[0].value"),
        ({"address": ["12号"]}, "Patient.address[0]"),
        ({"telecom": {}}, "Patient.telecom"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(damage, path):
    with pytest.raises(BadResource) as refusal:
        from_fhir({**to_fhir(granny()), **damage}, county_id=COUNTY)
    assert refusal.value.field == path
    assert path in str(refusal.value)
