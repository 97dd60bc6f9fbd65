"""Files as 青山县 sends them, and what the database holds, to be compared before and after."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import xlsxwriter
from django.apps import apps
from django.db import models

from tests.cast import id_card
from xinglin.kernel.models import TrailEntry

HOUSES = [
    ["机构代码", "机构名称", "上级机构代码", "层级", "牵头医院"],
    ["QS", "青山县", "", "县（市、区）", ""],
    ["QS0", "青山县医共体", "QS", "医共体", ""],
    ["QS100", "青山县人民医院", "QS0", "县级医疗机构", "是"],
    ["QS201", "青山镇卫生院", "QS100", "乡镇卫生院", ""],
    ["QS201V01", "上柳村卫生室", "QS201", "村卫生室", ""],
]
STAFF = [
    ["工号", "姓名", "身份证号", "机构代码", "科室", "岗位角色", "任职起", "账号"],
    [
        "W001",
        "王建华",
        id_card(serial=1),
        "QS201",
        "全科",
        "乡镇卫生院医生",
        "2024-01-01",
        "wangjh",
    ],
    ["W001", "王建华", "", "QS201", "", "值班领导", "2024-01-01", "wangjh"],
    ["W002", "赵秀兰", "", "QS201V01", "", "村医", "2024/3/5", ""],
]
CARDS = [id_card(serial=number) for number in range(460, 465)]
RESIDENTS = [
    ["姓名", "性别", "身份证号", "电话", "民族", "乡镇", "村", "门牌号", "管理机构代码"],
    *(
        [
            name,
            "男",
            card,
            f"1390000{100 + at:04d}",
            "汉族",
            "青山镇",
            "上柳村",
            f"{at + 1}号",
            "QS201V01",
        ]
        for at, (name, card) in enumerate(
            zip("陈大 陈二 陈三 陈四 陈五".split(), CARDS, strict=True)
        )
    ),
]
VISITS = [
    [
        "身份证号",
        "姓名",
        "机构代码",
        "就诊编号",
        "就诊类型",
        "就诊时间",
        "诊断编码",
        "收缩压",
        "舒张压",
    ],
    [CARDS[0], "陈大", "QS201", "MZ1", "门诊", "2026-03-02 09:10", "I10", "150", "95"],
    [CARDS[1], "陈二", "QS201V01", "MZ2", "家庭访视", "2026-03-03 15:00", "I10", "138", "84"],
]
TABLES = {"机构": HOUSES, "人员": STAFF, "居民": RESIDENTS, "就诊": VISITS}


def write_csv(path: Path, rows: list[list[Any]], encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as lines:
        csv.writer(lines).writerows(rows)
    return path


def write_xlsx(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def write_all(folder: Path) -> list[Path]:
    return [write_csv(folder / f"{name}.csv", rows) for name, rows in TABLES.items()]


def everything() -> dict[str, int]:
    """How many rows every table of ours holds, and how long the trail is."""
    labels = ("organisations", "people", "staff", "record", "referral")
    found: dict[str, int] = {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in labels and issubclass(model, models.Model)
    }
    found["trail"] = TrailEntry.objects.count()
    return found
