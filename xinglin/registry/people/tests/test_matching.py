"""Who is who: tables of what happens at a counter, and both engines held to each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tests.cast import id_card
from xinglin.registry.people.matching import Verdict, bulk, score, sketch
from xinglin.registry.people.matching import weights as worth
from xinglin.registry.people.matching.comparisons import COMPARISONS
from xinglin.registry.people.matching.keys import keys
from xinglin.registry.people.matching.scoring import yardstick

COUNTY = UUID(int=7)
CARD = id_card(date(1962, 5, 4), 1, female=True)
PEOPLE = 400_000


@dataclass
class Number:
    kind: str
    issuer: str
    value: str


@dataclass
class Told:
    """陈桂香, as she stands in the register."""

    name: str = "陈桂香"
    sex: str = "2"
    birth_date: date | None = date(1962, 5, 4)
    id_type: str = "01"
    id_number: str = CARD
    health_record_no: str = ""
    phone: str = "13900000001"
    township: str = "青山镇"
    village: str = "上柳村"
    address_detail: str = "12号"
    mother_id: UUID | None = None
    birth_order: int | None = None
    numbers: list[Number] = field(default_factory=list)


def judged(one: Told, other: Told, *, common: float = 0.0) -> Any:
    return score(
        sketch(one, one.numbers), sketch(other, other.numbers), people=PEOPLE, frequency=common
    )


CHEN = Told()
MOTHER = UUID(int=42)
BABY = Told(
    name="张丽之子",
    sex="1",
    birth_date=date(2026, 3, 1),
    id_number="",
    mother_id=MOTHER,
    numbers=[Number("birth-cert", "", "Y330000001")],
)
TWIN = Told(name="陈佳怡", birth_date=date(2015, 6, 1), id_number="", phone="13900000009")

SAME = {
    "nothing differs": (CHEN, CHEN),
    "the number of the first generation": (CHEN, replace(CHEN, id_number=CARD[:6] + CARD[8:17])),
    "written in traditional characters": (CHEN, replace(CHEN, name="陳桂香")),
    "a name of the same sound": (CHEN, replace(CHEN, name="陈贵香")),
    "moved, with another telephone": (
        CHEN,
        replace(
            CHEN, township="柳溪镇", village="下坪村", address_detail="3号", phone="13811112222"
        ),
    ),
    "no card, but all else": (CHEN, replace(CHEN, id_number="")),
    "a digit wrong in the card": (CHEN, replace(CHEN, id_number=CARD[:16] + "9" + CARD[17])),
    "two digits of the card changed round": (
        CHEN,
        replace(CHEN, id_number=CARD[:12] + "40" + CARD[14:]),
    ),
    "day and month changed round, the card the same": (
        CHEN,
        replace(CHEN, birth_date=date(1962, 4, 5)),
    ),
    "曾 read as a surname": (
        replace(CHEN, name="曾小军", id_number=""),
        replace(CHEN, name="增小军", id_number=""),
    ),
    "单 read as a surname": (
        replace(CHEN, name="单雄信", id_number=""),
        replace(CHEN, name="善雄信", id_number=""),
    ),
    "仇 read as a surname": (
        replace(CHEN, name="仇和平", id_number=""),
        replace(CHEN, name="球和平", id_number=""),
    ),
    "a dot of another kind between the parts": (
        replace(CHEN, name="买买提·艾力", id_number=""),
        replace(CHEN, name="买买提•艾力", id_number=""),
    ),
    "a newborn that has a name by now, by the birth certificate": (
        BABY,
        replace(BABY, name="陈小宝", phone="13822223333"),
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_person_is_known_again(case):
    one, other = SAME[case]
    found = judged(one, other)
    assert found.verdict is Verdict.SAME, found
    assert keys(sketch(one, one.numbers), COUNTY) & keys(sketch(other, other.numbers), COUNTY)


NEVER_BY_ITSELF = {
    "twins without cards": (TWIN, replace(TWIN, name="陈佳欣")),
    "twins whose names sound alike, each with a telephone": (
        TWIN,
        replace(TWIN, name="陈嘉宜", phone="13811110000"),
    ),
    "twins of unlike names": (TWIN, replace(TWIN, name="陈晓峰", sex="1")),
    "twins with cards one apart": (
        replace(TWIN, id_number=id_card(date(2015, 6, 1), 1, female=True)),
        replace(TWIN, name="陈佳欣", id_number=id_card(date(2015, 6, 1), 2, female=True)),
    ),
    "twins of one name and two cards": (
        replace(TWIN, id_number=id_card(date(2015, 6, 1), 1, female=True)),
        replace(TWIN, id_number=id_card(date(2015, 6, 1), 2, female=True)),
    ),
    "newborn twins without names": (
        replace(BABY, birth_order=1, numbers=[]),
        replace(BABY, birth_order=2, numbers=[]),
    ),
    "two newborns of one mother, of whom no order is told": (
        replace(BABY, numbers=[]),
        replace(BABY, numbers=[]),
    ),
    "father and son": (
        CHEN,
        replace(CHEN, name="陈大勇", sex="1", birth_date=date(1988, 1, 2), id_number=""),
    ),
    "sisters with one telephone and one door": (
        replace(TWIN, mother_id=MOTHER),
        replace(TWIN, name="陈佳欣", birth_date=date(2017, 2, 3), mother_id=MOTHER),
    ),
    "two valid cards": (
        CHEN,
        replace(CHEN, id_number=id_card(date(1962, 5, 4), 77, female=True)),
    ),
    "one card, another name": (CHEN, replace(CHEN, name="李秀英")),
}


@pytest.mark.parametrize("case", NEVER_BY_ITSELF)
def test_some_are_never_made_one_without_a_look(case):
    assert judged(*NEVER_BY_ITSELF[case]).verdict is not Verdict.SAME


def test_strangers_are_new():
    other = Told(
        name="李建国",
        sex="1",
        birth_date=date(1980, 1, 1),
        id_number="",
        phone="13700000000",
        township="柳溪镇",
        village="下坪村",
        address_detail="7号",
    )
    assert judged(CHEN, other).verdict is Verdict.NEW


def test_two_valid_cards_of_other_birthdays_are_two_people_whatever_they_share():
    sister = replace(CHEN, name="陈桂花", birth_date=date(1965, 2, 7))
    sister.id_number = id_card(date(1965, 2, 7), 3, female=True)
    assert judged(CHEN, sister).verdict is Verdict.NEW


def test_a_namesake_in_the_village_is_new():
    """A village of one surname is full of names that many bear."""
    other = replace(CHEN, birth_date=date(1990, 11, 23), id_number="", phone="", address_detail="")
    assert judged(CHEN, other, common=0.001).verdict is Verdict.NEW


def test_a_common_name_weighs_less_than_a_rare_one():
    without = replace(CHEN, id_number="", phone="")
    rare = judged(without, without, common=1e-5).weight
    assert judged(without, without, common=1e-3).weight < rare


def test_what_is_not_said_is_no_evidence():
    bare = Told(id_number="", phone="", township="", village="", address_detail="", sex="0")
    told = {piece.field for piece in judged(bare, CHEN).pieces}
    assert told == {"name", "born"}


def test_every_level_has_its_weight_and_the_levels_sum_to_one():
    read = worth.weights()
    for comparison in COMPARISONS:
        codes = [(comparison.code, level.code) for level in comparison.levels]
        assert sum(read.m[code] for code in codes) == pytest.approx(1, abs=0.2), comparison.code
        assert sum(read.u[code] for code in codes) == pytest.approx(1, abs=0.05), comparison.code


def test_both_engines_give_the_same_pairs_the_same_weight():
    """Splink on DuckDB at night, Python at the counter: one model."""
    pytest.importorskip("splink")
    told = [
        case[at] for table in (SAME, NEVER_BY_ITSELF) for case in table.values() for at in (0, 1)
    ]
    sketches = [sketch(each, each.numbers) for each in told]
    table = bulk.table((str(at), each) for at, each in enumerate(sketches))
    # As many as the table has, so that both know the same share of namesakes.
    people, by = len(sketches), yardstick()
    compared = 0
    for one, other, weight in bulk.pairs(table, least=1e-6):
        a, b = sketches[int(one)], sketches[int(other)]
        share = sum(each.name == a.name for each in sketches) / people if a.name == b.name else 0
        ours = score(a, b, people=people, frequency=share, by=by)
        assert ours.weight == pytest.approx(weight, abs=0.01), (a, b, ours)
        compared += 1
    assert compared > 100
