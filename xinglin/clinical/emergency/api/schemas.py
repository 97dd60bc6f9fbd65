"""What a case of the green channel says and takes over REST; names are the case's own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.emergency.models import State
from xinglin.registry.people.models import PersonId
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

CaseState = Annotated[State, enumerated(State)]


class GreenLimitOut(Schema):
    """One limit of a step: from which step it counts, and how it stands."""

    start: str = Field(examples=["contact"])
    minutes: float
    due_at: datetime | None
    took_seconds: int | None
    pace: Literal["free", "running", "near", "late", "met", "missed"]


class GreenStepOut(Schema):
    """One step of the clock."""

    step: str = Field(examples=["ecg"])
    label: str
    side: Literal["sender", "receiver", "either"] = Field(description="由哪一方登记")
    required: bool
    at: datetime | None
    author: str
    limits: list[GreenLimitOut]


class GreenWindowOut(Schema):
    """A window of treatment that the onset opened."""

    code: str = Field(examples=["stroke.alteplase"])
    label: str
    closes_at: datetime
    open: bool


class GreenSignOut(Schema):
    """A vital sign that was measured on the way."""

    id: UUID
    code: str = Field(description="LOINC")
    name: str
    value: Decimal | None
    unit: str
    measured_at: datetime


class GreenPaperOut(Schema):
    """An ECG or another document: `/green-cases/{case}/documents/{id}`."""

    id: UUID
    title: str
    media_type: str
    size: int


class GreenCaseRowOut(Schema):
    """A case in a list."""

    id: UUID
    number: str = Field(examples=["G261128-7KQ2M9"])
    kind: str = Field(examples=["stroke"])
    state: CaseState
    person: Named
    unknown: bool = Field(description="身份尚不明")
    from_org: Named
    to_org: Named
    owner: Named | None = Field(description="下一步由谁办理")
    duty: str = Field(description="下一步须有的权限", examples=["emergency.confirm"])
    due_at: datetime | None
    overdue: bool
    opened_at: datetime
    confirmed_at: datetime | None
    arrived_at: datetime | None
    ended_at: datetime | None


class GreenCaseOut(GreenCaseRowOut):
    """A whole case: its clock, signs, papers, what stands ready, and what may be done now."""

    version: int = Field(description="每次变更加一；也是 ETag")
    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["confirm", "stamp"]])
    steps: list[GreenStepOut]
    windows: list[GreenWindowOut]
    observations: list[GreenSignOut]
    documents: list[GreenPaperOut]
    opened_by: str
    complaint: str
    scene: str
    caller_phone: str
    sex_seen: str
    age_about: int | None
    vehicle: str
    vehicle_kind: str = Field(description="CV08.50.304")
    vehicle_status: str = Field(description="CV09.03.004")
    dispatch: str = Field(description="CV09.03.005")
    expected_at: datetime | None
    confirmed_by: str
    prepared: list[str]
    prepared_note: str
    bed: str = Field(description="床位管理中预留的床位，空为未预留")
    place: str
    course: str = Field(description="CV05.10.200")
    encounter: UUID | None
    end_code: str
    end_reason: str


class GreenCaseFilter(Paging):
    """What a list may be narrowed by."""

    state: CaseState | None = None
    kind: str | None = None
    person: UUID | None = None
    running: bool | None = Field(None, description="只要（或不要）进行中的")


class GreenOpenIn(In):
    """Starting a case; without a person it is for somebody unknown."""

    kind: str = Field(examples=["stroke"])
    person: PersonId | None = None
    to_org: UUID | None = Field(None, description="不给时按类型推荐")
    sex_seen: Literal["", "1", "2"] = ""
    age_about: int | None = Field(None, ge=0, le=120)
    complaint: str = Field("", max_length=200)


class GreenStampIn(In):
    """One step; now unless a time is told."""

    step: str = Field(examples=["depart"])
    at: Moment | None = None


class GreenCorrectIn(In):
    """Another time for a step that was stamped; without a time it is struck out."""

    step: str
    at: Moment | None = None
    code: str = Field(description="更正原因代码", examples=["late-entry"])
    text: str = ""


class GreenReadyIn(In):
    """What stands ready."""

    prepared: list[str] = Field(default=[], examples=[["team", "ct"]])
    note: str = Field("", max_length=200)
    place: str = Field("", max_length=100)
    ward: UUID | None = Field(None, description="在该病区预留一张合适的空床；空为不预留或取消预留")


class GreenDescribeIn(In):
    """The illness and the vehicle; only what is given changes."""

    complaint: str = Field("", max_length=200)
    scene: str = Field("", max_length=100)
    caller_phone: str = Field("", max_length=20)
    sex_seen: Literal["", "1", "2"] = ""
    age_about: int | None = Field(None, ge=0, le=120)
    vehicle: str = Field("", max_length=20)
    vehicle_kind: str = ""
    vehicle_status: str = ""
    dispatch: str = ""
    expected_at: Moment | None = None
    course: str = ""


class GreenObserveIn(In):
    """Vital signs of one moment."""

    measured_at: Moment
    systolic: Decimal | None = None
    diastolic: Decimal | None = None
    pulse: Decimal | None = None
    respiration: Decimal | None = None
    temperature: Decimal | None = None
    spo2: Decimal | None = None
    glucose: Decimal | None = None


class GreenIdentifyIn(In):
    """A registered resident, or the facts of somebody new."""

    person: PersonId | None = None
    name: str = ""
    sex: Literal["", "1", "2"] = ""
    birth_date: Day | None = None
    id_number: str = ""
    phone: str = ""


class GreenRedirectIn(In):
    """The house that is asked instead."""

    to_org: UUID


class GreenAdmitIn(In):
    """The emergency visit, registered afterwards."""

    department: str = Field("", max_length=50)


class GreenStandDownIn(In):
    """Why the alarm ends."""

    code: str = Field(examples=["not-critical"])
    text: str = ""


class GreenReportDeathIn(In):
    """Where the patient died: 03 at the scene, 04 on arrival, 05 on the way; empty in hospital."""

    course: Literal["", "03", "04", "05"] = ""
    text: str = ""


class GreenPeriod(Schema):
    """The days on which the cases were opened, both included."""

    since: Day
    until: Day


class GreenDelayOut(Schema):
    """One limit of one kind, of a house or (house null) of all."""

    kind: str
    start: str
    step: str
    house: Named | None
    limit_minutes: float
    n: int
    median_seconds: int | None
    p90_seconds: int | None
    within: int
    missing: int = Field(description="应登而未登的病例数")
    source: str


class GreenDelaysOut(Schema):
    """The report of delays of a period."""

    since: date
    until: date
    cases: int
    running: int
    stood_down: int
    died: int
    within: int
    measured: int
    delays: list[GreenDelayOut]
