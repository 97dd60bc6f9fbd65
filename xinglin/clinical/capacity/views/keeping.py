"""Keeping schedules: the list, one schedule, its hours, the week, closures, substitutions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.capacity import actions, permissions
from xinglin.clinical.capacity.forms import (
    CloseForm,
    EndForm,
    HoursFormSet,
    ScheduleForm,
    SubstituteForm,
    WeekForm,
    hours_of,
    sessions_of,
)
from xinglin.clinical.capacity.models import (
    WEEKDAYS,
    Closure,
    Schedule,
    Slot,
    State,
    Substitution,
)
from xinglin.clinical.capacity.views.finding import a_week, may_read, tabs
from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.ui.forms import FieldErrors, Form
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


def _rows(actor: Actor) -> Any:
    rows = Schedule.objects.visible_to(actor)
    return rows.select_related("organisation", "department", "practitioner")


def _one(actor: Actor, pk: UUID) -> Schedule:
    rows = _rows(actor).prefetch_related("sessions")
    found: Schedule = get_object_or_404(rows, pk=pk)
    return found


def _kept(actor: Actor, pk: UUID) -> Schedule:
    """A schedule that the post keeps."""
    found = _one(actor, pk)
    permissions.KEEP.check(actor, found)
    return found


@require_GET
def schedules(request: Request) -> HttpResponse:
    """The schedules of one's own house, with what is booked of the coming week."""
    actor = request.actor
    may_read(actor)
    now = timezone.now()
    soon = Q(
        slots__start_at__gt=now,
        slots__start_at__lte=now + timedelta(days=7),
        slots__closure=None,
        slots__withdrawn_at=None,
    )
    rows = (
        _rows(actor)
        .filter(organisation_id=actor.org_id)
        .standing(timezone.localdate())
        .annotate(places=Sum("slots__places", filter=soon), taken=Sum("slots__taken", filter=soon))
        .in_order()
    )
    return page(
        request,
        "capacity/schedules.html",
        part="list",
        pager=paginate(request, rows, parameters.get("paging.page_size")),
        tabs=tabs(actor, "schedules"),
        may_keep=permissions.keeps(actor),
    )


@require_GET
def schedule(request: Request, pk: UUID) -> HttpResponse:
    """One schedule: its hours, what is kept for whom, the coming slots, who stands in."""
    actor = request.actor
    found = _one(actor, pk)
    now = timezone.now()
    slots = (
        Slot.objects.visible_to(actor)
        .filter(schedule=found, start_at__gt=now, withdrawn_at=None)
        .select_related("practitioner", "closure")
    )
    keeps = permissions.KEEP.allows(actor, found)
    changes = Substitution.objects.visible_to(actor).filter(schedule=found, end_at__gt=now)
    return page(
        request,
        "capacity/schedule.html",
        part="list",
        schedule=found,
        hours=_said(found),
        pager=paginate(request, slots.in_order(), 50),
        changes=changes.select_related("practitioner").order_by("start_at"),
        keeps=keeps,
        over=found.until is not None and found.until < timezone.localdate(),
        events=trail.story(
            line for line in trail.of([found.pk]) if line.verb != permissions.PLAN.code
        )
        if keeps
        else [],
    )


def _said(found: Schedule) -> list[dict[str, Any]]:
    """The hours in words: weekdays with the same hours on one line."""
    words = dict(WEEKDAYS)
    return [
        {**line, "when": line["day"] or "、".join(str(words[day]) for day in line["weekdays"])}
        for line in hours_of(found)
    ]


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """A schedule of one's own house."""
    actor = request.actor
    house = get_object_or_404(Organisation.objects.visible_to(actor), pk=actor.org_id)
    permissions.KEEP.check(actor, Schedule(organisation=house, county_id=house.region_id))
    return _write(request, Schedule(organisation=house))


@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    """Change what a schedule offers from now on."""
    return _write(request, _kept(request.actor, pk))


def _write(request: Request, found: Schedule) -> HttpResponse:
    actor, fresh = request.actor, found._state.adding
    given = request.POST if request.method == "POST" else None
    start = {} if fresh else ScheduleForm.told(found)
    form = ScheduleForm(actor, found.organisation_id, given, initial=start)
    lines = HoursFormSet(
        given, initial=None if fresh else hours_of(found), prefix="hours", error_class=FieldErrors
    )
    if given is not None and form.is_valid() and lines.is_valid():
        hours = sessions_of(line.cleaned_data for line in lines)
        try:
            if fresh:
                for name, value in form.facts().items():
                    setattr(found, name, value)
                done = actions.establish(found, by=actor, sessions=hours)
            else:
                done = actions.revise(found, by=actor, sessions=hours, **form.facts())
        except Refused as refusal:
            name = next(iter(refusal.fields), "")
            name = "quota_referral" if name == "quotas" else name
            form.add_error(name if name in form.fields else None, str(refusal))
        else:
            messages.success(
                request,
                _("已保存“%(title)s”，号源生成至 %(day)s。")
                % {"title": done.title, "day": done.laid_until},
            )
            return redirect(done)
    return page(
        request,
        "capacity/edit.html",
        status=422 if given is not None else 200,
        form=form,
        lines=lines,
        schedule=None if fresh else found,
    )


@require_http_methods(["GET", "POST"])
def end(request: Request, pk: UUID) -> HttpResponse:
    """Let a schedule end on a day."""
    found = _kept(request.actor, pk)
    form = EndForm(
        request.POST if request.method == "POST" else None,
        initial={"on": timezone.localdate()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.end(found, by=request.actor, on=form.cleaned_data["on"])
        except Refused as refusal:
            form.add_error("on", str(refusal))
        else:
            messages.success(
                request,
                _("“%(title)s”出诊至 %(day)s。") % {"title": found.title, "day": found.until},
            )
            return redirect(found)
    return _form(
        request,
        form,
        heading=_("截止排班"),
        verb=_("截止"),
        schedule=found,
        warning=_("此后的号源撤销，已预约的转为待改约，并通知预约机构。"),
    )


@require_http_methods(["GET", "POST"])
def substitute(request: Request, pk: UUID) -> HttpResponse:
    """Let another doctor or another room serve for a time."""
    found = _kept(request.actor, pk)
    given = request.POST if request.method == "POST" else None
    form = SubstituteForm(request.actor, found.organisation_id, given)
    if given is not None and form.is_valid():
        try:
            actions.substitute(Substitution(schedule=found, **form.cleaned_data), by=request.actor)
        except Refused as refusal:
            form.add_error(
                next((each for each in refusal.fields if each in form.fields), None), str(refusal)
            )
        else:
            messages.success(request, _("已安排替诊，并通知已预约的患者所在机构。"))
            return redirect(found)
    return _form(request, form, heading=_("安排替诊"), verb=_("安排"), schedule=found)


def _form(request: Request, form: Form, **context: Any) -> HttpResponse:
    return page(
        request, "capacity/form.html", status=422 if form.errors else 200, form=form, **context
    )


@require_GET
def week(request: Request) -> HttpResponse:
    """A department's week: every schedule a line, every day its sessions with what is left."""
    actor = request.actor
    may_read(actor)
    form = WeekForm(actor, request.GET or None)
    on = timezone.localdate()
    rows = Slot.objects.visible_to(actor).filter(organisation_id=actor.org_id, withdrawn_at=None)
    if form.is_valid():
        on = form.cleaned_data["day"] or on
        if form.cleaned_data["department"] is not None:
            rows = rows.filter(department=form.cleaned_data["department"])
    start, end_at = a_week(on)
    rows = rows.filter(start_at__gte=start, start_at__lt=end_at)
    monday = timezone.localdate(start)
    days = [monday + timedelta(days=number) for number in range(7)]
    return page(
        request,
        "capacity/week.html",
        part="list",
        filters=form,
        days=days,
        lines=_lines(rows, days),
        before=monday - timedelta(days=7),
        after=monday + timedelta(days=7),
        department=request.GET.get("department", ""),
        today=timezone.localdate(),
        tabs=tabs(actor, "week"),
        may_keep=permissions.keeps(actor),
    )


def _lines(rows: Any, days: list[Any]) -> list[dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    leads = ("schedule", "practitioner", "department")
    for slot in rows.select_related(*leads).order_by("department__code", "start_at", "id"):
        line = found.setdefault(
            slot.schedule_id,
            {"schedule": slot.schedule, "department": slot.department, "cells": {}},
        )
        local = timezone.localtime(slot.start_at)
        half = "am" if local.hour < 12 else "pm"
        cell = line["cells"].setdefault(
            (local.date(), half),
            {"first": local, "places": 0, "taken": 0, "kept": 0, "closed": 0, "who": slot.who},
        )
        if slot.closure_id is not None:
            cell["closed"] += 1
            continue
        cell["places"] += slot.places
        cell["taken"] += slot.taken
        cell["kept"] += slot.places if slot.kept_for else 0
        cell["who"] = slot.who
        cell["last"] = timezone.localtime(slot.end_at)
    for line in found.values():
        cells = line["cells"]
        line["days"] = [
            {
                "day": day,
                "cells": [cells[key] for key in ((day, "am"), (day, "pm")) if key in cells],
            }
            for day in days
        ]
    return list(found.values())


@require_GET
def closures(request: Request) -> HttpResponse:
    """What is closed now and later, with how many still wait for another time."""
    actor = request.actor
    may_read(actor)
    waiting = Count("slots__bookings", filter=Q(slots__bookings__state=State.DISPLACED))
    rows = (
        Closure.objects.visible_to(actor)
        .filter(organisation_id=actor.org_id)
        .select_related("organisation", "department", "schedule", "practitioner")
        .annotate(displaced=waiting)
        .order_by("-start_at", "-id")
    )
    pager = paginate(request, rows, parameters.get("paging.page_size"))
    now = timezone.now()
    return page(
        request,
        "capacity/closures.html",
        part="list",
        pager=pager,
        rows=[
            (
                row,
                row.lifted_at is None
                and row.end_at > now
                and permissions.REOPEN.allows(actor, row),
            )
            for row in pager.items
        ],
        now=now,
        tabs=tabs(actor, "closures"),
        may_close=actor.may(permissions.CLOSE.code),
    )


@require_http_methods(["GET", "POST"])
def close(request: Request) -> HttpResponse:
    """Take hours away: of the house, a department, a schedule or a doctor."""
    actor = request.actor
    house = get_object_or_404(Organisation.objects.visible_to(actor), pk=actor.org_id)
    blank = Closure(organisation=house, county_id=house.region_id)
    if not permissions.CLOSE.allows(actor, blank):
        raise Forbidden(_("当前岗位不能停诊。"))
    given = request.POST if request.method == "POST" else None
    form = CloseForm(actor, given, initial=request.GET.dict())
    if given is not None and form.is_valid():
        closure = Closure(organisation=house, **form.cleaned_data)
        try:
            actions.close(closure, by=actor)
        except Refused as refusal:
            form.add_error(
                next((each for each in refusal.fields if each in form.fields), None), str(refusal)
            )
        else:
            messages.success(request, _("已停诊：%(what)s。") % {"what": closure})
            return redirect("capacity:closures")
    return _form(
        request,
        form,
        heading=_("停诊"),
        verb=_("停诊"),
        warning=_("停诊时段不再放号；已预约的转为待改约，并通知预约机构。"),
    )


@require_POST
def reopen(request: Request, pk: UUID) -> HttpResponse:
    """Give the hours back."""
    closure = get_object_or_404(
        Closure.objects.visible_to(request.actor).select_related("organisation"), pk=pk
    )
    try:
        actions.reopen(closure, by=request.actor)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已恢复出诊，尚未改约的预约仍有效。"))
    return redirect("capacity:closures")
