"""Lay the third-party parts of the look in place: `python -m xinglin.ui.assets`.

Takes Tabler's style sheet and the icons we use from `node_modules/` of the repository (after
`npm ci`) and writes them to `static/ui/built/`, which is never committed. Safe to run again.
`Storage` serves static files under names that change with their content.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from whitenoise.storage import CompressedManifestStaticFilesStorage

HERE = Path(__file__).resolve().parent
MODULES = HERE.parent.parent / "node_modules"
BUILT = HERE / "static" / "ui" / "built"

ICONS = """
activity-heartbeat adjustments-horizontal alert-circle alert-triangle ambulance arrow-back-up
arrow-left arrow-right arrows-exchange baby-carriage ban bandage bed bell book brain
building-hospital calendar calendar-event camera chart-bar chart-line check checklist chevron-down
chevron-left chevron-right chevron-up circle circle-check circle-dashed circle-dot circle-x
clipboard-check clipboard-heart clipboard-list clock coin database device-desktop device-mobile
dots download droplet edit external-link eye eye-off file-plus file-text filter first-aid-kit flag
heart-rate-monitor heartbeat history home hourglass id inbox info-circle key keyboard leaf link
lock logout mail map map-pin menu-2 message microscope moon news package paperclip phone photo
pill plus point printer progress qrcode receipt refresh report-medical rotate-clockwise scan
school search send settings shield-check star stethoscope stopwatch sun table text-size trash
truck upload urgent user user-plus users vaccine video volume volume-off wifi-off woman x
""".split()


class Storage(CompressedManifestStaticFilesStorage):
    """Names with a content hash after `collectstatic`; plain names before it."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        known: str = self.hashed_files.get(self.hash_key(self.clean_name(name)), name)
        return known


class Missing(Exception):
    """A file that `npm ci` should have brought is not there."""


def build(modules: Path = MODULES, built: Path = BUILT) -> list[Path]:
    """Write the style sheet and the sprite; return what was written."""
    sheet = modules / "@tabler" / "core" / "dist" / "css" / "tabler.min.css"
    outlines = modules / "@tabler" / "icons" / "icons" / "outline"
    if not sheet.is_file() or not outlines.is_dir():
        raise Missing(f"前端文件不在 {modules}，请先在仓库根目录运行 npm ci。")
    built.mkdir(parents=True, exist_ok=True)
    return [
        _write(built / "tabler.css", _without_source_map(sheet.read_text("utf-8"))),
        _write(built / "icons.svg", sprite(outlines)),
    ]


def sprite(outlines: Path, names: list[str] = ICONS) -> str:
    """One SVG holding each icon as a symbol named like its file."""
    symbols = "".join(_symbol(outlines, name) for name in sorted(names))
    return '<svg xmlns="http://www.w3.org/2000/svg">' + symbols + "</svg>\n"


def _symbol(outlines: Path, name: str) -> str:
    path = outlines / f"{name}.svg"
    if not path.is_file():
        raise Missing(f"图标 {name} 不在 @tabler/icons 中。")
    drawing = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text("utf-8"), re.DOTALL)
    if drawing is None:
        raise Missing(f"图标 {name} 的文件不完整。")
    lines = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", drawing[1])
    lines = re.sub(r"\s*\n\s*", "", lines).replace(" />", "/>")
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{lines}</symbol>'
    )


def _without_source_map(css: str) -> str:
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)


def _write(path: Path, text: str) -> Path:
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
    return path


if __name__ == "__main__":
    try:
        for written in build():
            sys.stdout.write(f"{written.name}  {written.stat().st_size:,} B\n")
    except Missing as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
