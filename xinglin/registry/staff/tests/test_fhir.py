from __future__ import annotations

from datetime import date

import pytest

from tests import cast
from tests.fhir import assert_valid
from xinglin.registry.staff.fhir import from_fhir, role_from_fhir, role_to_fhir, to_fhir
from xinglin.registry.staff.models import Post, Practitioner


@pytest.mark.django_db
def test_staff_and_posts_travel_out_and_in_again():
    county = cast.make()
    wang = Practitioner.objects.get(name="王医生")
    wang.title = "主治医师"
    sent = to_fhir(wang)
    assert_valid(sent)
    back = from_fhir(sent, county_id=county.region.pk)
    assert (back.code, back.name, back.title) == (wang.code, "王医生", "主治医师")

    post = Post.objects.get(practitioner=wang)
    sent = role_to_fhir(post, on=date(2030, 1, 1))
    assert_valid(sent)
    role = role_from_fhir(sent)
    assert role.practitioner == f"Practitioner/{wang.pk}"
    assert (role.role, role.since) == ("township-doctor", post.since)


def test_the_id_card_of_staff_stays_in_the_house():
    told = to_fhir(Practitioner(code="S1", name="王医生", id_number="330198195103080020"))
    assert "330198195103080020" not in str(told)
