"""What needs no database: codes that a resident shows, and what a typed proof is."""

from __future__ import annotations

import secrets
from typing import Literal

from django.utils.crypto import salted_hmac

DIGITS = 6


def new_code() -> str:
    """Six digits that nobody can guess from the last ones."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def digest_of(code: str, person_id: object) -> str:
    """What is kept of a code: it cannot be read back, and fits one person only."""
    return salted_hmac(
        "xinglin.privacy.code", f"{person_id}:{code}", algorithm="sha256"
    ).hexdigest()


def kind_of(typed: str) -> tuple[Literal["code", "card", ""], str]:
    """Whether somebody typed a code or the number of an identity card, and its plain form."""
    plain = "".join(typed.split()).replace("-", "").upper()
    if len(plain) == DIGITS and plain.isdigit():
        return "code", plain
    if len(plain) in (15, 18) and plain[:-1].isdigit():
        return "card", plain
    return "", plain
