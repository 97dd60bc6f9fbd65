"""The manual's screenshots, taken anew: plays the journeys and keeps the chosen pictures, small.

`make manual`, or `python -m tests.browser.manual`; all pictures stay in $XINGLIN_SCREENSHOTS.
Further arguments go to pytest: `--db postgres`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
MANUAL = ROOT / "docs" / "手册" / "images"
README = ROOT / "docs" / "images"
STORY = "a_county_refers_its_first_patient-*-"
JOURNEYS = ("test_story.py", "test_import.py")
LARGEST = 120_000

# Which picture goes where.
CHOSEN = {
    MANUAL / "01-workbench.png": STORY + "workbench",
    MANUAL / "02-new-referral.png": STORY + "referral-prefilled",
    MANUAL / "03-desk-inbox.png": STORY + "inbox",
    MANUAL / "04-accept.png": STORY + "accepts",
    MANUAL / "05-arrival.png": STORY + "arrival",
    MANUAL / "06-down-referral.png": STORY + "proposes-down",
    MANUAL / "07-follow-up.png": STORY + "phone-follow-up",
    MANUAL / "08-statistics.png": STORY + "statistics",
    MANUAL / "09-import.png": "a_file_*-import",
    MANUAL / "10-phone.png": STORY + "phone",
    README / "workbench.png": STORY + "workbench",
    README / "referral.png": STORY + "opens",
}


def main() -> int:
    folder = Path(
        os.environ.get("XINGLIN_SCREENSHOTS") or tempfile.mkdtemp(prefix="xinglin-shots-")
    )
    folder = folder.resolve()
    played = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q"),
            *(str(Path(__file__).parent / name) for name in JOURNEYS),
            *sys.argv[1:],
        ],
        cwd=ROOT,
        env={**os.environ, "XINGLIN_SCREENSHOTS": str(folder)},
    )
    if played.returncode:
        print("The journeys did not end well; the manual keeps its pictures.")
        return 1
    whole = 0
    for target, pattern in CHOSEN.items():
        found = sorted(folder.glob(f"{pattern}.png"), key=lambda path: path.stat().st_mtime)
        if not found:
            print(f"No picture {pattern} in {folder}: Chromium is missing, or a journey changed.")
            return 1
        size = keep(found[-1], target)
        whole += size
        print(f"{size / 1000:6.1f} KB  {target.relative_to(ROOT)}")
    print(f"{whole / 1000:6.1f} KB in all; every picture is in {folder}")
    return 0


def keep(source: Path, target: Path) -> int:
    """Write the picture no wider than a page needs, in as many colours as fit; its bytes."""
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    width = 1366 if picture.width > 800 else 360
    if picture.width > width:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    target.parent.mkdir(parents=True, exist_ok=True)
    for colours in (256, 128, 64, 32):
        # Even areas stay even: a page has few colours, and dots would only cost bytes.
        picture.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size <= LARGEST:
            break
    return target.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
