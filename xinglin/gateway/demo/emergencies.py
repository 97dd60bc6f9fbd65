"""Cases of the green channel: a quarter of past ones of every kind, and those that run just now."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency.models import GreenCase, State
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.gateway.demo.referrals import Cast
from xinglin.kernel import clock, outbox
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person, Sex

COMPLAINTS = {
    "chest-pain": ("持续胸骨后压榨样痛，伴大汗", "胸痛放射至左肩，含服硝酸甘油不缓解"),
    "stroke": ("突发右侧肢体无力、言语不清", "突发口角歪斜、左上肢抬举无力"),
    "trauma": ("摩托车撞伤，右大腿畸形、出血", "高处坠落，胸腹痛，面色苍白"),
    "mother": ("孕36周，头痛眼花，血压180/120", "产后出血约800毫升，心率130"),
    "newborn": ("出生后呻吟、三凹征，血氧85%", "羊水粪染，1分钟评分4分"),
}
# What was done, in order, and after how many minutes (from, to) of the step before.
ROADS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "chest-pain": (
        *(("ecg", 3, 12), ("ecg-read", 3, 11), ("decision", 2, 6), ("depart", 6, 18)),
        *(("door", 18, 45), ("wire", 35, 75), ("handover", 20, 60)),
    ),
    "stroke": (
        *(("decision", 5, 12), ("depart", 6, 20), ("door", 18, 45), ("assessed", 2, 8)),
        *(("ct", 8, 24), ("needle", 10, 32), ("handover", 20, 60)),
    ),
    "trauma": (
        *(("decision", 3, 9), ("depart", 6, 25), ("door", 18, 45), ("assessed", 2, 9)),
        *(("ct", 8, 25), ("operation", 18, 40), ("handover", 60, 110)),
    ),
    "mother": (
        *(("decision", 4, 10), ("depart", 8, 24), ("door", 18, 45), ("assessed", 2, 12)),
        *(("delivery", 15, 40), ("handover", 30, 90)),
    ),
    "newborn": (
        *(("decision", 5, 12), ("depart", 15, 45), ("door", 18, 45), ("assessed", 2, 10)),
        *(("stabilised", 15, 50), ("handover", 20, 60)),
    ),
}
# What it turned out to be.
FINAL = {
    "chest-pain": "I21.9",
    "stroke": "I63.9",
    "trauma": "S72.9",
    "mother": "O14.1",
    "newborn": "P22.0",
}
RECEIVER = frozenset(
    ("door", "assessed", "ct", "needle", "wire", "operation", "delivery", "stabilised", "handover")
)
# How far those have come that run today, begun how many minutes ago; the rest has ended.
RUNNING: tuple[tuple[str, str, int], ...] = (
    ("chest-pain", "", 1),
    ("trauma", "decision", 12),
    ("stroke", "depart", 34),
    ("mother", "door", 58),
    ("chest-pain", "wire", 150),
)
PAST = 24


def tell(people: list[Person], cast: Cast, rng: Random) -> int:
    """Past cases first, then those of this hour; how many there are."""
    pick = Pick(people)
    for number in range(PAST):
        kind = list(ROADS)[number % len(ROADS)]
        began = timezone.now() - timedelta(days=rng.randint(2, 85), minutes=rng.randint(0, 700))
        end = {7: "stood-down", 15: "died", 19: "unknown"}.get(number, "")
        whom = pick.one(kind)
        Road(cast, rng, whom, kind, began, unknown=end == "unknown").past(end)
        if not end:
            pick.back(whom)
    for kind, until, minutes in RUNNING:
        began = timezone.now() - timedelta(minutes=minutes)
        road = Road(cast, rng, pick.one(kind), kind, began, unknown=kind == "trauma")
        road.until(until)
    outbox.deliver()
    return GreenCase.objects.count()


class Pick:
    """Whom it befell: a woman of an age to give birth, a child that was just born, or anybody."""

    def __init__(self, people: list[Person]) -> None:
        today = timezone.localdate()
        adults = list(people)
        county = adults[0].county_id
        known = Person.objects.filter(county_id=county, managed_by__isnull=False, voided_at=None)
        known = known.select_related("managed_by").order_by("id_number")
        women = known.filter(
            sex=Sex.FEMALE,
            birth_date__gt=today - timedelta(days=39 * 365),
            birth_date__lt=today - timedelta(days=22 * 365),
        )
        babies = known.order_by("-birth_date")
        self.left = {"mother": list(women[:20]), "newborn": list(babies[:20])}
        self.adults = adults

    def one(self, kind: str) -> Person:
        return (self.left.get(kind) or self.adults).pop()

    def back(self, person: Person) -> None:
        """In a small county it befalls the same people again, the longest unharmed first."""
        self.adults.insert(0, person)


class Road:
    """One case on its way; the clock goes on with each step."""

    def __init__(
        self,
        cast: Cast,
        rng: Random,
        person: Person,
        kind: str,
        began: datetime,
        *,
        unknown: bool = False,
    ) -> None:
        self.rng, self.person, self.now = rng, person, began
        self.hospital = cast.houses["QS100"]
        self.house = self._house(cast, person)
        self.sender = cast.at(self.house, "township-doctor")
        self.desk = cast.at(self.hospital, "desk")
        self.doctor = cast.at(self.hospital, "specialist")
        self.kind = kind
        with clock.at(self.now):
            self.case = emergencies.open_case(
                GreenCase(
                    county_id=self.house.region_id,
                    kind=kind,
                    from_org=self.house,
                    person=None if unknown else person,
                    sex_seen="1" if unknown else "",
                    age_about=45 if unknown else None,
                    complaint=rng.choice(COMPLAINTS[kind]),
                ),
                by=self.sender,
            )

    def _house(self, cast: Cast, person: Person) -> Organisation:
        clinic = next(h for h in cast.houses.values() if h.pk == person.managed_by_id)
        return next(h for h in cast.houses.values() if h.pk == clinic.parent_id)

    def past(self, end: str) -> None:
        """The whole road to its end, with the letter that followed."""
        self.until("depart" if end in ("stood-down", "died") else "handover")
        with clock.at(self.now):
            if end == "stood-down":
                emergencies.stand_down(
                    self.case, by=self.sender, code="refused", text="家属要求就地治疗"
                )
            elif end == "died":
                emergencies.report_death(self.case, by=self.sender, course="05")
            elif end == "unknown":
                emergencies.identify(self.case, by=self.desk, person=self.person)
            outbox.deliver()
            self._letter()

    def until(self, last: str) -> None:
        """Step by step until `last`; "" for one that has just been started."""
        self._before()
        if not last:
            return
        self._confirm()
        for step, least, most in ROADS[self.kind]:
            # Past cases take what they take; one of this hour never runs ahead of the clock.
            self.now = min(
                self.now + timedelta(minutes=self.rng.randint(least, most)), timezone.now()
            )
            by = (
                self.sender
                if step not in RECEIVER
                else (self.desk if step == "door" else self.doctor)
            )
            with clock.at(self.now):
                emergencies.stamp(self.case, by=by, step=step)
                self._beside(step)
            if step == last:
                return

    def _before(self) -> None:
        with clock.at(self.now):
            onset = self.case.opened_at - timedelta(minutes=self.rng.randint(25, 150))
            emergencies.stamp(self.case, by=self.sender, step="onset", at=onset)
            emergencies.observe(
                self.case, by=self.sender, measured_at=self.now, values=self._signs()
            )

    def _signs(self) -> dict[str, Decimal]:
        shock = self.kind in ("trauma", "newborn")
        top = self.rng.randint(85, 105) if shock else self.rng.randint(140, 185)
        return {
            "systolic": Decimal(top),
            "diastolic": Decimal(top - self.rng.randint(30, 60)),
            "pulse": Decimal(self.rng.randint(78, 128)),
            "spo2": Decimal(self.rng.randint(88, 97)),
        }

    def _confirm(self) -> None:
        ready = [each.code for each in self.case.of_kind.ready]
        with clock.at(self.now + timedelta(minutes=1)):
            emergencies.confirm(
                self.case, by=self.desk, prepared=ready[:2], place="抢救室", note=""
            )

    def _beside(self, step: str) -> None:
        """What goes along with a step: the ECG's picture, the ambulance, what stands ready."""
        if step == "ecg":
            emergencies.attach(
                self.case, by=self.sender, content=ContentFile(ecg(self.rng), "ecg.png")
            )
        elif step == "depart":
            facts: dict[str, Any] = {"vehicle": "青救 03", "vehicle_kind": "02"}
            expected = self.now + timedelta(minutes=30)
            emergencies.describe(
                self.case,
                by=self.sender,
                vehicle_status="06",
                dispatch="01",
                expected_at=expected,
                **facts,
            )
            ready = [each.code for each in self.case.of_kind.ready]
            emergencies.prepare(self.case, by=self.desk, prepared=ready, place="抢救室 1")

    def _letter(self) -> None:
        """The form that waited for the sender is sent after the patient, and answered."""
        letter = Referral.objects.filter(green_case=self.case).first()
        if letter is None or self.case.state != State.HANDED_OVER:
            return
        referrals.submit(letter, by=self.sender)
        referrals.treat(letter, by=self.doctor, department="急诊科")
        referrals.close(
            letter,
            by=self.doctor,
            results="见急诊病历",
            treatment="经绿色通道急诊救治，病情稳定后收住专科",
            plan="出院后由首诊机构随访",
            outcome="2",
            final_code=FINAL[self.kind],
        )


def ecg(rng: Random, width: int = 640, height: int = 180) -> bytes:
    """A drawn trace of one lead as a small PNG; nobody's heart."""
    rows = [bytearray(b"\xff" * width) for _row in range(height)]
    for x in range(0, width, 20):
        for row in rows:
            row[x] = 0xE0
    for y in range(0, height, 20):
        rows[y][:] = bytes(0xE0 for _x in range(width))
    beat = rng.randint(70, 110)
    shape = {0: 6, 1: 12, 2: 6, 8: -8, 9: 30, 10: 70, 11: 28, 12: -22, 13: -6}
    shape |= {14 + k: 26 for k in range(14)}
    before = height // 2
    for x in range(width):
        y = min(height - 1, max(0, height // 2 + 20 - shape.get(x % beat, rng.randint(0, 1))))
        for between in range(min(before, y), max(before, y) + 2):
            rows[min(height - 1, between)][x] = 0x20
        before = y
    raw = b"".join(b"\x00" + bytes(row) for row in rows)

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )
