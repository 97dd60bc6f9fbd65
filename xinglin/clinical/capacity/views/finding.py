"""Finding a free place, and giving it to somebody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.capacity import actions, permissions
from xinglin.clinical.capacity.forms import BookForm, FindForm
from xinglin.clinical.capacity.forms.choices import usual_channel
from xinglin.clinical.capacity.models import Booking, Slot
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

# Slots on one page: a doctor's morning is eight to twenty of them.
SIZE = 100


def may_read(actor: Actor) -> None:
    if not actor.may(permissions.READ.code):
        raise Forbidden(_("当前岗位不能查阅号源。"))


@require_GET
def find(request: Request) -> HttpResponse:
    """Free places of a house by department, day and doctor; each is one tap from being booked."""
    actor = request.actor
    may_read(actor)
    moving = _moving(request)
    house = _house(request, moving)
    given: Any = request.GET or None
    if moving and set(request.GET) == {"move"}:
        # What they had: the same department, the same kind.
        department = moving.slot.department_id or ""
        given = {"move": moving.pk, "kind": moving.kind, "department": department}
    form = FindForm(actor, house.pk if house else None, given)
    channel = moving.channel if moving else usual_channel(actor, house.pk if house else None)
    rows = Slot.objects.visible_to(actor).free().none()
    if house is not None:
        rows = Slot.objects.visible_to(actor).free(channel=channel).filter(organisation=house)
        rows = _narrowed(rows, form)
    rows = rows.select_related("schedule", "practitioner", "department").order_by(
        "start_at", "schedule__title", "kept_for", "id"
    )
    pager = paginate(request, rows, SIZE)
    return page(
        request,
        "capacity/find.html",
        part="list",
        filters=form,
        house=house,
        pager=pager,
        days=_by_day(pager.items),
        moving=moving,
        may_book=actor.may(permissions.BOOK.code),
        tabs=tabs(actor, "find"),
    )


def _moving(request: Request) -> Booking | None:
    """The booking for which another time is looked for, if that is why one is here."""
    asked = request.GET.get("move", "")
    if not asked:
        return None
    try:
        key = UUID(asked)
    except ValueError:
        raise Http404 from None
    rows = Booking.objects.visible_to(request.actor)
    leads = ("person", "slot__schedule", "slot__practitioner")
    return get_object_or_404(rows.select_related(*leads), pk=key)


def _house(request: Request, moving: Booking | None) -> Organisation | None:
    """Whose places are shown: the house asked for, else where one would go, else one's own."""
    houses = Organisation.objects.visible_to(request.actor)
    asked = request.GET.get("house", "")
    if asked:
        try:
            return houses.filter(pk=UUID(asked)).first()
        except ValueError:
            return None
    key = moving.organisation_id if moving else request.actor.org_id
    return houses.filter(pk=key).first()


def _narrowed(rows: Any, form: FindForm) -> Any:
    if not form.is_valid():
        return rows
    asked = form.cleaned_data
    if asked["department"] is not None:
        rows = rows.filter(department=asked["department"])
    if asked["kind"]:
        rows = rows.filter(kind=asked["kind"])
    if asked["doctor"].strip():
        rows = rows.filter(practitioner__name__contains=asked["doctor"].strip())
    if asked["day"] is not None:
        rows = rows.filter(
            start_at__gte=timezone.make_aware(datetime.combine(asked["day"], time()))
        )
    return rows


def _by_day(slots: Iterable[Slot]) -> list[dict[str, Any]]:
    """Slots by day, and within it by whom one comes to, each with its times."""
    found = []
    for day, rows in groupby(slots, key=lambda slot: timezone.localdate(slot.start_at)):
        lines: dict[Any, dict[str, Any]] = {}
        for slot in rows:
            key = (slot.schedule_id, slot.practitioner_id, slot.place)
            line = lines.setdefault(key, {"slot": slot, "slots": []})
            line["slots"].append(slot)
        found.append({"day": day, "lines": list(lines.values())})
    return found


@require_http_methods(["GET", "POST"])
def book(request: Request, pk: UUID) -> HttpResponse:
    """Give the place to somebody: person and way, one button."""
    actor = request.actor
    rows = Slot.objects.visible_to(actor).select_related(
        "schedule", "practitioner", "department", "organisation"
    )
    slot = get_object_or_404(rows, pk=pk)
    if not actor.may(permissions.BOOK.code):
        raise Forbidden(_("当前岗位不能预约。"))
    start = {"person": request.GET.get("person", "")}
    form = BookForm(actor, slot, request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        act = actions.hold if "hold" in request.POST else actions.book
        try:
            done = act(slot, by=actor, **form.cleaned_data)
        except Refused as refusal:
            # A full slot is about no input: the sentence stands on top, what was typed stays.
            form.add_error("person" if "person" in refusal.fields else None, str(refusal))
        else:
            messages.success(
                request,
                _("%(act)s：%(name)s，%(time)s %(who)s。")
                % {
                    "act": done.get_state_display(),
                    "name": done.person.name,
                    "time": done,
                    "who": slot.who,
                },
            )
            _warn(request, done)
            return redirect(done)
    return page(
        request,
        "capacity/book.html",
        status=422 if form.errors else 200,
        slot=slot,
        form=form,
        house=tree.name(slot.organisation_id),
        ends=timezone.localtime(slot.end_at),
        hold_minutes=parameters.get("capacity.hold_minutes"),
    )


def _warn(request: Request, booking: Booking) -> None:
    """Whoever often does not come is booked all the same, and the desk is told."""
    missed = Booking.objects.visible_to(request.actor).missed_by(booking.person_id)
    if missed >= parameters.get("capacity.no_show.warn"):
        messages.warning(
            request,
            _("%(name)s近期已爽约 %(count)s 次，请提醒按时就诊或提前取消。")
            % {"name": booking.person.name, "count": missed},
        )


def tabs(actor: Actor, here: str) -> list[dict[str, Any]]:
    """The pages of capacity that the post has something to do on."""
    known = [
        ("find", _("找号预约"), "capacity:find", permissions.READ.code),
        ("day", _("当日预约"), "capacity:day", permissions.READ.code),
        ("waiting", _("候补"), "capacity:waiting", permissions.READ.code),
        ("schedules", _("排班"), "capacity:schedules", permissions.READ.code),
        ("week", _("周视图"), "capacity:week", permissions.READ.code),
        ("closures", _("停诊"), "capacity:closures", permissions.READ.code),
    ]
    return [
        {"label": label, "url": reverse(name), "count": None, "active": code == here}
        for code, label, name, needed in known
        if actor.may(needed)
    ]


def a_week(day: Any) -> tuple[datetime, datetime]:
    """From Monday's midnight to the next one's."""
    monday = day - timedelta(days=day.weekday())
    start = timezone.make_aware(datetime.combine(monday, time()))
    return start, start + timedelta(days=7)
