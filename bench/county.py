"""A believable county of any size, as rows: residents, visits, referrals and their traces.

What is assumed, because the figures depend on it:

- Surnames follow the national census of names (王 7.2 %, 李 7.0 %, 张 6.7 %, …), given names are
  of one or two characters of unequal frequency, so that a search for a common name finds many.
- Referrals come evenly over five years. A referral is open for 18 days on average, most of them
  in treatment, accepted or waiting for an answer: about 1 % of five years' referrals is open.
- Six of ten go up, three down, the others sideways or out of the county; of those that go up to
  the county level, over half goes to the lead hospital.
- What a visit finds is one diagnosis, blood pressure and pulse, a medicine in one of three, and
  results of the laboratory; some people have as many facts as the aims name (`HEAVY`), spread over
  five years and three houses.
- A referral leaves two lines in the trail and a notice; an installation's own leave more, and
  they lie in the same indexes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from xinglin.registry.people import rules

YEARS = 5
# People with a long record, and how many facts each has.
HEAVY, HEAVY_FACTS = 60, 300
OPEN_DAYS = 18

_SURNAMES = (
    "王7.2 李7.0 张6.7 刘5.4 陈4.6 杨3.1 赵2.3 黄2.3 周2.1 吴2.0 徐1.7 孙1.5 胡1.3 朱1.3 "
    "高1.2 林1.2 何1.1 郭1.1 马1.0 罗0.9 梁0.9 宋0.8 郑0.8 谢0.7 韩0.7 唐0.7 冯0.6 于0.6 "
    "董0.6 萧0.6 程0.6 曹0.6 袁0.5 邓0.5 许0.5 傅0.5 沈0.5 曾0.5 彭0.5 吕0.5 苏0.5 卢0.5 "
    "蒋0.5 蔡0.5 贾0.4 丁0.4 魏0.4 薛0.4 叶0.4 阎0.4 余0.4 潘0.4 杜0.4 戴0.4 夏0.4 钟0.4 "
    "汪0.4 田0.4 任0.4 姜0.4 范0.4 方0.4 石0.3 姚0.3 谭0.3 廖0.3 邹0.3 熊0.3 金0.3 陆0.3 "
    "郝0.3 孔0.3 白0.3 崔0.3 康0.3 毛0.3 邱0.3 秦0.3 江0.3 史0.3 顾0.3 侯0.3 邵0.3 孟0.3 "
    "龙0.3 万0.3 段0.2 雷0.2 钱0.2 汤0.2 尹0.2 黎0.2 易0.2 常0.2 武0.2 乔0.2 贺0.2 赖0.2 "
    "龚0.2 文0.2 单0.1 仇0.1 解0.1 欧阳0.1 诸葛0.05 上官0.05 司马0.05 夏侯0.02"
).split()
# The more frequent first: the weights below fall along the line.
_GIVEN = (
    "英华秀明玉国桂建文丽平军海红兰芳志春凤云荣金梅伟珍杰强生林霞勇德美香艳永娟静东敏成小光"
    "燕振庆清峰福玲新辉超斌忠波鹏莲立洪家龙祥学友淑仁宝琴涛飞义世俊民少月翠宏良雪思雨子晓"
    "佳欣浩宇梓轩涵诗琪博睿怡萱嘉一鑫晨阳瑞宁安康乐乔松柏桃杏枝叶苗禾麦谷丰登顺昌茂盛兴旺"
)
_DISEASES = (
    ("I10", "原发性高血压", "头晕头痛两周，血压波动"),
    ("I20.0", "不稳定性心绞痛", "活动后胸闷三天，休息后缓解"),
    ("I63.9", "脑梗死", "右侧肢体无力六小时"),
    ("E11.9", "2型糖尿病", "口干多饮半年，空腹血糖 12.3 mmol/L"),
    ("J44.1", "慢性阻塞性肺病急性加重", "咳嗽气喘加重一周"),
    ("J18.9", "肺炎", "发热咳嗽四天，体温 38.9 ℃"),
    ("K29.5", "慢性胃炎", "上腹隐痛两月"),
    ("K80.2", "胆囊结石", "右上腹痛一天，餐后加重"),
    ("K35.8", "急性阑尾炎", "转移性右下腹痛十小时"),
    ("N20.0", "肾结石", "腰痛伴血尿两天"),
    ("M51.2", "腰椎间盘突出", "腰痛放射至左下肢一月"),
    ("S72.0", "股骨颈骨折", "跌倒后右髋疼痛不能站立"),
    ("C34.9", "肺恶性肿瘤", "咳血丝痰两周，胸片示占位"),
    ("O80", "单胎顺产", "孕 39 周，规律宫缩"),
    ("H25.9", "老年性白内障", "视物模糊一年"),
    ("F32.9", "抑郁发作", "情绪低落、失眠两月"),
)
# code, name, kind, unit, usual from and to: what a visit measures, the vital signs first.
_MEASURED = (
    ("8480-6", "收缩压", "vital-signs", "mmHg", 90, 139),
    ("8462-4", "舒张压", "vital-signs", "mmHg", 60, 89),
    ("8867-4", "脉搏", "vital-signs", "/min", 60, 100),
    ("4548-4", "糖化血红蛋白", "laboratory", "%", 4, 6),
    ("14771-0", "空腹葡萄糖", "laboratory", "mmol/L", 3.9, 6.1),
    ("14682-9", "肌酐", "laboratory", "umol/L", 57, 97),
    ("22748-8", "低密度脂蛋白胆固醇", "laboratory", "mmol/L", 0, 3.4),
    ("14927-8", "甘油三酯", "laboratory", "mmol/L", 0, 1.7),
    ("2823-3", "钾", "laboratory", "mmol/L", 3.5, 5.3),
    ("718-7", "血红蛋白", "laboratory", "g/L", 115, 150),
)
_MEDICINES = (
    ("苯磺酸氨氯地平片", "5 mg", "每日一次"),
    ("阿司匹林肠溶片", "100 mg", "每日一次"),
    ("盐酸二甲双胍片", "0.5 g", "每日三次"),
    ("阿托伐他汀钙片", "20 mg", "每晚一次"),
    ("厄贝沙坦片", "150 mg", "每日一次"),
)
_MOBILE = (33, 35, 38, 39, 50, 58, 77, 86, 89)
_DEPARTMENTS = ("心内科", "神经内科", "普外科", "骨科", "呼吸科", "消化科", "内分泌科", "妇产科")

# state: share of what is open, who owes the next step, the permission for it, days until due
_OPEN_STATES = {
    "submitted": (18, "to", "referral.accept", 1),
    "waitlisted": (5, "to", "referral.accept", 3),
    "unanswered": (2, "office", "referral.arrange", 1),
    "accepted": (20, "to", "referral.receive", 5),
    "in-transit": (2, "to", "referral.receive", 1),
    "arrived": (6, "to", "referral.treat", 1),
    "in-treatment": (37, "to", "referral.close", 10),
    "down-proposed": (3, "to", "referral.close", 5),
    "declined": (4, "from", "referral.redirect", 1),
    "expired": (2, "from", "referral.redirect", 3),
    "draft": (1, "from", "referral.submit", 3),
}
_ARRIVED = {"arrived", "in-treatment", "down-proposed", "closed", "followed-up"}
_ANSWERED = _ARRIVED | {"waitlisted", "accepted", "in-transit", "declined", "expired"}


@dataclass(frozen=True)
class Scale:
    """How large the county is."""

    people: int
    encounters: int
    referrals: int
    # Facts in all, the encounters among them; 0 where the record is not what is measured.
    facts: int = 0

    @property
    def name(self) -> str:
        return f"{self.people}-{self.encounters}-{self.referrals}-{self.facts}"

    @property
    def size(self) -> int:
        """What the county is called by: its people where the record is measured, else referrals."""
        return self.people if self.facts else self.referrals


@dataclass(frozen=True)
class House:
    id: UUID
    level: str
    name: str


@dataclass(frozen=True)
class Houses:
    """The houses of the county that was established by the product's own actions."""

    region: House
    office: House
    hospitals: Sequence[House]
    townships: Sequence[House]
    villages: Sequence[tuple[House, House]]  # each with its township
    city: House


@dataclass(frozen=True)
class Resident:
    id: UUID
    name: str
    phone: str
    id_number: str
    record_no: str
    home: int  # the village's place in `Houses.villages`
    managed_by: UUID


class Choice:
    """Choosing by weight, many times."""

    def __init__(self, draw: random.Random, weighted: Sequence[tuple[Any, float]]) -> None:
        self._values = [value for value, _weight in weighted]
        self._weights = list(accumulate(weight for _value, weight in weighted))
        self._draw = draw

    def __call__(self) -> Any:
        return self._draw.choices(self._values, cum_weights=self._weights)[0]


def uuid7(at: datetime, draw: random.Random) -> UUID:
    """An identifier as the product would have made it at that moment."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | draw.getrandbits(12) << 64
        | 0b10 << 62
        | draw.getrandbits(62)
    )


class Readings:
    """Pinyin and initials of names, by their parts: reading half a million whole names is slow."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[str, str]] = {}

    def of(self, surname: str, given: str) -> tuple[str, str]:
        first = self._part(surname, surname + "一", 2, 1)
        rest = self._part("·" + given, "王" + given, -4, -1)
        return first[0] + rest[0], first[1] + rest[1]

    def _part(self, key: str, name: str, letters: int, initials: int) -> tuple[str, str]:
        if key not in self._parts:
            spoken, short = rules.pinyin_of(name), rules.initials_of(name)
            # Take "yi" from the end or "wang" from the beginning again.
            self._parts[key] = (
                (spoken[:-letters], short[:-initials])
                if letters > 0
                else (spoken[-letters:], short[-initials:])
            )
        return self._parts[key]


class County:
    """The rows, in the order of their writing; the same seed gives the same rows."""

    def __init__(
        self, scale: Scale, houses: Houses, *, now: datetime, seed: int = 20260301
    ) -> None:
        self.scale = scale
        self.houses = houses
        self.now = now
        self.began = now - timedelta(days=365 * YEARS)
        self._draw = random.Random(seed)
        self._readings = Readings()
        self.people: list[Resident] = []
        self.busy: set[int] = set()  # people with an open referral, by their place in `people`

    # ------------------------------------------------------------------------------- residents

    def residents(self) -> Iterator[tuple[Resident, dict[str, Any], list[tuple[str, str]]]]:
        """Each resident with the facts of the row and the keys they are found by."""
        draw = self._draw
        surname_of = Choice(
            draw, [(text.rstrip("0123456789."), _weight(text)) for text in _SURNAMES]
        )
        character = Choice(draw, [(sign, 1 / (rank + 6)) for rank, sign in enumerate(_GIVEN)])
        serials: dict[date, int] = {}
        for place in range(self.scale.people):
            surname = surname_of()
            given = character() if draw.random() < 0.13 else character() + character()
            born = date(1930, 1, 1) + timedelta(days=draw.randrange(96 * 365))
            serial = serials.setdefault(born, draw.randrange(1000))
            serials[born] = (serial + 37) % 1000
            home = draw.randrange(len(self.houses.villages))
            village, township = self.houses.villages[home]
            at = self.began + timedelta(seconds=place * 3)
            resident = Resident(
                id=uuid7(at, draw),
                name=surname + given,
                phone=f"1{draw.choice(_MOBILE)}{draw.randrange(10**8):08d}",
                id_number=_id_card(born, serial),
                record_no=f"330199{home + 100:03d}{place % 10**8:08d}",
                home=home,
                managed_by=(village if draw.random() < 0.8 else township).id,
            )
            self.people.append(resident)
            pinyin, initials = self._readings.of(surname, given)
            facts = {
                "created_at": at,
                "sex": "1" if serial % 2 else "2",
                "birth_date": born,
                "township": township.name.removesuffix("卫生院"),
                "village": village.name.removesuffix("卫生室"),
            }
            keys = [
                ("initials", initials),
                ("name", resident.name),
                *(("number", key) for key in rules.card_keys(resident.id_number)),
                ("number", resident.phone),
                ("number", resident.record_no),
                ("pinyin", pinyin),
            ]
            yield resident, facts, keys

    def encounters(self) -> Iterator[dict[str, Any]]:
        """Visits and stays, the oldest first."""
        draw = self._draw
        kind_of = Choice(
            draw, [("outpatient", 80), ("inpatient", 12), ("emergency", 5), ("home", 3)]
        )
        for at in self._moments(self.scale.encounters):
            resident = draw.choice(self.people)
            village, township = self.houses.villages[resident.home]
            house = draw.choices(
                (village, township, draw.choice(self.houses.hospitals)), (40, 35, 25)
            )[0]
            kind = kind_of()
            code_name = draw.choice(_DISEASES)
            yield {
                "id": uuid7(at, draw),
                "created_at": at,
                "updated_at": at,
                "happened_at": at,
                "person_id": resident.id,
                "organisation_id": house.id,
                "kind": kind,
                "department": draw.choice(_DEPARTMENTS),
                "started_at": at,
                "ended_at": at + timedelta(days=7 if kind == "inpatient" else 0, minutes=30),
                "complaint": code_name[2],
                "history": code_name[2] + "，无发热，二便正常",
            }

    def findings(self, visit: dict[str, Any], many: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """What was found and given in a visit: (kind, row), `many` in all."""
        draw = self._draw
        at = visit["started_at"]
        of = {
            "created_at": at,
            "happened_at": at,
            "person_id": visit["person_id"],
            "organisation_id": visit["organisation_id"],
            "encounter_id": visit["id"],
        }
        left = many
        if left > 0:
            code, name, _complaint = draw.choice(_DISEASES)
            found = {"code": code, "name": name, "diagnosed_on": at.date()}
            yield "diagnosis", {**of, "id": uuid7(at, draw), **found}
            left -= 1
        if left > 3 and draw.random() < 1 / 3:
            name, dose, often = draw.choice(_MEDICINES)
            given = {"name": name, "dose": dose, "frequency": often, "started_on": at.date()}
            # The last ones are taken still.
            over = at < self.now - timedelta(days=120)
            given["ended_on"] = (at + timedelta(days=30)).date() if over else None
            yield "medication", {**of, "id": uuid7(at, draw), **given}
            left -= 1
        for place in range(left):
            code, name, kind, unit, low, high = _MEASURED[place % len(_MEASURED)]
            value = round(low + (high - low) * draw.uniform(0.4, 1.3), 1)
            yield (
                "observation",
                {
                    **of,
                    "id": uuid7(at, draw),
                    "kind": kind,
                    "code": code,
                    "name": name,
                    "value": value,
                    "unit": unit,
                    "reference_low": low,
                    "reference_high": high,
                    "interpretation": "H" if value > high else "N",
                    "measured_at": at,
                },
            )

    def heavy(self) -> list[Resident]:
        """People of the first township who have a long record."""
        first = self.houses.townships[0].id
        theirs = [p for p in self.people if self.houses.villages[p.home][1].id == first]
        return theirs[:: max(1, len(theirs) // HEAVY)][:HEAVY]

    def long_records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The visits of those people with what was found in them, `HEAVY_FACTS` for each."""
        draw = self._draw
        for resident in self.heavy():
            village, township = self.houses.villages[resident.home]
            visits = HEAVY_FACTS // 8
            each = HEAVY_FACTS // visits - 1
            more = HEAVY_FACTS - visits * (each + 1)
            step = (self.now - self.began) / visits
            for place in range(visits):
                at = self.began + step * (place + draw.random())
                house = draw.choice((village, township, self.houses.hospitals[0]))
                stay = place % 12 == 5
                visit = {
                    "id": uuid7(at, draw),
                    "created_at": at,
                    "updated_at": at,
                    "happened_at": at,
                    "person_id": resident.id,
                    "organisation_id": house.id,
                    "kind": "inpatient" if stay else "outpatient",
                    "department": draw.choice(_DEPARTMENTS),
                    "started_at": at,
                    "ended_at": at + timedelta(days=7 if stay else 0, minutes=30),
                    "complaint": draw.choice(_DISEASES)[2],
                    "history": "无发热，二便正常",
                }
                yield "encounter", visit
                yield from self.findings(visit, each + (place < more))

    # ------------------------------------------------------------------------------- referrals

    def referrals(self) -> Iterator[dict[str, Any]]:
        """Referrals, the oldest first; `owner_name` and the like are for their inbox items."""
        draw = self._draw
        open_state = Choice(draw, [(state, told[0]) for state, told in _OPEN_STATES.items()])
        ended_state = Choice(draw, [("closed", 90), ("cancelled", 8), ("ended", 2)])
        route_of = Choice(
            draw,
            [
                (("village", "township"), 20),
                (("village", "hospital"), 8),
                (("township", "hospital"), 32),
                (("hospital", "township"), 26),
                (("township", "village"), 5),
                (("hospital", "hospital"), 4),
                (("hospital", "city"), 5),
            ],
        )
        for at in self._moments(self.scale.referrals):
            # As long as a stay lasts a referral is open: with this chance it still is.
            age = (self.now - at).total_seconds() / 86400
            is_open = draw.random() < 2.718281828 ** (-age / OPEN_DAYS)
            place = self._patient(is_open)
            yield self._referral(at, place, route_of(), open_state() if is_open else ended_state())

    def _referral(
        self, at: datetime, place: int, route: tuple[str, str], state: str
    ) -> dict[str, Any]:
        draw = self._draw
        person = self.people[place]
        source, target = (self._house(kind, person) for kind in route)
        if source.id == target.id:
            target = self.houses.hospitals[0 if source.id != self.houses.hospitals[0].id else 1]
        direction = _direction(route)
        if state == "closed" and direction == "down":
            # Sent down and followed up; the latest still wait for it.
            waits = self.now - at < timedelta(days=14) and draw.random() < 0.7
            if waits and place not in self.busy:
                self.busy.add(place)
            else:
                state = "followed-up"
        code, name, symptoms = draw.choice(_DISEASES)
        facts: dict[str, Any] = {
            "id": uuid7(at, draw),
            "created_at": at,
            "updated_at": at,
            "number": _number(at, draw),
            "state": state,
            "person_id": person.id,
            "from_org_id": source.id,
            "to_org_id": target.id,
            "written_by_id": source.id,
            "direction": direction,
            "urgency": draw.choices(("routine", "urgent", "emergency"), (75, 18, 7))[0],
            "kind": draw.choices(("outpatient", "inpatient", "exam"), (45, 45, 10))[0],
            "referred_on": at.date(),
            "to_department": draw.choice(_DEPARTMENTS),
            "diagnosis_code": code,
            "diagnosis_name": name,
            "diagnosed_on": at.date(),
            "symptoms": symptoms,
            "consent_signer": person.name,
            "consented_at": at,
            "submitted_at": None if state == "draft" else at,
            **dict.fromkeys(
                (
                    *("answered_at", "accepted_at", "arrived_at", "treated_at"),
                    *("closed_at", "ended_at", "follow_up_org_id", "followed_up_at"),
                    *("owner_id", "due_at", "clock_from"),
                )
            ),
            "refusal_code": "no-bed" if state == "declined" else "",
            "end_code": "other" if state in ("cancelled", "ended") else "",
            "duty": "",
            "patient": person.name,
            "source": source.name,
            "target": target.name,
        }

        def later(**time: float) -> datetime:
            return min(at + timedelta(**time), self.now)

        if state in _ANSWERED:
            facts["answered_at"] = later(hours=2)
        if state in _ANSWERED - {"waitlisted", "declined"}:
            facts["accepted_at"] = facts["answered_at"]
        if state in _ARRIVED:
            facts["arrived_at"] = facts["treated_at"] = later(days=1)
        if state in ("closed", "followed-up"):
            facts["closed_at"] = later(days=9)
        if state in ("cancelled", "ended"):
            facts["ended_at"] = later(days=1)
        if direction == "down":
            facts["follow_up_org_id"] = target.id
            if state == "followed-up":
                facts["followed_up_at"] = later(days=12)
        self._owner(facts, state, source, target, at)
        return facts

    def _owner(
        self, facts: dict[str, Any], state: str, source: House, target: House, at: datetime
    ) -> None:
        if state in _OPEN_STATES:
            _share, who, duty, days = _OPEN_STATES[state]
            # For a partner outside the county the sender does what the receiver would.
            receiver = source if target is self.houses.city else target
            owner = {"to": receiver, "from": source, "office": self.houses.office}[who]
        elif state == "closed" and facts["direction"] == "down":
            owner, duty, days = target, "referral.follow-up", 14
        else:
            return
        # Most clocks still run; a tenth is overdue.
        left = timedelta(days=days * (self._draw.random() - 0.1))
        facts |= {
            "owner_id": owner.id,
            "duty": duty,
            "clock_from": self.now + left - timedelta(days=days),
            "due_at": self.now + left,
        }

    def _patient(self, is_open: bool) -> int:
        place = self._draw.randrange(len(self.people))
        if is_open:
            while place in self.busy:
                place = self._draw.randrange(len(self.people))
            self.busy.add(place)
        return place

    def _house(self, kind: str, person: Resident) -> House:
        village, township = self.houses.villages[person.home]
        if kind == "hospital":
            return self._draw.choices(self.houses.hospitals, (55, 30, 15))[0]
        return {"village": village, "township": township, "city": self.houses.city}[kind]

    def _moments(self, many: int) -> Iterator[datetime]:
        step = (self.now - self.began) / max(1, many)
        for place in range(many):
            yield self.began + step * (place + self._draw.random())


def _direction(route: tuple[str, str]) -> str:
    order = {"village": 0, "township": 1, "hospital": 2, "city": 3}
    source, target = (order[kind] for kind in route)
    if target == 3:
        return "out"
    return "up" if target > source else "down" if target < source else "lateral"


def _weight(text: str) -> float:
    return float("".join(c for c in text if c in "0123456789."))


def _id_card(born: date, serial: int) -> str:
    """A number with a true check digit in an area that nobody lives in."""
    body = f"330199{born:%Y%m%d}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def _number(at: datetime, draw: random.Random) -> str:
    signs = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    return f"R{at:%y%m%d}-" + "".join(draw.choices(signs, k=7))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
