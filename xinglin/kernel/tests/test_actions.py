"""The decorator that every write goes through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import actions as kernel_actions
from xinglin.kernel import trail
from xinglin.kernel.access import Permission, system
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.kernel.models import InboxItem, TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Person, SearchKey


@pytest.fixture
def rename():
    """An act that exists for one test only; it stumbles when it is told to."""
    permission: Permission[Person] = Permission(
        "test.rename", "改名", lambda actor, person: actor.name != "刘科长"
    )

    @action(permission)
    def rename(person: Person, *, by, name: str, stumble: bool = False) -> Person:
        """Give a resident another name."""
        person.name = name
        person.save()
        if stumble:
            raise Refused("说到一半改了主意。")
        return person

    yield rename
    kernel_actions.REGISTRY.pop("test.rename")
    from xinglin.kernel.access import REGISTRY

    REGISTRY.pop("test.rename")


def test_a_change_leaves_one_line_that_says_who_did_what_from_where(county):
    people.correct(county.patient, by=county.wang, name="陈桂花")
    line = TrailEntry.objects.filter(subject_id=county.patient.pk).latest("id")
    assert line.verb == "person.correct"
    assert (line.actor_name, line.org_name, line.role) == (
        "王医生",
        "青山镇卫生院",
        "township-doctor",
    )
    assert line.changes == {"name": ["陈桂香", "陈桂花"]}
    assert line.county_id == county.region.pk
    assert line.person_id == county.patient.pk


def test_what_is_private_is_named_in_the_trail_but_not_repeated(county):
    people.correct(county.patient, by=county.wang, phone="13900000009")
    line = TrailEntry.objects.filter(subject_id=county.patient.pk).latest("id")
    assert line.changes == {"phone": ["…", "…"]}
    for entry in TrailEntry.objects.all():
        assert county.patient.id_number not in str(entry.changes)


def test_an_act_that_stumbles_leaves_nothing_behind(county, rename):
    before = TrailEntry.objects.count()
    with pytest.raises(Refused):
        rename(county.patient, by=system(), name="陈大明", stumble=True)
    assert Person.objects.get(pk=county.patient.pk).name == "陈桂香"
    assert TrailEntry.objects.count() == before


def test_a_refused_act_leaves_the_record_in_hand_as_it_stands(county, rename):
    # What a page shows after a refusal is the record it holds; it must not tell a half-done act.
    with pytest.raises(Refused):
        rename(county.patient, by=system(), name="陈大明", stumble=True)
    assert county.patient.name == "陈桂香"


def test_a_new_record_that_was_refused_can_be_tried_again(county):
    letter = cast.letter(county, doctor_phone="123")
    with pytest.raises(Refused):
        referrals.draft(letter, by=county.wang)
    letter.doctor_phone = "13900000002"
    assert referrals.draft(letter, by=county.wang).state == State.DRAFT


def test_the_permission_is_asked_before_anything_is_done(county, rename):
    # 王医生 has a post, but nobody granted it this act.
    with pytest.raises(Forbidden) as refusal:
        rename(county.patient, by=county.wang, name="陈大明")
    assert "改名" in str(refusal.value)
    assert Person.objects.get(pk=county.patient.pk).name == "陈桂香"


def test_the_act_works_on_the_row_as_it_is_now(county, rename):
    stale = Person.objects.get(pk=county.patient.pk)
    people.correct(county.patient, by=county.wang, phone="13900000009")
    rename(stale, by=system(), name="陈桂花")
    # The other's change has not been written over.
    assert Person.objects.get(pk=county.patient.pk).phone == "13900000009"
    line = TrailEntry.objects.filter(subject_id=county.patient.pk).latest("id")
    assert line.changes == {"name": ["陈桂香", "陈桂花"]}


def test_the_row_is_locked_while_the_act_works(county, rename):
    if not connection.features.has_select_for_update:
        pytest.skip("SQLite lets one writer in at a time; there is no row to lock.")
    with CaptureQueriesContext(connection) as queries:
        rename(county.patient, by=system(), name="陈桂花")
    first = next(q["sql"] for q in queries if q["sql"].startswith("SELECT"))
    assert "FOR UPDATE" in first


def test_the_house_itself_may_act_and_says_so(county, rename):
    rename(county.patient, by=system(county.region.pk), name="陈桂花")
    assert TrailEntry.objects.latest("id").actor_name == "系统"


def test_the_inbox_follows_owner_duty_and_deadline(county):
    letter = referrals.draft(cast.letter(county), by=county.wang)
    item = InboxItem.objects.get(subject_id=letter.pk)
    assert (item.org_id, item.audience) == (county.township.pk, "referral.submit")

    referrals.submit(letter, by=county.wang)
    item.refresh_from_db()
    assert (item.org_id, item.audience) == (county.hospital.pk, "referral.accept")
    assert item.due_at == letter.due_at

    referrals.cancel(letter, by=county.wang, code="patient-better")
    assert not InboxItem.objects.filter(subject_id=letter.pk).exists()


def test_an_unchanged_record_still_leaves_a_line(county):
    # Somebody confirmed what stood there; that too is an act.
    before = TrailEntry.objects.count()
    people.correct(county.patient, by=county.wang, name=county.patient.name)
    assert TrailEntry.objects.count() == before + 1
    assert TrailEntry.objects.latest("id").changes == {}


def test_many_at_once_leave_a_line_each_or_nothing(county):
    new = [
        Person(county=county.region, name=f"居民{n}", id_number=cast.id_card()) for n in range(3)
    ]
    before = TrailEntry.objects.count()
    for person in new:
        people.check(person)
    people.register_all(new, by=county.admin)
    lines = TrailEntry.objects.filter(verb="person.register", subject_id__in=[p.pk for p in new])
    assert lines.count() == 3
    assert TrailEntry.objects.count() >= before + 3
    assert SearchKey.objects.filter(person__in=new).exists()

    # One of a foreign county among them: none is stored.
    stranger = Person(county=county.strange_region, name="路过", id_number=cast.id_card())
    mine = Person(county=county.region, name="本县", id_number=cast.id_card())
    with pytest.raises(Forbidden):
        people.register_all([mine, stranger], by=county.admin)
    assert not Person.objects.filter(name__in=["路过", "本县"]).exists()


def test_acts_on_many_are_known_to_the_house_too():
    assert people.register_all in kernel_actions.REGISTRY["person.register"]
    assert callable(bulk_action)


def test_the_story_is_read_from_the_trail_in_order(county):
    letter = referrals.submit(referrals.draft(cast.letter(county), by=county.wang), by=county.wang)
    referrals.accept(letter, by=county.li)
    assert [line.verb for line in trail.of([letter.pk])] == [
        "referral.draft",
        "referral.submit",
        "referral.accept",
    ]


def test_a_reading_is_told_apart_from_a_change(county):
    trail.read(county.chen, "record.read", county.patient, basis="接诊")
    line = TrailEntry.objects.latest("id")
    assert (line.kind, line.basis, line.changes) == ("read", "接诊", {})
    assert line.pk not in {entry.pk for entry in trail.of([county.patient.pk])}


def test_a_stranger_gets_a_sentence_and_no_more(county, rename):
    with pytest.raises(Forbidden):
        people.correct(county.patient, by=county.stranger, name="陈大明")
    assert Referral.objects.visible_to(county.stranger).count() == 0
    assert timezone.now() - county.patient.updated_at < timedelta(minutes=5)
