"""A county where something has happened, and a machine that reads it by FHIR."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from tests import cast, machines
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity.models import Schedule, Session, Slot
from xinglin.clinical.capacity.tests import bed_factories as beds
from xinglin.clinical.orders.tests import factories as wards
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import Consent
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    FamilyHistory,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road
from xinglin.clinical.triage import actions as triage
from xinglin.clinical.triage.intake import assess, case_of
from xinglin.kernel.access import Actor
from xinglin.registry.agreements.models import Agreement
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Person

PDF = b"%PDF-1.4\n%%EOF\n"


class Reader:
    """Somebody who asks the FHIR door: a machine with its token, or a person with a session."""

    def __init__(self, http: Client, **headers: str) -> None:
        self.http = http
        self.headers = headers

    def ask(self, path: str, method: str = "get", /, data: Any = None, **headers: str) -> Any:
        """The answer to a request; names of headers are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        more: dict[str, Any] = {"headers": {**self.headers, **sent}}
        if data is not None:
            more |= {"data": data, "content_type": "application/x-www-form-urlencoded"}
        return getattr(self.http, method)(f"/fhir/{path}", **more)

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """The resource at an address that answers."""
        response = self.ask(path, **headers)
        assert response.status_code == 200, response.content.decode()
        found: dict[str, Any] = response.json()
        return found

    def ids(self, path: str) -> list[str]:
        """The ids of what a search finds, without what was included."""
        return [each["id"] for each in matches(self.get(path))]


def matches(bundle: dict[str, Any], mode: str = "match") -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


def link(bundle: dict[str, Any], relation: str) -> str:
    """The address of a neighbour, below the door; "" without."""
    found = {each["relation"]: each["url"] for each in bundle["link"]}
    return found.get(relation, "").removeprefix("http://testserver/fhir/")


def machine(house: Organisation, client_id: str = "his", role: str = "his") -> Reader:
    known = machines.machine(house, client_id, role)
    return Reader(known.http, **known.headers)


def person_at(user: Any) -> Reader:
    """Somebody signed in to the portal."""
    http = Client(raise_request_exception=False)
    http.force_login(user)
    return Reader(http)


def visit(by: Actor, who: Person, house: Organisation, **facts: Any) -> Encounter:
    return road.admitted(by, who, house, kind=facts.pop("kind", "outpatient"), **facts)


def pressure(by: Actor, who: Person, house: Organisation, at: datetime, **facts: Any) -> Any:
    given = {"code": "8480-6", "name": "收缩压", "value": 150, "unit": "mmHg", **facts}
    told = Observation(person=who, organisation=house, measured_at=at, **given)
    return record.note(told, by=by)


def life(county: cast.Cast) -> dict[str, Any]:
    """One of every kind of resource, of the county's patient; by name.

    `ordered` is a drug of the ward, which wrote a medicine into the record.
    """
    by, who, now = county.wang, county.patient, timezone.now()
    here = {"person": who, "organisation": county.township}
    seen = visit(by, who, county.township, started_at=now - timedelta(days=2), visit_no="M1")
    given = {**here, "encounter": seen}
    today = timezone.localdate()
    found: dict[str, Any] = {
        "Encounter": seen,
        "Condition": record.note(
            Diagnosis(**given, code="I10", name="高血压", diagnosed_on=today), by=by
        ),
        "Observation": pressure(by, who, county.township, now, encounter=seen),
        "AllergyIntolerance": record.note(
            Allergy(**given, substance="青霉素", severe=True, noted_on=today), by=by
        ),
        "MedicationRequest": record.note(
            Medication(**given, name="氨氯地平", dose="5mg", started_on=today), by=by
        ),
        "problem": record.note(
            Problem(**here, code="E11.9", name="2 型糖尿病", onset_on=today, noted_on=today), by=by
        ),
        "MedicationStatement": record.note(
            Medication(**here, intent="statement", name="二甲双胍", taken=True, started_on=today),
            by=by,
        ),
        "Procedure": record.note(
            Procedure(**given, code="47.0900", name="阑尾切除术", performed_at=now), by=by
        ),
        "Immunization": record.note(
            Immunization(**given, name="流感疫苗", lot="L7", dose_number=1, given_on=today), by=by
        ),
        "FamilyMemberHistory": record.note(
            FamilyHistory(
                **here, relation="51", code="hypertension", name="高血压", noted_on=today
            ),
            by=by,
        ),
        "DocumentReference": record.file_document(
            Document(**given, kind="report", title="心电图"),
            by=by,
            content=ContentFile(PDF, "ecg.pdf"),
        ),
    }
    stay = wards.admitted(county)
    drug = wards.running(county, stay)
    wards.running(county, stay, **wards.CARE)
    found |= {"ordered": drug, "MedicationAdministration": drug.executions.order_by("due_at")[0]}
    found["GuidanceResponse"] = triage.follow(assess(seen, case_of(by, seen)), by=by)
    referral = road.submitted(county)
    referrals.attach(referral, by=by, document=found["DocumentReference"])
    referral = Referral.objects.get(pk=referral.pk)
    found.pop("problem")
    found["Consent"] = privacy.record_consent(
        Consent(
            county_id=who.county_id,
            person=who,
            house=county.hospital,
            signer=who.name,
            method="paper",
        ),
        by=by,
    )
    return found | {
        **places(county),
        "ServiceRequest": referral,
        "Task": referral,
        "Patient": who,
        "Organization": county.township,
        "Contract": Agreement.objects.get(county=county.region),
        "Practitioner": county.users["wang"].practitioner,
        "PractitionerRole": county.users["wang"].held[0],
    }


def places(county: cast.Cast) -> dict[str, Any]:
    """A clinic of the township tomorrow, a booking in it, and a ward."""
    _user, keeper = cast.hire(county.admin, county.township, "何主管", "scheduler")
    department = Department(organisation=county.township, code="MZ", name="全科门诊")
    department.save()
    tomorrow = timezone.localdate() + timedelta(days=1)
    schedule = capacity.establish(
        Schedule(
            organisation=county.township,
            department=department,
            kind="clinic",
            title="全科门诊",
            since=tomorrow,
        ),
        by=keeper,
        sessions=[Session(day=tomorrow, start=time(8), end=time(9), minutes=30, places=3)],
    )
    slot = Slot.objects.filter(schedule=schedule).order_by("start_at")[0]
    booking = capacity.book(slot, by=county.wang, person=county.patient, channel="counter")
    return {
        "Schedule": schedule,
        "Slot": slot,
        "Appointment": booking,
        "Location": beds.ward(county.township),
    }
