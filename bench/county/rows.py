"""The rows themselves, the oldest first."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from bench.county.names import (
    ANSWERED,
    ARRIVED,
    DEPARTMENTS,
    DISEASES,
    GIVEN,
    MEASURED,
    MEDICINES,
    MOBILE,
    OPEN_STATES,
    SURNAMES,
)
from bench.county.parts import Choice, House, Houses, Readings, Resident, Scale, uuid7
from xinglin.registry.people import rules

YEARS = 5
# People with a long record, and how many facts each has.
HEAVY, HEAVY_FACTS = 60, 300
OPEN_DAYS = 18


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
            draw, [(text.rstrip("0123456789."), _weight(text)) for text in SURNAMES]
        )
        character = Choice(draw, [(sign, 1 / (rank + 6)) for rank, sign in enumerate(GIVEN)])
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
                phone=f"1{draw.choice(MOBILE)}{draw.randrange(10**8):08d}",
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
            code_name = draw.choice(DISEASES)
            yield {
                "id": uuid7(at, draw),
                "created_at": at,
                "updated_at": at,
                "happened_at": at,
                "person_id": resident.id,
                "organisation_id": house.id,
                "kind": kind,
                "department": draw.choice(DEPARTMENTS),
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
            code, name, _complaint = draw.choice(DISEASES)
            found = {"code": code, "name": name, "diagnosed_on": at.date()}
            yield "diagnosis", {**of, "id": uuid7(at, draw), **found}
            left -= 1
        if left > 3 and draw.random() < 1 / 3:
            name, dose, often = draw.choice(MEDICINES)
            given = {"name": name, "dose": dose, "frequency": often, "started_on": at.date()}
            # The last ones are taken still.
            over = at < self.now - timedelta(days=120)
            given["ended_on"] = (at + timedelta(days=30)).date() if over else None
            yield "medication", {**of, "id": uuid7(at, draw), **given}
            left -= 1
        for place in range(left):
            code, name, kind, unit, low, high = MEASURED[place % len(MEASURED)]
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
                    "department": draw.choice(DEPARTMENTS),
                    "started_at": at,
                    "ended_at": at + timedelta(days=7 if stay else 0, minutes=30),
                    "complaint": draw.choice(DISEASES)[2],
                    "history": "无发热，二便正常",
                }
                yield "encounter", visit
                yield from self.findings(visit, each + (place < more))

    # ------------------------------------------------------------------------------- referrals

    def referrals(self) -> Iterator[dict[str, Any]]:
        """Referrals, the oldest first; `owner_name` and the like are for their inbox items."""
        draw = self._draw
        open_state = Choice(draw, [(state, told[0]) for state, told in OPEN_STATES.items()])
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
        code, name, symptoms = draw.choice(DISEASES)
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
            "to_department": draw.choice(DEPARTMENTS),
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

        if state in ANSWERED:
            facts["answered_at"] = later(hours=2)
        if state in ANSWERED - {"waitlisted", "declined"}:
            facts["accepted_at"] = facts["answered_at"]
        if state in ARRIVED:
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
        if state in OPEN_STATES:
            _share, who, duty, days = OPEN_STATES[state]
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
