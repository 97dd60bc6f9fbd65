"""What a value may be before it is believed. Pure: no database."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.utils.translation import gettext as _

from xinglin.clinical.record import catalogue
from xinglin.clinical.record.catalogue import Item, Range
from xinglin.kernel.errors import Refused


class ImpossibleValue(Refused):
    code = "impossible-value"


class WrongUnit(Refused):
    code = "wrong-unit"


class WrongNumber(Refused):
    code = "wrong-number"


class InTheFuture(Refused):
    code = "in-the-future"


@dataclass(frozen=True)
class VitalSign:
    """One vital sign: LOINC code, name, UCUM unit; `field` names it in forms and tables."""

    field: str
    loinc: str
    zh: str
    unit: str

    @property
    def label(self) -> str:
        return gettext(self.zh)


# LOINC codes of the vital-signs profile of FHIR R4.
VITAL_SIGNS = (
    VitalSign("systolic", "8480-6", gettext_noop("收缩压"), "mmHg"),
    VitalSign("diastolic", "8462-4", gettext_noop("舒张压"), "mmHg"),
    VitalSign("pulse", "8867-4", gettext_noop("脉搏"), "/min"),
    VitalSign("respiration", "9279-1", gettext_noop("呼吸"), "/min"),
    VitalSign("temperature", "8310-5", gettext_noop("体温"), "Cel"),
    VitalSign("spo2", "59408-5", gettext_noop("血氧饱和度"), "%"),
    VitalSign("height", "8302-2", gettext_noop("身高"), "cm"),
    VitalSign("weight", "29463-7", gettext_noop("体重"), "kg"),
    VitalSign("glucose", "15074-8", gettext_noop("血糖"), "mmol/L"),
)
VITAL_BY_FIELD = {sign.field: sign for sign in VITAL_SIGNS}
# Systolic and diastolic, as one measurement tells them.
PRESSURES = (VITAL_BY_FIELD["systolic"].loinc, VITAL_BY_FIELD["diastolic"].loinc)
# UCUM units as they are said on a ward.
SAID = {"Cel": "℃", "/min": gettext_lazy("次/分")}
VITAL_BY_LOINC = {sign.loinc: sign for sign in VITAL_SIGNS}

# Clocks of two machines differ a little; a fact a few minutes ahead is not a lie.
SLACK = timedelta(minutes=5)


def said_unit(unit: str) -> str:
    """A unit as people write it; one that is not UCUM's is left as it came."""
    return str(SAID.get(unit, unit))


def check_vital(sign: VitalSign, value: Decimal) -> Decimal:
    """The value if a living body can have it, else a sentence with the range."""
    item = catalogue.find(sign.loinc)
    if item is not None:
        check_value(item, value, sign.field)
    return value


def check_value(item: Item, value: Decimal, field: str = "value") -> None:
    """Refuse what no living body has; the sentence tells the range of the catalogue."""
    below = item.low is not None and value < item.low
    if below or (item.high is not None and value > item.high):
        raise ImpossibleValue(
            _("%(name)s %(value)s %(unit)s 不在可能的范围（%(range)s），请核对。")
            % {
                "name": item.label,
                "value": f"{value.normalize():f}",
                "unit": said_unit(item.unit),
                "range": said_range(item.low, item.high),
            },
            field=field,
        )


def said_range(low: Decimal | None, high: Decimal | None) -> str:
    """A range as a report prints it: 3.9～6.1, ≤5.2, ≥90; "" without limits."""
    if low is not None and high is not None:
        return f"{low.normalize():f}～{high.normalize():f}"
    if high is not None:
        return f"≤{high.normalize():f}"
    return f"≥{low.normalize():f}" if low is not None else ""


# Spellings of units that mean the same everywhere.
_SAME_UNIT = {
    "mm[hg]": "mmHg",
    "mmhg": "mmHg",
    "℃": "Cel",
    "°c": "Cel",
    "次/分": "/min",
    "次/分钟": "/min",
    "bpm": "/min",
    "{beats}/min": "/min",
    "{breaths}/min": "/min",
    "kg/m²": "kg/m2",
    "iu/l": "[IU]/L",
    "厘米": "cm",
    "公斤": "kg",
    "秒": "s",
    "sec": "s",
}


def in_unit(item: Item, value: Decimal, unit: str, field: str = "unit") -> Decimal:
    """The value in the item's own unit.

    Raises WrongUnit, with the units that are understood, where it cannot be converted exactly.
    """
    told = _same(unit)
    if told == _same(item.unit) or (not told and item.unit in ("1", "[pH]")):
        return value
    factor = factor_to(item, unit)
    if factor is not None:
        return (value * factor).quantize(Decimal("0.0001"))
    known = _("、").join(dict.fromkeys([said_unit(item.unit), *(name for name, _f in item.units)]))
    if not told:
        raise WrongUnit(
            _("请写明%(name)s的单位，可用：%(known)s。") % {"name": item.label, "known": known},
            field=field,
        )
    raise WrongUnit(
        _("%(name)s的单位“%(unit)s”不能换算成 %(own)s，可用：%(known)s。")
        % {"name": item.label, "unit": unit, "own": said_unit(item.unit), "known": known},
        field=field,
    )


def factor_to(item: Item, unit: str) -> Decimal | None:
    """By what a value in this unit is multiplied to be in the item's own; None if by nothing."""
    told = _same(unit)
    if told == _same(item.unit):
        return Decimal(1)
    return next((factor for known, factor in item.units if _same(known) == told), None)


def _same(unit: str) -> str:
    told = unit.replace("⁹", "^9").replace("¹²", "^12")
    told = unicodedata.normalize("NFKC", told).strip().replace("\u03bc", "u")
    told = _SAME_UNIT.get(told.lower(), told)
    return "".join(told.lower().split())


def interpretation(item: Item, value: Decimal, usual: Range | None) -> str:
    """N, H, L, HH or LL (HL7 v3); "" where the catalogue knows no range."""
    urgent = item.critical
    if urgent is not None and urgent.high is not None and value > urgent.high:
        return "HH"
    if urgent is not None and urgent.low is not None and value < urgent.low:
        return "LL"
    if usual is None:
        return ""
    if usual.high is not None and value > usual.high:
        return "H"
    if usual.low is not None and value < usual.low:
        return "L"
    return "N"


# As much as the columns of a value and its limits hold: 14 digits, four of them behind the point.
_LARGEST = Decimal(10) ** 10


def check_size(value: Decimal | None, field: str) -> None:
    """Refuse a number that cannot be stored, and is no measurement either."""
    if value is not None and not (math.isfinite(value) and abs(value) < _LARGEST):
        raise ImpossibleValue(_("数值过大，请核对。"), field=field)


def check_pressure(systolic: Decimal | None, diastolic: Decimal | None) -> None:
    """Refuse two pressures of one measurement that no heart makes."""
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        raise ImpossibleValue(_("舒张压应低于收缩压，请核对。"), field="diastolic")


# The atoms of UCUM that a county's results are told in; those in brackets are taken as they come.
_ATOMS = (
    "m|s|g|rad|K|C|cd|mol|L|l|Pa|bar|Hz|N|J|W|V|A|F|Ohm|S|Wb|T|H|lm|lx|Bq|Gy|Sv|kat|U|eq|osm|Cel|"
    "min|h|d|wk|mo|a|t|dB|B|st|u|eV|pc|kn|deg|sph|cal|R"
)
_PREFIX = "Y|Z|E|P|T|G|M|k|h|da|d|c|m|u|n|p|f|a"
_TERM = re.compile(
    rf"(?:(?:(?:{_PREFIX})?(?:{_ATOMS}|\[[^\s\[\]]+\])|mmHg|%|10[*^]-?\d+|1|\d+)(?:[+-]?\d+)?"
    r"(?:\{[^{}]*\})?|\{[^{}]*\})"
)


def check_ucum(unit: str, field: str = "unit") -> str:
    """The unit in UCUM's spelling, or a refusal; brackets are not looked up."""
    told = unit.strip().replace("\u03bc", "u").replace("\xb5", "u")
    told = _SAME_UNIT.get(told.lower(), told)
    parts = re.split(r"[./](?![^{]*\})", told.removeprefix("/").replace("(", "").replace(")", ""))
    if all(_TERM.fullmatch(part) for part in parts):
        return told
    raise WrongUnit(
        _("“%(unit)s”不是 UCUM 单位，请写成 mmol/L、10*9/L 的样子。") % {"unit": unit}, field=field
    )


_NEGATIVE = {"-", "(-)", "－", "neg", "negative", "阴", "阴性(-)", "未检出"}
_POSITIVE = {"+", "(+)", "＋", "pos", "positive", "阳", "阳性(+)", "检出"}


def result_in_words(item: Item, text: str) -> tuple[str, str]:
    """A qualitative result as the catalogue words it, and its interpretation.

    What the catalogue does not word is left as it was told, without an interpretation.
    """
    told = unicodedata.normalize("NFKC", text).strip()
    plain = told.lower().replace(" ", "")
    if not item.texts:
        return text, ""
    if plain in _NEGATIVE or plain == item.texts[0]:
        return item.texts[0], "NEG"
    if plain in _POSITIVE:
        told = "阳性" if "阳性" in item.texts else "1+"
    elif set(plain) == {"+"} and f"{len(plain)}+" in item.texts:
        told = f"{len(plain)}+"
    elif plain in ("+-", "弱阳性", "微量"):
        told = "±"
    if told not in item.texts:
        return text, ""
    return told, "POS" if told != "±" else "A"


_DOSE = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)\s*([^\d\s.,，、/×*-]{1,10})")


_NO_DOSE = re.compile(r"[-−–]\s*\d|0+(?:\.0+)?(?!\d|\.\d)")


def check_dose(words: str, field: str = "dose") -> None:
    """Refuse a dose in words that begins with a number which is none."""
    if _NO_DOSE.match(unicodedata.normalize("NFKC", words).strip()):
        raise ImpossibleValue(_("每次剂量应大于 0。"), field=field)


def dose_of(words: str) -> tuple[Decimal | None, str]:
    """Number and unit of a dose in words that is one: 5mg, 0.5 片; (None, "") of others."""
    found = _DOSE.fullmatch(unicodedata.normalize("NFKC", words).strip())
    return (Decimal(found[1]), found[2]) if found and Decimal(found[1]) > 0 else (None, "")


def check_loinc(code: str, field: str = "code") -> str:
    """The code if it is made like one of LOINC's, with a true check digit (mod 10)."""
    body, dash, digit = code.partition("-")
    fine = bool(dash) and body.isascii() and body.isdigit() and 1 <= len(body) <= 7
    if fine and digit == str(_mod_10(body)):
        return code
    raise WrongNumber(
        _("“%(code)s”不是 LOINC 编码（校验位不符），请核对。") % {"code": code[:20]}, field=field
    )


def _mod_10(body: str) -> int:
    total = 0
    for at, digit in enumerate(reversed(body)):
        number = int(digit) * (2 if at % 2 == 0 else 1)
        total += number // 10 + number % 10
    return -total % 10


def check_record_number(number: str, field: str = "number") -> str:
    """The number of a health record, 17 digits.

    WS/T 364.2—2023 §4.1: 6 county, 3 township, 3 committee, 5 serial; there is no check digit.
    """
    told = "".join(unicodedata.normalize("NFKC", number).replace("-", "").split())
    if len(told) != 17 or not (told.isascii() and told.isdigit()):
        raise WrongNumber(_("健康档案编号应为 17 位数字。"), field=field)
    if not "11" <= told[:2] <= "82" or told[2:6] == "0000":
        raise WrongNumber(
            _("健康档案编号的前 6 位“%(area)s”不是县级行政区划代码。") % {"area": told[:6]},
            field=field,
        )
    if told[6:9] == "000" or told[9:12] == "000":
        raise WrongNumber(
            _("健康档案编号第 7～9 位是乡镇（街道），第 10～12 位是村（居）委会，都不能为 000。"),
            field=field,
        )
    if told[12:] == "00000":
        raise WrongNumber(_("健康档案编号末 5 位是序号，从 00001 起。"), field=field)
    return told


def check_committee(code: str, field: str = "committee") -> str:
    """The twelve digits of a village's or neighbourhood's committee, that begin a number."""
    told = "".join(unicodedata.normalize("NFKC", code).split())
    if len(told) != 12 or not (told.isascii() and told.isdigit()):
        raise WrongNumber(_("村（居）委会代码应为 12 位数字。"), field=field)
    return check_record_number(f"{told}00001", field)[:12]


def not_in_future(value: date | datetime | None, field: str, label: Any) -> None:
    """Refuse a fact that has not happened yet."""
    if value is None:
        return
    ahead = (
        value > timezone.now() + SLACK
        if isinstance(value, datetime)
        else value > timezone.localdate()
    )
    if ahead:
        raise InTheFuture(_("%(label)s不能晚于现在。") % {"label": label}, field=field)
