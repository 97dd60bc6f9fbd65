"""Paper: PDF through typst with Chinese type, and QR codes.

A template is a `.typ` file that begins with

    #import "/ui/print/paper.typ": *
    #let data = json(bytes(sys.inputs.data))
    #show: paper.with(title: "转诊单")

Paths in it start at the `xinglin` package. A QR code made by `qr_svg` goes in as data and out as
`#picture(data.qr, width: 22mm)`.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
import typst
from django.core.serializers.json import DjangoJSONEncoder

ROOT = Path(__file__).resolve().parent.parent
SYSTEM_FONTS = "Noto Sans CJK SC"

# Compiling is quick and holds a cache of its own; one at a time keeps that cache safe.
_one_at_a_time = threading.Lock()


def pdf(template_path: Path, data: dict[str, Any], *, at: datetime | None = None) -> bytes:
    """The document that `template_path` makes of `data`; the same input gives the same bytes.

    `at` is the time written into the file as its creation; without it none is.
    """
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, cls=DjangoJSONEncoder)
    with _one_at_a_time:
        done = _compiler().compile(
            input=template_path.resolve(),
            format="pdf",
            sys_inputs={"data": text},
            timestamp=int(at.timestamp()) if at else 0,
        )
    assert isinstance(done, bytes)
    return done


def qr_svg(text: str) -> str:
    """A QR code as an SVG that keeps its quiet zone and scales; black on white."""
    out = BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", border=2, xmldecl=False, omitsize=True, light="#fff"
    )
    return out.getvalue().decode()


def qr_image(text: str) -> str:
    """The same as the address of a picture, for `<img src>`."""
    return f"data:image/svg+xml;base64,{b64encode(qr_svg(text).encode()).decode()}"


def fonts() -> Path | None:
    """The folder of the Chinese fonts that come as a package, if it is installed."""
    try:
        import pylopdf_fonts_zh_cn
    except ImportError:
        return None
    return Path(pylopdf_fonts_zh_cn.__file__).parent


@cache
def _compiler() -> typst.Compiler:
    folder = fonts()
    found: list[Any] = [folder] if folder else []
    return typst.Compiler(root=ROOT, font_paths=found, ignore_system_fonts=folder is not None)
