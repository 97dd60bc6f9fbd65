"""Pre-examination triage (预检分诊) on a phone or at the desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.privacy.models import listed
from xinglin.clinical.triage import actions, catalogue, permissions, shown
from xinglin.clinical.triage.forms import DeskForm, desk_numbers
from xinglin.clinical.triage.intake import SEXES, age_numbers
from xinglin.clinical.triage.models import DeskTriage
from xinglin.clinical.triage.rules.case import Case
from xinglin.clinical.triage.rules.desk import Grade, grade
from xinglin.clinical.triage.rules.words import duration, recognise
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.people.models import Person, Sex
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def desk(request: Request) -> HttpResponse:
    """Who waits, the most urgent first, with the clock of each."""
    actor = request.actor
    if not actor.may(permissions.READ.code):
        raise Forbidden(_("当前岗位不能查看预检分诊。"))
    seen = DeskTriage.objects.visible_to(actor).select_related("person")
    pager = paginate(request, seen.waiting(), parameters.get("paging.page_size"))
    listed(actor, permissions.READ.code, [row for row in pager.items if row.person])
    by_level = dict(
        seen.waiting()
        .order_by()
        .values_list("level")
        .annotate(n=Count("pk"))
        .values_list("level", "n")
    )
    counts = [(each, by_level.get(code, 0)) for code, each in catalogue.desk().levels.items()]
    return page(
        request,
        "triage/desk.html",
        part="list",
        pager=pager,
        today=seen.today(timezone.localdate()),
        counts=counts,
        may_grade=actor.may(permissions.GRADE.code),
        may_see=actor.may(permissions.SEE.code),
    )


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Grade a patient who has just come."""
    actor = request.actor
    triage = DeskTriage(
        county_id=actor.county_id, organisation_id=actor.org_id, arrived_at=timezone.now()
    )
    permissions.GRADE.check(actor, triage)
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        triage.person = form.cleaned_data["person"]
        triage.called = form.cleaned_data["called"]
        triage.complaint = form.cleaned_data["complaint"]
        try:
            actions.grade(
                triage, by=actor, case=_case(form), raise_to=form.cleaned_data["raise_to"]
            )
        except Refused as refusal:
            refusal.put_on(form)
        else:
            messages.success(
                request,
                _("%(name)s：%(level)s，%(route)s。")
                % {
                    "name": triage.name,
                    "level": triage.rank.label,
                    "route": triage.rank.route,
                },
            )
            return redirect("triage:desk")
    return page(
        request,
        "triage/new.html",
        part="form",
        status=422 if form.errors else 200,
        form=form,
        **_graded(form),
    )


@require_POST
def level(request: Request) -> HttpResponse:
    """The level of what is being typed; nothing is kept."""
    actor = request.actor
    if not actor.may(permissions.GRADE.code):
        raise Forbidden(_("当前岗位不能预检分诊。"))
    return page(request, "triage/new.html", part="level", **_graded(_form(request)))


@require_POST
def see(request: Request, pk: UUID) -> HttpResponse:
    """Take a patient in."""
    triage = _waiting(request.actor, pk)
    actions.see(triage, by=request.actor)
    messages.success(request, _("已接诊%(name)s。") % {"name": triage.name})
    if triage.person is not None:
        return redirect(triage.person)
    return redirect("triage:desk")


@require_POST
def leave(request: Request, pk: UUID) -> HttpResponse:
    """Note that a patient went away."""
    triage = _waiting(request.actor, pk)
    actions.leave(triage, by=request.actor)
    messages.success(request, _("%(name)s已离开。") % {"name": triage.name})
    return redirect("triage:desk")


def _waiting(actor: Actor, pk: UUID) -> DeskTriage:
    found: DeskTriage = get_object_or_404(
        DeskTriage.objects.visible_to(actor).select_related("person"), pk=pk
    )
    return found


def _form(request: Request) -> DeskForm:
    people = Person.objects.visible_to(request.actor)
    if request.method == "POST":
        return DeskForm(people, request.POST)
    return DeskForm(people, initial={"person": request.GET.get("person") or None})


def _case(form: DeskForm) -> Case:
    told = form.cleaned_data
    person: Person | None = told.get("person")
    numbers: dict[str, Any] = form.numbers(desk_numbers())
    complaint = told.get("complaint") or ""
    hours = duration(complaint)
    if hours is not None:
        numbers.setdefault("duration_hours", hours)
    if person is not None:
        numbers |= age_numbers(person.birth_date, timezone.localdate())
    elif told.get("age") is not None:
        numbers["age"] = float(told["age"])
    return Case(
        numbers=numbers,
        signs=recognise(complaint) | frozenset(told.get("sign") or ()),
        sex=SEXES.get(Sex(person.sex), "") if person else "",
    )


def _graded(form: DeskForm) -> dict[str, Any]:
    """The level of what a form holds, even where some of it cannot be read."""
    if not form.is_bound:
        return {"grade": None}
    form.is_valid()
    found: Grade = grade(_case(form))
    return {"grade": found, "ask": shown.asks(found.ask)}
