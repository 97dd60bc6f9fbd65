"""What people do with the registration of residents."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests import cast as casting
from xinglin.kernel.errors import Forbidden
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import CareLink, Person, SearchKey


def test_the_same_card_is_registered_once_and_leads_to_its_bearer(cast):
    with pytest.raises(people.KnownPerson) as refusal:
        casting.resident(cast.wang, cast.region, id_number=cast.patient.id_number)
    assert refusal.value.links == [("陈桂香", cast.patient.get_absolute_url())]


def test_another_county_may_know_the_same_person(cast):
    twin = casting.resident(
        cast.strange_admin, cast.strange_region, id_number=cast.patient.id_number
    )
    assert twin.county_id != cast.patient.county_id


def test_nobody_corrects_the_residents_of_another_county(cast):
    with pytest.raises(Forbidden):
        people.correct(cast.patient, by=cast.stranger, name="路人甲")


def test_a_corrected_name_is_found_anew_and_the_old_one_no_more(cast):
    people.correct(cast.patient, by=cast.wang, name="陈桂芳")
    keys = SearchKey.objects.visible_to(cast.wang)
    assert [key.person for key in keys.matching("cgf")] == [cast.patient]
    assert not keys.matching("cgx")


def test_people_found_twice_are_counted_once(cast):
    # 陈桂香 is found by "c" through her spelling and through her initials.
    casting.resident(cast.wang, cast.region, name="曹小红", phone="13900000007")
    keys = SearchKey.objects.visible_to(cast.wang)
    for words in ("c", "1390000000", "陈", "没有这个人", " "):
        assert keys.counting(words)(100) == (keys.matching(words).count(), True)
    assert keys.counting("c")(1)[1] is False
    assert keys.counting("c")(None) == (2, True)


def test_who_keeps_the_health_record_may_read_it(cast):
    link = CareLink.objects.get(person=cast.patient)
    assert (link.organisation, link.basis) == (cast.village, "custody")


def test_a_struck_out_registration_frees_the_number(cast):
    people.void(cast.patient, by=cast.admin, reason="重复登记")
    again = casting.resident(cast.wang, cast.region, id_number=cast.patient.id_number)
    assert Person.objects.visible_to(cast.wang).get() == again


def test_the_trail_names_a_changed_number_without_repeating_it(cast):
    people.correct(cast.patient, by=cast.wang, phone="13900000009")
    line = TrailEntry.objects.filter(verb="person.correct").latest("id")
    assert line.changes == {"phone": ["…", "…"]}


def test_a_death_is_told_to_whoever_listens(cast):
    people.report_death(cast.patient, by=cast.wang, died_on=timezone.localdate())
    cast.patient.refresh_from_db()
    assert cast.patient.deceased_on == timezone.localdate()
