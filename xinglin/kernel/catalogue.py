"""Reference data and policy as files, with the county's own laid over them.

A file is looked for in the county's overlay folder (`XINGLIN_CATALOGUE`) and in the
repository's `catalogue/`. A TOML overlay is merged over the base file, key by key; a CSV
overlay replaces rows with the same first column and adds the others. Every file names its
source: TOML in its own `[source]` table, CSV in a sidecar `<name>.csv.toml`.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

R = TypeVar("R")


@dataclass(frozen=True)
class Source:
    """Where a file's facts come from, and how far they may be relied upon."""

    title: str
    document: str
    edition: str
    valid_from: date
    confidence: str


def folders() -> list[Path]:
    """The folders that are read, the weakest first."""
    base = [Path(settings.CATALOGUE)]
    overlay = settings.CATALOGUE_OVERLAY
    return [*base, Path(overlay)] if overlay else base


def stamp(name: str) -> tuple[tuple[str, int], ...]:
    """What a cached reading of the file depends on; cheap enough for every row of a list."""
    found = []
    for folder in (settings.CATALOGUE, settings.CATALOGUE_OVERLAY):
        if not folder:
            continue
        path = f"{folder}/{name}"
        try:
            found.append((path, os.stat(path).st_mtime_ns))
        except FileNotFoundError:
            continue
    return tuple(found)


def cached(read: Callable[[str], R]) -> Callable[[str], R]:
    """Keep what was read until one of the files changes."""
    kept: dict[str, tuple[Any, R]] = {}

    @wraps(read)
    def run(name: str) -> R:
        now = stamp(name)
        if name not in kept or kept[name][0] != now:
            kept[name] = (now, read(name))
        return kept[name][1]

    return run


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        if isinstance(value, dict) and isinstance(mine, dict):
            merged[key] = _merge(mine, value)
        elif isinstance(value, list) and isinstance(mine, list) and _keyed(value + mine):
            rows = {_key(row): row for row in mine}
            rows.update({_key(row): {**row, "overlay": True} for row in value})
            merged[key] = list(rows.values())
        else:
            merged[key] = value
    return merged


def _key(row: dict[str, Any]) -> tuple[Any, Any]:
    return row.get("key", row.get("code")), row.get("valid_from")


def _keyed(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) and _key(row)[0] is not None for row in rows)


@cached
def read_toml(name: str) -> dict[str, Any]:
    """The merged content of one TOML file; FileNotFoundError if no folder has it."""
    content: dict[str, Any] = {}
    found = stamp(name)
    if not found:
        raise FileNotFoundError(name)
    for path, _mtime in found:
        content = _merge(content, tomllib.loads(Path(path).read_text("utf-8")))
    return content


@cached
def read_csv(name: str) -> list[dict[str, str]]:
    """The merged rows of one CSV file, in order; FileNotFoundError if no folder has it."""
    rows: dict[str, dict[str, str]] = {}
    found = stamp(name)
    if not found:
        raise FileNotFoundError(name)
    for path, _mtime in found:
        with Path(path).open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                rows[next(iter(row.values()))] = row
    return list(rows.values())


def source_of(name: str) -> Source:
    """The source of a catalogue file."""
    content = read_toml(name if name.endswith(".toml") else f"{name}.toml")
    told = content["source"]
    return Source(
        title=told["title"],
        document=told["document"],
        edition=str(told["edition"]),
        valid_from=told["valid_from"],
        confidence=told["confidence"],
    )
