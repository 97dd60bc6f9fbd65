"""Units, ranges, words and numbers, as tables of cases."""

from __future__ import annotations

from decimal import Decimal

import pytest

from xinglin.clinical.record import catalogue, rules
from xinglin.kernel.errors import Refused
from xinglin.registry.terminology import catalogue as terminology


@pytest.mark.parametrize(
    ("code", "value", "unit", "ours"),
    [
        ("14749-6", "126", "mg/dL", "6.993"),
        ("14749-6", "5.6", "mmol/l", "5.6"),
        ("718-7", "13.2", "g/dL", "132"),
        ("14682-9", "1.0", "mg/dL", "88.4"),
        ("6690-2", "6.1", "×10⁹/L", "6.1"),
        ("6690-2", "6.1", "10^9/L", "6.1"),
        ("14682-9", "80", "μmol/L", "80"),
        ("8480-6", "16", "kPa", "120.0099"),
        ("8480-6", "120", "mm[Hg]", "120"),
        ("8310-5", "36.5", "℃", "36.5"),
        ("6301-6", "2.1", "", "2.1"),
    ],
)
def test_a_unit_is_converted_exactly(code, value, unit, ours):
    assert rules.in_unit(catalogue.find(code), Decimal(value), unit) == Decimal(ours)


@pytest.mark.parametrize(("code", "unit"), [("14749-6", "g/L"), ("718-7", ""), ("8480-6", "cm")])
def test_a_unit_that_does_not_fit_is_refused_with_those_that_do(code, unit):
    item = catalogue.find(code)
    with pytest.raises(rules.WrongUnit, match=rules.said_unit(item.unit)):
        rules.in_unit(item, Decimal(5), unit)


@pytest.mark.parametrize(
    ("code", "sex", "age", "value", "read"),
    [
        ("718-7", "1", 40, "125", "L"),
        ("718-7", "2", 40, "125", "N"),
        ("718-7", "2", 40, "45", "LL"),
        ("718-7", "1", 10, "125", ""),
        ("2823-3", "1", 40, "6.5", "HH"),
        ("14646-4", "1", 40, "0.8", "L"),
        ("22748-8", "2", 70, "4.1", "H"),
    ],
)
def test_a_value_is_read_by_sex_and_age(code, sex, age, value, read):
    item = catalogue.find(code)
    assert rules.interpretation(item, Decimal(value), item.usual(sex, age)) == read


@pytest.mark.parametrize(
    ("code", "told", "text", "read"),
    [
        ("5195-3", "(+)", "阳性", "POS"),
        ("5195-3", "－", "阴性", "NEG"),
        ("20454-5", "++", "2+", "POS"),
        ("20454-5", "+-", "±", "A"),
        ("20454-5", "看不清", "看不清", ""),
    ],
)
def test_words_of_a_result(code, told, text, read):
    assert rules.result_in_words(catalogue.find(code), told) == (text, read)


@pytest.mark.parametrize("name", ["ALT", "谷丙转氨酶", "ｗｂｃ", "718-7", "Creatinine", "HbA1c"])
def test_an_item_is_known_by_any_of_its_names(name):
    assert catalogue.named(name) is not None


def test_every_row_of_the_catalogue_can_be_read_and_is_true_to_itself():
    for panel in [*(c.code for c in terminology.code_list("lab-panel").concepts), "vitals"]:
        items = catalogue.panel(panel)
        assert items, panel
        for item in items:
            assert rules.check_loinc(item.code)
            assert item.texts or item.unit
            if item.specimen:
                terminology.require("specimen", item.specimen)
            for usual in item.reference:
                for limit in (usual.low, usual.high):
                    if limit is not None:
                        rules.check_value(item, limit)


@pytest.mark.parametrize("code", ["718-8", "7187", "x-1", "12345678-1", ""])
def test_a_code_that_is_not_loinc(code):
    with pytest.raises(rules.WrongNumber):
        rules.check_loinc(code)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("3301981002000001", "17 位"),
        ("3301981002000000a", "17 位"),
        ("00019810020000001", "行政区划"),
        ("33019800020000001", "乡镇"),
        ("33019810000000001", "村"),
        ("33019810020000000", "序号"),
    ],
)
def test_a_record_number_is_made_as_the_standard_says(number, reason):
    """WS/T 364.2—2023 §4.1."""
    with pytest.raises(Refused, match=reason):
        rules.check_record_number(number)
    assert rules.check_record_number("330198-100-200-00001") == "33019810020000001"


@pytest.mark.parametrize(
    ("words", "dose"),
    [
        ("5mg", (Decimal(5), "mg")),
        ("0.5 片", (Decimal("0.5"), "片")),
        ("10~20ml", (None, "")),
        ("每次5mg", (None, "")),
        ("", (None, "")),
    ],
)
def test_a_dose_in_words(words, dose):
    assert rules.dose_of(words) == dose


@pytest.mark.parametrize(
    ("system", "ours", "form", "ws365"),
    [
        # domain/13 traps 1, 3, 4: the form and WS 365 differ.
        ("rh", "negative", "1", "2"),
        ("rh", "positive", "2", "1"),
        ("past-disease", "notifiable", "11", "98"),
        ("past-disease", "occupational", "12", "12"),
        ("past-disease", "other", "13", "99"),
        ("livestock", "none", "1", ""),
        ("livestock", "separate", "2", "1"),
        ("livestock", "outdoor", "4", "3"),
        ("drug-allergy", "streptomycin", "4", "199"),
    ],
)
def test_codes_are_mapped_at_the_border(system, ours, form, ws365):
    assert terminology.outward(system, ours, "form") == form
    assert terminology.outward(system, ours, "ws365") == ws365
    assert terminology.inward(system, form, "form") == ours


def test_three_times_a_day_leaves_as_other():
    assert terminology.outward("frequency", "tid", "ws364") == "99"
    assert terminology.inward("frequency", "99", "ws364") == "other"


def test_a_national_procedure_code_finds_its_parent():
    assert terminology.require("icd9cm3", "47.0900x001").code == "47.09"
    assert terminology.search("icd9cm3", "lwqc")[0].zh
