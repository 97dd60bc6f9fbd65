"""The REST door of triage."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from xinglin.clinical.privacy.models import listed, opened
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import actions, catalogue, permissions, shown
from xinglin.clinical.triage import statistics as counting
from xinglin.clinical.triage.intake import NOTHING_TOLD, age_numbers, assess, case_of, house_of
from xinglin.clinical.triage.models import Assessment, Decision, Outcome
from xinglin.clinical.triage.rules.advising import Advice, advise
from xinglin.clinical.triage.rules.case import Case
from xinglin.clinical.triage.rules.desk import grade
from xinglin.clinical.triage.rules.words import duration, recognise
from xinglin.kernel import clock
from xinglin.registry.organisations.models import Organisation
from xinglin.ui.api import Day, In, Paging, chosen, enumerated, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["分诊"])
OutcomeCode = Annotated[Outcome, enumerated(Outcome)]
DecisionCode = Annotated[Decision, enumerated(Decision)]


class AdviseIn(In):
    """A case: an encounter of the record, or what the caller knows; nothing is kept."""

    encounter: UUID | None = Field(None, description="就诊；给出时病例取自病历")
    organisation: UUID | None = Field(None, description="就诊机构；省略为本机构")
    diagnoses: list[Annotated[str, Field(max_length=40)]] = Field(
        [], max_length=100, examples=[["I10.x00x002"]]
    )
    problems: list[Annotated[str, Field(max_length=40)]] = Field([], max_length=100)
    numbers: dict[str, float] = Field({}, examples=[{"systolic": 186, "diastolic": 104}])
    signs: list[Annotated[str, Field(max_length=40)]] = Field(
        [], max_length=200, examples=[["chest-pain"]]
    )
    text: str = Field("", max_length=1200, description="主诉与现病史，从中读取征象")
    sex: Annotated[str, Field(pattern="^(male|female|)$")] = ""
    birth_date: Day | None = None


class GroundOut(Schema):
    rule: str = Field(examples=["ht-crisis"])
    answer: OutcomeCode
    text: str
    facts: str = Field(examples=["收缩压 186 mmHg"])
    source: str
    article: str


class AdviceOut(Schema):
    """What triage says of a case."""

    outcome: OutcomeCode
    level: str = Field(examples=["county"])
    department: str = Field(examples=["cardiology"])
    techniques: list[str]
    channel: str = Field(examples=["chest-pain"])
    urgency: str = Field(examples=["urgent"])
    grounds: list[GroundOut]
    ask: list[str] = Field(description="还需测量的指标", examples=[["systolic"]])
    ask_words: list[str] = Field(examples=[["测血压"]])
    doubts: list[str]
    edition: str


class GradeOut(Schema):
    """The level of pre-examination triage."""

    level: str = Field(examples=["2"])
    label: str
    minutes: int = Field(description="候诊目标（分钟）")
    route: str
    because: list[str]
    ask: list[str]
    doubts: list[str]
    edition: str


class AssessmentOut(Schema):
    """The advice for a visit as it stood, and the decision."""

    id: UUID
    encounter: UUID
    person: UUID
    organisation: UUID
    outcome: OutcomeCode
    level: str
    department: str
    channel: str
    urgency: str
    grounds: list[GroundOut]
    ask: list[str]
    doubts: list[str]
    edition: str
    digest: str
    decision: DecisionCode
    chosen: str
    reason_code: str
    note: str
    doctor: str
    decided_at: datetime
    current: bool

    @staticmethod
    def resolve_encounter(row: Assessment) -> UUID:
        return row.encounter_id

    @staticmethod
    def resolve_person(row: Assessment) -> UUID:
        return row.person_id

    @staticmethod
    def resolve_organisation(row: Assessment) -> UUID:
        return row.organisation_id

    @staticmethod
    def resolve_grounds(row: Assessment) -> list[dict[str, Any]]:
        return [_ground(shown.line(ground), ground["answer"]) for ground in row.grounds]


class AssessmentFilter(Paging):
    person: UUID | None = None
    encounter: UUID | None = None
    decision: DecisionCode | None = None


class DecideIn(In):
    """The doctor's answer; `chosen` and `reason_code` when it is another than advised."""

    decision: Annotated[str, Field(pattern="^(followed|overruled)$")]
    chosen: str = Field("", max_length=10, examples=["treat"])
    reason_code: str = Field("", max_length=30, examples=["able-here"])
    note: str = Field("", max_length=200)


class FollowedOut(Schema):
    code: str
    label: str
    n: int
    followed: int
    overruled: int
    unanswered: int


class AgreementCountsOut(Schema):
    """Agreement with the advice in a period."""

    total: FollowedOut
    by_outcome: list[FollowedOut]
    by_house: list[FollowedOut]
    by_rule: list[FollowedOut]
    by_doctor: list[FollowedOut]


class PeriodIn(Schema):
    since: Day | None = None
    until: Day | None = None


def _ground(line: shown.Line, answer: str) -> dict[str, Any]:
    return {
        "rule": line.code,
        "answer": answer,
        "text": line.text,
        "facts": line.facts,
        "source": line.source,
        "article": line.article,
    }


def _told(found: Advice) -> dict[str, Any]:
    words = shown.advice(found)
    return {
        "outcome": found.outcome,
        "level": found.level,
        "department": found.department,
        "techniques": list(found.needs),
        "channel": found.channel,
        "urgency": found.urgency,
        "grounds": [
            _ground(line, ground.answer)
            for line, ground in zip(words.lines, found.grounds, strict=True)
        ],
        "ask": list(found.ask),
        "ask_words": words.ask,
        "doubts": list(found.doubts),
        "edition": catalogue.edition(),
    }


def _visit(request: Request, pk: UUID) -> Encounter:
    found: Encounter = get_object_or_404(
        Encounter.objects.visible_to(request.actor).select_related("person", "organisation"), pk=pk
    )
    return found


def _case(body: AdviseIn) -> Case:
    numbers: dict[str, Any] = dict(body.numbers)
    hours = duration(body.text)
    if hours is not None:
        numbers.setdefault("duration_hours", hours)
        numbers.setdefault("duration_days", hours / 24)
    numbers |= age_numbers(body.birth_date, clock.now().date())
    return Case(
        diagnoses=tuple(body.diagnoses),
        problems=tuple(body.problems),
        numbers=numbers,
        signs=frozenset(body.signs) | recognise(body.text),
        sex=body.sex,
    )


@router.post("/triage/advise", response=AdviceOut, operation_id="adviseTriage", summary="分诊建议")
def ask(request: Request, body: AdviseIn) -> dict[str, Any]:
    """在本机构诊治、上转、走绿色通道，或先测量再判断；附全部理由和依据。不留记录。"""
    actor = request.actor
    permissions.ADVISE.check(actor, Assessment())
    if body.encounter is not None:
        visit = _visit(request, body.encounter)
        opened(actor, visit)
        return _told(advise(case_of(actor, visit, NOTHING_TOLD), house_of(visit.organisation_id)))
    house = actor.org_id
    if body.organisation is not None:
        houses = Organisation.objects.visible_to(actor)
        house = chosen(houses, body.organisation, "organisation").pk
    return _told(advise(_case(body), house_of(house)))


@router.post("/triage/grade", response=GradeOut, operation_id="gradeTriage", summary="预检分级")
def grade_case(request: Request, body: AdviseIn) -> dict[str, Any]:
    """预检分诊四级及候诊目标。不留记录。"""
    permissions.ADVISE.check(request.actor, Assessment())
    found = grade(_case(body))
    return {
        "level": found.level.code,
        "label": found.level.label,
        "minutes": found.level.minutes,
        "route": found.level.route,
        "because": [criterion.label for criterion in found.because],
        "ask": list(found.ask),
        "doubts": list(found.doubts),
        "edition": catalogue.edition(),
    }


@router.get(
    "/triage/assessments",
    response=page_of(AssessmentOut),
    operation_id="listAssessments",
    summary="分诊决定列表",
)
def listing(request: Request, asked: Query[AssessmentFilter]) -> Any:
    """可查阅的就诊的分诊建议和决定，最近的在前。"""
    rows = Assessment.objects.visible_to(request.actor).select_related("person")
    for name in ("person", "encounter", "decision"):
        value = getattr(asked, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    found = paged(rows.newest_first(), asked)
    listed(request.actor, permissions.READ.code, found["items"], door="REST")
    return found


@router.get(
    "/triage/assessments/{uuid:pk}",
    response=AssessmentOut,
    operation_id="readAssessment",
    summary="读取分诊决定",
)
def detail(request: Request, pk: UUID) -> Assessment:
    found = get_object_or_404(
        Assessment.objects.visible_to(request.actor).select_related("person"), pk=pk
    )
    opened(request.actor, found, door="REST")
    return found


@router.post(
    "/encounters/{uuid:pk}/assessments",
    response={201: AssessmentOut},
    operation_id="decideTriage",
    summary="采纳分诊建议或另作决定",
)
def decide(request: Request, pk: UUID, body: DecideIn) -> Status[Assessment]:
    """建议按此刻的病历重新计算，与决定一同保存。"""
    actor = request.actor
    visit = _visit(request, pk)
    assessment = assess(visit, case_of(actor, visit))
    if body.decision == Decision.FOLLOWED:
        return Status(201, actions.follow(assessment, by=actor))
    return Status(
        201,
        actions.overrule(
            assessment,
            by=actor,
            chosen=body.chosen,
            reason_code=body.reason_code,
            note=body.note,
        ),
    )


@router.get(
    "/triage/statistics",
    response=AgreementCountsOut,
    operation_id="countTriage",
    summary="分诊建议采纳统计",
)
def statistics(request: Request, asked: Query[PeriodIn]) -> Any:
    """采纳率＝采纳 ÷（采纳＋另有决定＋未回应）；省略起止为近 90 天。"""
    permissions.STATISTICS.check(request.actor, Assessment())
    since, until = counting.period(asked.since, asked.until)
    return counting.count(request.actor, since, until)
