"""The REST door of staff: the colleagues of the county and their posts."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from xinglin.registry.staff.models import Post, Practitioner, PractitionerQuerySet
from xinglin.ui.api import Named, Paging, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["人员"])


class PostOut(Schema):
    """A role at a house."""

    id: UUID
    organisation: Named
    department: str
    role: str = Field(examples=["township-doctor"])
    role_label: str = Field(examples=["乡镇卫生院医生"])
    since: date
    until: date | None

    @staticmethod
    def resolve_department(row: Post) -> str:
        return row.department.name if row.department else ""


class PractitionerOut(Schema):
    """Somebody who works in a house of the county."""

    id: UUID
    code: str = Field(description="工号")
    name: str = Field(examples=["王医生"])
    title: str = Field(description="职称")
    licence_no: str = Field(description="执业证书编号")
    posts: list[PostOut] = Field(description="在任的岗位")

    @staticmethod
    def resolve_posts(row: Practitioner) -> list[Post]:
        return list(row.posts.all())


class StaffFilter(Paging):
    q: str = Field("", max_length=50, description="姓名的一部分或工号")
    organisation: UUID | None = Field(None, description="在该机构任职")


@router.get(
    "/practitioners",
    response=page_of(PractitionerOut),
    operation_id="listPractitioners",
    summary="人员列表",
)
def listing(request: Request, asked: Query[StaffFilter]) -> Any:
    """本县（市、区）各机构的人员。"""
    rows = _staff(request).order_by("code", "id")
    if asked.q:
        rows = rows.filter(name__contains=asked.q) | rows.filter(code=asked.q)
    if asked.organisation:
        held = Post.objects.held_on(timezone.localdate()).filter(organisation=asked.organisation)
        rows = rows.filter(pk__in=held.values("practitioner"))
    return paged(rows, asked)


@router.get(
    "/practitioners/{uuid:pk}",
    response=PractitionerOut,
    operation_id="readPractitioner",
    summary="读取人员",
)
def detail(request: Request, pk: UUID) -> Practitioner:
    return get_object_or_404(_staff(request), pk=pk)


def _staff(request: Request) -> PractitionerQuerySet:
    posts = (
        Post.objects.held_on(timezone.localdate())
        .select_related("organisation", "department")
        .order_by("since", "id")
    )
    return Practitioner.objects.visible_to(request.actor).prefetch_related(
        Prefetch("posts", queryset=posts)
    )
