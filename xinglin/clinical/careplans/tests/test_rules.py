"""On which days something is due; at which value somebody is sent back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.clinical.careplans.rules import ALWAYS, DATES, EVERY, ONCE, WEEKLY, Limit, Schedule

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def test_every_week_is_every_seven_days_to_the_last_day():
    found = Schedule(EVERY, MONDAY, MONDAY + 28 * DAY, every_days=7).days()
    assert found == [MONDAY + n * 7 * DAY for n in range(5)]


def test_weekdays_are_those_of_the_calendar():
    found = Schedule(WEEKLY, MONDAY, MONDAY + 13 * DAY, weekdays=(2, 5)).days()
    assert [day.isoweekday() for day in found] == [2, 5, 2, 5]


def test_given_days_come_in_order_and_once():
    days = (MONDAY + 5 * DAY, MONDAY, MONDAY + 5 * DAY)
    found = Schedule(DATES, MONDAY, MONDAY + 9 * DAY, dates=days).days()
    assert found == [MONDAY, MONDAY + 5 * DAY]


def test_what_goes_on_always_gives_no_day():
    assert Schedule(ALWAYS, MONDAY, MONDAY + 30 * DAY).days() == []


def test_what_is_due_once_and_was_missed_before_the_patient_came_is_due_then():
    once = Schedule(ONCE, MONDAY, window_days=2)
    assert once.days(since=MONDAY + 2 * DAY) == [MONDAY]
    assert once.days(since=MONDAY + 3 * DAY) == [MONDAY + 3 * DAY]


@pytest.mark.parametrize(
    ("low", "high", "value", "sends_back"),
    [
        (None, "180", "180", True),
        (None, "180", "179", False),
        ("3.9", "16.7", "3.9", True),
        ("3.9", "16.7", "4", False),
        ("90", None, "89", True),
    ],
)
def test_a_limit_that_is_reached_sends_back(low, high, value, sends_back):
    limit = Limit("x", Decimal(low) if low else None, Decimal(high) if high else None)
    assert limit.passed_by(Decimal(value)) is sends_back


schedules = st.builds(
    Schedule,
    timing=st.sampled_from([ONCE, EVERY, WEEKLY, DATES, ALWAYS]),
    starts_on=st.dates(MONDAY, MONDAY + 60 * DAY),
    ends_on=st.none() | st.dates(MONDAY + 60 * DAY, MONDAY + 200 * DAY),
    every_days=st.integers(1, 40),
    weekdays=st.lists(st.integers(1, 7), unique=True).map(tuple),
    dates=st.lists(st.dates(MONDAY, MONDAY + 200 * DAY), max_size=10).map(tuple),
    window_days=st.integers(0, 10),
)


@given(schedules, st.none() | st.dates(MONDAY, MONDAY + 200 * DAY))
def test_due_days_lie_in_their_span_in_order_and_once(schedule, since):
    days = schedule.days(since=since)
    assert days == sorted(set(days))
    last = schedule.ends_on or schedule.starts_on
    for day in days:
        if schedule.timing == ONCE:
            assert day in (schedule.starts_on, since)
        else:
            assert schedule.starts_on <= day <= last
        if since is not None:
            assert day + schedule.window_days * DAY >= since


@given(schedules)
def test_the_gap_is_kept_by_every_two_days(schedule):
    days = schedule.days()
    for earlier, later in zip(days, days[1:], strict=False):
        assert schedule.gap is not None
        assert (later - earlier).days >= schedule.gap
