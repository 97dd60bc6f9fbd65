"""Unified social credit codes (GB 32100) and organisation codes (GB 11714)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.registry.organisations import rules

CREDIT = ["91350100M000100Y43", "91110000802100433B", "12100000400010275N"]


@pytest.mark.parametrize("code", CREDIT)
def test_the_codes_of_the_standard_pass(code):
    assert rules.check_credit_code(code) == code


@pytest.mark.parametrize(
    "typed", [" 91350100m000100y43", "91350100 M000100Y 43", "９1350100M000100Y43"]
)
def test_a_credit_code_typed_otherwise_is_put_right(typed):
    assert rules.check_credit_code(typed) == CREDIT[0]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("", "现为0位"),
        ("91350100M000100Y4", "现为17位"),
        ("91350100I000100Y43", "“I”"),
        ("9135O100M000100Y43", "“O”"),
        ("91A50100M000100Y43", "第3至8位"),
        ("91350100M000100Y44", "校验码不符"),
    ],
)
def test_a_wrong_credit_code_is_refused_with_what_is_wrong(code, sentence):
    with pytest.raises(rules.BadCreditCode, match=sentence) as refused:
        rules.check_credit_code(code)
    assert refused.value.field == "credit_code"


@given(st.sampled_from(CREDIT), st.integers(0, 17), st.sampled_from(rules._ALPHABET))
def test_any_single_character_of_a_credit_code_changed_is_refused(code, at, other):
    changed = code[:at] + other + code[at + 1 :]
    if changed != code:
        with pytest.raises(rules.BadCreditCode):
            rules.check_credit_code(changed)


@pytest.mark.parametrize("typed", ["D2143569-X", "d2143569x", "D2143569－X"])
def test_the_organisation_code_of_the_standard_passes(typed):
    assert rules.check_organisation_code(typed) == "D2143569-X"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("D2143569", "现为8位"),
        ("D21435690", "校验码不符"),
        ("D214356_X", "前8位"),
        ("D2143569A", "末位"),
    ],
)
def test_a_wrong_organisation_code_is_refused_with_what_is_wrong(code, sentence):
    with pytest.raises(rules.BadOrganisationCode, match=sentence):
        rules.check_organisation_code(code)


@given(st.integers(0, 7), st.sampled_from("0123456789"))
def test_any_single_digit_of_an_organisation_code_changed_is_refused(at, other):
    code = "D2143569-X"
    changed = code[:at] + other + code[at + 1 :]
    if changed[at] != code[at] and code[at].isdigit():
        with pytest.raises(rules.BadOrganisationCode):
            rules.check_organisation_code(changed)


@given(st.text(max_size=20))
def test_no_text_upsets_the_checks(text):
    with suppress(rules.BadCreditCode):
        assert len(rules.check_credit_code(text)) == 18
    with suppress(rules.BadOrganisationCode):
        assert len(rules.check_organisation_code(text)) == 10
