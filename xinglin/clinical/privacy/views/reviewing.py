"""The privacy officer's pages: who read what, what is odd about it, and what waits."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.privacy import actions, models, permissions
from xinglin.clinical.privacy import flags as oddities
from xinglin.clinical.privacy.forms import (
    AnswerForm,
    FlagFilterForm,
    MarkForm,
    ReadingFilterForm,
    WatchForm,
)
from xinglin.clinical.privacy.models import Mark, Review, State, Vip
from xinglin.clinical.privacy.views.telling import role_said, told
from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people.models import Person, merged_into, standing_for
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import moment

DAYS = 7


def _officer(request: Request) -> Actor:
    """For everybody else these pages do not exist."""
    actor = request.actor
    if not actor.may(permissions.REVIEW.code) or actor.reach is not Reach.COUNTY:
        raise Http404
    return actor


@require_GET
def readings(request: Request) -> HttpResponse:
    """Every reading of the county, by day, house, reader and resident."""
    actor = _officer(request)
    form = ReadingFilterForm(actor, request.GET)
    pager = paginate(request, _filtered(actor, form), parameters.get("paging.page_size"))
    rows = told(actor, pager.items)
    names = _names(actor, [row["entry"] for row in rows])
    for row in rows:
        row["person"] = names.get(row["entry"].person_id)
    return page(request, "privacy/readings.html", part="list", filters=form, pager=pager, rows=rows)


def _filtered(actor: Actor, form: ReadingFilterForm) -> Any:
    found = models.readings(actor)
    if not form.is_valid():
        return found.none()
    asked = form.cleaned_data
    if asked["kind"]:
        found = found.filter(kind=asked["kind"])
    if asked["since"]:
        found = found.filter(at__date__gte=asked["since"])
    if asked["until"]:
        found = found.filter(at__date__lte=asked["until"])
    if asked["who"].strip():
        found = found.filter(actor_name__contains=asked["who"].strip())
    if asked["house"]:
        found = found.filter(org_id=asked["house"].pk)
    if asked["patient"].strip():
        named = Person.objects.visible_to(actor).filter(name__startswith=asked["patient"].strip())
        earlier = [each.pk for each in merged_into(named.values_list("pk", flat=True))]
        found = found.filter(Q(person_id__in=named.values("pk")) | Q(person_id__in=earlier))
    return found


def _names(actor: Actor, entries: list[TrailEntry]) -> dict[UUID, Person]:
    ids = {entry.person_id for entry in entries if entry.person_id}
    return {
        pk: person
        for pk, person in standing_for(ids).items()
        if person.county_id == actor.county_id and person.voided_at is None
    }


COLUMNS = (
    gettext_noop("时间"),
    gettext_noop("结果"),
    gettext_noop("查阅人"),
    gettext_noop("岗位"),
    gettext_noop("机构"),
    gettext_noop("居民"),
    gettext_noop("范围"),
    gettext_noop("依据"),
    gettext_noop("网络地址"),
)


class _Echo:
    """A file that gives back what is written to it, so that rows stream as they come."""

    def write(self, text: str) -> str:
        return text


@require_GET
def export(request: Request) -> StreamingHttpResponse:
    """Everything that the filter shows, whole, as CSV."""
    actor = _officer(request)
    found = _filtered(actor, ReadingFilterForm(actor, request.GET))
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow([_(column) for column in COLUMNS])
        batch: list[TrailEntry] = []
        for entry in found.iterator(chunk_size=500):
            batch.append(entry)
            if len(batch) == 500:
                yield from _rows(batch)
                batch = []
        yield from _rows(batch)

    def _rows(batch: list[TrailEntry]) -> Iterator[str]:
        names = _names(actor, batch)
        for entry in batch:
            person = names.get(entry.person_id) if entry.person_id else None
            yield writer.writerow(
                [
                    _safe(cell)
                    for cell in (
                        moment(entry.at),
                        entry.get_kind_display(),
                        entry.actor_name,
                        role_said(entry.role),
                        entry.org_name,
                        person.masked_name if person else "",
                        models.parts_said(entry),
                        trail.said(entry.basis),
                        entry.address,
                    )
                ]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    name = f"readings-{timezone.localdate():%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _safe(cell: Any) -> str:
    """A cell that a spreadsheet cannot take for a formula."""
    text = str(cell)
    return f"'{text}" if text[:1] in "=+-@\t\r" and len(text) > 1 else text


@require_GET
def flags(request: Request) -> HttpResponse:
    """What is odd, each with the lines that made it so."""
    actor = _officer(request)
    form = FlagFilterForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    until: date = asked.get("until") or timezone.localdate()
    since: date = asked.get("since") or until - timedelta(days=DAYS - 1)
    found = oddities.find(actor, since, until, only=asked.get("flag") or "")
    if asked.get("open"):
        found = [finding for finding in found if finding.mark is None]
    pager: Any = paginate(
        request,
        cast(Any, found),
        parameters.get("paging.page_size"),
        counting=lambda limit: (len(found), True),
    )
    return page(
        request,
        "privacy/flags.html",
        part="list",
        filters=form,
        pager=pager,
        rows=[
            {"finding": finding, "role": role_said(finding.first.role)} for finding in pager.items
        ],
        verdicts=Mark.Verdict.choices,
    )


@require_POST
def mark(request: Request) -> HttpResponse:
    """Note what has been made of a flag."""
    actor = _officer(request)
    form = MarkForm(request.POST)
    if form.is_valid():
        actions.mark(Mark(county_id=actor.county_id, **form.cleaned_data), by=actor)
        messages.success(request, _("已记录。"))
    else:
        messages.error(request, _("请选择处理结果。"))
    return redirect(_back(request))


def _back(request: Request) -> str:
    query = request.POST.get("back", "")
    return f"{reverse('privacy:flags')}?{query}" if query else reverse("privacy:flags")


@require_GET
def reviews(request: Request) -> HttpResponse:
    """Broken glass and disputes: what waits, and what was found."""
    actor = _officer(request)
    shown = request.GET.get("show", "open")
    rows = Review.objects.visible_to(actor).select_related("person", "glass", "entry")
    if shown == "open":
        rows = rows.filter(owner__isnull=False)
    elif shown in (State.JUSTIFIED, State.UNJUSTIFIED):
        rows = rows.filter(state=shown)
    labels = (
        ("open", _("待核查")),
        (State.JUSTIFIED.value, State.JUSTIFIED.label),
        (State.UNJUSTIFIED.value, State.UNJUSTIFIED.label),
        ("all", _("全部")),
    )
    return page(
        request,
        "privacy/reviews.html",
        part="list",
        pager=paginate(request, rows.newest_first(), parameters.get("paging.page_size")),
        tabs=[
            {"label": label, "url": f"?show={name}", "count": None, "active": name == shown}
            for name, label in labels
        ],
    )


@require_http_methods(["GET", "POST"])
def review(request: Request, pk: UUID) -> HttpResponse:
    """One reading to be judged: who, whom, why; justified or not."""
    actor = _officer(request)
    row = get_object_or_404(
        Review.objects.visible_to(actor).select_related("person", "glass__organisation", "entry"),
        pk=pk,
    )
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer, verdict = form.cleaned_data["answer"], request.POST.get("verdict", "")
        try:
            if verdict == "asked":
                actions.ask(row, by=actor, answer=answer)
            elif verdict in ("justified", "unjustified"):
                actions.decide(row, by=actor, justified=verdict == "justified", answer=answer)
            else:
                raise Refused(_("请选择核查结论。"), field="answer")
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已记录：%(state)s。") % {"state": row.get_state_display()})
            return redirect(row)
    return page(
        request,
        "privacy/review.html",
        part="form",
        status=422 if form.errors else 200,
        review=row,
        why=trail.said(row.entry.basis) if row.entry else "",
        form=form,
        may_ask=row.can_move_to(State.ASKED),
        open=row.owner_id is not None,
    )


@require_GET
def watched(request: Request) -> HttpResponse:
    """The people whose readings are all flagged."""
    actor = _officer(request)
    rows = Vip.objects.visible_to(actor).standing().select_related("person").order_by("-created_at")
    pager = paginate(request, rows, parameters.get("paging.page_size"))
    return page(request, "privacy/watched.html", part="list", pager=pager)


@require_http_methods(["GET", "POST"])
def watch(request: Request, pk: UUID) -> HttpResponse:
    """Flag every reading of a person from now on."""
    actor = _officer(request)
    who = get_object_or_404(Person.objects.visible_to(actor), pk=pk)
    form = WatchForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        vip = Vip(county_id=who.county_id, person=who, reason=form.cleaned_data["reason"])
        try:
            actions.watch(vip, by=actor)
        except Refused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("已将%(name)s列为重点关注。") % {"name": who.name})
        return redirect("privacy:watched")
    return page(
        request,
        "privacy/act.html",
        part="form",
        status=422 if form.errors else 200,
        person=who,
        form=form,
        heading=_("列为重点关注"),
        verb=_("列为重点关注"),
        notice=_("此后对该居民病历的每次查阅都会列入查阅异常。"),
    )


@require_POST
def unwatch(request: Request, pk: UUID) -> HttpResponse:
    """Take a person off the list."""
    actor = _officer(request)
    vip = get_object_or_404(Vip.objects.visible_to(actor), pk=pk)
    actions.stop_watching(vip, by=actor)
    messages.success(request, _("已取消重点关注。"))
    return redirect("privacy:watched")
