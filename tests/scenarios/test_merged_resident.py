"""一人两份档案：各有账号、各有病历；合并后处处是一个人，撤销后各归各的。"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import machines
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import opened, readings
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import outbox
from xinglin.kernel.access import system
from xinglin.kernel.models import Notice, TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Merge, Person
from xinglin.registry.staff.models import User

PASSWORD = "lindou-2026-xinglin"


@pytest.fixture
def twice(cast) -> Person:
    """陈桂香 again, registered without her card in the other township."""
    again = Person(
        county=cast.region,
        name="陈贵香",
        sex="1",
        birth_date=date(1962, 5, 4),
        phone="13900000088",
        managed_by=cast.other_township,
    )
    return people.register(again, by=cast.liu, checked="居民称从未建档")


def account(cast, person: Person, username: str) -> User:
    by, code = cast.wang if person == cast.patient else cast.liu, ""
    code, _row = privacy.new_code(person, by=resident(person))
    shown = privacy.present(person, code, by=by)
    privacy.give_account(person, by=by, presence=shown, username=username, password=PASSWORD)
    return User.objects.get(username=username)


def resident(person: Person):
    return User(person=person).resident()


def merge(cast, survivor: Person, loser: Person) -> Merge:
    told = Merge(county=cast.region, survivor=survivor, loser=loser, reason="已核对身份证")
    people.merge(told, by=cast.sun)
    outbox.deliver()
    return told


def signed_in(user: User) -> Client:
    phone = Client()
    phone.force_login(User.objects.get(pk=user.pk))
    return phone


@pytest.mark.django_db
def test_both_accounts_open_the_one_record_and_each_its_own_again(cast, twice):
    first, second = account(cast, cast.patient, "guixiang"), account(cast, twice, "guixiang2")
    merged = merge(cast, cast.patient, twice)
    for user in (first, second):
        page = signed_in(user).get(reverse("resident:home"))
        assert page.context["person"] == cast.patient
    # A new password on the survivor's account is not one on the other.
    before = User.objects.get(pk=second.pk).password
    account(cast, cast.patient, "guixiang")
    people.unmerge(merged, by=cast.sun, reason="误合并")
    assert User.objects.get(pk=second.pk).password == before
    for user, whose in ((first, cast.patient), (second, twice)):
        assert signed_in(user).get(reverse("resident:home")).context["person"] == whose


@pytest.mark.django_db
def test_who_looked_is_told_to_whom_it_was_about(cast, twice):
    def seen_by(person: Person) -> list[str]:
        return [line.actor_name for line in readings(resident(person))]

    opened(cast.liu, twice)
    merged = merge(cast, cast.patient, twice)
    cast.patient.refresh_from_db()
    opened(cast.zhao, cast.patient)
    assert seen_by(cast.patient) == ["赵村医", "刘科长"]
    people.unmerge(merged, by=cast.sun, reason="误合并")
    opened(cast.wang, cast.patient)
    # What was read while they were one was read of both.
    assert seen_by(cast.patient) == ["王医生", "赵村医"]
    assert seen_by(Person.objects.get(pk=twice.pk)) == ["赵村医", "刘科长"]


@pytest.mark.django_db
def test_a_reading_before_the_merge_is_disputed_after_it(cast, twice, enter):
    opened(cast.liu, twice)
    line = TrailEntry.objects.get(person_id=twice.pk, kind="read")
    user = account(cast, cast.patient, "guixiang")
    merge(cast, cast.patient, twice)
    phone = signed_in(user)
    assert "刘科长" in phone.get(reverse("resident:readings")).content.decode()
    answer = phone.post(reverse("resident:dispute", args=[line.pk]), {"said": "我不认识这位医生"})
    assert answer.headers["Location"] == reverse("resident:readings")
    # The officer finds it under the name of today, with the reader and what was flagged.
    officer = enter("qian")
    shown = officer.get(reverse("privacy:readings"), {"patient": "陈桂香"}).content.decode()
    assert "刘科长" in shown
    assert officer.get(reverse("privacy:flags")).status_code == 200


@pytest.mark.django_db
def test_a_code_and_the_news_of_the_merged_registration_still_count(cast, twice):
    code, _row = privacy.new_code(twice, by=resident(twice))
    Notice(
        at=timezone.now(),
        org_id=cast.region.pk,
        audience=f"person:{twice.pk}",
        message="对您病历的一次查阅已核查：查阅正当",
        kind="privacy-review",
        subject_id=twice.pk,
    ).save()
    user = account(cast, cast.patient, "guixiang")
    merge(cast, cast.patient, twice)
    assert privacy.present(cast.patient, code, by=cast.li).passed
    assert "查阅正当" in signed_in(user).get(reverse("resident:home")).content.decode()


@pytest.mark.django_db
def test_other_systems_that_kept_the_old_id_reach_the_one_record(cast, twice):
    visit = Encounter(
        person=twice,
        organisation=cast.other_township,
        kind=Encounter.Kind.OUTPATIENT,
        started_at=timezone.now() - timedelta(hours=2),
    )
    record.start_encounter(visit, by=system(cast.region.pk))
    merged = merge(cast, cast.patient, twice)
    his = machines.machine(cast.other_township, "old-ids")
    old, new = twice.pk, cast.patient.pk

    told = his.http.get(f"/fhir/Patient/{old}", headers=his.headers).json()
    assert told["active"] is False
    assert told["link"] == [{"other": {"reference": f"Patient/{new}"}, "type": "replaced-by"}]
    told = his.http.get(f"/fhir/Patient/{new}", headers=his.headers).json()
    assert told["link"] == [{"other": {"reference": f"Patient/{old}"}, "type": "replaces"}]

    found = his.http.get(f"/fhir/Encounter?patient={old}", headers=his.headers).json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == [str(visit.pk)]
    answer = his.http.get(f"/fhir/Patient/{old}/$everything", headers=his.headers)
    assert (answer.status_code, answer["Location"]) == (307, f"/fhir/Patient/{new}/$everything")

    assert his.get("/encounters", person=str(old)).json()["count"] == 1
    consent = {"person": str(old), "house": str(cast.other_township.pk)}
    made = his.post("/consents", {**consent, "signer": "陈桂香"})
    assert made.json()["person"] == str(new)

    people.unmerge(merged, by=cast.sun, reason="误合并")
    told = his.http.get(f"/fhir/Patient/{old}", headers=his.headers).json()
    assert told["active"] is True
    assert "link" not in told


@pytest.mark.django_db
def test_another_county_learns_nothing_of_a_merged_id(cast, twice):
    merge(cast, cast.patient, twice)
    theirs = machines.machine(cast.strange_hospital, "strange-his")
    for path in (f"/fhir/Patient/{twice.pk}", f"/fhir/Encounter?patient={twice.pk}"):
        answer = theirs.http.get(path, headers=theirs.headers)
        assert answer.status_code == 404 or answer.json()["total"] == 0
    assert theirs.get(f"/people/{twice.pk}").status_code == 404
