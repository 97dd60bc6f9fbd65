"""OAuth2 for machines: client credentials (RFC 6749 §4.4), revocation (7009), introspection (7662).

django-oauth-toolkit answers; this frame keeps what it would choke on away from it, and forgets
what a revoked token led to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views import IntrospectTokenView, RevokeTokenView, TokenView

from xinglin.gateway import callers

logger = logging.getLogger(__name__)
View = Callable[..., Any]


def _framed(view: View, methods: tuple[str, ...]) -> View:
    @csrf_exempt
    def enter(request: HttpRequest) -> HttpResponse:
        if request.method not in methods:
            response = _error("invalid_request", 405)
            response["Allow"] = ", ".join(methods)
            return response
        try:
            if not _readable(request):
                return _error("invalid_request", 400)
            answer: HttpResponse = view(request)
        except RequestDataTooBig:
            return _error("invalid_request", 413)
        except SuspiciousOperation:
            return _error("invalid_request", 400)
        except Exception:
            logger.exception("Unexpected error at the token door")
            return _error("server_error", 500)
        answer["Cache-Control"] = "no-store"
        return answer

    return enter


def _readable(request: HttpRequest) -> bool:
    """No NUL anywhere: databases refuse to compare with it."""
    told = [*request.POST.items(), *request.GET.items()]
    shown = request.META.get("HTTP_AUTHORIZATION", "")
    return "\0" not in shown and all("\0" not in f"{key}{value}" for key, value in told)


def _error(code: str, status: int) -> HttpResponse:
    response = JsonResponse({"error": code}, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _token(request: HttpRequest) -> HttpResponse:
    """Client credentials only: nobody tries people's passwords here."""
    if request.POST.get("grant_type") != "client_credentials":
        return _error("unsupported_grant_type", 400)
    answer: HttpResponse = TokenView.as_view()(request)
    return answer


def _revoke(request: HttpRequest) -> HttpResponse:
    answer: HttpResponse = RevokeTokenView.as_view()(request)
    callers.forget()
    return answer


def _introspect(request: HttpRequest) -> HttpResponse:
    """Whoever does not say who they are is unknown (RFC 7662 §2.3), not forbidden."""
    answer: HttpResponse = IntrospectTokenView.as_view()(request)
    if answer.status_code != 403:
        return answer
    answer = _error("invalid_client", 401)
    answer["WWW-Authenticate"] = 'Basic realm="xinglin"'
    return answer


token = _framed(_token, ("POST",))
revoke = _framed(_revoke, ("POST",))
introspect = _framed(_introspect, ("GET", "POST"))
