"""The people's door to staff: colleagues of the county, their posts and accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.staff import actions, permissions
from xinglin.registry.staff.forms import (
    AccountForm,
    AppointForm,
    DismissForm,
    FilterForm,
    PractitionerForm,
)
from xinglin.registry.staff.models import Post, Practitioner
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def colleagues(request: Request) -> HttpResponse:
    """Who works in the county, by house and role."""
    actor = request.actor
    today = timezone.localdate()
    filters = FilterForm(actor, request.GET)
    filters.is_valid()
    asked = filters.cleaned_data
    found = (
        Practitioner.objects.visible_to(actor)
        .matching(asked.get("q", ""))
        .holding(today, role=asked.get("role", ""), house=asked.get("house"))
        .prefetch_related(_posts_on(actor))
        .order_by("name", "code")
    )
    return page(
        request,
        "staff/list.html",
        part="list",
        filters=filters,
        pager=paginate(request, found, parameters.get("paging.page_size")),
        may_employ=permissions.EMPLOY.allows(actor, Practitioner(county_id=actor.county_id)),
    )


@require_GET
def of_house(request: Request, pk: UUID) -> HttpResponse:
    """The posts of one house, as a piece of that house's page."""
    actor = request.actor
    house = get_object_or_404(Organisation.objects.visible_to(actor), pk=pk)
    posts = (
        Post.objects.visible_to(actor)
        .filter(organisation=house)
        .held_on(timezone.localdate())
        .select_related("practitioner", "department")
        .order_by("role", "practitioner__name")
    )
    return page(request, "staff/of-house.html", posts=posts)


@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """One colleague: posts for everybody, the rest for those who keep the staff."""
    actor = request.actor
    who = _colleague(actor, pk)
    posts = (
        Post.objects.visible_to(actor)
        .filter(practitioner=who)
        .select_related("organisation", "department")
        .order_by("-since")
    )
    keeper = permissions.EMPLOY.allows(actor, who)
    return page(
        request,
        "staff/detail.html",
        who=who,
        held=[
            {
                "post": post,
                "in_force": post.in_force(),
                "may_dismiss": post.until is None and permissions.DISMISS.allows(actor, post),
            }
            for post in posts
        ],
        facts=_facts(who, keeper),
        keeper=keeper,
        may_appoint=_may_appoint(actor, who),
        may_give_account=permissions.GIVE_ACCOUNT.allows(actor, who),
        events=trail.story(trail.of([who.pk, *(p.pk for p in posts)])) if keeper else [],
    )


def _facts(who: Practitioner, keeper: bool) -> list[dict[str, Any]]:
    facts = [
        {"label": _("工号"), "value": who.code},
        {"label": _("职称"), "value": who.title},
    ]
    if keeper:
        account = getattr(who, "user", None)
        facts += [
            {"label": _("电话"), "value": who.phone},
            {"label": _("执业证书编号"), "value": who.licence_no},
            {
                "label": _("账号"),
                "value": account.username if account else "",
                "reason": _("未开通"),
            },
        ]
    return facts


@require_http_methods(["GET", "POST"])
def employ(request: Request) -> HttpResponse:
    """Enter somebody who works in the county."""
    actor = request.actor
    permissions.EMPLOY.check(actor, Practitioner(county_id=actor.county_id))
    form = PractitionerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        who = Practitioner(county_id=actor.county_id, **form.cleaned_data)
        try:
            actions.employ(who, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已登记%(name)s，请任命岗位。") % {"name": who.name})
            return redirect("staff:appoint", pk=who.pk)
    return _form(request, form, heading=_("登记人员"), verb=_("登记"))


@require_http_methods(["GET", "POST"])
def amend(request: Request, pk: UUID) -> HttpResponse:
    """Correct what is known of a member of staff."""
    actor = request.actor
    who = _colleague(actor, pk)
    permissions.EMPLOY.check(actor, who)
    form = PractitionerForm(request.POST if request.method == "POST" else None, instance=who)
    if request.method == "POST" and form.is_valid():
        try:
            actions.amend(who, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已更正%(name)s的信息。") % {"name": who.name})
            return redirect(who)
    return _form(request, form, heading=_("更正人员信息"), verb=_("保存"), who=who)


@require_http_methods(["GET", "POST"])
def appoint(request: Request, pk: UUID) -> HttpResponse:
    """Give somebody a role at a house."""
    actor = request.actor
    who = _colleague(actor, pk)
    permissions.APPOINT.check(actor, Post(practitioner=who, organisation=who.county))
    form = AppointForm(
        actor, request.POST if request.method == "POST" else None, initial=request.GET.dict()
    )
    if request.method == "POST" and form.is_valid():
        post = Post(practitioner=who, **form.cleaned_data)
        try:
            actions.appoint(post, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request, _("已任命%(name)s：%(post)s。") % {"name": who.name, "post": post}
            )
            return redirect(who)
    return _form(request, form, heading=_("任命岗位"), verb=_("任命"), who=who)


@require_http_methods(["GET", "POST"])
def dismiss(request: Request, pk: UUID) -> HttpResponse:
    """Set the last day of a post."""
    actor = request.actor
    post = get_object_or_404(
        Post.objects.visible_to(actor).select_related("practitioner", "organisation"), pk=pk
    )
    permissions.DISMISS.check(actor, post)
    who = post.practitioner
    form = DismissForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.dismiss(post, by=actor, until=form.cleaned_data["until"])
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request, _("已终止%(name)s的岗位：%(post)s。") % {"name": who.name, "post": post}
            )
            return redirect(who)
    warning = _("%(name)s将不能再以“%(post)s”登录和处理业务；已做的记录保留。")
    return _form(
        request,
        form,
        heading=_("终止岗位"),
        verb=_("终止"),
        who=who,
        warning=warning % {"name": who.name, "post": post},
    )


@require_http_methods(["GET", "POST"])
def give_account(request: Request, pk: UUID) -> HttpResponse:
    """Let a member of staff sign in."""
    actor = request.actor
    who = _colleague(actor, pk)
    permissions.GIVE_ACCOUNT.check(actor, who)
    account = getattr(who, "user", None)
    form = AccountForm(
        request.POST if request.method == "POST" else None,
        initial={"username": account.username if account else who.code.lower()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.give_account(who, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request,
                _("已为%(name)s开通账号%(account)s。")
                % {"name": who.name, "account": form.cleaned_data["username"]},
            )
            return redirect(who)
    heading = _("重设密码") if account else _("开通账号")
    return _form(request, form, heading=heading, verb=heading, who=who)


def _colleague(actor: Actor, pk: UUID) -> Practitioner:
    return get_object_or_404(
        Practitioner.objects.visible_to(actor).select_related("county", "user"), pk=pk
    )


def _posts_on(actor: Actor) -> Prefetch[str, Any, str]:
    held = Post.objects.visible_to(actor).held_on(timezone.localdate())
    return Prefetch("posts", held.select_related("organisation").order_by("since"), "held")


def _may_appoint(actor: Actor, who: Practitioner) -> bool:
    return permissions.APPOINT.allows(actor, Post(practitioner=who, organisation=who.county))


def _form(request: Request, form: Any, **context: Any) -> HttpResponse:
    return page(
        request,
        "staff/form.html",
        part="form",
        status=422 if form.errors else 200,
        form=form,
        **context,
    )
