"""The REST door of orders: list, read, write, act; their times; the catalogue behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Status

from xinglin.clinical.orders import actions, catalogue, permissions
from xinglin.clinical.orders.api import schemas
from xinglin.clinical.orders.models import Execution, Order
from xinglin.clinical.privacy.models import ground
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import trail
from xinglin.registry.people.models import Person
from xinglin.ui.api import Paging, acts, changes, chosen, page_of, paged, part_of, reasons_of
from xinglin.ui.requests import Request

router = Router(tags=["医嘱"])
ADDRESS = "/orders/{uuid:pk}"
LEADS = ("person", "organisation", "encounter", "owner", "checker")
_SIGN = schemas.SignIn.model_validate({})


def _seen(request: Request) -> Any:
    return Order.objects.visible_to(request.actor).select_related(*LEADS)


def _one(request: Request, pk: UUID) -> Order:
    order: Order = get_object_or_404(_seen(request), pk=pk)
    return order


def _read(request: Request, people: Sequence[Person]) -> None:
    """Whose orders are told, once each."""
    for person in {person.pk: person for person in people}.values():
        basis = ground(request.actor, person) or permissions.OF_THE_ORDER.kept()
        basis = trail.through(basis, "REST")
        trail.read(request.actor, permissions.READ.code, person, basis=basis, parts="order")


@router.get(
    "/orders",
    response=page_of(schemas.OrderOut),
    operation_id="listOrders",
    summary="医嘱列表",
)
def listing(request: Request, asked: Query[schemas.OrderFilter]) -> Any:
    """可见的医嘱，最新的在前；每位患者的读取都留痕。"""
    rows = _seen(request)
    for name in ("person", "encounter", "organisation", "state", "kind", "term"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.open is not None:
        rows = rows.filter(owner__isnull=not asked.open)
    if asked.overdue:
        rows = rows.filter(due_at__lt=timezone.now())
    found = paged(rows.order_by("-start_at", "-id"), asked)
    _read(request, [order.person for order in found["items"]])
    return found


@router.get(
    "/orders/executions",
    response=page_of(schemas.ExecutionOut),
    operation_id="listExecutions",
    summary="执行记录列表",
)
def executions(request: Request, asked: Query[schemas.ExecutionFilter]) -> Any:
    """应执行与已执行的各次，按应执行时间排列。"""
    rows = Execution.objects.visible_to(request.actor).select_related("order", "person")
    if asked.order is not None:
        rows = rows.filter(order=asked.order)
    if asked.encounter is not None:
        rows = rows.filter(order__encounter=asked.encounter)
    if asked.state is not None:
        rows = rows.filter(state=asked.state)
    if asked.since is not None:
        rows = rows.filter(due_at__gte=asked.since)
    if asked.until is not None:
        rows = rows.filter(due_at__lte=asked.until)
    found = paged(rows.order_by("due_at", "id"), asked)
    _read(request, [row.person for row in found["items"]])
    return found


@router.post(
    "/orders",
    response={201: schemas.OrderOut},
    operation_id="createOrder",
    summary="开立医嘱",
)
def create(request: Request, body: schemas.OrderIn) -> Any:
    """在本机构未结束的就诊中开立；`sign` 为真时同时签署，系统提示须写理由。"""
    order = _new(request, body, {"join", "sign", "override"})
    with transaction.atomic():
        with_ = chosen(_seen(request), body.join, "join") if body.join else None
        actions.draft(order, by=request.actor, with_=with_)
        if body.sign:
            actions.sign(order, by=request.actor, override=body.override)
    return Status(201, order)


@router.post(
    "/orders/verbal",
    response={201: schemas.OrderOut},
    operation_id="voiceOrder",
    summary="录入口头医嘱",
)
def voice(request: Request, body: schemas.VerbalIn) -> Any:
    """抢救时医生口头下达，立即可执行；医生须在时限内补签。"""
    order = _new(request, body, set())
    order.term = "temporary"
    order.frequency = order.frequency or "st"
    return Status(201, actions.voice(order, by=request.actor))


def _new(request: Request, body: schemas.OrderFields, without: set[str]) -> Order:
    given = body.model_dump(exclude={*without, "encounter"}, exclude_none=True)
    visits = Encounter.objects.visible_to(request.actor).select_related("person", "organisation")
    visit = chosen(visits, body.encounter, "encounter")  # type: ignore[attr-defined]
    return Order(
        county_id=visit.person.county_id,
        organisation=visit.organisation,
        person=visit.person,
        encounter=visit,
        **given,
    )


@router.get(ADDRESS, response=schemas.OrderOut, operation_id="readOrder", summary="读取医嘱")
def detail(request: Request, pk: UUID) -> Any:
    """医嘱与现在可做的动作；每次读取都留痕。"""
    order = _one(request, pk)
    _read(request, [order.person])
    return order


@router.patch(ADDRESS, response=schemas.OrderOut, operation_id="changeOrder", summary="修改医嘱")
def change(request: Request, pk: UUID, body: schemas.OrderPatch) -> Any:
    """签署前，或被药师退回后；只改给出的字段。"""
    facts = {name: value for name, value in changes(body).items() if value is not None}
    return actions.change(_one(request, pk), by=request.actor, **facts)


_act = acts(router, ADDRESS, schemas.OrderOut, "Order")


def _time(request: Request, order: Order, pk: UUID, field: str = "execution") -> Execution:
    rows = Execution.objects.visible_to(request.actor).filter(order=order)
    return chosen(rows, pk, field)


@_act("sign", "签署医嘱")
def sign(request: Request, pk: UUID, body: schemas.SignIn = _SIGN) -> Any:
    """签署草稿或被退回的医嘱；口头医嘱由此补签。"""
    return actions.sign(_one(request, pk), by=request.actor, override=body.override)


@_act("accept", "审方通过")
def accept(request: Request, pk: UUID) -> Any:
    return actions.accept(_one(request, pk), by=request.actor)


@_act("send-back", "审方退回")
def send_back(request: Request, pk: UUID, body: schemas.ReasonIn) -> Any:
    return actions.send_back(_one(request, pk), by=request.actor, **body.model_dump())


@_act("let-pass", "医师复核代审方")
def let_pass(request: Request, pk: UUID) -> Any:
    """没有药师答复时，由签署医生以外的医师复核。"""
    return actions.let_pass(_one(request, pk), by=request.actor)


@_act("check", "核对医嘱")
def check(request: Request, pk: UUID) -> Any:
    """护士核对后方可执行；应执行时间由此生成。"""
    return actions.check(_one(request, pk), by=request.actor)


@_act("skin-test", "登记皮试结果")
def skin_test(request: Request, pk: UUID, body: schemas.SkinTestIn) -> Any:
    """阳性则医嘱取消，并记入过敏史。"""
    return actions.note_skin_test(_one(request, pk), by=request.actor, **body.model_dump())


@_act("give", "登记执行")
def give(request: Request, pk: UUID, body: schemas.GiveIn) -> Any:
    order = _one(request, pk)
    facts = body.model_dump(exclude={"execution"})
    row = _time(request, order, body.execution) if body.execution else None
    return actions.give(order, by=request.actor, execution=row, **facts)


@_act("omit", "登记未执行")
def omit(request: Request, pk: UUID, body: schemas.OmitIn) -> Any:
    order = _one(request, pk)
    row = _time(request, order, body.execution)
    return actions.omit(order, by=request.actor, execution=row, reason=body.reason, note=body.note)


@_act("strike", "作废执行记录")
def strike(request: Request, pk: UUID, body: schemas.StrikeIn) -> Any:
    """误登的作废并说明原因；医嘱仍在执行时，这一次重新待执行。"""
    order = _one(request, pk)
    row = _time(request, order, body.execution)
    return actions.strike(
        order, by=request.actor, execution=row, reason=body.reason, text=body.text
    )


@_act("stop", "停止医嘱")
def stop(request: Request, pk: UUID, body: schemas.ReasonIn) -> Any:
    """停止长期医嘱；其后不再执行。"""
    return actions.stop(_one(request, pk), by=request.actor, **body.model_dump())


@_act("check-stop", "核对停嘱")
def check_stop(request: Request, pk: UUID) -> Any:
    return actions.check_stop(_one(request, pk), by=request.actor)


@_act("keep", "复核后继续")
def keep(request: Request, pk: UUID) -> Any:
    return actions.keep(_one(request, pk), by=request.actor)


@_act("cancel", "取消医嘱")
def cancel(request: Request, pk: UUID, body: schemas.ReasonIn) -> Any:
    """执行前取消。"""
    return actions.cancel(_one(request, pk), by=request.actor, **body.model_dump())


@_act("void", "作废医嘱")
def void(request: Request, pk: UUID, body: schemas.ReasonIn) -> Any:
    """写错的医嘱作废；已有的执行记录保留。"""
    return actions.void(_one(request, pk), by=request.actor, **body.model_dump())


# ------------------------------------------------------------------------------- the catalogue


@router.get(
    "/catalogue/drugs",
    response=page_of(schemas.DrugOut),
    operation_id="listDrugs",
    summary="药品目录",
)
def drugs(request: Request, asked: Query[schemas.SearchFilter]) -> Any:
    known = catalogue.drugs()
    words = asked.q.strip()
    return part_of(
        catalogue.search_drugs(words, len(known)) if words else list(known.values()), asked
    )


@router.get(
    "/catalogue/order-items",
    response=page_of(schemas.ItemOut),
    operation_id="listOrderItems",
    summary="非药品医嘱项目",
)
def items(request: Request, asked: Query[schemas.SearchFilter]) -> Any:
    known = catalogue.items()
    words = asked.q.strip()
    return part_of(
        catalogue.search_items(words, len(known)) if words else list(known.values()), asked
    )


@router.get(
    "/catalogue/frequencies",
    response=page_of(schemas.FrequencyOut),
    operation_id="listFrequencies",
    summary="频次",
)
def frequencies(request: Request, asked: Query[Paging]) -> Any:
    return part_of(list(catalogue.frequencies().values()), asked)


@router.get(
    "/catalogue/routes",
    response=page_of(schemas.CodeOut),
    operation_id="listRoutes",
    summary="用法",
)
def routes(request: Request, asked: Query[Paging]) -> Any:
    return part_of(list(catalogue.routes().values()), asked)


@router.get(
    "/catalogue/order-reasons/{group}",
    response=page_of(schemas.CodeOut),
    operation_id="listOrderReasons",
    summary="医嘱原因代码",
)
def reasons(request: Request, group: str, asked: Query[Paging]) -> Any:
    """一组原因代码：send-back、omit、stop、cancel、void。"""
    return reasons_of(catalogue.reasons, group, asked)
