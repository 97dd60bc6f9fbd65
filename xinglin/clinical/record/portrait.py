"""What other apps know of a person and the page of the person must show.

The record stands below referral, orders and the programmes, so it cannot ask them; each tells it
in its `ready()` what to ask:

    portrait.contribute("orders", portrait.Contribution(rows=asked, places=PLACES, tell=tell))

`rows(actor)` are workflows that are open, of whomever, as far as the post sees them: a queryset
that begins with the app's own `visible_to`. `places` says which further column or annotation
stands in which place of a `Row`. `gather` narrows the rows of all apps to the person, reads them
in one query, and hands each app its own; `tell` makes a `Part` of them: the signs it puts into
the head of the page and the requests about the person that are still open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Value
from django.utils import timezone

from xinglin.clinical.record.lines import TEXT, actor_key, column, together
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
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


class Row(NamedTuple):
    """One row of an app, in the shape that all share. What an app has no place for is empty."""

    app: str
    # As every `kernel.records.Workflow` has them.
    id: UUID
    state: str
    due_at: datetime | None
    clock_from: datetime | None
    # As the app's `places` say.
    kind: str
    urgency: str
    title: str
    department: str
    # The house that asks, or that wrote it; and the one that is asked.
    from_org_id: UUID | None
    to_org_id: UUID | None
    encounter_id: UUID | None
    flagged_at: datetime | None
    # How many of its parts are overdue.
    overdue: int | None


OF_ALL = ("id", "state", "due_at", "clock_from")
PLACES: dict[str, models.Field[Any, Any]] = {
    **dict.fromkeys(("kind", "urgency", "title", "department"), TEXT),
    **dict.fromkeys(("from_org_id", "to_org_id", "encounter_id"), models.UUIDField()),
    "flagged_at": models.DateTimeField(),
    "overdue": models.IntegerField(),
}
COLUMNS = ("told_app", *OF_ALL, *(f"told_{place}" for place in PLACES))


@dataclass(frozen=True)
class Contribution:
    """What one app has to tell: which rows, what of them, in which words (see above)."""

    rows: Callable[[Actor], models.QuerySet[Any]]
    places: Mapping[str, str]
    tell: Callable[[list[Row]], Part]


CONTRIBUTIONS: dict[str, Contribution] = {}
_prepared: Cabinet[Prepared] = Cabinet()


def contribute(name: str, contribution: Contribution) -> None:
    """Let an app above the record tell what it knows of a person; once for each name."""
    CONTRIBUTIONS[name] = contribution


def gather(actor: Actor, person: Person) -> Part:
    """What all of them tell: signs in the order of the apps, requests by their deadline."""
    # What is overdue depends on the day.
    key = timezone.localdate(), *actor_key(actor)
    query = _prepared.get(key, lambda: Prepared(_query(actor, SLOT)))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in map(Row._make, query.all(person.pk)):
        found[row.app].append(row)
    parts = [
        contribution.tell(found[name])
        for name, contribution in CONTRIBUTIONS.items()
        if name in found
    ]
    requests = [request for part in parts for request in part.requests]
    return Part(
        signs=[sign for part in parts for sign in part.signs],
        requests=sorted(requests, key=lambda request: request.due_at or LAST),
    )


def _query(actor: Actor, person_id: UUID) -> models.QuerySet[Any]:
    return together(
        [
            _written(name, contribution, actor, person_id)
            for name, contribution in CONTRIBUTIONS.items()
        ]
    )


def _written(
    name: str, contribution: Contribution, actor: Actor, person_id: UUID
) -> models.QuerySet[Any]:
    columns = {"told_app": Value(name, output_field=TEXT)} | {
        f"told_{place}": column(contribution.places.get(place, ""), field)
        for place, field in PLACES.items()
    }
    rows = contribution.rows(actor).filter(person_id=person_id)
    found: models.QuerySet[Any, Any] = rows.order_by().annotate(**columns).values_list(*COLUMNS)
    return found
