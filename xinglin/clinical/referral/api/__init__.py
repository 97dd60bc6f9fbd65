"""The REST door of referrals: list, read, write; the acts are in `acts`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query

from xinglin.clinical.privacy.models import listed
from xinglin.clinical.referral import actions, catalogue, permissions, statistics
from xinglin.clinical.referral.api import destinations as destinations
from xinglin.clinical.referral.api import schemas
from xinglin.clinical.referral.api.acts import ADDRESS, houses_in, one, router, told
from xinglin.clinical.referral.api.places import PLACES, place_of
from xinglin.clinical.referral.api.plans import plan_of
from xinglin.clinical.referral.api.reading import ROW_COLUMNS, read, row, whole
from xinglin.clinical.referral.models import Direction, Referral
from xinglin.clinical.referral.story import story
from xinglin.kernel import trail
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person
from xinglin.ui.api import (
    PAPER,
    Paging,
    answer,
    changes,
    chosen,
    page_of,
    paged,
    part_of,
    reasons_of,
)
from xinglin.ui.downloads import stored_file
from xinglin.ui.requests import Request

__all__ = ["router"]

# What a new referral says besides the form.
_ASKED = {"person", "submit", "acknowledge_open"}
# A step of the story under the names of its REST document.
STEP = {"at": "at", "label": "what", "who": "who", "org": "org", "note": "note"}


@router.get(
    "/referrals",
    response=page_of(schemas.ReferralRowOut),
    operation_id="listReferrals",
    summary="转诊单列表",
)
def listing(request: Request, asked: Query[schemas.ReferralFilter]) -> HttpResponse:
    """本机构参与的转诊，最新的在前。"""
    rows = _filtered(request, asked).select_related("person").only(*ROW_COLUMNS)
    found = paged(rows.newest_first(), asked)
    listed(request.actor, permissions.READ.code, found["items"], door="REST")
    now = timezone.now()
    return answer({**found, "items": [row(each, now) for each in found["items"]]})


def _filtered(request: Request, asked: schemas.ReferralFilter) -> Any:
    found = Referral.objects.visible_to(request.actor)
    for name in ("state", "direction", "urgency", "from_org", "to_org", "person", "parent"):
        value = getattr(asked, name)
        if value is not None:
            found = found.filter(**{name: value})
    for name in ("agreement", "in_catalogue"):
        value = getattr(asked, name)
        if value is not None:
            found = found.filter(**{name: value})
    if asked.uncovered is not None:
        found = found.exclude(uncovered="") if asked.uncovered else found.filter(uncovered="")
    if asked.filed is not None:
        found = found.filter(direction=Direction.OUT)
        none = Q(filing_number="")
        found = found.exclude(none) if asked.filed else found.filter(none)
    if asked.open is not None:
        found = found.filter(owner__isnull=not asked.open)
    if asked.overdue:
        found = found.filter(due_at__lt=timezone.now())
    if asked.since:
        found = found.filter(created_at__gte=_midnight(asked.since))
    if asked.until:
        found = found.filter(created_at__lt=_midnight(asked.until + timedelta(days=1)))
    words = asked.q.strip()
    if words:
        found = found.filter(Q(number=words.upper()) | Q(person__name__startswith=words))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@router.get(
    "/referrals/statistics",
    response=schemas.StatisticsOut,
    operation_id="readReferralStatistics",
    summary="转诊统计",
)
def counts(request: Request, asked: Query[schemas.Period]) -> HttpResponse:
    """一段时间内申请的转诊：方向、机构、病种、拒绝原因、接收时长、随访。"""
    if not request.actor.may(permissions.STATISTICS.code):
        raise Forbidden(_("当前岗位不能查看转诊统计。"))
    if asked.until < asked.since:
        raise Refused(_("止日不能早于起日。"), field="until")
    return answer(_plain(statistics.count(request.actor, asked.since, asked.until)))


def _plain(counted: statistics.Counts) -> dict[str, Any]:
    """Spans of time in seconds; a share as its fraction."""

    def simple(value: Any) -> Any:
        if isinstance(value, statistics.Share):
            return {"numerator": value.numerator, "denominator": value.denominator}
        if isinstance(value, timedelta):
            return int(value.total_seconds())
        if isinstance(value, dict):
            return {key: simple(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [simple(inner) for inner in value]
        return value

    return {name: simple(value) for name, value in vars(counted).items()}


@router.post(
    "/referrals",
    response={201: schemas.ReferralOut},
    operation_id="createReferral",
    summary="新建转诊",
)
def create(request: Request, body: schemas.ReferralIn) -> HttpResponse:
    """填写并提交一张转诊单；该患者有未结转诊时答 409，确需新建则 `acknowledge_open`。"""
    actor = request.actor
    facts = body.model_dump(exclude={*_ASKED, *PLACES, "plan"}, exclude_none=True)
    person = chosen(Person.objects.visible_to(actor), body.person, "person")
    facts = houses_in(request, facts)
    referral = Referral(
        county_id=actor.county_id,
        written_by_id=actor.org_id,
        person=person,
        **{"from_org": tree.get(actor.org_id), **facts},
    )
    despite = body.acknowledge_open
    if body.submit:
        place, plan = place_of(request, body), plan_of(body)
        actions.submit(referral, by=actor, knowing_of_open=despite, place=place, plan=plan)
    else:
        actions.draft(referral, by=actor, knowing_of_open=despite)
    return answer(whole(referral, actor), status=201, location=f"/api/v1/referrals/{referral.pk}")


@router.get(
    ADDRESS, response=schemas.ReferralOut, operation_id="readReferral", summary="读取转诊单"
)
def detail(request: Request, pk: UUID) -> HttpResponse:
    """整张转诊单与现在可做的动作；每次读取都留痕。"""
    referral, document = read(request.actor, pk)
    _traced(request, referral)
    return answer(document)


def _traced(request: Request, referral: Referral) -> None:
    """Write that the letter was read, and on what ground."""
    basis = permissions.ground(request.actor, referral).kept(door="REST")
    trail.read(request.actor, permissions.READ.code, referral, basis=basis, parts="referral")


@router.get(
    f"{ADDRESS}/documents/{{uuid:document}}",
    operation_id="downloadReferralDocument",
    summary="下载转诊单附件",
    openapi_extra=PAPER,
)
def document(request: Request, pk: UUID, document: UUID) -> HttpResponse:
    """转诊双方在患者到诊前即可查看；每次下载都留痕。"""
    referral = one(request, pk)
    paper = get_object_or_404(
        referral.documents.filter(voided_at=None).select_related("person"), pk=document
    )
    response = stored_file(paper.file, title=paper.title, media_type=paper.media_type, save=True)
    basis = permissions.ATTACHED.kept(door="REST")
    trail.read(request.actor, "record.read", paper, basis=basis, parts="document")
    return response  # type: ignore[return-value]


@router.patch(
    ADDRESS, response=schemas.ReferralOut, operation_id="changeReferral", summary="修改草稿"
)
def change(request: Request, pk: UUID, body: schemas.ReferralPatch) -> HttpResponse:
    """提交前修改；只改给出的字段。"""
    referral = one(request, pk)
    facts = houses_in(request, changes(body))
    return told(request, actions.change(referral, by=request.actor, **facts))


@router.get(
    f"{ADDRESS}/timeline",
    response=page_of(schemas.StepOut),
    operation_id="readReferralTimeline",
    summary="转诊时间线",
)
def timeline(request: Request, pk: UUID, asked: Query[Paging]) -> HttpResponse:
    """谁在何时做了什么，最近的在前。"""
    referral = one(request, pk)
    _traced(request, referral)
    steps = [{name: step[key] for name, key in STEP.items()} for step in story(referral)]
    return answer(part_of(steps, asked))


@router.get(
    "/catalogue/reasons/{group}",
    response=page_of(schemas.ReasonOut),
    operation_id="listReasons",
    summary="转诊原因代码",
)
def reasons(request: Request, group: str, asked: Query[Paging]) -> Any:
    """一组原因代码：up、down、lateral、out、in、refusal、cancel、end、waiting 等。"""
    return reasons_of(catalogue.reasons, group, asked)
