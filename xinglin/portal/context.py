"""What the frame of every page shows: rooms of the post, posts, bell."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from xinglin.kernel import inbox
from xinglin.kernel.access import NOBODY, NONE, Actor
from xinglin.ui.pages import NavEntry
from xinglin.ui.pages import Post as PostEntry


@cache
def address(name: str) -> str:
    """The address of a page that needs no id; a page's frame names a dozen."""
    return reverse(name)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Everything lazily: a part of a page asks for none of it."""
    actor: Actor = getattr(request, "actor", NOBODY)
    if actor.user_id == NONE:
        return {"actor": actor}
    counts = cache(lambda: glance(request, actor))
    return {
        "actor": actor,
        "nav": SimpleLazyObject(lambda: rooms(request, actor, waiting=counts()[0])),
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


def rooms(request: HttpRequest, actor: Actor, *, waiting: int) -> list[NavEntry]:
    """The rooms of the post, at most seven, with what waits in them."""
    found: list[NavEntry] = [
        {"label": _("工作台"), "url": address("portal:workbench"), "icon": "home"},
    ]
    if actor.may("referral.read") or actor.may("privacy.review"):
        found.append(
            {
                "label": _("待办"),
                "url": address("portal:inbox"),
                "icon": "inbox",
                "count": waiting,
            }
        )
    if actor.may("privacy.review"):
        found += [
            {"label": _("查阅记录"), "url": address("privacy:readings"), "icon": "eye"},
            {"label": _("查阅异常"), "url": address("privacy:flags"), "icon": "alert-triangle"},
            {"label": _("查阅核查"), "url": address("privacy:reviews"), "icon": "lock"},
        ]
    if actor.may("referral.read"):
        found += [
            {"label": _("转诊"), "url": address("referral:list"), "icon": "arrows-exchange"},
        ]
    if actor.may("careplans.do"):
        found.append(
            {"label": _("照护"), "url": address("careplans:today"), "icon": "clipboard-heart"}
        )
    elif actor.may("careplans.write"):
        found.append(
            {"label": _("照护"), "url": address("careplans:list"), "icon": "clipboard-heart"}
        )
    if actor.may("orders.read"):
        if not actor.may("referral.read"):
            found.append(
                {
                    "label": _("待办"),
                    "url": address("portal:inbox"),
                    "icon": "inbox",
                    "count": waiting,
                }
            )
        found.append({"label": _("医嘱"), "url": address("orders:list"), "icon": "clipboard-list"})
    if actor.may("person.search"):
        found.append(
            {"label": pgettext("list", "居民"), "url": address("people:list"), "icon": "users"}
        )
    if actor.may("agreement.write"):
        found.append(
            {"label": _("机构协议"), "url": reverse("agreements:list"), "icon": "file-text"}
        )
    if actor.may("referral.statistics"):
        found.append(
            {"label": _("统计"), "url": address("referral:statistics"), "icon": "chart-bar"}
        )
    if actor.may("organisation.maintain"):
        found += [
            {
                "label": pgettext("list", "机构"),
                "url": address("organisations:list"),
                "icon": "building-hospital",
            },
            {"label": _("人员"), "url": address("staff:list"), "icon": "id"},
        ]
    if actor.may("import.run"):
        found.append({"label": _("导入"), "url": address("imports:list"), "icon": "upload"})
    # A record is a resident's.
    path = request.path.replace("/record/", address("people:list"), 1)
    inside = [e for e in found if e["url"] != "/" and path.startswith(e["url"])]
    here = max(inside, key=lambda e: len(e["url"]), default=found[0])
    for entry in found:
        entry["active"] = entry is here and (inside != [] or request.path == "/")
    return found[:7]


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
