"""Documents: files taken in, and summaries composed of the record."""

from __future__ import annotations

import hashlib

from django.core.files.base import File
from django.utils.translation import gettext as _

from xinglin.clinical.record import permissions
from xinglin.clinical.record.actions.checking import check
from xinglin.clinical.record.models import Document
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused


class WrongFile(Refused):
    code = "wrong-file"


@action(permissions.FILE)
def file_document(document: Document, *, by: Actor, content: File[bytes]) -> Document:
    """File a document: its type is read from its bytes, its size limited, its digest kept."""
    attach(document, content)
    check(document)
    document.author = document.author or by.name
    document.save(force_insert=True)
    return document


# The first bytes of what may be filed; a name or a header may lie, these do not.
SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def attach(document: Document, content: File[bytes]) -> None:
    """Take the file in: refuse it by size or type, else keep digest, size and type."""
    limit = parameters.get("attachment.max_megabytes")
    size = content.size or 0
    if size > limit * 1024 * 1024:
        raise WrongFile(
            _("附件 %(name)s 超过 %(limit)s MB，请压缩后再传。")
            % {"name": content.name, "limit": limit},
            field="file",
        )
    if size == 0:
        raise WrongFile(_("附件 %(name)s 是空文件。") % {"name": content.name}, field="file")
    head = content.read(16)
    found = next((kind for start, kind in SIGNATURES if head.startswith(start)), "")
    if found not in parameters.get("attachment.types"):
        raise WrongFile(
            _("附件 %(name)s 不是 PDF、PNG 或 JPEG 文件。") % {"name": content.name}, field="file"
        )
    digest = hashlib.sha256(head)
    for chunk in iter(lambda: content.read(1 << 16), b""):
        digest.update(chunk)
    content.seek(0)
    document.digest = digest.hexdigest()
    document.media_type = found
    document.size = size
    document.filed_at = document.filed_at or clock.now()
    document.title = document.title or (content.name or "")[:200]
    suffix = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[found]
    # Stored when the row is, not before.
    document.file = File(content, name=f"{document.digest}.{suffix}")
