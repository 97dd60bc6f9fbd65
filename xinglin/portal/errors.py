"""What a person reads when a page cannot be had: a sentence, never the insides."""

from __future__ import annotations

import logging
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from xinglin.ui.pages import refused

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refused(request, "", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refused(request, "", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refused(request, "", status=404)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was opened before signing in or out in another window."""
    return refused(request, _("页面已过期，请返回刷新后再提交；已填的内容仍在。"), status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """The frame may be what broke, so the page asks for nothing but itself."""
    reference = uuid4().hex[:8]
    logger.error("Page failed, reference %s, %s %s", reference, request.method, request.path)
    page = render_to_string("ui/error.html", {"status": 500, "reference": reference})
    return HttpResponse(page, status=500)
