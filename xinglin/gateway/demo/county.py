"""The houses of 青山县 and 临水县 and who works in them, as the county office's tables say it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from xinglin.gateway.demo import names

Row = dict[str, Any]
AREA = "330198"
STRANGE_AREA = "330199"

# Township centres with their number of village clinics: 156 in all.
TOWNSHIPS = (
    ("青山镇", 15),
    ("柳溪镇", 13),
    ("石桥镇", 12),
    ("白鹤镇", 12),
    ("云岭乡", 11),
    ("东湖镇", 12),
    ("竹源乡", 10),
    ("大塘镇", 12),
    ("松坪乡", 9),
    ("龙泉镇", 11),
    ("下河镇", 10),
    ("北川乡", 9),
    ("梅岭镇", 10),
    ("南坞乡", 10),
)
# What houses have more than their level, and two that have less.
ABLE = {
    "QS100": ("重症医学科、感染科、精神科", ""),
    "QS101": ("", "急诊冠脉介入（PCI）、剖宫产、住院分娩接产"),
    "QS102": ("", "急诊冠脉介入（PCI）、CT、呼吸机"),
    "QS201": ("CT、住院分娩接产、呼吸机、J15.9、K35.9", ""),
    "QS202": ("CT、胃肠镜、J47", ""),
    "QS203": ("肺功能检查", ""),
    "QS209": ("", "X 线机"),
    "QS214": ("", "N20.0"),
    "QS20101": ("心电图机、远程心电、J45.9", ""),
}
VILLAGE_HEADS = "上下东西南北前后新老大小"
VILLAGE_TAILS = "柳 塘 湾 岭 桥 坞 溪 垟 坪 畈 宅 埠 庄 源 店".split()

# Departments of a county hospital and of a township centre.
HOSPITAL_DEPARTMENTS = (
    "心内科 神经内科 呼吸内科 消化内科 内分泌科 肾内科 普外科 骨科 泌尿外科 妇产科 儿科 眼科 "
    "耳鼻喉科 皮肤科 肿瘤科 康复医学科 急诊科"
).split()
TOWNSHIP_DEPARTMENTS = "全科 中医科 妇产科 康复科 公共卫生科".split()
TITLES = ("主任医师", "副主任医师", "主治医师", "住院医师")


# Invented: the county town, and how far north and east of it (kilometres) each township centre
# lies, in the order of TOWNSHIPS; the partners outside lie some 100 km off in the plain.
TOWN = (29.1500, 119.2000)
CENTRES = (
    (4, 6), (12, -9), (-15, 11), (21, 17), (38, -24), (-7, 28), (33, 22),
    (-26, -13), (-44, 19), (9, 34), (-18, -31), (47, 6), (-33, -30), (25, -41),
)  # fmt: skip
OTHERS = {"QS100": (0.4, 0.3), "QS101": (-0.6, 1.1), "QS102": (1.0, -0.8), "QS002": (0.1, 0.0)}
FAR = {"WY01": (78.0, 96.0), "WY02": (74.0, 88.0)}
KILOMETRES_A_DEGREE = 111.2
# What drivers say of roads that no straight line tells of: minutes.
ROADS = (("QS205", "QS100", 95), ("QS209", "QS100", 110), ("QS214", "QS100", 100),
         ("QS100", "WY01", 135), ("QS100", "WY02", 125))  # fmt: skip


@dataclass
class County:
    """The tables, and where the demo accounts sit."""

    organisations: list[Row] = field(default_factory=list)
    ways: list[Row] = field(default_factory=list)
    staff: list[Row] = field(default_factory=list)
    villages: list[tuple[str, str, str]] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    departments: dict[str, list[str]] = field(default_factory=dict)


def _house(code: str, name: str, parent: str, level: str, **more: Any) -> Row:
    holds, lacks = ABLE.get(code, ("", ""))
    return {
        "机构代码": code,
        "机构名称": name,
        "上级机构代码": parent,
        "层级": level,
        "增有能力": holds,
        "缺少能力": lacks,
        **more,
    }


def green_mountain(rng: Random, today: date) -> County:
    """青山县: lead hospital, TCM hospital, MCH centre, 14 centres, 156 clinics, 2 pharmacies."""
    county = County()
    add = county.organisations.append
    number = iter(range(1, 1000))

    def credit() -> str:
        return names.credit_code(AREA, 408000000 + next(number))

    add(_house("QS", "青山县", "", "县（市、区）", 行政区划代码=AREA))
    add(_house("QS001", "青山县医疗卫生健康共同体", "QS", "医共体", 简称="青山县医共体"))
    add(_house("QS002", "青山县卫生健康局", "QS", "管理机构", 机构类别="K100"))
    for code, name, kind, leads in (
        ("QS100", "青山县人民医院", "A100", "是"),
        ("QS101", "青山县中医院", "A210", "否"),
        ("QS102", "青山县妇幼保健院", "G100", "否"),
    ):
        add(
            _house(
                code,
                name,
                "QS001",
                "县级医疗机构",
                机构类别=kind,
                牵头医院=leads,
                统一社会信用代码=credit(),
                地址="青山县城关镇",
                电话=f"0571-8800{int(code[2:]):04d}",
            )
        )
        county.departments[code] = (
            HOSPITAL_DEPARTMENTS if leads == "是" else ["中医科", "妇产科", "儿科", "针灸推拿科"]
        )
    seen: set[str] = set()
    for place, (township, clinics) in enumerate(TOWNSHIPS, 1):
        code = f"QS2{place:02d}"
        add(
            _house(
                code,
                f"{township}{'中心' if place <= 4 else ''}卫生院",
                "QS100",
                "乡镇卫生院",
                简称=f"{township}卫生院",
                机构类别="C210" if place <= 4 else "C220",
                统一社会信用代码=credit(),
                地址=f"青山县{township}",
                电话=f"0571-8801{place:04d}",
                服务范围="全科、中医、妇产、康复",
            )
        )
        county.departments[code] = TOWNSHIP_DEPARTMENTS
        for clinic in range(1, clinics + 1):
            village = _village(rng, seen)
            clinic_code = f"{code}{clinic:02d}"
            add(_house(clinic_code, f"{village}卫生室", code, "村卫生室", 机构类别="D600"))
            county.villages.append((clinic_code, township, village))
    for place, name in enumerate(("青山县益民大药房", "青山镇康宁药店"), 1):
        add(_house(f"QS90{place}", name, "QS001", "药店"))
    for code, name in (("WY01", "省立第一医院"), ("WY02", "杭城市人民医院")):
        add(_house(code, name, "QS", "城市医院", 机构类别="A100", 县域外合作机构="是"))
    _locate(county)
    _employ(county, rng, today)
    return county


def _locate(county: County) -> None:
    """A place for every house; a clinic some kilometres around its township centre."""
    # Dice of their own, so that everybody stays who they were before houses had a place.
    dice = Random(29119)
    places = {**OTHERS, **FAR, "QS": (0.0, 0.0), "QS001": (0.2, 0.1)}
    for place, offset in enumerate(CENTRES, 1):
        places[f"QS2{place:02d}"] = offset
    for row in county.organisations:
        code = row["机构代码"]
        if code not in places:
            north, east = places.get(row["上级机构代码"], (0.0, 0.0))
            places[code] = (north + dice.uniform(-7, 7), east + dice.uniform(-7, 7))
        north, east = places[code]
        latitude = TOWN[0] + north / KILOMETRES_A_DEGREE
        shrunk = KILOMETRES_A_DEGREE * math.cos(math.radians(TOWN[0]))
        row["纬度"] = f"{latitude:.6f}"
        row["经度"] = f"{TOWN[1] + east / shrunk:.6f}"
    county.ways += [
        {"出发机构代码": source, "到达机构代码": target, "路程分钟": str(minutes)}
        for source, target, minutes in ROADS
    ]


def by_the_water(rng: Random, today: date) -> County:
    """临水县: one hospital, so that strangers can be tested."""
    county = County()
    county.organisations += [
        _house("LS", "临水县", "", "县（市、区）", 行政区划代码=STRANGE_AREA),
        _house("LS100", "临水县人民医院", "LS", "县级医疗机构", 机构类别="A100", 牵头医院="是"),
    ]
    _post(county, rng, today, "LS100", "specialist", "内科", "stranger")
    _post(county, rng, today, "LS100", "desk", "", "")
    return county


def _village(rng: Random, seen: set[str]) -> str:
    while True:
        village = rng.choice(VILLAGE_HEADS) + rng.choice(VILLAGE_TAILS) + "村"
        if rng.random() < 0.4:
            village = rng.choice(VILLAGE_TAILS) + village
        if village not in seen:
            seen.add(village)
            return village


def _employ(county: County, rng: Random, today: date) -> None:
    """Everybody who works in the county; the first of each kind has a demo account."""
    _post(county, rng, today, "QS001", "manager", "", "manager")
    _post(county, rng, today, "QS002", "bureau", "", "bureau")
    _post(county, rng, today, "QS001", "admin", "", "admin")
    # Drawn apart, so that everybody else in the county stays who they are.
    _post(county, Random(21), today, "QS002", "privacy", "", "privacy")
    for code, departments in county.departments.items():
        if code.startswith("QS1"):
            lead = code == "QS100"
            _post(county, rng, today, code, "desk", "", "desk" if lead else "")
            _post(county, rng, today, code, "leader", "", "")
            for place, department in enumerate(departments):
                for each in range(3 if lead else 1):
                    first = lead and place == each == 0
                    account = "specialist" if first else ""
                    _post(county, rng, today, code, "specialist", department, account)
        else:
            first = code == "QS201"
            _post(county, rng, today, code, "leader", "", "leader" if first else "")
            for each in range(4):
                account = "township" if first and each == 0 else ""
                _post(county, rng, today, code, "township-doctor", "全科", account)
    for code, _township, _village_name in county.villages:
        account = "village" if code == "QS20101" else ""
        _post(county, rng, today, code, "village-doctor", "", account)
    # Dice of their own, so that everybody else stays who they were before there were nurses.
    dice, offices = Random(len(county.staff)), Random(31)
    for code in county.departments:
        first = code == "QS201"
        for each in range(3 if code == "QS100" else 2):
            account = "nurse" if first and each == 0 else ""
            _post(county, dice, today, code, "nurse", "", account)
        # Who files what leaves the county with the insurer.
        if code.startswith("QS1"):
            account = "insurance" if code == "QS100" else ""
            _post(county, offices, today, code, "insurance-office", "", account)
        # Only the central townships have a pharmacist; the lead hospital checks for the others.
        if code.startswith("QS1") or code in ("QS201", "QS202", "QS203", "QS204"):
            _post(county, dice, today, code, "pharmacist", "", "pharmacist" if first else "")
    for role in ("clerk", "scheduler"):
        _post(county, dice, today, "QS100", role, "", role)


def _post(
    county: County, rng: Random, today: date, house: str, role: str, department: str, account: str
) -> None:
    code = f"{house}{sum(row['机构代码'] == house for row in county.staff) + 1:03d}"
    sex = rng.choice("12")
    born = date(today.year - rng.randint(28, 58), rng.randint(1, 12), rng.randint(1, 28))
    clinical = role in ("specialist", "township-doctor")
    county.staff.append(
        {
            "工号": code,
            "姓名": names.surname(rng) + names.given_name(rng, sex, born),
            "性别": "男" if sex == "1" else "女",
            "电话": f"139{rng.randint(0, 99_999_999):08d}",
            "机构代码": house,
            "科室": department,
            "岗位角色": role,
            "任职起": date(today.year - rng.randint(1, 8), 1, 1).isoformat(),
            "职称": rng.choice(TITLES) if clinical else "",
            "账号": account,
        }
    )
    if account:
        county.accounts[account] = code
