"""Signs and durations in the words of a complaint. Pure.

Only phrases of the catalogue are known, and none that the same clause denies (无胸痛, 否认咯血).
What was read is shown to the doctor, who may take it back.
"""

from __future__ import annotations

import re
from functools import lru_cache

from xinglin.clinical.triage import catalogue

_CLAUSE = re.compile(r"[，。；;,.！!？?\n]")
# A denial; 无 inside of a word (无力, 无尿, 无脉) denies nothing.
_DENIES = re.compile(r"无(?!力|尿|脉|神)|否认|未见|未诉|未出现|没有|不伴|排除|并非|除外")
_AFFIRMS = re.compile(r"但|伴有|出现|可见|有(?!无)")
_SPAN = re.compile(
    r"(\d{1,4}(?:\.\d)?|[半一二两三四五六七八九十]{1,3})\s*余?个?(分钟|小时|天|日|周|星期|月|年)"
)
_DIGITS = {"半": 0.5, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7}
_DIGITS |= {"八": 8, "九": 9}
_HOURS = {"分钟": 1 / 60, "小时": 1, "天": 24, "日": 24, "周": 168, "星期": 168}
_HOURS |= {"月": 720, "年": 8766}


@lru_cache(maxsize=4)
def _pattern(words: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, list[str]]]:
    codes: dict[str, list[str]] = {}
    for word, code in words:
        codes.setdefault(word, []).append(code)
    longest = sorted(codes, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or r"(?!)"), codes


def recognise(text: str) -> frozenset[str]:
    """The signs that a text tells of and does not deny."""
    told = tuple((word, sign.code) for sign in catalogue.signs().values() for word in sign.words)
    pattern, codes = _pattern(told)
    found: set[str] = set()
    for clause in _CLAUSE.split(text):
        end_of_last = 0
        denied = False
        for match in pattern.finditer(clause):
            between = clause[end_of_last : match.start()]
            denies = [m.end() for m in _DENIES.finditer(between)]
            affirms = [m.end() for m in _AFFIRMS.finditer(between)]
            if denies or affirms:
                denied = max(denies, default=-1) >= max(affirms, default=-1)
            end_of_last = match.end()
            if not denied:
                found.update(codes[match[0]])
    return frozenset(found)


def duration(text: str) -> float | None:
    """The first span of time that a complaint names, in hours; None without one."""
    found = _SPAN.search(text)
    if found is None:
        return None
    number = _number(found[1])
    return number * _HOURS[found[2]] if number is not None else None


def _number(said: str) -> float | None:
    try:
        return float(said)
    except ValueError:
        pass
    tens, ten, ones = said.partition("十")
    if ten:
        if any(part and part not in _DIGITS for part in (tens, ones)):
            return None
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    return _DIGITS.get(said)
