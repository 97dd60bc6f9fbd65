"""Identifiers that sort by the time they were made (UUID version 7, RFC 9562)."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7: unique without asking the database, and in order of creation."""
    return uuid_utils.compat.uuid7()
