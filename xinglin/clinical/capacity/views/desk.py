"""The desk: the day's list, one booking with its acts, the waiting list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.capacity import actions, permissions
from xinglin.clinical.capacity.forms import DayForm, NoteForm, ReasonForm, WaitForm
from xinglin.clinical.capacity.models import LIVE, Booking, Slot, State, Waiting
from xinglin.clinical.capacity.views.finding import may_read, tabs
from xinglin.clinical.privacy.models import ground, listed
from xinglin.kernel import parameters, trail
from xinglin.kernel.access import REGISTRY, Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.ui.forms import Form
from xinglin.ui.pages import page, wants_part
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

LEADS = (
    "person",
    "organisation",
    "booked_by",
    "owner",
    "slot__schedule",
    "slot__practitioner",
    "slot__department",
)
# How each act reads on a button: a short word, an icon, a key.
BUTTONS: dict[str, tuple[Any, str, str]] = {
    "confirm": (pgettext_lazy("button", "确认"), "check", "a"),
    "arrive": (gettext_lazy("登记到诊"), "circle-check", "a"),
    "move": (gettext_lazy("改约"), "calendar-event", "m"),
    "release": (gettext_lazy("放号"), "arrow-back-up", "x"),
    "miss": (gettext_lazy("爽约"), "circle-x", ""),
    "cancel": (gettext_lazy("取消预约"), "x", ""),
    "undo": (gettext_lazy("撤销到诊"), "arrow-back-up", ""),
}
FUNCTIONS: dict[str, Callable[..., Booking]] = {
    "confirm": actions.confirm,
    "arrive": actions.arrive,
    "release": actions.release,
    "miss": actions.miss,
    "cancel": actions.cancel,
    "undo": actions.undo,
}


@require_GET
def day(request: Request) -> HttpResponse:
    """Who comes on a day, in the order of time; a tap notes that they are here."""
    actor = request.actor
    may_read(actor)
    form = DayForm(actor, request.GET or None)
    on = timezone.localdate()
    rows = Booking.objects.visible_to(actor).filter(organisation_id=actor.org_id)
    if form.is_valid():
        on = form.cleaned_data["day"] or on
        if form.cleaned_data["department"] is not None:
            rows = rows.filter(slot__department=form.cleaned_data["department"])
        if form.cleaned_data["q"].strip():
            rows = rows.filter(person__name__startswith=form.cleaned_data["q"].strip())
    start = timezone.make_aware(datetime.combine(on, time()))
    rows = rows.filter(start_at__gte=start, start_at__lt=start + timedelta(days=1))
    rows = rows.filter(state__in=[*LIVE, State.ARRIVED, State.NO_SHOW])
    pager = paginate(request, rows.select_related(*LEADS).in_order(), SIZE)
    listed(actor, permissions.READ.code, pager.items)
    return page(
        request,
        "capacity/day.html",
        part="list",
        filters=form,
        on=on,
        before=on - timedelta(days=1),
        after=on + timedelta(days=1),
        pager=pager,
        rows=[(row, permissions.open_to(actor, row)) for row in pager.items],
        tabs=tabs(actor, "day"),
        live=60,
    )


SIZE = 100


def booking_of(actor: Actor, pk: UUID) -> Booking:
    rows = Booking.objects.visible_to(actor).select_related(*LEADS)
    found: Booking = get_object_or_404(rows, pk=pk)
    return found


@require_GET
def booking(request: Request, pk: UUID) -> HttpResponse:
    """One booking with what may be done and its story; the reading is traced."""
    found = booking_of(request.actor, pk)
    basis = ground(request.actor, found.person) or permissions.OF_THE_BOOKING.kept()
    trail.read(request.actor, permissions.READ.code, found.person, basis=basis, parts="booking")
    return _show(request, found, opens=request.GET.get("act", ""))


@require_http_methods(["GET", "POST"])
def act(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Do one act; a refusal comes back as a sentence beside what was typed."""
    if name not in FUNCTIONS:
        raise Http404
    found = booking_of(request.actor, pk)
    if request.method == "GET":
        return redirect(found)
    form = _form(name, request.POST)
    if not form.is_valid():
        return _show(request, found, status=422, bound={name: form})
    try:
        FUNCTIONS[name](found, by=request.actor, **form.cleaned_data)
    except Refused as refusal:
        found = booking_of(request.actor, pk)
        field = next((each for each in refusal.fields if each in form.fields), None)
        if field is None or name not in permissions.open_to(request.actor, found):
            messages.error(request, str(refusal))
            return _show(request, found, status=refusal.status)
        form.add_error(field, str(refusal))
        return _show(request, found, status=refusal.status, bound={name: form})
    messages.success(
        request,
        _("%(act)s：%(name)s %(time)s，现为“%(state)s”。")
        % {
            "act": REGISTRY[f"capacity.{name}"].label,
            "name": found.person.name,
            "time": found,
            "state": found.get_state_display(),
        },
    )
    back = request.POST.get("back", "")
    if back:
        # From the day's list, which stays where it was.
        return redirect(f"{reverse('capacity:day')}?{back}" if "=" in back else "capacity:day")
    if wants_part(request):
        return _show(request, booking_of(request.actor, pk))
    return redirect(found)


def _form(name: str, given: Any = None) -> Form:
    return ReasonForm("cancel", given) if name == "cancel" else NoteForm(given)


def _show(
    request: Request,
    found: Booking,
    *,
    status: int = 200,
    bound: dict[str, Form] | None = None,
    opens: str = "",
) -> HttpResponse:
    actor = request.actor
    bound = bound or {}
    allowed = permissions.open_to(actor, found)
    acts = [
        {
            "name": name,
            "label": REGISTRY[f"capacity.{name}"].label,
            "short": BUTTONS[name][0],
            "icon": BUTTONS[name][1],
            "key": BUTTONS[name][2],
            "primary": place == 0,
            "danger": name in ("cancel", "miss"),
            "form": bound.get(name) or (_form(name) if name == "cancel" else None),
            "url": reverse("capacity:act", args=[found.pk, name]),
        }
        for place, name in enumerate(each for each in allowed if each != "move")
    ]
    missed = Booking.objects.visible_to(actor).missed_by(found.person_id)
    return page(
        request,
        "capacity/booking.html",
        part="card",
        status=status,
        booking=found,
        person=found.person,
        acts=acts,
        may_move="move" in allowed,
        opens=next(iter(bound), opens),
        missed=missed if missed >= parameters.get("capacity.no_show.warn") else 0,
        events=trail.story(trail.of([found.pk])),
    )


@require_POST
def move(request: Request, pk: UUID, slot_id: UUID) -> HttpResponse:
    """Change a booking to the slot that was chosen."""
    actor = request.actor
    found = booking_of(actor, pk)
    slot = get_object_or_404(Slot.objects.visible_to(actor), pk=slot_id)
    try:
        actions.move(found, by=actor, slot=slot)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{reverse('capacity:find')}?move={found.pk}")
    messages.success(
        request, _("%(name)s已改约到 %(time)s。") % {"name": found.person.name, "time": found}
    )
    return redirect(found)


# ------------------------------------------------------------------------------- the waiting list


@require_GET
def waiting(request: Request) -> HttpResponse:
    """Who waits, who comes first in front; a place that is offered shows its clock."""
    actor = request.actor
    may_read(actor)
    rows = (
        Waiting.objects.visible_to(actor)
        .open()
        .select_related("person", "organisation", "department", "schedule", "asked_by", "booking")
    )
    # A place that is offered will not wait.
    pager = paginate(request, rows.order_by("-state", "priority", "queued_at", "id"), SIZE)
    pager.items.sort(key=lambda row: row.state != "offered")
    listed(actor, permissions.READ.code, pager.items)
    return page(
        request,
        "capacity/waiting.html",
        part="list",
        pager=pager,
        rows=[(row, permissions.open_waiting(actor, row)) for row in pager.items],
        reasons=ReasonForm("leave"),
        tabs=tabs(actor, "waiting"),
        may_wait=actor.may(permissions.WAIT.code),
        live=30,
    )


@require_http_methods(["GET", "POST"])
def wait(request: Request) -> HttpResponse:
    """Put somebody on the list."""
    actor = request.actor
    if not actor.may(permissions.WAIT.code):
        raise Forbidden(_("当前岗位不能登记候补。"))
    given = request.POST if request.method == "POST" else None
    asked = (given or request.GET).get("house", "")
    try:
        house_id = UUID(asked) if asked else actor.org_id
    except ValueError:
        house_id = actor.org_id
    start = {"house": house_id, **request.GET.dict()}
    form = WaitForm(actor, house_id, given, initial=start)
    if given is not None and form.is_valid():
        facts = dict(form.cleaned_data)
        house = facts.pop("house")
        entry = Waiting(
            county_id=house.region_id, organisation=house, asked_by_id=actor.org_id, **facts
        )
        try:
            actions.wait(entry, by=actor)
        except Refused as refusal:
            form.add_error(
                next((each for each in refusal.fields if each in form.fields), None), str(refusal)
            )
        else:
            messages.success(
                request,
                _("已登记候补：%(name)s，%(what)s。")
                % {"name": entry.person.name, "what": entry.what},
            )
            return redirect("capacity:waiting")
    # Another house chosen: its departments and schedules come, what was typed stays.
    status = 422 if form.errors else 200
    return page(request, "capacity/wait.html", part="fields", status=status, form=form)


@require_POST
def leave(request: Request, pk: UUID) -> HttpResponse:
    """Take somebody off the list."""
    entry = get_object_or_404(
        Waiting.objects.visible_to(request.actor).select_related("person"), pk=pk
    )
    form = ReasonForm("leave", request.POST)
    if form.is_valid():
        try:
            actions.leave(entry, by=request.actor, **form.cleaned_data)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("%(name)s已退出候补。") % {"name": entry.person.name})
    else:
        messages.error(request, _("请选择原因。"))
    return redirect("capacity:waiting")
