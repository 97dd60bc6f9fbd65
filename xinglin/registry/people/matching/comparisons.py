"""How two sketches can agree: each comparison's levels, the closest first.

A level is told twice, in Python for one person at the counter and in SQL for everybody at once
(DuckDB, columns `…_l` and `…_r`); a test holds the two to each other. What is not said on
either side is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from xinglin.registry.people.matching.sketches import Sketch

Test = Callable[[Sketch, Sketch], bool]
# Solar and lunar dates of one birthday lie up to seven weeks apart; two months with slips.
LUNAR_DAYS = 62


@dataclass(frozen=True)
class Level:
    """One way to agree."""

    code: str
    label: object
    agrees: Test
    sql: str


@dataclass(frozen=True)
class Comparison:
    """One thing that two registrations both say; `silent` where one of them does not."""

    code: str
    label: object
    silent: Test
    silent_sql: str
    levels: tuple[Level, ...]
    # The column whose frequency in the county tempers the first level.
    frequency: str = ""

    def level(self, one: Sketch, other: Sketch) -> Level | None:
        """How they agree; None where one of them says nothing."""
        if self.silent(one, other):
            return None
        return next(level for level in self.levels if level.agrees(one, other))


def _differs(label: object = _("不同")) -> Level:
    return Level("other", label, lambda a, b: True, "ELSE")


def _slip(a: str, b: str, most: int = 1) -> bool:
    """So many characters wrong, missing or too many, or two neighbours changed round."""
    return DamerauLevenshtein.distance(a, b, score_cutoff=most) <= most


def _near_day(a: str, b: str) -> bool:
    if a[4:] == b[4:] and abs(int(a[:4]) - int(b[:4])) <= 2:
        return True
    one, other = _day(a), _day(b)
    return one is not None and other is not None and abs((one - other).days) <= LUNAR_DAYS


def _day(text: str) -> date | None:
    """The day; None for one that no calendar has, as files of others may say."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _swapped_day(a: str, b: str) -> bool:
    return a[:4] == b[:4] and a[4:6] == b[6:] and a[6:] == b[4:6]


def _near_name(a: Sketch, b: Sketch) -> bool:
    if a.holes and not set(a.holes).isdisjoint(b.holes):
        return True
    if not (a.name.isascii() and b.name.isascii()):
        return False
    return min(len(a.parts), len(b.parts)) > 7 and _alike(a.parts, b.parts, 0.92)


def _alike(a: str, b: str, least: float) -> bool:
    return JaroWinkler.similarity(a, b) >= least


def _close_sound(a: Sketch, b: Sketch) -> bool:
    if min(len(a.sound), len(b.sound)) < 5:
        return False
    return DamerauLevenshtein.distance(a.sound, b.sound, score_cutoff=1) <= 1


COMPARISONS = (
    Comparison(
        "name",
        _("姓名"),
        lambda a, b: not a.name or not b.name or a.provisional != b.provisional,
        "name_l = '' OR name_r = '' OR provisional_l <> provisional_r",
        (
            Level("same", _("相同"), lambda a, b: a.name == b.name, "name_l = name_r"),
            Level("sound", _("同音"), lambda a, b: a.sound == b.sound, "sound_l = sound_r"),
            Level("swapped", _("次序颠倒"), lambda a, b: a.parts == b.parts, "parts_l = parts_r"),
            Level(
                "near",
                _("差一字或拼写相近"),
                _near_name,
                "list_has_any(holes_l, holes_r) OR (regexp_full_match(name_l, '[ -~]+') AND "
                "regexp_full_match(name_r, '[ -~]+') AND least(length(parts_l), length(parts_r)) "
                "> 7 AND jaro_winkler_similarity(parts_l, parts_r) >= 0.92)",
            ),
            Level(
                "close",
                _("读音相近"),
                _close_sound,
                "least(length(sound_l), length(sound_r)) >= 5 "
                "AND damerau_levenshtein(sound_l, sound_r) <= 1",
            ),
            Level(
                "shared",
                _("仅姓氏或一部分相同"),
                lambda a, b: not set(a.shared).isdisjoint(b.shared),
                "list_has_any(shared_l, shared_r)",
            ),
            _differs(),
        ),
        frequency="name",
    ),
    Comparison(
        "born",
        _("出生日期"),
        lambda a, b: not a.born or not b.born,
        "born_l IS NULL OR born_r IS NULL",
        (
            Level("same", _("相同"), lambda a, b: a.born == b.born, "born_l = born_r"),
            Level(
                "slip",
                _("差一位或月日颠倒"),
                lambda a, b: (
                    _slip(a.born or "", b.born or "") or _swapped_day(a.born or "", b.born or "")
                ),
                "damerau_levenshtein(born_l, born_r) <= 1 OR (substr(born_l, 1, 4) = "
                "substr(born_r, 1, 4) AND substr(born_l, 5, 2) = substr(born_r, 7, 2) "
                "AND substr(born_l, 7, 2) = substr(born_r, 5, 2))",
            ),
            Level(
                "two",
                _("差两位"),
                lambda a, b: _slip(a.born or "", b.born or "", 2),
                "damerau_levenshtein(born_l, born_r) <= 2",
            ),
            Level(
                "near",
                _("相近（农历、虚岁）"),
                lambda a, b: _near_day(a.born or "", b.born or ""),
                "(substr(born_l, 5, 4) = substr(born_r, 5, 4) AND abs(CAST(substr(born_l, 1, 4) "
                "AS INTEGER) - CAST(substr(born_r, 1, 4) AS INTEGER)) <= 2) OR abs(date_diff("
                "'day', try_strptime(born_l, '%Y%m%d'), try_strptime(born_r, '%Y%m%d'))) "
                f"<= {LUNAR_DAYS}",
            ),
            _differs(),
        ),
    ),
    Comparison(
        "card",
        _("证件号码"),
        lambda a, b: not a.card or not b.card or a.card_type != b.card_type,
        "card_l IS NULL OR card_r IS NULL OR card_type_l <> card_type_r",
        (
            Level("same", _("相同"), lambda a, b: a.card == b.card, "card_l = card_r"),
            Level(
                "slip",
                _("差一位"),
                lambda a, b: _slip(a.card or "", b.card or ""),
                "damerau_levenshtein(card_l, card_r) <= 1",
            ),
            Level(
                "two",
                _("差两位"),
                lambda a, b: _slip(a.card or "", b.card or "", 2),
                "damerau_levenshtein(card_l, card_r) <= 2",
            ),
            _differs(),
        ),
    ),
    Comparison(
        "phone",
        _("电话"),
        lambda a, b: not a.phone or not b.phone,
        "phone_l IS NULL OR phone_r IS NULL",
        (
            Level("same", _("相同"), lambda a, b: a.phone == b.phone, "phone_l = phone_r"),
            Level(
                "slip",
                _("差一位"),
                lambda a, b: _slip(a.phone or "", b.phone or ""),
                "damerau_levenshtein(phone_l, phone_r) <= 1",
            ),
            _differs(),
        ),
    ),
    Comparison(
        "sex",
        _("性别"),
        lambda a, b: not a.sex or not b.sex,
        "sex_l IS NULL OR sex_r IS NULL",
        (Level("same", _("相同"), lambda a, b: a.sex == b.sex, "sex_l = sex_r"), _differs()),
    ),
    Comparison(
        "address",
        _("住址"),
        lambda a, b: (
            not (a.detail or a.village or a.township) or not (b.detail or b.village or b.township)
        ),
        "coalesce(detail_l, village_l, township_l) IS NULL "
        "OR coalesce(detail_r, village_r, township_r) IS NULL",
        (
            Level(
                "door",
                _("门牌相同"),
                lambda a, b: (
                    a.detail is not None
                    and a.detail == b.detail
                    and (a.village == b.village or a.township == b.township)
                ),
                "detail_l = detail_r AND (village_l IS NOT DISTINCT FROM village_r "
                "OR township_l IS NOT DISTINCT FROM township_r)",
            ),
            Level(
                "spelled",
                _("拼写相近"),
                lambda a, b: (
                    bool(a.spelled and b.spelled) and _alike(a.spelled or "", b.spelled or "", 0.88)
                ),
                "jaro_winkler_similarity(spelled_l, spelled_r) >= 0.88",
            ),
            Level(
                "village",
                _("同村"),
                lambda a, b: a.village is not None and a.village == b.village,
                "village_l = village_r",
            ),
            Level(
                "township",
                _("同乡镇"),
                lambda a, b: a.township is not None and a.township == b.township,
                "township_l = township_r",
            ),
            _differs(),
        ),
    ),
    Comparison(
        "number",
        _("其他号码"),
        lambda a, b: set(a.issuers).isdisjoint(b.issuers),
        "NOT list_has_any(issuers_l, issuers_r)",
        (
            Level(
                "same",
                _("相同"),
                lambda a, b: not set(a.numbers).isdisjoint(b.numbers),
                "list_has_any(numbers_l, numbers_r)",
            ),
            _differs(),
        ),
    ),
    Comparison(
        "mother",
        _("母亲"),
        lambda a, b: not a.mother or not b.mother,
        "mother_l IS NULL OR mother_r IS NULL",
        (
            Level("same", _("相同"), lambda a, b: a.mother == b.mother, "mother_l = mother_r"),
            _differs(),
        ),
    ),
)
