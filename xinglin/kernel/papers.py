"""Files people hand in: the type is read from the bytes, the size limited, a digest kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.utils.translation import gettext as _

from xinglin.kernel import parameters
from xinglin.kernel.errors import Refused

# The first bytes of what may be filed; a name or a header may lie, these do not.
SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
SUFFIXES = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


class WrongFile(Refused):
    """Too big, empty, or of a type that is not filed."""

    code = "wrong-file"


@dataclass(frozen=True)
class Taken:
    """A file that may be stored: `digest` is SHA-256, `size` in bytes, `name` as it was given."""

    file: File[Any]
    name: str
    digest: str
    media_type: str
    size: int


def take_in(content: File[bytes], *, field: str = "file") -> Taken:
    """Look at a file before it is stored; `WrongFile` says what is wrong with it.

    The stored name is the digest, so that nothing of the sender's name reaches the disk.
    """
    limit = parameters.get("attachment.max_megabytes")
    size = content.size or 0
    if size > limit * 1024 * 1024:
        raise WrongFile(
            _("附件 %(name)s 超过 %(limit)s MB，请压缩后再传。")
            % {"name": content.name, "limit": limit},
            field=field,
        )
    if size == 0:
        raise WrongFile(_("附件 %(name)s 是空文件。") % {"name": content.name}, field=field)
    head = content.read(16)
    found = next((kind for start, kind in SIGNATURES if head.startswith(start)), "")
    if found not in parameters.get("attachment.types"):
        raise WrongFile(
            _("附件 %(name)s 不是 PDF、PNG 或 JPEG 文件。") % {"name": content.name}, field=field
        )
    digest = hashlib.sha256(head)
    for chunk in iter(lambda: content.read(1 << 16), b""):
        digest.update(chunk)
    content.seek(0)
    told = digest.hexdigest()
    return Taken(
        file=File(content, name=f"{told}.{SUFFIXES[found]}"),
        name=content.name or "",
        digest=told,
        media_type=found,
        size=size,
    )
