"""The REST door of care plans: list, read, act; their tasks; the catalogue behind them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router

from xinglin.clinical.careplans import actions, catalogue, permissions
from xinglin.clinical.careplans.api import schemas
from xinglin.clinical.careplans.models import CarePlan, CareTask
from xinglin.clinical.careplans.sheet import items_of
from xinglin.clinical.privacy.models import listed
from xinglin.kernel import trail
from xinglin.ui.api import Paging, acts, page_of, paged, part_of, reasons_of
from xinglin.ui.requests import Request

router = Router(tags=["照护计划"])
ADDRESS = "/care-plans/{uuid:pk}"
TASK = "/care-tasks/{uuid:pk}"


def _one(request: Request, pk: UUID) -> CarePlan:
    return get_object_or_404(CarePlan.objects.visible_to(request.actor).for_pages(), pk=pk)


def _task(request: Request, pk: UUID) -> CareTask:
    rows = CareTask.objects.visible_to(request.actor)
    return get_object_or_404(rows.select_related("plan__person", "person", "item"), pk=pk)


def _traced(request: Request, plan: CarePlan) -> None:
    """Write that the plan was read, and on what ground."""
    basis = permissions.ground(request.actor, plan).kept(door="REST")
    trail.read(request.actor, permissions.READ.code, plan, basis=basis, parts="careplan")


@router.get(
    "/care-plans",
    response=page_of(schemas.CarePlanRowOut),
    operation_id="listCarePlans",
    summary="照护计划列表",
)
def listing(request: Request, asked: Query[schemas.PlanFilter]) -> Any:
    """可见的照护计划，最新的在前。"""
    rows = CarePlan.objects.visible_to(request.actor).for_pages()
    for name in ("person", "state", "organisation", "author_org"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.flagged:
        rows = rows.filter(flagged_at__isnull=False)
    found = paged(rows.newest_first(), asked)
    listed(request.actor, permissions.READ.code, found["items"], door="REST")
    return found


@router.get(
    ADDRESS, response=schemas.CarePlanOut, operation_id="readCarePlan", summary="读取照护计划"
)
def detail(request: Request, pk: UUID) -> Any:
    """计划、各版项目与现在可做的动作；每次读取都留痕。"""
    plan = _one(request, pk)
    _traced(request, plan)
    return plan


_act = acts(router, ADDRESS, schemas.CarePlanOut, "CarePlan")


@_act("accept", "整份接收照护计划")
def accept(request: Request, pk: UUID) -> Any:
    return actions.accept(_one(request, pk), by=request.actor)


@_act("object", "对计划项目提出异议")
def object_to(request: Request, pk: UUID, body: schemas.ObjectToPlanIn) -> Any:
    """逐项说明原因和替代方案；其余项目即为接收。"""
    objections = {
        row.item: actions.Objection(
            row.code, row.text, row.model_dump(exclude={"item", "code", "text"}, exclude_none=True)
        )
        for row in body.objections
    }
    return actions.object_to(_one(request, pk), by=request.actor, objections=objections)


@_act("settle", "商定有异议的项目")
def settle(request: Request, pk: UUID, body: schemas.SettlePlanIn) -> Any:
    """制定机构逐项答复：采纳 adopt、取消 drop、坚持 keep。"""
    answers = {row.item: row.answer for row in body.answers}
    return actions.settle(_one(request, pk), by=request.actor, answers=answers)


@_act("revise", "修订照护计划")
def revise(request: Request, pk: UUID, body: schemas.RevisePlanIn) -> Any:
    """给出新版的全部项目；相同的继续，已完成的任务保留。"""
    return actions.revise(
        _one(request, pk),
        by=request.actor,
        items=items_of(body.items),
        reason=body.reason,
        text=body.text,
    )


@_act("evaluate", "评估照护计划")
def evaluate(request: Request, pk: UUID, body: schemas.EvaluatePlanIn) -> Any:
    return actions.evaluate(
        _one(request, pk), by=request.actor, outcome=body.outcome, text=body.text
    )


@_act("end", "终止照护计划")
def end(request: Request, pk: UUID, body: schemas.EndPlanIn) -> Any:
    return actions.end(_one(request, pk), by=request.actor, code=body.code, text=body.text)


# ----------------------------------------------------------------------------------- its tasks


@router.get(
    "/care-tasks",
    response=page_of(schemas.CareTaskOut),
    operation_id="listCareTasks",
    summary="照护任务列表",
)
def tasks(request: Request, asked: Query[schemas.TaskFilter]) -> Any:
    """可见的照护任务，按应做日期排列。"""
    rows = CareTask.objects.visible_to(request.actor).select_related("person", "plan")
    for name in ("plan", "person", "state"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.mine:
        rows = rows.of_house(request.actor)
    if asked.since is not None:
        rows = rows.filter(due_on__gte=asked.since)
    if asked.until is not None:
        rows = rows.filter(due_on__lte=asked.until)
    found = paged(rows.order_by("due_on", "id"), asked)
    listed(request.actor, permissions.READ.code, found["items"], door="REST")
    return found


@router.get(TASK, response=schemas.CareTaskOut, operation_id="readCareTask", summary="读取照护任务")
def task(request: Request, pk: UUID) -> Any:
    found = _task(request, pk)
    _traced(request, found.plan)
    return found


_task_act = acts(router, TASK, schemas.CareTaskOut, "CareTask")


@_task_act("do", "登记照护任务")
def do(request: Request, pk: UUID, body: schemas.DoTaskIn) -> Any:
    """测得的值写入病历；越过界限或有预警症状时，系统准备上转单。"""
    return actions.do(_task(request, pk), by=request.actor, **body.model_dump())


@_task_act("skip", "登记任务未做")
def skip(request: Request, pk: UUID, body: schemas.SkipTaskIn) -> Any:
    return actions.skip(_task(request, pk), by=request.actor, **body.model_dump())


# ------------------------------------------------------------------------------- the catalogue


@router.get(
    "/catalogue/care-plan-templates",
    response=page_of(schemas.PlanTemplateOut),
    operation_id="listCarePlanTemplates",
    summary="照护计划模板与下转标准",
)
def templates(request: Request, asked: Query[Paging]) -> Any:
    return part_of(list(catalogue.templates().values()), asked)


@router.get(
    "/catalogue/care-plan-reasons/{group}",
    response=page_of(schemas.PlanReasonOut),
    operation_id="listCarePlanReasons",
    summary="照护计划原因代码",
)
def reasons(request: Request, group: str, asked: Query[Paging]) -> Any:
    """一组代码：exception、objection、skip、revision、end、outcome、find、symptom。"""
    return reasons_of(catalogue.reasons, group, asked)
