"""Monday morning in 青山县, and a clock that stands until the story moves it."""

from __future__ import annotations

import copy
from datetime import datetime

import pytest
import time_machine
from django.utils import timezone

from tests.standing import standing_county
from xinglin.kernel import worker

MONDAY = timezone.make_aware(datetime(2026, 3, 2, 8, 30))


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    with time_machine.travel(MONDAY, tick=False), standing_county(django_db_blocker) as county:
        yield county


@pytest.fixture
def county(standing, db):
    with time_machine.travel(MONDAY, tick=False):
        yield copy.deepcopy(standing)


@pytest.fixture
def later(county):
    """Some time passes, and the worker does whatever has fallen due."""

    def pass_time(**span):
        from datetime import timedelta

        moment = timezone.now() + timedelta(**span)
        travel = time_machine.travel(moment, tick=False)
        travel.start()
        started.append(travel)
        worker.everything_due()
        return moment

    started: list[time_machine.travel] = []
    yield pass_time
    for travel in reversed(started):
        travel.stop()
