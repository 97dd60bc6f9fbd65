"""The referral letter (转出单, with its stub) and the receipt (回转单), as PDF for A4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.careplans.models import Kind
from xinglin.clinical.careplans.templatetags.careplans import limits, schedule, symptoms
from xinglin.clinical.referral import catalogue, permissions, rules
from xinglin.clinical.referral.destinations.held import held_by
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import trail
from xinglin.kernel.errors import WrongState
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.downloads import stored_file
from xinglin.ui.printing import pdf, qr_svg
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import moment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "referral"


@require_GET
def letter(request: Request, pk: Any) -> HttpResponse:
    """双向转诊单：存根与转出单，二维码供接诊方扫码登记到诊。"""
    referral = _one(request, pk)
    if referral.state == State.DRAFT:
        raise WrongState(_("草稿不能打印，请先提交。"))
    address = request.build_absolute_uri(
        reverse("referral:arrive", args=[rules.token_for(referral.number)])
    )
    facts = {**_facts(referral, request), "qr": qr_svg(address)}
    return _answer(referral, "letter", pdf(TEMPLATES / "letter.typ", facts))


@require_GET
def receipt(request: Request, pk: Any) -> HttpResponse:
    """双向转诊单（回转单）：主要检查结果、治疗经过、下一步方案。"""
    referral = _one(request, pk)
    if referral.closed_at is None:
        raise WrongState(_("尚未回执结案，没有回执可打印。"))
    return _answer(referral, "receipt", pdf(TEMPLATES / "receipt.typ", _facts(referral, request)))


@require_GET
def attached(request: Request, pk: Any, document: Any) -> HttpResponseBase:
    """A paper that goes with the referral: for both houses, before the patient has arrived, too."""
    referral = get_object_or_404(Referral.objects.visible_to(request.actor), pk=pk)
    paper = get_object_or_404(
        referral.documents.filter(voided_at=None).select_related("person"), pk=document
    )
    response = stored_file(
        paper.file,
        title=paper.title,
        media_type=paper.media_type,
        save="download" in request.GET,
    )
    basis = permissions.ATTACHED.kept()
    trail.read(request.actor, "record.read", paper, basis=basis, parts="document")
    return response


def _one(request: Request, pk: Any) -> Referral:
    found = Referral.objects.visible_to(request.actor).for_pages()
    referral = get_object_or_404(found, pk=pk)
    basis = permissions.PRINTING.kept()
    trail.read(request.actor, permissions.READ.code, referral, basis=basis, parts="referral")
    return referral


def _answer(referral: Referral, kind: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    name = f"{referral.number}-{kind}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


# The form is the official one, in Chinese whatever language the reader has chosen.
@translation.override("zh-hans")
def _facts(referral: Referral, request: Request) -> dict[str, Any]:
    """Everything the paper says, as plain text in the words of the form."""
    person = referral.person
    # Where and when as it is kept today: before an answer only the booking tells it.
    held = held_by(referral)
    held = held if held is not None and held.stands else None
    expected = (held.start_at if held else None) or referral.expected_at
    return {
        "number": referral.number,
        "printed": _("打印：%(who)s %(at)s")
        % {"who": request.actor.name, "at": moment(timezone.now())},
        "name": person.name,
        "sex": person.get_sex_display(),
        "age": person.age,
        "birth": moment(person.birth_date) if person.birth_date else "",
        "id_number": person.masked_id,
        "health_record_no": person.health_record_no,
        "phone": person.phone,
        "contact": " ".join(x for x in (person.contact_name, person.contact_phone) if x),
        "address": person.address,
        "payment": _code("payment-type", person.payment_type),
        "direction": referral.get_direction_display(),
        "urgency": referral.get_urgency_display(),
        "kind": referral.get_kind_display(),
        "from_org": referral.from_org.name,
        "from_code": referral.from_org.code,
        "from_department": referral.from_department,
        "doctor": referral.doctor,
        "doctor_phone": referral.doctor_phone,
        "to_org": referral.to_org.name,
        "to_code": referral.to_org.code,
        "to_department": referral.to_department,
        "accepting_doctor": referral.accepting_doctor,
        "expected": moment(expected) if expected else "",
        "place": referral.place or (str(held.where) if held else ""),
        "instructions": referral.instructions,
        "referred_on": moment(referral.referred_on) if referral.referred_on else "",
        "agreement": _agreement(referral),
        "filing": " ".join(
            x
            for x in (
                referral.filing_number,
                moment(referral.filed_on) if referral.filed_on else "",
            )
            if x
        ),
        "visit_no": referral.visit_no,
        "diagnosis": referral.diagnosis_name,
        "diagnosis_code": referral.diagnosis_code,
        "diagnosed_on": moment(referral.diagnosed_on) if referral.diagnosed_on else "",
        "symptoms": referral.symptoms,
        "past_history": referral.past_history,
        "allergies": referral.allergies,
        "treatment": referral.treatment,
        "results": referral.results,
        "medicines": referral.medicines,
        "procedures": referral.procedures,
        "reason": "，".join(
            x
            for x in (
                catalogue.reasons.label(referral.direction, referral.reason_code),
                referral.reason,
            )
            if x
        ),
        "narrative": referral.narrative,
        "assessment": referral.assessment,
        "disposal_plan": referral.disposal_plan,
        "treatment_plan": referral.treatment_plan,
        "rehabilitation": referral.rehabilitation,
        "plan_goal": referral.care_plan.goal if referral.care_plan else "",
        "plan": _plan(referral),
        "consent": " ".join(
            x
            for x in (
                _code("consent-method", referral.consent_method),
                referral.consent_signer,
                _code("signer-relation", referral.consent_relation),
                moment(referral.consented_at) if referral.consented_at else "",
            )
            if x
        ),
        "final": referral.final_name,
        "final_code": referral.final_code,
        "inpatient_no": referral.inpatient_no,
        "outcome": _code("outcome", referral.outcome),
        "receipt_results": referral.receipt_results,
        "receipt_treatment": referral.receipt_treatment,
        "receipt_plan": referral.receipt_plan,
        "receipt_doctor": referral.receipt_doctor,
        "arrived": moment(referral.arrived_at) if referral.arrived_at else "",
        "discharged": moment(referral.discharged_at) if referral.discharged_at else "",
        "closed": moment(referral.closed_at) if referral.closed_at else "",
    }


def _plan(referral: Referral) -> list[list[str]]:
    """The care plan as a table: what, when, by whom, how and when to send back."""
    plan = referral.care_plan
    if plan is None:
        return []
    lines = []
    for item in plan.of_now():
        flag = item.kind == Kind.RED_FLAG
        how = (item.dose, item.frequency, item.measures, item.instruction)
        back = (symptoms(item.symptoms), limits(item))
        lines.append(
            [
                f"{item.get_kind_display()}　{item.title}",
                _("全程") if flag else schedule(item),
                "" if flag else item.get_performer_display(),
                "　".join(words for words in (*how, *back) if words),
            ]
        )
    return lines


def _agreement(referral: Referral) -> str:
    """Under which agreement it runs; outside of any, that and why."""
    if referral.uncovered:
        return _("协议外。%(why)s") % {"why": referral.cover.sentence}
    terms = referral.cover.terms
    return f"{terms.title}（{terms.number}）" if terms else ""


def _code(system: str, code: str) -> str:
    found = terminology.find(system, code) if code else None
    return found.label if found else code
