"""Putting rows in: past Django, batch by batch, while the indexes are off."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

BATCH = 20_000


class Table:
    """A model's table, taking rows of the named columns; all others keep the field's default."""

    def __init__(self, model: Any, *columns: str, **constant: Any) -> None:
        from django.db import connection, models

        self.connection = connection
        self.name = model._meta.db_table
        self.varying = columns
        self.postgres = connection.vendor == "postgresql"
        self.text = _copied if self.postgres else _stored
        fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.BigAutoField)]
        by_name = {field.attname: field for field in fields}
        unknown = set(columns) | set(constant) - by_name.keys()
        assert unknown <= by_name.keys(), unknown - by_name.keys()
        self.columns = [by_name[name].column for name in columns]
        rest = [field for field in fields if field.attname not in columns]
        self.fixed_columns = [field.column for field in rest]
        self.fixed = [constant[f.attname] if f.attname in constant else _default(f) for f in rest]

    def fill(self, rows: Iterable[Sequence[Any]]) -> int:
        """Put the rows in; how many there were."""
        done = 0
        for batch in batches(rows):
            (self._copy if self.postgres else self._insert)(batch)
            done += len(batch)
        return done

    def _copy(self, rows: list[Sequence[Any]]) -> None:
        text = self.text
        names = ", ".join(f'"{name}"' for name in [*self.columns, *self.fixed_columns])
        tail = "".join("\t" + text(value) for value in self.fixed) + "\n"
        block = "".join("\t".join(map(text, row)) + tail for row in rows)
        into = f'COPY "{self.name}" ({names}) FROM STDIN'
        with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            copy.write(block)

    def _insert(self, rows: list[Sequence[Any]]) -> None:
        text = self.text
        names = ", ".join(f'"{name}"' for name in [*self.columns, *self.fixed_columns])
        fixed = "".join(", " + _literal(text(value)) for value in self.fixed)
        marks = ", ".join("?" * len(self.columns))
        # Past Django's cursor, which would rewrite and log every row.
        self.connection.connection.executemany(
            f'INSERT INTO "{self.name}" ({names}) VALUES ({marks}{fixed})',
            (list(map(text, row)) for row in rows),
        )


def _default(field: Any) -> Any:
    from django.db.models import JSONField

    if field.get_internal_type() == "DateTimeField" and not field.null:
        return datetime.now(UTC)
    value = field.get_default()
    return json.dumps(value) if isinstance(field, JSONField) else value


def batches(rows: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, size)):
        yield batch


def _copied(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\")
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False).replace("\\", "\\\\")
    return str(value)


def _stored(value: Any) -> Any:
    """A value as Django stores it in SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    return "'" + str(value).replace("'", "''") + "'"


class WithoutIndexes:
    """Indexes off while the rows come, and back on afterwards, as they were."""

    def __init__(self) -> None:
        from django.db import connection

        self.connection = connection
        self.definitions: list[tuple[str, str]] = []

    def __enter__(self) -> None:
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                # Foreign keys are checked by triggers, row by row: these rows are known to fit.
                cursor.execute("SET session_replication_role = replica")
                cursor.execute("SET maintenance_work_mem = '512MB'")
                cursor.execute(
                    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
                    "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
                )
            else:
                cursor.execute("PRAGMA foreign_keys = OFF")
                cursor.execute("PRAGMA synchronous = OFF")
                cursor.execute("PRAGMA cache_size = -1000000")
                cursor.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
                )
            self.definitions = cursor.fetchall()
            for name, _sql in self.definitions:
                cursor.execute(f'DROP INDEX "{name}"')
        if self.connection.vendor == "sqlite":
            self.connection.connection.execute("BEGIN")

    def __exit__(self, *problem: object) -> None:
        if self.connection.vendor == "sqlite":
            self.connection.connection.execute("COMMIT")
        with self.connection.cursor() as cursor:
            for _name, sql in self.definitions:
                cursor.execute(sql)
            if self.connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = DEFAULT")
                cursor.execute("VACUUM ANALYZE")
            else:
                cursor.execute("ANALYZE")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
