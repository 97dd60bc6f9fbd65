"""One template answers page and part; and what every page's frame needs from its context.

The frame (`ui/base.html`) reads these names, given by a context processor of the portal; each
may be missing, and then its place on the page is empty:

    nav          list[NavEntry], at most seven; the first four stand in the phone's bottom bar
    posts        list[Post], all posts of the person; the one in use has `current`
    switch_url   where choosing a post is POSTed, as `post=<id>`
    me           {"name": str, "url": str}; absent for people not signed in
    bell         {"count": int, "url": str, "live": str}; `live` answers `ui/components/bell.html`
    sign_out_url where signing out is POSTed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails

from xinglin.ui.paging import Pager

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class NavEntry(TypedDict, total=False):
    """One room of the post in the left rail; `count` is what waits there.

    A room with several `doors` leads to the first; the others show while one is in the room.
    """

    label: StrOrPromise
    url: str
    icon: str
    count: int
    active: bool
    doors: list[NavEntry]


class Post(TypedDict, total=False):
    """One post a person may act in."""

    id: str
    label: StrOrPromise
    org: str
    current: bool


def page(
    request: HttpRequest, template: str, *, part: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    """Answer with the whole page, or with `part` of the same template when htmx asks for it.

    A part carries new flash messages along. `?total=1` on a page whose context holds a `pager`
    answers with the exact total alone (see `paging`).
    """
    partial = bool(part) and wants_part(request)
    pager = context.get("pager")
    if isinstance(pager, Pager) and pager.total_asked:
        return HttpResponse(pager.exact_text())
    response = render(
        request, f"{template}#{part}" if partial else template, context, status=status
    )
    if partial:
        response.write(_flash(request))
    response.headers["Vary"] = _vary(response)
    return response


def refused(request: HttpRequest, sentence: StrOrPromise, *, status: int = 409) -> HttpResponse:
    """Say why something was refused: a toast for htmx, a whole page otherwise."""
    if wants_part(request):
        response = render(request, "ui/components/flash.html", {"refusal": sentence}, status=status)
        response.headers["HX-Retarget"] = "#flash"
        response.headers["HX-Reswap"] = "beforeend"
        return response
    return render(request, "ui/error.html", {"status": status, "sentence": sentence}, status=status)


def wants_part(request: HttpRequest) -> bool:
    """True when htmx asks for a piece of the page rather than for a page."""
    htmx = getattr(request, "htmx", None)
    if not isinstance(htmx, HtmxDetails):
        return False
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _flash(request: HttpRequest) -> str:
    messages = list(get_messages(request))
    if not messages:
        return ""
    return render_to_string("ui/components/flash.html", {"messages": messages, "oob": True})


def _vary(response: HttpResponse) -> str:
    already = response.headers.get("Vary", "")
    if "HX-Request" in already:
        return already
    return f"{already}, HX-Request" if already else "HX-Request"


def form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    """The page of one form, in the part of that name; 422 where it came back with mistakes."""
    return page(
        request,
        template,
        part="form",
        status=422 if form.errors else 200,
        form=form,
        **context,
    )
