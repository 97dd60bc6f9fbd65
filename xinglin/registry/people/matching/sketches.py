"""A registration in the form in which it is compared: plain text, nothing that is not said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from opencc import OpenCC
from pypinyin import lazy_pinyin

from xinglin.kernel.errors import Refused
from xinglin.registry.people import rules


class Registered(Protocol):
    """What a person must tell to be compared."""

    name: str
    sex: str
    birth_date: Any
    id_type: str
    id_number: str
    health_record_no: str
    phone: str
    township: str
    village: str
    address_detail: str
    mother_id: UUID | None
    birth_order: int | None


class Numbered(Protocol):
    """A number by which an issuer knows somebody."""

    kind: str
    issuer: str
    value: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is compared. None, or an empty list, where nothing is said.

    Every column is plain text or a list of it, so that DuckDB holds the same and both engines
    compare alike.
    """

    name: str
    sound: str
    parts: str
    holes: list[str]
    shared: list[str]
    given: str
    provisional: bool
    born: str | None
    card: str | None
    card_type: str | None
    genuine: bool
    phone: str | None
    sex: str | None
    township: str | None
    village: str | None
    detail: str | None
    spelled: str | None
    numbers: list[str]
    issuers: list[str]
    mother: str | None
    birth_order: int | None


COLUMNS = tuple(field.name for field in fields(Sketch))


def sketch(person: Registered, identifiers: Iterable[Numbered] = ()) -> Sketch:
    """What can be compared of a registration; a number that is no real card still counts."""
    spoken = voice(person.name)
    born = person.birth_date.strftime("%Y%m%d") if person.birth_date else None
    card, genuine = _card(person.id_type or "", person.id_number)
    numbers, issuers = [], []
    if person.health_record_no:
        numbers.append(f"record||{person.health_record_no}")
    for each in identifiers:
        numbers.append(f"{each.kind}|{each.issuer}|{_plain(each.value)}")
        issuers.append(f"{each.kind}|{each.issuer}")
    if person.health_record_no:
        issuers.append("record|")
    detail = _plain(person.address_detail)
    return Sketch(
        *spoken,
        born,
        card or None,
        _kind(person.id_type or "") if card else None,
        genuine,
        person.phone or None,
        person.sex if person.sex in ("1", "2") else None,
        _plain(person.township) or None,
        _plain(person.village) or None,
        detail or None,
        detail if detail.isascii() and len(detail) > 5 else None,
        numbers,
        issuers,
        str(person.mother_id) if person.mother_id else None,
        person.birth_order,
    )


@lru_cache(maxsize=100_000)
def voice(name: str) -> tuple[str, str, str, list[str], list[str], str, bool]:
    """A name as written, as spoken, its parts in order, and what of it others may share.

    Traditional characters become simplified; a name in Latin letters is spoken as written.
    """
    simple = simplified(rules.normal_name(name))
    provisional = rules.is_provisional(simple)
    plain = rules.search_key(simple)
    surname, given = rules.split_name(simple)
    if not surname:
        words = ["".join(filter(str.isalnum, word)) for word in _words(simple)]
        words = [word for word in words if word]
        first = words[0] if words else ""
        shared = sorted({word for word in words if len(word) > 2})
        return plain, plain, " ".join(sorted(words)), [], shared, first, provisional
    own = rules.surname_sound(surname) or [_sound(char) for char in surname]
    rest = [_sound(char) for char in given if char.isalnum()]
    sound = own + rest
    holes = (
        [f"{plain[:at]}_{plain[at + 1 :]}" for at in range(len(plain))] if len(plain) > 2 else []
    )
    spoken, parts = " ".join(sound), " ".join(sorted(sound))
    return plain, spoken, parts, holes, [" ".join(own)], " ".join(rest), provisional


@lru_cache(maxsize=20_000)
def _sound(char: str) -> str:
    """How a character of a given name is read by itself; whole words would read it by sense."""
    return str(lazy_pinyin(char)[0]).casefold()


def simplified(text: str) -> str:
    """Traditional characters as simplified ones: 陳麗華 → 陈丽华."""
    return text if text.isascii() else "".join(map(_simple, text))


@lru_cache(maxsize=20_000)
def _simple(char: str) -> str:
    return char if char.isascii() else str(_converter().convert(char))


@lru_cache(maxsize=1)
def _converter() -> Any:
    return OpenCC("t2s")


def _words(name: str) -> list[str]:
    return re.split(r"[\s·.,]+", name.casefold())


def _kind(code: str) -> str:
    """The kind of document, one where two bear the same number."""
    return rules.ID_CARD if code in rules.CITIZEN else code


def _card(kind: str, number: str) -> tuple[str, bool]:
    """The number in its one form (15 digits as 18), and whether it is a true identity card."""
    plain = _plain(number).upper()
    if kind not in rules.CITIZEN or not plain:
        return plain, False
    try:
        return rules.check_id_card(plain), True
    except Refused:
        return plain, False


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()) if text else ""
