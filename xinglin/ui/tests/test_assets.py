"""What set-up lays in place."""

import pytest

from xinglin.ui import assets

DRAWING = """<svg viewBox="0 0 24 24">
  <path stroke="none" d="M0 0h24v24H0z" fill="none" />
  <path d="M3 12h18" />
</svg>
"""


@pytest.fixture
def modules(tmp_path):
    css = tmp_path / "@tabler/core/dist/css"
    outlines = tmp_path / "@tabler/icons/icons/outline"
    css.mkdir(parents=True)
    outlines.mkdir(parents=True)
    (css / "tabler.min.css").write_text("a{b:c}\n/*# sourceMappingURL=x.map */", "utf-8")
    for name in assets.ICONS:
        (outlines / f"{name}.svg").write_text(DRAWING, "utf-8")
    return tmp_path


def test_the_sheet_and_the_sprite_are_built_and_built_again(modules, tmp_path):
    built = tmp_path / "built"
    first = {path: path.read_bytes() for path in assets.build(modules, built)}
    assert b"sourceMappingURL" not in (built / "tabler.css").read_bytes()
    assert '<symbol id="bell"' in (built / "icons.svg").read_text("utf-8")
    assert {path: path.read_bytes() for path in assets.build(modules, built)} == first


def test_without_node_modules_one_sentence_says_what_to_do(tmp_path):
    with pytest.raises(assets.Missing, match="npm ci"):
        assets.build(tmp_path / "node_modules", tmp_path)
