"""Tables of encounters, medicines and allergies."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.models import Encounter
from xinglin.clinical.record.rules import VITAL_SIGNS
from xinglin.gateway.imports import values
from xinglin.gateway.imports.kinds.columns import DOCTOR, HOUSE, NOTE, PERSON, Column, Kind

_KINDS_OF_VISIT = {"门急诊": "outpatient", "入户": "home", "家访": "home", "出诊": "home"}
ENCOUNTERS = Kind(
    "encounters",
    _("就诊"),
    "就诊",
    (
        *PERSON,
        HOUSE,
        Column(
            "visit",
            "就诊编号",
            values.code(60),
            ("就诊流水号", "流水号", "就诊ID", "visit_id"),
            hint=_("再次导入按机构和就诊编号认同一次就诊。"),
            example="MZ20260302001",
        ),
        Column(
            "kind",
            "就诊类型",
            values.of_choices(Encounter.Kind, _KINDS_OF_VISIT),
            ("就诊类别", "类型"),
            True,
            example="门诊",
            list_of="visit",
        ),
        Column(
            "started_at",
            "就诊时间",
            values.moment,
            ("就诊日期", "入院时间", "入院日期", "开始时间"),
            True,
            example="2026-03-02 09:10",
        ),
        Column(
            "ended_at",
            "结束时间",
            values.moment,
            ("出院时间", "出院日期", "诊毕时间"),
            example="2026-03-02 09:25",
        ),
        Column("department", "科室", values.text(50), ("就诊科室",), example="全科"),
        Column("visit_no", "门诊号", values.code(18), ("住院号", "门（急）诊号", "门诊住院号")),
        Column("complaint", "主诉", values.text(200), (), example="头晕三天"),
        Column("history", "现病史", values.text(1000), ()),
        Column("treatment", "处理", values.text(1000), ("处置", "治疗", "诊疗经过")),
        Column(
            "discharge_way", "离院方式", values.coded("discharge-way"), (), list_of="discharge-way"
        ),
        Column("outcome", "病情转归", values.coded("outcome"), ("转归",), list_of="outcome"),
        Column(
            "diagnosis",
            "诊断编码",
            values.code(30),
            ("主要诊断编码", "ICD10", "ICD-10", "疾病编码"),
            hint="ICD-10",
            example="I10",
        ),
        Column(
            "diagnosis_name",
            "诊断名称",
            values.text(200),
            ("诊断", "主要诊断"),
            example="原发性高血压",
        ),
        Column(
            "others",
            "其他诊断编码",
            values.several(300),
            ("次要诊断编码", "其他诊断"),
            hint=_("多个用顿号隔开。"),
        ),
        DOCTOR,
        *(
            Column(sign.field, name, values.number, tuple(more), hint=sign.unit)
            for sign, (name, *more) in zip(
                VITAL_SIGNS,
                (
                    ("收缩压", "SBP"),
                    ("舒张压", "DBP"),
                    ("脉搏", "心率"),
                    ("呼吸", "呼吸频率"),
                    ("体温",),
                    ("血氧饱和度", "血氧", "SpO2"),
                    ("身高",),
                    ("体重",),
                    ("血糖", "空腹血糖"),
                ),
                strict=True,
            )
        ),
        NOTE,
    ),
    _("居民须已登记，或在同一次导入的居民表中。"),
)
MEDICATIONS = Kind(
    "medications",
    _("用药"),
    "用药",
    (
        *PERSON,
        HOUSE,
        Column("visit", "就诊编号", values.code(60), ("就诊流水号", "流水号", "visit_id")),
        Column(
            "name",
            "药品名称",
            values.text(200),
            ("药品", "药名", "通用名"),
            True,
            example="苯磺酸氨氯地平片",
        ),
        Column("code", "药品编码", values.code(30), ("药品代码",)),
        Column("form", "剂型", values.text(30), ()),
        Column("dose", "每次剂量", values.text(50), ("剂量", "单次剂量"), example="5mg"),
        Column("frequency", "频次", values.text(50), ("用药频次",), example="每日一次"),
        Column("route", "用法", values.text(50), ("给药途径", "途径"), example="口服"),
        Column(
            "started_on",
            "开始日期",
            values.day,
            ("开始用药日期", "开立日期"),
            True,
            example=date(2026, 3, 2),
        ),
        Column("ended_on", "停用日期", values.day, ("结束日期", "停药日期")),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构、药品和开始日期算同一条；填了就诊编号的，该次就诊须已导入或一同导入。"),
)
ALLERGIES = Kind(
    "allergies",
    _("过敏"),
    "过敏",
    (
        *PERSON,
        HOUSE,
        Column(
            "substance", "过敏原", values.text(100), ("过敏物", "过敏药物"), True, example="青霉素"
        ),
        Column("reaction", "过敏反应", values.text(200), ("反应", "症状"), example="皮疹"),
        Column("severe", "严重", values.yes_or_no, ("是否严重",), example="否"),
        Column(
            "noted_on",
            "记录日期",
            values.day,
            ("登记日期", "发现日期"),
            True,
            example=date(2026, 3, 2),
        ),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构和过敏原算同一条。"),
)
