"""The register of those sent out of the county (转外就医登记): list and export."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import listed
from xinglin.clinical.referral import catalogue, permissions
from xinglin.clinical.referral.forms import RegisterForm
from xinglin.clinical.referral.models import Referral, ReferralQuerySet
from xinglin.clinical.referral.views.listing import as_csv, filtered
from xinglin.kernel import parameters
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import moment

COLUMNS = (
    gettext_noop("转诊单号"),
    gettext_noop("患者"),
    gettext_noop("转出机构"),
    gettext_noop("诊断编码"),
    gettext_noop("诊断"),
    gettext_noop("县域目录内病种"),
    gettext_noop("转往机构"),
    gettext_noop("科室"),
    gettext_noop("紧急程度"),
    gettext_noop("转诊原因"),
    gettext_noop("申请时间"),
    gettext_noop("审核人"),
    gettext_noop("审核时间"),
    gettext_noop("转诊备案号"),
    gettext_noop("备案日期"),
    gettext_noop("备案登记人"),
    gettext_noop("状态"),
    gettext_noop("病情转归"),
    gettext_noop("诊毕时间"),
    gettext_noop("转回时间"),
    gettext_noop("协议情况"),
)


@require_GET
def register(request: Request) -> HttpResponse:
    """Who was sent out of the county, who approved, how it was filed, what came of it."""
    form = RegisterForm(request.GET)
    found = _rows(request, form)
    pager = paginate(
        request, found.select_related("person").with_return(), parameters.get("paging.page_size")
    )
    listed(request.actor, permissions.READ.code, pager.items)
    return page(
        request,
        "referral/register.html",
        part="list",
        pager=pager,
        filters=form,
        may_count=request.actor.may(permissions.STATISTICS.code),
    )


@require_GET
def export_register(request: Request) -> StreamingHttpResponse:
    """The register as it is filtered, as CSV that Excel opens in Chinese."""
    found = _rows(request, RegisterForm(request.GET)).for_pages().with_return()
    return as_csv(request, found, COLUMNS, _cells, "out-of-county")


def _rows(request: Request, form: RegisterForm) -> ReferralQuerySet:
    found = filtered(request, form, by="among").out_of_county()
    asked = form.cleaned_data if form.is_valid() else {}
    if asked.get("in_catalogue"):
        found = found.filter(in_catalogue=asked["in_catalogue"] == "yes")
    if asked.get("filed"):
        wanted = {"filing_number": ""}
        found = found.exclude(**wanted) if asked["filed"] == "yes" else found.filter(**wanted)
    return found


def _cells(row: Any) -> list[Any]:
    assert isinstance(row, Referral)
    outcome = terminology.find("outcome", row.outcome) if row.outcome else None
    returned: Any = getattr(row, "returned_at", None)
    return [
        row.number,
        row.person.masked_name,
        row.from_org,
        row.diagnosis_code,
        row.diagnosis_name,
        {True: _("是"), False: _("否"), None: ""}[row.in_catalogue],
        row.to_org,
        row.to_department,
        row.get_urgency_display(),
        catalogue.reasons.label(row.direction, row.reason_code),
        moment(row.submitted_at),
        row.approved_by,
        moment(row.approved_at),
        row.filing_number,
        moment(row.filed_on),
        row.filed_by,
        row.get_state_display(),
        outcome.label if outcome else "",
        moment(row.discharged_at),
        moment(returned),
        row.cover.sentence,
    ]
