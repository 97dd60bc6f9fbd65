"""Actions: the only functions that change records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import transaction

from xinglin.kernel import bulk, inbox, trail
from xinglin.kernel.access import Actor, Permission
from xinglin.kernel.records import Record, Workflow

R = TypeVar("R", bound=Record)
P = ParamSpec("P")
Action = Callable[Concatenate[R, P], R]
Bulk = Callable[Concatenate[Sequence[R], P], Sequence[R]]

# Every action by the code of its permission: the house tests and the reference read it.
REGISTRY: dict[str, list[Callable[..., Any]]] = {}


def action(permission: Permission[Any]) -> Callable[[Action[R, P]], Action[R, P]]:
    """Make a function the one way to do something to a record.

    The body runs in a transaction, on the row as it is now and locked, after the permission
    allowed it; what changed goes to the trail under the permission's code; a workflow's
    place in the inbox follows its owner and deadline.
    """

    def decorate(body: Action[R, P]) -> Action[R, P]:
        @wraps(body)
        def run(record: R, /, *args: P.args, **kwargs: P.kwargs) -> R:
            by: Any = kwargs["by"]
            assert isinstance(by, Actor)
            held = _held(record)
            new = record._state.adding
            try:
                with transaction.atomic():
                    before: dict[str, Any] = {}
                    if not new:
                        record.refresh_from_db(
                            from_queryset=type(record)._base_manager.select_for_update()
                        )
                        before = record.facts()
                        held = _held(record)
                    permission.check(by, record)
                    done = body(record, *args, **kwargs)
                    trail.record(by, permission.code, done, before=before)
                    if isinstance(done, Workflow):
                        inbox.follow(done, new=new and done is record)
                    return done
            except BaseException:
                # What the database took back, the record in hand takes back too.
                _put_back(record, held)
                raise

        run.permission = permission  # type: ignore[attr-defined]
        REGISTRY.setdefault(permission.code, []).append(run)
        return run

    return decorate


def _held(record: Record) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """What a record says in memory: its values, the rows it leads to, whether it is new."""
    return dict(record.__dict__), dict(record._state.fields_cache), record._state.adding


def _put_back(record: Record, held: tuple[dict[str, Any], dict[str, Any], bool]) -> None:
    values, cache, adding = held
    record.__dict__.clear()
    record.__dict__.update(values)
    record._state.fields_cache = cache
    record._state.adding = adding


def bulk_action(permission: Permission[Any]) -> Callable[[Bulk[R, P]], Bulk[R, P]]:
    """An action on many new records at once: one transaction, a trail line for each.

    The body receives the unsaved records, stores them and returns those it stored.
    """

    def decorate(body: Bulk[R, P]) -> Bulk[R, P]:
        @wraps(body)
        def run(records: Sequence[R], /, *args: P.args, **kwargs: P.kwargs) -> Sequence[R]:
            by: Any = kwargs["by"]
            assert isinstance(by, Actor)
            with transaction.atomic():
                for record in records:
                    permission.check(by, record)
                done = body(records, *args, **kwargs)
                bulk.create([trail.line(by, permission.code, record, {}) for record in done])
                return done

        run.permission = permission  # type: ignore[attr-defined]
        REGISTRY.setdefault(permission.code, []).append(run)
        return run

    return decorate
