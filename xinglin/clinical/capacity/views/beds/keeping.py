"""Wards, rooms and beds as they are set up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.capacity.actions import beds as actions
from xinglin.clinical.capacity.forms import beds as forms
from xinglin.clinical.capacity.models import Bed, Room, Ward
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.clinical.capacity.views.beds.overview import house_of
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def new_ward(request: Request) -> HttpResponse:
    """Open a ward in one's own house, or in `?house=` where one keeps the county's."""
    actor = request.actor
    at = house_of(actor, request.GET.get("house"))
    ward = Ward(county_id=at.region_id, organisation=at)
    if not permissions.MAINTAIN.allows(actor, ward):
        raise Http404
    form = forms.WardForm(actor, at, request.POST or None)
    if request.method == "POST" and form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(ward, name, value)
        try:
            actions.open_ward(ward, by=actor)
        except Refused as refusal:
            refusal.put_on(form)
        else:
            messages.success(request, _("病区“%(ward)s”已设立。") % {"ward": ward})
            return redirect("capacity:beds-rooms", pk=ward.pk)
    return page(
        request,
        "capacity/beds-ward-form.html",
        status=422 if form.errors else 200,
        house=at,
        form=form,
    )


def _ward(actor: Actor, pk: UUID) -> Ward:
    rows = Ward.objects.visible_to(actor).select_related("organisation", "department")
    ward: Ward = get_object_or_404(rows, pk=pk)
    if not permissions.MAINTAIN.allows(actor, ward):
        raise Http404
    return ward


@require_http_methods(["GET", "POST"])
def rooms(request: Request, pk: UUID) -> HttpResponse:
    """The rooms and beds of a ward; a form adds a room with its beds."""
    actor = request.actor
    ward = _ward(actor, pk)
    form = forms.RoomForm()
    if request.method == "POST":
        what = request.POST.get("what", "")
        try:
            if what == "room":
                form = forms.RoomForm(request.POST)
                if form.is_valid():
                    _add_room(form, ward, actor)
                    messages.success(request, _("病室已设立。"))
                    return redirect("capacity:beds-rooms", pk=ward.pk)
            else:
                _change(request, ward, what)
                return redirect("capacity:beds-rooms", pk=ward.pk)
        except Refused as refusal:
            if what == "room" and set(refusal.fields) & set(form.fields):
                refusal.put_on(form)
            else:
                messages.error(request, str(refusal))
    beds = Bed.objects.visible_to(actor).standing().filter(ward=ward)
    by_room: dict[UUID, list[Bed]] = {}
    for bed in beds.select_related("room").in_order():
        by_room.setdefault(bed.room_id, []).append(bed)
    listed = Room.objects.visible_to(actor).filter(ward=ward).order_by("number", "id")
    return page(
        request,
        "capacity/beds-rooms.html",
        status=422 if form.errors else 200,
        ward=ward,
        form=form,
        rooms=[
            {
                "room": room,
                "beds": by_room.get(room.pk, []),
                "sex": forms.RoomSexForm(initial={"sex": room.sex}, auto_id=f"sex-{room.pk}-%s"),
            }
            for room in listed
        ],
    )


def _add_room(form: forms.RoomForm, ward: Ward, actor: Actor) -> None:
    told: dict[str, Any] = form.cleaned_data
    with transaction.atomic():
        room = actions.open_room(
            Room(county_id=ward.county_id, ward=ward, number=told["number"], sex=told["sex"]),
            by=actor,
        )
        for number in form.numbers():
            _open_bed(room, number, told["kind"], actor)


def _open_bed(room: Room, number: str, kind: str, actor: Actor) -> None:
    bed = Bed(
        county_id=room.county_id,
        organisation=room.ward.organisation,
        ward=room.ward,
        room=room,
        number=number,
        kind=kind,
    )
    actions.open_bed(bed, by=actor)


def _change(request: Request, ward: Ward, what: str) -> None:
    """One room's sex, one more bed in it, one bed away, or the whole ward closed."""
    actor = request.actor
    if what == "close-ward":
        actions.close_ward(ward, by=actor)
        messages.success(request, _("病区“%(ward)s”已停用。") % {"ward": ward})
        return
    try:
        key = UUID(request.POST.get("id", ""))
    except ValueError:
        raise Http404 from None
    if what == "close-bed":
        beds = Bed.objects.visible_to(actor).filter(ward=ward)
        bed = get_object_or_404(beds.select_related("room"), pk=key)
        actions.close_bed(bed, by=actor)
        messages.success(request, _("%(bed)s 已撤床。") % {"bed": bed})
        return
    rows = Room.objects.visible_to(actor).filter(ward=ward)
    room = get_object_or_404(rows.select_related("ward__organisation"), pk=key)
    if what == "sex":
        form = forms.RoomSexForm(request.POST)
        if form.is_valid():
            actions.change_room(room, by=actor, sex=form.cleaned_data["sex"])
            messages.success(request, _("%(room)s 已更改。") % {"room": room})
    elif what == "bed":
        last = Bed.objects.visible_to(actor).standing().filter(room=room).order_by("place").last()
        kind = last.kind if last and last.kind != "extra" else "general"
        number = forms.NumberForm(request.POST)
        if number.is_valid():
            _open_bed(room, number.cleaned_data["number"], kind, actor)
            messages.success(request, _("床位已增加。"))
        else:
            messages.error(request, _("请填写床号，最多 10 个字。"))
    else:
        raise Http404
