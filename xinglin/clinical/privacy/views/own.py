"""The resident's own side: who looked, what is allowed, and the code that opens the record."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.privacy import actions, permissions
from xinglin.clinical.privacy.forms import ConsentForm, DisputeForm
from xinglin.clinical.privacy.models import Consent, Review, news_of, open_people, readings
from xinglin.clinical.privacy.views.telling import told
from xinglin.kernel import parameters
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.printing import qr_image
from xinglin.ui.requests import Request


def myself(request: Request) -> Person:
    """The resident behind the account; for everybody else the address does not exist."""
    if request.actor.person_id is None:
        raise Http404
    return get_object_or_404(open_people(request.actor), pk=request.actor.person_id)


@require_GET
def home(request: Request) -> HttpResponse:
    """Four doors, and what has happened lately."""
    me = myself(request)
    return page(
        request,
        "privacy/own/home.html",
        person=me,
        pager=paginate(request, news_of(request.actor), parameters.get("paging.page_size")),
    )


@require_GET
def looked(request: Request) -> HttpResponse:
    """Who has looked at one's record: who, from which house, when, what, on what ground."""
    me = myself(request)
    pager = paginate(request, readings(request.actor), parameters.get("paging.page_size"))
    return page(
        request,
        "privacy/own/readings.html",
        person=me,
        pager=pager,
        rows=told(request.actor, pager.items),
    )


@require_http_methods(["GET", "POST"])
def dispute(request: Request, entry: int) -> HttpResponse:
    """Ask why somebody looked."""
    me = myself(request)
    line = get_object_or_404(readings(request.actor), pk=entry)
    form = DisputeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = Review(
            county_id=me.county_id, person=me, entry=line, said=form.cleaned_data["said"]
        )
        try:
            actions.dispute(asked, by=request.actor)
        except Refused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("已提交，隐私专员核查后会在这里告诉您结果。"))
        return redirect("resident:readings")
    return page(
        request,
        "privacy/own/dispute.html",
        status=422 if form.errors else 200,
        person=me,
        row=told(request.actor, [line])[0],
        form=form,
    )


@require_http_methods(["GET", "POST"])
def my_consents(request: Request) -> HttpResponse:
    """What one has allowed and forbidden, and one more."""
    me = myself(request)
    form = ConsentForm(request.actor, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.give_consent(form.consent(me), by=request.actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已保存，即刻生效。"))
            return redirect("resident:consents")
    found = Consent.objects.visible_to(request.actor).select_related("house").newest_first()
    return page(
        request,
        "privacy/own/consents.html",
        status=422 if form.errors else 200,
        person=me,
        form=form,
        pager=paginate(request, found, parameters.get("paging.page_size")),
    )


@require_POST
def take_back(request: Request, pk: UUID) -> HttpResponse:
    """Withdraw what one has allowed or forbidden."""
    consent = get_object_or_404(Consent.objects.visible_to(request.actor), pk=pk)
    permissions.OWN_WITHDRAW.check(request.actor, consent)
    actions.withdraw_consent(consent, by=request.actor)
    messages.success(request, _("已撤回，即刻生效。"))
    return redirect("resident:consents")


@require_http_methods(["GET", "POST"])
def my_code(request: Request) -> HttpResponse:
    """A code that a house types or scans to open the record; each works once."""
    me = myself(request)
    code, row = "", None
    if request.method == "POST":
        code, row = actions.new_code(me, by=request.actor)
    return page(
        request,
        "privacy/own/code.html",
        person=me,
        code=code,
        row=row,
        qr=qr_image(code) if code else "",
        minutes=parameters.get("privacy.code_minutes"),
        now=timezone.now(),
    )
