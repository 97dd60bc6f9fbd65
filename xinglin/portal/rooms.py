"""The rooms of a post: at most seven in the left rail, some with several doors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.kernel.access import Actor
from xinglin.ui.pages import NavEntry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Door:
    """A page that a room opens to, for whoever has one of the permissions (all, if none)."""

    label: StrOrPromise
    page: str
    icon: str
    needs: tuple[str, ...] = ()
    counts: bool = False

    def open_to(self, actor: Actor) -> bool:
        return not self.needs or any(actor.may(code) for code in self.needs)


@dataclass(frozen=True)
class Room:
    """Doors that belong together; a room of one open door is that door."""

    label: StrOrPromise
    icon: str
    doors: tuple[Door, ...]


HOME = Door(_("工作台"), "portal:workbench", "home")
INBOX = Door(
    _("待办"),
    "portal:inbox",
    "inbox",
    ("referral.read", "emergency.read", "privacy.review", "orders.read", "capacity.read"),
    counts=True,
)
PEOPLE = Door(pgettext_lazy("list", "居民"), "people:list", "users", ("person.search",))

ROOMS: tuple[Door | Room, ...] = (
    HOME,
    INBOX,
    Door(_("查阅记录"), "privacy:readings", "eye", ("privacy.review",)),
    Door(_("查阅异常"), "privacy:flags", "alert-triangle", ("privacy.review",)),
    Door(_("查阅核查"), "privacy:reviews", "lock", ("privacy.review",)),
    Room(
        _("转诊"),
        "arrows-exchange",
        (
            Door(_("转诊单"), "referral:list", "arrows-exchange", ("referral.read",)),
            Door(_("绿色通道"), "emergency:board", "urgent", ("emergency.read",)),
        ),
    ),
    Room(
        _("门诊"),
        "calendar",
        (
            Door(_("预约"), "capacity:find", "calendar", ("capacity.read",)),
            Door(_("分诊"), "triage:desk", "first-aid-kit", ("triage.grade",)),
        ),
    ),
    Room(
        _("病区"),
        "bed",
        (
            Door(_("医嘱"), "orders:list", "clipboard-list", ("orders.read",)),
            Door(_("床位"), "capacity:beds", "bed", ("beds.read",)),
            # Who looks for a bed looks at the county's; who gives one, at their own house's.
            Door(_("全县床位"), "capacity:beds-county", "bed", ("beds.overview",)),
        ),
    ),
    Room(
        pgettext_lazy("list", "居民"),
        "users",
        (
            PEOPLE,
            Door(_("照护任务"), "careplans:today", "clipboard-heart", ("careplans.do",)),
            Door(_("照护计划"), "careplans:list", "clipboard-heart", ("careplans.read",)),
        ),
    ),
    Room(
        _("管理"),
        "chart-bar",
        (
            Door(_("统计"), "referral:statistics", "chart-bar", ("referral.statistics",)),
            Door(_("急救时间分析"), "emergency:report", "urgent", ("emergency.report",)),
            Door(_("机构协议"), "agreements:list", "file-text", ("agreement.write",)),
        ),
    ),
    Door(
        pgettext_lazy("list", "机构"),
        "organisations:list",
        "building-hospital",
        ("organisation.maintain",),
    ),
    Door(_("人员"), "staff:list", "id", ("organisation.maintain",)),
    Door(_("导入"), "imports:list", "upload", ("import.run",)),
)


@cache
def address(name: str) -> str:
    """The address of a page that needs no id; a page's frame names a dozen."""
    return reverse(name)


def rooms(actor: Actor, path: str, *, waiting: int) -> list[NavEntry]:
    """The rooms of the post, with what waits in them; the one that the path lies in is active."""
    found = [entry for room in ROOMS if (entry := _entry(room, actor, waiting)) is not None]
    here = _here(found, path)
    for entry in found:
        doors = entry.get("doors", [])
        for door in doors:
            door["active"] = door is here
        entry["active"] = entry is here or any(door["active"] for door in doors)
    return found


def _entry(room: Door | Room, actor: Actor, waiting: int) -> NavEntry | None:
    if isinstance(room, Door):
        if not room.open_to(actor):
            return None
        count = waiting if room.counts else 0
        return NavEntry(label=room.label, url=address(room.page), icon=room.icon, count=count)
    doors = [each for door in room.doors if (each := _entry(door, actor, waiting)) is not None]
    if len(doors) < 2:
        return doors[0] if doors else None
    return NavEntry(label=room.label, url=doors[0]["url"], icon=room.icon, doors=doors)


def _here(found: list[NavEntry], path: str) -> NavEntry | None:
    """The entry whose address the path begins with, the longest one."""
    if path == "/":
        return found[0]
    # A record is a resident's.
    path = path.replace("/record/", address(PEOPLE.page), 1)
    inside = [each for each in _all(found) if each["url"] != "/" and path.startswith(each["url"])]
    return max(inside, key=lambda each: len(each["url"]), default=None)


def _all(entries: list[NavEntry]) -> Iterator[NavEntry]:
    for entry in entries:
        yield from entry.get("doors") or [entry]
