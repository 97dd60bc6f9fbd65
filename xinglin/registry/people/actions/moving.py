"""What is kept about a person follows them in a merge, and returns when it is undone.

Whatever any app keeps about a person by a foreign key is found through the model, not by a
list: an app that comes later is taken in without a change here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from xinglin.kernel import bulk, clock, inbox
from xinglin.kernel.errors import Conflict
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.people.models import (
    MatchKey,
    MatchReview,
    Merge,
    MergeMove,
    Person,
    SearchKey,
)

# The index's own: derived anew, or told of both registrations as they were.
STAYING = {SearchKey, MatchKey, MatchReview, Merge}


class CannotUnmerge(Conflict):
    code = "cannot-unmerge"


def links() -> Iterator[tuple[type[models.Model], models.ForeignKey[Any, Any]]]:
    """Every foreign key of every app that leads to a person and moves in a merge.

    What a person can have but one of, as an account, belongs to the registration for which it
    was made and stays with it; whoever follows it asks for the living one.
    """
    for relation in Person._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete):
            continue
        field: Any = getattr(relation, "field", None)
        if not isinstance(field, models.ForeignKey) or field.model in STAYING:
            continue
        if field.one_to_one:
            continue
        if field.model is Person and field.name == "replaced_by":
            continue
        yield field.model, field


def move(merge: Merge) -> None:
    """Let everything that leads to the merged registration lead to the survivor."""
    known = set(merge.moves.values_list("table", "field", "row"))
    for model, field in links():
        table = model._meta.label
        rows = model._base_manager.filter(**{field.name: merge.loser_id})
        keys = [
            pk
            for pk in rows.select_for_update().values_list("pk", flat=True)
            if (table, field.name, str(pk)) not in known
        ]
        if not keys:
            continue
        moved = set(_turn(model, field, keys, merge.survivor_id))
        left = [pk for pk in keys if pk not in moved]
        _remember(merge, field, MergeMove.Kind.MOVED, [pk for pk in keys if pk in moved])
        _remember(merge, field, MergeMove.Kind.LEFT, left)
        for row in model._base_manager.filter(pk__in=left):
            _widen(merge, field, row)
        _follow(model, moved)


def _turn(
    model: type[models.Model], field: models.ForeignKey[Any, Any], keys: list[Any], to: Any
) -> list[Any]:
    """Let rows lead to another person; those that the database refuses stay. Which were turned.

    A record that tells of somebody else has changed, for whoever asks what is new.
    """
    rows = model._base_manager
    now = {"updated_at": clock.now()} if issubclass(model, Record) else {}
    try:
        with transaction.atomic():
            for start in range(0, len(keys), 500):
                rows.filter(pk__in=keys[start : start + 500]).update(**{field.name: to}, **now)
        return keys
    except IntegrityError:
        # The survivor has one of them already.
        if len(keys) == 1:
            return []
    half = len(keys) // 2
    return [
        *_turn(model, field, keys[:half], to),
        *_turn(model, field, keys[half:], to),
    ]


def _widen(merge: Merge, field: models.ForeignKey[Any, Any], row: models.Model) -> None:
    """What the survivor has already takes in what the row that stays says more."""
    into = getattr(row, "widen", None)
    twin: Record | None = into(merge.survivor) if into is not None else None
    if twin is None:
        return
    before = type(twin)._base_manager.get(pk=twin.pk)
    assert isinstance(before, Record)
    if before.facts() == twin.facts():
        return
    twin.save()
    MergeMove(
        merge=merge,
        kind=MergeMove.Kind.WIDENED,
        table=twin._meta.label,
        field=field.name,
        row=str(twin.pk),
        before=before.facts(),
        after=twin.facts(),
    ).save(force_insert=True)


def _remember(
    merge: Merge, field: models.ForeignKey[Any, Any], kind: MergeMove.Kind, keys: Iterable[Any]
) -> None:
    table = field.model._meta.label
    bulk.insert(
        MergeMove,
        ("merge_id", "kind", "table", "field", "row", "before", "after"),
        [(merge.pk, kind.value, table, field.name, str(pk), {}, {}) for pk in keys],
    )


def move_back(merge: Merge) -> None:
    """Let what was moved lead to where it came from."""
    moves = merge.moves.filter(kind=MergeMove.Kind.MOVED).order_by("table", "field", "id")
    for (table, name), group in groupby(moves, key=lambda move: (move.table, move.field)):
        model = apps.get_model(table)
        field: Any = model._meta.get_field(name)
        key: Any = model._meta.pk
        keys = [key.to_python(move.row) for move in group]
        # What has gone elsewhere since, or is no more, stays as it is.
        still = model._base_manager.filter(pk__in=keys, **{name: merge.survivor_id})
        here = list(still.values_list("pk", flat=True))
        if len(_turn(model, field, here, merge.loser_id)) != len(here):
            raise CannotUnmerge(
                _("“%(table)s”中有资料不能退回并入的档案，请先核对。")
                % {"table": model._meta.verbose_name}
            )
        _follow(model, here)
    for move in merge.moves.filter(kind=MergeMove.Kind.WIDENED).order_by("-id"):
        _narrow(move)


def _narrow(move: MergeMove) -> None:
    """Undo a widening, as far as nobody has touched the row since."""
    row = apps.get_model(move.table)._base_manager.filter(pk=move.row).first()
    if not isinstance(row, Record):
        return
    now = row.facts()
    for field in row._meta.concrete_fields:
        name = field.attname
        if name in move.before and move.before[name] != move.after[name] == now[name]:
            setattr(row, name, field.to_python(move.before[name]))
    row.save()


def _follow(model: type[models.Model], keys: Iterable[Any]) -> None:
    """The inbox names the person as the rows now do."""
    if issubclass(model, Workflow):
        for row in model._base_manager.filter(pk__in=list(keys), due_at__isnull=False):
            inbox.follow(row)
