"""The first act in a new installation: a county, and somebody who may administer it."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from xinglin.config.serving import prepare
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import Post, Practitioner


def found(name: str, *, code: str, administrator: str, person: str, password: str) -> Organisation:
    """Establish the county and its administrator, or nothing; Refused says what is wrong."""
    prepare()
    try:
        validate_password(password)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password") from error
    with transaction.atomic():
        region = houses.establish(
            Organisation(level=Level.REGION, name=name, code=code), by=system()
        )
        by = system(region.pk)
        practitioner = staff.employ(
            Practitioner(county=region, code=administrator, name=person), by=by
        )
        staff.appoint(
            Post(
                practitioner=practitioner,
                organisation=region,
                role="admin",
                since=timezone.localdate(),
            ),
            by=by,
        )
        staff.give_account(practitioner, by=by, username=administrator, password=password)
        return region
