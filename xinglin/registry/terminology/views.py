"""Coded lists, searched as one types."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from xinglin.registry.terminology import catalogue
from xinglin.ui.forms import options
from xinglin.ui.requests import Request

SUGGESTED = 12


@require_GET
def search(request: Request, system: str) -> HttpResponse:
    """The best concepts of one list for a few characters of any spelling."""
    if system not in catalogue.systems():
        raise Http404
    found = catalogue.search(system, request.GET.get("q", ""), SUGGESTED + 1)
    return options(
        request,
        [{"code": each.code, "name": each.label} for each in found[:SUGGESTED]],
        more=len(found) > SUGGESTED,
    )
