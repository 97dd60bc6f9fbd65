"""The pages on which a county's clerk imports tables: what was done, a new one, one's outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.gateway.imports import blanks, kinds, permissions, work
from xinglin.gateway.imports.forms import ImportForm
from xinglin.gateway.imports.report import Rows, refusals_in
from xinglin.kernel import parameters
from xinglin.kernel.models import Job
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
def listed(request: Request) -> HttpResponse:
    """The county's imports, and the blank tables."""
    permissions.RUN.check(request.actor, None)
    pager = paginate(request, work.visible_to(request.actor), parameters.get("paging.page_size"))
    rows = [{"job": job, "told": _summary(job)} for job in pager.items]
    busy = any(job.state in (Job.State.WAITING, Job.State.RUNNING) for job in pager.items)
    return page(
        request,
        "imports/list.html",
        part="list",
        pager=pager,
        rows=rows,
        kinds=kinds.KINDS,
        live=5 if busy else 0,
    )


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Choose files and start."""
    permissions.RUN.check(request.actor, None)
    if request.method == "POST":
        form = ImportForm(request.actor, request.POST, request.FILES)
        if form.is_valid():
            told = form.cleaned_data
            started = work.start(
                told["sent"],
                by=request.actor,
                house=told["house"],
                check_only=told["check_only"],
            )
            return redirect("imports:job", pk=started.pk)
    else:
        form = ImportForm(request.actor)
    return page(
        request,
        "imports/new.html",
        form=form,
        kinds=kinds.KINDS,
        megabytes=parameters.get("import.max_megabytes"),
        status=422 if form.errors else 200,
    )


@require_GET
def job(request: Request, pk: UUID) -> HttpResponse:
    """How far it is, and what came of it."""
    found = get_object_or_404(work.visible_to(request.actor), pk=pk)
    path = _report_path(found)
    refusals = Rows(list(refusals_in(path)) if path else [])
    return page(
        request,
        "imports/job.html",
        part="outcome",
        job=found,
        told=_summary(found),
        counts=[
            {"label": kinds.label_of(kind), **count}
            for kind, count in found.result.get("counts", {}).items()
        ],
        files=[
            {**file, "label": kinds.label_of(file["kind"])}
            for file in found.result.get("files", [])
        ],
        busy=found.state in (Job.State.WAITING, Job.State.RUNNING),
        writing=found.total > 0 and found.percent >= 50,
        pager=paginate(request, cast(Any, refusals), parameters.get("paging.page_size")),
        has_report=path is not None,
    )


@require_GET
def report(request: Request, pk: UUID, form: str) -> FileResponse:
    """The refused rows as a file."""
    found = get_object_or_404(work.visible_to(request.actor), pk=pk)
    path = _report_path(found)
    if path is None or form not in ("csv", "json"):
        raise Http404
    kept = path.with_suffix(f".{form}")
    return FileResponse(kept.open("rb"), as_attachment=True, filename=kept.name)


@require_GET
def template(request: Request, kind: str, form: str) -> HttpResponse:
    """A blank table of one kind."""
    permissions.RUN.check(request.actor, None)
    wanted = kinds.by_code(kind)
    if wanted is None or form not in ("xlsx", "csv"):
        raise Http404
    made = blanks.as_xlsx(wanted) if form == "xlsx" else blanks.as_csv(wanted)
    response = HttpResponse(made, content_type=XLSX if form == "xlsx" else "text/csv")
    name = _("%(kind)s导入模板.%(form)s") % {"kind": wanted.label, "form": form}
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


def _report_path(found: Job) -> Path | None:
    """The kept report of a job, if it has one and it lies where reports lie."""
    told = found.result.get("report")
    if not told:
        return None
    path = Path(told)
    inside = path.parent == Path(settings.HOME) / "reports"
    return path if inside and path.with_suffix(".json").exists() else None


def _summary(found: Job) -> dict[str, str]:
    """The outcome in a word and a sentence."""
    result = found.result
    if found.state == Job.State.WAITING:
        return {"word": _("排队"), "tone": "plain", "sentence": _("等前面的任务做完就开始。")}
    if found.state == Job.State.RUNNING:
        return {
            "word": _("进行中"),
            "tone": "info",
            "sentence": _("可以离开此页，稍后回来看结果。"),
        }
    if found.state == Job.State.FAILED:
        told = found.error if not found.error.isidentifier() else _("系统出错，未写入任何内容。")
        return {"word": _("未完成"), "tone": "bad", "sentence": told}
    if result.get("refused"):
        sentence = _("有 %(n)s 处有误，未写入任何内容。请按所列行号改正后重新导入。") % {
            "n": f"{result['refused']:,}"
        }
        return {"word": _("有误，未导入"), "tone": "bad", "sentence": sentence}
    if result.get("check_only"):
        sentence = _("%(n)s 行全部通过检查，没有写入。可以正式导入了。") % {
            "n": f"{result.get('rows', 0):,}"
        }
        return {"word": _("检查通过"), "tone": "good", "sentence": sentence}
    counts = result.get("counts", {}).values()
    new = sum(count["new"] for count in counts)
    updated = sum(count["updated"] for count in counts)
    same = sum(count["unchanged"] for count in counts)
    sentence = _("新增 %(new)s 条，更新 %(updated)s 条，%(same)s 条与系统中一致。") % {
        "new": f"{new:,}",
        "updated": f"{updated:,}",
        "same": f"{same:,}",
    }
    return {"word": _("已导入"), "tone": "good", "sentence": sentence}
