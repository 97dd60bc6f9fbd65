"""When something is due, and what the machine's check says: tables of cases."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from xinglin.clinical.orders import catalogue
from xinglin.clinical.orders.rules import safety, timing

# Monday.
DAY = "2026-03-02"


def at(text: str) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(text))


def hours(code: str, start: str, since: str, until: str, end: str = "") -> list[str]:
    found = timing.due_times(
        catalogue.frequencies()[code],
        at(start),
        at(since),
        at(until),
        at(end) if end else None,
    )
    return [f"{timezone.localtime(moment):%d %H:%M}" for moment in found]


@pytest.mark.parametrize(
    ("code", "start", "until", "end", "wanted"),
    [
        ("qd", "2026-03-02 09:00", "2026-03-04 09:00", "", ["03 08:00", "04 08:00"]),
        ("qd", "2026-03-02 08:00", "2026-03-02 12:00", "", ["02 08:00"]),
        ("bid", "2026-03-02 12:00", "2026-03-03 12:00", "", ["02 16:00", "03 08:00"]),
        ("tid", "2026-03-02 00:00", "2026-03-03 00:00", "", ["02 08:00", "02 12:00", "02 16:00"]),
        # Across midnight: the hour 00:00 belongs to the new day, and `until` is not included.
        ("q8h", "2026-03-02 20:00", "2026-03-03 09:00", "", ["03 00:00", "03 08:00"]),
        ("q8h", "2026-03-02 20:00", "2026-03-03 00:00", "", []),
        ("q6h", "2026-03-02 19:00", "2026-03-03 03:00", "", ["02 20:00", "03 02:00"]),
        ("qn", "2026-03-02 21:00", "2026-03-03 21:00", "", ["03 20:00"]),
        # An end is not reached: nothing at or after it.
        ("q8h", "2026-03-02 07:00", "2026-03-04 00:00", "2026-03-02 16:00", ["02 08:00"]),
        # Every other day counts from the day of the start, even when its hour has passed.
        ("qod", "2026-03-02 09:00", "2026-03-07 00:00", "", ["04 08:00", "06 08:00"]),
        ("qw", "2026-03-02 07:00", "2026-03-10 00:00", "", ["02 08:00", "09 08:00"]),
        ("biw", "2026-03-02 09:00", "2026-03-10 00:00", "", ["05 08:00", "09 08:00"]),
        ("st", "2026-03-02 09:10", "2026-03-03 00:00", "", ["02 09:10"]),
        ("prn", "2026-03-02 09:10", "2026-03-09 00:00", "", []),
        ("cont", "2026-03-02 09:10", "2026-03-09 00:00", "", []),
        # Over the end of February, of a year that has no 29th.
        ("qd", "2026-02-28 09:00", "2026-03-02 00:00", "", ["01 08:00"]),
    ],
)
def test_due_times(code, start, until, end, wanted):
    assert hours(code, start, start, until, end) == wanted


@pytest.mark.parametrize("code", list(catalogue.frequencies()))
def test_a_span_cut_in_two_gives_the_same_times(code):
    start, cut, until = "2026-03-02 10:30", "2026-03-05 00:00", "2026-03-20 16:00"
    whole = hours(code, start, start, until)
    assert hours(code, start, start, cut) + hours(code, start, cut, until) == whole


def test_the_next_time_is_the_first_after_now():
    frequency = catalogue.frequencies()["qw"]
    found = timing.next_due(frequency, at("2026-03-02 07:00"), at("2026-03-02 08:00"))
    assert found == at("2026-03-09 08:00")
    assert timing.next_due(catalogue.frequencies()["prn"], at(f"{DAY} 07:00"), at(DAY)) is None


# ------------------------------------------------------------------------------- the check


def found(code: str, dose: str, frequency: str = "", unit: str = "", **situation) -> list[str]:
    drug = catalogue.drugs()[code]
    proposal = safety.Proposal(
        name=drug.zh,
        drug=drug,
        dose=Decimal(dose),
        unit=unit or drug.unit,
        frequency=catalogue.frequencies()[frequency or drug.frequency],
    )
    known = safety.Situation(**situation)
    return [f"{each.check} {each.level}" for each in safety.check(proposal, known)]


def allergy(words: str, kind: str = "") -> dict:
    return {"allergies": (safety.KnownAllergy(words, kind),)}


def taken(code: str, **facts) -> dict:
    return {"taken": (safety.Taken(catalogue.drugs()[code].zh, code, **facts),)}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (found("amlodipine-tab", "5"), []),
        (found("amoxicillin-cap", "0.5", **allergy("青霉素")), ["allergy stop"]),
        (found("amoxicillin-cap", "0.5", **allergy("阿莫西林过敏")), ["allergy stop"]),
        (found("amoxicillin-cap", "0.5", **allergy("不明抗生素", "101")), ["allergy stop"]),
        (found("ceftriaxone-inj", "2", **allergy("青霉素")), ["cross-allergy warn"]),
        (found("ceftriaxone-inj", "2", **allergy("头孢")), ["allergy stop"]),
        (found("amoxicillin-cap", "0.5", **allergy("海鲜", "200")), []),
        (found("amoxicillin-cap", "0.5", **allergy("花粉")), []),
        (found("smz-co-tab", "960", **allergy("磺胺类")), ["allergy stop"]),
        (found("ibuprofen-sr-cap", "0.3", **allergy("阿司匹林")), ["cross-allergy warn"]),
        (found("iohexol-inj", "50", "once", **allergy("碘造影剂")), ["allergy stop"]),
        (found("amlodipine-tab", "15"), ["max-single stop"]),
        (found("amlodipine-tab", "5", "tid"), ["max-daily stop"]),
        (found("metformin-tab", "500", unit="mg"), []),
        (found("metformin-tab", "500"), ["max-single stop"]),
        (found("amlodipine-tab", "1", unit="{tbl}"), ["unit warn"]),
        (found("levofloxacin-tab", "0.5", age=12), ["age stop"]),
        (found("levofloxacin-tab", "0.5", age=18), []),
        (found("levofloxacin-tab", "0.5"), []),
        (found("enalapril-tab", "10", pregnant=True), ["pregnancy stop"]),
        (found("metformin-tab", "0.5", pregnant=True), ["pregnancy warn"]),
        (found("amlodipine-tab", "5", **taken("amlodipine-tab", here=True)), ["duplicate stop"]),
        (found("amlodipine-tab", "5", **taken("amlodipine-tab")), ["duplicate warn"]),
        (found("amlodipine-tab", "5", **taken("felodipine-sr-tab")), ["same-class warn"]),
        (found("nacl-09-inj", "100", **taken("glucose-5-inj", here=True)), []),
        (
            found("insulin-regular-inj", "8", **taken("insulin-glargine-inj", here=True)),
            [],
        ),
        (found("furosemide-inj", "20", **taken("furosemide-inj", here=True, once=True)), []),
    ],
)
def test_the_check(asked, wanted):
    assert asked == wanted


# --------------------------------------------------------------------------- the catalogue


def test_every_drug_is_one_that_can_be_ordered():
    for drug in catalogue.drugs().values():
        assert drug.route in catalogue.routes(), drug.code
        assert drug.frequency in catalogue.frequencies(), drug.code
        assert drug.group in catalogue.classes(), drug.code
        assert drug.usual > 0, drug.code
        assert drug.max_single is None or drug.usual <= drug.max_single, drug.code
        often = catalogue.frequencies()[drug.frequency].per_day
        assert drug.max_daily is None or drug.usual * often <= drug.max_daily, drug.code
        assert drug.pregnancy in ("", "warn", "stop"), drug.code


def test_every_item_and_line_of_a_set_is_known():
    for item in catalogue.items().values():
        assert item.frequency in catalogue.frequencies(), item.code
    for each in catalogue.sets().values():
        for line in each.lines:
            assert line.drug in catalogue.drugs() or line.item in catalogue.items(), each.code
            assert not line.frequency or line.frequency in catalogue.frequencies()
    assert not set(catalogue.drugs()) & set(catalogue.items())


def test_relatives_of_a_class_are_classes():
    for each in catalogue.classes().values():
        assert set(each.cross) <= set(catalogue.classes()), each.code


def test_the_horizon_reaches_the_rarest_frequency():
    for each in catalogue.frequencies().values():
        if each.kind == "scheduled":
            start = at(f"{DAY} 12:00")
            following = timing.next_due(each, start, start)
            assert following is not None
            assert following - start <= timedelta(days=8), each.code


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("硝苯地平控释片 30 mg", {"ccb"}),
        ("氨氯地平", {"ccb"}),
        ("缬沙坦氨氯地平片", {"arb", "ccb"}),
        ("吲达帕胺片", {"thiazide"}),
        ("瑞舒伐他汀", {"statin"}),
        ("片", set()),
        ("", set()),
        ("祖传秘方", set()),
    ],
)
def test_a_written_name_tells_the_classes_of_drug(name, classes):
    assert catalogue.classes_of(name) == classes
