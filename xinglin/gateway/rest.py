"""The REST door `/api/v1/`: the routers of all apps, one caller, one kind of refusal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.security.base import AuthBase

from xinglin.clinical.capacity.api import routers as capacity
from xinglin.clinical.careplans.api import router as careplans
from xinglin.clinical.emergency.api import router as emergency
from xinglin.clinical.orders.api import router as orders
from xinglin.clinical.privacy.api import router as privacy
from xinglin.clinical.record.api import router as record
from xinglin.clinical.referral.api import detail as read_referral
from xinglin.clinical.referral.api import router as referral
from xinglin.clinical.triage.api import router as triage
from xinglin.gateway.api import router as gateway
from xinglin.gateway.doors import Renderer, StrictParser, View, door
from xinglin.gateway.problems import problem_of
from xinglin.gateway.summaries import router as summaries
from xinglin.registry.agreements.api import router as agreements
from xinglin.registry.organisations.api import router as organisations
from xinglin.registry.people.api import router as people
from xinglin.registry.staff.api import router as staff
from xinglin.registry.terminology.api import router as terminology

PREFIX = "/api/v1/"
HOT = ("referrals/<uuidstr:pk>", "referrals", "inbox")


class OAuth2(AuthBase):
    """Client credentials at `/oauth/token`; the door has already found the actor."""

    openapi_type = "oauth2"
    openapi_flows = {
        "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {"api": "读写本岗位可见的数据"}}
    }

    def __call__(self, request: HttpRequest) -> Any:
        return request.actor  # type: ignore[attr-defined]


class Session(AuthBase):
    """A person signed in to the portal; writes carry `X-CSRFToken`."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "sessionid"

    def __call__(self, request: HttpRequest) -> Any:
        return request.actor  # type: ignore[attr-defined]


api = NinjaAPI(
    title="杏林 Xinglin REST",
    version="1.0",
    urls_namespace="rest",
    openapi_url=None,
    docs_url=None,
    auth=[OAuth2(), Session()],
    parser=StrictParser(),
    renderer=Renderer(),
    openapi_extra={"info": {"x-language": "zh-Hans"}},
)
for router in (
    *(organisations, people, agreements, staff, terminology),
    *(
        privacy,
        record,
        *capacity,
        orders,
        triage,
        careplans,
        emergency,
        summaries,
        referral,
        gateway,
    ),
):
    api.add_router("", router)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_of(error)


for kind in (ValidationError, HttpError, Http404, Exception):
    api.add_exception_handler(kind, _refused)


def _straight(view: View, read: View) -> View:
    """The hottest GET takes nothing but its address, so it need not pass through ninja."""

    def enter(request: HttpRequest, pk: str) -> HttpResponse:
        return read(request, UUID(pk)) if request.method == "GET" else view(request, pk=pk)

    return enter


def addresses() -> list[URLPattern]:
    """Every address of the API, each behind the door."""
    found = []
    for pattern in api.urls[0]:
        assert isinstance(pattern, URLPattern)
        if pattern.name == "api-root":
            continue
        view = pattern.callback
        if str(pattern.pattern) == HOT[0]:
            view = _straight(view, read_referral)
        pattern.callback = door(view)
        found.append(pattern)
    # Addresses are tried in order, and no two overlap: the hottest first.
    return sorted(found, key=lambda pattern: str(pattern.pattern) not in HOT)
