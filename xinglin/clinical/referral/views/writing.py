"""Writing a referral: a new one, a draft, the paper of an emergency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.privacy.models import opened
from xinglin.clinical.record.models import Allergy, Diagnosis, Encounter, Medication
from xinglin.clinical.referral import actions, permissions
from xinglin.clinical.referral.forms import ReferralForm
from xinglin.clinical.referral.models import Direction, Referral, State, Urgency
from xinglin.clinical.referral.rules import direction_of
from xinglin.clinical.referral.views.acting import warn_of_cover
from xinglin.clinical.referral.views.destinations import list_in
from xinglin.clinical.triage.models import Assessment, Outcome
from xinglin.kernel import trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import Level, tree
from xinglin.registry.people.models import Person, standing
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Begin a referral, with what the record knows already filled in."""
    actor = request.actor
    if not actor.may(permissions.DRAFT.code):
        raise Forbidden(_("当前岗位不能填写转诊单。"))
    referral = _blank(actor)
    if request.method == "GET":
        person = _person(actor, request.GET.get("person", ""))
        known = _initial(actor, person) | _advised(actor, person, request.GET.get("advice", ""))
        form = ReferralForm(
            actor=actor, advice=_uuid_text(request), instance=referral, initial=known
        )
        return _show(request, form, person=person)
    form = ReferralForm(request.POST, actor=actor, advice=_uuid_text(request), instance=referral)
    return _write(request, form)


@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: Any) -> HttpResponse:
    """Write on at a draft, or complete the paper of an emergency."""
    actor = request.actor
    referral = get_object_or_404(Referral.objects.visible_to(actor).for_pages(), pk=pk)
    allowed = permissions.open_to(actor, referral)
    if "submit" not in allowed and "complete" not in allowed:
        return redirect(referral)
    if request.method == "GET":
        basis = permissions.DRAFTING.kept()
        trail.read(actor, permissions.READ.code, referral, basis=basis, parts="referral")
        return _show(request, ReferralForm(actor=actor, instance=referral), person=referral.person)
    return _write(request, ReferralForm(request.POST, actor=actor, instance=referral))


def _write(request: Request, form: ReferralForm) -> HttpResponse:
    """Save, and submit if asked to; a refusal goes beside the fields it is about."""
    actor, referral = request.actor, form.instance
    is_new = referral._state.adding
    sends = "submit" in request.POST
    if form.is_valid():
        # Who goes down takes a plan along, which has a page of its own.
        plans = sends and referral.state == State.DRAFT and _goes_down(referral, form)
        sends = sends and not plans
        choice = form.cleaned_data.get("place")
        place = choice.place if choice else None
        facts = {name: form.cleaned_data[name] for name in actions.WRITABLE if name in form.fields}
        if "place" in form.fields:
            facts["wished_place"] = form["place"].value() or ""
        try:
            if is_new:
                for name, value in facts.items():
                    setattr(referral, name, value)
                referral.person = form.cleaned_data["person"]
                despite = "despite_open" in request.POST
                if sends:
                    actions.submit(referral, by=actor, knowing_of_open=despite, place=place)
                else:
                    actions.draft(referral, by=actor, knowing_of_open=despite)
            else:
                with transaction.atomic():
                    _save(referral, actor, facts)
                    if sends and referral.state == State.DRAFT:
                        actions.submit(referral, by=actor, place=place)
        except actions.OpenReferralExists as standing:
            return _show(request, form, status=standing.status, standing=standing)
        except Refused as refusal:
            _tell(form, refusal)
        else:
            messages.success(
                request,
                _("转诊申请已提交至%(house)s。") % {"house": referral.to_name}
                if sends
                else _("转诊单已存为草稿，请接着填写照护计划。")
                if plans
                else _("已保存。"),
            )
            if sends:
                warn_of_cover(request, referral, "submit")
            return redirect("referral:plan", referral.pk) if plans else redirect(referral)
    return _show(request, form, status=422)


def _goes_down(referral: Referral, form: ReferralForm) -> bool:
    """Whether the letter leads to a house below, and is no emergency."""
    here, there = tree.get(referral.from_org_id), form.cleaned_data["to_org"]
    if here is None or form.cleaned_data["urgency"] == Urgency.EMERGENCY:
        return False
    return direction_of(here.level, there.level) == Direction.DOWN


def _save(referral: Referral, actor: Actor, facts: dict[str, Any]) -> None:
    if referral.state == State.DRAFT:
        actions.change(referral, by=actor, **facts)
    else:
        kept = {name: facts[name] for name in actions.PAPER}
        actions.complete(referral, by=actor, **kept)


def _tell(form: ReferralForm, refusal: Refused) -> None:
    placed = {name: text for name, text in refusal.fields.items() if name in form.fields}
    for name, text in placed.items():
        form.add_error(name, text)
    if not placed:
        form.add_error(None, str(refusal))


def _show(
    request: Request, form: ReferralForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    list_in(form, request.actor, _uuid_text(request))
    return page(
        request,
        "referral/form.html",
        part="form",
        status=status,
        form=form,
        referral=form.instance,
        is_draft=form.instance.state == State.DRAFT,
        **context,
    )


def _blank(actor: Actor) -> Referral:
    return Referral(county_id=actor.county_id, written_by_id=actor.org_id, from_org_id=actor.org_id)


def _person(actor: Actor, asked: str) -> Person | None:
    if not asked:
        return None
    pk = _uuid_or_none(asked)
    return Person.objects.visible_to(actor).filter(pk=standing(pk)).first() if pk else None


def _uuid_text(request: Request) -> str:
    """The advice that the letter follows, as its address names it."""
    return str(_uuid_or_none(request.GET.get("advice", "")) or "")


def _uuid_or_none(text: str) -> Any:
    try:
        return UUID(text)
    except ValueError:
        return None


def _initial(actor: Actor, person: Person | None) -> dict[str, Any]:
    """Three taps to a referral: what is known is filled in."""
    now = timezone.localtime()
    known: dict[str, Any] = {
        "doctor": actor.name,
        "to_org": _usual_destination(actor),
        "consented_at": now,
        "diagnosed_on": now.date(),
        "urgency": "routine",
        "kind": "outpatient",
        "consent_method": "paper",
    }
    if person is None:
        return known
    known |= {"person": person.pk, "consent_signer": person.name, "consent_relation": "self"}
    if not actor.may("record.read"):
        return known
    opened(actor, person, parts="referral")
    known["allergies"] = "；".join(
        str(allergy)
        for allergy in Allergy.objects.visible_to(actor)
        .standing()
        .filter(person=person, status=Allergy.Status.ACTIVE)
    )
    known["medicines"] = "；".join(
        str(medicine)
        for medicine in Medication.objects.visible_to(actor)
        .standing()
        .filter(person=person, ended_on=None)
    )
    visit = (
        Encounter.objects.visible_to(actor)
        .standing()
        .filter(person=person, organisation_id=actor.org_id)
        .order_by("-started_at")
        .first()
    )
    if visit is not None:
        known |= {
            "symptoms": "；".join(x for x in (visit.complaint, visit.history) if x),
            "treatment": visit.treatment,
            "from_department": visit.department,
            "visit_no": visit.visit_no,
        }
        diagnosis = (
            Diagnosis.objects.visible_to(actor)
            .standing()
            .filter(encounter=visit, system="icd10")
            .order_by("-main")
            .first()
        )
        if diagnosis is not None:
            known |= {"diagnosis_code": diagnosis.code, "diagnosis_name": diagnosis.name}
    return known


def _advised(actor: Actor, person: Person | None, asked: str) -> dict[str, Any]:
    """What triage advised: where to, how urgent, and why."""
    if person is None or not asked:
        return {}
    advice = (
        Assessment.objects.visible_to(actor).filter(pk=_uuid_or_none(asked), person=person).first()
    )
    if advice is None:
        return {}
    known: dict[str, Any] = {
        "to_department": advice.department_label,
        "urgency": advice.urgency,
        "reason": "；".join(g["text"] for g in advice.sentences if g["answer"] == advice.outcome)[
            :100
        ],
    }
    if advice.chosen == Outcome.EMERGENCY:
        known["urgency"] = Urgency.EMERGENCY
    if advice.chosen == Outcome.DOWN:
        # Back to the house that looks after the person, if that is below.
        house = tree.get(person.managed_by_id)
        return known | ({"to_org": house.pk} if house else {})
    codes = [ground["code"] for ground in advice.grounds if ground["answer"] == advice.outcome]
    known["reason_code"] = _reason_of(codes)
    destination = tree.above(actor.org_id, advice.level) if advice.level else None
    if destination is not None and destination != actor.org_id:
        known["to_org"] = destination
    return known


# What a rule says as a coded reason of the letter, by the beginning of the rule's code.
REASONS = (
    ("cat-", "out-of-catalogue"),
    ("gen-unclear", "unclear-diagnosis"),
    ("gen-technique", "equipment"),
    ("gen-surgery", "surgery"),
    ("gen-notifiable", "infectious"),
    ("tb-", "infectious"),
    ("ht-uncontrolled", "not-controlled"),
    ("dm-uncontrolled", "not-controlled"),
    ("gen-no-relief", "not-controlled"),
    ("gen-adr", "adverse-reaction"),
    ("pg-", "special-group"),
    ("ch-", "special-group"),
    ("gen-organ", "complication"),
)


def _reason_of(codes: list[str]) -> str:
    """The coded reason of the first rule that has one; else that the patient is not stable."""
    for code in codes:
        for beginning, reason in REASONS:
            if code.startswith(beginning):
                return reason
    return "critical"


def _usual_destination(actor: Actor) -> Any:
    """The house above: the township for a village, the lead hospital for a township."""
    here = tree.get(actor.org_id)
    above = tree.get(here.parent_id) if here else None
    if above is None or above.level not in (Level.TOWNSHIP, Level.COUNTY):
        return None
    return above.pk
