"""The request as our views receive it: with the actor and htmx already known."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from xinglin.kernel.access import Actor


class Request(HttpRequest):
    """What the portal's middleware hands to a view."""

    actor: Actor
    htmx: HtmxDetails
