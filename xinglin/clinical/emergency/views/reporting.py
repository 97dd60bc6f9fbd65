"""The page of delays, and the same as a table to take away."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from xinglin.clinical.emergency import delays, permissions
from xinglin.clinical.emergency.forms import PeriodForm
from xinglin.kernel.errors import Forbidden
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

COLUMNS = (
    gettext_noop("类型"),
    gettext_noop("起点"),
    gettext_noop("终点"),
    gettext_noop("机构"),
    gettext_noop("时限（分钟）"),
    gettext_noop("例数"),
    gettext_noop("中位数（分钟）"),
    gettext_noop("九成用时（分钟）"),
    gettext_noop("时限内例数"),
    gettext_noop("漏登例数"),
    gettext_noop("依据"),
)


def _asked(request: Request) -> delays.Report:
    if not request.actor.may(permissions.REPORT.code):
        raise Forbidden(_("当前岗位不能查看绿色通道时间分析。"))
    form = PeriodForm(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    until = asked.get("until") or timezone.localdate()
    since = asked.get("since") or until - timedelta(days=89)
    return delays.report(request.actor, since, until)


@require_GET
def report(request: Request) -> HttpResponse:
    """By kind and step, then by house: median, ninetieth percentile, share within the limit."""
    found = _asked(request)
    return page(
        request,
        "emergency/report.html",
        part="counts",
        report=found,
        filters=PeriodForm({"since": found.since, "until": found.until}),
        period=f"since={found.since}&until={found.until}",
        may_open=request.actor.may(permissions.READ.code),
    )


@require_GET
def export(request: Request) -> HttpResponse:
    """Exactly what the page shows, as CSV that Excel opens in Chinese."""
    found = _asked(request)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_(column) for column in COLUMNS])
    for line in (*found.delays, *found.houses):
        writer.writerow(
            [
                line.kind.label,
                line.start.label,
                line.step.label,
                line.house_name or _("合计"),
                _minutes(line.limit.span),
                line.n,
                _minutes(line.median),
                _minutes(line.p90),
                line.within,
                line.missing,
                line.limit.source,
            ]
        )
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"green-channel-{found.since}-{found.until}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _minutes(span: timedelta | None) -> str:
    return "" if span is None else f"{span.total_seconds() / 60:.1f}".removesuffix(".0")
