"""The REST door of organisations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from xinglin.registry.organisations import actions
from xinglin.registry.organisations.models import (
    Capability,
    Department,
    Level,
    Organisation,
)
from xinglin.ui.api import Day, In, Paging, enumerated, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["机构"])


class OrganisationOut(Schema):
    """A house of the county."""

    id: UUID
    code: str
    name: str = Field(examples=["青山镇卫生院"])
    short_name: str
    level: str = Field(examples=["township"])
    org_class: str = Field(description="机构类别（WS 218）")
    credit_code: str
    insurance_code: str
    area_code: str
    parent: UUID | None = Field(description="上级机构")
    leads: bool = Field(description="牵头医院")
    outside: bool = Field(description="县域外合作机构")
    address: str
    phone: str
    services: list[str]
    closed_on: date | None

    @staticmethod
    def resolve_parent(row: Organisation) -> UUID | None:
        return row.parent_id

    @staticmethod
    def resolve_services(row: Organisation) -> list[str]:
        return [str(service) for service in row.services]


class DepartmentOut(Schema):
    """A clinical department of a house."""

    id: UUID
    code: str
    name: str = Field(examples=["心内科"])
    takes_referrals: bool
    closed_on: date | None


CapabilityKind = Annotated[Capability.Kind, enumerated(Capability.Kind)]


class CapabilityOut(Schema):
    """What a house has more, or less, than the houses of its level."""

    id: UUID
    kind: CapabilityKind
    code: str = Field(examples=["ventilator"])
    name: str
    held: bool = Field(description="具备；false 为本级默认具备而该机构不具备")
    since: date
    until: date | None
    basis: str


class CapabilityIn(In):
    kind: CapabilityKind
    code: str = Field(max_length=30, examples=["ventilator"])
    name: str = Field("", max_length=100, description="病种名称")
    held: bool = True
    since: Day
    until: Day | None = None
    basis: str = Field("", max_length=200)


class OrganisationFilter(Paging):
    q: str = Field("", max_length=70, description="名称的一部分、拼音或首字母、代码的开头")
    level: Level | None = Field(None, description="层级")
    below: UUID | None = Field(None, description="只列该机构及其下级")


@router.get(
    "/organisations",
    response=page_of(OrganisationOut),
    operation_id="listOrganisations",
    summary="机构列表",
)
def listing(request: Request, asked: Query[OrganisationFilter]) -> Any:
    """本县（市、区）的机构，按机构树的次序。"""
    rows = Organisation.objects.visible_to(request.actor).in_order()
    if asked.q:
        rows = rows.matching(asked.q)
    if asked.level:
        rows = rows.filter(level=asked.level)
    if asked.below:
        top = Organisation.objects.visible_to(request.actor).filter(pk=asked.below).first()
        rows = rows.below(top) if top else rows.none()
    return paged(rows, asked)


@router.get(
    "/organisations/{uuid:pk}",
    response=OrganisationOut,
    operation_id="readOrganisation",
    summary="读取机构",
)
def detail(request: Request, pk: UUID) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(request.actor), pk=pk)


@router.get(
    "/organisations/{uuid:pk}/departments",
    response=page_of(DepartmentOut),
    operation_id="listDepartments",
    summary="机构的科室",
)
def departments(request: Request, pk: UUID, asked: Query[Paging]) -> Any:
    house = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=pk)
    return paged(Department.objects.filter(organisation=house).order_by("code"), asked)


@router.get(
    "/organisations/{uuid:pk}/capabilities",
    response=page_of(CapabilityOut),
    operation_id="listCapabilities",
    summary="机构的服务能力",
)
def capabilities(request: Request, pk: UUID, asked: Query[Paging]) -> Any:
    """与本级默认能力不同的科室、技术、设备和病种。"""
    house = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=pk)
    return paged(Capability.objects.filter(organisation=house).in_order(), asked)


@router.post(
    "/organisations/{uuid:pk}/capabilities",
    response={201: CapabilityOut},
    operation_id="declareCapability",
    summary="登记服务能力",
)
def declare(request: Request, pk: UUID, body: CapabilityIn) -> Status[Capability]:
    house = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=pk)
    capability = Capability(organisation=house, **body.model_dump())
    return Status(201, actions.declare(capability, by=request.actor))


class EndCapabilityIn(In):
    on: Day


@router.post(
    "/capabilities/{uuid:pk}/end",
    response=CapabilityOut,
    operation_id="endCapability",
    summary="终止服务能力",
)
def end_capability(request: Request, pk: UUID, body: EndCapabilityIn) -> Capability:
    capability = get_object_or_404(
        Capability.objects.visible_to(request.actor).select_related("organisation"), pk=pk
    )
    return actions.end_capability(capability, by=request.actor, on=body.on)
