"""The residents of the demo county, as the health-record tables of its clinics list them."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from xinglin.gateway.demo import names
from xinglin.gateway.demo.county import AREA, County

Row = dict[str, Any]


def residents(county: County, count: int, rng: Random, today: date) -> list[Row]:
    """`count` people in households, spread over the villages.

    The first village has at least twelve, so that its doctor, a demo account, has work.
    """
    rows: list[Row] = []
    used: set[str] = set()
    weights = [3.0] + [1.0] * (len(county.villages) - 1)
    serials = dict.fromkeys((code for code, _t, _v in county.villages), 0)
    while len(rows) < count:
        few = len(rows) < 12
        code, township, village = (
            county.villages[0] if few else rng.choices(county.villages, weights)[0]
        )
        family = names.surname(rng)
        door = f"{rng.randint(1, 180)}号"
        phone = f"13{rng.randint(0, 999_999_999):09d}"
        for place in range(min(rng.choices([1, 2, 3, 4, 5], [12, 30, 26, 20, 12])[0], count)):
            if len(rows) == count:
                break
            serials[code] += 1
            rows.append(
                _person(rng, today, used, code, family if place != 1 else names.surname(rng))
                | {
                    "电话": phone if place < 2 or rng.random() < 0.5 else "",
                    "省": "浙江省",
                    "县（区）": "青山县",
                    "乡镇（街道）": township,
                    "村（居委会）": village,
                    "门牌号": door,
                    "管理机构代码": code,
                    "健康档案编号": f"{AREA}2{code[3:5]}0{code[5:7]}{serials[code]:05d}",
                }
            )
    return rows


def _person(rng: Random, today: date, used: set[str], code: str, family: str) -> Row:
    sex = rng.choice("12")
    while True:
        born = names.birthday(rng, today)
        card = names.id_card(AREA, born, rng.randint(0, 498), sex)
        if card not in used:
            used.add(card)
            break
    return {
        "姓名": family + names.given_name(rng, sex, born),
        "性别": "男" if sex == "1" else "女",
        "出生日期": born.isoformat(),
        "身份证号": card,
        "民族": "01",
        "医疗费用来源": rng.choices(["02", "01", "07"], [80, 15, 5])[0],
    }
