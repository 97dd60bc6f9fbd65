"""The REST door of the green channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, UploadedFile

from xinglin.clinical.capacity.models import Ward
from xinglin.clinical.emergency import actions, delays, permissions, rules
from xinglin.clinical.emergency.actions.bedding import held_for
from xinglin.clinical.emergency.api import schemas
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.privacy.models import listed
from xinglin.kernel import trail
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import Person
from xinglin.ui.api import PAPER, acts, answer, changes, chosen, page_of, paged
from xinglin.ui.downloads import stored_file
from xinglin.ui.requests import Request

__all__ = ["router"]

router = Router(tags=["绿色通道"])
ADDRESS = "/green-cases/{uuid:pk}"
PLAIN_ROW = (
    *("id", "number", "kind", "state", "unknown", "duty", "due_at"),
    *("opened_at", "confirmed_at", "arrived_at", "ended_at"),
)
PLAIN = (
    *("version", "opened_by", "complaint", "scene", "caller_phone", "sex_seen", "age_about"),
    *("vehicle", "vehicle_kind", "vehicle_status", "dispatch", "expected_at", "confirmed_by"),
    *("prepared", "prepared_note", "place", "course", "end_code", "end_reason"),
)


def _house(pk: UUID | None) -> dict[str, Any] | None:
    return None if pk is None else {"id": pk, "name": tree.name(pk)}


def _row(case: GreenCase) -> dict[str, Any]:
    return {
        **{name: getattr(case, name) for name in PLAIN_ROW},
        "person": {"id": case.person_id, "name": case.person.name},
        "from_org": _house(case.from_org_id),
        "to_org": _house(case.to_org_id),
        "owner": _house(case.owner_id),
        "overdue": case.due_at is not None and case.due_at < timezone.now(),
    }


def _whole(request: Request, case: GreenCase) -> dict[str, Any]:
    now = timezone.now()
    over = not case.is_running
    authors = {step.code: step.author for step in case.standing}
    signs = case.observations.filter(voided_at=None).order_by("measured_at", "code")
    papers = case.documents.filter(voided_at=None).order_by("filed_at", "id")
    held = held_for(case)
    return {
        **_row(case),
        **{name: getattr(case, name) for name in PLAIN},
        "encounter": case.encounter_id,
        "bed": held.bed.full_name if held else "",
        "acts": permissions.open_to(request.actor, case),
        "steps": [
            {
                "step": line.step.code,
                "label": line.step.label,
                "side": line.step.side,
                "required": line.required,
                "at": line.at,
                "author": authors.get(line.step.code, ""),
                "limits": [_limit(each) for each in line.measures],
            }
            for line in rules.lines(case.of_kind, case.times, now=now, over=over)
        ],
        "windows": [
            {
                "code": left.window.code,
                "label": left.window.label,
                "closes_at": left.closes_at,
                "open": left.open,
            }
            for left in rules.windows(case.of_kind, case.times, now=now, over=over)
        ],
        "observations": list(signs.values("id", "code", "name", "value", "unit", "measured_at")),
        "documents": list(papers.values("id", "title", "media_type", "size")),
    }


def _limit(each: rules.Measure) -> dict[str, Any]:
    return {
        "start": each.limit.start,
        "minutes": each.limit.span.total_seconds() / 60,
        "due_at": each.due_at,
        "took_seconds": _seconds(each.took),
        "pace": each.pace.value,
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _one(request: Request, pk: UUID) -> GreenCase:
    return get_object_or_404(GreenCase.objects.visible_to(request.actor).for_pages(), pk=pk)


def _told(request: Request, case: GreenCase, *, status: int = 200) -> HttpResponse:
    """The case as it stands after an act, with the number of its state."""
    case = _one(request, case.pk)
    location = f"/api/v1/green-cases/{case.pk}" if status == 201 else ""
    response = answer(_whole(request, case), status=status, location=location)
    response["ETag"] = f'W/"{case.version}"'
    return response


@router.get(
    "/green-cases",
    response=page_of(schemas.GreenCaseRowOut),
    operation_id="listGreenCases",
    summary="绿色通道病例列表",
)
def listing(request: Request, asked: Query[schemas.GreenCaseFilter]) -> HttpResponse:
    """本机构参与的病例，最新的在前。"""
    found = GreenCase.objects.visible_to(request.actor).select_related("person")
    for name in ("state", "kind", "person"):
        value = getattr(asked, name)
        if value is not None:
            found = found.filter(**{name: value})
    if asked.running is not None:
        found = found.filter(owner__isnull=not asked.running)
    page = paged(found.newest_first(), asked)
    listed(request.actor, permissions.READ.code, page["items"], door="REST")
    return answer({**page, "items": [_row(case) for case in page["items"]]})


@router.get(
    "/green-cases/delays",
    response=schemas.GreenDelaysOut,
    operation_id="readGreenChannelDelays",
    summary="绿色通道时间分析",
)
def counted(request: Request, asked: Query[schemas.GreenPeriod]) -> HttpResponse:
    """各类型、各机构、各节点：中位数、九成用时、时限内例数。"""
    if not request.actor.may(permissions.REPORT.code):
        raise Forbidden(_("当前岗位不能查看绿色通道时间分析。"))
    if asked.until < asked.since:
        raise Refused(_("止日不能早于起日。"), field="until")
    found = delays.report(request.actor, asked.since, asked.until)
    names = ("since", "until", "cases", "running", "stood_down", "died", "within", "measured")
    return answer(
        {
            **{name: getattr(found, name) for name in names},
            "delays": [
                {
                    "kind": line.limit.kind,
                    "start": line.limit.start,
                    "step": line.limit.step,
                    "house": _house(line.house),
                    "limit_minutes": line.limit.span.total_seconds() / 60,
                    "n": line.n,
                    "median_seconds": _seconds(line.median),
                    "p90_seconds": _seconds(line.p90),
                    "within": line.within,
                    "missing": line.missing,
                    "source": line.limit.source,
                }
                for line in (*found.delays, *found.houses)
            ],
        }
    )


@router.post(
    "/green-cases",
    response={201: schemas.GreenCaseOut},
    operation_id="openGreenCase",
    summary="启动绿色通道",
)
def create(request: Request, body: schemas.GreenOpenIn) -> HttpResponse:
    """立即通知接收机构；不给患者时按无名氏启动，之后再确认身份。"""
    actor = request.actor
    case = GreenCase(
        county_id=actor.county_id,
        from_org_id=actor.org_id,
        kind=body.kind,
        person=chosen(Person.objects.visible_to(actor), body.person, "person")
        if body.person
        else None,
        to_org=chosen(Organisation.objects.visible_to(actor), body.to_org, "to_org")
        if body.to_org
        else None,
        **body.model_dump(include={"sex_seen", "age_about", "complaint"}),
    )
    return _told(request, actions.open_case(case, by=actor), status=201)


@router.get(
    ADDRESS, response=schemas.GreenCaseOut, operation_id="readGreenCase", summary="读取病例"
)
def detail(request: Request, pk: UUID) -> HttpResponse:
    """整个病例与时间轴；带 `If-None-Match` 询问而没有变化时答 304，不留痕。"""
    seen = GreenCase.objects.visible_to(request.actor).filter(pk=pk)
    version = seen.values_list("version", flat=True).first()
    if version is not None and request.headers.get("If-None-Match") == f'W/"{version}"':
        return HttpResponse(status=304, headers={"ETag": f'W/"{version}"'})
    case = _one(request, pk)
    basis = permissions.ground(request.actor, case).kept(door="REST")
    trail.read(request.actor, permissions.READ.code, case, basis=basis, parts="emergency")
    return _told(request, case)


@router.get(
    f"{ADDRESS}/documents/{{uuid:document}}",
    operation_id="downloadGreenCaseDocument",
    summary="下载心电图等附件",
    openapi_extra=PAPER,
)
def document(request: Request, pk: UUID, document: UUID) -> HttpResponse:
    """双方在患者到院前即可查看；每次下载都留痕。"""
    case = _one(request, pk)
    paper = get_object_or_404(
        case.documents.filter(voided_at=None).select_related("person"), pk=document
    )
    response = stored_file(paper.file, title=paper.title, media_type=paper.media_type, save=True)
    basis = permissions.ATTACHED.kept(door="REST")
    trail.read(request.actor, "record.read", paper, basis=basis, parts="document")
    return response  # type: ignore[return-value]


@router.post(
    f"{ADDRESS}/documents",
    response=schemas.GreenCaseOut,
    operation_id="attachGreenCaseDocument",
    summary="上传心电图等附件",
)
def attach(
    request: Request, pk: UUID, file: File[UploadedFile], title: Form[str] = ""
) -> HttpResponse:
    """PDF、PNG 或 JPEG；对方立即可见。"""
    return _told(
        request, actions.attach(_one(request, pk), by=request.actor, content=file, title=title)
    )


_act = acts(router, ADDRESS, schemas.GreenCaseOut, "GreenCase")


@_act("stamp", "登记时间节点")
def stamp(request: Request, pk: UUID, body: schemas.GreenStampIn) -> HttpResponse:
    """不给时间即为现在；状态随节点前进。"""
    done = actions.stamp(_one(request, pk), by=request.actor, step=body.step, at=body.at)
    return _told(request, done)


@_act("correct", "更正时间节点")
def correct(request: Request, pk: UUID, body: schemas.GreenCorrectIn) -> HttpResponse:
    """原时间作废保留；不给时间即撤销该节点。"""
    case, facts = _one(request, pk), body.model_dump(include={"step", "code", "text"})
    if body.at is None:
        return _told(request, actions.withdraw(case, by=request.actor, **facts))
    return _told(request, actions.correct(case, by=request.actor, at=body.at, **facts))


def _ready(request: Request, body: schemas.GreenReadyIn) -> dict[str, Any]:
    """What stands ready as the actions take it, the ward by its row."""
    told = body.model_dump()
    if told["ward"] is not None:
        told["ward"] = chosen(Ward.objects.visible_to(request.actor), told["ward"], "ward")
    return told


@_act("confirm", "确认接收")
def confirm(request: Request, pk: UUID, body: schemas.GreenReadyIn) -> HttpResponse:
    """接收机构就位，并告知已准备什么。"""
    done = actions.confirm(_one(request, pk), by=request.actor, **_ready(request, body))
    return _told(request, done)


@_act("prepare", "登记院前准备")
def prepare(request: Request, pk: UUID, body: schemas.GreenReadyIn) -> HttpResponse:
    done = actions.prepare(_one(request, pk), by=request.actor, **_ready(request, body))
    return _told(request, done)


@_act("describe", "填写病情与车辆")
def describe(request: Request, pk: UUID, body: schemas.GreenDescribeIn) -> HttpResponse:
    """只改给出的字段。"""
    done = actions.describe(_one(request, pk), by=request.actor, **changes(body))
    return _told(request, done)


@_act("observe", "登记生命体征")
def observe(request: Request, pk: UUID, body: schemas.GreenObserveIn) -> HttpResponse:
    told = body.model_dump(exclude_none=True)
    measured_at = told.pop("measured_at")
    done = actions.observe(
        _one(request, pk), by=request.actor, measured_at=measured_at, values=told
    )
    return _told(request, done)


@_act("identify", "确认患者身份")
def identify(request: Request, pk: UUID, body: schemas.GreenIdentifyIn) -> HttpResponse:
    """指明已登记的居民，或给出新患者的姓名等。"""
    case = _one(request, pk)
    facts = {name: value for name, value in body.given().items() if value}
    if "person" in facts:
        person = chosen(Person.objects.visible_to(request.actor), facts["person"], "person")
        return _told(request, actions.identify(case, by=request.actor, person=person))
    if "id_number" in facts:
        facts["id_type"] = "01"
    return _told(request, actions.identify(case, by=request.actor, **facts))


@_act("redirect", "更改接收机构")
def redirect(request: Request, pk: UUID, body: schemas.GreenRedirectIn) -> HttpResponse:
    house = chosen(Organisation.objects.visible_to(request.actor), body.to_org, "to_org")
    done = actions.redirect(_one(request, pk), by=request.actor, to_org=house)
    if request.actor.scope & done.parties:
        return _told(request, done)
    # The house that sent it on sees it no more.
    return HttpResponse(status=204)


@_act("admit", "登记急诊就诊")
def admit(request: Request, pk: UUID, body: schemas.GreenAdmitIn) -> HttpResponse:
    """到院后补登急诊就诊。"""
    return _told(request, actions.admit(_one(request, pk), by=request.actor, **body.model_dump()))


@_act("stand-down", "解除绿色通道")
def stand_down(request: Request, pk: UUID, body: schemas.GreenStandDownIn) -> HttpResponse:
    done = actions.stand_down(_one(request, pk), by=request.actor, **body.model_dump())
    return _told(request, done)


@_act("report-death", "登记死亡")
def report_death(request: Request, pk: UUID, body: schemas.GreenReportDeathIn) -> HttpResponse:
    done = actions.report_death(_one(request, pk), by=request.actor, **body.model_dump())
    return _told(request, done)
