"""The health record's cover: read, opened, corrected, closed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.record import actions, permissions
from xinglin.clinical.record.actions.checking import COVER_CODES, COVER_LISTS
from xinglin.clinical.record.forms import CloseForm, Correcting, CoverForm
from xinglin.clinical.record.models import FamilyHistory, HealthCover, open_people
from xinglin.clinical.record.views.reading import opened
from xinglin.clinical.record.views.writing import act
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_GET
def cover(request: Request, pk: UUID) -> HttpResponse:
    """The cover and the personal form; `?print` as a sheet of paper."""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    opened(actor, who)
    found = HealthCover.objects.visible_to(actor).of(who).newest_first()
    standing = found.standing().select_related("organisation").first()
    new = HealthCover(person=who, organisation_id=actor.org_id)
    return page(
        request,
        "record/cover.html",
        person=who,
        cover=standing,
        sections=_told(standing) if standing else [],
        family=FamilyHistory.objects.visible_to(actor).of(who).standing().newest_first(),
        earlier=found.exclude(pk=standing.pk) if standing else found,
        may_open=standing is None and permissions.WRITE.allows(actor, new),
        may_write=standing is not None and permissions.WRITE.allows(actor, standing),
        may_correct=standing is not None and permissions.VOID.allows(actor, standing),
    )


def _told(cover: HealthCover) -> list[tuple[Any, list[dict[str, Any]]]]:
    """The form's sections as it prints them."""
    sections = []
    for title, names in CoverForm.sections[1:]:
        rows = [{"label": cover.label_of(name), "value": said(cover, name)} for name in names]
        sections.append((title, rows))
    return sections


def said(cover: HealthCover, name: str) -> str:
    """A value of the form in words."""
    value = getattr(cover, name)
    if not value:
        return ""
    if name in COVER_CODES:
        return _named(COVER_CODES[name], value)
    if name in COVER_LISTS:
        return _("、").join(_named(COVER_LISTS[name], code) for code in value)
    if isinstance(value, list):
        return _("、").join(
            " ".join(
                filter(
                    None,
                    (
                        each.get("name") or _named("past-disease", each.get("code", "")),
                        each.get("on", ""),
                    ),
                )
            )
            for each in value
        )
    return str(value)


def _named(system: str, code: str) -> str:
    found = terminology.find(system, code)
    return found.label if found else code


@require_http_methods(["GET", "POST"])
def open_cover(request: Request, pk: UUID) -> HttpResponse:
    """Begin a health record: the form filled in, its number given or issued."""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    new = HealthCover(person=who, organisation_id=actor.org_id)
    permissions.WRITE.check(actor, new)
    form = CoverForm(
        request.POST if request.method == "POST" else None,
        initial={"number": who.health_record_no, "committee": _committee(actor, who)},
    )
    if request.method == "POST" and form.is_valid():
        told = dict(form.cleaned_data)
        committee = told.pop("committee")
        for name, value in told.items():
            setattr(new, name, value)
        try:
            actions.open_cover(new, by=actor, committee=committee)
        except Refused as error:
            error.put_on(form) if error.fields else form.add_error(None, str(error))
        else:
            messages.success(request, _("已建立健康档案，编号 %(no)s。") % {"no": new.number})
            return redirect(new)
    opened(actor, who)
    return _act(request, who, form, heading=_("建立健康档案"), verb=_("建立健康档案"))


def _committee(actor: Actor, who: Person) -> str:
    """The committee of the neighbours whose records the same house keeps."""
    if who.managed_by_id is None:
        return ""
    near = (
        HealthCover.objects.visible_to(actor)
        .standing()
        .filter(person__managed_by_id=who.managed_by_id, person__village=who.village)
    )
    return str(near.newest_first().values_list("number", flat=True).first() or "")[:12]


@require_http_methods(["GET", "POST"])
def correct_cover(request: Request, pk: UUID) -> HttpResponse:
    """Put a corrected form in the place of the wrong one, which is kept."""
    actor = request.actor
    wrong = _cover(actor, pk)
    permissions.VOID.check(actor, wrong)
    form: Any = type("CorrectCoverForm", (Correcting, CoverForm), {})(
        request.POST if request.method == "POST" else None,
        instance=HealthCover.objects.visible_to(actor).get(pk=pk),
    )
    if request.method == "POST" and form.is_valid():
        reason, told = form.told()
        changed = {name: value for name, value in told.items() if value != getattr(wrong, name)}
        if not changed:
            form.add_error(None, _("没有改动，请更正后再提交。"))
        else:
            try:
                actions.replace(wrong, by=actor, reason=reason, **changed)
            except Refused as error:
                error.put_on(form)
            else:
                messages.success(request, _("健康档案已更正。"))
                return redirect(wrong)
    opened(actor, wrong.person)
    return _act(request, wrong.person, form, heading=_("更正健康档案"), verb=_("更正"))


@require_http_methods(["GET", "POST"])
def close_cover(request: Request, pk: UUID) -> HttpResponse:
    """End a health record, with the reason; it is kept."""
    actor = request.actor
    known = _cover(actor, pk)
    permissions.WRITE.check(actor, known)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.close_cover(known, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("健康档案已终止。"))
            return redirect(known)
    opened(actor, known.person)
    return _act(
        request,
        known.person,
        form,
        heading=_("终止健康档案"),
        verb=_("终止"),
        warning=_("终止后不再作为在管档案统计；档案保留，居民回来后可以恢复。"),
    )


@require_http_methods(["GET", "POST"])
def reopen_cover(request: Request, pk: UUID) -> HttpResponse:
    """Go on with a closed health record."""
    actor = request.actor
    known = _cover(actor, pk)
    permissions.WRITE.check(actor, known)
    if request.method == "POST":
        actions.reopen_cover(known, by=actor)
        messages.success(request, _("健康档案已恢复。"))
    return redirect(known)


def _cover(actor: Actor, pk: UUID) -> HealthCover:
    found: HealthCover = get_object_or_404(
        HealthCover.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    return found


def _act(request: Request, who: Person, form: Any, **context: Any) -> HttpResponse:
    back = HealthCover(person=who).get_absolute_url()
    return act(request, who, form, back=back, **context)
