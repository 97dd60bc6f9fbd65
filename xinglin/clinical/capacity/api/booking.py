"""Slots, bookings and the waiting list over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from xinglin.clinical.capacity import actions, catalogue, permissions
from xinglin.clinical.capacity.api import schemas
from xinglin.clinical.capacity.models import Booking, Schedule, Slot, Waiting
from xinglin.clinical.privacy.models import ground
from xinglin.kernel import trail
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Person
from xinglin.ui.api import Paging, chosen, page_of, paged, part_of, reasons_of
from xinglin.ui.requests import Request

router = Router(tags=["号源与预约"])
BOOKING = "/bookings/{uuid:pk}"
LEADS = ("organisation", "department", "practitioner", "schedule")
_ARRIVE = schemas.ArriveIn.model_validate({})
View = Callable[..., Any]


def _slots(request: Request) -> Any:
    return Slot.objects.visible_to(request.actor).select_related(*LEADS)


def _bookings(request: Request) -> Any:
    return Booking.objects.visible_to(request.actor).select_related(
        "person", "organisation", "booked_by", "owner", *(f"slot__{lead}" for lead in LEADS)
    )


def _one(request: Request, pk: UUID) -> Booking:
    found: Booking = get_object_or_404(_bookings(request), pk=pk)
    return found


def _read(request: Request, people: Iterable[Person]) -> None:
    """Whose bookings are told, once each: where somebody goes says what they suffer from."""
    for person in {person.pk: person for person in people}.values():
        basis = ground(request.actor, person) or permissions.OF_THE_BOOKING.kept()
        basis = trail.through(basis, "REST")
        trail.read(request.actor, permissions.READ.code, person, basis=basis, parts="booking")


@router.get(
    "/slots", response=page_of(schemas.SlotOut), operation_id="listSlots", summary="号源列表"
)
def slots(request: Request, asked: Query[schemas.SlotFilter]) -> Any:
    """可约的号源，最早的在前；`free=false` 时连同已满、停诊的。"""
    rows = _slots(request)
    if asked.free:
        rows = rows.free(channel=asked.channel)
    for name in ("organisation", "department", "schedule", "practitioner"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.since is not None:
        rows = rows.filter(start_at__gte=asked.since)
    if asked.until is not None:
        rows = rows.filter(start_at__lt=asked.until)
    return paged(rows.in_order(), asked)


@router.get(
    "/slots/{uuid:pk}", response=schemas.SlotOut, operation_id="readSlot", summary="读取号源"
)
def slot(request: Request, pk: UUID) -> Any:
    return get_object_or_404(_slots(request), pk=pk)


@router.post(
    "/slots/{uuid:pk}/hold",
    response={201: schemas.BookingOut},
    operation_id="holdSlot",
    summary="占号",
)
def hold(request: Request, pk: UUID, body: schemas.TakeIn) -> Any:
    """暂时占住一个号，须在 `expires_at` 前确认。"""
    return _take(request, pk, body, actions.hold)


@router.post(
    "/slots/{uuid:pk}/book",
    response={201: schemas.BookingOut},
    operation_id="bookSlot",
    summary="预约",
)
def book(request: Request, pk: UUID, body: schemas.TakeIn) -> Any:
    return _take(request, pk, body, actions.book)


def _take(request: Request, pk: UUID, body: schemas.TakeIn, act: Any) -> Any:
    person = chosen(Person.objects.visible_to(request.actor), body.person, "person")
    subject = (body.subject_kind, body.subject_id) if body.subject_id else None
    done = act(
        get_object_or_404(_slots(request), pk=pk),
        by=request.actor,
        person=person,
        channel=body.channel,
        note=body.note,
        for_subject=subject,
    )
    return Status(201, _one(request, done.pk))


@router.get(
    "/bookings",
    response=page_of(schemas.BookingOut),
    operation_id="listBookings",
    summary="预约列表",
)
def bookings(request: Request, asked: Query[schemas.BookingFilter]) -> Any:
    """本机构就诊或本机构代约的预约，按就诊时间排列；每位患者的读取都留痕。"""
    rows = _bookings(request)
    for name in ("person", "organisation", "slot", "state", "subject_id"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.since is not None:
        rows = rows.filter(start_at__gte=asked.since)
    if asked.until is not None:
        rows = rows.filter(start_at__lt=asked.until)
    found = paged(rows.in_order(), asked)
    _read(request, [row.person for row in found["items"]])
    return found


@router.get(BOOKING, response=schemas.BookingOut, operation_id="readBooking", summary="读取预约")
def detail(request: Request, pk: UUID) -> Any:
    """预约与现在可做的动作；每次读取都留痕。"""
    booking = _one(request, pk)
    _read(request, [booking.person])
    return booking


def _act(name: str, summary: str) -> Callable[[View], View]:
    """Mount an act under its name; all answer with the booking."""
    mount: Callable[[View], View] = router.post(
        f"{BOOKING}/{name}",
        response=schemas.BookingOut,
        operation_id=f"{name}Booking",
        summary=summary,
    )
    return mount


@_act("confirm", "确认预约")
def confirm(request: Request, pk: UUID) -> Any:
    """在占号截止前确认。"""
    return actions.confirm(_one(request, pk), by=request.actor)


@_act("release", "放弃占号")
def release(request: Request, pk: UUID) -> Any:
    return actions.release(_one(request, pk), by=request.actor)


@_act("cancel", "取消预约")
def cancel(request: Request, pk: UUID, body: schemas.CancelIn) -> Any:
    return actions.cancel(_one(request, pk), by=request.actor, **body.model_dump())


@_act("move", "改约")
def move(request: Request, pk: UUID, body: schemas.MoveIn) -> Any:
    """改到另一号源；新号占到、旧号放出，同成同败。"""
    booking = _one(request, pk)
    new = chosen(_slots(request), body.slot, "slot")
    actions.move(booking, by=request.actor, slot=new, channel=body.channel)
    return _one(request, pk)


@_act("arrive", "登记到诊")
def arrive(request: Request, pk: UUID, body: schemas.ArriveIn = _ARRIVE) -> Any:
    return actions.arrive(_one(request, pk), by=request.actor, arrived_at=body.arrived_at)


@_act("undo", "撤销到诊")
def undo(request: Request, pk: UUID) -> Any:
    return actions.undo(_one(request, pk), by=request.actor)


@_act("miss", "登记爽约")
def miss(request: Request, pk: UUID) -> Any:
    return actions.miss(_one(request, pk), by=request.actor)


# ------------------------------------------------------------------------------- the waiting list


def _line(request: Request) -> Any:
    return Waiting.objects.visible_to(request.actor).select_related(
        "person", "organisation", "department", "asked_by"
    )


@router.get(
    "/waiting",
    response=page_of(schemas.WaitingOut),
    operation_id="listWaiting",
    summary="候补名单",
)
def waiting(request: Request, asked: Query[schemas.WaitingFilter]) -> Any:
    """按优先级与排队时间排列。"""
    rows = _line(request)
    for name in ("organisation", "person", "state"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    found = paged(rows.in_order(), asked)
    _read(request, [row.person for row in found["items"]])
    return found


@router.post(
    "/waiting",
    response={201: schemas.WaitingOut},
    operation_id="wait",
    summary="登记候补",
)
def wait(request: Request, body: schemas.WaitIn) -> Any:
    """无号可约时登记；有号放出时保留给排在最前的。"""
    actor = request.actor
    given = body.model_dump(exclude={"person", "organisation", "department", "schedule"})
    houses = Organisation.objects.visible_to(actor)
    entry = Waiting(
        county_id=actor.county_id,
        person=chosen(Person.objects.visible_to(actor), body.person, "person"),
        organisation=chosen(houses, body.organisation, "organisation"),
        asked_by_id=actor.org_id,
        **given,
    )
    if body.department is not None:
        parts = Department.objects.visible_to(actor)
        entry.department = chosen(parts, body.department, "department")
    if body.schedule is not None:
        known = Schedule.objects.visible_to(actor)
        entry.schedule = chosen(known, body.schedule, "schedule")
    return Status(201, actions.wait(entry, by=actor))


@router.post(
    "/waiting/{uuid:pk}/leave",
    response=schemas.WaitingOut,
    operation_id="leaveWaiting",
    summary="退出候补",
)
def leave(request: Request, pk: UUID, body: schemas.CancelIn) -> Any:
    entry = get_object_or_404(_line(request), pk=pk)
    return actions.leave(entry, by=request.actor, **body.model_dump())


# ---------------------------------------------------------------------------------- the catalogue


@router.get(
    "/catalogue/capacity-kinds",
    response=page_of(schemas.CodedOut),
    operation_id="listCapacityKinds",
    summary="预约资源类别",
)
def kinds(request: Request, asked: Query[Paging]) -> Any:
    return part_of(list(catalogue.kinds().values()), asked)


@router.get(
    "/catalogue/capacity-channels",
    response=page_of(schemas.CodedOut),
    operation_id="listCapacityChannels",
    summary="预约渠道",
)
def channels(request: Request, asked: Query[Paging]) -> Any:
    return part_of(list(catalogue.channels().values()), asked)


@router.get(
    "/catalogue/capacity-reasons/{group}",
    response=page_of(schemas.CodedOut),
    operation_id="listCapacityReasons",
    summary="预约原因代码",
)
def reasons(request: Request, group: str, asked: Query[Paging]) -> Any:
    """一组原因代码：cancel、close、leave；床位的 block、release、mix、void。"""
    return reasons_of(catalogue.reasons, group, asked)
