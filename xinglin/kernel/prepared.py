"""A query, or a storing, that is compiled once and then only done.

Building and compiling a wide query costs Django several times what the database needs to
answer it. A `Prepared` keeps the compiled text and the places of its parameters:

    found = Prepared(Referral.objects.visible_to(actor).filter(pk=SLOT)).first(pk)

The parameters of everything but the slot are frozen with it, so a prepared query is for the
actor it was made for and for a few seconds: keep it in a `Cabinet`.

PostgreSQL prepares the statement as well, once on each connection: to plan a query over all kinds
of facts takes it ten times as long as to answer it. The frozen values are parameters there too,
so that all actors who ask the same text share one plan. A connection whose `prepare_threshold` is
None (a pooler stands between, see `config.environment`) gets plain statements.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import AutoField, Model, QuerySet, UUIDField
from django.db.models.base import ModelState
from psycopg.sql import Literal

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
        if connection.vendor == "postgresql":
            self.sql, params = _fold(self.sql, params)
        self.statement = Statement(self.sql, params, connection.vendor)
        self.slots = [
            (place, numbers[value])
            for place, value in enumerate(self.statement.values)
            if isinstance(value, str | UUID) and value in numbers
        ]
        assert self.slots, "a prepared query needs its SLOT"
        self.selected = [column[0] for column in compiler.select]
        self.converters = [
            (place, convert, expression)
            for place, (convert, expression) in compiler.get_converters(self.selected).items()
        ]

    def _shorten(self, queryset: QuerySet[Any, Any], connection: Any) -> list[str]:
        """Ask SQLite for `table.*` instead of a hundred names: it reads a text at every call.

        Returns the names, in the model's order; empty if the text names no whole row. A prepared
        statement of PostgreSQL keeps the names: it fails when a star comes to mean more columns.
        """
        if connection.vendor != "sqlite":
            return []
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
        values = list(self.statement.values)
        keys = [_FIELD.get_db_prep_value(key, connection) for key in (pk, *further)]
        for place, number in self.slots:
            values[place] = keys[number]
        rows = self.statement.ask(connection, values, self._in_order)
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


class Statement:
    """A text with its values, each distinct one once, as the driver beneath Django takes it."""

    def __init__(self, sql: str, params: Sequence[Any], vendor: str) -> None:
        self.sql = sql
        self.values: list[Any] = []
        # The place in `values` of each placeholder of `sql`.
        self.places: list[int] = []
        known: dict[Hashable, int] = {}
        for param in params:
            # 1 and True are equal, and of different types in the database.
            key = (type(param), param) if isinstance(param, Hashable) else id(param)
            if key not in known:
                known[key] = len(self.values)
                self.values.append(param)
            self.places.append(known[key])
        mark = "$" if vendor == "postgresql" else "?"
        self.native = _fill(sql, [f"{mark}{place + 1}" for place in self.places]).replace("%%", "%")
        # psycopg finds a prepared statement by its bytes: it need not encode them each time.
        self.encoded = self.native.encode()

    def ask(self, connection: Any, values: Sequence[Any], take: Callable[[Any], T]) -> T:
        """What `take` makes of the cursor: the driver's own, as Django's reads the text each time.

        Whoever counts queries or wraps them still sees each one.
        """
        if connection.queries_logged or connection.execute_wrappers:
            return self._plainly(connection, values, take)
        connection.validate_no_broken_transaction()
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            with connection.wrap_database_errors:
                return take(connection.connection.execute(self.native, values))
        if connection.connection.prepare_threshold is None:
            return self._plainly(connection, values, take)
        with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
            return take(cursor.execute(self.encoded, values, prepare=True))

    def _plainly(self, connection: Any, values: Sequence[Any], take: Callable[[Any], T]) -> T:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [values[place] for place in self.places])
            return take(cursor)


def _fold(sql: str, params: Sequence[Any]) -> tuple[str, list[Any]]:
    """Make texts and whole numbers part of the statement.

    They belong to the question, and a plan that knows them can use an index that has them as its
    condition. Ids and times belong to who asks, and when, and stay parameters.
    """
    marks = [
        Literal(param).as_string().replace("%", "%%") if isinstance(param, str | int) else "%s"
        for param in params
    ]
    return _fill(sql, marks), [param for param in params if not isinstance(param, str | int)]


def _fill(sql: str, marks: Sequence[str]) -> str:
    """The text with each of these in the place of a placeholder."""
    waiting = iter(marks)
    return re.sub("%[s%]", lambda at: next(waiting) if at[0] == "%s" else at[0], sql)


_storing: dict[tuple[type[Model], str], tuple[list[Any], Statement]] = {}


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
        sql = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        _storing[key] = fields, Statement(sql, range(len(fields)), connection.vendor)
    fields, statement = _storing[key]
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    statement.ask(connection, values, lambda cursor: None)
    row._state.adding = False
    row._state.db = using


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
