"""The counts of referral: by direction, house, disease, refusal; time to accept; follow-up.

Definitions follow domain KPI practice: a rate names its numerator and denominator, a missing
denominator gives no rate, and every count can be opened as the list it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from xinglin.clinical.referral.models import FOLLOWED, Direction, Referral, State, Urgency
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import YEARS
from xinglin.registry.organisations.models import tree

# What is asked before or after these days has no referrals, and no midnight in every time zone.
FIRST, LAST = date(YEARS.start, 1, 1), date(YEARS.stop, 1, 1)


@dataclass(frozen=True)
class Share:
    """A rate that keeps its fraction."""

    numerator: int
    denominator: int


@dataclass
class Counts:
    """One period of one county or house."""

    since: date
    until: date
    submitted: int = 0
    open: int = 0
    overdue: int = 0
    up: int = 0
    down: int = 0
    uncovered: int = 0
    out_in_catalogue: Share = Share(0, 0)
    out_filed: Share = Share(0, 0)
    accepted: Share = Share(0, 0)
    arrived: Share = Share(0, 0)
    closed: Share = Share(0, 0)
    receipt_in_time: Share = Share(0, 0)
    followed_up: Share = Share(0, 0)
    by_direction: list[dict[str, Any]] = field(default_factory=list)
    by_house: list[dict[str, Any]] = field(default_factory=list)
    by_diagnosis: list[dict[str, Any]] = field(default_factory=list)
    by_refusal: list[dict[str, Any]] = field(default_factory=list)
    to_accept: list[dict[str, Any]] = field(default_factory=list)
    # Down-referrals for each up-referral: the goal, and how many of each in every month.
    down_up_goal: float = 0.0
    by_month: list[dict[str, Any]] = field(default_factory=list)


def visible(actor: Actor) -> Any:
    """The rows that the post may count: the county for offices, else those of its houses."""
    if not actor.may("referral.statistics"):
        return Referral.objects.none()
    if actor.reach is Reach.COUNTY:
        return Referral.objects.filter(county_id=actor.county_id)
    return Referral.objects.filter(actor.within("from_org", "to_org"))


def between(since: date, until: date) -> Q:
    """Submitted on these days, both included, local time."""
    first, last = (min(max(day, FIRST), LAST) for day in (since, until))
    return Q(submitted_at__gte=_midnight(first), submitted_at__lt=_midnight(last + timedelta(1)))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def count(actor: Actor, since: date, until: date) -> Counts:
    """Everything the page of counts shows."""
    rows = visible(actor).filter(between(since, until))
    found = Counts(since=since, until=until)
    now = timezone.now()
    limit = timedelta(days=parameters.get("referral.follow_up_days"))
    down = Q(direction__in=[str(d) for d in FOLLOWED])
    totals = rows.order_by().aggregate(
        submitted=Count("pk"),
        open=Count("pk", filter=Q(owner__isnull=False)),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        up=Count("pk", filter=Q(direction=Direction.UP)),
        down=Count("pk", filter=Q(direction=Direction.DOWN)),
        uncovered=Count("pk", filter=~Q(uncovered="")),
        out=Count("pk", filter=Q(direction=Direction.OUT)),
        out_in_catalogue=Count("pk", filter=Q(direction=Direction.OUT, in_catalogue=True)),
        out_filed=Count("pk", filter=Q(direction=Direction.OUT) & ~Q(filing_number="")),
        accepted=Count("pk", filter=Q(accepted_at__isnull=False)),
        arrived=Count("pk", filter=Q(arrived_at__isnull=False)),
        closed=Count("pk", filter=Q(closed_at__isnull=False)),
        owed=Count("pk", filter=down & Q(arrived_at__isnull=False) & ~Q(state=State.ENDED)),
        followed=Count("pk", filter=down & Q(followed_up_at__lte=F("arrived_at") + limit)),
        receipts=Count("pk", filter=Q(closed_at__isnull=False, discharged_at__isnull=False)),
        receipts_in_time=Count(
            "pk", filter=Q(closed_at__lte=F("discharged_at") + _receipt_limit())
        ),
    )
    for name in ("submitted", "open", "overdue", "up", "down", "uncovered"):
        setattr(found, name, totals[name])
    found.out_in_catalogue = Share(totals["out_in_catalogue"], totals["out"])
    found.out_filed = Share(totals["out_filed"], totals["out"])
    found.accepted = Share(totals["accepted"], totals["submitted"])
    found.arrived = Share(totals["arrived"], totals["accepted"])
    found.closed = Share(totals["closed"], totals["submitted"])
    found.receipt_in_time = Share(totals["receipts_in_time"], totals["receipts"])
    found.followed_up = Share(totals["followed"], totals["owed"])
    found.by_direction = [
        {"code": row["direction"], "label": Direction(row["direction"]).label, "n": row["n"]}
        for row in rows.order_by().values("direction").annotate(n=Count("pk")).order_by("-n")
    ]
    found.by_house = _by_house(rows)
    found.by_diagnosis = list(
        rows.exclude(diagnosis_code="")
        .order_by()
        .values("diagnosis_code", "diagnosis_name")
        .annotate(n=Count("pk"))
        .order_by("-n", "diagnosis_code")
    )
    found.by_refusal = list(
        rows.exclude(refusal_code="")
        .order_by()
        .values("refusal_code")
        .annotate(n=Count("pk"))
        .order_by("-n")
    )
    found.down_up_goal = parameters.get("referral.down_up_goal")
    found.by_month = _by_month(rows)
    found.to_accept = [_time_to_accept(rows, urgency) for urgency in Urgency]
    return found


def used_under(
    periods: Mapping[UUID, tuple[date, date]], but: UUID | None = None
) -> Mapping[UUID, int]:
    """How many referrals ran under each agreement in its days, `but` one left out.

    What was taken back, refused, or ended before the patient arrived uses nothing.
    """
    asked = Q(pk__in=[])
    for agreement_id, (first, last) in periods.items():
        asked |= Q(agreement=agreement_id) & between(first, last)
    rows = (
        Referral.objects.filter(asked, uncovered="", agreement__isnull=False)
        .exclude(state__in=[State.DRAFT, State.CANCELLED, State.DECLINED])
        .exclude(state=State.ENDED, arrived_at=None)
    )
    if but is not None:
        rows = rows.exclude(pk=but)
    return dict(rows.order_by().values_list("agreement").annotate(n=Count("pk")))


def _receipt_limit() -> timedelta:
    return timedelta(days=parameters.get("referral.receipt.discharge_days"))


def _by_house(rows: Any) -> list[dict[str, Any]]:
    """What each house sent and received, and how it answered."""
    found: dict[Any, dict[str, Any]] = {}
    for side in ("from_org", "to_org"):
        for row in (
            rows.order_by()
            .values(side)
            .annotate(
                n=Count("pk"),
                up=Count("pk", filter=Q(direction=Direction.UP)),
                down=Count("pk", filter=Q(direction=Direction.DOWN)),
                accepted=Count("pk", filter=Q(accepted_at__isnull=False)),
                declined=Count("pk", filter=~Q(refusal_code="")),
                closed=Count("pk", filter=Q(closed_at__isnull=False)),
            )
        ):
            line = found.setdefault(
                row[side],
                {
                    "id": row[side],
                    "house": tree.name(row[side]),
                    "sent": 0,
                    "received": 0,
                    "accepted": 0,
                    "declined": 0,
                    "closed": 0,
                    "up": 0,
                    "down": 0,
                },
            )
            # A house takes part in a way up or down at one of its ends only.
            line["up"] += row["up"]
            line["down"] += row["down"]
            if side == "from_org":
                line["sent"] = row["n"]
            else:
                line["received"] = row["n"]
                line |= {name: row[name] for name in ("accepted", "declined", "closed")}
    return sorted(found.values(), key=lambda line: -(line["sent"] + line["received"]))


def _by_month(rows: Any) -> list[dict[str, Any]]:
    """Up and down in each month, the latest first; each opens as the list of its days."""
    counted = (
        rows.filter(direction__in=[Direction.UP, Direction.DOWN])
        .order_by()
        .annotate(month=TruncMonth("submitted_at"))
        .values("month", "direction")
        .annotate(n=Count("pk"))
    )
    found: dict[date, dict[str, Any]] = {}
    for row in counted:
        first = timezone.localdate(row["month"])
        line = found.setdefault(first, {"month": first, "up": 0, "down": 0})
        line[row["direction"]] = row["n"]
    for first, line in found.items():
        following = (first + timedelta(days=32)).replace(day=1)
        line["last"] = following - timedelta(days=1)
    return sorted(found.values(), key=lambda line: line["month"], reverse=True)


def _time_to_accept(rows: Any, urgency: Urgency) -> dict[str, Any]:
    """Median and ninetieth percentile, by position in the ordered list; no rows, no figure."""
    taken = (
        rows.filter(urgency=urgency, accepted_at__isnull=False)
        .order_by()
        .annotate(took=F("accepted_at") - F("submitted_at"))
        .order_by("took")
        .values_list("took", flat=True)
    )
    n = taken.count()
    limit = parameters.duration(f"referral.accept.{urgency}_minutes")
    within = taken.filter(took__lte=limit).count() if n else 0
    return {
        "urgency": str(urgency),
        "label": urgency.label,
        "n": n,
        "median": taken[(n - 1) // 2] if n else None,
        "p90": taken[max(0, -(-9 * n // 10) - 1)] if n else None,
        "limit": limit,
        "in_time": Share(within, n),
    }
