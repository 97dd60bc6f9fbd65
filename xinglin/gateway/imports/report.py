"""What a load found: counts of what is new, changed, the same; and every refused row."""

from __future__ import annotations

import csv
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

# A damaged file of a million rows is understood from its first thousands of refusals.
MOST_REFUSALS = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a line of a table, or an entry of a bundle."""

    file: str
    line: int = 0
    entry: str = ""

    @property
    def order(self) -> tuple[str, int]:
        """File by file, from top to bottom."""
        return self.file, self.line or int("".join(c for c in self.entry if c.isdigit()) or 0)

    def __str__(self) -> str:
        if self.entry:
            return self.entry
        return _("第 %(line)d 行") % {"line": self.line} if self.line else ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was refused, with what it says (masked) and why."""

    place: Place
    column: str
    value: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "file": self.place.file,
            "line": self.place.line or None,
            "place": str(self.place),
            "column": self.column,
            "value": self.value,
            "reason": self.reason,
        }


@dataclass
class Count:
    """How many rows of one kind were new, changed and the same."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def all(self) -> int:
        return self.new + self.updated + self.unchanged


@dataclass
class Report:
    """The outcome of one load. `loaded` is False where anything was refused: all or nothing."""

    check_only: bool = False
    house: str = ""
    loaded: bool = False
    rows: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Count] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    unknown_columns: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0
    path: str = ""

    def refuse(self, place: Place, column: str, value: str, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(place, column, value, reason))

    def count(self, kind: str) -> Count:
        return self.counts.setdefault(kind, Count())

    @property
    def clean(self) -> bool:
        return self.refused == 0

    def as_dict(self) -> dict[str, Any]:
        """For programs, without the refusals' rows beyond the first hundred."""
        return {
            "loaded": self.loaded,
            "check_only": self.check_only,
            "house": self.house,
            "rows": self.rows,
            "files": self.files,
            "counts": {
                kind: {"new": c.new, "updated": c.updated, "unchanged": c.unchanged}
                for kind, c in self.counts.items()
                if c.all
            },
            "skipped": dict(self.skipped),
            "unknown_columns": self.unknown_columns,
            "refused": self.refused,
            "refusals": [refusal.as_dict() for refusal in self.refusals[:100]],
            "report": self.path,
        }

    def write(self, path: Path | None = None) -> Path:
        """Keep the report as CSV (for people, opens in Excel) and as JSON beside it."""
        self.refusals.sort(key=lambda refusal: refusal.place.order)
        folder = Path(settings.HOME) / "reports"
        if path is None:
            folder.mkdir(parents=True, exist_ok=True)
            name = f"import-{timezone.localtime():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.csv"
            path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path.with_suffix(".csv") if path.suffix != ".csv" else path
        self.path = str(path)
        with path.open("w", encoding="utf-8-sig", newline="") as lines:
            writer = csv.writer(lines)
            writer.writerow([_("文件"), _("位置"), _("列"), _("内容"), _("原因")])
            for r in self.refusals:
                row = (r.place.file, str(r.place), r.column, r.value, r.reason)
                writer.writerow([_harmless(cell) for cell in row])
        told = {**self.as_dict(), "refusals": [r.as_dict() for r in self.refusals]}
        path.with_suffix(".json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        return path


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def refusals_in(path: Path) -> Iterator[dict[str, Any]]:
    """The refused rows of a report that was kept."""
    yield from orjson.loads(path.with_suffix(".json").read_bytes())["refusals"]


class Rows(list[dict[str, Any]]):
    """Rows of a report, so that a pager can leaf through them as through a query."""

    def order_by(self, *names: str) -> Rows:
        return self

    def count(self, *value: Any) -> int:
        return len(self)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Rows(found) if isinstance(key, slice) else found
