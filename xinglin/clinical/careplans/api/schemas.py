"""What a care plan says and takes over REST; field names are the record's own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.careplans import catalogue, permissions
from xinglin.clinical.careplans.models import CarePlan, CareTask, Kind, Progress, Standing, State
from xinglin.clinical.careplans.sheet import PlanItemIn
from xinglin.registry.people.models import PersonId
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

PlanState = Annotated[State, enumerated(State)]
TaskState = Annotated[Progress, enumerated(Progress)]
ItemKind = Annotated[Kind, enumerated(Kind)]
ItemStanding = Annotated[Standing, enumerated(Standing)]


class PlanItemOut(Schema):
    """One item of a plan, in the versions in which it stood."""

    id: UUID
    place: int
    since_version: int
    until_version: int | None = Field(description="停用前的最后一版；空为现行")
    standing: ItemStanding
    kind: ItemKind
    title: str
    instruction: str
    dose: str
    frequency: str
    codes: list[str] = Field(description="测量项目的 LOINC 代码")
    limits: list[dict[str, Any]] = Field(description="回送界限")
    symptoms: list[str] = Field(description="回送症状")
    performer: str
    timing: str
    starts_on: date
    ends_on: date | None
    every_days: int
    weekdays: list[int]
    dates: list[str]
    window_days: int
    follow_up: bool = Field(description="下转两周内随访即此项")
    objection_code: str
    objection: str
    counter: dict[str, Any] = Field(description="接收机构的替代方案")


class CarePlanRowOut(Schema):
    """A plan in a list."""

    id: UUID
    state: PlanState
    person: Named
    author_org: Named
    author: str
    organisation: Named
    follow_up_org: Named | None
    template: str
    diagnosis_code: str
    diagnosis_name: str
    goal: str
    version: int
    answered_at: datetime | None
    arrived_at: datetime | None
    started_at: datetime | None
    flagged_at: datetime | None = Field(description="最近一次预警")
    end_code: str
    end_text: str
    ended_at: datetime | None
    owner: Named | None = Field(description="下一步由谁办理")
    duty: str = Field(description="下一步须有的权限", examples=["careplans.answer"])
    due_at: datetime | None


class CarePlanOut(CarePlanRowOut):
    """A whole plan: criteria, items of all versions, and what may be done now."""

    criteria: list[dict[str, Any]]
    items: list[PlanItemOut]
    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["answer", "end"]])

    @staticmethod
    def resolve_items(plan: CarePlan) -> list[Any]:
        return list(plan.items.order_by("place", "id"))

    @staticmethod
    def resolve_acts(plan: CarePlan, context: Any) -> list[str]:
        return permissions.open_to(context["request"].actor, plan)


class CareTaskOut(Schema):
    """One day's duty of a house."""

    id: UUID
    plan: UUID = Field(alias="plan_id")
    item: UUID | None = Field(alias="item_id")
    person: Named
    organisation: UUID = Field(alias="organisation_id")
    state: TaskState
    kind: ItemKind
    title: str
    performer: str
    follow_up: bool
    due_on: date
    until: date
    done_at: datetime | None
    done_by: str
    note: str
    symptoms: list[str]
    flags: list[str] = Field(description="触发的预警，一句一条")
    reason: str
    encounter: UUID | None = Field(alias="encounter_id")
    may_do: bool = Field(description="调用者现在可否登记")

    @staticmethod
    def resolve_may_do(task: CareTask, context: Any) -> bool:
        return permissions.may_do(context["request"].actor, task)


class PlanFilter(Paging):
    person: PersonId | None = None
    state: PlanState | None = None
    organisation: UUID | None = Field(None, description="执行机构")
    author_org: UUID | None = Field(None, description="制定机构")
    flagged: bool = Field(False, description="只列有预警的")


class TaskFilter(Paging):
    plan: UUID | None = None
    person: PersonId | None = None
    state: TaskState | None = None
    mine: bool = Field(False, description="只列本机构要做的")
    since: Day | None = Field(None, description="应做日期起")
    until: Day | None = Field(None, description="应做日期止（含）")


class ObjectionIn(In):
    """Why an item is not taken on as it is, and what can be done instead."""

    item: UUID
    code: str = Field(max_length=30, description="见 /catalogue/care-plan-reasons/objection")
    text: str = Field("", max_length=500)
    performer: str = Field("", max_length=10)
    every_days: int | None = Field(None, ge=1, le=365)
    starts_on: Day | None = None
    ends_on: Day | None = None
    window_days: int | None = Field(None, ge=0, le=60)


class ObjectToPlanIn(In):
    objections: list[ObjectionIn] = Field(min_length=1, max_length=60)


class SettlementIn(In):
    item: UUID
    answer: str = Field(json_schema_extra={"enum": ["adopt", "drop", "keep"]})


class SettlePlanIn(In):
    answers: list[SettlementIn] = Field(min_length=1, max_length=60)


class RevisePlanIn(In):
    reason: str = Field(max_length=30, description="见 /catalogue/care-plan-reasons/revision")
    text: str = Field("", max_length=500)
    items: list[PlanItemIn] = Field(min_length=1, max_length=60, description="新版的全部项目")


class EvaluatePlanIn(In):
    outcome: str = Field(max_length=30, examples=["recovered"])
    text: str = Field("", max_length=500)


class EndPlanIn(In):
    code: str = Field(max_length=30, examples=["refused"])
    text: str = Field("", max_length=500)


class DoTaskIn(In):
    """What was found; values are in the catalogue's unit, by LOINC code."""

    done_at: Moment
    mode: str = Field("home", json_schema_extra={"enum": ["home", "clinic", "phone"]})
    values: dict[str, Decimal] = Field(
        default_factory=dict, max_length=30, examples=[{"8480-6": "132", "8462-4": "80"}]
    )
    symptoms: list[str] = Field(default_factory=list, max_length=40)
    note: str = Field("", max_length=1000)
    result: str = Field("", max_length=30, description="寻访任务的结果")


class SkipTaskIn(In):
    code: str = Field(max_length=30, description="见 /catalogue/care-plan-reasons/skip")
    text: str = Field("", max_length=500)


class PlanTemplateOut(Schema):
    """A template of plans, with its criteria and its items as days from the referral."""

    code: str
    zh: str
    en: str
    icd10: list[str]
    days: int
    goal: str
    source: str
    edition: str
    criteria: list[dict[str, str]]
    items: list[dict[str, Any]]

    @staticmethod
    def resolve_criteria(template: catalogue.Template) -> list[dict[str, str]]:
        points = catalogue.criteria_of(template.code)
        return [{"code": point.code, "zh": point.zh, "en": point.en} for point in points]

    @staticmethod
    def resolve_items(template: catalogue.Template) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in vars(item).items() if name != "code"}
            for item in template.items
        ]


class PlanReasonOut(Schema):
    """A coded reason; `text` asks for words beside it."""

    code: str
    zh: str
    en: str
    text: bool
