"""Who calls a machine's door, and in which post.

A machine shows a bearer token; a signed-in person their session, with CSRF where they write.

What a token leads to is kept in the process for at most `LASTS` seconds: the four-table query
would be the larger half of reading one referral. A token that is revoked, or a post that ends,
therefore stops working at once in the process that did it and after `LASTS` everywhere else.
"""

from __future__ import annotations

import time
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.utils import check_csrf
from oauth2_provider.models import get_access_token_model

from xinglin.gateway.models import ClientPost
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.staff.models import Post

LASTS = 20.0
_MOST = 10_000
SCOPES = ("api",)

_known: dict[tuple[str, tuple[str, ...], str], tuple[float, Actor]] = {}


class Unknown(Refused):
    """No token, or one that does not count."""

    code = "not-signed-in"
    status = 401


class NoPost(Forbidden):
    """The caller is known, but acts in no post."""

    code = "no-post"


def forget() -> None:
    """Ask the database again; after a token or a client was withdrawn."""
    _known.clear()


def caller(request: HttpRequest, scopes: tuple[str, ...] = SCOPES) -> Actor:
    """The actor behind a request, or a refusal (401 unknown, 403 without a post).

    A machine's token must have been given for one of `scopes`.
    """
    shown = request.META.get("HTTP_AUTHORIZATION", "")
    if shown:
        scheme, _space, token = shown.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unknown(_("请使用 Bearer 访问令牌。"))
        return machine(token.strip(), scopes=scopes, address=_address(request))
    return replace(_person(request), address=_address(request))


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def machine(token: str, *, scopes: tuple[str, ...] = SCOPES, address: str = "") -> Actor:
    """The actor for whom a token speaks."""
    digest = sha256(token.encode()).hexdigest()
    key = (digest, scopes, address)
    kept = _known.get(key)
    now = time.monotonic()
    if kept is not None and kept[0] > now:
        return kept[1]
    actor, left = _look_up(digest, scopes)
    actor = replace(actor, address=address)
    if len(_known) >= _MOST:
        _known.clear()
    _known[key] = (now + min(LASTS, left), actor)
    return actor


def _look_up(digest: str, scopes: tuple[str, ...]) -> tuple[Actor, float]:
    found = (
        get_access_token_model()
        .objects.select_related("application__client_post__post")
        .filter(token_checksum=digest)
        .first()
    )
    now = timezone.now()
    if found is None or found.expires <= now or found.application is None:
        raise Unknown(_("访问令牌无效或已过期。"))
    if not set(scopes) & set(found.scope.split()):
        raise Forbidden(_("访问令牌的授权范围不含“%(scope)s”。") % {"scope": scopes[0]})
    client: ClientPost | None = getattr(found.application, "client_post", None)
    if client is None or client.withdrawn_at is not None or not client.post.in_force():
        raise NoPost(_("该客户端没有在任的岗位，请联系管理员。"))
    actor = client.post.actor(user_id=client.pk, name=client.name)
    return actor, (found.expires - now).total_seconds()


def _person(request: HttpRequest) -> Actor:
    user: Any = request.user
    if not user.is_authenticated:
        raise Unknown(_("请先取得访问令牌（POST /oauth/token），或登录后再访问。"))
    if check_csrf(request) is not None:
        raise Forbidden(_("安全校验（CSRF）未通过，请刷新页面后重试。"))
    if user.person_id is not None:
        return cast(Actor, user.resident())
    held = Post.objects.select_related("practitioner").filter(practitioner_id=user.practitioner_id)
    posts = list(held.held_on(timezone.localdate()).order_by("since", "id"))
    if not posts:
        raise NoPost(_("没有在任的岗位，请联系管理员。"))
    # The post that the person chose in the portal.
    chosen = str(request.session.get("post", ""))
    post = next((post for post in posts if str(post.pk) == chosen), posts[0])
    return post.actor(user_id=user.pk, name=post.practitioner.name)
