"""No door returns clinical data of a person without leaving a trace of the reading.

Words that no page would say by itself are planted in everything clinical; every address is
walked by those who may read, and wherever such a word comes out, the trail must have grown by a
reading of that person in that very request.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tests import cast
from tests.house.test_addresses import ADDRESSES, fitting, once_on_postgres, quiet, signed_in
from tests.standing import standing_county
from xinglin.clinical.orders.models import Order
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import BreakGlass, forget_lists
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import (
    FACTS,
    Allergy,
    Diagnosis,
    Document,
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
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.trail import said
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import User

# Made up; one word for each kind of thing that tells of a person's health.
PLANTED = (
    *("紫螺征", "青鹭病", "丹顶素", "白鹳花粉", "玄凤片", "赤麻征", "灰雁", "黑鹳报告"),
    *("朱鹮症", "夜鹭术", "苍鹭苗", "池鹭家病", "牛背鹭嘱"),
)
# The same of a visit in the domain of mental health.
BEHIND = ("金翅征", "蓝鹇病", "白鹇症", "锦鸡素", "竹鸡花粉", "鹧鸪片", "勺鸡报告", "雉鸡嘱")
# Who walks: those who treat, the officer, the office, the county's other doctor, the resident.
EVERY_DAY, OTHERS = ("wang", "li", "liu"), ("chen", "sun", "qian")
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
    record.note(Problem(**here, code="E11.9", name="朱鹮症", noted_on=now.date()), by=by)
    record.note(Procedure(**here, code="47.0900", name="夜鹭术", performed_at=now), by=by)
    record.note(Immunization(**here, name="苍鹭苗", lot="L7", given_on=now.date()), by=by)
    alone = {name: here[name] for name in ("person", "organisation")}
    ill = {"relation": "51", "code": "hypertension", "name": "池鹭家病"}
    record.note(FamilyHistory(**alone, **ill, noted_on=now.date()), by=by)
    referral = road.submitted(county, symptoms="赤麻征", diagnosis_name="灰雁")
    document = Document(organisation=county.township, kind="report", title="黑鹳报告")
    referrals.attach_new(
        referral,
        by=by,
        document=document,
        content=ContentFile("%PDF-1.4\n黑鹳报告".encode(), "a.pdf"),
    )
    referrals.accept(referral, by=county.li, department="心内科", doctor="陈主任")
    referrals.receive(referral, by=county.li, arrived_at=timezone.now())
    referrals.treat(referral, by=county.chen)
    ward.running(county, ward.admitted(county), instruction="牛背鹭嘱")
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


def _behind_the_door(county: cast.Cast) -> list[UUID]:
    """A stay in the township's ward for a mental illness, and all that is noted in it."""
    by, who, now = county.wang, county.patient, timezone.now()
    stay = ward.admitted(county, complaint="金翅征两周")
    here: dict[str, Any] = {
        "person": who,
        "organisation": county.township,
        "encounter": stay,
    }
    facts = [
        Diagnosis(**here, code="F20.9", name="蓝鹇病", diagnosed_on=now.date()),
        Problem(**here, code="F32.9", name="白鹇症", noted_on=now.date()),
        Observation(**here, code="x", system="local", name="锦鸡素", text="+", measured_at=now),
        Allergy(**here, substance="竹鸡花粉", noted_on=now.date()),
        Medication(**here, name="鹧鸪片", started_on=now.date()),
    ]
    for fact in facts:
        record.note(fact, by=by)
    paper = record.file_document(
        Document(**here, kind="report", title="勺鸡报告"),
        by=by,
        content=ContentFile("%PDF-1.4\n勺鸡报告".encode(), "b.pdf"),
    )
    order = ward.running(county, stay, **ward.CARE, instruction="雉鸡嘱")
    return [stay.pk, *(fact.pk for fact in facts), paper.pk, order.pk]


def told(response: Any) -> str:
    """What an answer says in words; printed papers are read like pages."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if not body.startswith(b"%PDF-"):
        return str(body.decode("utf-8", "replace"))
    try:
        return "".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)
    except PyPdfError:  # the few bytes that stand for an attachment
        return str(body.decode("utf-8", "replace"))


def asked(county: cast.Cast, address: Any, ids: list[UUID]) -> Iterator[str]:
    """The address with each thing that fits, alone and as a search about the patient."""
    who = county.patient.pk
    for path, _key in address.written(county, [*ids, *fitting(county, address)]):
        yield path
        if not address.has_id:
            yield f"{path}?{'patient' if path.startswith('/fhir/') else 'person'}={who}"


def tells(response: Any, words: tuple[str, ...]) -> bool:
    """Whether an answer says one of the words."""
    if response.status_code >= 300 and response.status_code != 422:
        return False
    return any(word in told(response) for word in words)


def untraced(
    county: cast.Cast, who: str, part: str = "", method: str = "get"
) -> tuple[list[str], int]:
    """Addresses that told of the patient without a trace; and how many told with one."""
    client = signed_in(county.users[who])
    headers = {part: "true"} if part else {}
    wrong, traced = [], 0
    for address in ADDRESSES:
        for path in asked(county, address, []):
            forget_lists()
            last = TrailEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
            response = getattr(client, method)(path, headers=headers)
            if path.partition("?")[0] in COUNTS or not tells(response, PLANTED):
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
                wrong.append(f"{who} {method} {path}")
    return wrong, traced


@pytest.mark.parametrize(
    "who", [*EVERY_DAY, *(pytest.param(who, marks=pytest.mark.soak) for who in OTHERS)]
)
def test_whatever_tells_of_a_patient_is_in_the_trail(county, who):
    once_on_postgres(who)
    wrong, traced = untraced(county, who)
    assert wrong == []
    if who in ("wang", "li", "chen", "liu"):
        assert traced > 5, "the walk found too little to prove anything"


def test_parts_of_pages_are_traced_like_pages(county):
    wrong, traced = untraced(county, "wang", "HX-Request")
    assert wrong == []
    assert traced > 5


def test_what_comes_back_with_a_refused_form_is_traced_too(county):
    """A form that is sent empty comes back with the page around it."""
    wrong, _traced = untraced(county, "wang", method="post")
    assert wrong == []


def said_at(county: cast.Cast, who: str, words: tuple[str, ...], ids: list[UUID]) -> Iterator[str]:
    """Addresses at which somebody is told one of the words."""
    client = signed_in(county.users[who])
    for address in ADDRESSES:
        for path in asked(county, address, ids):
            if path.partition("?")[0] not in COUNTS and tells(client.get(path), words):
                yield f"{who} {path}"


@pytest.mark.parametrize("who", ["zhao", pytest.param("chen", marks=pytest.mark.soak)])
def test_mental_health_is_told_at_no_door_to_those_who_treat_without_its_permission(county, who):
    """赵村医 keeps the record and 陈主任 treats; the township wrote what is behind the door."""
    ids = _behind_the_door(county)
    wrong = [path for path in said_at(county, who, BEHIND, ids) if not _own_letter(path)]
    assert wrong == []
    assert any(said_at(county, "wang", BEHIND, ids[:1])), "who wrote it finds it somewhere"


def _own_letter(path: str) -> bool:
    """The printed letter of a referral in which the reader takes part."""
    return path.endswith(("/letter/", "/receipt/")) or "/documents/" in path


def test_what_is_closed_is_told_at_no_door(county):
    """刘科长 of another township, when the glass that he broke has closed again."""
    BreakGlass.objects.update(until=timezone.now() - timedelta(hours=1))
    ids = [row.pk for model in FACTS for row in model._default_manager.all()]
    ids += Order.objects.values_list("pk", flat=True)
    ids += Referral.objects.values_list("pk", flat=True)
    assert list(said_at(county, "liu", PLANTED, ids)) == []


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
