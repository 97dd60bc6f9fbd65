"""The REST door of agreements."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from xinglin.kernel.errors import Refused
from xinglin.registry.agreements import actions, permissions
from xinglin.registry.agreements.models import (
    Agreement,
    Kind,
    Party,
    QuotaBy,
    SignedPaper,
    State,
    uses,
)
from xinglin.registry.organisations.models import Organisation
from xinglin.ui.api import (
    PAPER,
    Day,
    In,
    Named,
    Paging,
    changes,
    chosen,
    enumerated,
    page_of,
    paged,
)
from xinglin.ui.downloads import stored_file
from xinglin.ui.requests import Request

router = Router(tags=["机构协议"])
AgreementKind = Annotated[Kind, enumerated(Kind)]
AgreementState = Annotated[State, enumerated(State)]
Side = Annotated[Party.Side, enumerated(Party.Side)]
Extent = Annotated[Party.Extent, enumerated(Party.Extent)]
PartyRole = Annotated[Party.Role, enumerated(Party.Role)]
ADDRESS = "/agreements/{uuid:pk}"


class AgreementPartyOut(Schema):
    """A house that has signed."""

    organisation: Named
    side: Side = Field(description="1 甲方、2 乙方、3 丙方")
    extent: Extent = Field(description="house 仅本机构、below 含下级、among 含下级相互之间")
    role: PartyRole
    signer: str
    contact: str
    phone: str

    @staticmethod
    def resolve_organisation(row: Party) -> dict[str, Any]:
        return {"id": row.organisation_id, "name": row.name}


class AgreementPaperOut(Schema):
    """A scan of the signed text: `/agreements/{agreement}/documents/{id}`."""

    id: UUID
    title: str
    media_type: str
    size: int
    digest: str = Field(description="SHA-256")


class AgreementRowOut(Schema):
    """An agreement in a list."""

    id: UUID
    number: str = Field(description="协议编号", examples=["QS-ZZ-2026-01"])
    title: str
    kind: AgreementKind
    state: AgreementState
    valid_from: date
    valid_until: date
    days_left: int = Field(description="离截止日的天数；负数为已过")
    quota: int | None = Field(description="额度；null 为不限")
    quota_by: QuotaBy
    parties: list[AgreementPartyOut]
    keeper: Named

    @staticmethod
    def resolve_parties(row: Agreement) -> list[Party]:
        return row.in_order


class AgreementOut(AgreementRowOut):
    """A whole agreement, how much is used, and what may be done now."""

    departments: list[str]
    diagnoses: list[str]
    services: list[str]
    answer_hours: int | None
    reserved_percent: int | None
    visits_per_month: int | None
    first_duties: list[str]
    second_duties: list[str]
    used: int = Field(description="本月或本年（按额度周期）已用")
    signed_on: date | None
    suspended_on: date | None
    ended_on: date | None
    reason: str
    follows: UUID | None = Field(description="续签自")
    papers: list[AgreementPaperOut]
    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["suspend", "end"]])

    @staticmethod
    def resolve_follows(row: Agreement) -> UUID | None:
        return row.follows_id

    @staticmethod
    def resolve_used(row: Agreement) -> int:
        return uses([row.terms], timezone.localdate())[row.pk]

    @staticmethod
    def resolve_papers(row: Agreement) -> list[SignedPaper]:
        return list(row.papers.order_by("created_at", "id"))

    @staticmethod
    def resolve_acts(row: Agreement, context: Any) -> list[str]:
        return permissions.open_to(context["request"].actor, row)


class AgreementPartyIn(In):
    organisation: UUID
    side: Side = Party.Side.FIRST
    extent: Extent = Party.Extent.HOUSE
    role: PartyRole = Party.Role.BOTH
    signer: str = Field("", max_length=50)
    contact: str = Field("", max_length=50)
    phone: str = Field("", max_length=20)


Line = Annotated[str, Field(max_length=200)]


class AgreementTermsIn(In):
    """The terms; an empty list leaves nothing out."""

    number: str = Field("", max_length=40, examples=["QS-ZZ-2026-01"])
    title: str = Field("", max_length=100, examples=["青山县医共体双向转诊协议"])
    kind: AgreementKind = Kind.REFERRAL
    valid_from: Day | None = None
    valid_until: Day | None = None
    departments: list[Line] = Field([], max_length=100)
    diagnoses: list[Line] = Field([], max_length=100, examples=[["I20", "I21"]])
    services: list[Line] = Field([], max_length=100)
    answer_hours: int | None = Field(None, ge=0, le=720)
    reserved_percent: int | None = Field(None, ge=0, le=100)
    visits_per_month: int | None = Field(None, ge=0, le=1000)
    first_duties: list[Line] = Field([], max_length=100)
    second_duties: list[Line] = Field([], max_length=100)
    quota: int | None = Field(None, ge=1, le=10_000_000)
    quota_by: QuotaBy = QuotaBy.YEAR
    parties: list[AgreementPartyIn] = Field([], max_length=20)


class AgreementIn(AgreementTermsIn):
    """A new agreement, kept as a draft until it is signed."""

    number: str = Field(min_length=1, max_length=40, examples=["QS-ZZ-2026-01"])
    title: str = Field(min_length=1, max_length=100, examples=["青山县医共体双向转诊协议"])
    valid_from: Day
    valid_until: Day


class AgreementPatch(AgreementTermsIn):
    """What is to be changed in a draft; `parties` replaces all."""


class AgreementRenewIn(AgreementTermsIn):
    """What the new one says otherwise than the old; dates follow on when left out."""


class AgreementSignIn(In):
    signed_on: Day


class AgreementStopIn(In):
    reason: str = Field(min_length=1, max_length=200, examples=["对方停业整顿"])


class AgreementFilter(Paging):
    q: str = Field("", max_length=50, description="名称的一部分，或编号的开头")
    kind: AgreementKind | None = None
    state: AgreementState | None = None
    house: UUID | None = Field(None, description="只列该机构为协议方的")
    valid_on: Day | None = Field(None, description="只列该日在有效期内的")


class CoverAsk(Schema):
    kind: AgreementKind = Kind.REFERRAL
    from_org: UUID = Field(description="转出（邀请）机构")
    to_org: UUID = Field(description="接收（受邀）机构")
    on: Day | None = Field(None, description="省略时为今天")
    department: str = Field("", max_length=50)
    diagnosis: str = Field("", max_length=11)


class CoverOut(Schema):
    """Whether an agreement covers it, and if not, why not."""

    covered: bool
    verdict: str = Field(
        description="covered、quota、department、diagnosis、suspended、not-yet、expired、ended、none"
    )
    agreement: UUID | None = Field(description="依据的协议；未覆盖时为最接近的一份")
    sentence: str = Field(description="一句可读的说明")


class AgreementPaperIn(Schema):
    title: str = Field("", max_length=200)


@router.get(
    "/agreements",
    response=page_of(AgreementRowOut),
    operation_id="listAgreements",
    summary="机构协议列表",
)
def listing(request: Request, asked: Query[AgreementFilter]) -> Any:
    """本机构为协议方的（管理机构为全县的），先到期的在前。"""
    rows = Agreement.objects.visible_to(request.actor)
    for name in ("kind", "state"):
        if getattr(asked, name) is not None:
            rows = rows.filter(**{name: getattr(asked, name)})
    if asked.house:
        rows = rows.filter(parties__organisation=asked.house)
    if asked.valid_on:
        rows = rows.filter(valid_from__lte=asked.valid_on, valid_until__gte=asked.valid_on)
    words = asked.q.strip()
    if words:
        rows = rows.filter(title__icontains=words) | rows.filter(number__istartswith=words)
    return paged(rows.soonest_first().for_pages(), asked)


@router.get(
    "/agreements/covering",
    response=CoverOut,
    operation_id="checkAgreement",
    summary="查是否有协议覆盖",
)
def covering(request: Request, asked: Query[CoverAsk]) -> dict[str, Any]:
    """两家机构之间某日某事是否有生效的协议；没有时说明原因。"""
    permissions.READ.check(request.actor, Agreement(county_id=request.actor.county_id))
    houses = Organisation.objects.visible_to(request.actor)
    found = Agreement.objects.covering(
        asked.kind,
        chosen(houses, asked.from_org, "from_org").pk,
        chosen(houses, asked.to_org, "to_org").pk,
        on=asked.on,
        department=asked.department,
        diagnosis=asked.diagnosis,
    )
    return {
        "covered": found.holds,
        "verdict": found.verdict.value,
        "agreement": found.terms.id if found.terms else None,
        "sentence": found.sentence,
    }


@router.get(ADDRESS, response=AgreementOut, operation_id="readAgreement", summary="读取机构协议")
def detail(request: Request, pk: UUID) -> Agreement:
    return _one(request, pk)


@router.post(
    "/agreements",
    response={201: AgreementOut},
    operation_id="draftAgreement",
    summary="拟定机构协议",
)
def draft(request: Request, body: AgreementIn) -> Any:
    """存为草稿；上传签署文本、填齐签署代表后再 `sign`。"""
    facts = body.model_dump(exclude={"parties"})
    agreement = Agreement(
        county_id=request.actor.county_id, keeper_id=request.actor.org_id, **facts
    )
    actions.draft(agreement, by=request.actor, parties=_parties(request, body.parties))
    return Status(201, _one(request, agreement.pk))


@router.patch(
    ADDRESS, response=AgreementOut, operation_id="changeAgreement", summary="修改协议草稿"
)
def change(request: Request, pk: UUID, body: AgreementPatch) -> Agreement:
    """签署前修改；只改给出的字段。"""
    agreement = _one(request, pk)
    actions.change(agreement, by=request.actor, **_given(request, body))
    return _one(request, pk)


@router.post(
    f"{ADDRESS}/renew",
    response={201: AgreementOut},
    operation_id="renewAgreement",
    summary="续签机构协议",
)
def renew(request: Request, pk: UUID, body: AgreementRenewIn) -> Any:
    """拟一份接续的新协议；没有给出的沿用原协议。"""
    facts = _given(request, body) if body.model_fields_set else {}
    made = actions.renew(_one(request, pk), by=request.actor, **facts)
    return Status(201, _one(request, made.pk))


@router.post(
    f"{ADDRESS}/documents",
    response={201: AgreementOut},
    operation_id="fileAgreementPaper",
    summary="上传签署文本",
)
def file_paper(
    request: Request, pk: UUID, body: Form[AgreementPaperIn], file: File[UploadedFile]
) -> Any:
    """PDF、PNG 或 JPEG；类型以内容为准，校验值留存。"""
    agreement = _one(request, pk)
    paper = SignedPaper(agreement=agreement, title=body.title)
    actions.file_paper(paper, by=request.actor, content=file)
    return Status(201, _one(request, pk))


@router.get(
    f"{ADDRESS}/documents/{{uuid:paper}}",
    operation_id="downloadAgreementPaper",
    summary="下载签署文本",
    openapi_extra=PAPER,
)
def paper(request: Request, pk: UUID, paper: UUID) -> HttpResponse:
    """协议各方和管理机构可下载。"""
    kept = get_object_or_404(_one(request, pk).papers.all(), pk=paper)
    return stored_file(kept.file, title=kept.title, media_type=kept.media_type, save=True)  # type: ignore[return-value]


@router.post(
    f"{ADDRESS}/sign", response=AgreementOut, operation_id="signAgreement", summary="签署生效"
)
def sign(request: Request, pk: UUID, body: AgreementSignIn) -> Agreement:
    """各方已签署；从生效日期起执行。"""
    actions.sign(_one(request, pk), by=request.actor, signed_on=body.signed_on)
    return _one(request, pk)


@router.post(
    f"{ADDRESS}/suspend", response=AgreementOut, operation_id="suspendAgreement", summary="暂停协议"
)
def suspend(request: Request, pk: UUID, body: AgreementStopIn) -> Agreement:
    """从今天起暂停执行。"""
    actions.suspend(_one(request, pk), by=request.actor, reason=body.reason)
    return _one(request, pk)


@router.post(
    f"{ADDRESS}/resume", response=AgreementOut, operation_id="resumeAgreement", summary="恢复协议"
)
def resume(request: Request, pk: UUID) -> Agreement:
    """从今天起恢复执行。"""
    actions.resume(_one(request, pk), by=request.actor)
    return _one(request, pk)


@router.post(
    f"{ADDRESS}/end", response=AgreementOut, operation_id="endAgreement", summary="终止协议"
)
def end(request: Request, pk: UUID, body: AgreementStopIn) -> Agreement:
    """在截止日之前终止；草稿则作废。"""
    actions.end(_one(request, pk), by=request.actor, reason=body.reason)
    return _one(request, pk)


def _one(request: Request, pk: UUID) -> Agreement:
    return get_object_or_404(Agreement.objects.visible_to(request.actor).for_pages(), pk=pk)


def _parties(request: Request, told: list[AgreementPartyIn]) -> list[Party]:
    houses = Organisation.objects.visible_to(request.actor)
    return [
        Party(
            organisation=chosen(houses, each.organisation, f"parties.{place}.organisation"),
            **each.model_dump(exclude={"organisation"}),
        )
        for place, each in enumerate(told)
    ]


def _given(request: Request, body: AgreementTermsIn) -> dict[str, Any]:
    facts = changes(body)
    for name in ("valid_from", "valid_until"):
        if name in facts and facts[name] is None:
            raise Refused(_("请填写此项。"), field=name)
    if "parties" in facts:
        facts["parties"] = _parties(request, body.parties)
    return facts
