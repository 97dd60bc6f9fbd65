"""The clock against the catalogue: every limit and window, with the line that it rests on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from xinglin.clinical.emergency import catalogue, rules
from xinglin.clinical.emergency.rules import Pace

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

# domain/02 §2.5: kind, step, from which step, minutes.
LIMITS = [
    ("chest-pain", "ecg", "contact", 10),
    ("chest-pain", "ecg-read", "ecg", 10),
    ("chest-pain", "needle", "contact", 30),
    ("chest-pain", "depart", "contact", 30),
    ("chest-pain", "wire", "door", 90),
    ("chest-pain", "wire", "contact", 120),
    ("stroke", "depart", "contact", 30),
    ("stroke", "ct", "door", 25),
    ("stroke", "needle", "door", 60),
    ("trauma", "depart", "contact", 30),
    ("trauma", "assessed", "door", 10),
    ("trauma", "ct", "door", 30),
    ("trauma", "operation", "door", 60),
    ("mother", "depart", "contact", 30),
    ("mother", "assessed", "door", 10),
    ("newborn", "depart", "contact", 60),
    ("newborn", "assessed", "door", 10),
]


@pytest.mark.parametrize(("kind", "step", "start", "minutes"), LIMITS)
def test_a_limit_of_the_catalogue(kind, step, start, minutes):
    found = next(
        limit
        for limit in catalogue.kind_of(kind).limits
        if (limit.step, limit.start) == (step, start)
    )
    assert found.span == timedelta(minutes=minutes)
    assert found.source
    assert found.edition
    assert found.confidence in ("sure", "likely", "check")

    def at(spent: float, *, done: bool) -> Pace:
        times = {start: AT} | ({step: AT + timedelta(minutes=spent)} if done else {})
        return rules.measure(found, times, now=AT + timedelta(minutes=spent)).pace

    assert at(minutes, done=True) is Pace.MET
    assert at(minutes + 0.1, done=True) is Pace.MISSED
    assert at(minutes * 0.5, done=False) is Pace.RUNNING
    assert at(minutes * 0.76, done=False) is Pace.NEAR
    assert at(minutes + 0.1, done=False) is Pace.LATE
    assert rules.measure(found, {}, now=AT).pace is Pace.FREE


def test_the_table_above_is_whole():
    told = {
        (kind.code, limit.step, limit.start, limit.span.total_seconds() / 60)
        for kind in catalogue.kinds().values()
        for limit in kind.limits
    }
    assert told == set(LIMITS)


@pytest.mark.parametrize(
    ("code", "hours"),
    [
        ("stroke.alteplase", 4.5),
        ("stroke.urokinase", 6),
        ("stroke.thrombectomy", 6),
        ("stroke.thrombectomy-late", 24),
    ],
)
def test_a_window_of_treatment(code, hours):
    stroke = catalogue.kind_of("stroke")
    window = next(each for each in stroke.windows if each.code == code)
    assert window.span == timedelta(hours=hours)

    def left(times: dict[str, datetime], spent: float) -> bool:
        found = rules.windows(stroke, times, now=AT + timedelta(hours=spent))
        return next(each.open for each in found if each.window.code == code)

    assert left({"onset": AT}, hours - 0.1)
    assert not left({"onset": AT}, hours + 0.1)
    assert not left({"onset": AT, window.closes: AT + timedelta(hours=1)}, 1.5)
    assert rules.windows(stroke, {}, now=AT) == []


def test_every_kind_is_whole():
    for kind in catalogue.kinds().values():
        codes = [step.code for step in kind.steps]
        assert kind.required <= set(codes)
        assert {"depart", "door", "handover"} <= set(codes)
        assert len(codes) == len(set(codes))
        for limit in kind.limits:
            assert limit.step in codes
            assert limit.start in codes
        for step in kind.steps:
            assert step.side in ("sender", "receiver", "either")
            assert step.moves in ("", "on-the-way", "arrived", "treated", "handed-over")


def test_what_was_not_done_runs_no_longer_once_the_patient_is_treated():
    stroke = catalogue.kind_of("stroke")
    times = {"door": AT, "puncture": AT + timedelta(minutes=50)}
    lines = {
        line.step.code: line for line in rules.lines(stroke, times, now=AT + timedelta(hours=3))
    }
    assert lines["needle"].pace is Pace.FREE
    assert lines["ct"].pace is Pace.LATE


def test_thrombolysis_is_not_late_while_the_wire_has_time():
    pain = catalogue.kind_of("chest-pain")

    def paces(minutes: int) -> tuple[Pace, Pace]:
        found = rules.lines(pain, {"contact": AT}, now=AT + timedelta(minutes=minutes))
        told = {line.step.code: line.pace for line in found}
        return told["needle"], told["wire"]

    assert paces(10) == (Pace.RUNNING, Pace.RUNNING)
    assert paces(40) == (Pace.FREE, Pace.RUNNING)
    assert paces(130) == (Pace.LATE, Pace.LATE)


def test_a_county_changes_a_limit_without_code(tmp_path, settings):
    (tmp_path / "green-channel.toml").write_text(
        '[[limit]]\nkey = "stroke.needle.door"\nminutes = 45\nsource = "本县目标"\n'
        'edition = "2026"\nconfidence = "sure"\n',
        "utf-8",
    )
    settings.CATALOGUE_OVERLAY = tmp_path
    found = next(limit for limit in catalogue.kind_of("stroke").limits if limit.step == "needle")
    assert (found.span, found.source) == (timedelta(minutes=45), "本县目标")


def test_within_one_minute_every_order_is_possible():
    stroke = catalogue.kind_of("stroke")
    at = AT.replace(second=40)
    rules.check_order(stroke, stroke.step("ct"), AT, {"door": at}, now=at)
    with pytest.raises(rules.WrongTime):
        rules.check_order(
            stroke, stroke.step("ct"), AT - timedelta(minutes=1), {"door": at}, now=at
        )
    with pytest.raises(rules.WrongTime):
        rules.check_order(
            stroke, stroke.step("onset"), AT, {"contact": AT - timedelta(minutes=2)}, now=at
        )
