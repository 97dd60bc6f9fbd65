"""Codes in any spelling, national extensions, and search by any few characters."""

import re
import string

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from xinglin.kernel import catalogue as files
from xinglin.kernel.errors import Refused
from xinglin.registry.terminology import catalogue, rules


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("I10", "I10"),
        (" i10 ", "I10"),
        ("k297", "K29.7"),
        ("Ｅ１１．９", "E11.9"),
        ("E11.4†", "E11.4"),
        ("H36.0*", "H36.0"),
        ("I10.x00x002", "I10.x00x002"),
        ("I10X00X002", "I10.x00x002"),
        ("K29.700X003", "K29.700x003"),
        ("I10.x00", "I10.x00"),
        ("A16.200", "A16.200"),
    ],
)
def test_a_code_is_known_in_every_spelling(typed, canonical):
    assert rules.normal_icd10(typed) == canonical


@pytest.mark.parametrize(
    "typed", ["", "高血压", "10", "I1", "II0", "I10.", "I10.x00x002x", "K29.7777"]
)
def test_what_is_not_shaped_like_a_code_is_none(typed):
    assert rules.normal_icd10(typed) == ""


@given(st.from_regex(r"[A-Z][0-9]{2}(\.([0-9]{1,3}|x00)(x[0-9]{2,4})?)?", fullmatch=True))
def test_a_canonical_code_stays_as_it_is_and_ends_at_its_category(code):
    assert rules.normal_icd10(code) == code
    parents = list(rules.icd10_parents(code))
    assert parents[0] == code
    assert parents[-1] == code[:3]
    assert len(parents) == len(set(parents))


@pytest.mark.parametrize(
    ("code", "parents"),
    [
        ("I10", ["I10"]),
        ("I10.x00x002", ["I10.x00x002", "I10"]),
        ("K29.700x003", ["K29.700x003", "K29.700", "K29.70", "K29.7", "K29"]),
        ("S72.0", ["S72.0", "S72"]),
    ],
)
def test_a_national_extension_belongs_to_its_international_parent(code, parents):
    assert list(rules.icd10_parents(code)) == parents


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("高血压", "gaoxueya", "gxy"),
        ("2型糖尿病", "2xingtangniaobing", "2xtnb"),
        ("EB病毒感染", "ebbingduganran", "ebbdgr"),
        ("肺炎（轻症）", "feiyanqingzheng", "fyqz"),
    ],
)
def test_a_name_is_found_by_what_a_hurried_hand_types(name, full, initials):
    assert rules.pinyin_keys(name) == (full, initials)


def test_the_usual_come_first_and_in_their_own_order():
    assert rules.usual_first(["A00", "I10", "J00"], ["J00", "I10", "Z99"]) == [2, 1, 0]


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("I10", "I10"),
        ("i10", "I10"),
        ("gxy", "I10"),
        ("高血压", "I10"),
        ("gao xue ya", "I10"),
        ("k297", "K29.7"),
        ("K64", "K64"),
        ("I84", "I84"),
        ("hypertension", "I10"),
        ("appendicitis", "K35.9"),
        ("新冠", "U07.1"),
        ("mzf", "J44.9"),
        ("xjgs", "I21.9"),
        ("肺癌", "C34.9"),
        ("痔疮", "I84.9"),
    ],
)
def test_icd10_answers_chinese_english_pinyin_and_code(text, best):
    found = [concept.code for concept in catalogue.search("icd10", text)]
    assert best in found[:3], found


@pytest.mark.parametrize("typed", ["K29", "k29", "k29.", "Ｋ２９"])
def test_the_beginning_of_a_code_finds_its_whole_family_and_nothing_else(typed):
    found = {concept.code for concept in catalogue.search("icd10", typed, limit=100)}
    assert found >= {f"K29.{digit}" for digit in range(10)}
    assert {code[:3] for code in found} == {"K29"}


def test_what_the_county_treats_daily_is_found_first():
    usual = {row["icd10"] for row in files.read_csv("tiered-township.csv")}
    assert catalogue.search("icd10", "肺炎")[0].code == "J18.9"
    assert catalogue.search("icd10", "K29.")[0].code in usual


def test_a_text_that_no_name_holds_finds_nothing():
    assert catalogue.search("icd10", "blws") == []


def test_words_in_any_order_find_the_row_that_has_them_all():
    found = [concept.code for concept in catalogue.search("icd10", "hypertensive disease heart")]
    assert "I11" in found or "I11.9" in found


def test_an_empty_search_finds_nothing():
    assert catalogue.search("icd10", "   ") == []
    assert catalogue.search("icd10", "gxy", limit=0) == []


@given(st.text(max_size=12))
def test_no_text_upsets_the_search_and_no_row_comes_twice(text):
    found = catalogue.search("icd10", text, limit=5)
    assert len(found) == len({concept.code for concept in found}) <= 5


def test_a_pasted_national_code_finds_its_parent():
    assert [concept.code for concept in catalogue.search("icd10", "I10.x00x002")] == ["I10"]


def test_the_starter_set_is_sorted_without_doubles_and_holds_both_disease_lists():
    rows = files.read_csv("icd10.csv")
    codes = [row["code"] for row in rows]
    assert codes == sorted(set(codes))
    assert len(codes) >= 2_900
    assert all(re.fullmatch(r"[A-Z][0-9]{2}(\.[0-9])?", code) for code in codes)
    assert all(rules.normal_icd10(code) == code for code in codes)
    assert all(row["name_zh"] and row["name_en"] for row in rows)
    for name in ("tiered-township.csv", "tiered-county.csv"):
        assert {row["icd10"] for row in files.read_csv(name)} <= set(codes)


def test_the_starter_set_has_every_chapter_and_the_category_of_every_code():
    codes = {row["code"] for row in files.read_csv("icd10.csv")}
    assert {code[0] for code in codes} == set(string.ascii_uppercase)
    assert {code[:3] for code in codes} <= codes


def test_the_starter_set_says_that_the_national_table_goes_over_it():
    source = files.source_of("icd10.csv")
    assert "国家临床版2.0" in source.document
    assert source.confidence == "likely"


@pytest.mark.parametrize("family", ["I84", "K64"])
def test_haemorrhoids_are_known_under_their_old_and_their_new_code(family):
    assert catalogue.require("icd10", family).zh.startswith("痔")
    assert "痔" in catalogue.require("icd10", f"{family}.9").zh


@pytest.mark.parametrize(
    ("code", "parent"),
    [
        ("I10.x00x002", "I10"),
        ("I10X00X002", "I10"),
        ("K29.700x003", "K29.7"),
        ("E11.900", "E11.9"),
        ("C73.x00", "C73"),
        ("I84.901", "I84.9"),
    ],
)
def test_a_code_of_the_national_edition_answers_with_its_nearest_parent(code, parent):
    assert catalogue.require("icd10", code).code == parent


@pytest.mark.parametrize("code", ["U99.9", "高血压", "", "I10.x00x002x", "B13"])
def test_an_unknown_code_is_refused_in_a_sentence_that_names_it(code):
    assert catalogue.find("icd10", code) is None
    with pytest.raises(catalogue.UnknownCode) as refused:
        catalogue.require("icd10", code)
    assert f"“{code}”" in str(refused.value)


def test_a_national_code_is_found_by_its_parent_and_an_unknown_one_is_refused_by_name():
    found = catalogue.find("icd10", "I10.x00x002")
    assert found is not None
    assert found.code == "I10"
    assert catalogue.find("icd10", "U99.9") is None
    with pytest.raises(catalogue.UnknownCode, match=r"U99\.9") as refused:
        catalogue.require("icd10", "U99.9", field="diagnosis")
    assert isinstance(refused.value, Refused)
    assert refused.value.field == "diagnosis"


def test_value_sets_answer_in_the_readers_language():
    choices = catalogue.choices("sex")
    with translation.override("zh-hans"):
        assert [str(label) for _code, label in choices][1:3] == ["男性", "女性"]
        assert catalogue.require("sex", "1").label == "男性"
    with translation.override("en"):
        assert [str(label) for _code, label in choices][1:3] == ["Male", "Female"]


def test_every_value_set_has_codes_and_both_languages():
    for system in catalogue.systems():
        concepts = catalogue.code_list(system).concepts
        assert concepts
        assert len(concepts) == len({concept.code for concept in concepts})
        assert all(concept.zh and concept.en for concept in concepts)


def test_there_are_fifty_six_peoples():
    assert [c.zh for c in catalogue.code_list("ethnicity").concepts][:56][-1] == "基诺族"


def test_an_unknown_list_is_a_mistake_of_the_programme():
    with pytest.raises(KeyError):
        catalogue.find("no-such-list", "1")


def test_the_countys_own_rows_are_seen_as_soon_as_the_file_is_there(tmp_path, settings):
    settings.CATALOGUE_OVERLAY = str(tmp_path)
    assert catalogue.require("icd10", "I10.x00x002").code == "I10"
    (tmp_path / "icd10.csv").write_text(
        "code,name_zh,name_en\nI10.X00X002,高血压病,Hypertension\n", "utf-8"
    )
    assert catalogue.require("icd10", "I10.x00x002").zh == "高血压病"
    assert catalogue.require("icd10", "I10.x00x003").code == "I10"
