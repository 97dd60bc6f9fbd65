"""Patterns into slots, shares into places, overlaps: no database."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.clinical.capacity import rules

MONDAY = date(2026, 3, 2)


def pattern(start="08:00", end="12:00", minutes=30, places=5, weekday=1, day=None):
    return rules.Pattern(
        None if day else weekday,
        day,
        time.fromisoformat(start),
        time.fromisoformat(end),
        minutes,
        places,
    )


def test_a_morning_is_laid_out_without_gap_or_overlap():
    slots = list(rules.lay_out(MONDAY, pattern(), {}))
    assert len(slots) == 8
    assert slots[0].start.hour == 8
    assert slots[-1].end.hour == 12
    assert all(one.end == two.start for one, two in zip(slots, slots[1:], strict=False))


def test_midnight_ends_the_day():
    slots = list(rules.lay_out(MONDAY, pattern("22:00", "00:00", 60, 1), {}))
    assert [slot.start.hour for slot in slots] == [22, 23]
    assert slots[-1].end.date() == MONDAY + timedelta(days=1)


def test_single_places_are_kept_whole_and_spread_over_the_session():
    slots = list(rules.lay_out(MONDAY, pattern(minutes=12, places=1), {"referral": 20}))
    kept = [number for number, slot in enumerate(slots) if slot.kept_for]
    assert kept == [2, 7, 12, 17]


@pytest.mark.parametrize(
    ("places", "shares", "kept"),
    [
        (20, {"referral": 20}, {"referral": 4}),
        (4, {"referral": 20}, {"referral": 1}),
        (1, {"referral": 20}, {"referral": 1}),
        (10, {"referral": 33}, {"referral": 4}),
        (2, {"referral": 50, "portal": 50}, {"referral": 1, "portal": 1}),
        (1, {"referral": 50, "portal": 50}, {"referral": 1}),
        (10, {"referral": 0}, {}),
        (10, {}, {}),
    ],
)
def test_at_least_the_share_is_kept(places, shares, kept):
    assert rules.shared(places, shares) == kept


@given(
    slots=st.integers(1, 30),
    places=st.integers(1, 8),
    referral=st.integers(0, 100),
    portal=st.integers(0, 100),
)
def test_no_place_is_lost_or_made_by_sharing(slots, places, referral, portal):
    shares = {"referral": referral, "portal": min(portal, 100 - referral)}
    session = rules.Pattern(1, None, time(8), time(8 + slots // 4, 15 * (slots % 4)), 15, places)
    laid = list(rules.lay_out(MONDAY, session, shares))
    total = slots * places
    assert sum(slot.places for slot in laid) == total
    kept = sum(slot.places for slot in laid if slot.kept_for == "referral")
    assert kept >= total * referral / 100
    for start in {slot.start for slot in laid}:
        assert sum(slot.places for slot in laid if slot.start == start) == places
    keys = [(slot.start, slot.kept_for) for slot in laid]
    assert len(keys) == len(set(keys))


def test_an_odd_day_replaces_its_weekday():
    weekly, odd = pattern(), pattern("14:00", "16:00", day=MONDAY)
    assert rules.sessions_of(MONDAY, [weekly, odd]) == [odd]
    assert rules.sessions_of(MONDAY + timedelta(days=7), [weekly, odd]) == [weekly]


@pytest.mark.parametrize(
    ("mine", "theirs", "last", "meets"),
    [
        (pattern(), pattern(), None, True),
        (pattern(), pattern(weekday=2), None, False),
        (pattern("08:00", "10:00"), pattern("10:00", "12:00"), None, False),
        (pattern("22:00", "00:00"), pattern("23:00", "23:30"), None, True),
        (pattern(weekday=7), pattern(weekday=7), MONDAY + timedelta(days=5), False),
        (pattern(weekday=7), pattern(weekday=7), MONDAY + timedelta(days=6), True),
        (pattern(day=MONDAY), pattern(), None, True),
        (pattern(day=MONDAY), pattern(day=MONDAY), None, True),
        (pattern(day=MONDAY), pattern(day=MONDAY + timedelta(days=7)), None, False),
    ],
)
def test_who_is_in_two_places_at_once_is_found(mine, theirs, last, meets):
    assert bool(rules.clash([mine], [theirs], MONDAY, last)) is meets
    assert bool(rules.clash([theirs], [mine], MONDAY, last)) is meets


def test_an_odd_day_elsewhere_is_no_clash_with_the_weekday_it_replaces():
    mine = [pattern(), pattern("14:00", "16:00", day=MONDAY)]
    theirs = [pattern("08:00", "10:00", day=MONDAY)]
    assert rules.clash(mine, theirs, MONDAY, None) is None
