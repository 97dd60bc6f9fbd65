"""Papers composed of the record: the discharge summary and the front page of a stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.record import actions, permissions
from xinglin.clinical.record.forms import FrontPageForm, SummaryForm
from xinglin.clinical.record.models import Document, ground
from xinglin.clinical.record.views.reading import opened
from xinglin.clinical.record.views.writing import of_visit, visit_of
from xinglin.kernel import trail
from xinglin.kernel.errors import Refused
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def file_summary(request: Request, pk: UUID) -> HttpResponse:
    """Write the discharge summary and file it."""
    return _compose(request, pk, SummaryForm, actions.file_summary, _("出院小结"))


@require_http_methods(["GET", "POST"])
def file_front_page(request: Request, pk: UUID) -> HttpResponse:
    """Complete the front page and file it."""
    return _compose(request, pk, FrontPageForm, actions.file_front_page, _("病案首页"))


def _compose(
    request: Request, pk: UUID, sheet: Any, file: Callable[..., Document], heading: str
) -> HttpResponse:
    actor = request.actor
    visit = visit_of(actor, pk, permissions.FILE)
    form = sheet(
        request.POST if request.method == "POST" else None,
        initial={"admission": visit.history, "course": visit.treatment, "attending": visit.author},
    )
    if request.method == "POST" and form.is_valid():
        try:
            paper = file(visit, by=actor, **form.cleaned_data)
        except Refused as error:
            if error.fields:
                error.put_on(form)
            else:
                form.add_error(None, str(error))
        else:
            messages.success(request, _("已归档：%(title)s。") % {"title": paper.title})
            return redirect(visit)
    opened(actor, visit.person)
    return of_visit(
        request,
        visit,
        form,
        heading=heading,
        verb=_("生成并归档"),
        notice=_("诊断、手术操作、用药和异常结果取自本次住院的病历；再次生成会代替上一份。"),
    )


@require_GET
def document(request: Request, pk: UUID) -> HttpResponseBase:
    """The file itself, or the composed paper; who opened it is in the trail."""
    actor = request.actor
    paper = get_object_or_404(Document.objects.visible_to(actor).select_related("person"), pk=pk)
    trail.read(actor, permissions.READ.code, paper, basis=ground(actor, paper.person))
    if not paper.file:
        elsewhere = paper.data.get("elsewhere")
        return redirect(elsewhere["url"]) if elsewhere else composed(request, paper)
    try:
        content = paper.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    suffix = paper.file.name.rpartition(".")[2]
    name = paper.title if paper.title.endswith(f".{suffix}") else f"{paper.title}.{suffix}"
    return FileResponse(
        content,
        as_attachment="download" in request.GET,
        filename=name,
        content_type=paper.media_type,
    )


def composed(request: Request, paper: Document) -> HttpResponse:
    """A composed paper as it is printed: what it said when it was filed."""
    data: dict[str, Any] = dict(paper.data)
    for name in ("started_at", "ended_at"):
        if name in data:
            data[name] = datetime.fromisoformat(data[name])
    for name, system in (
        ("discharge_way", "discharge-way"),
        ("outcome", "outcome"),
        ("abo", "abo"),
        ("rh", "rh"),
        ("route", "admission-route"),
        ("quality", "record-quality"),
        ("payment", "payment-type"),
    ):
        data[name] = _named(system, data.get(name, ""))
    data["diagnoses"] = [
        {**each, "on_admission": _named("on-admission", each["on_admission"])}
        for each in data.get("diagnoses", [])
    ]
    data["procedures"] = [
        {
            **each,
            "grade": _named("operation-grade", each["grade"]),
            "anaesthesia": _named("anaesthesia", each["anaesthesia"]),
            "healing": _named("wound-healing", each["healing"]),
        }
        for each in data.get("procedures", [])
    ]
    return page(
        request,
        "record/paper.html",
        paper=paper,
        person=paper.person,
        data=data,
        front=paper.kind == Document.Kind.FRONT_PAGE,
        printed_by=f"{request.actor.org_name} {request.actor.name}",
        printed_at=timezone.now(),
    )


def _named(system: str, code: str) -> str:
    found = terminology.find(system, code) if code else None
    return found.label if found else code
