"""The frame around every REST view: size and kind of what is sent, caller, repetition, refusal."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from xinglin.clinical.privacy import models as privacy
from xinglin.gateway import idempotency
from xinglin.gateway.callers import caller
from xinglin.gateway.problems import Malformed, TooLarge, WrongMedia, not_allowed, problem_of
from xinglin.kernel import parameters
from xinglin.kernel.access import NOBODY
from xinglin.kernel.errors import Refused
from xinglin.ui.api import dump, sentence
from xinglin.ui.requests import Request

View = Callable[..., HttpResponse]
JSON = "application/json"
MULTIPART = "multipart/form-data"
MEGABYTE = 1024 * 1024
LARGEST_JSON = 5 * MEGABYTE
# An attachment somewhat too large is refused by name; far larger ones are not even read.
SLACK = 4


def door(view: View) -> View:
    """Let a view be called by machines: nothing rises out of it but problem documents."""

    @wraps(view)
    def enter(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        actor = NOBODY
        try:
            actor = caller(request)
            cast(Request, request).actor = actor
            if request.method in {"POST", "PUT", "PATCH"}:
                _check_body(request)
                if request.method == "POST" and idempotency.HEADER in request.headers:
                    return idempotency.once(request, actor, lambda: _shown(view, request, kwargs))
            response = _shown(view, request, kwargs)
        except Exception as error:  # whatever it was, the caller gets a document and no more
            response = problem_of(error)
        if response.status_code == 404 and actor is not NOBODY:
            privacy.refused(actor, _ids(request, kwargs), door="REST")
        return response

    enter.csrf_exempt = True  # type: ignore[attr-defined]
    return enter


def _shown(view: View, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse:
    response = view(request, **kwargs)
    return not_allowed(response) if response.status_code == 405 else response


def _ids(request: HttpRequest, kwargs: dict[str, Any]) -> list[UUID]:
    """The rows that were asked for by their ids."""
    asked = [*kwargs.values(), request.GET.get("person", "")]
    found = []
    for value in asked:
        try:
            found.append(value if isinstance(value, UUID) else UUID(str(value)))
        except ValueError:
            continue
    return found


def _check_body(request: HttpRequest) -> None:
    """A document is filed at an address that ends so, as multipart; all else is JSON."""
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        size = 0
    if size <= 0:
        return
    if request.path.endswith("/documents"):
        wanted, largest = MULTIPART, parameters.get("attachment.max_megabytes") * MEGABYTE * SLACK
    else:
        wanted, largest = JSON, LARGEST_JSON
    if size > largest:
        raise TooLarge(_("请求内容超过 %(limit)s MB。") % {"limit": largest // MEGABYTE})
    if request.content_type != wanted:
        raise WrongMedia(_("请用 %(media)s 发送。") % {"media": wanted})


class StrictParser(Parser):
    """JSON in UTF-8, and no character that a database cannot keep."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            data = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            raise Malformed(_("请求内容不是有效的 JSON（UTF-8）。")) from None
        _refuse_nul(data, "")
        return data

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> Any:
        read = super().parse_querydict(data, list_fields, request)
        _refuse_nul(read, "")
        return read


def _refuse_nul(value: Any, where: str) -> None:
    if isinstance(value, str):
        if "\0" in value:
            told = sentence("nul_character", {})
            raise Refused(told, field=where or "body")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in name:
                raise Malformed(sentence("nul_character", {}))
            _refuse_nul(inner, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _refuse_nul(inner, f"{where}.{place}" if where else str(place))


class Renderer(BaseRenderer):
    """The same JSON as `xinglin.ui.api.answer` writes."""

    media_type = JSON

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return dump(data)
