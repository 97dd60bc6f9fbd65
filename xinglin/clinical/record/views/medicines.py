"""Asking somebody what they take: all houses' medicines on one sheet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.privacy.models import open_people, opened
from xinglin.clinical.record import actions, permissions
from xinglin.clinical.record.forms import TakenForm
from xinglin.clinical.record.known import known
from xinglin.clinical.record.medicines import Medicine
from xinglin.clinical.record.models import Medication
from xinglin.kernel.errors import Refused
from xinglin.ui.pages import page
from xinglin.ui.requests import Request

# Lines for what no house ordered: bought in a pharmacy, herbs, from relatives.
OWN = 3


@require_http_methods(["GET", "POST"])
def reconcile(request: Request, pk: UUID) -> HttpResponse:
    """Go through the medicines with the person, and write what is taken and what is not."""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    permissions.WRITE.check(actor, Medication(person=who, organisation_id=actor.org_id))
    told = known(actor, who.pk)
    medicines: list[Medicine | None] = [*told.medicines, *[None] * OWN]
    # Somebody may have ordered or stopped something meanwhile: no line that was sent gets lost.
    while f"m{len(medicines)}-name" in request.POST:
        medicines.append(None)
    sheet = [
        TakenForm(
            request.POST if request.method == "POST" else None,
            prefix=f"m{place}",
            initial=_said(medicine),
        )
        for place, medicine in enumerate(medicines)
    ]
    refusal = ""
    # Every form is asked, so that each says what is wrong with it.
    fine = [form.is_valid() for form in sheet]
    if request.method == "POST" and all(fine):
        told_of = [form.cleaned_data for form in sheet if form.has_changed()]
        try:
            written = actions.reconcile(who, by=actor, medicines=_taken(told_of))
        except Refused as error:
            refusal = str(error)
        else:
            messages.success(request, _("已核对 %(count)d 种药品。") % {"count": len(written)})
            return redirect(who)
    opened(actor, who, parts="medication")
    return page(
        request,
        "record/reconcile.html",
        part="sheet",
        status=422 if request.method == "POST" else 200,
        person=who,
        rows=[
            {"form": form, "medicine": medicine}
            for form, medicine in zip(sheet, medicines, strict=True)
        ],
        refusal=refusal,
        allergies=told.allergies,
    )


def _said(medicine: Medicine | None) -> dict[str, Any]:
    if medicine is None:
        return {}
    newest = max([*medicine.orders, *medicine.statements], key=lambda line: (line.at, line.id))
    return {"name": newest.title, "dose": newest.detail, "frequency": newest.more}


def _taken(said: list[dict[str, Any]]) -> list[actions.Taken]:
    """What was answered; a medicine written down by hand without an answer is one that is taken."""
    return [
        actions.Taken(
            name=each["name"],
            taken=each["taken"] != "no",
            dose=each["dose"],
            frequency=each["frequency"],
        )
        for each in said
        if each["name"]
    ]
