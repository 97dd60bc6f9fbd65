"""Sessions in the database, as Django keeps them. Every page reads one."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection
from django.utils import timezone

from xinglin.kernel.prepared import Statement


class SessionStore(db.SessionStore):
    """Django's own; only reading is compiled once."""

    def load(self) -> dict[str, Any]:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        values = [self.session_key, now]
        row = _reading(connection.vendor).ask(connection, values, lambda found: found.fetchone())
        if row is None:
            # So that a key that somebody made up is never taken over.
            self._session_key = None
            return {}
        told: dict[str, Any] = self.decode(row[0])
        return told


@cache
def _reading(vendor: str) -> Statement:
    return Statement(
        "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s",
        ("key", "now"),
        vendor,
    )
