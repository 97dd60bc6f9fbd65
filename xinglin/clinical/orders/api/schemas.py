"""What an order says and takes over REST; field names are the record's own."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.orders import catalogue, permissions
from xinglin.clinical.orders.models import Done, Kind, Order, SkinTest, State, Term
from xinglin.registry.people.models import PersonId
from xinglin.ui.api import In, Moment, Named, Paging, enumerated

OrderKind = Annotated[Kind, enumerated(Kind)]
OrderTerm = Annotated[Term, enumerated(Term)]
OrderState = Annotated[State, enumerated(State)]
ExecutionState = Annotated[Done, enumerated(Done)]
Dose = Annotated[Decimal, Field(max_digits=12, decimal_places=4)]


class OrderOut(Schema):
    """An order, where it stands, who owes the next step, and what may be done now."""

    id: UUID
    person: Named
    organisation: Named
    encounter: UUID = Field(alias="encounter_id")
    state: OrderState
    kind: OrderKind
    term: OrderTerm
    code: str = Field(description="药品或项目代码；手写的为空", examples=["amlodipine-tab"])
    name: str = Field(examples=["苯磺酸氨氯地平片"])
    strength: str
    form: str
    dose_value: Decimal | None = Field(examples=["5"])
    dose_unit: str = Field(description="UCUM", examples=["mg"])
    route: str = Field(examples=["po"])
    frequency: str = Field(examples=["qd"])
    start_at: datetime
    planned_end: datetime | None
    days: int | None
    quantity: Decimal | None
    quantity_unit: str
    instruction: str
    emergency: bool
    group: UUID | None = Field(description="同一标识的药品一起输")
    high_alert: bool
    skin_test: str = Field(description="required、negative、positive、exempt，或空")
    skin_tested_by: str
    verbal: bool
    ordered_by: str
    written_by: str
    signed_by: str
    signed_at: datetime | None
    sign_due_at: datetime | None
    findings: list[dict[str, Any]] = Field(description="签署前系统审查的提示")
    override: str
    checker: Named | None = Field(description="审方机构")
    reviewed_by: str
    reviewed_at: datetime | None
    return_code: str
    return_text: str
    checked_by: str
    checked_at: datetime | None
    given: int
    end_code: str
    end_text: str
    ended_at: datetime | None
    ended_by: str
    medication: UUID | None = Field(None, alias="medication_id", description="病历中的用药")
    owner: Named | None = Field(description="下一步由谁办理")
    duty: str = Field(description="下一步须有的权限", examples=["orders.give"])
    due_at: datetime | None
    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["give", "omit"]])

    @staticmethod
    def resolve_acts(order: Order, context: Any) -> list[str]:
        return permissions.open_to(context["request"].actor, order)


class ExecutionOut(Schema):
    """One time of an order."""

    id: UUID
    order: UUID = Field(alias="order_id")
    person: UUID = Field(alias="person_id")
    due_at: datetime
    state: ExecutionState
    given_at: datetime | None
    given_by: str
    amount: Decimal | None
    second: str
    late: bool
    reason: str
    note: str
    voided_at: datetime | None
    void_reason: str


class OrderFields(In):
    """What is ordered; empty fields take what the catalogue proposes."""

    code: str = Field(
        "", max_length=40, description="见 /catalogue/drugs 与 /catalogue/order-items"
    )
    name: str = Field("", max_length=200, description="目录中没有时手写")
    strength: str = Field("", max_length=60)
    form: str = Field("", max_length=30)
    dose_value: Dose | None = Field(None, description="一次的剂量", examples=["5"])
    dose_unit: str = Field("", max_length=20, examples=["mg"])
    route: str = Field("", max_length=10, description="见 /catalogue/routes", examples=["po"])
    frequency: str = Field(
        "", max_length=10, description="见 /catalogue/frequencies", examples=["qd"]
    )
    start_at: Moment | None = None
    planned_end: Moment | None = None
    days: int | None = Field(None, ge=1, le=180)
    quantity: Annotated[Decimal, Field(max_digits=8, decimal_places=2)] | None = None
    quantity_unit: str = Field("", max_length=10)
    instruction: str = Field("", max_length=200)
    emergency: bool = False
    skin_test: Annotated[SkinTest, enumerated(SkinTest)] = SkinTest.NONE


class OrderIn(OrderFields):
    """A new order in an open visit of one's own house."""

    encounter: UUID
    kind: OrderKind = Kind.DRUG
    term: OrderTerm = Term.LONG
    join: UUID | None = Field(None, description="与哪条未签署的医嘱同组")
    sign: bool = Field(False, description="同时签署")
    override: str = Field("", max_length=200, description="系统提示后坚持用药的理由")


class VerbalIn(OrderFields):
    """What a doctor orders by word of mouth."""

    encounter: UUID
    kind: OrderKind = Kind.DRUG
    ordered_by: str = Field(max_length=50, examples=["王医生"])


class OrderPatch(OrderFields):
    """What is to be changed in a draft or in an order that came back."""


class SignIn(In):
    override: str = Field("", max_length=200, description="系统提示后坚持用药的理由")


class ReasonIn(In):
    code: str = Field(max_length=30, description="见 /catalogue/order-reasons/{组}")
    text: str = Field("", max_length=200)


class GiveIn(In):
    execution: UUID | None = Field(None, description="应执行的那一次；需要时使用的医嘱可省略")
    given_at: Moment | None = None
    amount: Dose | None = None
    second: str = Field("", max_length=50, description="双人核对的另一人")
    note: str = Field("", max_length=200)


class OmitIn(In):
    execution: UUID
    reason: str = Field(max_length=30, examples=["refused"])
    note: str = Field("", max_length=200)


class StrikeIn(In):
    execution: UUID
    reason: str = Field(max_length=30, examples=["slip"])
    text: str = Field("", max_length=200)


class SkinTestIn(In):
    result: str = Field(max_length=10, examples=["negative"])
    second: str = Field(max_length=50, examples=["王医生"])


class OrderFilter(Paging):
    person: PersonId | None = None
    encounter: UUID | None = None
    organisation: UUID | None = None
    state: OrderState | None = None
    kind: OrderKind | None = None
    term: OrderTerm | None = None
    open: bool | None = Field(None, description="只列未结（true）或已结（false）")
    overdue: bool = Field(False, description="只列已超过时限")


class ExecutionFilter(Paging):
    order: UUID | None = None
    encounter: UUID | None = None
    state: ExecutionState | None = None
    since: Moment | None = Field(None, description="应执行时间起")
    until: Moment | None = Field(None, description="应执行时间止")


class DrugOut(Schema):
    """A drug of the catalogue; doses in `unit`."""

    code: str
    zh: str
    en: str
    form: str
    strength: str
    unit: str
    usual: Decimal
    route: str
    frequency: str
    max_single: Decimal | None
    max_daily: Decimal | None
    group: str = Field(description="药品类别")
    high_alert: bool
    skin_test: bool


class ItemOut(Schema):
    code: str
    zh: str
    en: str
    kind: str
    term: str
    frequency: str


class FrequencyOut(Schema):
    """How often; `times` are hours of the ward's clock."""

    code: str
    zh: str
    en: str
    kind: str = Field(description="scheduled、once、need、standing")
    times: list[str]

    @staticmethod
    def resolve_times(found: catalogue.Frequency) -> list[str]:
        return [f"{each:%H:%M}" for each in found.times]


class CodeOut(Schema):
    code: str
    zh: str
    en: str


class SearchFilter(Paging):
    q: str = Field("", max_length=50, description="中文、拼音首字母、英文或代码；省略则列全部")
