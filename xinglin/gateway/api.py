"""The REST door of what belongs to no one app: the inbox, the parameters, the caller."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from xinglin.clinical.privacy import models as privacy
from xinglin.kernel import inbox, parameters
from xinglin.kernel.models import InboxItem
from xinglin.ui.api import Named, Paging, page_of, paged, part_of
from xinglin.ui.requests import Request

router = Router(tags=["公共"])


class InboxItemOut(Schema):
    """Something that waits for the caller's post."""

    kind: str = Field(examples=["referral"])
    subject: UUID = Field(description="所指记录，如 /referrals/{subject}")
    level: int = Field(description="0 为本岗位应办，大于 0 为逾期上报")
    waiting: str = Field(description="在等什么", examples=["待答复"])
    state: str
    urgency: str
    title: str
    detail: str
    since: datetime
    due_at: datetime
    overdue: bool

    @staticmethod
    def resolve_subject(row: InboxItem) -> UUID:
        return row.subject_id

    @staticmethod
    def resolve_waiting(row: InboxItem) -> str:
        return str(inbox.KINDS[row.kind].waiting.get(row.audience, ""))

    @staticmethod
    def resolve_overdue(row: InboxItem) -> bool:
        return row.due_at < timezone.now()


class ParameterOut(Schema):
    """One threshold, time limit or switch, with what it rests on."""

    key: str = Field(examples=["referral.accept.routine_minutes"])
    value: Any
    unit: str
    zh: str
    en: str
    source: str
    edition: str
    valid_from: date
    confidence: str
    overlay: bool = Field(description="本县自定")


class CallerOut(Schema):
    """As whom the caller acts."""

    name: str
    role: str
    organisation: Named
    county: UUID
    permissions: list[str]


class InboxFilter(Paging):
    show: Literal["all", "overdue", "urgent"] = Field("all", description="全部、已超时、急、限时")


@router.get("/inbox", response=page_of(InboxItemOut), operation_id="listInbox", summary="待办")
def waiting(request: Request, asked: Query[InboxFilter]) -> Any:
    """等本岗位办理的事项，最逾期的在前。"""
    rows = InboxItem.objects.waiting_for(request.actor)
    if asked.show == "overdue":
        rows = rows.filter(due_at__lt=timezone.now())
    elif asked.show == "urgent":
        rows = rows.exclude(urgency="routine")
    found = paged(rows, asked)
    privacy.listed(request.actor, "referral.read", found["items"], door="REST")
    return found


@router.get(
    "/parameters",
    response=page_of(ParameterOut),
    operation_id="listParameters",
    summary="参数",
)
def settings(request: Request, asked: Query[Paging]) -> Any:
    """全部时限、阈值与开关及其来源。"""
    rows = parameters.every()
    return part_of(rows, asked)


@router.get("/caller", response=CallerOut, operation_id="readCaller", summary="我是谁")
def caller(request: Request) -> Any:
    """当前令牌或会话所代表的岗位与权限。"""
    actor = request.actor
    return {
        "name": actor.name,
        "role": actor.role,
        "organisation": {"id": actor.org_id, "name": actor.org_name},
        "county": actor.county_id,
        "permissions": sorted(actor.codes),
    }
