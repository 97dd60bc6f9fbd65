"""What the writing of a resource needs beside its row: a patient's numbers, a letter's papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.kernel.searching import Offer

_queries: Cabinet[Prepared] = Cabinet()


def with_parts(actor: Actor, offer: Offer, rows: Sequence[Any]) -> None:
    """Fetch it for all of the rows at once.

    For one row by a compiled query: compiling would cost more than all the rest of a reading.
    """
    if len(rows) != 1 or not offer.lists:
        parts = offer.parts(actor)
        if parts and rows:
            prefetch_related_objects(list(rows), *parts)
        return
    (row,) = rows
    for name, attribute, model in offer.lists:
        one = _queries.get(
            (actor, offer, name),
            lambda name=name: _prepared(actor, offer, name),  # type: ignore[misc]
        )
        names = [column.attname for column in model._meta.concrete_fields]
        setattr(row, attribute, [one.row(model, names, values) for values in one.all(row.pk)])


def _prepared(actor: Actor, offer: Offer, name: str) -> Prepared:
    """The compiled form of the part of that name, for one row."""
    (part,) = [
        each
        for each in offer.parts(actor)
        if isinstance(each, Prefetch) and each.prefetch_through == name
    ]
    relation: Any = offer.model._meta.get_field(name)
    back = relation.field.name if relation.one_to_many else relation.related_query_name()
    assert part.queryset is not None, "a part that is a list says which rows, and in which order"
    return Prepared(part.queryset.filter(**{back: SLOT}))
