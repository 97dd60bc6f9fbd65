"""A prefix search that every database answers from a plain index.

Django's `startswith` becomes a LIKE with an escape clause, which SQLite cannot answer from
an index. `field__prefix="wang"` does the same by a range on SQLite; on PostgreSQL by a LIKE
that a `text_pattern_ops` index serves.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, ForeignKey, Lookup, OrderBy, TextField
from django.db.models.fields.related_lookups import RelatedIn


@CharField.register_lookup
@TextField.register_lookup
class Prefix(Lookup):
    lookup_name = "prefix"
    prepare_rhs = True

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        _, right_params = self.process_rhs(compiler, connection)
        text = str(right_params[0])
        return (
            f"({left} >= %s AND {left} < %s)",
            (*left_params, text, *left_params, text + "\U0010ffff"),
        )

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        _, right_params = self.process_rhs(compiler, connection)
        text = str(right_params[0])
        escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        return f"{left} LIKE %s", (*left_params, escaped + "%")


@ForeignKey.register_lookup
class Among(RelatedIn):
    """`house__among=ids`: as `in`, but looked at row by row.

    For a page of a long list that is read in its order. From the many values SQLite would
    otherwise fetch and sort every row of each, however few are wanted. PostgreSQL knows better.
    """

    lookup_name = "among"

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        sql, params = super().as_sql(compiler, connection)
        return f"+{sql}", params


class InPrefixOrder(OrderBy):
    """Ascending in the order of the index that serves `prefix`.

    On PostgreSQL a pattern index has an order of its own. Asked for the usual one, the database
    would read and sort everything that a single letter matches before showing the first twenty.
    """

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        # Django takes an ordering apart at its last word, which this one does not have.
        return self.as_sql(compiler, connection, template="%(expression)s USING ~<~ /* ASC */")
