"""Facts that rooms above may care about.

A room calls the rooms below it; it tells the rooms above by publishing an event. The event
is stored with the change it announces and handed over by the worker after the commit; a
listener's work and its receipt commit together. Ten failures park a delivery, where an
operator sees it and may start it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from pydantic import BaseModel, ConfigDict

from xinglin.kernel.models import Delivery, OutboxEvent
from xinglin.kernel.prepared import store

PARKED_AFTER = 10


class Event(BaseModel):
    """A fact, in the past tense, carrying ids and plain values."""

    model_config = ConfigDict(frozen=True)
    name: ClassVar[str]


E = TypeVar("E", bound=Event)
logger = logging.getLogger(__name__)
_listeners: dict[str, tuple[type[Event], list[Callable[[Any], None]]]] = {}


def on(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a listener; it may hear the same fact twice after a crash, so it must bear it."""

    def register(listener: Callable[[E], None]) -> Callable[[E], None]:
        _listeners.setdefault(event_type.name, (event_type, []))[1].append(listener)
        return listener

    return register


def publish(event: Event) -> None:
    """Store the fact with the change; whoever listens hears of it after the commit."""
    row = OutboxEvent(name=event.name, payload=event.model_dump(mode="json"))
    store(row)
    _type, listeners = _listeners.get(event.name, (None, []))
    now = timezone.now()
    for listener in listeners:
        store(Delivery(event=row, listener=_path(listener), not_before=now))


def deliver(limit: int = 200) -> int:
    """Hand pending events over, each in its own transaction; how many arrived."""
    done = 0
    pending = Delivery.objects.pending(timezone.now())
    for pk in list(pending.values_list("pk", flat=True)[:limit]):
        try:
            with transaction.atomic():
                done += _hand_over(pk)
        except Exception as error:  # one broken listener must not hold up the others
            logger.exception("Listener failed")
            _failed(pk, error)
    return done


def _hand_over(pk: UUID) -> int:
    # skip_locked: two workers share the queue without waiting for each other.
    delivery = (
        Delivery.objects.pending(timezone.now())
        .select_for_update(skip_locked=True, of=("self",))
        .filter(pk=pk)
        .first()
    )
    if delivery is None:
        return 0
    event_type, listeners = _listeners[delivery.event.name]
    listener = next(f for f in listeners if _path(f) == delivery.listener)
    listener(event_type.model_validate(delivery.event.payload))
    delivery.done_at = timezone.now()
    delivery.save(update_fields=["done_at"])
    return 1


def _failed(pk: UUID, error: Exception) -> None:
    delivery = Delivery.objects.get(pk=pk)
    tries = delivery.attempts + 1
    now = timezone.now()
    Delivery.objects.filter(pk=pk).update(
        attempts=F("attempts") + 1,
        error=repr(error)[:500],
        not_before=now + timedelta(seconds=2**tries),
        parked_at=now if tries >= PARKED_AFTER else None,
    )


def retry(delivery: Delivery) -> None:
    """Start a parked delivery again."""
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts=0, parked_at=None, not_before=timezone.now(), error=""
    )


def _path(listener: Callable[..., None]) -> str:
    return f"{listener.__module__}.{listener.__qualname__}"
