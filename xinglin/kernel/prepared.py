"""A query that is compiled once and then only asked.

Building and compiling a wide query costs Django several times what the database needs to
answer it. A `Prepared` keeps the compiled text and the places of its parameters:

    found = Prepared(Referral.objects.visible_to(actor).filter(pk=SLOT)).first(pk)

The parameters of everything but the slot are frozen with it, so a prepared query is for the
actor it was made for and for a few seconds: keep it in a `Cabinet`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet, UUIDField

V = TypeVar("V")

# Stands in the queryset where the id will be.
SLOT = UUID("5107f111-0000-4000-8000-000000000000")
_FIELD = UUIDField()


class Prepared:
    """The rows of one queryset, by an id in the place of `SLOT`."""

    def __init__(self, queryset: QuerySet[Any, Any], using: str = DEFAULT_DB_ALIAS) -> None:
        connection = connections[using]
        self.using = using
        compiler = queryset.query.get_compiler(using=using)
        try:
            self.sql, params = compiler.as_sql()
        except EmptyResultSet:
            self.sql = ""
            return
        slot = _FIELD.get_db_prep_value(SLOT, connection)
        self.params = list(params)
        self.slots = [place for place, value in enumerate(self.params) if value == slot]
        assert self.slots, "a prepared query needs its SLOT"
        self.converters = [
            (place, convert, expression)
            for place, (convert, expression) in compiler.get_converters(
                [column[0] for column in compiler.select]
            ).items()
        ]

    def all(self, pk: UUID) -> list[list[Any]]:
        """Every row, in the order of the selected columns."""
        if not self.sql:
            return []
        connection = connections[self.using]
        params = list(self.params)
        for place in self.slots:
            params[place] = _FIELD.get_db_prep_value(pk, connection)
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows = [list(row) for row in cursor.fetchall()]
        for place, converters, expression in self.converters:
            for row in rows:
                value = row[place]
                for convert in converters:
                    value = convert(value, expression, connection)
                row[place] = value
        return rows

    def first(self, pk: UUID) -> Sequence[Any] | None:
        rows = self.all(pk)
        return rows[0] if rows else None


class Cabinet(Generic[V]):
    """Things that are dear to make and may be a few seconds old."""

    def __init__(self, lasts: float = 20.0, most: int = 500) -> None:
        self.lasts = lasts
        self.most = most
        self._kept: dict[Hashable, tuple[float, V]] = {}

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > now:
            return kept[1]
        made = make()
        if len(self._kept) >= self.most:
            self._kept.clear()
        self._kept[key] = (now + self.lasts, made)
        return made
