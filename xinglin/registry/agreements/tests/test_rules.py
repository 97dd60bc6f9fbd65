"""Who is covered by what, edge by edge; no database."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.registry.agreements.rules import RANK, Side, Terms, Verdict, judge, period

COUNTY = UUID(int=1)
# region / office / hospital / township / clinic, another township, a hospital outside
OFFICE, HOSPITAL, TOWNSHIP = "0001/0001/", "0001/0001/0001/", "0001/0001/0001/0001/"
CLINIC, OTHER, CITY = "0001/0001/0001/0001/0001/", "0001/0001/0001/0002/", "0001/0002/"
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def terms(*sides: Side, **facts) -> Terms:
    given = {
        "id": UUID(int=7),
        "county_id": COUNTY,
        "kind": "referral",
        "number": "XY-1",
        "title": "双向转诊协议",
        "valid_from": FIRST,
        "valid_until": LAST,
        "sides": sides or (Side(TOWNSHIP), Side(HOSPITAL)),
    }
    return Terms(**{**given, **facts})


@pytest.mark.parametrize(
    ("sides", "source", "target", "joined"),
    [
        # two houses, each alone
        ((Side(TOWNSHIP), Side(HOSPITAL)), TOWNSHIP, HOSPITAL, True),
        ((Side(TOWNSHIP), Side(HOSPITAL)), HOSPITAL, TOWNSHIP, True),
        ((Side(TOWNSHIP), Side(HOSPITAL)), CLINIC, HOSPITAL, False),
        ((Side(TOWNSHIP), Side(HOSPITAL)), OTHER, HOSPITAL, False),
        # one with everything below it
        ((Side(TOWNSHIP, below=True), Side(CITY)), CLINIC, CITY, True),
        ((Side(HOSPITAL, below=True), Side(CITY)), CLINIC, CITY, True),
        ((Side(HOSPITAL, below=True), Side(CITY)), OFFICE, CITY, False),
        # an agreement with somebody outside says nothing of those inside
        ((Side(HOSPITAL, below=True), Side(CITY)), TOWNSHIP, HOSPITAL, False),
        # unless it says so
        ((Side(HOSPITAL, below=True, among=True), Side(OFFICE)), TOWNSHIP, HOSPITAL, True),
        ((Side(HOSPITAL, below=True, among=True), Side(OFFICE)), CLINIC, OTHER, True),
        # one sends only, the other receives only
        ((Side(TOWNSHIP, receives=False), Side(HOSPITAL, sends=False)), TOWNSHIP, HOSPITAL, True),
        ((Side(TOWNSHIP, receives=False), Side(HOSPITAL, sends=False)), HOSPITAL, TOWNSHIP, False),
        # a path that begins alike is not below
        ((Side("0001/0001/", below=True), Side(CITY)), "0001/00010001/", CITY, False),
    ],
)
def test_who_is_joined_to_whom(sides, source, target, joined):
    assert terms(*sides).joins(source, target) is joined


@pytest.mark.parametrize(
    ("on", "verdict"),
    [
        (FIRST - timedelta(1), Verdict.NOT_YET),
        (FIRST, Verdict.COVERED),
        (LAST, Verdict.COVERED),
        (LAST + timedelta(1), Verdict.EXPIRED),
    ],
)
def test_both_days_of_the_validity_count(on, verdict):
    assert terms().standing(on) is verdict


def test_what_was_suspended_or_ended_held_until_then():
    stopped = terms(suspended_on=date(2026, 5, 1), ended_on=date(2026, 6, 1))
    assert stopped.standing(date(2026, 4, 30)) is Verdict.COVERED
    assert stopped.standing(date(2026, 5, 1)) is Verdict.SUSPENDED
    assert stopped.standing(date(2026, 6, 1)) is Verdict.ENDED


@pytest.mark.parametrize(
    ("department", "diagnosis", "verdict"),
    [
        ("", "", Verdict.COVERED),
        ("心内科", "I20.0", Verdict.COVERED),
        (" 心内科 ", "i21.001", Verdict.COVERED),
        ("骨科", "I20.0", Verdict.DEPARTMENT),
        ("心内科", "S72.0", Verdict.DIAGNOSIS),
        ("心内科", "I2", Verdict.DIAGNOSIS),
    ],
)
def test_what_is_in_its_scope(department, diagnosis, verdict):
    narrow = terms(departments=("心内科",), diagnoses=("I20", "I21.0"))
    assert narrow.scope(department, diagnosis) is verdict


def ask(*standing: Terms, on: date = date(2026, 6, 1), used=lambda each: 0, **asked):
    return judge(standing, TOWNSHIP, HOSPITAL, on=on, used=used, **asked)


def test_without_any_agreement_the_answer_says_so():
    found = ask()
    assert (found.verdict, found.terms) == (Verdict.NONE, None)
    assert "没有登记" in found.sentence


def test_the_nearest_reason_is_told():
    over = terms(id=UUID(int=1), number="旧", valid_until=date(2026, 5, 31))
    resting = terms(id=UUID(int=2), number="停", suspended_on=date(2026, 5, 1))
    assert ask(over).verdict is Verdict.EXPIRED
    assert "2026-05-31" in ask(over).sentence
    assert ask(over, resting).terms == resting
    assert ask(over, resting, terms()).holds


def test_the_special_goes_before_the_general():
    general = terms(id=UUID(int=1), valid_until=date(2030, 1, 1))
    special = terms(id=UUID(int=2), diagnoses=("I20",))
    assert ask(general, special, diagnosis="I20.0").terms == special
    assert ask(general, special, diagnosis="J18.9").terms == general


def test_a_quota_that_is_used_up_makes_room_for_the_next():
    limited = terms(id=UUID(int=2), diagnoses=("I20",), quota=3)
    general = terms(id=UUID(int=1))
    full = ask(limited, diagnosis="I20.0", used=lambda each: 3)
    assert full.verdict is Verdict.QUOTA
    assert "3 例已用完" in full.sentence
    assert ask(limited, general, diagnosis="I20.0", used=lambda each: 3).terms == general
    assert ask(limited, diagnosis="I20.0", used=lambda each: 2).holds


def test_use_is_asked_only_where_there_is_a_quota():
    asked = []
    ask(terms(), used=lambda each: asked.append(each) or 0)
    assert asked == []


DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@given(first=DAYS, length=st.integers(0, 900), on=DAYS, rest=st.none() | DAYS, end=st.none() | DAYS)
def test_an_agreement_covers_exactly_its_days(first, length, on, rest, end):
    last = first + timedelta(length)
    one = terms(valid_from=first, valid_until=last, suspended_on=rest, ended_on=end)
    holds = first <= on <= last and not (rest and on >= rest) and not (end and on >= end)
    found = ask(one, on=on)
    assert found.holds is holds
    assert found.sentence


@given(quota=st.integers(1, 50), used=st.integers(0, 100))
def test_a_quota_lets_exactly_as_many_through(quota, used):
    assert ask(terms(quota=quota), used=lambda each: used).holds is (used < quota)


@given(
    standing=st.lists(
        st.builds(
            lambda number, first, length, quota, codes: terms(
                id=UUID(int=number),
                valid_from=first,
                valid_until=first + timedelta(length),
                quota=quota,
                diagnoses=codes,
            ),
            st.integers(1, 10**6),
            DAYS,
            st.integers(0, 700),
            st.none() | st.integers(1, 3),
            st.sampled_from([(), ("I20",), ("J",)]),
        ),
        max_size=6,
        unique_by=lambda each: each.id,
    ),
    on=DAYS,
)
def test_the_answer_is_the_best_that_any_agreement_gives_whatever_their_order(standing, on):
    def alone(each: Terms) -> int:
        return RANK[judge([each], TOWNSHIP, HOSPITAL, on=on, diagnosis="I20.0").verdict]

    found = judge(standing, TOWNSHIP, HOSPITAL, on=on, diagnosis="I20.0")
    assert RANK[found.verdict] == min(map(alone, standing), default=RANK[Verdict.NONE])
    again = judge(reversed(standing), TOWNSHIP, HOSPITAL, on=on, diagnosis="I20.0")
    assert again.holds is found.holds
    if found.holds:
        assert again == found


@given(on=DAYS)
def test_the_periods_of_a_quota_leave_no_day_out(on):
    for by in ("month", "year"):
        first, last = period(by, on)
        assert first <= on <= last
        assert period(by, last + timedelta(1))[0] == last + timedelta(1)
        assert period(by, first - timedelta(1))[1] == first - timedelta(1)
