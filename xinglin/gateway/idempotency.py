"""A POST with an `Idempotency-Key` is done once, however often it is sent.

The key is claimed, the act done and its answer stored in one transaction: a crash leaves all
or nothing, a second sender waits for the first and gets the same answer. A refused request
leaves no key behind, so it may be corrected and sent again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.gateway.models import StoredAnswer
from xinglin.kernel import aftermath, worker
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused

HEADER = "Idempotency-Key"
REPLAY = "Idempotent-Replay"
KEPT = timedelta(hours=48)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_HEADERS = ("Content-Type", "Location")


class BadKey(Refused):
    code = "bad-idempotency-key"


class KeyReused(Refused):
    code = "idempotency-key-reused"


def once(request: HttpRequest, actor: Actor, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Do it, or give the answer of when it was done."""
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise BadKey(_("Idempotency-Key 须为 1～200 个可打印的英文字符，不含空格。"))
    digest = _digest(request)
    with aftermath.kept() as nothing_undone, transaction.atomic():
        stored, ours = StoredAnswer.objects.claim(actor, key, digest)
        if not ours:
            return _again(stored, digest)
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            nothing_undone()
            StoredAnswer.objects.fill(
                stored.pk,
                status=response.status_code,
                headers={name: response[name] for name in _HEADERS if name in response},
                content=response.content,
            )
    return response


def _again(stored: StoredAnswer, digest: str) -> HttpResponse:
    if stored.digest != digest:
        raise KeyReused(_("该 Idempotency-Key 已用于另一个请求，请换一个键。"))
    response = HttpResponse(bytes(stored.content), status=stored.status or 200)
    for name, value in stored.headers.items():
        response[name] = value
    response[REPLAY] = "true"
    return response


def _digest(request: HttpRequest) -> str:
    """What makes two requests the same; a multipart boundary does not count."""
    digest = sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for name, values in sorted(request.POST.lists()):
            digest.update(repr((name, values)).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                digest.update(repr((name, file.name, file.size)).encode())
                for chunk in file.chunks():
                    digest.update(chunk)
                file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


@worker.every(3600)
def purge() -> int:
    """Forget answers that nobody will ask for again."""
    return StoredAnswer.objects.purge(timezone.now() - KEPT)
