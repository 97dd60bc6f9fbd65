"""What people do with staff, posts and accounts."""

from __future__ import annotations

import pytest
from django.utils import timezone

from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import Department
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import Post, Practitioner


@pytest.fixture
def doctor(cast):
    return Practitioner.objects.get(name="王医生")


def post(doctor, house, role="township-doctor", **facts):
    return Post(
        practitioner=doctor, organisation=house, role=role, since=timezone.localdate(), **facts
    )


def test_a_role_sits_where_the_catalogue_says(cast, doctor):
    with pytest.raises(staff.UnknownRole, match="不设在"):
        staff.appoint(post(doctor, cast.village), by=cast.admin)
    with pytest.raises(staff.UnknownRole, match="没有"):
        staff.appoint(post(doctor, cast.township, "king"), by=cast.admin)


def test_nobody_is_appointed_across_counties(cast, doctor):
    with pytest.raises(Forbidden):
        staff.appoint(post(doctor, cast.strange_hospital, "specialist"), by=cast.admin)


def test_the_same_post_is_given_once(cast, doctor):
    staff.appoint(post(doctor, cast.other_township), by=cast.admin)
    with pytest.raises(staff.KnownStaff):
        staff.appoint(post(doctor, cast.other_township), by=cast.admin)


def test_a_department_belongs_to_the_house_of_the_post(cast, doctor):
    ward = Department.objects.create(organisation=cast.hospital, code="01", name="心内科")
    with pytest.raises(Refused, match="不属于"):
        staff.appoint(post(doctor, cast.other_township, department=ward), by=cast.admin)


def test_a_staff_number_is_given_once(cast, doctor):
    nurse = Practitioner.objects.get(name="李护士")
    with pytest.raises(staff.KnownStaff):
        staff.amend(nurse, by=cast.admin, code=doctor.code)


def test_an_account_name_is_given_once(cast, doctor):
    nurse = Practitioner.objects.get(name="李护士")
    with pytest.raises(staff.KnownStaff):
        staff.give_account(nurse, by=cast.admin, username=doctor.user.username, password="x")
