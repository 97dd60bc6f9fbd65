"""A stored file as an answer: shown in the browser, or saved under its own name."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404


def stored_file(file: Any, *, title: str, media_type: str, save: bool = False) -> FileResponse:
    """The bytes of a FieldFile; Http404 if the storage has lost them."""
    try:
        content = file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    suffix = file.name.rpartition(".")[2]
    name = title if title.endswith(f".{suffix}") else f"{title}.{suffix}"
    return FileResponse(content, as_attachment=save, filename=name, content_type=media_type)
