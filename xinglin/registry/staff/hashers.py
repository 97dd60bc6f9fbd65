"""Password hashing: Argon2id, cheap in tests and demos, strong in production."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id by the parameters of RFC 9106's second choice; one pass in a demo."""

    time_cost = 1 if settings.DEMO else 3
    memory_cost = 8192 if settings.DEMO else 65536
    parallelism = 1 if settings.DEMO else 4
