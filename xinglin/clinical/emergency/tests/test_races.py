"""Two hands at once: one confirms, one stamp stands."""

from __future__ import annotations

import pytest

from tests.cast import make
from tests.races import together
from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency.models import GreenCase, GreenStep
from xinglin.clinical.emergency.tests import factories as road
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, TrailEntry

pytestmark = pytest.mark.django_db(transaction=True)


def _again(case: GreenCase) -> GreenCase:
    return GreenCase.objects.get(pk=case.pk)


def test_two_desks_confirm_and_one_reads_of_the_other():
    county = make()
    case = road.opened(county)
    given = together(
        lambda: emergencies.confirm(_again(case), by=county.li, prepared=["team"]),
        lambda: emergencies.confirm(_again(case), by=county.chen, prepared=["ct"]),
    )
    lost = [each for each in given if isinstance(each, Refused)]
    assert len(lost) == 1
    assert lost[0].code == "confirmed-already"
    assert str(lost[0])
    row = _again(case)
    assert row.confirmed_by in ("李护士", "陈主任")
    assert row.prepared == (["team"] if row.confirmed_by == "李护士" else ["ct"])
    assert TrailEntry.objects.filter(verb="emergency.confirm", subject_id=case.pk).count() == 1
    assert InboxItem.objects.filter(subject_id=case.pk).count() == 1


def test_two_taps_stamp_one_step():
    county = make()
    case = road.departed(county)
    given = together(
        lambda: emergencies.stamp(_again(case), by=county.li, step="door"),
        lambda: emergencies.stamp(_again(case), by=county.chen, step="door"),
    )
    assert sum(isinstance(each, Refused) for each in given) == 1
    assert GreenStep.objects.filter(case=case, code="door", voided_at=None).count() == 1
