"""The REST door of the record: what is found, given and filed, read with a trace."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import is_open, opened
from xinglin.clinical.record import actions, models
from xinglin.clinical.record.api.schemas import (
    AllergyIn,
    AllergyOut,
    DiagnosisIn,
    DiagnosisOut,
    DocumentIn,
    DocumentOut,
    EncounterEnd,
    EncounterIn,
    EncounterOut,
    EncounterPatch,
    FactFilter,
    FactIn,
    FactOut,
    MedicationIn,
    MedicationOut,
    MedicationStopIn,
    Moments,
    ObservationIn,
    ObservationOut,
    VoidIn,
)
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    Medication,
    Observation,
)
from xinglin.kernel.errors import Conflict, Refused
from xinglin.registry.people.models import Person
from xinglin.ui.api import Paging, changes, chosen, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["病历"])
F = TypeVar("F", bound=Fact)


DOORS: dict[type[Fact], tuple[str, str, type[FactOut]]] = {
    # model: (address, label, schema)
    Encounter: ("encounters", "就诊", EncounterOut),
    Diagnosis: ("diagnoses", "诊断", DiagnosisOut),
    Observation: ("observations", "检查结果", ObservationOut),
    Allergy: ("allergies", "过敏", AllergyOut),
    Medication: ("medications", "用药", MedicationOut),
    Document: ("documents", "文档", DocumentOut),
}


def _doors(model: type[Fact]) -> None:
    """List, read and void are the same for every kind of fact."""
    address, label, out = DOORS[model]
    name, many = model.__name__, address.capitalize()

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


for fact_model in DOORS:
    _doors(fact_model)


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
    "/diagnoses", response={201: DiagnosisOut}, operation_id="noteDiagnosis", summary="记录诊断"
)
def note_diagnosis(request: Request, body: DiagnosisIn) -> Any:
    return Status(201, _note(request, Diagnosis, body))


@router.post(
    "/observations",
    response={201: ObservationOut},
    operation_id="noteObservation",
    summary="记录检查结果",
)
def note_observation(request: Request, body: ObservationIn) -> Any:
    """生命体征或检验结果：数值与单位，或文字。"""
    if body.value is None and not body.text:
        raise Refused(_("请填写数值或文字结果。"), field="value")
    return Status(201, _note(request, Observation, body))


@router.post(
    "/allergies", response={201: AllergyOut}, operation_id="noteAllergy", summary="记录过敏"
)
def note_allergy(request: Request, body: AllergyIn) -> Any:
    return Status(201, _note(request, Allergy, body))


@router.post(
    "/medications",
    response={201: MedicationOut},
    operation_id="noteMedication",
    summary="记录用药",
)
def note_medication(request: Request, body: MedicationIn) -> Any:
    return Status(201, _note(request, Medication, body))


@router.post(
    "/medications/{uuid:pk}/stop",
    response=MedicationOut,
    operation_id="stopMedication",
    summary="停药",
)
def stop_medication(request: Request, pk: UUID, body: MedicationStopIn) -> Medication:
    medication = get_object_or_404(_seen(request, Medication), pk=pk)
    return actions.stop_medication(medication, by=request.actor, on=body.on)


@router.post(
    "/documents", response={201: DocumentOut}, operation_id="fileDocument", summary="归档文档"
)
def file_document(request: Request, body: Form[DocumentIn], file: File[UploadedFile]) -> Any:
    """上传 PDF、PNG 或 JPEG（multipart/form-data）；类型按文件内容判断。"""
    fact, known = _fact(request, Document, body)
    if known:
        return Status(201, fact)
    return Status(201, actions.file_document(fact, by=request.actor, content=file))


@router.get(
    "/documents/{uuid:pk}/content",
    operation_id="downloadDocument",
    summary="下载文档",
    openapi_extra={
        "responses": {
            200: {
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in ("application/pdf", "image/png", "image/jpeg")
                }
            }
        }
    },
)
def download_document(request: Request, pk: UUID) -> HttpResponse:
    """文档原文；每次下载都留痕。"""
    document = get_object_or_404(_seen(request, Document), pk=pk)
    opened(request.actor, document, door="REST")
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


def _seen(request: Request, model: type[F]) -> Any:
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


def _fact(request: Request, model: type[F], body: FactIn) -> tuple[F, bool]:
    """The fact to be written, or the one that was sent before under the same number."""
    given = body.model_dump(exclude={"proof"})
    person = chosen(Person.objects.visible_to(request.actor), given.pop("person"), "person")
    if body.source_id:
        sent = (
            _seen(request, model)
            .filter(
                organisation_id=request.actor.org_id, source=body.source, source_id=body.source_id
            )
            .first()
        )
        if sent is not None:
            if sent.person_id != person.pk:
                raise Conflict(_("该来源编号已用于另一位居民。"), field="source_id")
            return sent, True
    if given.get("encounter") is not None:
        visits = Encounter.objects.visible_to(request.actor).filter(person=person)
        given["encounter"] = chosen(visits, given["encounter"], "encounter")
    return model(person=person, organisation_id=request.actor.org_id, **given), False


def _note(request: Request, model: type[F], body: FactIn) -> F:
    fact, known = _fact(request, model, body)
    return fact if known else actions.note(fact, by=request.actor)
