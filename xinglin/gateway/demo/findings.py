"""What was measured, done and given in the year, and what lasts: tables beside the visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from xinglin.gateway.demo.visits import Life

Row = dict[str, Any]

# Chronic illness: item, unit, middle and spread of its values, decimals.
YEARLY: dict[str, tuple[tuple[str, str, float, float, int], ...]] = {
    "I10": (
        ("肌酐", "umol/L", 78, 16, 0),
        ("钾", "mmol/L", 4.2, 0.35, 2),
        ("总胆固醇", "mmol/L", 5.1, 0.9, 2),
        ("低密度脂蛋白胆固醇", "mmol/L", 3.1, 0.7, 2),
    ),
    "E11.9": (
        ("空腹葡萄糖", "mmol/L", 7.4, 1.5, 1),
        ("糖化血红蛋白", "%", 7.2, 1.0, 1),
        ("尿白蛋白肌酐比值", "mg/g", 32, 20, 1),
        ("甘油三酯", "mmol/L", 1.9, 0.7, 2),
    ),
    "J44.9": (("白细胞计数", "10*9/L", 7.2, 1.8, 2), ("C反应蛋白", "mg/L", 7, 4, 1)),
}
OF_A_STAY = (
    ("白细胞计数", "10*9/L", 8.6, 2.6, 2),
    ("血红蛋白", "g/L", 131, 15, 0),
    ("血小板计数", "10*9/L", 215, 55, 0),
    ("C反应蛋白", "mg/L", 24, 20, 1),
    ("丙氨酸氨基转移酶", "U/L", 27, 12, 0),
    ("肌酐", "umol/L", 80, 20, 0),
    ("钾", "mmol/L", 4.0, 0.4, 2),
    ("钠", "mmol/L", 140, 3, 0),
)
# What is often done for the illness of a stay, by the letter of its code.
DONE = {
    "K": (("44.13", "胃镜检查"), ("51.23", "腹腔镜下胆囊切除术"), ("47.01", "腹腔镜下阑尾切除术")),
    "I": (("88.56", "冠状动脉造影"), ("88.72", "心脏超声检查")),
    "S": (("79.36", "胫腓骨骨折切开复位内固定术"), ("79.32", "桡尺骨骨折切开复位内固定术")),
    "J": (("87.41", "胸部CT检查"),),
    "N": (("55.03", "经皮肾镜取石术"), ("56.0", "输尿管镜下取石术")),
}
OPERATIONS = {"51.23", "47.01", "79.36", "79.32", "55.03", "56.0"}
# Age in months at which the programme gives a dose.
SCHEDULE = (
    (0, "BCG", 1, "皮内注射"),
    (0, "HepB", 1, "肌内注射"),
    (1, "HepB", 2, "肌内注射"),
    (2, "IPV", 1, "肌内注射"),
    (3, "DTaP", 1, "肌内注射"),
    (4, "DTaP", 2, "肌内注射"),
    (6, "HepB", 3, "肌内注射"),
    (8, "MMR", 1, "皮下注射"),
    (8, "JE-L", 1, "皮下注射"),
    (18, "MMR", 2, "皮下注射"),
)
RELATIVES = ("父亲", "母亲", "兄", "姐姐")
INHERITED = {"I10": "高血压", "E11.9": "糖尿病", "J44.9": "慢性阻塞性肺疾病"}


@dataclass
class Findings:
    """The tables, as the county's laboratories, wards and clinics would send them."""

    results: list[Row] = field(default_factory=list)
    procedures: list[Row] = field(default_factory=list)
    vaccines: list[Row] = field(default_factory=list)
    problems: list[Row] = field(default_factory=list)
    family: list[Row] = field(default_factory=list)


def of_the_year(life: Life, people: list[Row], rng: Random, today: date) -> Findings:
    """Results, procedures, vaccines, problems and family history that go with the visits."""
    found = Findings()
    by_card = {person["身份证号"]: person for person in people}
    for code, cards in life.ill.items():
        for card in cards:
            _lasting(found, by_card[card], code, rng, today)
    for visit in life.encounters:
        if visit["就诊类型"] == "住院":
            _stay(found, visit, rng, today)
    for person in people:
        _vaccines(found, person, rng, today)
    return found


def _lasting(found: Findings, person: Row, code: str, rng: Random, today: date) -> None:
    clinic = person["管理机构代码"]
    born = date.fromisoformat(person["出生日期"])
    onset = max(born, today - timedelta(days=rng.randint(400, 4200)))
    noted = today - timedelta(days=rng.randint(200, 360))
    of = {"身份证号": person["身份证号"], "机构代码": clinic}
    found.problems.append(
        {
            **of,
            "问题编码": code,
            "状态": "进行中",
            "起病日期": onset.isoformat(),
            "记录日期": noted.isoformat(),
        }
    )
    at = datetime.combine(today - timedelta(days=rng.randint(20, 330)), datetime.min.time())
    _measure(found, {**of, "机构代码": clinic[:5]}, YEARLY.get(code, ()), at.replace(hour=8), rng)
    if code in INHERITED and rng.random() < 0.4:
        found.family.append(
            {
                **of,
                "与本人关系": rng.choice(RELATIVES),
                "疾病": INHERITED[code],
                "发病年龄": rng.randint(40, 75),
                "记录日期": noted.isoformat(),
            }
        )


def _measure(
    found: Findings,
    of: Row,
    items: tuple[tuple[str, str, float, float, int], ...],
    at: datetime,
    rng: Random,
) -> None:
    number = f"{at:%Y%m%d}{rng.randint(0, 999999):06d}"
    for name, unit, middle, spread, decimals in items:
        value = max(middle / 5, rng.gauss(middle, spread))
        found.results.append(
            {
                **of,
                "报告编号": number,
                "项目": name,
                "结果": f"{value:.{decimals}f}",
                "单位": unit,
                "检验时间": f"{at:%Y-%m-%d %H:%M}",
            }
        )


def _stay(found: Findings, visit: Row, rng: Random, today: date) -> None:
    of = {name: visit[name] for name in ("身份证号", "机构代码", "就诊编号")}
    started = datetime.fromisoformat(str(visit["就诊时间"]))
    _measure(found, of, OF_A_STAY, started + timedelta(hours=2), rng)
    done = DONE.get(str(visit.get("诊断编码", ""))[:1])
    if done is None:
        return
    code, name = rng.choice(done)
    operated = code in OPERATIONS
    found.procedures.append(
        {
            **of,
            "手术操作编码": code,
            "手术操作名称": name,
            "手术操作时间": f"{started + timedelta(hours=rng.randint(20, 60)):%Y-%m-%d %H:%M}",
            "术者": visit.get("医生", ""),
            "手术级别": rng.choice("23") if operated else "",
            "麻醉方式": "1" if operated else "",
            "切口愈合": "11" if operated else "",
        }
    )


def _vaccines(found: Findings, person: Row, rng: Random, today: date) -> None:
    born = date.fromisoformat(person["出生日期"])
    clinic = str(person["管理机构代码"])[:5]
    months = (today - born).days // 30
    of = {"身份证号": person["身份证号"], "机构代码": clinic}
    if months < 84:
        for due, vaccine, dose, route in SCHEDULE:
            given = born + timedelta(days=due * 30 + (rng.randint(0, 12) if due else 1))
            if given >= today:
                break
            found.vaccines.append(
                {
                    **of,
                    "疫苗": vaccine,
                    "剂次": dose,
                    "批号": f"{given:%Y%m}{rng.choice('ABC')}",
                    "接种部位": "左上臂",
                    "接种途径": route,
                    "接种日期": given.isoformat(),
                }
            )
    elif months >= 65 * 12 and rng.random() < 0.3:
        given = today - timedelta(days=rng.randint(10, 120))
        found.vaccines.append(
            {
                **of,
                "疫苗": rng.choice(("IIV4", "PPSV23")),
                "剂次": 1,
                "批号": f"{given:%Y%m}{rng.choice('ABC')}",
                "接种部位": "左上臂",
                "接种途径": "肌内注射",
                "接种日期": given.isoformat(),
            }
        )
