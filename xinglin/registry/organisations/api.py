"""The REST door of organisations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from xinglin.registry.organisations import actions
from xinglin.registry.organisations.models import (
    Capability,
    Department,
    Level,
    Organisation,
    TravelTime,
    travel,
)
from xinglin.ui.api import Day, In, Named, Paging, chosen, enumerated, page_of, paged
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
    latitude: float | None = Field(description="纬度，度（WGS 84）", examples=[29.123456])
    longitude: float | None = Field(description="经度，度（WGS 84）", examples=[119.123456])

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


class TravelTimeOut(Schema):
    """How long the way between two houses takes, as it was entered."""

    id: UUID
    from_org: Named
    to_org: Named
    minutes: int = Field(description="路程，分钟", examples=[35])
    note: str


class TravelTimeIn(In):
    from_org: UUID = Field(description="出发机构")
    to_org: UUID = Field(description="到达机构")
    minutes: int = Field(ge=1, le=1440, description="路程，分钟", examples=[35])
    note: str = Field("", max_length=200)


class TravelTimesIn(In):
    items: list[TravelTimeIn] = Field(min_length=1, max_length=2000)


class TravelTimesOut(Schema):
    count: int = Field(description="登记的条数")


class TravelFilter(Paging):
    house: UUID | None = Field(None, description="只列从该机构出发或到该机构的")


class WayOut(Schema):
    """The way between two houses, entered or estimated."""

    minutes: int | None = Field(description="路程，分钟；不知道时为 null")
    kilometres: float | None = Field(description="里程，公里；不知道时为 null")
    entered: bool = Field(description="true 为登记值，false 为按距离估算")


@router.get(
    "/travel-times",
    response=page_of(TravelTimeOut),
    operation_id="listTravelTimes",
    summary="机构间路程",
)
def travel_times(request: Request, asked: Query[TravelFilter]) -> Any:
    """已登记的路程；未登记的按距离估算，见 `/organisations/{id}/travel/{to}`。"""
    rows = TravelTime.objects.visible_to(request.actor).select_related("from_org", "to_org")
    if asked.house:
        rows = rows.filter(Q(from_org=asked.house) | Q(to_org=asked.house))
    return paged(rows.in_order(), asked)


@router.post(
    "/travel-times",
    response={201: TravelTimesOut},
    operation_id="enterTravelTimes",
    summary="登记机构间路程",
)
def enter_travel_times(request: Request, body: TravelTimesIn) -> Any:
    """一次登记多条；已有的以新值为准。任一条有误则全部不登记。"""
    houses = Organisation.objects.visible_to(request.actor)
    with transaction.atomic():
        for number, each in enumerate(body.items):
            way = TravelTime(
                from_org=chosen(houses, each.from_org, f"items.{number}.from_org"),
                to_org=chosen(houses, each.to_org, f"items.{number}.to_org"),
                minutes=each.minutes,
                note=each.note,
            )
            actions.time_travel(way, by=request.actor)
    return Status(201, {"count": len(body.items)})


@router.get(
    "/organisations/{uuid:pk}/travel/{uuid:to}",
    response=WayOut,
    operation_id="readTravel",
    summary="两家机构间的路程",
)
def way_between(request: Request, pk: UUID, to: UUID) -> dict[str, Any]:
    """登记值优先；没有登记时按经纬度估算。"""
    houses = Organisation.objects.visible_to(request.actor)
    found = travel.between(get_object_or_404(houses, pk=pk).pk, get_object_or_404(houses, pk=to).pk)
    if found is None:
        return {"minutes": None, "kilometres": None, "entered": False}
    return {
        "minutes": found.minutes,
        "kilometres": None if found.kilometres is None else round(found.kilometres, 1),
        "entered": found.entered,
    }


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
