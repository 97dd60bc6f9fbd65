"""What is free where: the wards of a house, the houses of the county. No person is named."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.capacity.models import Bed, FreeBeds, Ward
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

SUMS = (
    "beds",
    "free",
    "held",
    "occupied",
    "cleaning",
    "blocked",
    "men",
    "women",
    "today",
    "tomorrow",
)


def added(rows: Iterable[FreeBeds]) -> dict[str, Any]:
    """The wards of a house, or the houses of a county, as one line."""
    found = list(rows)
    total: dict[str, Any] = {name: sum(getattr(row, name) for row in found) for name in SUMS}
    total["usable"] = total["beds"] - total["blocked"]
    total["soon"] = total["free"] + total["cleaning"] + total["today"] + total["tomorrow"]
    total["full"] = full(total["occupied"], total["usable"])
    return total


def full(occupied: int, usable: int) -> bool:
    """Whether a ward or a house counts as full."""
    percent: int = parameters.get("beds.full_percent")
    return usable > 0 and 100 * occupied >= percent * usable


def _line(row: FreeBeds) -> dict[str, Any]:
    usable = row.beds - row.blocked
    return {"ward": row, "usable": usable, "full": full(row.occupied, usable)}


def may_look(actor: Actor) -> None:
    if not (actor.may(permissions.OVERVIEW.code) or actor.may(permissions.READ.code)):
        raise Forbidden(_("当前岗位不能查看床位。"))


@require_GET
def house(request: Request) -> HttpResponse:
    """The wards of a house with what is free for men and women; one's own without `?house=`."""
    actor = request.actor
    may_look(actor)
    at = house_of(actor, request.GET.get("house"))
    wards = list(Bed.objects.visible_to(actor).by_ward([at.pk]))
    seen = actor.may(permissions.READ.code) and actor.reaches(at.pk, at.region_id)
    empty = Ward.objects.visible_to(actor).standing().filter(organisation=at)
    return page(
        request,
        "capacity/beds.html",
        part="list",
        house=at,
        own=at.pk == actor.org_id,
        wards=[_line(row) for row in wards],
        bare=empty.exclude(pk__in=[row.ward_id for row in wards]).order_by("code"),
        total=added(wards),
        may_read=seen,
        may_overview=actor.may(permissions.OVERVIEW.code),
        may_maintain=actor.may(permissions.MAINTAIN.code) and actor.reaches(at.pk, at.region_id),
        live=60,
    )


def house_of(actor: Actor, asked: str | None) -> Organisation:
    found = None
    if asked:
        try:
            key = UUID(asked)
        except ValueError:
            raise Http404 from None
        found = Organisation.objects.visible_to(actor).filter(pk=key).first()
        if found is None or not (
            actor.may(permissions.OVERVIEW.code) or actor.reaches(found.pk, found.region_id)
        ):
            raise Http404
        return found
    found = tree.get(actor.org_id)
    if found is None:
        raise Http404
    return found


@require_GET
def county(request: Request) -> HttpResponse:
    """Free beds of every house of the county, for whoever looks for one."""
    actor = request.actor
    if not actor.may(permissions.OVERVIEW.code):
        raise Forbidden(_("当前岗位不能查看空床概况。"))
    rows = Bed.objects.visible_to(actor).by_ward()
    by_house = {
        key: list(inside) for key, inside in groupby(rows, key=lambda row: row.organisation_id)
    }
    houses = [
        {"house": found, "wards": [_line(row) for row in wards], **added(wards)}
        for key, wards in by_house.items()
        if (found := tree.get(key)) is not None
    ]
    houses.sort(key=lambda line: line["house"].path)
    return page(
        request,
        "capacity/beds-county.html",
        part="list",
        houses=houses,
        total=added(rows),
        may_read=actor.may(permissions.READ.code),
        live=60,
    )
