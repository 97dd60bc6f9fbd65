"""A resident's own record, in large type: what matters first, then everything by time."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import open_people, opened
from xinglin.clinical.record import lines, story
from xinglin.clinical.record.known import known
from xinglin.clinical.record.models import Document
from xinglin.kernel import parameters
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


@require_GET
def my_record(request: Request) -> HttpResponse:
    """Everything that the houses of the county have written about the reader."""
    actor = request.actor
    if actor.person_id is None:
        raise Http404
    who = get_object_or_404(open_people(actor), pk=actor.person_id)
    opened(actor, who, parts="record")
    pager = paginate(request, lines.heads(actor, who.pk), parameters.get("paging.page_size"))
    heads = lines.lines(pager.items)
    visits = [head.id for head in heads if head.kind == "encounter"]
    inside = lines.lines(lines.members(actor, who.pk, visits)) if visits else []
    papers = Document.objects.visible_to(actor).of(who).standing().newest_first()
    return page(
        request,
        "record/own.html",
        person=who,
        known=known(actor, who.pk),
        pager=pager,
        groups=story.tell(actor, heads, inside, linked=False),
        papers=[
            {"title": paper.title, "url": reverse("resident:document", args=[paper.pk])}
            for paper in papers.exclude(file="")
        ],
    )
