"""What houses do about a resident's consent: break-glass, codes, consents, custody, account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from xinglin.clinical.privacy import actions, permissions
from xinglin.clinical.privacy.forms import AccountForm, GlassForm, PaperConsentForm, ProofForm
from xinglin.clinical.privacy.models import (
    AccessCode,
    BreakGlass,
    Consent,
    cared_for,
    is_open,
)
from xinglin.kernel import parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person
from xinglin.ui.pages import form_page, page
from xinglin.ui.paging import paginate
from xinglin.ui.printing import qr_image
from xinglin.ui.requests import Request


def _known(actor: Actor, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(actor), pk=pk)


def _act(request: Request, who: Person, form: Any, **context: Any) -> HttpResponse:
    return form_page(request, "privacy/act.html", form, person=who, **context)


@require_http_methods(["GET", "POST"])
def glass(request: Request, pk: UUID) -> HttpResponse:
    """Say why, then read for a day; the resident and the officer are told at once."""
    actor = request.actor
    who = _known(actor, pk)
    broken = BreakGlass(county_id=who.county_id, person=who, organisation_id=actor.org_id)
    permissions.BREAK.check(actor, broken)
    if is_open(actor, who):
        return redirect(who)
    form = GlassForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(broken, name, value)
        try:
            actions.break_glass(broken, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request,
                _("已打开%(name)s的病历，24 小时内有效；隐私专员将核查。") % {"name": who.name},
            )
            return redirect(who)
    return _act(
        request,
        who,
        form,
        heading=_("紧急查阅"),
        verb=_("打开病历"),
        warning=_(
            "将为您打开%(name)s的全部病历，24 小时后自动关闭。"
            "居民本人和隐私专员会立即收到通知，须逐条核查。"
        )
        % {"name": who.name},
    )


@require_http_methods(["GET", "POST"])
def consents(request: Request, pk: UUID) -> HttpResponse:
    """What the resident has allowed and forbidden, and one more that was signed on paper."""
    actor = request.actor
    who = get_object_or_404(cared_for(actor), pk=pk)
    permissions.CONSENT.check(actor, Consent(person=who))
    form = PaperConsentForm(
        actor,
        request.POST if request.method == "POST" else None,
        initial={"signer": who.name},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.record_consent(form.consent(who), by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已登记，即刻生效。"))
            return redirect("privacy:consents", pk=who.pk)
    found = Consent.objects.visible_to(actor).filter(person=who).select_related("house")
    return page(
        request,
        "privacy/consents.html",
        status=422 if form.errors else 200,
        person=who,
        form=form,
        pager=paginate(request, found.newest_first(), parameters.get("paging.page_size")),
    )


@require_POST
def withdraw(request: Request, pk: UUID) -> HttpResponse:
    """Write down that the resident takes a consent back; a no only where they show who they are."""
    actor = request.actor
    consent = get_object_or_404(Consent.objects.visible_to(actor).select_related("person"), pk=pk)
    permissions.WITHDRAW.check(actor, consent)
    who, lifts = consent.person, consent.effect == Consent.Effect.DENY
    form = ProofForm(request.POST if "proof" in request.POST else None)
    if not lifts or form.is_valid():
        try:
            shown = actions.present(who, form.cleaned_data["proof"], by=actor) if lifts else None
            actions.record_withdrawal(consent, by=actor, presence=shown)
        except Refused as error:
            if not lifts:
                raise
            error.put_on(form)
        else:
            messages.success(request, _("已撤回，即刻生效。"))
            return redirect("privacy:consents", pk=who.pk)
    return _act(
        request,
        who,
        form,
        heading=_("撤回“不允许查阅”"),
        verb=_("核验并撤回"),
        notice=_("撤回后相关机构可以重新查阅，须居民本人到场。"),
    )


@require_http_methods(["GET", "POST"])
def paper_code(request: Request, pk: UUID) -> HttpResponse:
    """A code on paper that the resident takes along to another house."""
    actor = request.actor
    who = get_object_or_404(cared_for(actor), pk=pk)
    permissions.ISSUE.check(actor, AccessCode(person=who))
    code, row = "", None
    if request.method == "POST":
        code, row = actions.paper_code(who, by=actor)
    return page(
        request,
        "privacy/code.html",
        person=who,
        code=code,
        row=row,
        qr=qr_image(code) if code else "",
        days=parameters.get("privacy.paper_code_days"),
    )


@require_http_methods(["GET", "POST"])
def take_over(request: Request, pk: UUID) -> HttpResponse:
    """Keep the record of a resident who is here and wants it."""
    actor = request.actor
    who = _known(actor, pk)
    permissions.TAKE_OVER.check(actor, who)
    form = ProofForm(request.POST if request.method == "POST" else None)
    house = get_object_or_404(Organisation.objects.visible_to(actor), pk=actor.org_id)
    if request.method == "POST" and form.is_valid():
        try:
            shown = actions.present(who, form.cleaned_data["proof"], by=actor)
            actions.take_over(who, by=actor, presence=shown, house=house)
        except Refused as error:
            if not error.fields:
                form.add_error("proof", str(error))
            else:
                error.put_on(form)
        else:
            messages.success(request, _("%(name)s的健康档案现由本机构管理。") % {"name": who.name})
            return redirect(who)
    return _act(
        request,
        who,
        form,
        heading=_("接管健康档案"),
        verb=_("核验并接管"),
        notice=_("居民到场并同意后，由本机构管理其健康档案；原管理机构会停止管理。"),
    )


@require_http_methods(["GET", "POST"])
def account(request: Request, pk: UUID) -> HttpResponse:
    """Give a resident who is here an account for their own pages."""
    actor = request.actor
    who = _known(actor, pk)
    permissions.GIVE_ACCOUNT.check(actor, who)
    form = AccountForm(
        request.POST if request.method == "POST" else None, initial={"username": who.phone}
    )
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            shown = actions.present(who, asked["proof"], by=actor)
            actions.give_account(
                who,
                by=actor,
                presence=shown,
                username=asked["username"],
                password=asked["password"],
            )
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request, _("已为%(name)s开通账号，请其登录后更换密码。") % {"name": who.name}
            )
            return redirect(who)
    return _act(
        request,
        who,
        form,
        heading=_("开通居民账号"),
        verb=_("开通"),
        notice=_("请居民出示身份证并自己输入密码；开通后本人可查看病历、授权和查阅记录。"),
    )
