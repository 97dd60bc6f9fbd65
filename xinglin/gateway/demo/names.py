"""Names, places and numbers of people who do not exist."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

# The commonest surnames, roughly as often as in the country.
SURNAMES = dict(
    zip(
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶"
        "程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙史陶贺毛",
        [72, 70, 65, 52, 46, 32, 24, 22, 22, 21, 15, 15, 13, 12, 12, 11, 11, 10, 10, 9, 9, 9, 8, 8]
        + [7] * 12
        + [5] * 20
        + [3] * 40,
        strict=False,
    )
)
# Given names by sex and generation: born before 1965, before 1990, since.
GIVEN = {
    "1": (
        "建国 志强 德明 福生 国荣 水根 长根 金水 永昌 树林 炳生 正华 阿根 宝林 洪生 玉堂 仁德 春生",
        "伟 强 军 勇 建华 国平 海峰 志刚 文斌 俊杰 永刚 晓东 建军 卫东 立新 学军 小平 明辉",
        "浩 宇轩 子涵 俊熙 晨阳 浩然 嘉豪 一鸣 梓轩 天佑 明哲 泽宇 思远 博文 皓轩 家乐",
    ),
    "2": (
        "秀英 桂兰 玉珍 凤仙 菊香 美娟 兰英 桂花 月娥 彩凤 素珍 金娣 阿珍 翠花 秀珍 玉兰 杏花 招弟",
        "丽 敏 静 艳 芳 娟 红梅 海燕 丽华 小红 春燕 雪梅 亚萍 建英 惠琴 国英 玲玲 晓霞",
        "欣怡 雨涵 梓萱 诗琪 佳怡 思彤 语嫣 可馨 雅婷 梦瑶 子晴 若曦 一诺 雨桐 芷若 心悦",
    ),
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def surname(rng: Random) -> str:
    return rng.choices(list(SURNAMES), list(SURNAMES.values()))[0]


def given_name(rng: Random, sex: str, born: date) -> str:
    generation = 0 if born.year < 1965 else 1 if born.year < 1990 else 2
    return rng.choice(GIVEN[sex][generation].split())


def id_card(area: str, born: date, serial: int, sex: str) -> str:
    """A number with a true check digit (GB 11643) in an area that does not exist."""
    body = f"{area}{born:%Y%m%d}{serial % 499 * 2 + (1 if sex == '1' else 0):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def credit_code(area: str, number: int) -> str:
    """A unified social credit code (GB 32100) of a public institution that does not exist."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"12{area}{number:09d}"
    total = sum(alphabet.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


def birthday(rng: Random, today: date) -> date:
    """A birth date of an ageing county: three in ten are sixty or older."""
    low, high = rng.choices(
        [(0, 6), (7, 17), (18, 34), (35, 49), (50, 59), (60, 69), (70, 79), (80, 94)],
        [5, 10, 17, 19, 18, 16, 10, 5],
    )[0]
    return today - timedelta(days=rng.randint(low * 365 + 1, high * 365 + 364))
