"""The privacy officer's pages: what waits, who read what, and what is odd about it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from xinglin.clinical.privacy import actions, permissions
from xinglin.clinical.privacy.forms import AnswerForm
from xinglin.clinical.privacy.models import Review
from xinglin.kernel.errors import Refused
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def review(request: Request, pk: UUID) -> HttpResponse:
    """One reading to be judged: who, whom, why; justified or not."""
    actor = request.actor
    row = get_object_or_404(
        Review.objects.visible_to(actor).select_related("person", "glass__organisation", "entry"),
        pk=pk,
    )
    permissions.REVIEW.check(actor, row)
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
        form=form,
        may_ask=row.can_move_to("asked"),
        open=row.owner_id is not None,
    )
