"""What is done at the board: each act answers with the board as it stands then."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xinglin.clinical.capacity.actions import beds as actions
from xinglin.clinical.capacity.forms import beds as forms
from xinglin.clinical.capacity.models import Bed, BedHold, BedStay, Ward
from xinglin.clinical.capacity.views.beds.board import form_of, show, ward_of
from xinglin.clinical.record.models import Encounter
from xinglin.kernel.errors import Refused, WrongState
from xinglin.ui.forms import Form
from xinglin.ui.requests import Request

AT_BED = ("admit", "hold", "release", "clean", "cleaned", "block", "reopen")
AT_STAY = ("move", "swap", "plan", "discharge", "void")


def _bed_of(request: Request, pk: UUID) -> Bed:
    rows = Bed.objects.visible_to(request.actor)
    bed: Bed = get_object_or_404(rows.select_related("ward", "room", "organisation"), pk=pk)
    ward_of(request.actor, bed.ward_id)
    return bed


@require_POST
def act(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Do one act at a bed."""
    if name not in AT_BED:
        raise Http404
    bed = _bed_of(request, pk)
    visit = request.POST.get("encounter")
    form = (
        None
        if name == "admit" and (visit or "expected" in request.POST)
        else form_of(name, request.actor, bed, None, request.POST)
    )
    if form is not None and not form.is_valid():
        return show(request, bed.ward, status=422, bed=bed, bound={name: form})
    facts = dict(form.cleaned_data) if form is not None else {}
    try:
        told = _at_bed(request, name, bed, facts)
    except Refused as refusal:
        return _told_back(request, refusal, bed, name, form)
    messages.success(request, told)
    return redirect(bed.ward)


def _at_bed(request: Request, name: str, bed: Bed, facts: dict[str, Any]) -> str:
    by = request.actor
    if name == "admit":
        stay = actions.admit(_coming(request, bed, facts), by=by)
        return _("%(person)s 已入住 %(bed)s。") % {"person": stay.person.name, "bed": stay.bed}
    if name == "hold":
        held = actions.hold_bed(bed, by=by, **facts)
        return _("%(bed)s 已为 %(person)s 预留。") % {
            "bed": bed,
            "person": held.person.name,
        }
    if name == "release":
        rows = BedHold.objects.visible_to(by).standing()
        actions.release(get_object_or_404(rows, bed=bed), by=by, **facts)
    else:
        getattr(actions, name)(bed, by=by, **facts)
    bed.refresh_from_db()
    return _("%(bed)s：%(state)s。") % {"bed": bed, "state": bed.get_state_display()}


def _coming(request: Request, bed: Bed, facts: dict[str, Any]) -> BedStay:
    """Who is to lie in the bed: a patient of the list, the expected one, or one looked up."""
    if "person" in facts:
        return BedStay.into(bed, facts.pop("person"), **facts)
    mixing = {name: request.POST.get(name, "") for name in ("mix_code", "mix_text")}
    if "expected" in request.POST:
        rows = BedHold.objects.visible_to(request.actor).standing()
        held = get_object_or_404(rows.select_related("person"), bed=bed)
        return BedStay.into(bed, held.person, **mixing)
    visits = Encounter.objects.visible_to(request.actor).select_related("person")
    visit = get_object_or_404(visits, pk=_uuid(request.POST.get("encounter")))
    return BedStay.into(bed, visit.person, encounter=visit, **mixing)


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise Http404 from None


@require_POST
def act_on_stay(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Move somebody, let two change beds, plan a discharge, discharge, strike out."""
    if name not in AT_STAY:
        raise Http404
    actor = request.actor
    rows = BedStay.objects.visible_to(actor).select_related("person", "encounter", "bed__ward")
    stay = get_object_or_404(rows, pk=pk)
    bed = _bed_of(request, stay.bed_id)
    form: Form | None = (
        forms.MoveForm(actor, request.POST)
        if name == "move"
        else form_of(name, actor, bed, stay, request.POST)
    )
    assert form is not None
    if not form.is_valid():
        if name == "move":
            raise Http404
        return show(request, bed.ward, status=422, bed=bed, bound={name: form})
    ward: Ward = bed.ward
    try:
        told, ward = _at_stay(request, name, stay, dict(form.cleaned_data))
    except Refused as refusal:
        return _told_back(request, refusal, bed, name, form)
    messages.success(request, told)
    return redirect(ward)


def _at_stay(request: Request, name: str, stay: BedStay, facts: dict[str, Any]) -> tuple[str, Ward]:
    by, who, bed = request.actor, stay.person.name, stay.bed
    if name == "move":
        moved = actions.move(stay, by=by, **facts)
        words = {"person": who, "before": bed, "after": moved.bed.full_name}
        return _("%(person)s 已从 %(before)s 转到%(after)s。") % words, moved.bed.ward
    if name == "swap":
        here, there = actions.swap(stay, facts.pop("other"), by=by, **facts)
        words = {
            "person": who,
            "bed": here.bed.full_name,
            "other": there.person.name,
            "place": there.bed.full_name,
        }
        return _("%(person)s 到%(bed)s，%(other)s 到%(place)s。") % words, here.bed.ward
    if name == "plan":
        actions.plan(stay, by=by, **facts)
        day = stay.planned_on.isoformat() if stay.planned_on else _("未定")
        return _("%(person)s 计划出院：%(day)s。") % {"person": who, "day": day}, bed.ward
    getattr(actions, name)(stay, by=by, **facts)
    if name == "discharge":
        return _("%(person)s 已出院，%(bed)s 已腾空。") % {"person": who, "bed": bed}, bed.ward
    return _("%(person)s 的入住记录已作废。") % {"person": who}, bed.ward


def _told_back(
    request: Request, refusal: Refused, bed: Bed, name: str, form: Form | None
) -> HttpResponse:
    """The sentence beside its input where the form is on the page, on top of the board else."""
    asked = form is not None and name != "move"
    if asked and form is not None and not isinstance(refusal, WrongState) and refusal.fields:
        refusal.put_on(form)
        return show(request, bed.ward, status=422, bed=bed, bound={name: form})
    if isinstance(refusal, actions.WrongSex) and name == "move" and form is not None:
        # The page asks why, and sends the same move again.
        target = form.cleaned_data["bed"]
        again = forms.MoveForm(request.actor, initial={"bed": target.pk}, auto_id="mix-%s")
        bound: dict[str, Form] = {"mix": again}
        return show(request, target.ward, status=422, bed=bed, bound=bound, why=str(refusal))
    messages.error(request, str(refusal))
    bed.refresh_from_db()
    return show(request, bed.ward, status=422, bed=bed)


@require_POST
def extra(request: Request, pk: UUID) -> HttpResponse:
    """Put up an extra bed in a room of the ward."""
    ward = ward_of(request.actor, pk)
    form = forms.ExtraForm(request.actor, ward, request.POST)
    if form.is_valid():
        try:
            bed = actions.add_extra(
                Bed(
                    county_id=ward.county_id,
                    organisation=ward.organisation,
                    ward=ward,
                    **form.cleaned_data,
                ),
                by=request.actor,
            )
        except Refused as refusal:
            form.add_error("number" if refusal.fields else None, str(refusal))
        else:
            messages.success(request, _("%(bed)s 已加好。") % {"bed": bed})
            return redirect(ward)
    return show(request, ward, status=422, bound={"extra": form})
