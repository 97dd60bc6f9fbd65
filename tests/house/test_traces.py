"""No door returns clinical data of a person without leaving a trace of the reading.

Words that no page would say by itself are planted in everything clinical; every address is
walked by those who may read, and wherever such a word comes out, the trail must have grown by a
reading of that person in that very request.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tests import cast
from tests.house.test_addresses import ADDRESSES, fitting, quiet, signed_in
from tests.standing import standing_county
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import BreakGlass, forget_lists
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Diagnosis, Document, Medication, Observation
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import User

# Made up; one word for each kind of thing that tells of a person's health.
PLANTED = ("紫螺征", "青鹭病", "丹顶素", "白鹳花粉", "玄凤片", "赤麻征", "灰雁", "黑鹳报告")
# Who walks: those who treat, the officer, the office, the county's other doctor, the resident.
WALKERS = ("wang", "li", "chen", "liu", "sun", "qian")
# Counts without names: what people suffer from, but not who.
COUNTS = ("/referrals/statistics/", "/api/v1/referrals/statistics")
__all__ = ["quiet"]


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker, tmp_path_factory):
    with standing_county(django_db_blocker) as county:
        with django_db_blocker.unblock():
            _plant(county)
        yield county


@pytest.fixture
def county(standing, db):
    forget_lists()
    yield copy.deepcopy(standing)
    forget_lists()


def _plant(county: cast.Cast) -> None:
    by, who, now = county.wang, county.patient, timezone.now()
    here: dict[str, Any] = {"person": who, "organisation": county.township}
    visit = road.admitted(by, who, county.township, kind="outpatient", complaint="紫螺征两周")
    here["encounter"] = visit
    record.note(Diagnosis(**here, code="I10", name="青鹭病", diagnosed_on=now.date()), by=by)
    record.note(
        Observation(**here, code="x", system="local", name="丹顶素", text="阳性", measured_at=now),
        by=by,
    )
    record.note(Allergy(**here, substance="白鹳花粉", noted_on=now.date()), by=by)
    record.note(Medication(**here, name="玄凤片", started_on=now.date()), by=by)
    referral = road.submitted(county, symptoms="赤麻征", diagnosis_name="灰雁")
    document = Document(organisation=county.township, kind="report", title="黑鹳报告")
    referrals.attach_new(
        referral, by=by, document=document, content=ContentFile(b"%PDF-1.4\n", "a.pdf")
    )
    referrals.accept(referral, by=county.li, department="心内科", doctor="陈主任")
    referrals.receive(referral, by=county.li, arrived_at=timezone.now())
    referrals.treat(referral, by=county.chen)
    privacy.break_glass(
        BreakGlass(
            county_id=who.county_id,
            person=who,
            organisation=county.other_township,
            reason_code="emergency",
            reason="车祸送来，昏迷",
        ),
        by=county.liu,
    )
    staff.open_account_of(who, username="patient", password=cast.PASSWORD)
    county.users["patient"] = User.objects.get(person=who)


def told(response: Any) -> str:
    if response.streaming:
        return b"".join(response.streaming_content).decode("utf-8", "replace")
    return response.content.decode("utf-8", "replace")


def untraced(county: cast.Cast, who: str, part: str = "") -> tuple[list[str], int]:
    """Addresses that told of the patient without a trace; and how many told with one."""
    client = signed_in(county.users[who])
    headers = {part: "true"} if part else {}
    wrong, traced = [], 0
    for address in ADDRESSES:
        for path, _key in address.written(county, fitting(county, address)):
            # Lists of the record ask for a person; other addresses do not look at it.
            queries = ("",) if address.has_id else ("", f"?person={county.patient.pk}")
            for query in queries:
                forget_lists()
                last = TrailEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
                response = client.get(path + query, headers=headers)
                if response.status_code >= 300 or path in COUNTS:
                    continue
                text = told(response)
                file = response.headers.get("Content-Type", "") == "application/pdf"
                if not (file or any(word in text for word in PLANTED)):
                    continue
                lines = TrailEntry.objects.filter(
                    id__gt=last,
                    kind=TrailEntry.Kind.READ,
                    person_id=county.patient.pk,
                    user_id=county.users[who].pk,
                )
                if lines.exists():
                    traced += 1
                else:
                    wrong.append(f"{who} {path}{query}")
    return wrong, traced


@pytest.mark.parametrize("who", WALKERS)
def test_whatever_tells_of_a_patient_is_in_the_trail(county, who):
    wrong, traced = untraced(county, who)
    assert wrong == []
    if who in ("wang", "li", "chen", "liu"):
        assert traced > 5, "the walk found too little to prove anything"


def test_parts_of_pages_are_traced_like_pages(county):
    wrong, traced = untraced(county, "wang", "HX-Request")
    assert wrong == []
    assert traced > 5


def test_the_residents_own_pages_are_traced_too(county):
    client = signed_in(county.users["patient"])
    assert "青鹭病" in told(client.get("/m/record/"))
    line = TrailEntry.objects.filter(verb="resident.read").latest("id")
    assert (line.person_id, said(line.basis)) == (county.patient.pk, "本人")


def test_nobody_without_a_right_is_told_and_the_asking_is_traced(county):
    """刘科长 of another township before he broke any glass is as good as 路人."""
    BreakGlass.objects.update(until=timezone.now() - timedelta(hours=1))
    referral = Referral.objects.get()
    visit = county.patient.encounters.earliest("created_at")
    for path in (
        f"/record/encounters/{visit.pk}/",
        f"/record/people/{county.patient.pk}/print/",
        f"/referrals/{referral.pk}/",
        f"/api/v1/encounters/{visit.pk}",
        f"/api/v1/diagnoses?person={county.patient.pk}",
    ):
        TrailEntry.objects.filter(kind=TrailEntry.Kind.REFUSED).delete()
        client = signed_in(county.users["liu"])
        for _twice in range(2):
            assert client.get(path).status_code == 404, path
        lines = TrailEntry.objects.filter(kind=TrailEntry.Kind.REFUSED)
        assert [(line.user_id, line.person_id) for line in lines] == [
            (county.users["liu"].pk, county.patient.pk)
        ], path


def test_what_is_not_there_leaves_no_refusal(county):
    nothing = UUID("00000000-0000-7000-8000-000000000000")
    signed_in(county.users["liu"]).get(f"/record/encounters/{nothing}/")
    assert not TrailEntry.objects.filter(kind=TrailEntry.Kind.REFUSED).exists()
