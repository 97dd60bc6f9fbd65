"""Schedules and closures over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Status

from xinglin.clinical.capacity import actions
from xinglin.clinical.capacity.api import schemas
from xinglin.clinical.capacity.models import Closure, Schedule, Session, Substitution
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.staff.models import Practitioner
from xinglin.ui.api import changes, chosen, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["排班"])
SCHEDULE = "/schedules/{uuid:pk}"


def _schedules(request: Request) -> Any:
    rows = Schedule.objects.visible_to(request.actor)
    leads = rows.select_related("organisation", "department", "practitioner")
    return leads.prefetch_related("sessions")


def _one(request: Request, pk: UUID) -> Schedule:
    found: Schedule = get_object_or_404(_schedules(request), pk=pk)
    return found


def _parts(request: Request, body: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The rows that ids in the body name; one that is not given stays out."""
    actor = request.actor
    known = {
        "organisation": Organisation.objects.visible_to(actor),
        "department": Department.objects.visible_to(actor).select_related("organisation"),
        "practitioner": Practitioner.objects.visible_to(actor),
        "schedule": Schedule.objects.visible_to(actor),
    }
    return {
        name: chosen(known[name], getattr(body, name), name)
        for name in names
        if getattr(body, name) is not None
    }


def _house(request: Request, parts: dict[str, Any]) -> Organisation:
    """The house that is named, or one's own."""
    if "organisation" in parts:
        named: Organisation = parts["organisation"]
        return named
    houses = Organisation.objects.visible_to(request.actor)
    own: Organisation = get_object_or_404(houses, pk=request.actor.org_id)
    return own


@router.get(
    "/schedules",
    response=page_of(schemas.ScheduleOut),
    operation_id="listSchedules",
    summary="排班列表",
)
def listing(request: Request, asked: Query[schemas.ScheduleFilter]) -> Any:
    rows = _schedules(request)
    for name in ("organisation", "department", "practitioner"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.standing:
        rows = rows.standing(timezone.localdate())
    return paged(rows.in_order(), asked)


@router.post(
    "/schedules",
    response={201: schemas.ScheduleOut},
    operation_id="createSchedule",
    summary="新建排班",
)
def create(request: Request, body: schemas.ScheduleIn) -> Any:
    """新建后立即生成未来若干天的号源。"""
    names = ("organisation", "department", "practitioner")
    parts = _parts(request, body, names)
    facts = body.model_dump(exclude={*names, "sessions"})
    parts["organisation"] = _house(request, parts)
    hours = [Session(**each.model_dump()) for each in body.sessions]
    schedule = actions.establish(Schedule(**facts, **parts), by=request.actor, sessions=hours)
    return Status(201, _one(request, schedule.pk))


@router.get(SCHEDULE, response=schemas.ScheduleOut, operation_id="readSchedule", summary="读取排班")
def detail(request: Request, pk: UUID) -> Any:
    return _one(request, pk)


@router.patch(
    SCHEDULE, response=schemas.ScheduleOut, operation_id="changeSchedule", summary="修改排班"
)
def change(request: Request, pk: UUID, body: schemas.SchedulePatch) -> Any:
    """只改给出的字段，今后的号源随之调整；已预约而不再出诊的转为待改约。"""
    schedule = _one(request, pk)
    asked = changes(body)
    facts = {
        name: value
        for name, value in asked.items()
        if name not in ("sessions", "department", "practitioner")
        and (value is not None or name in ("until", "release_hours"))
    }
    parts = _parts(request, body, ("department", "practitioner"))
    # Named and null: no department, no doctor.
    parts |= {
        name: None
        for name in ("department", "practitioner")
        if name in asked and asked[name] is None
    }
    hours = None
    if body.sessions is not None:
        hours = [Session(**each.model_dump()) for each in body.sessions]
    actions.revise(schedule, by=request.actor, sessions=hours, **facts, **parts)
    return _one(request, pk)


@router.post(
    f"{SCHEDULE}/end",
    response=schemas.ScheduleOut,
    operation_id="endSchedule",
    summary="截止排班",
)
def end(request: Request, pk: UUID, body: schemas.ScheduleEndIn) -> Any:
    actions.end(_one(request, pk), by=request.actor, on=body.on)
    return _one(request, pk)


@router.post(
    f"{SCHEDULE}/substitute",
    response=schemas.ScheduleOut,
    operation_id="substituteSchedule",
    summary="安排替诊",
)
def substitute(request: Request, pk: UUID, body: schemas.SubstituteIn) -> Any:
    """一段时间内换医生或诊室；预约照旧，并通知预约机构。"""
    parts = _parts(request, body, ("practitioner",))
    facts = body.model_dump(exclude={"practitioner"})
    change = Substitution(schedule=_one(request, pk), **facts, **parts)
    actions.substitute(change, by=request.actor)
    return _one(request, pk)


def _closures(request: Request) -> Any:
    rows = Closure.objects.visible_to(request.actor)
    return rows.select_related("organisation", "department", "practitioner")


@router.get(
    "/closures",
    response=page_of(schemas.ClosureOut),
    operation_id="listClosures",
    summary="停诊列表",
)
def closures(request: Request, asked: Query[schemas.ClosureFilter]) -> Any:
    rows = _closures(request)
    if asked.organisation is not None:
        rows = rows.filter(organisation=asked.organisation)
    if asked.standing:
        rows = rows.standing().filter(end_at__gt=timezone.now())
    return paged(rows.order_by("-start_at", "-id"), asked)


@router.post(
    "/closures",
    response={201: schemas.ClosureOut},
    operation_id="createClosure",
    summary="停诊",
)
def close(request: Request, body: schemas.ClosureIn) -> Any:
    """停诊时段内已有的预约转为待改约，并通知预约机构。"""
    names = ("organisation", "department", "schedule", "practitioner")
    parts = _parts(request, body, names)
    parts["organisation"] = _house(request, parts)
    facts = body.model_dump(exclude=set(names))
    return Status(201, actions.close(Closure(**facts, **parts), by=request.actor))


@router.post(
    "/closures/{uuid:pk}/reopen",
    response=schemas.ClosureOut,
    operation_id="reopenClosure",
    summary="恢复出诊",
)
def reopen(request: Request, pk: UUID) -> Any:
    """尚未改约的预约随之恢复。"""
    return actions.reopen(get_object_or_404(_closures(request), pk=pk), by=request.actor)
