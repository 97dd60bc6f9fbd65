"""A query, or a storing, that is compiled once and then only done.

Building and compiling a wide query costs Django several times what the database needs to
answer it. A `Prepared` keeps the compiled text and the places of its parameters:

    found = Prepared(Referral.objects.visible_to(actor).filter(pk=SLOT)).first(pk)

The parameters of everything but the slot are frozen with it, so a prepared query is for the
actor it was made for and for a few seconds: keep it in a `Cabinet`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import AutoField, Model, QuerySet, UUIDField
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)
T = TypeVar("T")
V = TypeVar("V")

# Stands in the queryset where the id will be; the others where further ids will be.
SLOT = UUID("5107f111-0000-4000-8000-000000000000")
FURTHER = tuple(UUID(int=SLOT.int + place) for place in range(1, 65))
_FIELD = UUIDField()


class Prepared:
    """The rows of one queryset, by an id in the place of `SLOT`, and more in those of `FURTHER`."""

    def __init__(self, queryset: QuerySet[Any, Any], using: str = DEFAULT_DB_ALIAS) -> None:
        connection = connections[using]
        self.using = using
        compiler = queryset.query.get_compiler(using=using)
        try:
            self.sql, params = compiler.as_sql()
        except EmptyResultSet:
            self.sql = ""
            return
        self.columns = self._shorten(queryset, connection)
        self.width = 0
        self.order: list[int] = []
        numbers = {
            _FIELD.get_db_prep_value(slot, connection): number
            for number, slot in enumerate((SLOT, *FURTHER))
        }
        self.params = list(params)
        self.slots = [
            (place, numbers[value])
            for place, value in enumerate(self.params)
            if isinstance(value, str | UUID) and value in numbers
        ]
        assert self.slots, "a prepared query needs its SLOT"
        self.selected = [column[0] for column in compiler.select]
        self.converters = [
            (place, convert, expression)
            for place, (convert, expression) in compiler.get_converters(self.selected).items()
        ]

    def _shorten(self, queryset: QuerySet[Any, Any], connection: Any) -> list[str]:
        """Ask for `table.*` instead of a hundred names: drivers read a text at every call.

        Returns the names, in the model's order; empty if the text names no whole row.
        """
        meta = queryset.model._meta
        quote = connection.ops.quote_name
        columns = [str(field.column) for field in meta.concrete_fields]
        table = quote(meta.db_table)
        named = ", ".join(f"{table}.{quote(column)}" for column in columns)
        if not self.sql.startswith(f"SELECT {named}"):
            return []
        self.sql = self.sql.replace(named, f"{table}.*", 1)
        return columns

    def _in_order(self, cursor: Any) -> list[list[Any]]:
        """Rows in the model's order, whatever order the table grew in."""
        rows = cursor.fetchall()
        if not rows or not self.columns:
            return [list(row) for row in rows]
        if len(rows[0]) != self.width:
            names = [column[0] for column in cursor.description]
            self.width = len(names)
            stored = names[: self.width - len(self.selected) + len(self.columns)]
            self.order = [stored.index(column) for column in self.columns]
            self.order += range(len(stored), self.width)
        return [[row[place] for place in self.order] for row in rows]

    def all(self, pk: UUID, *further: UUID) -> list[list[Any]]:
        """Every row, in the order of the selected columns; as many further ids as it has slots."""
        if not self.sql:
            return []
        connection = connections[self.using]
        params = list(self.params)
        keys = [_FIELD.get_db_prep_value(key, connection) for key in (pk, *further)]
        for place, number in self.slots:
            params[place] = keys[number]
        rows = _ask(connection, self.sql, params, self._in_order)
        for place, converters, expression in self.converters:
            for row in rows:
                value = row[place]
                if value is not None:
                    for convert in converters:
                        value = convert(value, expression, connection)
                    row[place] = value
        return rows

    def first(self, pk: UUID) -> Sequence[Any] | None:
        rows = self.all(pk)
        return rows[0] if rows else None

    def row(self, model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
        """The stored row as its model, without the signals and checks of making a new one."""
        found = model.__new__(model)
        found._state = ModelState()
        found._state.adding = False
        found._state.db = self.using
        found.__dict__.update(zip(names, values, strict=True))
        return found


_storing: dict[tuple[type[Model], str], tuple[list[Any], str]] = {}


def store(row: Model, using: str = DEFAULT_DB_ALIAS) -> None:
    """Store a new row: no signals, and a key that the database gives is not read back."""
    connection = connections[using]
    key = (type(row), connection.vendor)
    if key not in _storing:
        fields = [f for f in row._meta.concrete_fields if not isinstance(f, AutoField)]
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(field.column)) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        table = quote(row._meta.db_table)
        _storing[key] = fields, f"INSERT INTO {table} ({columns}) VALUES ({places})"
    fields, sql = _storing[key]
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    _ask(connection, sql, values, lambda cursor: None)
    row._state.adding = False
    row._state.db = using


def _ask(connection: Any, sql: str, params: list[Any], take: Callable[[Any], T]) -> T:
    """What `take` makes of the cursor: Django's, on SQLite the one beneath it.

    Django would translate the placeholders at every call. Whoever counts queries or wraps them
    still sees each one.
    """
    watched = connection.queries_logged or connection.execute_wrappers
    if connection.vendor != "sqlite" or watched:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return take(cursor)
    connection.validate_no_broken_transaction()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return take(connection.connection.execute(_question_marks(sql), params))


@lru_cache(maxsize=500)
def _question_marks(sql: str) -> str:
    assert "%%" not in sql, "a prepared text holds placeholders only"
    return sql.replace("%s", "?")


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

    def clear(self) -> None:
        self._kept.clear()
