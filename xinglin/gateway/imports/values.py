"""What a cell of a county's table says: numbers kept as text, dates in every spelling, codes or
their names. A cell that cannot be believed is refused with a sentence that tells what to do.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Level
from xinglin.registry.staff import catalogue as staff_roles
from xinglin.registry.terminology import catalogue as terminology

Reader = Callable[[Any], Any]

_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORMULA_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_TIME = re.compile(
    r"[T\s]*(\d{1,2})[:：时](\d{1,2})(?:[:：分](\d{1,2})?秒?)?(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?"
)
# Day 0 of Excel's calendar, as its serial numbers count after February 1900.
_EXCEL = date(1899, 12, 30)


class BadCell(Refused):
    code: ClassVar[str] = "bad-cell"


def is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip(" \t\r\n\u3000\xa0"))


def shown(cell: Any) -> str:
    """The cell as the report writes it."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()[:100]


def text(limit: int) -> Reader:
    """Words; a whole number typed into the cell is taken as its digits."""

    def read(cell: Any) -> str:
        found = _words(cell)
        if len(found) > limit:
            raise BadCell(_("超过 %(limit)d 个字，请缩短。") % {"limit": limit})
        return found

    return read


def _words(cell: Any) -> str:
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise BadCell(_("单元格的值不是有效数字。"))
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    found = " ".join(str(cell).replace("\xa0", " ").replace("\u3000", " ").split())
    if found in _FORMULA_ERRORS:
        raise BadCell(_("单元格是公式错误值“%(value)s”，请改正后再导入。") % {"value": found})
    if _CONTROL.search(found):
        raise BadCell(_("含有不可见的控制字符，请重新录入。"))
    return found


def digits(limit: int = 30) -> Reader:
    """A number that must have been kept as text: an ID card, a telephone."""

    def read(cell: Any) -> str:
        if isinstance(cell, int | float) or _SCIENTIFIC.fullmatch(str(cell).strip()):
            raise BadCell(
                _(
                    "该号码在表格中存成了数字，末几位或开头的 0 可能已丢失。"
                    "请把这一列的单元格格式设为“文本”，重新填写号码后再导入。"
                )
            )
        found = "".join(unicodedata.normalize("NFKC", str(cell)).split()).lstrip("'‘’`")
        if re.fullmatch(r"\d+\.0+", found):
            raise BadCell(_("号码末尾带有“.0”，请把单元格格式设为“文本”后重新填写。"))
        if len(found) > limit:
            raise BadCell(_("超过 %(limit)d 个字，请缩短。") % {"limit": limit})
        return found

    return read


def code(limit: int) -> Reader:
    """An identifying code: no spaces; digits typed as a number are taken as they stand."""

    def read(cell: Any) -> str:
        if isinstance(cell, str) and _SCIENTIFIC.fullmatch(cell.strip()) and "+" in cell:
            raise BadCell(_("编码成了科学计数法，请把这一列设为“文本”后重新填写。"))
        found = "".join(unicodedata.normalize("NFKC", _words(cell)).split())
        if len(found) > limit:
            raise BadCell(_("超过 %(limit)d 位。") % {"limit": limit})
        return found

    return read


def day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _day_of_number(cell)
    found, rest = _day_in(str(cell))
    if rest and _TIME.fullmatch(rest) is None:
        raise BadCell(
            _("“%(value)s”不是日期，请写成 2026-03-02 的样子。") % {"value": str(cell)[:30]}
        )
    return found


def _day_of_number(cell: float) -> date:
    """A serial number of Excel, or eight digits."""
    if 19000101 <= cell <= 21001231 and float(cell).is_integer():
        return _day_in(str(int(cell)))[0]
    if 1 <= cell < 80000:
        return _EXCEL + timedelta(days=int(cell))
    raise BadCell(_("不是日期，请写成 2026-03-02 的样子。"))


def _day_in(cell: str) -> tuple[date, str]:
    plain = unicodedata.normalize("NFKC", cell).strip()
    eight = re.match(r"(\d{4})(\d{2})(\d{2})(?!\d)", plain)
    found = _DAY.match(plain) or eight
    if found is None:
        raise BadCell(_("“%(value)s”不是日期，请写成 2026-03-02 的样子。") % {"value": plain[:30]})
    try:
        made = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise BadCell(_("日期“%(value)s”不存在。") % {"value": plain[:30]}) from None
    return made, plain[found.end() :].strip()


def moment(cell: Any) -> datetime:
    """A date with its time; without one it counts from midnight."""
    if isinstance(cell, datetime):
        made = cell
    elif isinstance(cell, date):
        made = datetime.combine(cell, time())
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        seconds = round((cell % 1) * 86400) if cell < 80000 else 0
        made = datetime.combine(_day_of_number(cell), time()) + timedelta(seconds=seconds)
    else:
        of_day, rest = _day_in(str(cell))
        made = datetime.combine(of_day, time())
        if rest:
            found = _TIME.fullmatch(rest)
            if found is None:
                raise BadCell(
                    _("“%(value)s”不是时间，请写成 2026-03-02 14:05 的样子。")
                    % {"value": str(cell)[:30]}
                )
            try:
                made = datetime.combine(
                    of_day, time(int(found[1]), int(found[2]), int(found[3] or 0))
                )
                if found[4]:
                    made = datetime.fromisoformat(f"{made.isoformat()}{found[4]}")
            except ValueError:
                raise BadCell(_("时间“%(value)s”不存在。") % {"value": str(cell)[:30]}) from None
    return timezone.make_aware(made) if timezone.is_naive(made) else made


def number(cell: Any) -> Decimal:
    try:
        found = Decimal(unicodedata.normalize("NFKC", str(cell)).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(cell, bool) or not found.is_finite():
        raise BadCell(_("“%(value)s”不是数字。") % {"value": str(cell)[:30]})
    return found


def degrees(most: int) -> Reader:
    """A latitude (90) or longitude (180), kept to six decimals."""

    def read(cell: Any) -> Decimal:
        found = number(cell)
        if abs(found) > most:
            raise BadCell(
                _("须在 -%(most)d 到 %(most)d 度之间；是否与另一列填反了？") % {"most": most}
            )
        return found.quantize(Decimal("0.000001"))

    return read


def whole(least: int, most: int) -> Reader:
    """A whole number between two others."""

    def read(cell: Any) -> int:
        found = number(cell)
        if found != found.to_integral_value() or not least <= found <= most:
            raise BadCell(
                _("须为 %(least)d 到 %(most)d 之间的整数。") % {"least": least, "most": most}
            )
        return int(found)

    return read


YES = {"是", "1", "y", "yes", "true", "有", "√", "对"}
NO = {"否", "0", "n", "no", "false", "无", "×", "不是"}


def yes_or_no(cell: Any) -> bool:
    said = _words(cell).lower()
    if said in YES:
        return True
    if said in NO:
        return False
    raise BadCell(_("请填“是”或“否”。"))


def several(limit: int) -> Reader:
    """A short list in one cell: 外科、骨科; 康复."""

    def read(cell: Any) -> list[str]:
        return [part for part in re.split(r"[、，,;；|\n]+", text(limit)(cell)) if part.strip()]

    return read


def _spellings(known: terminology.CodeList) -> dict[str, str]:
    """Every way in which the codes of a list may be written."""
    found: dict[str, str] = {}
    for concept in known.concepts:
        for said in (concept.zh.rstrip("族性"), concept.en, concept.zh, concept.code.lstrip("0")):
            found[said] = concept.code
    found |= {concept.code: concept.code for concept in known.concepts}
    found.pop("", None)
    return found


def coded(system: str) -> Reader:
    """A code of a value set, or its name: 01 or 汉族 or 汉."""

    spelled: dict[int, dict[str, str]] = {}

    def read(cell: Any) -> str:
        said = _words(cell)
        known = terminology.code_list(system)
        if id(known) not in spelled:
            spelled.clear()
            spelled[id(known)] = _spellings(known)
        found = spelled[id(known)].get(said) or spelled[id(known)].get(said.lstrip("0"))
        if found is not None:
            return found
        raise BadCell(
            _("“%(value)s”不在“%(list)s”代码表中，可填：%(choices)s。")
            % {
                "value": said[:30],
                "list": terminology.name_of(system),
                "choices": _("、").join(f"{c.code} {c.label}" for c in known.concepts[:12])
                + ("…" if len(known.concepts) > 12 else ""),
            }
        )

    return read


def of_form(system: str, border: str) -> Reader:
    """A code as a printed form writes it (Rh: 1 is negative there), or the name; kept as ours."""
    named = coded(system)

    def read(cell: Any) -> str:
        said = _words(cell)
        if not said.isdigit():
            return str(named(said))
        try:
            return terminology.inward(system, said.lstrip("0") or "0", border)
        except terminology.UnknownCode as error:
            raise BadCell(str(error)) from None

    return read


def many_of_form(system: str, border: str) -> Reader:
    """Several of them in one cell."""
    one = of_form(system, border)

    def read(cell: Any) -> list[str]:
        return [one(part.strip()) for part in several(500)(cell)]

    return read


SEXES = {"男": "1", "女": "2", "m": "1", "f": "2", "male": "1", "female": "2", "未知": "0"}


def sex(cell: Any) -> str:
    said = _words(cell)
    found = SEXES.get(said.lower())
    return found or str(coded("sex")(cell))


LEVELS = {
    "县": Level.REGION,
    "区": Level.REGION,
    "县市区": Level.REGION,
    "医共体办公室": Level.CONSORTIUM,
    "县级": Level.COUNTY,
    "县级医院": Level.COUNTY,
    "县医院": Level.COUNTY,
    "乡镇": Level.TOWNSHIP,
    "乡级": Level.TOWNSHIP,
    "卫生院": Level.TOWNSHIP,
    "中心卫生院": Level.TOWNSHIP,
    "社区卫生服务中心": Level.TOWNSHIP,
    "村": Level.VILLAGE,
    "村级": Level.VILLAGE,
    "村卫生所": Level.VILLAGE,
    "社区卫生服务站": Level.VILLAGE,
    "药房": Level.PHARMACY,
    "县外医院": Level.CITY,
    "市级医院": Level.CITY,
    "省级医院": Level.CITY,
    "卫生健康局": Level.OFFICE,
    "卫健局": Level.OFFICE,
}


def level(cell: Any) -> str:
    said = re.sub(r"[（(].*?[）)]", "", _words(cell)).strip()
    for known in Level:
        if said.lower() == known.value or said in (
            str(known.label),
            str(known.label).split("（")[0],
        ):
            return known.value
    if said in LEVELS:
        return LEVELS[said].value
    raise BadCell(
        _("没有“%(value)s”这一层级，可填：%(choices)s。")
        % {"value": said[:30], "choices": _("、").join(str(each.label) for each in Level)}
    )


def role(cell: Any) -> str:
    said = _words(cell)
    known = staff_roles.roles()
    for each in known.values():
        if said in (each.code, each.zh, each.en):
            return each.code
    raise BadCell(
        _("没有“%(value)s”这一岗位角色，可填：%(choices)s。")
        % {"value": said[:30], "choices": _("、").join(each.label for each in known.values())}
    )


def of_choices(choices: Any, more: dict[str, str] | None = None) -> Reader:
    """One of a Django enumeration, by value or label."""

    def read(cell: Any) -> str:
        said = _words(cell)
        for value, label in choices.choices:
            if said in (value, str(label)):
                return str(value)
        if more and said in more:
            return more[said]
        raise BadCell(
            _("“%(value)s”不在可填范围内，可填：%(choices)s。")
            % {
                "value": said[:30],
                "choices": _("、").join(str(label) for _v, label in choices.choices),
            }
        )

    return read
