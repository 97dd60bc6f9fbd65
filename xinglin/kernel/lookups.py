"""A prefix search that every database answers from a plain index.

Django's `startswith` becomes a LIKE with an escape clause, which SQLite cannot answer from
an index. `field__prefix="wang"` does the same by a range on SQLite; on PostgreSQL by a LIKE
that a `text_pattern_ops` index serves.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Lookup, TextField


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
