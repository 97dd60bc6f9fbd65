"""Reference data and policy as files, with the county's own laid over them."""

from __future__ import annotations

import os
from datetime import date, timedelta

import pytest

from xinglin.kernel import catalogue, parameters


@pytest.fixture
def overlay(tmp_path, settings):
    settings.CATALOGUE_OVERLAY = str(tmp_path)
    return tmp_path


@pytest.fixture
def base(tmp_path_factory, settings):
    """A small catalogue instead of the house's own."""
    folder = tmp_path_factory.mktemp("catalogue")
    settings.CATALOGUE = folder
    return folder


def entry(key: str, value: object, valid_from: str, **more: object) -> str:
    told = "\n".join(f'{name} = "{text}"' for name, text in more.items())
    return f'[[parameter]]\nkey = "{key}"\nvalue = {value}\nvalid_from = {valid_from}\n{told}\n'


def test_a_parameter_tells_its_source_edition_and_first_day():
    found = parameters.find("referral.follow_up_days")
    assert found.value == 14
    assert "国家基本公共卫生服务规范" in found.source
    assert (found.edition, found.valid_from) == ("第三版", date(2017, 2, 28))


def test_every_parameter_names_its_source_and_both_labels():
    for parameter in parameters.every():
        assert parameter.source, parameter.key
        assert parameter.zh != parameter.key, parameter.key
        assert parameter.en != parameter.key, parameter.key
        assert parameter.confidence in ("sure", "likely", "check"), parameter.key


def test_a_span_of_time_is_read_by_its_unit():
    assert parameters.duration("referral.accept.emergency_minutes") == timedelta(minutes=15)
    assert parameters.duration("referral.paper_hours") == timedelta(hours=24)
    assert parameters.duration("referral.follow_up_days") == timedelta(days=14)


def test_an_unknown_parameter_is_named():
    with pytest.raises(KeyError, match="referral.lunch_hours"):
        parameters.get("referral.lunch_hours")


def test_the_newest_that_is_in_force_counts(base):
    (base / "parameters.toml").write_text(
        entry("a", 1, "2020-01-01") + entry("a", 3, "2030-01-01") + entry("a", 2, "2025-01-01"),
        "utf-8",
    )
    assert parameters.get("a", date(2026, 3, 2)) == 2
    assert parameters.get("a", date(2030, 1, 1)) == 3
    assert parameters.get("a", date(2024, 12, 31)) == 1
    with pytest.raises(KeyError, match="in force"):
        parameters.get("a", date(2019, 1, 1))


def test_the_countys_own_word_comes_first(base, overlay):
    (base / "parameters.toml").write_text(
        entry("a", 1, "2020-01-01") + entry("b", 10, "2020-01-01"), "utf-8"
    )
    (overlay / "parameters.toml").write_text(entry("a", 7, "2019-01-01"), "utf-8")
    found = parameters.find("a", date(2026, 3, 2))
    assert (found.value, found.overlay) == (7, True)
    # What the county does not mention stays common.
    assert parameters.get("b", date(2026, 3, 2)) == 10


def test_the_countys_word_of_tomorrow_does_not_count_today(base, overlay):
    (base / "parameters.toml").write_text(entry("a", 1, "2020-01-01"), "utf-8")
    (overlay / "parameters.toml").write_text(entry("a", 7, "2027-01-01"), "utf-8")
    assert parameters.get("a", date(2026, 12, 31)) == 1
    assert parameters.get("a", date(2027, 1, 1)) == 7


def test_a_row_of_the_same_key_and_day_is_replaced(base, overlay):
    (base / "parameters.toml").write_text(entry("a", 1, "2020-01-01", zh="甲"), "utf-8")
    (overlay / "parameters.toml").write_text(entry("a", 7, "2020-01-01", zh="乙"), "utf-8")
    assert [(p.value, p.zh) for p in parameters.every()] == [(7, "乙")]


def test_a_changed_file_counts_at_once(base):
    file = base / "parameters.toml"
    file.write_text(entry("a", 1, "2020-01-01"), "utf-8")
    assert parameters.get("a") == 1
    file.write_text(entry("a", 2, "2020-01-01"), "utf-8")
    os.utime(file, ns=(1, 1))
    assert parameters.get("a") == 2


def test_an_overlay_taken_away_no_longer_counts(base, overlay):
    (base / "parameters.toml").write_text(entry("a", 1, "2020-01-01"), "utf-8")
    (overlay / "parameters.toml").write_text(entry("a", 7, "2020-01-01"), "utf-8")
    assert parameters.get("a") == 7
    (overlay / "parameters.toml").unlink()
    assert parameters.get("a") == 1


def test_tables_are_merged_key_by_key(base, overlay):
    (base / "x.toml").write_text('[a]\nb = 1\nc = 2\n[[row]]\ncode = "p"\nn = 1\n', "utf-8")
    (overlay / "x.toml").write_text(
        '[a]\nc = 3\n[[row]]\ncode = "q"\nn = 2\n[[row]]\ncode = "p"\nn = 9\n', "utf-8"
    )
    read = catalogue.read_toml("x.toml")
    assert read["a"] == {"b": 1, "c": 3}
    assert {row["code"]: row["n"] for row in read["row"]} == {"p": 9, "q": 2}


def test_rows_of_a_table_are_replaced_by_their_first_column(base, overlay):
    (base / "x.csv").write_text("code,name\nA,甲\nB,乙\n", "utf-8")
    (overlay / "x.csv").write_text("code,name\nB,新\nC,丙\n", "utf-8-sig")
    assert [tuple(row.values()) for row in catalogue.read_csv("x.csv")] == [
        ("A", "甲"),
        ("B", "新"),
        ("C", "丙"),
    ]


def test_a_file_that_only_the_county_has_is_read(base, overlay):
    (overlay / "own.toml").write_text("a = 1\n", "utf-8")
    assert catalogue.read_toml("own.toml") == {"a": 1}
    with pytest.raises(FileNotFoundError):
        catalogue.read_toml("nowhere.toml")


def test_every_file_of_the_catalogue_names_its_source(settings):
    for path in sorted(settings.CATALOGUE.rglob("*.*")):
        name = str(path.relative_to(settings.CATALOGUE))
        if path.suffix not in (".toml", ".csv") or name.endswith(".csv.toml"):
            continue
        source = catalogue.source_of(name)
        assert source.title, name
        assert source.document, name
        assert source.edition, name
        assert isinstance(source.valid_from, date), name
        assert source.confidence in ("sure", "likely", "check"), name


def test_the_label_is_in_the_readers_language(settings):
    from django.utils import translation

    found = parameters.find("referral.follow_up_days")
    with translation.override("zh-hans"):
        assert found.label == "转诊后随访时限"
    with translation.override("en"):
        assert found.label == "Follow-up after referral or down-referral"
