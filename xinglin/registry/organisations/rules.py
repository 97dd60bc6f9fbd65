"""Numbers of organisations, checked by the standards that made them. Pure calculation."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from django.utils.translation import gettext as _
from pypinyin import Style, lazy_pinyin

from xinglin.kernel import parameters
from xinglin.kernel.errors import Refused

# GB 32100—2015: 31 characters (no I, O, S, V, Z) and the weights 3^i mod 31 of the first 17.
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# GB 11714—1997: weights of the first eight characters; 0–9 count as such, A = 10 … Z = 35.
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


class BadCreditCode(Refused):
    """The text is not a unified social credit code."""

    code: ClassVar[str] = "bad-credit-code"


class BadOrganisationCode(Refused):
    """The text is not an organisation code."""

    code: ClassVar[str] = "bad-organisation-code"


def check_credit_code(text: str, *, field: str = "credit_code") -> str:
    """The 18 characters of a unified social credit code (统一社会信用代码), or BadCreditCode.

    Full-width and lower-case letters and spaces are put right. Checked after GB 32100—2015:
    length, alphabet, six digits of area, check character. The organisation code inside is not
    checked on its own: numbers given in the first years do not all hold it.
    """
    credit = _plain(text)
    if len(credit) != 18:
        raise BadCreditCode(
            _("统一社会信用代码应为18位，现为%(length)d位。") % {"length": len(credit)},
            field=field,
        )
    wrong = next((c for c in credit if c not in _ALPHABET), None)
    if wrong is not None:
        raise BadCreditCode(
            _("统一社会信用代码中不能有字符“%(character)s”（不使用I、O、S、V、Z）。")
            % {"character": wrong},
            field=field,
        )
    if re.fullmatch(r"[0-9]{6}", credit[2:8]) is None:
        raise BadCreditCode(_("统一社会信用代码第3至8位应为行政区划代码（数字）。"), field=field)
    total = sum(_ALPHABET.index(c) * w for c, w in zip(credit[:17], _CREDIT_WEIGHTS, strict=True))
    if credit[17] != _ALPHABET[(31 - total % 31) % 31]:
        raise BadCreditCode(_("统一社会信用代码校验码不符，请逐位核对。"), field=field)
    return credit


def check_organisation_code(text: str, *, field: str = "organisation_code") -> str:
    """An organisation code (组织机构代码) as `D2143569-X`, or BadOrganisationCode.

    The hyphen may be missing. Checked after GB 11714—1997: length, characters, check character.
    """
    code = _plain(text).replace("-", "")
    if len(code) != 9:
        raise BadOrganisationCode(
            _("组织机构代码应为9位，现为%(length)d位。") % {"length": len(code)},
            field=field,
        )
    if re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code) is None:
        raise BadOrganisationCode(
            _("组织机构代码前8位应为数字或大写字母，末位为数字或X。"), field=field
        )
    total = sum(int(c, 36) * w for c, w in zip(code[:8], _ORGANISATION_WEIGHTS, strict=True))
    if code[8] != "0123456789X0"[11 - total % 11]:
        raise BadOrganisationCode(_("组织机构代码校验码不符，请逐位核对。"), field=field)
    return f"{code[:8]}-{code[8]}"


def _plain(text: str) -> str:
    squeezed = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return re.sub(r"[‐‑‒–—―]", "-", squeezed)


def answers(asked: str, names: Iterable[str], codes: Iterable[str]) -> bool:
    """Whether a house is meant by what was typed: part of a name, its pinyin, a code's start."""
    key = "".join(unicodedata.normalize("NFKC", asked).split()).casefold()
    if any(code and code.casefold().startswith(key) for code in codes):
        return True
    return any(key in name.casefold() or key in "\n".join(_spoken(name)) for name in names if name)


@lru_cache(maxsize=8192)
def _spoken(name: str) -> tuple[str, str]:
    """Full pinyin and initials of a name: 青山镇卫生院 → qingshanzhenweishengyuan, qszwsy."""
    return (
        "".join(lazy_pinyin(name)).casefold(),
        "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).casefold(),
    )


# Mean radius of the earth in kilometres (IUGG).
EARTH = 6371.0088


@dataclass(frozen=True)
class Way:
    """The way between two houses: minutes by road; kilometres by road where both lie known.

    `entered`: the minutes are somebody's word and no estimate.
    """

    minutes: int
    kilometres: float | None
    entered: bool


def kilometres_apart(here: tuple[float, float], there: tuple[float, float]) -> float:
    """The great circle between two points in degrees (haversine)."""
    (north, east), (other_north, other_east) = (
        (math.radians(latitude), math.radians(longitude)) for latitude, longitude in (here, there)
    )
    half = (
        math.sin((other_north - north) / 2) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin((other_east - east) / 2) ** 2
    )
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, half)))


def road_kilometres(here: tuple[float, float], there: tuple[float, float]) -> float:
    """How long the road is likely to be: the great circle and what roads wind."""
    factor: float = parameters.get("travel.winding_factor")
    return kilometres_apart(here, there) * factor


def road_minutes(kilometres: float) -> int:
    """The time a road of that length takes, whole minutes, at least one."""
    speed: float = parameters.get("travel.speed_kmh")
    return max(1, round(kilometres / speed * 60))
