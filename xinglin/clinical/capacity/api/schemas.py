"""What capacity says and takes over REST; field names are the records' own."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.capacity import permissions
from xinglin.clinical.capacity.models import Booking, Closure, State, Waiting, WaitState
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

BookingState = Annotated[State, enumerated(State)]
WaitingState = Annotated[WaitState, enumerated(WaitState)]
KIND = "见 /catalogue/capacity-kinds"
CHANNEL = "见 /catalogue/capacity-channels"


class SlotOut(Schema):
    """Places at one time; `left` counts holds in force as taken."""

    id: UUID
    schedule: UUID = Field(alias="schedule_id")
    title: str = Field(alias="schedule.title", examples=["心内科专家门诊"])
    organisation: Named
    department: Named | None
    kind: str = Field(description=KIND, examples=["expert"])
    practitioner: Named | None
    place: str
    fee: Decimal = Field(alias="schedule.fee", examples=["30.00"])
    start_at: datetime
    end_at: datetime
    kept_for: str = Field(description="预留渠道；空为不预留")
    opens_at: datetime | None = Field(description="预留号源对其他渠道开放的时间")
    places: int
    taken: int
    left: int
    closed: bool

    @staticmethod
    def resolve_closed(slot: Any) -> bool:
        return slot.closure_id is not None or slot.withdrawn_at is not None


class SessionOut(Schema):
    """Hours of a weekday or of an odd day."""

    weekday: int | None = Field(description="1（周一）至 7")
    day: date | None
    start: time
    end: time
    minutes: int
    places: int


class ScheduleOut(Schema):
    """A schedule with its hours."""

    id: UUID
    organisation: Named
    department: Named | None
    kind: str = Field(description=KIND)
    practitioner: Named | None
    place: str
    title: str
    fee: Decimal
    since: date
    until: date | None
    quotas: dict[str, int] = Field(description="渠道: 预留百分比", examples=[{"referral": 20}])
    release_hours: int | None
    laid_until: date | None
    sessions: list[SessionOut]

    @staticmethod
    def resolve_sessions(schedule: Any) -> list[Any]:
        return list(schedule.sessions.all())


class BookingOut(Schema):
    """A booking, and what may be done with it now."""

    id: UUID
    state: BookingState
    person: Named
    organisation: Named
    booked_by: Named
    slot: SlotOut
    kind: str
    channel: str
    start_at: datetime
    end_at: datetime
    expires_at: datetime | None
    subject_kind: str
    subject_id: UUID | None
    note: str
    arrived_at: datetime | None
    moved: int
    end_code: str
    end_text: str
    ended_at: datetime | None
    owner: Named | None = Field(description="停诊后由谁改约")
    due_at: datetime | None
    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["cancel", "move"]])

    @staticmethod
    def resolve_acts(booking: Booking, context: Any) -> list[str]:
        return permissions.open_to(context["request"].actor, booking)


class ClosureOut(Schema):
    """A closure."""

    id: UUID
    organisation: Named
    department: Named | None
    schedule: UUID | None = Field(None, alias="schedule_id")
    practitioner: Named | None
    start_at: datetime
    end_at: datetime
    reason: str
    text: str
    lifted_at: datetime | None
    displaced: int = Field(description="尚待改约的预约数")

    @staticmethod
    def resolve_displaced(closure: Closure, context: Any) -> int:
        rows = Booking.objects.visible_to(context["request"].actor)
        return int(rows.filter(slot__closure=closure, state=State.DISPLACED).count())


class WaitingOut(Schema):
    """Somebody on the waiting list."""

    id: UUID
    state: WaitingState
    person: Named
    organisation: Named
    department: Named | None
    schedule: UUID | None = Field(None, alias="schedule_id")
    kind: str
    channel: str
    priority: int = Field(description="1 急、2 优先、3 普通")
    since: date
    until: date | None
    asked_by: Named
    queued_at: datetime
    offers: int
    booking: UUID | None = Field(None, alias="booking_id", description="放出的号")
    due_at: datetime | None
    end_code: str
    may_leave: bool

    @staticmethod
    def resolve_may_leave(entry: Waiting, context: Any) -> bool:
        return permissions.open_waiting(context["request"].actor, entry)


class CodedOut(Schema):
    """A code with its name."""

    code: str
    label: str


# ------------------------------------------------------------------------------------------ taken


class TakeIn(In):
    """For whom, and by which way."""

    person: UUID
    channel: str = Field(max_length=20, description=CHANNEL, examples=["referral"])
    note: str = Field("", max_length=200)
    subject_kind: str = Field("", max_length=30, description="所属业务", examples=["referral"])
    subject_id: UUID | None = None


class CancelIn(In):
    code: str = Field(max_length=20, description="见 /catalogue/capacity-reasons/cancel")
    text: str = Field("", max_length=200)


class MoveIn(In):
    slot: UUID
    channel: str = Field("", max_length=20, description=CHANNEL)


class ArriveIn(In):
    arrived_at: Moment | None = None


class SessionIn(In):
    """`weekday` or `day`; an end of 00:00 is midnight."""

    weekday: int | None = Field(None, ge=1, le=7)
    day: Day | None = None
    start: time
    end: time
    minutes: int = Field(ge=1, le=720)
    places: int = Field(ge=1, le=32767)


class ScheduleFields(In):
    department: UUID | None = None
    practitioner: UUID | None = None
    place: str = Field("", max_length=40)
    fee: Annotated[Decimal, Field(max_digits=8, decimal_places=2)] = Decimal(0)
    since: Day
    until: Day | None = None
    quotas: dict[str, int] = Field(default_factory=dict, examples=[{"referral": 20}])
    release_hours: int | None = Field(None, ge=0, le=32767)


class ScheduleIn(ScheduleFields):
    """A schedule of one's own house, or of one below it."""

    organisation: UUID | None = Field(None, description="缺省为本机构")
    kind: str = Field(max_length=20, description=KIND)
    title: str = Field(max_length=40)
    sessions: list[SessionIn] = Field(max_length=100)


class SchedulePatch(In):
    """Only what is given changes; `sessions` replaces all hours."""

    title: str | None = Field(None, max_length=40)
    department: UUID | None = None
    practitioner: UUID | None = None
    place: str | None = Field(None, max_length=40)
    fee: Annotated[Decimal, Field(max_digits=8, decimal_places=2)] | None = None
    until: Day | None = None
    quotas: dict[str, int] | None = None
    release_hours: int | None = Field(None, ge=0, le=32767)
    sessions: list[SessionIn] | None = Field(None, max_length=100)


class ScheduleEndIn(In):
    on: Day = Field(description="最后一天")


class SubstituteIn(In):
    start_at: Moment
    end_at: Moment
    practitioner: UUID | None = None
    place: str = Field("", max_length=40)
    text: str = Field("", max_length=200)


class ClosureIn(In):
    """What is closed: the house, or one of department, schedule, practitioner in it."""

    organisation: UUID | None = Field(None, description="缺省为本机构")
    department: UUID | None = None
    schedule: UUID | None = None
    practitioner: UUID | None = None
    start_at: Moment
    end_at: Moment
    reason: str = Field(max_length=20, description="见 /catalogue/capacity-reasons/close")
    text: str = Field("", max_length=200)


class WaitIn(In):
    person: UUID
    organisation: UUID
    department: UUID | None = None
    schedule: UUID | None = None
    kind: str = Field(max_length=20, description=KIND)
    channel: str = Field(max_length=20, description=CHANNEL)
    priority: int = Field(3, ge=1, le=3)
    since: Day
    until: Day | None = None
    note: str = Field("", max_length=200)


# ---------------------------------------------------------------------------------------- filters


class SlotFilter(Paging):
    organisation: UUID | None = None
    department: UUID | None = None
    schedule: UUID | None = None
    practitioner: UUID | None = None
    kind: str = Field("", max_length=20, description=KIND)
    channel: str = Field("", max_length=20, description=f"以此渠道可约的；{CHANNEL}")
    since: Moment | None = None
    until: Moment | None = None
    free: bool = Field(True, description="只列现在可约的")


class ScheduleFilter(Paging):
    organisation: UUID | None = None
    department: UUID | None = None
    practitioner: UUID | None = None
    kind: str = Field("", max_length=20, description=KIND)
    standing: bool = Field(True, description="不含已截止的")


class BookingFilter(Paging):
    person: UUID | None = None
    organisation: UUID | None = None
    slot: UUID | None = None
    state: BookingState | None = None
    subject_id: UUID | None = None
    since: Moment | None = None
    until: Moment | None = None


class ClosureFilter(Paging):
    organisation: UUID | None = None
    standing: bool = True


class WaitingFilter(Paging):
    organisation: UUID | None = None
    person: UUID | None = None
    state: WaitingState | None = None
