"""Every refusal as a problem document (RFC 9457): `application/problem+json`.

`type` is `about:xinglin/<code>`, `title` a sentence in the caller's language; `errors` names
inputs, `links` leads on. What the house did not expect is a 500 that tells nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError, ValidationError

from xinglin.kernel.errors import Refused
from xinglin.ui.api import dump, sentence

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class TooLarge(Refused):
    code = "too-large"
    status = 413


class WrongMedia(Refused):
    code = "unsupported-media-type"
    status = 415


class Malformed(Refused):
    code = "malformed"
    status = 400


def problem(
    status: int,
    code: str,
    title: str,
    *,
    errors: Iterable[tuple[str, str]] = (),
    links: Iterable[tuple[str, str]] = (),
) -> HttpResponse:
    """One problem document."""
    content: dict[str, Any] = {
        "type": f"about:xinglin/{code}",
        "title": str(title),
        "status": status,
    }
    named = [{"field": field, "message": str(message)} for field, message in errors]
    if named:
        content["errors"] = named
    helping = [{"title": str(label), "href": str(href)} for label, href in links]
    if helping:
        content["links"] = helping
    response = HttpResponse(dump(content), status=status, content_type=MEDIA_TYPE)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="xinglin"'
    return response


@dataclass(frozen=True)
class Said:
    """What is told of something that went wrong, whatever document it is then written as."""

    status: int
    code: str
    title: str
    errors: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def problem_of(error: BaseException) -> HttpResponse:
    """The problem document that says an exception."""
    told = said(error)
    return problem(told.status, told.code, told.title, errors=told.errors, links=told.links)


def said(error: BaseException) -> Said:
    """What an exception means to the caller; of one that nobody expected, nothing but that."""
    if isinstance(error, HttpError) and isinstance(error.__cause__, Refused | RequestDataTooBig):
        # ninja wraps whatever goes wrong while a body is read.
        error = error.__cause__
    if isinstance(error, Refused):
        title = str(error) or next(iter(error.fields.values()), "")
        return Said(
            error.status, error.code, title, tuple(error.fields.items()), tuple(error.links)
        )
    if isinstance(error, ValidationError):
        return Said(422, "invalid", _("请求内容有误，请按字段改正。"), _invalid(error))
    if isinstance(error, Http404):
        return Said(404, "not-found", _("没有找到，或无权查看。"))
    if isinstance(error, PermissionDenied):
        return Said(403, "forbidden", _("当前岗位不能执行此操作。"))
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent):
        return Said(413, TooLarge.code, _("请求内容过大。"))
    if isinstance(error, HttpError | SuspiciousOperation | MultiPartParserError):
        status = error.status_code if isinstance(error, HttpError) else 400
        return Said(status, Malformed.code, _("请求内容无法读取，请检查格式与编码。"))
    if isinstance(error, UnreadablePostError):
        return Said(400, Malformed.code, _("请求内容未能完整收到。"))
    if isinstance(error, IntegrityError):
        logger.warning("Conflict in the database", exc_info=error)
        return Said(409, "conflict", _("与已有数据冲突，请重新读取后再试。"))
    if isinstance(error, DataError):
        logger.warning("Value out of range for the database", exc_info=error)
        return Said(422, "invalid", _("有内容超出可保存的范围。"))
    logger.error("Unexpected error behind a machine's door", exc_info=error)
    return Said(500, "internal", _("系统内部错误，已记录。"))


def not_found() -> HttpResponse:
    """What does not exist and what may not be seen look the same."""
    return problem_of(Http404())


def not_allowed(response: HttpResponse) -> HttpResponse:
    told = problem(405, "method-not-allowed", _("此地址不支持该请求方法。"))
    told["Allow"] = response["Allow"]
    return told


@csrf_exempt
def unknown_address(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Any address under a machine's door that leads nowhere."""
    return not_found()


def _invalid(error: ValidationError) -> tuple[tuple[str, str], ...]:
    told: dict[str, str] = {}
    for each in error.errors:
        told.setdefault(_field(each["loc"]), sentence(each["type"], each.get("ctx", {})))
    return tuple(told.items())


def _field(loc: tuple[Any, ...]) -> str:
    """`("body", "body", "person", 0)` is the caller's `person.0`."""
    where, *rest = [str(part) for part in loc]
    if where == "body" and rest:
        rest = rest[1:]
    return ".".join(rest)
