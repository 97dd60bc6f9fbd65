"""Several hands at one order in the same instant, on a real file and a real server."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.races import together
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders import listeners
from xinglin.clinical.orders.models import Done, Execution, Order, State
from xinglin.clinical.orders.tests import factories as ward
from xinglin.kernel import clock
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, TrailEntry

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def county(transactional_db):
    return cast.make()


def fresh(order: Order) -> Order:
    return Order.objects.select_related("person", "encounter").get(pk=order.pk)


def running(county, **facts) -> Order:
    """Prepared some hours ago, so that something is due now."""
    with clock.at(timezone.now() - timedelta(hours=2)):
        visit = ward.admitted(county, started_at=timezone.now() - timedelta(days=1))
        start = {"start_at": timezone.now() - timedelta(hours=2)}
        return ward.running(county, visit, **start, **facts)


def test_four_taps_give_one_dose(county):
    order = running(county, **ward.BLOOD)
    row = order.executions.get()
    _user, second = cast.hire(county.admin, county.township, "沈护士", "nurse")
    given = together(
        *[
            lambda by=by: orders.give(fresh(order), by=by, execution=row)
            for by in (county.ma, second, county.ma, second)
        ]
    )
    assert sum(isinstance(x, Order) for x in given) == 1
    assert all(str(x) for x in given if isinstance(x, Refused))
    assert Execution.objects.filter(order=order, state=Done.GIVEN).count() == 1
    order.refresh_from_db()
    assert order.given == 1
    lines = TrailEntry.objects.filter(subject_id=order.pk, verb="orders.give")
    assert lines.count() == 1


def test_the_doctor_stops_while_the_nurse_gives(county):
    """Whichever comes first, nothing is given after the stop."""
    for _round in range(4):
        person = cast.resident(county.admin, county.region, f"患者{_round}")
        with clock.at(timezone.now() - timedelta(hours=2)):
            visit = ward.admitted(county, person)
            order = ward.running(
                county, visit, code="salbutamol-inhaler", dose_value=200, frequency="prn"
            )
        together(
            lambda order=order: orders.give(fresh(order), by=county.ma),
            lambda order=order: orders.stop(fresh(order), by=county.wang, code="better"),
        )
        order.refresh_from_db()
        assert order.state == State.STOPPED
        for row in order.executions.filter(state=Done.GIVEN):
            assert row.given_at <= order.ended_at
        assert InboxItem.objects.filter(subject_id=order.pk).count() == 1


def test_three_workers_lay_out_each_time_once(county):
    order = running(county, frequency="q4h", code="ambroxol-tab", dose_value=15)
    Order.objects.filter(pk=order.pk).update(planned_until=timezone.now())
    Execution.objects.filter(order=order, due_at__gte=timezone.now()).delete()
    together(*[listeners.watch_the_clock] * 3)
    times = list(order.executions.values_list("due_at", flat=True))
    assert len(times) == len(set(times)) >= 6


def test_two_pharmacists_pass_one_order_once(county):
    visit = ward.admitted(county)
    order = ward.signed(county, visit)
    given = together(*[lambda: orders.accept(fresh(order), by=county.fang)] * 3)
    assert sum(isinstance(x, Order) for x in given) == 1
    order.refresh_from_db()
    assert order.state == State.TO_CHECK
    assert order.person.medications.count() == 1
