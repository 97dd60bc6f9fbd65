"""What tells a page that lies open whether it still shows what is."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.translation import get_language

from xinglin.ui.requests import Request


def etag(request: Request, state: Any) -> str:
    """A name for this state as this post reads it in this language."""
    told = repr((state, str(request.actor.post_id), get_language()))
    return f'W/"{hashlib.blake2s(told.encode(), digest_size=10).hexdigest()}"'


def unchanged(request: Request, tag: str) -> bool:
    return request.headers.get("If-None-Match") == tag
