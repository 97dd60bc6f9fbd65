"""The destinations of a patient, the best first, and why each stands where it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from xinglin.clinical.capacity.models import FirstFree, Slot
from xinglin.clinical.referral.destinations import gathering, ranking
from xinglin.clinical.referral.destinations.gathering import Candidate, Excluded, Ward
from xinglin.clinical.referral.destinations.models import PastAnswers, memory
from xinglin.clinical.referral.destinations.wanted import Wanted
from xinglin.kernel import clock, parameters
from xinglin.registry.agreements.rules import Cover
from xinglin.registry.organisations.models import Organisation, travel
from xinglin.ui.templatetags.ui import when


@dataclass(frozen=True)
class Destination:
    """A house and department to which the patient could go, with what can be kept there.

    `slot` is the first free one; `ward` the one with most free beds of `beds` in the department,
    None where no bed is asked for. `points` of a hundred, made of `shares`.
    """

    house: Organisation
    department_id: UUID | None
    department: str
    minutes: int | None
    slot: Slot | None
    ward: UUID | None
    beds: int | None
    cover: Cover
    past: PastAnswers | None
    shares: tuple[ranking.Share, ...]
    points: float

    @property
    def place(self) -> str:
        """What choosing it keeps, as a form writes it: `slot:…`, `ward:…`, `house:…`."""
        if self.slot is not None:
            return f"slot:{self.slot.pk}"
        if self.ward is not None:
            return f"ward:{self.ward}"
        return f"house:{self.department_id or self.house.pk}"

    @property
    def has_place(self) -> bool:
        return self.slot is not None or self.ward is not None

    @property
    def why(self) -> list[tuple[str, str]]:
        """Some words on each point, with a tone: what speaks for it, against it, or neither."""
        told: list[tuple[str, str]] = []
        if self.beds is not None:
            words = _("有床 %(count)d") % {"count": self.beds} if self.beds else _("暂无空床")
            told.append((words, "good" if self.beds else "warn"))
        elif self.slot is not None:
            told.append((_("最早 %(time)s") % {"time": when(self.slot.start_at)}, "good"))
        else:
            told.append((_("无可约号源"), "warn"))
        if self.minutes is not None:
            told.append((_("车程 %(minutes)d 分钟") % {"minutes": self.minutes}, "plain"))
        told.append((_("协议内"), "good") if self.cover.holds else (_("协议外"), "warn"))
        past = self.past
        if past is not None and past.asked:
            rate = round(100 * past.accepted / past.asked)
            told.append((_("%(rate)d%% 接收") % {"rate": rate}, "plain"))
            if past.median is not None:
                told.append((_answer_in(past.median), "plain"))
        return told


def _answer_in(minutes: int) -> str:
    """How long half of the answers take at most, in a unit that people think in."""
    if minutes < 2 * 60:
        return _("中位 %(minutes)d 分钟答复") % {"minutes": minutes}
    if minutes < 2 * 24 * 60:
        return _("中位 %(hours)d 小时答复") % {"hours": round(minutes / 60)}
    return _("中位 %(days)d 天答复") % {"days": round(minutes / (24 * 60))}


@dataclass(frozen=True)
class Found:
    """The destinations, the best first, and the houses that were left out, each with its reason."""

    destinations: list[Destination]
    excluded: list[Excluded]
    wanted: Wanted

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Those left out, by reason: a county has many houses, and few reasons."""
        rows = sorted(self.excluded, key=lambda each: each.reason)
        return [
            {"reason": reason, "houses": [str(each.house) for each in group]}
            for reason, group in groupby(rows, key=lambda each: each.reason)
        ]


@dataclass(frozen=True)
class _Ranked:
    """A candidate with what its place in the order is made of."""

    candidate: Candidate
    facts: ranking.Facts
    points: float
    cover: Cover
    past: PastAnswers | None

    @property
    def order(self) -> tuple[Any, ...]:
        minutes = float("inf") if self.facts.minutes is None else self.facts.minutes
        return -self.points, minutes, self.candidate.house.path, self.candidate.department


def find(wanted: Wanted, *, most: int | None = None) -> Found:
    """Rank the houses to which a patient can go; `most` of them, all without.

    Where no department is asked for, each house stands once, with the department that is free
    first. Equal points come in the order of the way, then of the tree, so that the order is the
    same every time.
    """
    found, excluded = gathering.candidates(wanted)
    slots = gathering.slots(wanted, found)
    wards = gathering.wards(wanted, found)
    if not wanted.department:
        found = _one_each(found, slots, wards)
    weights = parameters.get("referral.destination.weights")[wanted.urgency]
    # What is told of each is gathered for those that are shown: a county has two hundred houses.
    first = sorted(_rank(wanted, found, slots, wards, weights), key=lambda each: each.order)[:most]
    ids = [part.id for each in first if (part := each.candidate.part) and part.id in slots]
    rows = Slot.objects.select_related("practitioner", "schedule")
    whole = rows.in_bulk([slots[part].slot for part in ids])
    told = []
    for each in first:
        house, part = each.candidate.house, each.candidate.part
        free = wards.get(part.id, []) if part else []
        known = slots.get(part.id) if part else None
        told.append(
            Destination(
                house=house,
                department_id=part.id if part else None,
                department=each.candidate.department or wanted.department_label,
                minutes=each.facts.minutes,
                slot=whole.get(known.slot) if known else None,
                ward=free[0].id if free else None,
                beds=each.facts.beds,
                cover=each.cover,
                past=each.past,
                shares=ranking.shares(each.facts, weights),
                points=each.points,
            )
        )
    return Found(told, excluded, wanted)


def _rank(
    wanted: Wanted,
    found: list[Candidate],
    slots: dict[UUID, FirstFree],
    wards: dict[UUID, list[Ward]],
    weights: dict[str, float],
) -> Iterator[_Ranked]:
    covers = gathering.covers(wanted, found)
    prices = parameters.get("referral.destination.price")
    now = clock.now()
    for each in found:
        part = each.part.id if each.part else None
        slot = slots.get(part) if part else None
        free = wards.get(part, []) if part else []
        past = memory.of(each.house.pk, each.department)
        cover = covers[each.house.pk, each.department]
        facts = ranking.Facts(
            capability=each.capability,
            wait_hours=(slot.start_at - now).total_seconds() / 3600 if slot else None,
            beds=sum(ward.free for ward in free) if wanted.lies else None,
            minutes=travel.minutes(wanted.from_org_id, each.house.pk),
            price=float(prices.get(each.house.level, 0.5)),
            covered=cover.holds,
            asked=past.asked if past else 0,
            accepted=past.accepted if past else 0,
            median=past.median if past else None,
        )
        yield _Ranked(each, facts, ranking.points(facts, weights), cover, past)


GENERAL, SPECIAL = ("gp", "internal"), ("paediatrics", "obstetrics", "emergency")


def _standing(each: Candidate) -> int:
    """How near a department is to a patient of whom nothing is known: 0 is nearest."""
    ability = each.part.ability if each.part else ""
    return 0 if ability in GENERAL else 2 if ability in SPECIAL else 1


def _one_each(
    found: list[Candidate], slots: dict[UUID, FirstFree], wards: dict[UUID, list[Ward]]
) -> list[Candidate]:
    """Of each house the general department, else the one that is free first.

    Departments for some people only come last: nobody has said that the patient is one of them.
    """

    def freedom(each: Candidate) -> tuple[Any, ...]:
        part = each.part.id if each.part else None
        slot = slots.get(part) if part else None
        beds = sum(ward.free for ward in wards.get(part, [])) if part else 0
        return _standing(each), slot is None, slot.start_at.timestamp() if slot else 0, -beds

    best: dict[UUID, Candidate] = {}
    for each in found:
        known = best.get(each.house.pk)
        if known is None or freedom(each) < freedom(known):
            best[each.house.pk] = each
    return list(best.values())
