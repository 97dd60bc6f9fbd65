"""Any sequence of clicks, by anybody, at any time, keeps every promise of the house."""

from __future__ import annotations

import copy
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import permissions
from xinglin.clinical.referral.models import OPEN, Referral, State
from xinglin.clinical.referral.tests import factories as road
from xinglin.clinical.referral.tests.conftest import NOON
from xinglin.kernel import trail, worker
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, TrailEntry
from xinglin.registry.people import actions as people

# What each click brings along: sound facts, so that it is the state and the post that decide.
CLICKS: dict[str, Any] = {
    "submit": lambda county, now: {},
    "approve": lambda county, now: {},
    "accept": lambda county, now: {"department": "心内科"},
    "decline": lambda county, now: {"code": "no-bed", "alternative": "留观"},
    "waitlist": lambda county, now: {"code": "no-bed"},
    "redirect": lambda county, now: {"to_org": county.other_township},
    "depart": lambda county, now: {"departed_at": now},
    "receive": lambda county, now: {"arrived_at": now},
    "treat": lambda county, now: {},
    "discharge": lambda county, now: {"discharged_at": now, "discharge_way": "1"},
    "propose_down": lambda county, now: {"to_org": county.village, **road.PLAN},
    "close": lambda county, now: road.RECEIPT,
    "follow_up": lambda county, now: {"followed_up_at": now, "note": "好转"},
    "file_insurance": lambda county, now: {"number": "ZW1", "on": now.date()},
    "complete": lambda county, now: {"past_history": "高血压"},
    "change": lambda county, now: {"symptoms": "胸闷"},
    "cancel": lambda county, now: {"code": "patient-better"},
    "end": lambda county, now: {"code": "lost-contact"},
    "expire": lambda county, now: {},
    "leave_unanswered": lambda county, now: {},
}
WHO = sorted(cast.ROLES)
# Mostly a button that is offered to somebody: of all the others nearly every one is refused.
KINDS = ["offered"] * 12 + ["any"] * 4 + ["wait"] * 2 + ["death"]
HOURS = [1, 5, 26, 80, 400]
step = st.tuples(st.sampled_from(KINDS), st.integers(0, 5000), st.sampled_from(WHO))
days = st.lists(step, min_size=3, max_size=16)


def test_every_act_is_among_the_clicks():
    acts = {name.replace("-", "_") for name in _codes()}
    acts -= {"read", "draft", "arrange", "attach", "hear"}
    assert acts - {"statistics"} <= set(CLICKS)


def _codes() -> set[str]:
    found = {p.code for p in vars(permissions).values() if isinstance(p, permissions.Permission)}
    return {code.removeprefix("referral.") for code in found}


def _play(county: cast.Cast, day: list[tuple[str, int, str]], start: str) -> None:
    with time_machine.travel(NOON, tick=False) as traveller:
        referral = road.drafted(county, **{"urgency": start} if start != "sent" else {})
        if start == "sent":
            referrals.submit(referral, by=county.wang)
        lines = _lines(referral)
        for what, which, who in day:
            before = Referral.objects.get(pk=referral.pk)
            own = 0
            if what == "wait":
                traveller.shift(timedelta(hours=HOURS[which % len(HOURS)]))
                worker.everything_due()
            elif what == "death":
                with suppress(Refused):
                    people.report_death(
                        county.patient, by=county.actors[who], died_on=timezone.localdate()
                    )
                worker.everything_due()
            else:
                name, actor = _choose(county, before, what, which, who)
                if name:
                    own = _click(county, referral, name, actor)
            _promises(referral, before, lines, own, by_the_clock=what in ("wait", "death"))
            lines = _lines(referral)
            # The way down, too, keeps them.
            for sequel in referral.sequels.all():
                _owned(sequel)
        trail.seal()
        assert trail.verify().broken_at is None


def _choose(county, referral, what, which, who) -> tuple[str, Any]:
    if what == "any":
        return sorted(CLICKS)[which % len(CLICKS)], county.actors[who]
    # Ways out and back are offered at nearly every step; now and then is often enough.
    out = {"end", "cancel", "decline", "redirect"} if which % 6 else set()
    offered = [
        (name.replace("-", "_"), actor)
        for actor in county.actors.values()
        for name in permissions.open_to(actor, referral)
        if name not in out
    ]
    return offered[which % len(offered)] if offered else ("", None)


def _click(county, referral: Referral, name: str, actor) -> int:
    """One if the click was taken, none if it was refused with a sentence."""
    held = Referral.objects.get(pk=referral.pk)
    sentence = ""
    try:
        getattr(referrals, name)(held, by=actor, **CLICKS[name](county, timezone.now()))
    except Refused as refusal:
        sentence = str(refusal) or "?"
    event(f"{name}: {'refused' if sentence else 'done'}")
    # The record in hand says what the database says, whether the click was taken or not.
    assert held.facts() == Referral.objects.get(pk=referral.pk).facts()
    assert sentence != "?"
    return 0 if sentence else 1


def _promises(referral, before, lines, own, *, by_the_clock) -> None:
    now = Referral.objects.get(pk=referral.pk)
    # 1. Never off the map, and never two steps at one click.
    if now.state != before.state:
        if by_the_clock:
            assert State(now.state) in _reach(State(before.state))
        else:
            assert State(now.state) in Referral.MOVES[State(before.state)]
    # 2. Owner, duty and deadline while open; nothing when it is over.
    _owned(now)
    # 3. One line for one change, none for a refusal.
    if not by_the_clock:
        assert _lines(referral) == lines + own
    # 4. Every change of state stands in the trail, so that the story has no gap.
    states = [
        line.changes["state"]
        for line in TrailEntry.objects.filter(subject_id=now.pk).order_by("id")
        if "state" in line.changes
    ]
    assert all(a[1] == b[0] for a, b in zip(states, states[1:], strict=False))
    assert states[-1][1] == now.state


def _owned(row: Referral) -> None:
    promised = Referral.objects.filter(pk=row.pk).values("owner", "duty", "due_at", "state").get()
    items = InboxItem.objects.filter(subject_id=row.pk)
    if row.state in OPEN or promised["owner"]:
        assert promised["owner"]
        assert promised["duty"]
        assert promised["due_at"]
        mine = items.get(level=0)
        assert (mine.org_id, mine.audience, mine.due_at) == (
            promised["owner"],
            promised["duty"],
            promised["due_at"],
        )
        assert mine.state == row.state
    else:
        assert (promised["duty"], promised["due_at"]) == ("", None)
        assert not items.exists()


def _reach(state: State) -> set[State]:
    """All that can follow: the clock may take several steps while nobody looks."""
    found, front = {state}, [state]
    while front:
        for following in Referral.MOVES.get(front.pop(), set()) - found:
            found.add(following)
            front.append(following)
    return found


def _lines(referral: Referral) -> int:
    return TrailEntry.objects.filter(subject_id=referral.pk).count()


def _once(standing: cast.Cast, day, start) -> None:
    """Each example begins with the same county."""
    with transaction.atomic():
        _play(copy.deepcopy(standing), day, start)
        transaction.set_rollback(True)


anything = given(day=days, start=st.sampled_from(["routine", "emergency", "sent", "sent"]))
unhurried = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@anything
@settings(unhurried, max_examples=60)
def test_any_sequence_of_clicks_keeps_every_promise(standing_at_noon, db, day, start):
    _once(standing_at_noon, day, start)


@pytest.mark.soak
@anything
@settings(unhurried, max_examples=5000)
def test_very_many_sequences_of_clicks_keep_every_promise(standing_at_noon, db, day, start):
    _once(standing_at_noon, day, start)
