"""It is Monday noon in 青山县, in every test that asks for it."""

from __future__ import annotations

import copy
from datetime import datetime

import pytest
import time_machine
from django.utils import timezone

from tests.standing import standing_county

NOON = timezone.make_aware(datetime(2026, 3, 2, 12, 0))


@pytest.fixture(scope="module")
def standing_at_noon(django_db_setup, django_db_blocker):
    with time_machine.travel(NOON, tick=False), standing_county(django_db_blocker) as county:
        yield county


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def county_at_noon(standing_at_noon, noon, db):
    return copy.deepcopy(standing_at_noon)
