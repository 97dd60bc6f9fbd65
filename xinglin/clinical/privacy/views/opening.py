"""Opening a record in an emergency."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.privacy import actions, permissions
from xinglin.clinical.privacy.forms import GlassForm
from xinglin.clinical.privacy.models import BreakGlass, is_open
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def glass(request: Request, pk: UUID) -> HttpResponse:
    """Say why, then read for a day; the resident and the officer are told at once."""
    actor = request.actor
    who = get_object_or_404(Person.objects.visible_to(actor), pk=pk)
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
    return page(
        request,
        "privacy/glass.html",
        part="form",
        status=422 if form.errors else 200,
        person=who,
        form=form,
    )
