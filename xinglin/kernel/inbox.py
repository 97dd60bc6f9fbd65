"""The inbox: what waits for whom, until when, and who hears of it when time runs out.

Workflows register themselves here; `@action` keeps the items. When an item is overdue the
clock raises it along the steps of the parameter `<kind>.escalation`: each step names a role
and where it sits (`owner`, `township`, `consortium`, `county`). Raising adds a reader; the
owner stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.models import InboxItem, Notice
from xinglin.kernel.prepared import FURTHER, SLOT, Cabinet, Statement, store
from xinglin.kernel.records import Workflow

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """How items of one workflow read: its label, its page, and a label for each state."""

    label: Any
    icon: str
    url: Callable[[UUID], str]
    waiting: dict[str, Any]


KINDS: dict[str, Kind] = {}

# Where a role sits, seen from a house ("owner" | "township" | "consortium" | "county"): registry
# answers.
_place: list[Callable[[UUID, str], UUID | None]] = []


def register(name: str, kind: Kind) -> None:
    KINDS[name] = kind


def places_are_found_by(find: Callable[[UUID, str], UUID | None]) -> None:
    """Registry tells how to find the consortium or county of a house."""
    _place[:] = [find]


def place_of(org_id: UUID, where: str) -> UUID | None:
    return org_id if where == "owner" else _place[0](org_id, where)


def _steps(kind: str) -> list[dict[str, Any]]:
    try:
        return list(parameters.get(f"{kind}.escalation"))
    except KeyError:
        return []


def follow(row: Workflow, *, new: bool = False) -> None:
    """Make the inbox say what the row says: its owner, its duty, its deadline.

    Of a `new` row it says nothing yet, so that nothing need be looked up.
    """
    items = InboxItem.objects.filter(subject_id=row.pk)
    # Locked, because the clock may be raising them at this very moment.
    known = not new or row.in_inbox
    now = {item.level: item for item in items.select_for_update()} if known else {}
    if row.owner_id is None:
        if now:
            items.delete()
        return
    assert row.due_at is not None
    values = {
        "org_id": row.owner_id,
        "audience": row.duty,
        "state": row.state,
        "person_id": row.trail_person_id(),
        "since": row.clock_from or row.due_at,
        "due_at": row.due_at,
        **row.inbox_facts(),
    }
    mine = now.get(0)
    if mine is None:
        store(
            InboxItem(
                kind=row.inbox_kind,
                subject_id=row.pk,
                escalate_at=_first_step(row.inbox_kind, row.due_at),
                **values,
            )
        )
        row.in_inbox = True
        return
    turned = (mine.org_id, mine.audience, mine.state, mine.due_at) != (
        row.owner_id,
        row.duty,
        row.state,
        row.due_at,
    )
    for name, value in values.items():
        setattr(mine, name, value)
    if turned:
        # Somebody else's turn, or a new clock: what was raised before no longer stands.
        if mine.raised:
            items.filter(level__gt=0).delete()
        mine.raised = 0
        mine.escalate_at = _first_step(row.inbox_kind, row.due_at)
    mine.save()


def _first_step(kind: str, due_at: datetime) -> datetime | None:
    steps = _steps(kind)
    return due_at + timedelta(minutes=steps[0]["after_minutes"]) if steps else None


def raise_overdue(now: datetime | None = None) -> int:
    """Tell the next person named by the parameters about what is overdue; how many steps."""
    now = now or clock.now()
    overdue = InboxItem.objects.filter(escalate_at__lte=now).order_by("escalate_at")
    done = 0
    for pk in list(overdue.values_list("pk", flat=True)):
        try:
            done += _raise(pk, now)
        except Exception:  # one item that cannot be raised must not silence the others
            logger.exception("Raising an overdue item failed")
    return done


def _raise(pk: UUID, now: datetime) -> int:
    with transaction.atomic():
        item = InboxItem.objects.select_for_update().filter(pk=pk, escalate_at__lte=now).first()
        if item is None:
            return 0
        steps = _steps(item.kind)
        level = item.raised + 1
        if level <= len(steps):
            step = steps[level - 1]
            org_id = place_of(item.org_id, step["at"])
            if org_id is not None:
                InboxItem.objects.create(
                    kind=item.kind,
                    subject_id=item.subject_id,
                    level=level,
                    org_id=org_id,
                    audience=f"role:{step['role']}",
                    county_id=item.county_id,
                    person_id=item.person_id,
                    state=item.state,
                    urgency=item.urgency,
                    title=item.title,
                    detail=item.detail,
                    since=item.since,
                    due_at=item.due_at,
                )
        following = steps[level] if level < len(steps) else None
        item.escalate_at = (
            item.due_at + timedelta(minutes=following["after_minutes"]) if following else None
        )
        item.raised = level
        item.save(update_fields=["escalate_at", "raised"])
        return 1


def at_a_glance(actor: Actor, *, since: datetime | None = None, most: int = 100) -> tuple[int, int]:
    """What waits for a post, and its news since a moment: each counted up to `most`.

    Every page shows both, hence one query for the two, compiled once for all posts that may the
    same.
    """
    key = connection.vendor, actor.role, actor.codes, most
    statement = _glances.get(key, lambda: _glance(actor, most))
    places = {
        _stored(models.UUIDField(), SLOT): _stored(models.UUIDField(), actor.org_id),
        f"user:{FURTHER[0]}": f"user:{actor.user_id}",
        _stored(models.DateTimeField(), EVER): _stored(models.DateTimeField(), since or EVER),
    }
    values = [places.get(value, value) for value in statement.values]
    waiting, unread = statement.ask(connection, values, lambda found: found.fetchone())
    return waiting, unread


# Before all news.
EVER = datetime(1900, 1, 1, tzinfo=UTC)
# What a post may changes when the roles of the catalogue do: with a new start.
_glances: Cabinet[Statement] = Cabinet(lasts=3600)


def _glance(actor: Actor, most: int) -> Statement:
    """The query of all posts that may the same: others stand for house, account and moment."""
    anyone = replace(actor, org_id=SLOT, user_id=FURTHER[0])
    counts: list[str] = []
    values: list[Any] = []
    for rows in (
        InboxItem.objects.waiting_for(anyone),
        Notice.objects.for_actor(anyone).filter(at__gt=EVER),
    ):
        sql, params = rows.order_by().values("pk")[:most].query.sql_with_params()
        counts.append(f"(SELECT COUNT(*) FROM ({sql}) AS found)")
        values += params
    return Statement(f"SELECT {counts[0]}, {counts[1]}", values, connection.vendor)


def _stored(field: models.Field[Any, Any], value: Any) -> Any:
    return field.get_db_prep_value(value, connection)


def tell(
    org_id: UUID | None, audience: str, message: str, *, subject: Workflow, **params: Any
) -> None:
    """Leave news for a house; `message` is a msgid marked with gettext_noop."""
    if org_id is None:
        return
    store(
        Notice(
            at=clock.now(),
            org_id=org_id,
            audience=audience,
            message=message,
            params={key: str(value) for key, value in params.items()},
            kind=subject.inbox_kind,
            subject_id=subject.pk,
        )
    )
