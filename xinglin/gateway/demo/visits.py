"""A year of visits: what people of the county come with, month by month."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from xinglin.gateway.demo.county import County

Row = dict[str, Any]


@dataclass(frozen=True)
class Illness:
    """What is written down when somebody comes with it; `months` weighs the seasons."""

    code: str
    name: str
    complaint: str
    history: str
    treatment: str
    months: tuple[int, ...] = (1,) * 12
    department: str = "全科"


_TOLD = tomllib.loads((Path(__file__).parent / "illnesses.toml").read_text("utf-8"))


def _illness(row: dict[str, Any]) -> Illness:
    known = {field.name for field in fields(Illness)}
    facts = {name: value for name, value in row.items() if name in known}
    return Illness(**{**facts, "months": tuple(row.get("months", (1,) * 12))})


ACUTE = [_illness(row) for row in _TOLD["acute"]]
STAYS = [_illness(row) for row in _TOLD["stay"]]
CHRONIC = [(_illness(row), row["from_age"], row["share"]) for row in _TOLD["chronic"]]
MEDICINES = {row["code"]: row["medicine"] for row in _TOLD["chronic"]}
SUBSTANCES = ("青霉素", "头孢菌素", "磺胺类", "海鲜", "花粉")


@dataclass
class Life:
    """The tables of one year."""

    encounters: list[Row]
    medications: list[Row]
    allergies: list[Row]
    ill: dict[str, list[str]]


def a_year(county: County, people: list[Row], rng: Random, today: date) -> Life:
    """Visits of the past year for everybody: acute, chronic, and some stays in hospital."""
    life = Life([], [], [], {})
    doctors: dict[str, list[str]] = {}
    for row in county.staff:
        doctors.setdefault(row["机构代码"], []).append(row["姓名"])
    for person in people:
        born = date.fromisoformat(person["出生日期"])
        age = (today - born).days // 365
        clinic = person["管理机构代码"]
        for _visit in range(rng.choices([0, 1, 2, 3], [38, 36, 18, 8])[0]):
            illness = rng.choice(ACUTE)
            house = clinic if rng.random() < 0.6 else clinic[:5]
            at = _moment(rng, _day(rng, today, illness.months, born))
            _visit_row(life, rng, person, house, illness, at, doctors, minutes=15)
        for illness, since, share in CHRONIC:
            if age >= since and rng.random() < share:
                _chronic(life, rng, person, illness, today, doctors)
        if rng.random() < (0.06 if age >= 60 else 0.015):
            _stay(life, rng, person, today, doctors)
        if rng.random() < 0.04:
            life.allergies.append(
                {
                    "身份证号": person["身份证号"],
                    "机构代码": clinic,
                    "过敏原": rng.choice(SUBSTANCES),
                    "反应": rng.choice(["皮疹", "瘙痒", "面部潮红"]),
                    "记录日期": (today - timedelta(days=rng.randint(30, 360))).isoformat(),
                }
            )
    return life


def _day(rng: Random, today: date, months: tuple[int, ...], born: date) -> date:
    """A day of the past year in a month that suits the illness, not before the birth."""
    while True:
        day = today - timedelta(days=rng.randint(1, 364))
        if rng.random() * max(months) < months[day.month - 1]:
            return max(day, born)


def _moment(rng: Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, rng.randint(8, 16), rng.randint(0, 59))


def _visit_row(
    life: Life,
    rng: Random,
    person: Row,
    house: str,
    illness: Illness,
    at: datetime,
    doctors: dict[str, list[str]],
    *,
    minutes: int,
    kind: str = "门诊",
    **more: Any,
) -> None:
    number = f"{house}{len(life.encounters) + 1:06d}"
    life.encounters.append(
        {
            "身份证号": person["身份证号"],
            "机构代码": house,
            "就诊编号": number,
            "就诊类型": kind,
            "就诊时间": f"{at:%Y-%m-%d %H:%M}",
            "结束时间": f"{at + timedelta(minutes=minutes):%Y-%m-%d %H:%M}",
            "科室": illness.department if len(house) < 7 else "",
            "主诉": illness.complaint,
            "现病史": illness.history,
            "处理": illness.treatment,
            "诊断编码": illness.code,
            "诊断名称": illness.name,
            "医生": rng.choice(doctors[house]),
            **more,
        }
    )


def _chronic(
    life: Life,
    rng: Random,
    person: Row,
    illness: Illness,
    today: date,
    doctors: dict[str, list[str]],
) -> None:
    life.ill.setdefault(illness.code, []).append(person["身份证号"])
    clinic = person["管理机构代码"]
    first = today - timedelta(days=rng.randint(270, 360))
    for step in range(4):
        day = min(first + timedelta(days=90 * step + rng.randint(-5, 5)), today - timedelta(days=1))
        signs: Row = {"收缩压": rng.randint(122, 158), "舒张压": rng.randint(72, 96)}
        signs["脉搏"] = rng.randint(62, 92)
        if illness.code == "E11.9":
            signs["血糖"] = round(rng.uniform(5.6, 9.8), 1)
        if illness.code == "J44.9":
            signs["血氧饱和度"] = rng.randint(92, 98)
        home = rng.random() < 0.2
        _visit_row(
            life,
            rng,
            person,
            clinic if rng.random() < 0.7 or home else clinic[:5],
            illness,
            _moment(rng, day),
            doctors,
            minutes=20,
            kind="家庭访视" if home else "门诊",
            **signs,
        )
    name, dose, often = MEDICINES[illness.code]
    life.medications.append(
        {
            "身份证号": person["身份证号"],
            "机构代码": clinic,
            "药品名称": name,
            "每次剂量": dose,
            "频次": often,
            "用法": "口服" if "吸入" not in name else "吸入",
            "开始日期": first.isoformat(),
        }
    )


def _stay(life: Life, rng: Random, person: Row, today: date, doctors: dict[str, list[str]]) -> None:
    illness = rng.choice(STAYS)
    born = date.fromisoformat(person["出生日期"])
    day = min(_day(rng, today, illness.months, born), today - timedelta(days=15))
    days = rng.randint(4, 13)
    _visit_row(
        life,
        rng,
        person,
        "QS100",
        illness,
        _moment(rng, max(day, born)),
        doctors,
        minutes=days * 24 * 60,
        kind="住院",
        离院方式=rng.choices(["1", "3"], [70, 30])[0],
        病情转归=rng.choices(["1", "2", "3"], [20, 70, 10])[0],
    )
