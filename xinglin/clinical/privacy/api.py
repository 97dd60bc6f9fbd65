"""The REST door of privacy: consents, proof of presence, break-glass, who looked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from xinglin.clinical.privacy import actions, models
from xinglin.clinical.privacy.models import (
    BreakGlass,
    Consent,
    parts_said,
)
from xinglin.kernel import trail
from xinglin.kernel.models import TrailEntry
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person, PersonId
from xinglin.ui.api import Day, In, Named, Paging, chosen, enumerated, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["隐私"])
Effect = Annotated[Consent.Effect, enumerated(Consent.Effect)]
Method = Annotated[Consent.Method, enumerated(Consent.Method)]
Relation = Annotated[Consent.Relation, enumerated(Consent.Relation)]


class ConsentOut(Schema):
    """What a resident allows or forbids."""

    id: UUID
    person: UUID
    effect: Effect
    house: Named | None = Field(description="为空即全部成员机构")
    parts: list[str] = Field(description="为空即全部病历", examples=[["diagnosis", "medication"]])
    since: date
    until: date | None
    method: Method
    signer: str
    relation: Relation
    recorded_by: str
    stands: bool = Field(description="目前有效")
    withdrawn_at: datetime | None

    @staticmethod
    def resolve_person(row: Consent) -> UUID:
        return row.person_id

    @staticmethod
    def resolve_parts(row: Consent) -> list[str]:
        return row.part_list


class ConsentIn(In):
    """A consent of the resident; a house sends what was signed on paper."""

    person: PersonId
    effect: Effect = Consent.Effect.PERMIT
    house: UUID | None = Field(None, description="省略即全部成员机构")
    parts: list[str] = Field([], max_length=20, examples=[["diagnosis"]])
    until: Day | None = None
    signer: str = Field("", max_length=50, description="省略时为居民本人")
    relation: Relation = Consent.Relation.SELF


class ConsentFilter(Paging):
    person: PersonId | None = None


class PresenceIn(In):
    proof: str = Field(
        min_length=1, max_length=40, description="6 位授权码或完整的身份证号码", examples=["483920"]
    )


class WithdrawIn(In):
    proof: str = Field(
        "", max_length=40, description="居民的授权码或身份证号码；撤回“不允许查阅”时必填"
    )


class PresenceOut(Schema):
    """The record is open to the caller's house."""

    person: UUID
    until: datetime
    basis: str


class GlassIn(In):
    reason_code: str = Field(max_length=30, examples=["emergency"])
    reason: str = Field(min_length=1, max_length=500, examples=["车祸送来，昏迷，无证件"])


class GlassOut(Schema):
    id: UUID
    person: UUID
    user_name: str
    organisation: Named
    reason_code: str
    reason: str
    since: datetime
    until: datetime

    @staticmethod
    def resolve_person(row: BreakGlass) -> UUID:
        return row.person_id


class ReadingOut(Schema):
    """Somebody looked, or asked in vain."""

    id: int
    at: datetime
    kind: str = Field(examples=["read"])
    who: str
    role: str
    organisation: str
    person: UUID
    parts: str
    basis: str

    @staticmethod
    def resolve_who(row: TrailEntry) -> str:
        return row.actor_name

    @staticmethod
    def resolve_organisation(row: TrailEntry) -> str:
        return row.org_name

    @staticmethod
    def resolve_person(row: TrailEntry) -> Any:
        return row.person_id

    @staticmethod
    def resolve_basis(row: TrailEntry) -> str:
        return trail.said(row.basis)

    @staticmethod
    def resolve_parts(row: TrailEntry) -> str:
        return parts_said(row)


class ReadingFilter(Paging):
    person: PersonId | None = None
    kind: str = Field("", max_length=10, description="read、refused；省略为全部")


@router.get(
    "/consents", response=page_of(ConsentOut), operation_id="listConsents", summary="授权列表"
)
def listing(request: Request, asked: Query[ConsentFilter]) -> Any:
    """居民登录时为本人的授权；机构为其可查阅的居民的授权。"""
    found = Consent.objects.visible_to(request.actor).select_related("house")
    if asked.person is not None:
        found = found.filter(person=asked.person)
    return paged(found.newest_first(), asked)


@router.get(
    "/consents/{uuid:pk}", response=ConsentOut, operation_id="readConsent", summary="读取授权"
)
def detail(request: Request, pk: UUID) -> Consent:
    return get_object_or_404(Consent.objects.visible_to(request.actor), pk=pk)


@router.post(
    "/consents", response={201: ConsentOut}, operation_id="giveConsent", summary="登记授权"
)
def give(request: Request, body: ConsentIn) -> Any:
    """居民登录时即本人授权；机构登记纸质授权须该居民的病历已对其开放。"""
    actor = request.actor
    people = models.open_people(actor)
    person = chosen(people, body.person, "person")
    houses = Organisation.objects.visible_to(actor)
    consent = Consent(
        county_id=person.county_id,
        person=person,
        effect=body.effect,
        house=chosen(houses, body.house, "house") if body.house else None,
        parts=",".join(body.parts),
        until=body.until,
        signer=body.signer or person.name,
        relation=body.relation,
    )
    if actor.person_id is not None:
        return Status(201, actions.give_consent(consent, by=actor))
    consent.method = Consent.Method.PAPER
    return Status(201, actions.record_consent(consent, by=actor))


@router.post(
    "/consents/{uuid:pk}/withdraw",
    response=ConsentOut,
    operation_id="withdrawConsent",
    summary="撤回授权",
)
def withdraw(request: Request, pk: UUID, body: WithdrawIn | None = None) -> Consent:
    """机构撤回“不允许查阅”须居民到场，并给出其授权码或身份证号码。"""
    actor = request.actor
    consent = get_object_or_404(Consent.objects.visible_to(actor).select_related("person"), pk=pk)
    if actor.person_id is not None:
        return actions.withdraw_consent(consent, by=actor)
    proof = body.proof if body else ""
    shown = actions.present(consent.person, proof, by=actor) if proof else None
    return actions.record_withdrawal(consent, by=actor, presence=shown)


@router.post(
    "/people/{uuid:pk}/open",
    response=PresenceOut,
    operation_id="openRecord",
    summary="凭授权码或身份证打开病历",
)
def open_record(request: Request, pk: UUID, body: PresenceIn) -> dict[str, Any]:
    """居民在场：核验其授权码或身份证号码，病历对本机构开放一段时间。"""
    person = _person(request, pk)
    shown = actions.present(person, body.proof, by=request.actor)
    actions.open_record(shown, by=request.actor)
    return {
        "person": person.pk,
        "until": actions.open_until(shown),
        "basis": trail.said(models.ground(request.actor, person)),
    }


@router.post(
    "/people/{uuid:pk}/break-glass",
    response={201: GlassOut},
    operation_id="breakGlass",
    summary="紧急查阅",
)
def break_glass(request: Request, pk: UUID, body: GlassIn) -> Any:
    """说明原因后，病历对本用户开放 24 小时；居民与隐私专员会收到通知并核查。"""
    person = _person(request, pk)
    glass = BreakGlass(
        county_id=person.county_id,
        person=person,
        organisation_id=request.actor.org_id,
        **body.model_dump(),
    )
    return Status(201, actions.break_glass(glass, by=request.actor))


@router.get(
    "/break-glass",
    response=page_of(GlassOut),
    operation_id="listBreakGlass",
    summary="紧急查阅列表",
)
def glasses(request: Request, asked: Query[Paging]) -> Any:
    """本人打开的；隐私专员为全县；居民为对其病历打开的。"""
    found = BreakGlass.objects.visible_to(request.actor).select_related("organisation")
    return paged(found.order_by("-since", "-id"), asked)


@router.get(
    "/readings", response=page_of(ReadingOut), operation_id="listReadings", summary="查阅记录"
)
def readings(request: Request, asked: Query[ReadingFilter]) -> Any:
    """居民登录时为谁看过本人的病历；隐私专员为全县。其他岗位为空。"""
    found = models.readings(request.actor)
    if asked.person is not None:
        found = found.filter(models.about(asked.person))
    if asked.kind:
        found = found.filter(kind=asked.kind)
    return paged(found, asked)


def _person(request: Request, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(request.actor), pk=pk)
