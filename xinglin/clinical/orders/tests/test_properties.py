"""Any sequence of clicks, by anybody, at any time, stays on the map and keeps every promise."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import cast
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders import permissions
from xinglin.clinical.orders.models import OPEN, Done, Order, State
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.orders.tests.conftest import NOON
from xinglin.clinical.record import actions as record
from xinglin.kernel import trail, worker
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, TrailEntry

STARTS: list[dict[str, Any]] = [
    {},
    {"frequency": "q4h", "code": "ambroxol-tab", "dose_value": 15},
    {"code": "penicillin-g-inj", "dose_value": 1600000, "frequency": "q8h"},
    {"code": "salbutamol-inhaler", "dose_value": 200, "frequency": "prn"},
    {"code": "furosemide-inj", "term": "temporary", "dose_value": 20, "frequency": "st"},
    {"code": "atorvastatin-tab", "term": "take-home", "frequency": "qn", "dose_value": 20},
    ward.CARE,
    ward.BLOOD,
]


def _due(order: Order, *states: str) -> Any:
    rows = order.executions.filter(state__in=states, voided_at=None)
    return rows.order_by("due_at").first()


CLICKS: dict[str, Any] = {
    "sign": lambda order: {"override": "病情需要"},
    "accept": lambda order: {},
    "send_back": lambda order: {"code": "dose"},
    "let_pass": lambda order: {},
    "check": lambda order: {},
    "note_skin_test": lambda order: {"result": "negative", "second": "孙医生"},
    "give": lambda order: {"execution": _due(order, Done.DUE), "second": "孙医生"},
    "omit": lambda order: {"execution": _due(order, Done.DUE), "reason": "refused"},
    "strike": lambda order: {
        "execution": _due(order, Done.GIVEN, Done.OMITTED),
        "reason": "slip",
    },
    "stop": lambda order: {"code": "better"},
    "check_stop": lambda order: {},
    "keep": lambda order: {},
    "cancel": lambda order: {"code": "changed"},
    "void": lambda order: {"code": "wrong-dose"},
    "change": lambda order: {"instruction": "饭后"},
    "plan": lambda order: {},
    "lapse": lambda order: {},
    "hand_over": lambda order: {},
}
ACT_OF = {
    "review": "accept",
    "second": "let_pass",
    "skin-test": "note_skin_test",
    "write": "change",
}
WHO = ("wang", "ma", "fang", "zhou", "liu", "stranger", "zhao")
KINDS = ["offered"] * 10 + ["any"] * 3 + ["wait"] * 3 + ["discharge"]
HOURS = [1, 4, 9, 26, 200]
steps = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 5000), st.sampled_from(WHO)),
    min_size=3,
    max_size=16,
)


def _play(county: cast.Cast, day: list[tuple[str, int, str]], start: dict[str, Any]) -> None:
    with time_machine.travel(NOON, tick=False) as traveller:
        visit = ward.admitted(county)
        order = ward.drafted(county, visit, **start)
        for what, which, who in day:
            before = Order.objects.get(pk=order.pk)
            lines = TrailEntry.objects.filter(subject_id=order.pk).count()
            won = False
            if what == "wait":
                traveller.shift(timedelta(hours=HOURS[which % len(HOURS)]))
                worker.everything_due()
            elif what == "discharge":
                visit.refresh_from_db()
                if visit.ended_at is None:
                    record.end_encounter(
                        visit, by=county.wang, ended_at=timezone.now(), discharge_way="1"
                    )
                    worker.everything_due()
            else:
                won = _click(county, order, what, which, who)
                assert TrailEntry.objects.filter(subject_id=order.pk).count() == lines + won
            _promises(order, before)
        trail.seal()
        assert trail.verify().broken_at is None


def _click(county: cast.Cast, order: Order, what: str, which: int, who: str) -> bool:
    order = Order.objects.get(pk=order.pk)
    if what == "any":
        name, actor = sorted(CLICKS)[which % len(CLICKS)], county.actors[who]
    else:
        offered = [
            (ACT_OF.get(act, act.replace("-", "_")), county.actors[part])
            for part in WHO
            for act in permissions.open_to(county.actors[part], order)
        ]
        # Ways out are offered at nearly every step; now and then is often enough.
        offered = [o for o in offered if o[0] not in ("cancel", "void") or not which % 5]
        if not offered:
            return False
        name, actor = offered[which % len(offered)]
    facts = CLICKS[name](order)
    if name in ("omit", "strike") and facts["execution"] is None:
        return False
    try:
        with transaction.atomic():
            getattr(orders, name)(order, by=actor, **facts)
    except Refused:
        return False
    return True


def _promises(order: Order, before: Order) -> None:
    row = Order.objects.get(pk=order.pk)
    if row.state != before.state:
        assert State(row.state) in _reach(State(before.state)), (before.state, row.state)
    items = InboxItem.objects.filter(subject_id=row.pk)
    if row.state in OPEN:
        assert row.owner_id
        assert row.duty
        assert row.due_at
        mine = items.get(level=0)
        assert (mine.org_id, mine.audience, mine.due_at) == (row.owner_id, row.duty, row.due_at)
    else:
        assert not items.exists()
        assert not row.executions.filter(state=Done.DUE, voided_at=None).exists()
    given = row.executions.filter(state=Done.GIVEN, voided_at=None)
    assert given.count() == row.given
    if row.ended_at is not None:
        # Nothing is done after the stop, and nothing later than it is due.
        assert not given.filter(given_at__gt=row.ended_at).exists()
        late = row.executions.filter(state=Done.DUE, voided_at=None, due_at__gt=row.ended_at)
        assert not late.exists()
    if row.given:
        assert row.signed_at is not None
        assert row.skin_test in ("", "negative", "exempt")
    if row.medication is not None and row.state in ("ended", "cancelled", "not-done"):
        medicine = row.medication
        assert medicine.voided_at is not None or medicine.ended_on is not None


def _reach(state: State) -> set[State]:
    """All that can follow: the clock may take several steps while nobody looks."""
    found, front = {state}, [state]
    while front:
        for following in Order.MOVES.get(front.pop(), set()) - found:
            found.add(following)
            front.append(following)
    return found


def test_every_act_is_among_the_clicks():
    acts = {permission.code.removeprefix("orders.") for permission in permissions.ACTS}
    assert {ACT_OF.get(act, act.replace("-", "_")) for act in acts} <= set(CLICKS)


@given(day=steps, start=st.sampled_from(STARTS))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=40,
)
def test_any_sequence_of_clicks_keeps_every_promise(standing_at_noon, db, day, start):
    with transaction.atomic():
        _play(copy.deepcopy(standing_at_noon), day, start)
        transaction.set_rollback(True)
