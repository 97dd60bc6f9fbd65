"""The REST door of beds: wards and what is free, beds and their acts, stays, holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from xinglin.clinical.capacity.actions import beds as actions
from xinglin.clinical.capacity.api.beds import schemas
from xinglin.clinical.capacity.models import Bed, BedHold, BedStay, Ward
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.clinical.privacy import models as privacy
from xinglin.clinical.record.models import Encounter
from xinglin.kernel.errors import Forbidden
from xinglin.registry.people.models import Person
from xinglin.ui.api import chosen, page_of, paged, part_of
from xinglin.ui.requests import Request

router = Router(tags=["床位"])
View = Callable[..., Any]


def _looking(request: Request) -> None:
    actor = request.actor
    if not (actor.may(permissions.READ.code) or actor.may(permissions.OVERVIEW.code)):
        raise Forbidden(_("当前岗位不能查看床位。"))


def _wards(request: Request) -> Any:
    _looking(request)
    return Ward.objects.visible_to(request.actor).select_related("organisation", "department")


def _beds(request: Request) -> Any:
    _looking(request)
    return Bed.objects.visible_to(request.actor).select_related("room", "ward")


def _stays(request: Request) -> Any:
    rows = BedStay.objects.visible_to(request.actor)
    return rows.select_related("person", "encounter", "bed__ward", "bed__room")


def _holds(request: Request) -> Any:
    rows = BedHold.objects.visible_to(request.actor)
    return rows.select_related("person", "bed__ward", "bed__room")


def _told(request: Request, rows: Iterable[Any]) -> None:
    """Whose stays and holds are told leaves a trace, as on the board."""
    privacy.listed(request.actor, permissions.READ.code, rows, door="REST")


def _person(request: Request, pk: UUID) -> Person:
    return chosen(Person.objects.visible_to(request.actor), pk, "person")


# ------------------------------------------------------------------------- wards and what is free


@router.get(
    "/wards",
    response=page_of(schemas.WardOut),
    operation_id="listWards",
    summary="病区列表",
)
def wards(request: Request, asked: Query[schemas.WardFilter]) -> Any:
    rows = _wards(request).standing()
    if asked.organisation is not None:
        rows = rows.filter(organisation=asked.organisation)
    return paged(rows.in_order(), asked)


@router.get(
    "/wards/free-beds",
    response=page_of(schemas.FreeBedsOut),
    operation_id="listFreeBeds",
    summary="各病区空床",
)
def free_beds(request: Request, asked: Query[schemas.FreeBedsFilter]) -> Any:
    """全县各病区的床位数与空床，不含患者信息。"""
    houses = None if asked.organisation is None else [asked.organisation]
    found = _beds(request).by_ward(houses)
    if asked.department is not None:
        found = [row for row in found if row.department_id == asked.department]
    return part_of(found, asked)


@router.get(
    "/wards/{uuid:pk}", response=schemas.WardOut, operation_id="readWard", summary="读取病区"
)
def ward(request: Request, pk: UUID) -> Any:
    return get_object_or_404(_wards(request), pk=pk)


@router.post(
    "/wards/{uuid:pk}/hold",
    response={201: schemas.BedHoldOut},
    operation_id="holdBedInWard",
    summary="在病区预留一张床",
)
def hold_in_ward(request: Request, pk: UUID, body: schemas.WardHoldIn) -> Any:
    """由系统按性别选一张空床并预留；没有则答复 409。"""
    return _hold(request, get_object_or_404(_wards(request), pk=pk), body, body.kind or "")


def _hold(request: Request, place: Ward | Bed, body: schemas.HoldIn, kind: str) -> Any:
    held = actions.hold_bed(
        place,
        by=request.actor,
        person=_person(request, body.person),
        until=body.until,
        for_subject=(body.subject_kind, body.subject_id) if body.subject_id else None,
        kind=kind,
        mix_code=body.mix_code,
        mix_text=body.mix_text,
    )
    return Status(201, held)


# ------------------------------------------------------------------------- beds


@router.get("/beds", response=page_of(schemas.BedOut), operation_id="listBeds", summary="床位列表")
def beds(request: Request, asked: Query[schemas.BedFilter]) -> Any:
    """未撤的床位；`free_for` 只列该性别现在可安排的空床。"""
    rows = _beds(request).standing()
    for name in ("organisation", "ward", "state", "kind"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.free_for is not None:
        rows = rows.free(sex=asked.free_for)
    return paged(rows.in_order(), asked)


@router.get("/beds/{uuid:pk}", response=schemas.BedOut, operation_id="readBed", summary="读取床位")
def bed(request: Request, pk: UUID) -> Any:
    return get_object_or_404(_beds(request), pk=pk)


@router.post(
    "/beds/{uuid:pk}/hold",
    response={201: schemas.BedHoldOut},
    operation_id="holdBed",
    summary="预留床位",
)
def hold(request: Request, pk: UUID, body: schemas.HoldIn) -> Any:
    return _hold(request, get_object_or_404(_beds(request), pk=pk), body, "")


@router.post(
    "/beds/{uuid:pk}/admit",
    response={201: schemas.BedStayOut},
    operation_id="admitToBed",
    summary="安排入住",
)
def admit(request: Request, pk: UUID, body: schemas.AdmitIn) -> Any:
    """安排到空床，或为其预留的床位。"""
    place = get_object_or_404(_beds(request), pk=pk)
    facts = body.model_dump(exclude={"person", "encounter"})
    if body.encounter is not None:
        visits = Encounter.objects.visible_to(request.actor)
        facts["encounter"] = chosen(visits, body.encounter, "encounter")
    stay = BedStay.into(place, _person(request, body.person), **facts)
    return Status(201, actions.admit(stay, by=request.actor))


def _bed_act(name: str, summary: str) -> Callable[[View], View]:
    mount: Callable[[View], View] = router.post(
        f"/beds/{{uuid:pk}}/{name}",
        response=schemas.BedOut,
        operation_id=f"{name}Bed",
        summary=summary,
    )
    return mount


@_bed_act("block", "停用床位")
def block(request: Request, pk: UUID, body: schemas.BlockIn) -> Any:
    found = get_object_or_404(_beds(request), pk=pk)
    return actions.block(found, by=request.actor, **body.model_dump())


@_bed_act("reopen", "恢复使用")
def reopen(request: Request, pk: UUID) -> Any:
    return actions.reopen(get_object_or_404(_beds(request), pk=pk), by=request.actor)


@_bed_act("clean", "登记待清洁")
def clean(request: Request, pk: UUID) -> Any:
    return actions.clean(get_object_or_404(_beds(request), pk=pk), by=request.actor)


@_bed_act("cleaned", "登记清洁完成")
def cleaned(request: Request, pk: UUID) -> Any:
    return actions.cleaned(get_object_or_404(_beds(request), pk=pk), by=request.actor)


# ------------------------------------------------------------------------- who lies there


@router.get(
    "/bed-stays",
    response=page_of(schemas.BedStayOut),
    operation_id="listBedStays",
    summary="床位占用列表",
)
def stays(request: Request, asked: Query[schemas.BedStayFilter]) -> Any:
    """本机构的床位占用，最新的在前；每位患者的读取都留痕。"""
    rows = _stays(request)
    for name, column in (
        ("organisation", "organisation"),
        ("ward", "bed__ward"),
        ("person", "person"),
        ("encounter", "encounter"),
    ):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{column: value})
    if asked.current:
        rows = rows.current()
    found = paged(rows.order_by("-since", "-id"), asked)
    _told(request, found["items"])
    return found


@router.get(
    "/bed-stays/{uuid:pk}",
    response=schemas.BedStayOut,
    operation_id="readBedStay",
    summary="读取床位占用",
)
def stay(request: Request, pk: UUID) -> Any:
    found = get_object_or_404(_stays(request), pk=pk)
    _told(request, [found])
    return found


def _stay_act(name: str, summary: str) -> Callable[[View], View]:
    mount: Callable[[View], View] = router.post(
        f"/bed-stays/{{uuid:pk}}/{name}",
        response=schemas.BedStayOut,
        operation_id=f"{name}BedStay",
        summary=summary,
    )
    return mount


@_stay_act("move", "转床")
def move(request: Request, pk: UUID, body: schemas.BedMoveIn) -> Any:
    """答复的是在新床位的占用。"""
    found = get_object_or_404(_stays(request), pk=pk)
    target = chosen(_beds(request), body.bed, "bed")
    facts = body.model_dump(exclude={"bed"})
    return actions.move(found, by=request.actor, bed=target, **facts)


@_stay_act("swap", "对换床位")
def swap(request: Request, pk: UUID, body: schemas.SwapIn) -> Any:
    """两位患者对换，同时成立；答复的是前一位在新床位的占用。"""
    found = get_object_or_404(_stays(request), pk=pk)
    other = chosen(_stays(request), body.other, "other")
    facts = body.model_dump(exclude={"other"})
    return actions.swap(found, other, by=request.actor, **facts)[0]


@_stay_act("plan", "登记计划出院")
def plan(request: Request, pk: UUID, body: schemas.PlanIn) -> Any:
    return actions.plan(get_object_or_404(_stays(request), pk=pk), by=request.actor, on=body.on)


@_stay_act("discharge", "出院离床")
def discharge(request: Request, pk: UUID, body: schemas.BedDischargeIn) -> Any:
    """离床，并同时结束其未结束的住院。"""
    found = get_object_or_404(_stays(request), pk=pk)
    return actions.discharge(found, by=request.actor, **body.model_dump())


@_stay_act("void", "作废入住记录")
def void(request: Request, pk: UUID, body: schemas.BedReasonIn) -> Any:
    found = get_object_or_404(_stays(request), pk=pk)
    return actions.void(found, by=request.actor, **body.model_dump())


# ------------------------------------------------------------------------- who is expected


@router.get(
    "/bed-holds",
    response=page_of(schemas.BedHoldOut),
    operation_id="listBedHolds",
    summary="床位预留列表",
)
def holds(request: Request, asked: Query[schemas.BedHoldFilter]) -> Any:
    """本机构的、或本机构在他处的预留，最新的在前；每位患者的读取都留痕。"""
    rows = _holds(request)
    for name in ("organisation", "subject_kind", "subject_id", "state"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    found = paged(rows.order_by("-created_at", "-id"), asked)
    _told(request, found["items"])
    return found


@router.post(
    "/bed-holds/{uuid:pk}/release",
    response=schemas.BedHoldOut,
    operation_id="releaseBedHold",
    summary="取消预留",
)
def release(request: Request, pk: UUID, body: schemas.BedReasonIn) -> Any:
    found = get_object_or_404(_holds(request), pk=pk)
    return actions.release(found, by=request.actor, **body.model_dump())
