"""What other apps know of a person and the page of the person must show.

The record stands below referral, orders and the programmes, so it cannot ask them; each tells it
in its `ready()` whom to ask:

    portrait.contribute("referral", tell)

`tell(actor, person)` answers with a `Part`: the signs it puts into the head of the page and the
requests about the person that are still open. It reads through its own `visible_to`, in one
query, for the page as a whole has thirteen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from xinglin.kernel.access import Actor
from xinglin.registry.people.models import Person

LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Sign:
    """Something that must be seen first: a word, with a shape and a colour (tone)."""

    word: str
    tone: str = "warn"
    icon: str = "alert-triangle"
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class OpenRequest:
    """A request about the person that somebody still owes a step."""

    kind: str
    title: str
    state: str
    way: str = ""
    url: str = ""
    urgency: str = ""
    tone: str = "brand"
    due_at: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Part:
    """What one app adds to the page."""

    signs: list[Sign] = field(default_factory=list)
    requests: list[OpenRequest] = field(default_factory=list)


Tell = Callable[[Actor, Person], Part]
TELLERS: dict[str, Tell] = {}


def contribute(name: str, tell: Tell) -> None:
    """Let an app above the record tell what it knows of a person; once for each name."""
    TELLERS[name] = tell


def gather(actor: Actor, person: Person) -> Part:
    """What all of them tell: signs in the order of the apps, requests by their deadline."""
    parts = [tell(actor, person) for tell in TELLERS.values()]
    requests: list[Any] = [request for part in parts for request in part.requests]
    return Part(
        signs=[sign for part in parts for sign in part.signs],
        requests=sorted(requests, key=lambda request: request.due_at or LAST),
    )
