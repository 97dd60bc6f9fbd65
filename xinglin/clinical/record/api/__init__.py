"""The REST door of the record: what is found, given and filed, read with a trace."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_type_hints
from urllib.parse import quote
from uuid import UUID

from django.db.models import F
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile
from pydantic import Field, create_model

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import is_open, opened
from xinglin.clinical.record import actions, models
from xinglin.clinical.record.api import schemas
from xinglin.clinical.record.api.schemas import (
    CoverEnd,
    DocumentIn,
    DocumentOut,
    EncounterEnd,
    EncounterIn,
    EncounterOut,
    EncounterPatch,
    FactFilter,
    FactIn,
    FactOut,
    HealthCoverIn,
    HealthCoverOut,
    MedicationOut,
    MedicationStopIn,
    Moments,
    ObservationOut,
    ResultsIn,
    VoidIn,
)
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.kernel.errors import Conflict
from xinglin.registry.people.models import Person
from xinglin.ui.api import PAPER, Paging, changes, chosen, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["病历"])
T = TypeVar("T", bound=Fact)


# model: (address, label, schema out, schema in where one is written like any other)
DOORS: dict[type[Fact], tuple[str, str, type[FactOut], type[FactIn] | None]] = {
    Encounter: ("encounters", "就诊", EncounterOut, None),
    Problem: ("problems", "健康问题", schemas.ProblemOut, schemas.ProblemIn),
    Diagnosis: ("diagnoses", "诊断", schemas.DiagnosisOut, schemas.DiagnosisIn),
    Observation: ("observations", "检查结果", ObservationOut, schemas.ObservationIn),
    Allergy: ("allergies", "过敏", schemas.AllergyOut, schemas.AllergyIn),
    Medication: ("medications", "用药", MedicationOut, schemas.MedicationIn),
    Procedure: ("procedures", "手术操作", schemas.ProcedureOut, schemas.ProcedureIn),
    Immunization: ("immunizations", "预防接种", schemas.ImmunizationOut, schemas.ImmunizationIn),
    FamilyHistory: (
        "family-histories",
        "家族史",
        schemas.FamilyHistoryOut,
        schemas.FamilyHistoryIn,
    ),
    HealthCover: ("health-covers", "健康档案", HealthCoverOut, None),
    Document: ("documents", "文档", DocumentOut, None),
}
# What a correction does not change: whose it is, and where it came from.
_KEPT = {"person", "encounter", "author", "source", "source_id", "committee"}


def _doors(model: type[Fact]) -> None:
    """List, read and void are the same for every kind of fact."""
    address, label, out, told = DOORS[model]
    name = model.__name__
    many = "".join(part.capitalize() for part in address.split("-"))

    @router.get(
        f"/{address}", response=page_of(out), operation_id=f"list{many}", summary=f"{label}列表"
    )
    def listing(request: Request, asked: Query[FactFilter]) -> Any:
        """一位居民的记录，最近的在前；每次读取都留痕。"""
        person = _open(request, asked.person, str(model._meta.model_name))
        rows = _seen(request, model).filter(person=person)
        return paged(
            (rows if asked.voided else rows.standing()).order_by("-happened_at", "-id"), asked
        )

    @router.get(
        f"/{address}/{{uuid:pk}}", response=out, operation_id=f"read{name}", summary=f"读取{label}"
    )
    def detail(request: Request, pk: UUID) -> Any:
        fact = get_object_or_404(_seen(request, model), pk=pk)
        opened(request.actor, fact, door="REST")
        return fact

    @router.post(
        f"/{address}/{{uuid:pk}}/void",
        response=out,
        operation_id=f"void{name}",
        summary=f"作废{label}",
    )
    def void(request: Request, pk: UUID, body: VoidIn) -> Any:
        """写错的内容作废并说明原因，不覆盖、不删除。"""
        fact = get_object_or_404(_seen(request, model), pk=pk)
        return actions.void(fact, by=request.actor, reason=body.reason)

    if told is not None:
        _writing(model, told)
        _correcting(model, told)


def _writing(model: type[Fact], told: Any) -> None:
    address, label, out, _told = DOORS[model]

    def note(request: Request, body: Any) -> Any:
        """来源系统与来源编号相同的，重复发送只记一次。"""
        fact, known = _fact(request, model, body)
        return Status(201, fact if known else actions.note(fact, by=request.actor))

    # The door's schema is known here only, where annotations are words.
    note.__annotations__["body"] = told
    router.post(
        f"/{address}",
        response={201: out},
        operation_id=f"note{model.__name__}",
        summary=f"记录{label}",
    )(note)


def _correcting(model: type[Fact], told: Any) -> None:
    address, label, out, _told = DOORS[model]
    hints = get_type_hints(told, include_extras=True)
    fields: dict[str, Any] = {
        name: (
            Annotated[(hints[name], *field.metadata)] if field.metadata else hints[name],
            Field(None, description=field.description or ""),
        )
        for name, field in told.model_fields.items()
        if name not in _KEPT
    }
    correction: Any = create_model(
        f"{model.__name__}Correction", __base__=schemas.CorrectIn, **fields
    )

    def replace(request: Request, pk: UUID, body: Any) -> Any:
        """写错的一条作废，新的一条代替它；未给出的字段照旧。"""
        fact = get_object_or_404(_seen(request, model), pk=pk)
        given = changes(body)
        reason = given.pop("reason")
        if given.get("problem") is not None:
            given["problem"] = _problem(request, fact.person, given["problem"])
        return Status(201, actions.replace(fact, by=request.actor, reason=reason, **_plain(given)))

    replace.__annotations__["body"] = correction
    router.post(
        f"/{address}/{{uuid:pk}}/replace",
        response={201: out},
        operation_id=f"replace{model.__name__}",
        summary=f"更正{label}",
    )(replace)


for fact_model in DOORS:
    _doors(fact_model)
_correcting(HealthCover, HealthCoverIn)


@router.post(
    "/encounters", response={201: EncounterOut}, operation_id="startEncounter", summary="登记就诊"
)
def start_encounter(request: Request, body: EncounterIn) -> Any:
    """在本机构开始一次就诊；有 `proof` 或本院就诊号时，本机构可查阅该居民病历。"""
    fact, known = _fact(request, Encounter, body)
    if known:
        return Status(201, fact)
    shown = privacy.present(fact.person, body.proof, by=request.actor) if body.proof else None
    return Status(201, actions.start_encounter(fact, by=request.actor, presence=shown))


@router.patch(
    "/encounters/{uuid:pk}",
    response=EncounterOut,
    operation_id="describeEncounter",
    summary="书写就诊",
)
def describe_encounter(request: Request, pk: UUID, body: EncounterPatch) -> Encounter:
    """就诊结束前补写主诉、现病史、处理。"""
    visit = get_object_or_404(_seen(request, Encounter), pk=pk)
    return actions.describe_encounter(visit, by=request.actor, **changes(body))


@router.post(
    "/encounters/{uuid:pk}/end",
    response=EncounterOut,
    operation_id="endEncounter",
    summary="结束就诊",
)
def end_encounter(request: Request, pk: UUID, body: EncounterEnd) -> Encounter:
    """结束就诊或出院；相应转诊的回执时限由此起算。"""
    visit = get_object_or_404(_seen(request, Encounter), pk=pk)
    return actions.end_encounter(visit, by=request.actor, **body.model_dump())


@router.post(
    "/results",
    response={201: list[ObservationOut]},
    operation_id="noteResults",
    summary="录入检验结果",
)
def note_results(request: Request, body: ResultsIn) -> Any:
    """一份标本的多项检验结果，一次写入；任何一项不可信，全部不写，并逐项说明。"""
    person = chosen(Person.objects.visible_to(request.actor), body.person, "person")
    visit = None
    if body.encounter is not None:
        visits = Encounter.objects.visible_to(request.actor).filter(person=person)
        visit = chosen(visits, body.encounter, "encounter")
    return Status(
        201,
        actions.report(
            person,
            by=request.actor,
            encounter=visit,
            measured_at=body.measured_at,
            specimen=body.specimen,
            results=body.results,
        ),
    )


@router.post(
    "/health-covers",
    response={201: HealthCoverOut},
    operation_id="openHealthCover",
    summary="建立健康档案",
)
def open_health_cover(request: Request, body: HealthCoverIn) -> Any:
    """建立居民健康档案封面与个人基本信息；没有编号的，按村（居）委会依次编号。"""
    committee = body.committee
    fact, known = _fact(request, HealthCover, body, leave_out=("committee",))
    if known:
        return Status(201, fact)
    return Status(201, actions.open_cover(fact, by=request.actor, committee=committee))


@router.post(
    "/health-covers/{uuid:pk}/close",
    response=HealthCoverOut,
    operation_id="closeHealthCover",
    summary="终止健康档案",
)
def close_health_cover(request: Request, pk: UUID, body: CoverEnd) -> Any:
    """死亡、迁出或失访时终止；档案保留。"""
    cover = get_object_or_404(_seen(request, HealthCover), pk=pk)
    return actions.close_cover(cover, by=request.actor, on=body.on, reason=body.reason)


@router.post(
    "/health-covers/{uuid:pk}/reopen",
    response=HealthCoverOut,
    operation_id="reopenHealthCover",
    summary="恢复健康档案",
)
def reopen_health_cover(request: Request, pk: UUID) -> Any:
    """居民迁回或重新联系上时恢复。"""
    cover = get_object_or_404(_seen(request, HealthCover), pk=pk)
    return actions.reopen_cover(cover, by=request.actor)


@router.post(
    "/medications/{uuid:pk}/stop",
    response=MedicationOut,
    operation_id="stopMedication",
    summary="停药",
)
def stop_medication(request: Request, pk: UUID, body: MedicationStopIn) -> Medication:
    medication = get_object_or_404(_seen(request, Medication), pk=pk)
    return actions.stop_medication(medication, by=request.actor, on=body.on, reason=body.reason)


@router.post(
    "/documents", response={201: DocumentOut}, operation_id="fileDocument", summary="归档文档"
)
def file_document(request: Request, body: Form[DocumentIn], file: File[UploadedFile]) -> Any:
    """上传 PDF、PNG 或 JPEG（multipart/form-data）；类型按文件内容判断。"""
    fact, known = _fact(request, Document, body)
    if known and fact.voided_at is None:
        sent = Document()
        actions.attach(sent, file)
        if sent.digest != fact.digest:
            raise Conflict(_("该来源编号已归档另一份文件，请换编号。"), field="source_id")
    if known:
        return Status(201, fact)
    return Status(201, actions.file_document(fact, by=request.actor, content=file))


@router.get(
    "/documents/{uuid:pk}/content",
    operation_id="downloadDocument",
    summary="下载文档",
    openapi_extra=PAPER,
)
def download_document(request: Request, pk: UUID) -> HttpResponse:
    """文档原文；每次下载都留痕。"""
    document = get_object_or_404(_seen(request, Document), pk=pk)
    opened(request.actor, document, door="REST")
    if not document.file:
        raise Conflict(_("该文档由病历生成，没有文件；内容见 data。"))
    try:
        content = document.file.open("rb")
    except FileNotFoundError:
        raise Conflict(_("文档原文已不在存储中，请联系管理员。")) from None
    response = FileResponse(content, content_type=document.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(document.title)}"
    return response  # type: ignore[return-value]


@router.get(
    "/people/{uuid:pk}/timeline",
    response=page_of(Moments),
    operation_id="readPersonTimeline",
    summary="居民的病历时间线",
)
def timeline(request: Request, pk: UUID, asked: Query[Paging]) -> Any:
    """各机构的就诊、诊断、结果、过敏、用药与文档，最近的在前；每次读取都留痕。"""
    person = _open(request, pk, "record")
    page = paged(models.timeline(request.actor, person), asked)
    page["items"] = [
        {
            "kind": fact._meta.model_name,
            "id": fact.pk,
            "at": fact.happened_at,
            "title": str(fact),
            "organisation": fact.organisation,
        }
        for fact in models.life(request.actor, page["items"])
    ]
    return page


def _seen(request: Request, model: type[T]) -> Any:
    return model._default_manager.visible_to(request.actor).select_related("organisation", "person")


def _open(request: Request, person_id: UUID, part: str) -> Person:
    """A person of whom the post may read a part of the record; that it does leaves a trace."""
    actor = request.actor
    person = get_object_or_404(Person.objects.visible_to(actor), pk=person_id)
    kinds = [models.KINDS[part]] if part in models.KINDS else list(models.KINDS.values())
    own = any(kind._default_manager.visible_to(actor).of(person).exists() for kind in kinds)
    if not own and not is_open(actor, person):
        raise Http404
    opened(actor, person, parts=part, door="REST")
    return person


def _fact(
    request: Request, model: type[T], body: FactIn, *, leave_out: tuple[str, ...] = ()
) -> tuple[T, bool]:
    """The fact to be written, or the one that was sent before under the same number."""
    told = body.model_dump(exclude={"proof"})
    given = {name: value for name, value in told.items() if name not in leave_out}
    person = chosen(Person.objects.visible_to(request.actor), given.pop("person"), "person")
    if body.source_id:
        sent = (
            _seen(request, model)
            .filter(
                organisation_id=request.actor.org_id, source=body.source, source_id=body.source_id
            )
            # One that stands rather than one that was voided.
            .order_by(F("voided_at").asc(nulls_first=True))
            .first()
        )
        if sent is not None and sent.person_id != person.pk:
            raise Conflict(_("该来源编号已用于另一位居民。"), field="source_id")
    else:
        sent = None
    if given.get("problem") is not None:
        given["problem"] = _problem(request, person, given["problem"])
    given = _plain(given)
    if given.get("encounter") is not None:
        visits = Encounter.objects.visible_to(request.actor).filter(person=person)
        given["encounter"] = chosen(visits, given["encounter"], "encounter")
    fact = model(person=person, organisation_id=request.actor.org_id, **given)
    if sent is None:
        return fact, False
    if _says(sent, fact, given):
        return sent, True
    actions.check(fact)
    if _says(sent, fact, given):
        return sent, True
    if sent.voided_at is not None:
        return fact, False
    raise Conflict(
        _("该来源编号已记过不同的内容；要改正请用更正（replace），要另记请换编号。"),
        field="source_id",
    )


# What goes on after a fact was told; a repeat of the first telling does not contradict it.
_GOES_ON = {
    Encounter: {"department", "visit_no", "complaint", "history", "treatment"},
    Medication: {"ended_on"},
}


def _says(known: Fact, told: Fact, given: dict[str, Any]) -> bool:
    """Whether a fact that is known says what was told, as far as that was told."""
    leave = {"author", *_GOES_ON.get(type(known), ())}
    return all(
        getattr(known, name) == getattr(told, name)
        for name, value in given.items()
        if name not in leave and value not in (None, "", [])
    )


def _problem(request: Request, person: Person, pk: UUID) -> Problem:
    problems = Problem.objects.visible_to(request.actor).filter(person=person)
    found: Problem = chosen(problems, pk, "problem")
    return found


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """The lines of the personal form as the record keeps them: without what is empty."""
    return {
        name: [_line(each) for each in told] if isinstance(told, list) else told
        for name, told in given.items()
    }


def _line(each: Any) -> Any:
    told = each.model_dump() if isinstance(each, schemas.Past) else each
    return {k: v for k, v in told.items() if v} if isinstance(told, dict) else told
