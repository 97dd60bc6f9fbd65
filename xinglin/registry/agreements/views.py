"""The people's door to agreements: the list, one agreement, what is done with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden, Refused, WrongState
from xinglin.registry.agreements import actions, permissions
from xinglin.registry.agreements.forms import (
    ACT_FORMS,
    AgreementForm,
    FilterForm,
    PaperForm,
    act_form,
    party_forms,
    told_parties,
)
from xinglin.registry.agreements.models import (
    RUNNING,
    Agreement,
    AgreementQuerySet,
    Party,
    SignedPaper,
    State,
    uses,
)
from xinglin.ui.downloads import stored_file
from xinglin.ui.forms import Form
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

TONES = {
    State.DRAFT: "plain",
    State.IN_FORCE: "good",
    State.SUSPENDED: "warn",
    State.EXPIRED: "bad",
    State.ENDED: "plain",
}
# How each act reads on a button, and whether it is dangerous.
BUTTONS: dict[str, tuple[Any, str, bool]] = {
    "sign": (gettext_lazy("签署生效"), "check", False),
    "resume": (gettext_lazy("恢复执行"), "refresh", False),
    "suspend": (pgettext_lazy("button", "暂停"), "hourglass", True),
    "end": (pgettext_lazy("button", "终止"), "ban", True),
}
TABS = {
    "running": gettext_lazy("执行中"),
    "soon": gettext_lazy("即将到期"),
    "draft": gettext_lazy("草稿"),
    "over": gettext_lazy("已结束"),
    "all": gettext_lazy("全部"),
}


@require_GET
def listing(request: Request) -> HttpResponse:
    """Agreements of one's houses, those that end first on top."""
    form = FilterForm(request.GET)
    found = _filtered(request.actor, form)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "running"
    pager = paginate(
        request,
        _in_tab(found, tab).soonest_first().for_pages(),
        parameters.get("paging.page_size"),
    )
    limited = [each.terms for each in pager.items if each.quota is not None]
    used = uses(limited, timezone.localdate())
    return page(
        request,
        "agreements/list.html",
        part="list",
        pager=pager,
        lines=[
            {
                "agreement": each,
                "used": used.get(each.pk, 0),
                "tone": TONES[State(each.state)],
                "soon": _soon(each),
            }
            for each in pager.items
        ],
        filters=form,
        tabs=[
            {
                "label": label,
                "url": f"?tab={name}",
                "count": _in_tab(found, name).order_by().count() if name == "soon" else None,
                "active": name == tab,
            }
            for name, label in TABS.items()
        ],
        may_write=request.actor.may(permissions.WRITE.code),
    )


def _filtered(actor: Actor, form: FilterForm) -> AgreementQuerySet:
    found = Agreement.objects.visible_to(actor)
    if not form.is_valid():
        return found.none()
    asked = form.cleaned_data
    if asked["kind"]:
        found = found.filter(kind=asked["kind"])
    if asked["house"]:
        found = found.filter(parties__organisation=asked["house"])
    words = asked["q"].strip()
    if words:
        found = found.filter(Q(title__icontains=words) | Q(number__istartswith=words))
    return found


def _in_tab(found: AgreementQuerySet, tab: str) -> AgreementQuerySet:
    if tab == "running":
        return found.running()
    if tab == "soon":
        last = timezone.localdate() + timedelta(days=max(parameters.get("agreement.remind_days")))
        return found.running().filter(valid_until__lte=last)
    if tab == "draft":
        return found.filter(state=State.DRAFT)
    if tab == "over":
        return found.filter(state__in=[State.EXPIRED, State.ENDED])
    return found


def _soon(agreement: Agreement) -> bool:
    runs = agreement.state in RUNNING
    return runs and agreement.days_left <= max(parameters.get("agreement.remind_days"))


@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """One agreement: parties, scope, duties, how much is used, the signed text."""
    return _show(request, _one(request.actor, pk))


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Write an agreement down."""
    actor = request.actor
    if not actor.may(permissions.WRITE.code):
        raise Forbidden(_("当前岗位不能拟定机构协议。"))
    agreement = Agreement(county_id=actor.county_id, keeper_id=actor.org_id)
    return _write(request, agreement, [])


@require_http_methods(["GET", "POST"])
def renew(request: Request, pk: UUID) -> HttpResponse:
    """Write the agreement that follows another."""
    actor = request.actor
    before = _one(actor, pk)
    if "renew" not in permissions.open_to(actor, before):
        return redirect(before)
    following = actions.renewal_of(before, by=actor)
    return _write(request, following, actions.parties_again(before))


@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    """Write on at a draft."""
    agreement = _one(request.actor, pk)
    if "write" not in permissions.open_to(request.actor, agreement):
        return redirect(agreement)
    return _write(request, agreement, agreement.in_order)


def _write(request: Request, agreement: Agreement, parties: list[Party]) -> HttpResponse:
    actor, is_new = request.actor, agreement._state.adding
    if request.method == "GET":
        form = AgreementForm(instance=agreement)
        return _form(request, form, party_forms(actor, known=parties))
    form = AgreementForm(request.POST, instance=agreement)
    rows = party_forms(actor, data=request.POST)
    if "more" in request.POST:
        return _form(request, form, _one_row_more(actor, request))
    if form.is_valid() and rows.is_valid():
        told = told_parties(rows)
        try:
            if is_new:
                for name, value in form.cleaned_data.items():
                    setattr(agreement, name, value)
                begin = actions.follow_on if agreement.follows else actions.draft
                begin(agreement, by=actor, parties=told)
            else:
                actions.change(agreement, by=actor, parties=told, **form.cleaned_data)
        except Refused as refusal:
            refusal.put_on(form)
        else:
            messages.success(request, _("已保存%(record)s。") % {"record": agreement})
            return redirect(agreement)
    return _form(request, form, rows, status=422)


def _one_row_more(actor: Actor, request: Request) -> Any:
    """The same rows as they were typed, and an empty one."""
    typed = request.POST.copy()
    try:
        total = int(typed.get("parties-TOTAL_FORMS", "2"))
    except ValueError:
        total = 2
    typed["parties-TOTAL_FORMS"] = str(min(max(total, 0) + 1, 20))
    return party_forms(actor, data=typed)


def _form(request: Request, form: AgreementForm, rows: Any, *, status: int = 200) -> HttpResponse:
    agreement = form.instance
    is_new = agreement._state.adding
    follows = agreement.follows
    heading = _("续签协议") if is_new and follows else _("拟定协议") if is_new else _("修改草稿")
    return page(
        request,
        "agreements/form.html",
        part="form",
        status=status,
        form=form,
        rows=rows,
        heading=heading,
        agreement=None if is_new else agreement,
        follows=follows,
        back=reverse("agreements:list") if is_new else agreement.get_absolute_url(),
    )


@require_http_methods(["GET", "POST"])
def act(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Sign, suspend, resume or end; a refusal comes back beside what was typed."""
    if name not in ACT_FORMS:
        raise Http404
    agreement = _one(request.actor, pk)
    if request.method == "GET":
        return redirect(agreement)
    form = act_form(name, request.POST)
    if not form.is_valid():
        return _show(request, agreement, status=422, bound={name: form})
    try:
        getattr(actions, name)(agreement, by=request.actor, **form.cleaned_data)
    except Refused as refusal:
        agreement = _one(request.actor, pk)
        if isinstance(refusal, WrongState) or name not in permissions.open_to(
            request.actor, agreement
        ):
            messages.error(request, str(refusal))
            return _show(request, agreement, status=refusal.status)
        refusal.put_on(form)
        return _show(request, agreement, status=refusal.status, bound={name: form})
    messages.success(
        request,
        _("%(record)s现为“%(state)s”。")
        % {"record": agreement, "state": agreement.get_state_display()},
    )
    return redirect(agreement)


@require_POST
def file_paper(request: Request, pk: UUID) -> HttpResponse:
    """Upload a scan of the signed text."""
    agreement = _one(request.actor, pk)
    form = PaperForm(request.POST, request.FILES, prefix="paper")
    if form.is_valid():
        paper = SignedPaper(agreement=agreement, title=form.cleaned_data["title"])
        try:
            actions.file_paper(paper, by=request.actor, content=form.cleaned_data["file"])
        except Refused as refusal:
            refusal.put_on(form)
        else:
            messages.success(request, _("已上传：%(title)s。") % {"title": paper.title})
            return redirect(agreement)
    return _show(request, agreement, status=422, upload=form)


@require_GET
def paper(request: Request, pk: UUID, paper: UUID) -> HttpResponseBase:
    """The signed text, for its parties and the county's offices."""
    agreement = _one(request.actor, pk)
    kept = get_object_or_404(agreement.papers.all(), pk=paper)
    return stored_file(
        kept.file, title=kept.title, media_type=kept.media_type, save="download" in request.GET
    )


def _one(actor: Actor, pk: UUID) -> Agreement:
    return get_object_or_404(Agreement.objects.visible_to(actor).for_pages(), pk=pk)


def _show(
    request: Request,
    agreement: Agreement,
    *,
    status: int = 200,
    bound: dict[str, Form] | None = None,
    upload: PaperForm | None = None,
) -> HttpResponse:
    bound = bound or {}
    allowed = permissions.open_to(request.actor, agreement)
    papers = list(agreement.papers.order_by("created_at", "id"))
    used = uses([agreement.terms], timezone.localdate())[agreement.pk]
    may_file = permissions.FILE.allows(request.actor, SignedPaper(agreement=agreement))
    renewals = Agreement.objects.visible_to(request.actor).filter(follows=agreement)
    return page(
        request,
        "agreements/detail.html",
        part="card",
        status=status,
        agreement=agreement,
        tone=TONES[State(agreement.state)],
        soon=_soon(agreement),
        parties=agreement.in_order,
        papers=papers,
        used=used,
        acts=[
            {
                "name": name,
                "label": BUTTONS[name][0],
                "icon": BUTTONS[name][1],
                "danger": BUTTONS[name][2],
                "form": bound.get(name) or act_form(name),
                "url": reverse("agreements:act", args=[agreement.pk, name]),
            }
            for name in allowed
            if name in ACT_FORMS
        ],
        opens=next(iter(bound), ""),
        may_write="write" in allowed,
        may_renew="renew" in allowed,
        may_file=may_file and agreement.state not in (State.ENDED, State.EXPIRED),
        upload=upload or PaperForm(prefix="paper"),
        renewals=list(renewals.order_by("valid_from", "id")),
        events=trail.story(trail.of([agreement.pk, *(each.pk for each in papers)])),
    )
