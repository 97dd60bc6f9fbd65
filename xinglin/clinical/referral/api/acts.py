"""The acts on a referral: `POST /referrals/{id}/{act}`, each answering with the whole referral."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router

from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import actions
from xinglin.clinical.referral.api import schemas
from xinglin.clinical.referral.api.places import place_of
from xinglin.clinical.referral.api.plans import plan_of
from xinglin.clinical.referral.api.reading import whole
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.ui.api import acts, answer, changes, chosen
from xinglin.ui.requests import Request

router = Router(tags=["转诊"])
ADDRESS = "/referrals/{uuid:pk}"
# These may be done without a word.
_ACCEPT = schemas.AcceptIn.model_validate({})
_SUBMIT = schemas.SubmitIn.model_validate({})
_TREAT = schemas.TreatIn.model_validate({})


def one(request: Request, pk: UUID) -> Referral:
    """A referral that the caller sees, with its patient."""
    rows = Referral.objects.visible_to(request.actor).select_related("person")
    return get_object_or_404(rows, pk=pk)


def house(request: Request, pk: UUID, field: str) -> Organisation:
    return chosen(Organisation.objects.visible_to(request.actor), pk, field)


def told(request: Request, referral: Referral) -> HttpResponse:
    return answer(whole(referral, request.actor))


def houses_in(request: Request, facts: dict[str, Any]) -> dict[str, Any]:
    """What was sent, with the rows of the houses in the place of their ids."""
    for name in ("from_org", "to_org", "follow_up_org", "alternative_org"):
        if facts.get(name) is not None:
            facts[name] = house(request, facts[name], name)
        elif name in facts and name in ("from_org", "to_org"):
            raise Refused(_("请填写此项。"), field=name)
    return facts


_act = acts(router, ADDRESS, schemas.ReferralOut, "Referral")


@_act("submit", "提交转诊申请")
def submit(request: Request, pk: UUID, body: schemas.SubmitIn = _SUBMIT) -> HttpResponse:
    """请转入机构接收；缺项逐字段说明。给出号源或床位则一并预占；下转单可附照护计划。"""
    done = actions.submit(
        one(request, pk), by=request.actor, place=place_of(request, body), plan=plan_of(body)
    )
    return told(request, done)


@_act("approve", "审核转出")
def approve(request: Request, pk: UUID) -> HttpResponse:
    """转往县外、住院患者转出或协议外转诊时，由转出机构负责人审核。"""
    return told(request, actions.approve(one(request, pk), by=request.actor))


@_act("accept", "接收转诊")
def accept(request: Request, pk: UUID, body: schemas.AcceptIn = _ACCEPT) -> HttpResponse:
    """答应接收，并告知科室、医师、时间、地点。"""
    done = actions.accept(
        one(request, pk),
        by=request.actor,
        department=body.to_department,
        doctor=body.accepting_doctor,
        expected_at=body.expected_at,
        place=body.place,
        instructions=body.instructions,
        take_plan=body.take_plan,
        slot_or_bed=place_of(request, body),
        keeps_place=body.keep_place,
    )
    return told(request, done)


@_act("decline", "拒绝转诊")
def decline(request: Request, pk: UUID, body: schemas.DeclineIn) -> HttpResponse:
    """拒绝须有原因代码和替代建议。"""
    referral = one(request, pk)
    other = body.alternative_org
    done = actions.decline(
        referral,
        by=request.actor,
        code=body.refusal_code,
        text=body.refusal,
        alternative=body.alternative,
        alternative_org=house(request, other, "alternative_org") if other else None,
    )
    return told(request, done)


@_act("waitlist", "登记候床候诊")
def waitlist(request: Request, pk: UUID, body: schemas.WaitlistIn) -> HttpResponse:
    """暂无床位或号源时保留申请，到期复核。"""
    done = actions.waitlist(
        one(request, pk),
        by=request.actor,
        code=body.waiting_code,
        text=body.text,
        review_at=body.review_at,
    )
    return told(request, done)


@_act("redirect", "改转其他机构")
def redirect(request: Request, pk: UUID, body: schemas.RedirectIn) -> HttpResponse:
    """被拒绝、逾期、候诊或未到诊后，改请另一机构接收。"""
    referral = one(request, pk)
    to_org = house(request, body.to_org, "to_org")
    done = actions.redirect(
        referral,
        by=request.actor,
        to_org=to_org,
        to_department=body.to_department,
        place=place_of(request, body),
    )
    return told(request, done)


@_act("cancel", "取消转诊")
def cancel(request: Request, pk: UUID, body: schemas.EndIn) -> HttpResponse:
    """到诊前由转出方取消，并说明原因。"""
    done = actions.cancel(
        one(request, pk), by=request.actor, code=body.end_code, text=body.end_reason
    )
    return told(request, done)


@_act("depart", "登记出发")
def depart(request: Request, pk: UUID, body: schemas.DepartIn) -> HttpResponse:
    return told(request, actions.depart(one(request, pk), by=request.actor, **body.model_dump()))


@_act("complete", "补全转诊单")
def complete(request: Request, pk: UUID, body: schemas.ReferralPatch) -> HttpResponse:
    """急诊先行转出后，在期限内补填其余各项。"""
    referral = one(request, pk)
    facts = houses_in(request, changes(body, actions.PAPER))
    return told(request, actions.complete(referral, by=request.actor, **facts))


@_act("receive", "登记到诊")
def receive(request: Request, pk: UUID, body: schemas.ReceiveIn) -> HttpResponse:
    return told(
        request, actions.receive(one(request, pk), by=request.actor, arrived_at=body.arrived_at)
    )


@_act("treat", "开始诊治")
def treat(request: Request, pk: UUID, body: schemas.TreatIn = _TREAT) -> HttpResponse:
    """开始门诊或住院；系统同时登记一次就诊。"""
    done = actions.treat(
        one(request, pk),
        by=request.actor,
        encounter_kind=body.encounter_kind or "",
        department=body.department,
    )
    return told(request, done)


@_act("discharge", "登记诊毕出院")
def discharge(request: Request, pk: UUID, body: schemas.DischargeIn) -> HttpResponse:
    """回执的时限由此起算。"""
    return told(request, actions.discharge(one(request, pk), by=request.actor, **body.model_dump()))


@router.post(
    f"{ADDRESS}/propose-down",
    response={201: schemas.ReferralOut},
    operation_id="proposeDownReferral",
    summary="建议下转",
)
def propose_down(request: Request, pk: UUID, body: schemas.ProposeDownIn) -> HttpResponse:
    """带康复计划转回基层；答复为新建的下转单，其 `parent` 为本单。"""
    referral = one(request, pk)
    facts = houses_in(request, body.model_dump(exclude={"plan"}, exclude_none=True))
    actions.propose_down(referral, by=request.actor, plan=plan_of(body), **facts)
    sequel = referral.sequels.select_related("person").latest("created_at")
    return answer(
        whole(sequel, request.actor), status=201, location=f"/api/v1/referrals/{sequel.pk}"
    )


@_act("close", "回执结案")
def close(request: Request, pk: UUID, body: schemas.CloseIn) -> HttpResponse:
    """回执：结果、治疗经过、下一步方案、转归与最终诊断。"""
    done = actions.close(
        one(request, pk),
        by=request.actor,
        results=body.receipt_results,
        treatment=body.receipt_treatment,
        plan=body.receipt_plan,
        outcome=body.outcome,
        final_code=body.final_code,
        final_name=body.final_name,
        inpatient_no=body.inpatient_no,
        doctor=body.receipt_doctor,
    )
    return told(request, done)


@_act("follow-up", "登记随访")
def follow_up(request: Request, pk: UUID, body: schemas.FollowUpIn) -> HttpResponse:
    """下转患者到诊两周内的随访。"""
    done = actions.follow_up(
        one(request, pk),
        by=request.actor,
        followed_up_at=body.followed_up_at,
        note=body.follow_up_note,
        doctor=body.follow_up_doctor,
    )
    return told(request, done)


@_act("file-insurance", "登记转诊备案")
def file_insurance(request: Request, pk: UUID, body: schemas.FilingIn) -> HttpResponse:
    """转往县外的医保转诊备案号与日期，由医保办登记；可更正。"""
    done = actions.file_insurance(
        one(request, pk), by=request.actor, number=body.filing_number, on=body.filed_on
    )
    return told(request, done)


@_act("end", "终止转诊")
def end(request: Request, pk: UUID, body: schemas.EndIn) -> HttpResponse:
    """患者死亡、已在他处住院等，转诊不再继续。"""
    done = actions.end(one(request, pk), by=request.actor, code=body.end_code, text=body.end_reason)
    return told(request, done)


@_act("attach", "添加附件")
def attach(request: Request, pk: UUID, body: schemas.AttachIn) -> HttpResponse:
    """把该患者已归档的文档附在转诊单上，供双方查阅。"""
    referral = one(request, pk)
    document = chosen(Document.objects.visible_to(request.actor), body.document, "document")
    return told(request, actions.attach(referral, by=request.actor, document=document))
