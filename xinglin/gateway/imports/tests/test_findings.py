"""Tables of diagnoses, results, procedures, vaccines, problems, family history, covers, papers."""

from __future__ import annotations

import base64
import json

import pytest

from tests import cast
from xinglin.clinical.record.models import (
    Diagnosis,
    Document,
    FamilyHistory,
    HealthCover,
    Immunization,
    Observation,
    Problem,
    Procedure,
)
from xinglin.gateway.imports import actions as imports
from xinglin.gateway.imports.tests import county
from xinglin.kernel.access import system
from xinglin.registry.people.models import Person

pytestmark = pytest.mark.django_db
ONE, TWO = county.CARDS[:2]
NUMBER = "33019810020000007"
TABLES = {
    "诊断": [
        ["身份证号", "机构代码", "就诊编号", "诊断编码", "诊断日期", "主要诊断"],
        [ONE, "QS201", "MZ1", "E11.9", "2026-03-02", "否"],
    ],
    "检查结果": [
        ["身份证号", "机构代码", "报告编号", "检验项目", "结果", "单位", "检验时间"],
        [ONE, "QS201", "R1", "HGB", "13.2", "g/dL", "2026-03-02 10:00"],
        [ONE, "QS201", "R1", "尿蛋白", "++", "", "2026-03-02 10:00"],
    ],
    "手术操作": [
        ["身份证号", "机构代码", "手术操作编码", "手术日期", "术者", "手术级别"],
        [TWO, "QS100", "47.09", "2026-02-02 10:00", "陈主任", "二级"],
    ],
    "预防接种": [
        ["身份证号", "机构代码", "疫苗名称", "剂次", "批号", "接种日期"],
        [TWO, "QS201", "iiv4", "1", "A1", "2026-01-02"],
    ],
    "健康问题": [
        ["身份证号", "机构代码", "问题编码", "状态", "起病日期", "记录日期"],
        [ONE, "QS201", "I10", "进行中", "2019-05-01", "2026-03-02"],
    ],
    "家族史": [
        ["身份证号", "机构代码", "与本人关系", "疾病", "记录日期"],
        [ONE, "QS201", "父亲", "12", "2026-03-02"],
    ],
    "健康档案": [
        ["身份证号", "健康档案编号", "机构代码", "建档日期", "RH阴性", "既往疾病", "禽畜栏"],
        [ONE, NUMBER, "QS201V01", "2020-03-02", "1", "2、7", "2"],
    ],
    "文档": [
        ["身份证号", "机构代码", "标题", "文档类别", "归档时间", "文件地址"],
        [ONE, "QS201", "胸片", "检查检验报告", "2026-03-02", "https://pacs.example/1"],
    ],
}


def load(folder, tables=TABLES, encoding="utf-8-sig", **more):
    files = county.write_all(folder)
    files += [
        county.write_csv(folder / f"{name}.csv", rows, encoding) for name, rows in tables.items()
    ]
    return imports.load(files, by=system(), **more)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_all_tables_come_in_and_twice_is_once(tmp_path, encoding):
    report = load(tmp_path, encoding=encoding)
    assert report.loaded, report.refusals[:3]
    assert Diagnosis.objects.get(code="E11.9").encounter.source_id == "MZ1"
    blood = Observation.objects.get(code="718-7")
    assert (blood.value, blood.unit, blood.as_told, blood.interpretation) == (
        132,
        "g/L",
        "13.2 g/dL",
        "N",
    )
    assert Observation.objects.get(code="20454-5").text == "2+"
    assert Procedure.objects.get().grade == "2"
    assert Immunization.objects.get().name == "四价流感病毒裂解疫苗"
    assert Problem.objects.get().onset_on.year == 2019
    assert FamilyHistory.objects.get().code == "other"  # the form's 12 of a relative
    cover = HealthCover.objects.get()
    # Codes of the printed form: Rh 1 is negative there, and 2 a pen of its own.
    assert (cover.rh, cover.livestock) == ("negative", "separate")
    assert cover.past_diseases == [{"code": "hypertension"}, {"code": "stroke"}]
    assert Person.objects.get(id_number=ONE).health_record_no == NUMBER
    assert Document.objects.get().data["elsewhere"]["url"] == "https://pacs.example/1"
    before = county.everything()
    again = load(tmp_path, encoding=encoding)
    assert again.loaded, again.refusals[:3]
    assert county.everything() == before


def test_what_a_system_corrects_replaces_what_it_said(tmp_path):
    load(tmp_path)
    changed = [row[:] for row in TABLES["检查结果"]]
    changed[1][4] = "9.9"
    report = load(tmp_path, {"检查结果": changed})
    assert report.loaded, report.refusals[:3]
    assert report.counts["observations"].updated == 1
    wrong, right = Observation.objects.filter(code="718-7").order_by("created_at")
    assert (wrong.voided_at is not None, wrong.value) == (True, 132)
    assert (right.value, right.replaces_id, right.source_id) == (99, wrong.pk, wrong.source_id)
    before = county.everything()
    assert load(tmp_path, {"检查结果": changed}).loaded
    assert county.everything() == before


def test_what_is_only_added_is_added(tmp_path):
    load(tmp_path)
    more = [[*TABLES["手术操作"][0], "麻醉方式"], [*TABLES["手术操作"][1], "全身麻醉"]]
    assert load(tmp_path, {"手术操作": more}).loaded
    assert Procedure.objects.get().anaesthesia == "1"


@pytest.mark.parametrize(
    ("table", "column", "value", "label", "reason"),
    [
        ("诊断", 3, "ZZ9", "诊断编码", "没有编码"),
        ("诊断", 2, "MZ9", "就诊编号", "没有就诊编号"),
        ("检查结果", 3, "奇怪项目", "项目", "检验项目表中没有"),
        ("检查结果", 4, "1320", "结果", "不在可能的范围"),
        ("检查结果", 5, "kg", "单位", "不能换算"),
        ("检查结果", 6, "2999-01-01", "检验时间", "不能晚于现在"),
        ("手术操作", 2, "xx", "手术操作编码", "没有编码"),
        ("预防接种", 2, "神药", "疫苗", "疫苗名称表中没有"),
        ("预防接种", 3, "1.5", "剂次", "整数"),
        ("预防接种", 5, "2999-01-01", "接种日期", "不能晚于现在"),
        ("健康问题", 4, "1800-01-01", "起病日期", "早于"),
        ("家族史", 2, "本人", "与本人关系", "亲属"),
        ("家族史", 3, "77", "疾病", "没有编码"),
        ("健康档案", 1, "123", "健康档案编号", "17 位"),
        ("健康档案", 4, "7", "RH阴性", "没有编码"),
        ("文档", 5, "javascript:alert(1)", "文件地址", "http"),
    ],
)
def test_one_wrong_cell_is_refused_by_line_column_and_reason(
    tmp_path, table, column, value, label, reason
):
    tables = {table: [row[:] for row in TABLES[table]]}
    tables[table][1][column] = value
    report = load(tmp_path, tables)
    assert not report.loaded
    assert not Person.objects.exists()
    told = [(r.place.line, r.column, r.reason) for r in report.refusals]
    assert any(line == 2 and col == label and reason in why for line, col, why in told), told


def test_two_people_cannot_have_one_number(tmp_path):
    tables = {"健康档案": [*TABLES["健康档案"], [TWO, *TABLES["健康档案"][1][1:]]]}
    report = load(tmp_path, tables)
    assert not report.loaded
    assert not HealthCover.objects.exists()


OF = {"subject": {"reference": "Patient/p"}}
FATHER = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "FTH"}
PAPER = {
    "contentType": "application/pdf",
    "title": "报告",
    "data": base64.b64encode(b"%PDF-1.7 x").decode(),
}
TOLD = [
    {
        "resourceType": "Procedure",
        "status": "completed",
        **OF,
        "code": {"text": "换药"},
        "performedDateTime": "2026-03-02T10:00:00+08:00",
    },
    {
        "resourceType": "Immunization",
        "status": "completed",
        "patient": OF["subject"],
        "vaccineCode": {"text": "流感疫苗"},
        "occurrenceDateTime": "2026-03-02",
    },
    {
        "resourceType": "FamilyMemberHistory",
        "status": "completed",
        "patient": OF["subject"],
        "date": "2026-03-02",
        "relationship": {"coding": [FATHER]},
        "condition": [{"code": {"text": "高血压"}}, {"code": {"text": "痛风"}}],
    },
    {
        "resourceType": "DocumentReference",
        "status": "current",
        **OF,
        "date": "2026-03-02T10:00:00+08:00",
        "content": [{"attachment": PAPER}],
    },
    {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"text": "陈桂花"}],
        "birthDate": "1950-02-03",
    },
]


def test_a_bundle_tells_every_kind_in_gb18030_too(tmp_path):
    home = cast.make()
    sent = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": f"http://his.example/{each['resourceType']}/{each.get('id', '1')}",
                "resource": each,
            }
            for each in TOLD
        ],
    }
    path = tmp_path / "b.json"
    path.write_bytes(json.dumps(sent, ensure_ascii=False).encode("gb18030"))
    by = system(home.region.pk)
    report = imports.load([path], by=by, house=home.township)
    assert report.loaded, report.refusals[:3]
    assert Procedure.objects.get().name == "换药"
    assert Immunization.objects.get().name == "流感疫苗"
    assert [each.relation for each in FamilyHistory.objects.all()] == ["51", "51"]
    paper = Document.objects.get()
    assert paper.media_type == "application/pdf"
    with paper.file.open() as kept:
        assert kept.read() == b"%PDF-1.7 x"
    before = county.everything()
    assert imports.load([path], by=by, house=home.township).loaded
    assert county.everything() == before
