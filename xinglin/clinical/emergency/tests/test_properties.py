"""Any sequence of clicks, by anybody, keeps every promise of the house."""

from __future__ import annotations

import copy
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.standing import standing_county
from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency import catalogue, permissions
from xinglin.clinical.emergency.models import RUNNING, GreenCase, State
from xinglin.clinical.emergency.tests import factories as road
from xinglin.kernel import clock, trail
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, TrailEntry

STEPS = sorted({step.code for kind in catalogue.kinds().values() for step in kind.steps})
CLICKS: dict[str, Any] = {
    "stamp": lambda county, now, step: {"step": step},
    "correct": lambda county, now, step: {
        "step": step,
        "at": now - timedelta(minutes=1),
        "code": "mistyped",
    },
    "withdraw": lambda county, now, step: {"step": step, "code": "mistyped"},
    "confirm": lambda county, now, step: {"prepared": ["team"]},
    "prepare": lambda county, now, step: {"prepared": ["ct"]},
    "describe": lambda county, now, step: {"vehicle_status": "04"},
    "observe": lambda county, now, step: {"measured_at": now, "values": {"pulse": Decimal(80)}},
    "redirect": lambda county, now, step: {"to_org": county.township},
    "admit": lambda county, now, step: {"department": "急诊科"},
    "stand_down": lambda county, now, step: {"code": "refused"},
    "report_death": lambda county, now, step: {"course": "05"},
}


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    with standing_county(django_db_blocker) as county:
        yield county


@pytest.mark.django_db
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kind=st.sampled_from(sorted(catalogue.kinds())),
    clicks=st.lists(
        st.tuples(
            st.sampled_from(["stamp", "stamp", "stamp", *CLICKS]),
            st.sampled_from(["wang", "li", "chen", "zhao", "sun", "stranger"]),
            st.sampled_from(["depart", "door", "needle", "handover", *STEPS]),
        ),
        max_size=14,
    ),
)
def test_any_sequence_of_clicks_stays_on_the_map(standing, kind, clicks):
    county = copy.deepcopy(standing)
    with transaction.atomic():
        now = timezone.now().replace(microsecond=0)
        with clock.at(now):
            case = emergencies.open_case(
                road.alarm(county, kind=kind, from_org=county.village), by=county.zhao
            )
        path = [State(case.state)]
        for number, (name, who, step) in enumerate(clicks, 1):
            later = now + timedelta(seconds=10 * number)
            with clock.at(later), suppress(Refused):
                facts = CLICKS[name](county, later, step)
                getattr(emergencies, name)(
                    GreenCase.objects.get(pk=case.pk), by=county.actors[who], **facts
                )
            row = GreenCase.objects.get(pk=case.pk)
            if row.state != path[-1]:
                path.append(State(row.state))
            _promises(row)
        for before, after in zip(path, path[1:], strict=False):
            assert after in GreenCase.MOVES[before]
        lines = TrailEntry.objects.filter(subject_id=case.pk, kind=TrailEntry.Kind.CHANGE)
        assert lines.count() == GreenCase.objects.get(pk=case.pk).version - 1
        assert trail.of([case.pk])
        transaction.set_rollback(True)


def _promises(case: GreenCase) -> None:
    """Somebody owes the next step while it runs; each step stands once; the order holds."""
    items = InboxItem.objects.filter(subject_id=case.pk, level=0)
    if case.state in RUNNING:
        (item,) = items
        assert (item.org_id, item.audience) == (case.owner_id, case.duty)
        assert case.owner_id in case.parties
        assert case.duty in (permissions.CONFIRM.code, permissions.STAMP.code)
    else:
        assert not items.exists()
    times = case.times
    kind = case.of_kind
    for step in kind.steps:
        for before in step.after:
            if step.code in times and before in times:
                whole = times[before].replace(second=0, microsecond=0)
                assert times[step.code] >= whole
    if case.arrived_at is not None:
        assert times["door"] == case.arrived_at
