from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from xinglin.kernel.searching import BadParameter, read_date, read_id
from xinglin.kernel.searching.values import alternatives, bars, plain


@given(st.dates(date(1880, 1, 1), date(2199, 12, 31)))
def test_a_day_lasts_from_midnight_to_midnight_here(day):
    prefix, told = read_date("date", f"ge{day.isoformat()}")
    assert prefix == "ge"
    assert timezone.localdate(told.since) == day
    assert timezone.localdate(told.until) == day + timedelta(days=1)


@given(st.dates(date(1880, 1, 1), date(2199, 12, 31)))
def test_a_year_holds_its_months_and_a_month_its_days(day):
    _eq, year = read_date("date", f"{day:%Y}")
    _eq, month = read_date("date", f"{day:%Y-%m}")
    _eq, whole = read_date("date", day.isoformat())
    assert year.since <= month.since <= whole.since < whole.until <= month.until <= year.until


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)))
def test_a_moment_is_found_in_what_it_is_written_as(moment):
    for text in (
        moment.isoformat(timespec="seconds"),
        moment.isoformat(timespec="minutes").replace("+00:00", "Z"),
        timezone.localtime(moment).isoformat(timespec="milliseconds"),
    ):
        if text.endswith(("+08:05:43", "+08:00:00")) or text[-3:-2] != ":" and text[-1] != "Z":
            continue  # a local time of before there were time zones has seconds in its offset
        _eq, told = read_date("date", text)
        assert told.since <= moment < told.until, text


@pytest.mark.parametrize(
    "text",
    ["", "x", "20260302", "2026-1-1", "2026-00", "2026-02-29", "0000", "9999", "2026-03-02T24:00"]
    + [
        "2026-03-02T10",
        "ge",
        "gege2026",
        "2026-03-02T10:00+24:00",
        "２０２６",
        "2026\n",
        "2200-01-01",
    ],
)
def test_what_is_no_date_is_refused_by_its_parameter(text):
    with pytest.raises(BadParameter) as refused, translation.override("en"):
        read_date("birthdate", text)
    assert refused.value.field == "birthdate"


@given(st.text())
def test_any_text_is_a_date_or_a_refusal(text):
    with suppress(BadParameter):
        _prefix, told = read_date("date", text)
        assert told.since < told.until


@given(st.text(max_size=80))
def test_any_text_is_an_id_or_none_or_a_refusal(text):
    try:
        found = read_id("_id", text)
    except BadParameter:
        return
    assert found is None or str(found) == text


def test_commas_and_bars_that_belong_to_a_value_are_kept():
    assert alternatives("name", r"a,b\,c,,d") == ["a", r"b\,c", "d"]
    assert plain(r"b\,c\|d\$e\\f") == r"b,c|d$e\f"
    assert bars(r"http://x|a\|b") == ["http://x", "a|b"]
