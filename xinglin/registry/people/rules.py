"""What is true of people's numbers and names: checked, read, spoken and hidden.

Pure calculation, no database. Readings of surnames and codes of provinces come from
`catalogue/surnames.toml` and `catalogue/areas.toml`.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from typing import ClassVar

from django.utils.translation import gettext as _
from pypinyin import lazy_pinyin

from xinglin.kernel import catalogue
from xinglin.kernel.errors import Refused

# The kind of document that a resident identity card is (CV02.01.101).
ID_CARD = "01"
# Documents that bear the citizen's number: the card, and the temporary one.
CITIZEN = (ID_CARD, "08")
_BEIJING = timezone(timedelta(hours=8))
# Nobody alive was born before; an earlier date on a card is a slip.
_OLDEST = date(1880, 1, 1)
# GB 11643—1999: weights of the first 17 digits, and check characters by remainder mod 11.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Dots between the parts of a transliterated name: 买买提·艾力. U+00B7 is the one we keep.
_DOTS = str.maketrans(dict.fromkeys("•‧∙・･．.●⋅", "·"))
_PROVISIONAL = re.compile(r"之[子女婴]([（(]?[0-9][）)]?)?$")
_BRACKETS = str.maketrans("()", "（）")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―－", "-"))


class BadIdCard(Refused):
    """The number is not that of a resident identity card."""

    code: ClassVar[str] = "bad-id-card"


class BadNumber(Refused):
    """The text is not a number of its kind."""

    code: ClassVar[str] = "bad-number"


class BadPhone(Refused):
    """The text is not a telephone number in China."""

    code: ClassVar[str] = "bad-phone"


# ------------------------------------------------------------------------------ identity cards


def check_id_card(text: str, *, today: date | None = None, field: str = "id_card") -> str:
    """The 18 characters of a resident identity card, or BadIdCard saying what is wrong.

    Full-width characters, spaces and a lower-case x are put right; a 15-digit card of the first
    generation (born 19xx) becomes its 18-digit form. Checked after GB 11643—1999: length,
    characters, province (GB/T 2260, cards keep retired counties for life), date of birth up to
    `today` (Beijing time by default), check character. The refusal never tells the right one.
    Residence permits of Hong Kong, Macao and Taiwan residents (81, 82, 83) are built alike
    and pass; permanent residence cards of foreigners do not.
    """
    card = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not card:
        raise BadIdCard(_("请填写身份证号码。"), field=field)
    if len(card) not in (15, 18):
        raise BadIdCard(
            _("身份证号码应为18位（旧证15位），现为%(length)d位。") % {"length": len(card)},
            field=field,
        )
    wanted = r"[0-9]{17}[0-9X]" if len(card) == 18 else r"[0-9]{15}"
    if re.fullmatch(wanted, card) is None:
        raise BadIdCard(_("身份证号码只能是数字，仅18位号码的末位可为X。"), field=field)
    old = len(card) == 15
    if old:
        body = f"{card[:6]}19{card[6:]}"
        card = body + _check_character(body)
    if card[:2] not in _provinces():
        raise BadIdCard(
            _("身份证号码前两位“%(area)s”不是有效的省级行政区划代码。") % {"area": card[:2]},
            field=field,
        )
    _check_birth(card[6:14], today or datetime.now(_BEIJING).date(), field)
    if card[17] != _check_character(card[:17]):
        raise BadIdCard(_("身份证号码校验码不符，请逐位核对。"), field=field)
    return card


def is_id_card(kind: str, number: str) -> bool:
    """Whether a number of this kind is that of a true resident identity card."""
    if kind not in CITIZEN:
        return False
    try:
        return check_id_card(number) == number
    except BadIdCard:
        return False


def _provinces() -> set[str]:
    return {row["code"] for row in catalogue.read_toml("areas.toml")["province"]}


def _check_character(body: str) -> str:
    """The 18th character of a card for its first 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def _check_birth(digits: str, today: date, field: str) -> None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise BadIdCard(
            _("身份证号码中的出生日期“%(date)s”不存在。") % {"date": digits}, field=field
        ) from None
    if born > today:
        raise BadIdCard(
            _("身份证号码中的出生日期“%(date)s”晚于今天。") % {"date": digits}, field=field
        )
    if born < _OLDEST:
        raise BadIdCard(
            _("身份证号码中的出生日期“%(date)s”过早，请核对。") % {"date": digits},
            field=field,
        )


def id_card_facts(card: str) -> tuple[date, str]:
    """Date of birth and sex (GB/T 2261.1: "1" male, "2" female) that a checked card tells."""
    born = date(int(card[6:10]), int(card[10:12]), int(card[12:14]))
    return born, "1" if int(card[16]) % 2 else "2"


# -------------------------------------------------------------------------- birth certificates


def check_birth_certificate(text: str, *, field: str = "value") -> str:
    """The number of a birth certificate (出生医学证明): one letter and nine digits, or BadNumber.

    The letter stands for the edition, two digits for the province (GB/T 2260), seven are serial.
    """
    number = plain_number(text)
    if re.fullmatch(r"[A-Z][0-9]{9}", number) is None or number[1:3] not in _provinces():
        raise BadNumber(
            _("出生医学证明编号应为 1 位字母加 9 位数字，前两位数字为省级代码。"), field=field
        )
    return number


def plain_number(text: str) -> str:
    """A number of whatever issuer as it is stored: half-width, no spaces, letters in capitals."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


# ---------------------------------------------------------------------------------- telephones


def check_phone(text: str, *, field: str = "phone") -> str:
    """A telephone number in its plain form, or BadPhone.

    A mobile number is 11 digits from 13 to 19; a fixed line is area code (0 and two or three
    digits), hyphen, seven or eight digits, and an extension of up to six digits after another
    hyphen. +86, spaces, brackets and hyphens inside the number are put right.
    """
    typed = unicodedata.normalize("NFKC", text).translate(_DASHES)
    number = re.sub(r"[\s()]", "", typed)
    at_home = re.sub(r"^(?:\+|00)86-?", "", number)
    mobile = at_home.replace("-", "")
    if re.fullmatch(r"1[3-9][0-9]{9}", mobile):
        return mobile
    if at_home != number and not at_home.startswith("0"):
        at_home = f"0{at_home}"
    fixed = re.fullmatch(
        r"(010|02[0-9]|0[3-9][0-9]{2})-?([2-9][0-9]{2,3}-?[0-9]{4})(?:-([0-9]{1,6}))?", at_home
    )
    if fixed is None:
        raise BadPhone(
            _("电话号码“%(phone)s”不正确：手机应为11位，固定电话应含区号。")
            % {"phone": text.strip()},
            field=field,
        )
    area, local, extension = fixed.groups()
    return "-".join(part for part in (area, local.replace("-", ""), extension) if part)


# --------------------------------------------------------------------------------------- names


def normal_name(name: str) -> str:
    """A name as it is stored: one kind of dot between parts, no spaces in a Chinese name."""
    text = " ".join(unicodedata.normalize("NFKC", name).split())
    if re.search(r"[A-Za-z]", text):
        # A name in Latin letters keeps its spaces and full stops.
        return text
    return text.translate(_DOTS).translate(_BRACKETS).replace(" ", "")


def split_name(name: str) -> tuple[str, str]:
    """Surname and given name: 欧阳修 → (欧阳, 修), 张三 → (张, 三).

    A name of dotted parts (买买提·艾力) or in Latin letters has no surname: ("", name).
    A name as long as a compound surname alone is read as one character and one more.
    """
    text = normal_name(name)
    if "·" in text or not text or text[0].isascii():
        return "", text
    compounds = catalogue.read_toml("surnames.toml")["compound"]
    for length in range(min(max(map(len, compounds)), len(text) - 1), 1, -1):
        if text[:length] in compounds:
            return text[:length], text[length:]
    return text[:1], text[1:]


def pinyin_of(name: str) -> str:
    """Full pinyin of a name, lower case, without tones, spaces and dots: 单雄信 → shanxiongxin.

    Surnames are read as surnames (`catalogue/surnames.toml`), given names as words; ü is v.
    """
    return "".join(syllables(name))


def initials_of(name: str) -> str:
    """The first letter of every syllable: 单雄信 → sxx, 欧阳修 → oyx."""
    return "".join(part[0] for part in syllables(name) if part)


def syllables(name: str) -> list[str]:
    """The syllables of a name without tones, its surname read as one: 单雄信 → shan xiong xin."""
    surname, given = split_name(name)
    if not surname:
        letters = "".join(c if c.isalnum() else " " for c in given.lower())
        return _words(letters)
    return (surname_sound(surname) or _words(surname)) + _words(given)


def surname_sound(surname: str) -> list[str]:
    """The syllables of a surname that is not read as the character usually is; else none."""
    table = catalogue.read_toml("surnames.toml")
    if surname in table["compound"]:
        return list(table["compound"][surname].split())
    return [table["surname"][surname]] if surname in table["surname"] else []


def _words(text: str) -> list[str]:
    return [
        part.lower()
        for word in lazy_pinyin(text)
        for part in "".join(c if c.isalnum() else " " for c in word).split()
    ]


def newborn_name(mother: str, sex: str, order: int | None = None) -> str:
    """What a child is called until it has a name: 张丽之子, second of twins 张丽之女（2）."""
    child = {"1": "子", "2": "女"}.get(sex, "婴")
    return f"{mother[:40]}之{child}" + (f"（{order}）" if order else "")


def is_provisional(name: str) -> bool:
    """Whether a name stands in for one not yet given: 张丽之子, 张丽之女（2）."""
    return bool(_PROVISIONAL.search(name))


# ------------------------------------------------------------------------------------- masking


def mask_name(name: str) -> str:
    """A name for those who need not know it: 张三 → 张*, 欧阳修 → 欧阳*, 买买提·艾力 → 买**·**."""
    surname, given = split_name(name)
    shown = surname or given[:1]
    hidden = given if surname else given[1:]
    return shown + "".join(c if c in "· " else "*" for c in hidden)


def mask_id_card(card: str) -> str:
    """The first four characters: 3301**************; a short number is hidden whole.

    Beside the date of birth, the last four would tell the whole number, which opens a record.
    """
    if len(card) < 12:
        return "*" * len(card)
    return card[:4] + "*" * (len(card) - 4)


def mask_phone(phone: str) -> str:
    """The first three and last four digits: 138****1234; a short number shows its last two."""
    if len(phone) < 9:
        return "*" * max(0, len(phone) - 2) + phone[-2:]
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]


# ----------------------------------------------------------------------------------------- age


def age_text(born: date, on: date) -> str:
    """How old somebody is, as a clinic says it: 45岁, 2岁3个月, 5个月12天, 9天.

    Days alone under one month, months and days under one year, years and months under six,
    then years. "" when `on` is before birth. A birthday on 29 February (or a 31st) is kept on
    the last day of a shorter month.
    """
    if on < born:
        return ""
    months = (on.year - born.year) * 12 + on.month - born.month
    if on < _months_after(born, months):
        months -= 1
    days = (on - _months_after(born, months)).days
    years, rest = divmod(months, 12)
    if months == 0:
        return _("%(days)d天") % {"days": days}
    if years == 0:
        if days == 0:
            return _("%(months)d个月") % {"months": months}
        return _("%(months)d个月%(days)d天") % {"months": months, "days": days}
    if years < 6 and rest:
        return _("%(years)d岁%(months)d个月") % {"years": years, "months": rest}
    return _("%(years)d岁") % {"years": years}


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


# ---------------------------------------------------------------------------------- search keys


def search_key(text: str) -> str:
    """The form in which names and numbers are indexed and asked for: no spaces, lower case.

    Half-width, lower case, without spaces, dots and hyphens; Chinese characters stay. At most
    64 characters count.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in plain if c.isalnum())[:64]


def card_keys(number: str) -> list[str]:
    """How a card is found: by its whole number or its last four characters, and no part else.

    A search that answered to beginnings would spell the number out, one character a time.
    """
    key = search_key(number)
    return [f"#{key}", f"~{key[-4:]}"] if key else []


def asked_key(text: str) -> str:
    """The key that a search asks for: a card's, where what was typed can be one."""
    key = search_key(text)
    if key[:-1].isdigit() and len(key) in (15, 18):
        return f"#{key}"
    if key[:-1].isdigit() and len(key) == 4:
        return f"~{key}"
    return key
