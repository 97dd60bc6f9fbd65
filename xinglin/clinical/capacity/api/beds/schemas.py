"""What beds say and take over REST; field names are the records' own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.capacity.models import (
    Bed,
    BedHold,
    BedKind,
    BedState,
    BedStay,
    HoldState,
    RoomSex,
)
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

BedKindCode = Annotated[BedKind, enumerated(BedKind)]
BedStateCode = Annotated[BedState, enumerated(BedState)]
RoomSexCode = Annotated[RoomSex, enumerated(RoomSex)]
HoldStateCode = Annotated[HoldState, enumerated(HoldState)]


class WardOut(Schema):
    """A ward of a house."""

    id: UUID
    organisation: Named
    department: Named
    code: str
    name: str
    place: str
    phone: str
    closed_on: Day | None


class FreeBedsOut(Schema):
    """How a ward stands now; no person is named."""

    organisation: UUID = Field(alias="organisation_id")
    ward: UUID = Field(alias="ward_id")
    name: str = Field(alias="ward", examples=["心内科病区"])
    department: UUID = Field(alias="department_id")
    department_name: str = Field(alias="department")
    beds: int
    free: int
    held: int
    occupied: int
    cleaning: int
    blocked: int
    men: int = Field(description="男患者现在可安排的空床")
    women: int = Field(description="女患者现在可安排的空床")
    today: int = Field(description="计划今日（含逾期）出院")
    tomorrow: int = Field(description="计划明日出院")


class BedOut(Schema):
    """A bed and whether it can be given."""

    id: UUID
    organisation: UUID = Field(alias="organisation_id")
    ward: UUID = Field(alias="ward_id")
    room: str = Field(examples=["301"])
    sex: RoomSexCode = Field(description="病室收治性别")
    number: str = Field(examples=["12"])
    kind: BedKindCode
    state: BedStateCode
    since: datetime
    until: datetime | None = Field(description="停用至")
    reason_code: str
    reason_text: str
    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["admit", "hold"]])

    @staticmethod
    def resolve_room(bed: Bed) -> str:
        return bed.room.number

    @staticmethod
    def resolve_sex(bed: Bed) -> str:
        return bed.room.sex

    @staticmethod
    def resolve_acts(bed: Bed, context: Any) -> list[str]:
        return [
            name
            for name in permissions.open_to(context["request"].actor, bed)
            if name in ("admit", "hold", "clean", "block", "reopen")
        ]


class BedStayOut(Schema):
    """A person in a bed."""

    id: UUID
    organisation: UUID = Field(alias="organisation_id")
    bed: UUID = Field(alias="bed_id")
    bed_number: str
    ward: UUID
    person: Named
    encounter: UUID | None = Field(alias="encounter_id")
    since: datetime
    began: datetime
    planned_on: Day | None
    until: datetime | None
    end: str = Field(description="moved、discharged、died，或空")
    moved_from: UUID | None = Field(alias="moved_from_id")
    mix_code: str
    mix_text: str
    voided_at: datetime | None
    void_code: str

    @staticmethod
    def resolve_bed_number(stay: BedStay) -> str:
        return stay.bed.number

    @staticmethod
    def resolve_ward(stay: BedStay) -> UUID:
        return stay.bed.ward_id


class BedHoldOut(Schema):
    """A bed kept for somebody."""

    id: UUID
    organisation: UUID = Field(alias="organisation_id")
    bed: UUID = Field(alias="bed_id")
    bed_number: str
    ward: UUID
    person: Named
    subject_kind: str = Field(examples=["referral"])
    subject_id: UUID | None
    made_by: UUID = Field(alias="made_by_id")
    until: datetime
    state: HoldStateCode
    ended_at: datetime | None
    end_code: str

    @staticmethod
    def resolve_bed_number(hold: BedHold) -> str:
        return hold.bed.number

    @staticmethod
    def resolve_ward(hold: BedHold) -> UUID:
        return hold.bed.ward_id


class WardFilter(Paging):
    organisation: UUID | None = None


class FreeBedsFilter(Paging):
    organisation: UUID | None = Field(None, description="只看一个机构；空为全县")
    department: UUID | None = None


class BedFilter(Paging):
    organisation: UUID | None = None
    ward: UUID | None = None
    state: BedStateCode | None = None
    kind: BedKindCode | None = None
    free_for: str | None = Field(
        None, pattern="^[0129]$", description="该性别（GB/T 2261.1）现在可安排的空床"
    )


class BedStayFilter(Paging):
    organisation: UUID | None = None
    ward: UUID | None = None
    person: UUID | None = None
    encounter: UUID | None = None
    current: bool | None = Field(None, description="为真时只看现在在床的")


class BedHoldFilter(Paging):
    organisation: UUID | None = None
    subject_kind: str | None = Field(None, max_length=20)
    subject_id: UUID | None = None
    state: HoldStateCode | None = None


class MixIn(In):
    mix_code: str = Field("", max_length=20, description="不按病室性别收治的原因")
    mix_text: str = Field("", max_length=200)


class HoldIn(MixIn):
    """For whom, until when, and for the sake of what."""

    person: UUID
    until: Moment | None = Field(None, description="空则按参数 beds.hold_hours")
    subject_kind: str = Field("", max_length=20, pattern="^[a-z-]*$", examples=["referral"])
    subject_id: UUID | None = None


class WardHoldIn(HoldIn):
    kind: BedKindCode | None = Field(None, description="重症与隔离床须指定")


class AdmitIn(MixIn):
    person: UUID
    encounter: UUID | None = Field(None, description="空则取其未结束的住院")
    since: Moment | None = None
    planned_on: Day | None = None


class BedMoveIn(MixIn):
    bed: UUID
    at: Moment | None = None


class SwapIn(MixIn):
    other: UUID = Field(description="另一位患者的床位占用")
    at: Moment | None = None


class PlanIn(In):
    on: Day | None = Field(description="计划出院日期；null 为未定")


class BedDischargeIn(In):
    at: Moment | None = None
    discharge_way: str = Field("", max_length=1, description="有未结束的住院时必填")
    outcome: str = Field("", max_length=1)


class BedReasonIn(In):
    code: str = Field(max_length=20, description="见 /catalogue/capacity-reasons/")
    text: str = Field("", max_length=200)


class BlockIn(BedReasonIn):
    until: Moment | None = None
