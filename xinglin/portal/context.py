"""What the frame of every page shows: rooms of the post, posts, bell."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from xinglin.kernel import inbox
from xinglin.kernel.access import NOBODY, NONE, Actor
from xinglin.portal.rooms import address, rooms
from xinglin.ui.pages import Post as PostEntry


def frame(request: HttpRequest) -> dict[str, Any]:
    """Everything lazily: a part of a page asks for none of it."""
    actor: Actor = getattr(request, "actor", NOBODY)
    if actor.user_id == NONE:
        return {"actor": actor}
    counts = cache(lambda: glance(request, actor))
    return {
        "actor": actor,
        "nav": SimpleLazyObject(lambda: rooms(actor, request.path, waiting=counts()[0])),
        "posts": SimpleLazyObject(lambda: posts(request, actor)),
        "bell": SimpleLazyObject(lambda: bell(counts()[1])),
        "switch_url": address("portal:switch-post"),
        "sign_out_url": address("portal:logout"),
        "me": {"name": actor.name, "url": address("portal:account")},
    }


def glance(request: HttpRequest, actor: Actor) -> tuple[int, int]:
    """How much waits, and how much is new since the reader last looked at the news."""
    user: Any = request.user
    return inbox.at_a_glance(actor, since=user.notices_seen_at)


def posts(request: HttpRequest, actor: Actor) -> list[PostEntry]:
    user: Any = request.user
    return [
        {
            "id": str(post.pk),
            "label": post.role_label,
            "org": str(post).split(" · ")[0],
            "current": post.pk == actor.post_id,
        }
        for post in user.held
    ]


def bell(unread: int) -> dict[str, Any]:
    return {
        "count": unread,
        "url": address("portal:notices"),
        "live": address("portal:bell"),
    }
