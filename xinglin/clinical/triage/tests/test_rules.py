"""The rules: a table of cases with their articles, the county's overlay, what never weakens."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.rules.advising import House, advise
from xinglin.clinical.triage.rules.case import Case, examine
from xinglin.clinical.triage.rules.desk import grade
from xinglin.clinical.triage.rules.kidney import acr, egfr
from xinglin.clinical.triage.rules.terms import plain_code, read_spans, within
from xinglin.clinical.triage.rules.words import duration, recognise
from xinglin.registry.organisations.catalogue import abilities, abilities_of_level

CASES = list(
    csv.DictReader((Path(__file__).parent / "cases.csv").open(encoding="utf-8", newline=""))
)
COUNTY = House("county", abilities_of_level("county"))
TOWNSHIP = House("township", abilities_of_level("township"), above=COUNTY)
VILLAGE = House("village", abilities_of_level("village"), above=TOWNSHIP)
HOUSES = {"village": VILLAGE, "township": TOWNSHIP, "county": COUNTY}


def case_of(row):
    told = dict(part.split("=") for part in row["numbers"].split())
    numbers = {"age": 50.0, **{code: float(value) for code, value in told.items()}}
    if "age_days" in told and "age" not in told:
        numbers.pop("age")
    return Case(
        tuple(row["codes"].split()),
        tuple(row["problems"].split()),
        numbers,
        frozenset(row["signs"].split()),
        "female",
    )


def test_the_table_is_long_enough_and_every_row_cites_its_article():
    assert len(CASES) >= 120
    assert all(row["article"] for row in CASES)


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row['article']} {row['house']}")
def test_a_case_is_answered_as_its_article_says(row):
    found = advise(case_of(row), HOUSES[row["house"]])
    codes = [ground.code for ground in found.grounds]
    assert (found.outcome, found.level, found.channel) == (
        row["outcome"],
        row["level"],
        row["channel"],
    ), (codes, found.ask, found.doubts)
    if row["rule"]:
        assert row["rule"] in codes


def test_every_reason_says_what_it_rests_on():
    for rule in catalogue.rules():
        assert rule.source, rule.code
        assert rule.article, rule.code
        assert rule.confidence in ("sure", "likely", "check"), rule.code
        assert rule.zh.endswith("。"), rule.code
        assert rule.en.endswith("."), rule.code
        if rule.answer in ("emergency", "refer"):
            assert rule.to in catalogue.LEVELS, rule.code
        assert not rule.department or rule.department in abilities(), rule.code
        assert set(rule.needs) | rule.without <= set(abilities()), rule.code


def test_only_what_sends_down_may_ask_that_a_sign_is_absent():
    for rule in catalogue.rules():
        if rule.answer != "down":
            assert not any(atom.absent for clause in rule.when for atom in clause), rule.code


# ------------------------------------------------------------------------ the county's own files


@pytest.fixture
def overlay(settings, tmp_path):
    settings.CATALOGUE_OVERLAY = str(tmp_path)
    return tmp_path


def test_a_county_changes_the_answer_without_code(overlay):
    case = Case(("I10",), (), {"age": 60.0, "systolic": 172.0, "diastolic": 92.0})
    before = catalogue.edition()
    assert advise(case, TOWNSHIP).outcome == "treat"
    (overlay / "triage-rules.toml").write_text(
        '[[rule]]\ncode = "ht-crisis"\ngroup = "hypertension"\nat = ["village", "township"]\n'
        'when = ["systolic >= 170 | diastolic >= 105"]\nanswer = "refer"\nto = "county"\n'
        'zh = "本县：血压 ≥170/105 mmHg 上转。"\nen = "Here: 170/105 goes up."\n',
        "utf-8",
    )
    found = advise(case, TOWNSHIP)
    assert (found.outcome, found.grounds[0].zh) == ("refer", "本县：血压 ≥170/105 mmHg 上转。")
    assert catalogue.edition() != before


def test_a_county_lists_a_disease_for_its_townships(overlay):
    case = Case(("K40.9",), (), {"age": 60.0})
    assert advise(case, TOWNSHIP).outcome == "refer"
    (overlay / "tiered-township.csv").write_text(
        "icd10,name_cn,name_en,level,up_trigger,also\nK40.9,腹股沟疝,inguinal hernia,T,,K40\n",
        "utf-8",
    )
    assert advise(case, TOWNSHIP).outcome == "treat"


def test_a_rule_that_cannot_be_read_is_named_in_a_sentence(overlay):
    (overlay / "triage-rules.toml").write_text(
        '[[rule]]\ncode = "ours"\ngroup = "general"\nat = ["village"]\nwhen = ["blod >> 3"]\n'
        'answer = "refer"\nto = "county"\nzh = "甲。"\nen = "A."\n',
        "utf-8",
    )
    with pytest.raises(catalogue.WrongRule, match="ours"):
        advise(Case(), VILLAGE)


def test_what_a_house_has_changes_its_answer():
    suspected = Case(("J44.9",), (), {"age": 60.0, "spo2": 96.0}, frozenset({"first-suspected"}))
    assert advise(suspected, TOWNSHIP).outcome == "refer"
    able = House("township", TOWNSHIP.has | {"spirometry"}, above=COUNTY)
    assert advise(suspected, able).outcome == "treat"
    hernia = Case(("K40.900",), (), {"age": 60.0})
    adds = House("township", TOWNSHIP.has, added=(("K40", "K40"),), above=COUNTY)
    assert advise(hernia, adds).grounds[0].code == "cat-added"
    cold = Case(("J32.9",), (), {"age": 60.0})
    drops = House("township", TOWNSHIP.has, dropped=(("J32", "J32"),), above=COUNTY)
    assert (advise(cold, drops).outcome, advise(cold, drops).level) == ("refer", "county")
    # The clinic below passes by a centre that dropped it.
    assert advise(cold, House("village", VILLAGE.has, above=drops)).level == "county"


def test_who_needs_a_technique_goes_where_it_is():
    labour = Case((), (), {"age": 30.0, "weeks": 39.0}, frozenset({"pregnant", "labour"}))
    assert advise(labour, VILLAGE).level == "county"
    delivers = House("township", TOWNSHIP.has | {"delivery"}, above=COUNTY)
    assert advise(labour, House("village", VILLAGE.has, above=delivers)).level == "township"
    assert advise(labour, delivers).outcome == "treat"
    without = House("county", COUNTY.has - {"pci"})
    infarct = Case(("I21.0",), (), {"age": 60.0})
    assert advise(infarct, House("township", TOWNSHIP.has, above=without)).level == "city"


# ------------------------------------------------------------------------ missing and impossible


def test_what_is_not_measured_is_asked_for_and_not_guessed():
    found = advise(Case(("I10",), (), {"age": 60.0}), VILLAGE)
    assert (found.outcome, found.ask) == ("measure", ("systolic", "diastolic"))


def test_an_unknown_age_is_taken_at_its_worst():
    found = advise(Case((), (), {}, frozenset({"chest-pain", "cold-sweat"})), VILLAGE)
    assert found.outcome == "emergency"
    assert "年龄不详，按最坏情况判断。" in found.doubts


@pytest.mark.parametrize(
    ("case", "word"),
    [
        (Case(numbers={"age": 50, "systolic": 9000}), "不在可能的范围"),
        (Case(numbers={"age": 50, "systolic": float("nan")}), "不在可能的范围"),
        (Case(numbers={"age": -3}), "不在可能的范围"),
        (Case(numbers={"age": 50, "humour": 3}), "目录中没有指标"),
        (Case(signs=frozenset({"bad-temper"})), "目录中没有这些征象"),
        (Case(numbers={"age": 50, "systolic": 90, "diastolic": 95}), "舒张压不低于收缩压"),
        (Case(numbers={"age": 30}, signs=frozenset({"pregnant"}), sex="male"), "性别为男"),
        (Case(numbers={"age": 5}, signs=frozenset({"pregnant"})), "年龄与妊娠不符"),
        (Case(numbers={"pulse": 70}, signs=frozenset({"no-pulse"})), "摸不到脉搏"),
        (Case(numbers={"gcs": 15}, signs=frozenset({"unconscious"})), "格拉斯哥"),
        (Case(diagnoses=("I10",) * 90), "诊断过多"),
    ],
)
def test_what_cannot_be_is_said_and_asks_to_be_checked(case, word):
    found = advise(case, TOWNSHIP)
    assert any(word in sentence for sentence in found.doubts)
    assert found.outcome not in ("treat", "down")


def test_a_house_that_gives_no_care_gets_a_sentence():
    assert advise(Case(), House("pharmacy")).doubts


# ----------------------------------------------------------------------------------- properties

CODES = st.text(max_size=12) | st.sampled_from(
    [
        "I10",
        "E11.9",
        "J44.9",
        "N18.9",
        "F20.9",
        "I21.9",
        "J06.9",
        "K40.9",
        "O14.9",
        "B08.4",
        "P22.0",
    ]
)
ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.text(max_size=5)
CASES_OF_ANY_KIND = st.builds(
    Case,
    diagnoses=st.lists(CODES, max_size=30).map(tuple),
    problems=st.lists(CODES, max_size=30).map(tuple),
    numbers=st.dictionaries(
        st.text(max_size=8) | st.sampled_from(sorted(catalogue.numbers())), ANY_NUMBER, max_size=20
    ),
    signs=st.frozensets(
        st.text(max_size=8) | st.sampled_from(sorted(catalogue.signs())), max_size=20
    ),
    sex=st.sampled_from(["", "male", "female", "?"]),
)
ANY_HOUSE = st.sampled_from([VILLAGE, TOWNSHIP, COUNTY, House("city"), House("office"), House("")])


@given(CASES_OF_ANY_KIND, ANY_HOUSE)
def test_any_input_is_answered_and_always_alike(case, house):
    found = advise(case, house)
    assert found.outcome in ("emergency", "refer", "measure", "treat", "down")
    assert advise(case, house) == found
    assert grade(case).level.code in "1234"


# A value in the middle, from which it grows more alarming both ways.
MIDDLES = {
    "systolic": 120.0, "diastolic": 75.0, "pulse": 75.0, "respiration": 16.0, "temperature": 36.8,
    "glucose": 5.5, "fasting_glucose": 5.5, "potassium": 4.2, "leukocytes": 7.0,
}  # fmt: skip


@st.composite
def worsening(draw):
    """A believable case, and the same with one number worse or one more sign of illness."""
    facts = catalogue.numbers()
    judged = [code for code, fact in facts.items() if fact.worse]
    numbers = {"age": draw(st.sampled_from([0.05, 0.5, 3.0, 10.0, 16.0, 40.0, 70.0]))}
    for code in draw(st.lists(st.sampled_from(judged), unique=True, max_size=8)):
        numbers[code] = draw(st.floats(facts[code].low, facts[code].high))
    good = {"plan-clear", "acute-over", "patient-agrees", "inhaler-correct"}
    bad = [code for code in catalogue.signs() if code not in good]
    signs = draw(st.frozensets(st.sampled_from(sorted(catalogue.signs())), max_size=4))
    before = Case(
        tuple(draw(st.lists(CODES, max_size=3))),
        (),
        numbers,
        signs,
        draw(st.sampled_from(["", "male", "female"])),
    )
    if numbers.keys() - {"age"} and draw(st.booleans()):
        code = draw(st.sampled_from(sorted(numbers.keys() - {"age"})))
        fact, value = facts[code], numbers[code]
        up = fact.worse == "up" or (fact.worse == "both" and value >= MIDDLES[code])
        worse = draw(st.floats(value, fact.high) if up else st.floats(fact.low, value))
        after = Case(before.diagnoses, (), {**numbers, code: worse}, signs, before.sex)
    else:
        after = Case(
            before.diagnoses, (), numbers, signs | {draw(st.sampled_from(bad))}, before.sex
        )
    return before, after


@given(worsening(), st.sampled_from([VILLAGE, TOWNSHIP, COUNTY]))
def test_what_is_more_alarming_never_weakens_the_answer(pair, house):
    before, after = pair
    if examine(before).doubts or examine(after).doubts:
        return
    assert advise(after, house).weight >= advise(before, house).weight, (
        advise(before, house),
        advise(after, house),
    )


@given(worsening())
def test_what_is_more_alarming_never_waits_longer(pair):
    before, after = pair
    if examine(before).doubts or examine(after).doubts:
        return
    assert grade(after).level.code <= grade(before).level.code


# ----------------------------------------------------------------------------- smaller machinery


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "expected"),
    # Values of the published equation, rounded.
    [
        (80, 50, "male", 98.6),
        (80, 50, "female", 74),
        (177, 60, "male", 35),
        (60, 30, "female", 118),
    ],
)
def test_egfr_after_ckd_epi_2009(creatinine, age, sex, expected):
    assert egfr(creatinine, age, sex) == pytest.approx(expected, abs=1.5)


def test_egfr_is_told_only_where_the_equation_holds():
    assert egfr(80, 12, "male") is None
    assert egfr(80, 50, "") is None
    assert egfr(0, 50, "male") is None


def test_acr_in_milligrams_per_gram():
    assert acr(30, 8.84) == pytest.approx(30, abs=0.1)
    assert acr(30, 0) is None


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("I10.x00x002", "I10"),
        ("Ｉ１０", "I10"),
        ("i10", "I10"),
        ("K92.200x001", "K92.200"),
        ("E11.5†", "E11.5"),
        ("I10.X", "I10"),
    ],
)
def test_codes_of_the_clinical_edition_match_by_their_first_letters(told, plain):
    assert plain_code(told).startswith(plain)


def test_spans_take_in_what_lies_below_them():
    spans = read_spans(["I60-I64", "K64"])
    assert within("I63.900", spans)
    assert within("K64.1", spans)
    assert not within("I65", spans)


@pytest.mark.parametrize(
    ("text", "there", "absent"),
    [
        ("胸痛2小时伴大汗", {"chest-pain", "cold-sweat"}, set()),
        ("咳嗽，无胸痛、咯血", set(), {"chest-pain", "haemoptysis"}),
        ("否认胸痛，但有呼吸困难", {"dyspnoea"}, {"chest-pain"}),
        ("无发热但有咯血", {"haemoptysis"}, set()),
        ("左侧肢体无力、言语不清", {"be-arm", "be-speech"}, set()),
        ("", set(), {"chest-pain"}),
    ],
)
def test_signs_are_read_from_words_unless_denied(text, there, absent):
    found = recognise(text)
    assert there <= found
    assert not absent & found


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("胸闷两周", 336),
        ("发热3天", 72),
        ("头痛半小时", 0.5),
        ("十二天", 288),
        ("咳嗽二十余天", 480),
        ("头痛", None),
    ],
)
def test_a_duration_is_read_from_a_complaint(text, hours):
    assert duration(text) == hours


@given(st.text(max_size=300))
def test_no_text_upsets_the_reading(text):
    recognise(text)
    duration(text)


WELL = {"pulse": 76, "respiration": 16, "spo2": 98, "temperature": 36.8, "systolic": 124}


@pytest.mark.parametrize(
    ("numbers", "signs", "level"),
    [
        ({}, {"no-pulse"}, "1"),
        ({"gcs": 7}, set(), "1"),
        ({"spo2": 84}, set(), "1"),
        ({}, {"chest-pain", "cold-sweat"}, "2"),
        ({}, {"be-face"}, "2"),
        ({"spo2": 90}, set(), "2"),
        ({"systolic": 222, "diastolic": 110}, set(), "2"),
        ({"temperature": 39.2}, set(), "3"),
        ({}, set(), "3"),
        (WELL, set(), "4"),
        ({**WELL, "pain": 7}, set(), "3"),
    ],
)
def test_four_levels_at_the_desk(numbers, signs, level):
    """急诊病人病情分级指导原则: levels 1 to 4; without vital signs no better than 3."""
    assert grade(Case((), (), {"age": 50.0, **numbers}, frozenset(signs))).level.code == level
