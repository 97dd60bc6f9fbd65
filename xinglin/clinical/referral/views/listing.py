"""The list of referrals: tabs, filters, pages, export of exactly what is filtered."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import listed
from xinglin.clinical.referral import catalogue, permissions
from xinglin.clinical.referral.forms import FilterForm
from xinglin.clinical.referral.models import Referral, ReferralQuerySet
from xinglin.kernel import parameters
from xinglin.kernel.access import Reach
from xinglin.registry.organisations.models import Level, tree
from xinglin.ui.pages import page
from xinglin.ui.paging import counter, paginate
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import moment

REGISTER_SENDERS = (Level.COUNTY, Level.TOWNSHIP)


@require_GET
def listing(request: Request) -> HttpResponse:
    """Referrals of one's own houses, newest first."""
    form = FilterForm(request.GET)
    pager = paginate(
        request,
        filtered(request, form, by="among").for_lists(),
        parameters.get("paging.page_size"),
        # What is counted needs no order, and so the houses' own indexes serve.
        counting=counter(filtered(request, form)),
    )
    listed(request.actor, permissions.READ.code, pager.items)
    return page(
        request,
        "referral/list.html",
        part="list",
        pager=pager,
        filters=form,
        tabs=_tabs(request),
        live=30 if pager.number == 1 else 0,
        sends_out=_sends_out(request),
    )


def _sends_out(request: Request) -> bool:
    """Whether the post's houses send patients out of the county at all."""
    here = tree.get(request.actor.org_id)
    return request.actor.reach is Reach.COUNTY or bool(here and here.level in REGISTER_SENDERS)


def _tabs(request: Request) -> list[dict[str, Any]]:
    labels = [("sent", _("本机构转出")), ("received", _("转入本机构")), ("all", _("全部"))]
    if request.actor.reach is Reach.COUNTY:
        labels = [("all", _("全部")), ("overdue", _("已超时"))]
    now = _tab(request)
    return [
        {"label": label, "url": f"?tab={name}", "count": None, "active": name == now}
        for name, label in labels
    ]


def _tab(request: Request) -> str:
    asked = request.GET.get("tab", "")
    county = request.actor.reach is Reach.COUNTY
    known = ("all", "overdue") if county else ("sent", "received", "all")
    if asked in known:
        return asked
    here = tree.get(request.actor.org_id)
    # A county hospital mostly receives; below it one mostly sends.
    return "received" if not county and here and here.level == Level.COUNTY else known[0]


def filtered(request: Request, form: FilterForm, *, by: str = "in") -> ReferralQuerySet:
    """What the form asks for of what the post may see."""
    found = Referral.objects.visible_to(request.actor).newest_first()
    tab = "all" if form.everywhere else _tab(request)
    if tab == "sent":
        found = found.sent_by(request.actor, by=by)
    elif tab == "received":
        found = found.received_by(request.actor, by=by)
    elif tab == "overdue":
        found = found.filter(due_at__lt=timezone.now())
    if not form.is_valid():
        return found.none() if form.errors else found
    asked = form.cleaned_data
    for name in ("state", "direction", "urgency"):
        if asked[name]:
            found = found.filter(**{name: asked[name]})
    if asked["since"]:
        found = found.filter(created_at__date__gte=asked["since"])
    if asked["until"]:
        found = found.filter(created_at__date__lte=asked["until"])
    if asked["open"]:
        found = found.open()
    if asked["house"]:
        found = found.filter(Q(from_org_id=asked["house"]) | Q(to_org_id=asked["house"]))
    if asked["diagnosis"]:
        found = found.filter(diagnosis_code=asked["diagnosis"])
    if asked["refusal"]:
        found = found.filter(refusal_code=asked["refusal"])
    if asked["outside"]:
        found = found.exclude(uncovered="")
    words = asked["q"].strip()
    if words:
        found = found.filter(Q(number__iexact=words) | Q(person__name__startswith=words))
    return found


COLUMNS = (
    gettext_noop("转诊单号"),
    gettext_noop("患者"),
    gettext_noop("方向"),
    gettext_noop("紧急程度"),
    gettext_noop("类型"),
    gettext_noop("状态"),
    gettext_noop("转出机构"),
    gettext_noop("转入机构"),
    gettext_noop("转入科室"),
    gettext_noop("诊断编码"),
    gettext_noop("诊断"),
    gettext_noop("转诊原因"),
    gettext_noop("申请时间"),
    gettext_noop("接收时间"),
    gettext_noop("到诊时间"),
    gettext_noop("结案时间"),
    gettext_noop("随访时间"),
    gettext_noop("拒绝原因"),
    gettext_noop("当前负责"),
    gettext_noop("时限"),
)


class _Echo:
    """A file that gives back what is written to it, so that rows stream as they come."""

    def write(self, text: str) -> str:
        return text


@require_GET
def export(request: Request) -> StreamingHttpResponse:
    """Everything that the filter shows, whole, as CSV that Excel opens in Chinese."""
    found = filtered(request, FilterForm(request.GET)).for_pages()
    return as_csv(request, found, COLUMNS, _cells, "referrals")


def as_csv(
    request: Request,
    found: ReferralQuerySet,
    columns: Sequence[str],
    cells: Callable[[Any], list[Any]],
    name: str,
) -> StreamingHttpResponse:
    """Rows as they come from the database; whom they tell of is traced."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow([_(column) for column in columns])
        rows_of = found.iterator(chunk_size=500)
        while rows := list(islice(rows_of, 500)):
            listed(request.actor, permissions.READ.code, rows)
            for row in rows:
                yield writer.writerow([_safe(cell) for cell in cells(row)])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    file = f"{name}-{timezone.localdate():%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _safe(cell: Any) -> str:
    """A cell that a spreadsheet cannot take for a formula."""
    text = str(cell)
    return f"'{text}" if text[:1] in "=+-@\t\r" and len(text) > 1 else text


def _cells(row: Referral) -> list[Any]:
    return [
        row.number,
        row.person.masked_name,
        row.get_direction_display(),
        row.get_urgency_display(),
        row.get_kind_display(),
        row.get_state_display(),
        row.from_org,
        row.to_org,
        row.to_department,
        row.diagnosis_code,
        row.diagnosis_name,
        catalogue.reasons.label(row.direction, row.reason_code),
        moment(row.submitted_at),
        moment(row.accepted_at),
        moment(row.arrived_at),
        moment(row.closed_at),
        moment(row.followed_up_at),
        catalogue.reasons.label("refusal", row.refusal_code),
        tree.name(row.owner_id),
        moment(row.due_at),
    ]
