"""Outputs kept as files: compared in every run, written anew by `make golden`, read as a diff."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parent / "golden"


def assert_golden(name: str, found: Any) -> None:
    """Fail if `found` is not what tests/golden/<name>.json says."""
    path = GOLDEN / f"{name}.json"
    text = json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    if os.environ.get("XINGLIN_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.exists(), f"{path} is missing: make golden"
    assert text == path.read_text("utf-8")


def with_names(found: Any, names: dict[Any, str]) -> Any:
    """The same with ids that differ in every run replaced by what they stand for."""
    text = json.dumps(found, ensure_ascii=False)
    for key, name in names.items():
        text = text.replace(str(key), name)
    return json.loads(text)
