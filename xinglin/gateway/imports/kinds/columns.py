"""What a column and a kind of table are, and the columns that several kinds share."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from xinglin.gateway.imports import values
from xinglin.gateway.imports.values import Reader


@dataclass(frozen=True)
class Column:
    """One column: `spellings` are further headers it is known by, `hides` masks it in reports."""

    key: str
    label: str
    read: Reader
    spellings: tuple[str, ...] = ()
    required: bool = False
    hides: str = ""
    hint: Any = ""
    example: Any = ""
    list_of: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of table."""

    code: str
    label: Any
    sheet: str
    columns: tuple[Column, ...]
    note: Any = ""
    by_header: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known: dict[str, Column] = {}
        for column in self.columns:
            for name in (column.label, column.key, *column.spellings):
                known.setdefault(plain(name), column)
        object.__setattr__(self, "by_header", known)

    def column(self, key: str) -> Column:
        return next(column for column in self.columns if column.key == key)


def plain(header: Any) -> str:
    """A header as it is compared: 身份证号码（必填）* → 身份证号码, ID number → idnumber."""
    told = unicodedata.normalize("NFKC", str(header)).lower()
    told = re.sub(r"[(\[【].*?[)\]】]", "", told)
    return re.sub(r"[\s*_:：\-—/、.★]+", "", told)


NOTE = Column("note", "备注", values.text(1000), ("说明", "note", "remark"))
EXAMPLE = "示例"

ID_CARD = Column(
    "id_number",
    "身份证号",
    values.digits(18),
    (
        "身份证号码",
        "身份证",
        "公民身份号码",
        "证件号码",
        "证件号",
        "身份证件号码",
        "id card",
        "id_number",
    ),
    hides="id",
    hint=_("18 位，单元格须设为“文本”格式。"),
    example="330198196205040019",
)
HOUSE = Column(
    "house",
    "机构代码",
    values.code(22),
    (
        "所在机构代码",
        "所属机构代码",
        "就诊机构代码",
        "organisation_code",
        "organization code",
        "org_code",
    ),
    hint=_("机构表中的代码。"),
    example="QS201",
)
DOCTOR = Column(
    "author", "医生", values.text(50), ("接诊医生", "医师", "记录人", "doctor"), example="王医生"
)
PERSON = (
    ID_CARD,
    Column("person", "姓名", values.text(50), ("患者姓名", "name"), example="陈桂香"),
    Column(
        "health_record_no", "健康档案编号", values.digits(17), ("居民健康档案编号",), hides="id"
    ),
    Column("local_no", "本地编号", values.code(60), ("病案号", "病历号", "patient_id")),
)
