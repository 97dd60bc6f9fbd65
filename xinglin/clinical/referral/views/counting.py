"""The page of counts."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.referral import catalogue, permissions
from xinglin.clinical.referral import statistics as counts
from xinglin.clinical.referral.forms import PeriodForm
from xinglin.kernel.errors import Forbidden
from xinglin.ui.pages import page
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import lasting


@require_GET
def statistics(request: Request) -> HttpResponse:
    """Counts by direction, house, disease and refusal; time to accept; follow-up in two weeks."""
    if not request.actor.may(permissions.STATISTICS.code):
        raise Forbidden(_("当前岗位不能查看转诊统计。"))
    form = PeriodForm(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    until = asked.get("until") or timezone.localdate()
    since = asked.get("since") or until - timedelta(days=89)
    found = counts.count(request.actor, since, until)
    for line in found.by_refusal:
        line["label"] = catalogue.reasons.label("refusal", line["refusal_code"])
    for line in found.to_accept:
        for name in ("median", "p90", "limit"):
            line[name] = lasting(line[name]) if line[name] is not None else ""
    shown = PeriodForm({"since": since, "until": until})
    return page(
        request,
        "referral/statistics.html",
        part="counts",
        counts=found,
        filters=shown,
        period=f"since={since}&until={until}",
        may_open=request.actor.may(permissions.READ.code),
    )
