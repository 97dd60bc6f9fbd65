"""Every refusal as an OperationOutcome, with the sentence in the caller's language."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from xinglin.gateway.problems import Said, said
from xinglin.kernel.errors import Refused

MEDIA_TYPE = "application/fhir+json"
# hl7.org/fhir/R4/valueset-issue-type.html
ISSUES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "processing",
}


class NotAcceptable(Refused):
    code = "not-acceptable"
    status = 406


class NotAllowed(Refused):
    """What the address does not do; `allow` is what it does."""

    code = "method-not-allowed"
    status = 405

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


def outcome_of(error: BaseException) -> HttpResponse:
    """The OperationOutcome that says an exception."""
    told = said(error)
    response = answer(outcome(told), status=told.status)
    if told.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="xinglin"'
    if isinstance(error, NotAllowed):
        response["Allow"] = error.allow
    return response


def outcome(told: Said) -> dict[str, Any]:
    """One issue for each input that does not hold, or one for the whole."""
    code = ISSUES.get(told.status, "exception")
    issues = [
        {
            "severity": "error",
            "code": code,
            "details": {"text": sentence},
            "diagnostics": told.code,
            # A place in what was sent, or the name of a parameter.
            **({"expression": [field]} if field[0].isupper() else {"location": [f"http.{field}"]}),
        }
        for field, sentence in told.errors
        if field
    ]
    whole = {
        "severity": "error",
        "code": code,
        "details": {"text": told.title},
        "diagnostics": told.code,
    }
    return {"resourceType": "OperationOutcome", "issue": issues or [whole]}


def warning(sentence: str) -> dict[str, Any]:
    """What was not done as asked, though the rest was."""
    issue = {"severity": "warning", "code": "not-supported", "details": {"text": sentence}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def answer(content: Any, *, status: int = 200, pretty: bool = False) -> HttpResponse:
    """A resource as the body of an answer; it is the caller's alone."""
    told = orjson.dumps(content, option=orjson.OPT_INDENT_2 if pretty else 0)
    response = HttpResponse(told, status=status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie, Accept, Accept-Language"
    return response


def wants_json(request: HttpRequest) -> None:
    """Refuse who asks for XML or anything else that the house does not write."""
    asked = request.GET.get("_format", "")
    known = ("json", "application/json", MEDIA_TYPE, MEDIA_TYPE.replace("+", " "), "text/json")
    if asked:
        if asked.partition(";")[0].strip() not in known:
            raise NotAcceptable(_not_json(), field="_format")
        return
    accept = request.headers.get("Accept", "")
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if accept and not any(
        each in ("", "*/*", "application/*", "text/*", *known) for each in wanted
    ):
        raise NotAcceptable(_not_json())


def _not_json() -> str:
    return _("这里只提供 JSON（application/fhir+json）。")
