"""A Chinese county with everything that makes people look alike, and the truth about it.

Seeded, hence the same every time. Villages have a surname of their own, households share a
telephone, twins a birthday and half a name; the same person comes again from another desk with a
name of the same sound, in traditional characters, with a digit wrong in the card, the old
15-digit number or none, another telephone, another house, or as a newborn without a name.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from uuid import UUID

from opencc import OpenCC
from pypinyin import lazy_pinyin

from bench.county.names import SURNAMES

_GIVEN = (
    "英华秀明玉国桂建文丽平军海红兰芳志春凤云荣金梅伟珍杰强生林霞勇德美香艳永娟静东敏成小光燕振庆清峰福玲新"
    "辉超斌忠波鹏莲立洪家龙祥学友淑仁宝琴涛飞义世俊民少月翠宏良雪思雨子晓佳欣浩宇梓轩涵诗琪博睿怡萱嘉一鑫晨"
    "阳瑞宁安康乐乔松柏桃杏枝叶苗禾谷丰登顺昌茂盛兴旺爱爰蓉容融榕溶圆媛源元园袁远苑院景竞静净敬境晶京经精菁"
    "婧慧惠会卉蕙汇贤娴显弦先仙献贞真珍臻桢振镇震诚承程澄呈城远渊元媛苑君军钧均俊峻骏竣珺莉丽利力立励黎理礼"
    "李璃琳林霖临麟凌玲灵铃菱岭翎琼穷群裙珊山杉善闪尚商伤裳妍言严岩研燕艳彦雁焰瑶遥姚耀药奕亦易义艺忆毅逸益"
    "译颖影迎盈莹营映硕朔烁楠南男囡蓝岚兰澜琦奇祺棋其琪旗启起气柔若弱诺洛珞倩茜纤前谦乾千芸云允韵运匀昀薇微"
    "威维伟炜玮卫为未味悦月越岳跃粤阅泽则哲浙者喆芷之枝芝志智致治至桐童彤同通统佟凯楷恺开锋烽丰枫风凤奉俸"
)
_TODAY = date(2026, 6, 30)
_AREAS = ("330127", "330182", "330122", "330183", "339005")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_TO_TRADITIONAL = OpenCC("s2t")


@dataclass
class Number:
    """A number by which an issuer knows somebody."""

    kind: str
    issuer: str
    value: str


@dataclass
class Row:
    """One registration, as some desk wrote it; `who` is the truth."""

    who: int
    name: str
    sex: str
    birth_date: date | None
    id_type: str = "01"
    id_number: str = ""
    health_record_no: str = ""
    phone: str = ""
    township: str = ""
    village: str = ""
    address_detail: str = ""
    mother_id: UUID | None = None
    birth_order: int | None = None
    numbers: list[Number] = field(default_factory=list)
    # Twins of each other bear the same number; 0 for all others.
    twins: int = 0


def county(people: int, seed: int, *, again: float = 0.25) -> list[Row]:
    """So many people, a share of whom is registered again with slips; in random order."""
    draw = random.Random(seed)
    rows = [row for home in _homes(people, draw) for row in home]
    # No two people bear one card.
    borne: set[str] = set()
    for row in rows:
        while row.id_number in borne and row.birth_date:
            row.id_number = _card(row.birth_date, row.sex, draw)
        borne |= {row.id_number} - {""}
    for row in rows[: len(rows)]:
        if draw.random() < again:
            rows += _again(row, draw)
    draw.shuffle(rows)
    return rows


# ------------------------------------------------------------------------------- who there is


@lru_cache(maxsize=1)
def _surnames() -> tuple[list[str], list[float]]:
    told = [(part.rstrip("0123456789."), part) for part in SURNAMES]
    return [name for name, _ in told], [float(part[len(name) :]) for name, part in told]


@lru_cache(maxsize=1)
def _sounds() -> dict[str, list[str]]:
    """Characters of names by how they sound."""
    found: dict[str, list[str]] = {}
    names = {char for name in _surnames()[0] if len(name) == 1 for char in name}
    for char in sorted(set(_GIVEN) | names):
        found.setdefault(lazy_pinyin(char)[0], []).append(char)
    return found


def _homes(people: int, draw: random.Random) -> Iterator[list[Row]]:
    names, shares = _surnames()
    villages = max(8, people // 1500)
    owns = draw.choices(names, shares, k=villages)
    made = 0
    while made < people:
        at = draw.randrange(villages)
        home = list(_home(made, at, owns[at], draw))
        made += len(home)
        yield home


def _home(first: int, at: int, own: str, draw: random.Random) -> Iterator[Row]:
    names, shares = _surnames()
    surname = own if draw.random() < 0.6 else draw.choices(names, shares)[0]
    place = {
        "township": f"第{at // 12 + 1}镇",
        "village": f"{own}家{'东西南北上下前后'[at % 8]}村{at}",
        "address_detail": f"{draw.randint(1, 400)}号",
    }
    shared = _phone(draw)
    who = first + 1
    father = _born(draw, 22, 95)
    members = [
        (father, surname, "1", 0),
        (
            father + timedelta(days=draw.randint(-1500, 1500)),
            draw.choices(names, shares)[0],
            "2",
            0,
        ),
    ]
    children = draw.choice((0, 1, 1, 1, 2, 2, 3))
    mother = members[1][0]
    for _child in range(children):
        born = mother + timedelta(days=draw.randint(19 * 365, 40 * 365))
        if born > _TODAY:
            continue
        sex = draw.choice("12")
        if draw.random() < 0.025:
            pair = who * 10 + 1
            members.append((born, surname, sex, pair))
            members.append((born, surname, sex if draw.random() < 0.7 else "1", pair))
        else:
            members.append((born, surname, sex, 0))
    theme = draw.choice(_GIVEN)
    mother_id = UUID(int=(1 << 100) + who)
    order: dict[int, int] = {}
    for born, name, sex, pair in members:
        age = (_TODAY - born).days / 365.25
        if age < 0:
            continue
        # Brothers and sisters often share a character; twins mostly do.
        given = draw.choice(_GIVEN) + (draw.choice(_GIVEN) if draw.random() < 0.8 else "")
        if (pair and draw.random() < 0.7) or draw.random() < 0.1:
            given = theme + draw.choice(_GIVEN)
        row = Row(who, name + given, sex, born, twins=pair, **place)
        if pair:
            order[pair] = order.get(pair, 0) + 1
        row.id_number = "" if age < 0.5 or draw.random() < 0.03 else _card(born, sex, draw)
        own_phone = _phone(draw) if 14 < age < 72 else shared
        row.phone = "" if draw.random() < 0.12 else (shared if draw.random() < 0.2 else own_phone)
        if draw.random() < 0.6:
            row.health_record_no = f"{_AREAS[0]}{at:05d}{who % 1000000:06d}"
        if draw.random() < 0.3:
            row.numbers.append(Number("local", "青山县人民医院", f"{who:08d}"))
        if age < 6:
            row.numbers.append(Number("birth-cert", "", f"Y33{who:07d}"))
            row.mother_id = mother_id if draw.random() < 0.7 else None
            row.birth_order = order[pair] if pair and draw.random() < 0.5 else None
        if age < 1 and draw.random() < 0.7:
            row.name = f"{surname}丽之{'子' if sex == '1' else '女'}"
            row.id_number = ""
        yield row
        who += 1


def _born(draw: random.Random, least: int, most: int) -> date:
    return _TODAY - timedelta(days=draw.randint(least * 365, most * 365))


def _phone(draw: random.Random) -> str:
    return f"1{draw.choice('3 5 7 8'.split())}{draw.randrange(10**9):09d}"


def _card(born: date, sex: str, draw: random.Random) -> str:
    area = _AREAS[0] if draw.random() < 0.85 else draw.choice(_AREAS)
    serial = draw.randrange(500) * 2 + (1 if sex == "1" else 0)
    body = f"{area}{born:%Y%m%d}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


# ---------------------------------------------------------------------- the same person again


def _again(row: Row, draw: random.Random) -> Iterator[Row]:
    """The person at another desk, once or twice."""
    for _time in range(1 if draw.random() < 0.85 else 2):
        yield _slips(replace(row, numbers=list(row.numbers)), draw)


def _slips(row: Row, draw: random.Random) -> Row:
    def happens(share: float) -> bool:
        return draw.random() < share

    if row.name.endswith(("之子", "之女")) and happens(0.6):
        # It has a name by now.
        row.name = row.name[0] + draw.choice(_GIVEN) + draw.choice(_GIVEN)
        row.id_number = _card(row.birth_date or _TODAY, row.sex, draw) if happens(0.6) else ""
    elif happens(0.10):
        row.name = _other_character(row.name, draw, sounds=True)
    elif happens(0.03):
        row.name = _other_character(row.name, draw, sounds=False)
    if happens(0.05):
        row.name = str(_TO_TRADITIONAL.convert(row.name))
    born = row.birth_date
    if happens(0.18):
        row.id_number = ""
    elif row.id_number and happens(0.04):
        row.id_number = _wrong_digit(row.id_number, draw)
    elif row.id_number and born and born.year < 1985 and happens(0.15):
        row.id_number = row.id_number[:6] + row.id_number[8:17]
    if not row.id_number and born and happens(0.06):
        row.birth_date = _wrong_day(born, draw)
    if happens(0.004):
        row.sex = "2" if row.sex == "1" else "1"
    if happens(0.25):
        row.phone = _phone(draw)
    elif happens(0.15):
        row.phone = ""
    elif row.phone and happens(0.02):
        row.phone = _wrong_digit(row.phone, draw)
    if happens(0.08):
        if happens(0.5):
            row.township = f"第{draw.randint(1, 14)}镇"
        row.village = f"新村{draw.randrange(40)}"
        row.address_detail = f"{draw.randint(1, 400)}号"
    elif happens(0.3):
        row.address_detail = ""
    if happens(0.5):
        row.health_record_no = ""
    if happens(0.7):
        row.numbers = [n for n in row.numbers if n.kind != "local"]
    if happens(0.4):
        row.numbers = [n for n in row.numbers if n.kind != "birth-cert"]
    return row


def _other_character(name: str, draw: random.Random, *, sounds: bool) -> str:
    at = draw.randrange(1 if len(name) > 1 else 0, len(name))
    if not sounds:
        return name[:at] + draw.choice(_GIVEN) + name[at + 1 :]
    alike = _sounds().get(lazy_pinyin(name[at])[0], [name[at]])
    return name[:at] + draw.choice(alike) + name[at + 1 :]


def _wrong_digit(number: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(number) - 1)
    if draw.random() < 0.3:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    other = draw.choice([digit for digit in "0123456789" if digit != number[at]])
    return number[:at] + other + number[at + 1 :]


def _wrong_day(born: date, draw: random.Random) -> date:
    how = draw.random()
    if how < 0.3 and born.day <= 12:
        return born.replace(month=born.day, day=born.month)
    if how < 0.6:
        # The lunar date, written as if it were solar.
        return born - timedelta(days=draw.randint(20, 50))
    if how < 0.8:
        return born.replace(year=born.year + draw.choice((-1, 1)), day=min(born.day, 28))
    return born.replace(day=draw.randint(1, 28))
