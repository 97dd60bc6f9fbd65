from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import cast
from xinglin.clinical.record.models import Diagnosis, Encounter, Observation
from xinglin.gateway.imports import actions as imports
from xinglin.gateway.imports.actions import NoCounty
from xinglin.gateway.imports.tests import county
from xinglin.kernel.access import system
from xinglin.kernel.errors import Forbidden
from xinglin.kernel.models import TrailEntry
from xinglin.registry.organisations.models import Capability, Organisation, tree
from xinglin.registry.people.models import CareLink, Person, SearchKey
from xinglin.registry.staff.models import Post, Practitioner, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_tree():
    tree.forget()


def reasons(report):
    return [(r.place.line, r.column, r.value, r.reason) for r in report.refusals]


def test_a_county_comes_in_as_it_was_sent(tmp_path):
    report = imports.load(county.write_all(tmp_path), by=system())
    assert report.loaded, reasons(report)
    assert {k: c.new for k, c in report.counts.items()} == {
        "organisations": 5,
        "staff": 3,
        "residents": 5,
        "encounters": 2,
        "diagnoses": 2,
        "observations": 4,
    }
    village = Organisation.objects.get(code="QS201V01")
    assert village.parent.code == "QS201"
    assert Organisation.objects.get(code="QS100").leads
    person = Person.objects.get(name="陈大")
    assert person.managed_by == village
    assert (person.birth_date, person.sex, person.ethnicity) == (date(1962, 5, 4), "1", "01")
    assert SearchKey.objects.filter(person=person, key="cd").exists()
    assert Observation.objects.filter(person=person, code="8480-6").get().value == 150
    visit = Encounter.objects.get(person=person)
    assert visit.diagnosiss.get().name.startswith("原发性高血压")
    houses = set(
        CareLink.objects.filter(person=person).values_list("organisation__code", flat=True)
    )
    assert houses == {"QS201", "QS201V01"}
    wang = Practitioner.objects.get(code="W001")
    assert set(Post.objects.filter(practitioner=wang).values_list("role", flat=True)) == {
        "township-doctor",
        "leader",
    }
    account = User.objects.get(username="wangjh")
    assert not account.has_usable_password()


def test_every_row_leaves_its_line_in_the_trail(tmp_path):
    imports.load(county.write_all(tmp_path), by=system())
    person = Person.objects.get(name="陈大")
    line = TrailEntry.objects.get(subject_id=person.pk, verb="person.register")
    assert county.CARDS[0] not in str(line.changes)


def test_the_same_files_again_change_nothing(tmp_path):
    files = county.write_all(tmp_path)
    imports.load(files, by=system())
    before = county.everything()
    report = imports.load(files, by=system())
    assert report.loaded
    assert county.everything() == before
    assert {(c.new, c.updated) for c in report.counts.values()} == {(0, 0)}


def test_what_has_changed_is_corrected_and_an_empty_cell_says_nothing(tmp_path):
    imports.load(county.write_all(tmp_path), by=system())
    rows = [
        ["姓名", "身份证号", "电话", "门牌号"],
        ["陈大", county.CARDS[0], "13911112222", ""],
        ["陈二", county.CARDS[1], "", "2号"],
    ]
    report = imports.load([county.write_csv(tmp_path / "new.csv", rows)], by=system())
    assert (report.counts["residents"].updated, report.counts["residents"].unchanged) == (1, 1)
    person = Person.objects.get(name="陈大")
    assert (person.phone, person.address_detail) == ("13911112222", "1号")
    rows = [county.HOUSES[0], ["QS201", "青山镇中心卫生院", "QS100", "乡镇卫生院", ""]]
    report = imports.load([county.write_csv(tmp_path / "house.csv", rows)], by=system())
    assert report.counts["organisations"].updated == 1
    assert Organisation.objects.get(code="QS201").name == "青山镇中心卫生院"


def test_a_visit_that_has_ended_since_is_renewed_and_the_trail_keeps_what_it_said(tmp_path):
    imports.load(county.write_all(tmp_path), by=system())
    rows = [
        [*county.VISITS[0], "结束时间"],
        [*county.VISITS[1], "2026-03-02 09:40"],
    ]
    report = imports.load([county.write_csv(tmp_path / "v.csv", rows)], by=system())
    assert report.counts["encounters"].updated == 1
    assert report.counts["observations"].unchanged == 2
    visit = Encounter.objects.get(source_id="MZ1")
    assert visit.ended_at is not None
    line = TrailEntry.objects.filter(subject_id=visit.pk).order_by("id").last()
    assert "ended_at" in line.changes


def test_one_workbook_with_all_sheets_titles_and_dates(tmp_path):
    residents = [
        ["青山县居民花名册（2026年）"],
        [],
        ["序号", "姓 名", "身份证号码（必填）", "出生日期", "Phone", "现住址", "备注"],
        [1, "陈大", county.CARDS[0], datetime(1962, 5, 4), "13900000001", "上柳村1号", ""],
        [],
        [2, "陈二", county.CARDS[1], "1962年5月4日", "139-0000-0002", "上柳村2号", ""],
        [3, "张三", "", "1962/05/04", "", "", "示例行，导入时自动跳过"],
        [4, "陈小宝", "", 45000, "", "", "新生儿"],
    ]
    path = county.write_xlsx(
        tmp_path / "县.xlsx", {"花名册": residents, "机构": county.HOUSES, "说明": [["请勿修改"]]}
    )
    report = imports.load([path], by=system())
    assert report.loaded, reasons(report)
    assert report.counts["residents"].new == 3
    assert report.unknown_columns == [{"file": "县.xlsx·花名册", "columns": ["序号"]}]
    baby = Person.objects.get(name="陈小宝")
    assert baby.birth_date == date(2023, 3, 15)
    assert imports.load([path], by=system()).counts["residents"].unchanged == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_every_encoding_a_county_uses(tmp_path, encoding):
    path = county.write_csv(tmp_path / "机构.csv", county.HOUSES, encoding)
    assert imports.load([path], by=system()).counts["organisations"].new == 5


REFUSED = [
    ("机构", 2, 1, "", "机构名称", "“机构名称”未填。"),
    ("机构", 3, 2, "QS9", "上级机构代码", "没有代码为“QS9”的上级机构"),
    ("机构", 3, 3, "火星站", "层级", "没有“火星站”这一层级"),
    ("机构", 5, 2, "QS0", "上级机构代码", "不能设在"),
    ("机构", 5, 0, "QS201", "机构代码", "机构代码重复，另一处在 机构.csv 第 5 行"),
    ("人员", 1, 3, "QS999", "机构代码", "没有代码为“QS999”的机构"),
    ("人员", 1, 5, "院长秘书", "岗位角色", "没有“院长秘书”这一岗位角色"),
    ("人员", 3, 5, "县级专科医生", "岗位角色", "不设在"),
    ("人员", 2, 1, "李建华", "工号", "工号重复而姓名不同"),
    ("人员", 3, 6, "昨天", "任职起", "不是日期"),
    ("居民", 1, 2, "33019919620504001", "身份证号", "现为17位"),
    ("居民", 1, 1, "女", "性别", "性别与身份证号码不一致"),
    ("居民", 1, 2, "3.30199E+17", "身份证号", "存成了数字"),
    ("居民", 1, 3, "13900000001.0", "电话", "末尾带有“.0”"),
    ("居民", 1, 3, "1390000", "电话", "不正确"),
    ("居民", 2, 2, county.CARDS[0], "身份证号", "与 居民.csv 第 2 行重复"),
    ("居民", 4, 8, "QS777", "管理机构代码", "没有代码为“QS777”的机构"),
    ("居民", 5, 4, "火星族", "民族", "不在"),
    ("就诊", 1, 0, cast.id_card(serial=400), "身份证号", "没有登记这位居民"),
    ("就诊", 1, 1, "陈二", "姓名", "姓名与该证件号码登记的姓名不一致"),
    ("就诊", 1, 6, "ZZZ", "诊断编码", "没有编码"),
    ("就诊", 1, 5, "2999-01-01", "就诊时间", "不能晚于现在"),
    ("就诊", 1, 7, "1500", "收缩压", "不在可能的范围"),
    ("就诊", 2, 4, "串门", "就诊类型", "不在可填范围内"),
]


@pytest.mark.parametrize(("table", "row", "column", "value", "label", "reason"), REFUSED)
def test_one_wrong_cell_refuses_the_whole_with_its_place(
    tmp_path, table, row, column, value, label, reason
):
    tables = {name: [list(r) for r in rows] for name, rows in county.TABLES.items()}
    tables[table][row][column] = value
    files = [county.write_csv(tmp_path / f"{n}.csv", rows) for n, rows in tables.items()]
    before = county.everything()
    report = imports.load(files, by=system())
    assert not report.loaded
    assert county.everything() == before
    found = [r for r in report.refusals if r.column == label and reason in r.reason]
    assert found, reasons(report)
    assert found[0].place.file == f"{table}.csv"
    assert found[0].place.line == row + 1


def test_numbers_in_number_cells_are_refused_with_what_to_do(tmp_path):
    rows = [["姓名", "身份证号", "电话"], ["陈大", 3.30199196205040e17, 13900000001]]
    report = imports.load(
        [
            county.write_csv(tmp_path / "o.csv", county.HOUSES),
            county.write_xlsx(tmp_path / "r.xlsx", {"a": rows}),
        ],
        by=system(),
    )
    assert [r.column for r in report.refusals] == ["身份证号", "电话"]
    assert all("文本" in r.reason for r in report.refusals)


def test_the_report_keeps_numbers_to_itself(tmp_path):
    rows = [["姓名", "身份证号", "电话"], ["陈大", "330199196205040017", "13900000001x"]]
    report = imports.load(
        [
            county.write_csv(tmp_path / "o.csv", county.HOUSES),
            county.write_csv(tmp_path / "r.csv", rows),
        ],
        by=system(),
    )
    kept = Path(report.path)
    assert kept.read_bytes().startswith(b"\xef\xbb\xbf")
    for path in (kept, kept.with_suffix(".json")):
        told = path.read_text("utf-8")
        assert "330199196205040017" not in told
        assert "13900000001" not in told
    with kept.open(encoding="utf-8-sig", newline="") as lines:
        assert [row[:3] for row in csv.reader(lines)][1][1:] == ["第 2 行", "身份证号"]


def test_a_missing_column_is_named(tmp_path):
    rows = [["机构代码", "机构名称"], ["QS", "青山县"]]
    report = imports.load([county.write_csv(tmp_path / "o.csv", [*county.HOUSES])], by=system())
    rows = [["工号", "姓名", "机构代码", "岗位角色"], ["W1", "王医生", "QS201", "村医"]]
    report = imports.load([county.write_csv(tmp_path / "s.csv", rows)], by=system())
    assert [r.reason for r in report.refusals] == ["缺少必填列“任职起”。"]


def test_houses_in_a_circle_are_told_so(tmp_path):
    rows = [list(row) for row in county.HOUSES]
    rows.append(["QS301", "甲镇卫生院", "QS302", "乡镇卫生院", ""])
    rows.append(["QS302", "乙镇卫生院", "QS301", "乡镇卫生院", ""])
    report = imports.load([county.write_csv(tmp_path / "o.csv", rows)], by=system())
    assert {r.reason for r in report.refusals} == {"循环引用：上级机构互为上下级。"}


def test_without_any_county_it_says_what_to_import_first(tmp_path):
    with pytest.raises(NoCounty):
        imports.load([county.write_csv(tmp_path / "r.csv", county.RESIDENTS)], by=system())


FILES = {
    "empty.csv": b"",
    "nothing.csv": "，，\n".encode(),
    "strange.csv": "颜色,大小\n红,大\n".encode(),
    "broken.xlsx": b"PK\x03\x04 this is no workbook",
    "picture.xlsx": b"\x89PNG\r\n\x1a\n",
    "binary.csv": bytes(range(256)) * 4,
    "broken.json": b'{"resourceType": "Bundle", "type":',
    "list.json": b"[1, 2]",
    "word.docx": b"PK",
    "deep.json": b"[" * 100000,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none_is_a_sentence(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    cast.make()
    report = imports.load([path], by=system())
    assert not report.loaded
    (refusal,) = report.refusals
    assert refusal.place.file == name
    assert refusal.reason.endswith(("。", "）"))


def test_a_file_too_large_is_a_sentence(tmp_path):
    cast.make()
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    (refusal,) = imports.load([path], by=system()).refusals
    assert "超过 64 MB" in refusal.reason


def test_checking_writes_nothing(tmp_path):
    before = county.everything()
    report = imports.load(county.write_all(tmp_path), by=system(), check_only=True)
    assert report.clean
    assert not report.loaded
    assert county.everything() == before


def test_only_who_may_import_imports(tmp_path):
    people = cast.make()
    with pytest.raises(Forbidden):
        imports.load(county.write_all(tmp_path), by=people.wang)


def test_an_administrator_imports_into_the_own_county_only(tmp_path):
    people = cast.make()
    rows = [
        ["姓名", "身份证号", "管理机构代码"],
        ["陈大", county.CARDS[0], people.village.code],
    ]
    path = county.write_csv(tmp_path / "r.csv", rows)
    report = imports.load([path], by=people.admin, house=people.region)
    assert report.loaded, reasons(report)
    assert Person.objects.get(name="陈大").county_id == people.region.pk
    with pytest.raises(Forbidden):
        imports.load([path], by=people.strange_admin, house=people.region)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_in_any_order_never_half_loads(tmp_path_factory, data):
    """Rows are shuffled, cells replaced: either all comes in, or nothing, and it says why."""
    tables = {name: [list(row) for row in rows] for name, rows in county.TABLES.items()}
    for rows in tables.values():
        rows[1:] = data.draw(st.permutations(rows[1:]))
    for _each in range(data.draw(st.integers(0, 3))):
        rows = tables[data.draw(st.sampled_from(sorted(tables)))]
        row = data.draw(st.sampled_from(rows[1:]))
        at = data.draw(st.integers(0, len(row) - 1))
        row[at] = data.draw(
            st.sampled_from(["", "x", "1E+17", "2026-13-45", "QS", "是", "\x07", "9" * 80])
        )
    files = list(data.draw(st.permutations(sorted(tables))))
    folder = tmp_path_factory.mktemp("damage")
    paths = [county.write_csv(folder / f"{name}.csv", tables[name]) for name in files]
    from django.db import transaction

    tree.forget()
    with transaction.atomic():
        before = county.everything()
        try:
            report = imports.load(paths, by=system())
        except NoCounty:
            assert county.everything() == before
        else:
            after = county.everything()
            assert report.loaded == report.clean
            if report.loaded:
                rows_in = sum(c.new for c in report.counts.values())
                assert rows_in >= 5 + 3 + 5 + 2
                assert imports.load(paths, by=system()).loaded
                assert county.everything() == after
            else:
                assert after == before
                assert report.refusals
        transaction.set_rollback(True)


def test_a_refused_first_post_does_not_break_the_second_of_the_same_person(tmp_path):
    """The person whom the first row employed is taken back with it, and employed by the next."""
    tables = {name: [list(row) for row in rows] for name, rows in county.TABLES.items()}
    heads = tables["人员"][0]
    first = next(row for row in tables["人员"][1:] if row[heads.index("工号")] == "W001")
    # No doctor of a township works at the county itself.
    first[heads.index("机构代码")] = "QS"
    report = imports.load(
        [county.write_csv(tmp_path / f"{name}.csv", rows) for name, rows in tables.items()],
        by=system(),
    )
    assert not report.loaded
    assert len(report.refusals) == 1


def test_two_diagnoses_and_a_name_without_a_code(tmp_path):
    imports.load(county.write_all(tmp_path), by=system())
    rows = [
        ["身份证号", "机构代码", "就诊编号", "就诊类型", "就诊时间", "诊断名称", "其他诊断编码"],
        [county.CARDS[2], "QS201", "MZ9", "门诊", "2026-04-02", "腰腿痛", "I10、E11.9"],
    ]
    report = imports.load([county.write_csv(tmp_path / "v.csv", rows)], by=system())
    assert report.loaded, reasons(report)
    found = Diagnosis.objects.filter(encounter__source_id="MZ9").order_by("code")
    assert [(d.code, d.main) for d in found] == [("-", True), ("E11.9", False), ("I10", False)]


def test_medicines_and_allergies(tmp_path):
    imports.load(county.write_all(tmp_path), by=system())
    sheets = {
        "用药": [
            ["身份证号", "机构代码", "就诊编号", "药品名称", "每次剂量", "频次", "开始日期"],
            [county.CARDS[0], "QS201", "MZ1", "苯磺酸氨氯地平片", "5mg", "每日一次", "2026-03-02"],
        ],
        "过敏": [
            ["身份证号", "机构代码", "过敏原", "反应", "严重", "记录日期"],
            [county.CARDS[0], "QS201", "青霉素", "皮疹", "是", "2026-03-02"],
        ],
    }
    path = county.write_xlsx(tmp_path / "m.xlsx", sheets)
    report = imports.load([path], by=system())
    assert report.loaded, reasons(report)
    person = Person.objects.get(name="陈大")
    assert person.medications.get().encounter.source_id == "MZ1"
    assert person.allergys.get().severe
    again = imports.load([path], by=system())
    assert [c.unchanged for c in again.counts.values() if c.all] == [1, 1]


def test_what_houses_can_do_comes_in_with_their_table(tmp_path):
    rows = [
        ["机构代码", "机构名称", "上级机构代码", "层级", "增有能力", "缺少能力"],
        ["QX", "青县", "", "县（市、区）", "", ""],
        ["QX100", "青县人民医院", "QX", "县级医疗机构", "", ""],
        ["QX201", "青镇卫生院", "QX100", "乡镇卫生院", "呼吸机、CT；J15.9", "X 线机"],
    ]
    path = county.write_csv(tmp_path / "机构.csv", rows)
    for _twice in range(2):
        report = imports.load([path], by=system())
        assert report.loaded, reasons(report)
        tree.forget()
    said = Capability.objects.values_list("kind", "code", "held").order_by("code")
    assert list(said) == [
        ("disease", "J15.9", True),
        ("equipment", "ct", True),
        ("equipment", "ventilator", True),
        ("equipment", "x-ray", False),
    ]


def test_a_capability_that_nobody_knows_is_refused_with_its_row(tmp_path):
    rows = [
        ["机构代码", "机构名称", "上级机构代码", "层级", "增有能力"],
        ["QX", "青县", "", "县（市、区）", ""],
        ["QX100", "青县人民医院", "QX", "县级医疗机构", "时光机"],
    ]
    report = imports.load([county.write_csv(tmp_path / "机构.csv", rows)], by=system())
    assert not report.loaded
    assert "ICD-10" in report.refusals[0].reason
