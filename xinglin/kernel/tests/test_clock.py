from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests import cast
from xinglin.kernel import clock
from xinglin.kernel.models import TrailEntry


def test_the_clock_is_the_machines_again_afterwards():
    moment = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    with clock.at(moment):
        assert clock.now() == moment
    assert clock.now() > moment


@pytest.mark.django_db
def test_what_is_entered_afterwards_bears_the_time_at_which_it_was_done():
    with clock.at(datetime(2026, 3, 2, 10, 30, tzinfo=UTC)):
        people = cast.make()
    assert people.patient.created_at == datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    line = TrailEntry.objects.get(subject_id=people.patient.pk)
    assert line.at == people.patient.created_at
