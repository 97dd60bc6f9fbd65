"""FHIR files: bundles, single resources, NDJSON; and what their references point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import gettext as _

from xinglin.gateway.imports.report import Place, Report
from xinglin.gateway.imports.sheets import WrongFile, check_size, decoded
from xinglin.kernel.resources import BadResource, Resource

JSON = {".json", ".fhir"}
LINES = {".ndjson", ".jsonl"}
TYPES = ("transaction", "collection", "batch", "searchset")
KIND = re.compile(r"[A-Z][A-Za-z]{2,63}")
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(eq=False)
class Entry:
    """One resource that was sent, with its names and its place."""

    place: Place
    kind: str
    sent: dict[str, Any]
    full_url: str = ""

    @property
    def id(self) -> str:
        found = self.sent.get("id", "")
        return found if isinstance(found, str) else ""

    @property
    def local(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else ""

    def source_id(self) -> str:
        """The name under which the sender knows it: the full URL, else type and id."""
        return self.full_url or self.local


@dataclass
class Entries:
    """All resources of a load, found by any of their names.

    A `urn:` names a resource within its bundle only; an address names it everywhere.
    """

    all: list[Entry] = field(default_factory=list)
    by_name: dict[tuple[str, str], Entry] = field(default_factory=dict)
    anywhere: dict[str, Entry] = field(default_factory=dict)

    def add(self, entry: Entry, report: Report) -> None:
        """Take an entry in; the same resource sent twice is one, two contents are refused."""
        names = [name for name in (entry.full_url, entry.local) if name]
        home = entry.place.file
        known = next((k for n in names if (k := self.by_name.get((home, n)))), None)
        if known is None and names and not names[0].startswith("urn:"):
            known = self.anywhere.get(names[0])
        if known is not None:
            if known.sent != entry.sent:
                report.refuse(
                    entry.place,
                    entry.kind,
                    entry.source_id()[:100],
                    _("同一资源出现两次且内容不同，另一处在 %(file)s %(place)s。")
                    % {"file": known.place.file, "place": known.place},
                )
            return
        self.all.append(entry)
        for name in names:
            self.by_name[home, name] = entry
            self.anywhere.setdefault(name, entry)

    def of(self, *kinds: str) -> Iterator[Entry]:
        return (entry for entry in self.all if entry.kind in kinds)

    def find(self, reference: str, asked: Entry) -> Entry | None:
        """The entry that a reference points to, from where it is asked."""
        plain = reference.split("/_history/")[0]
        names = [plain]
        if "://" in plain:
            names.append("/".join(plain.split("/")[-2:]))
        elif "://" in asked.full_url:
            names.insert(0, f"{asked.full_url.rsplit('/', 2)[0]}/{plain}")
        for name in names:
            found = self.by_name.get((asked.place.file, name)) or self.anywhere.get(name)
            if found is not None:
                return found
        return None


def read(path: Path, name: str, report: Report, entries: Entries) -> None:
    """Add what one file holds; refusals go to the report."""
    check_size(path)
    before = len(entries.all)
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if path.suffix.lower() in LINES:
        _read_lines(raw, name, report, entries)
    else:
        try:
            _read_one(_parsed(raw), name, report, entries)
        except WrongFile:
            if raw.count(b"\n") < 1 or not _looks_like_lines(raw):
                raise
            _read_lines(raw, name, report, entries)
    found = len(entries.all) - before
    report.rows += found
    report.files.append({"file": name, "kind": "fhir", "rows": found})


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            return orjson.loads(decoded(raw))
        except (orjson.JSONDecodeError, WrongFile):
            raise WrongFile(
                _("不是完整的 JSON：第 %(line)d 行第 %(column)d 列附近有误。")
                % {"line": error.lineno, "column": error.colno}
            ) from error


def _looks_like_lines(raw: bytes) -> bool:
    first = raw.lstrip().split(b"\n", 1)[0].strip()
    return first.startswith(b"{") and first.endswith(b"}")


def _read_lines(raw: bytes, name: str, report: Report, entries: Entries) -> None:
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = Place(name, number)
        try:
            _add(_parsed(line), place, "", report, entries)
        except WrongFile:
            report.refuse(place, "", "", _("这一行不是完整的 JSON。"))


def _read_one(sent: Any, name: str, report: Report, entries: Entries) -> None:
    if not isinstance(sent, dict):
        raise WrongFile(_("应为一个 FHIR Bundle 或资源（JSON 对象）。"))
    if sent.get("resourceType") != "Bundle":
        if "resourceType" not in sent:
            raise WrongFile(_("缺少 resourceType，不是 FHIR 资源。"))
        _add(sent, Place(name), "", report, entries)
        return
    kind = sent.get("type")
    if kind not in TYPES:
        raise WrongFile(
            _("Bundle.type 为“%(type)s”，只接收 %(types)s。")
            % {"type": str(kind)[:30], "types": _("、").join(TYPES)}
        )
    listed = sent.get("entry", [])
    if not isinstance(listed, list):
        raise WrongFile(_("Bundle.entry 应为列表。"))
    for at, each in enumerate(listed):
        place = Place(name, entry=f"entry[{at}]")
        if not isinstance(each, dict) or "resource" not in each:
            report.refuse(place, "resource", "", _("这一条没有 resource。"))
            continue
        asked = each.get("request")
        method = asked.get("method") if isinstance(asked, dict) else None
        if method not in (None, "POST", "PUT"):
            report.refuse(place, "request.method", str(method)[:20], _("导入只接收 POST 和 PUT。"))
            continue
        url = each.get("fullUrl", "")
        if not isinstance(url, str) or len(url) > 500:
            report.refuse(place, "fullUrl", str(url)[:60], _("fullUrl 应为地址。"))
            continue
        _add(each["resource"], place, url, report, entries)


def _add(sent: Any, place: Place, url: str, report: Report, entries: Entries) -> None:
    if not isinstance(sent, dict):
        report.refuse(place, "resource", "", _("应为 JSON 对象。"))
        return
    kind = sent.get("resourceType")
    if not isinstance(kind, str) or not KIND.fullmatch(kind):
        report.refuse(
            place,
            "resourceType",
            "" if kind is None else str(kind)[:30],
            _("缺少 resourceType。") if kind is None else _("resourceType 不是资源名称。"),
        )
        return
    key = sent.get("id")
    if key is not None and not (isinstance(key, str) and ID.fullmatch(key)):
        report.refuse(
            place, f"{kind}.id", str(key)[:60], _("id 应为不超过 64 位的字母、数字、-、.。")
        )
        return
    if kind == "OperationOutcome":
        report.skipped[kind] += 1
        return
    entries.add(Entry(place, kind, sent, url), report)


def circles(entries: Entries, report: Report) -> None:
    """Refuse resources that are part of themselves, over however many steps."""
    for entry in entries.of("Organization", "Encounter", "Location"):
        seen = [entry]
        while True:
            try:
                above = Resource(seen[-1].sent).reference("partOf")
            except BadResource:
                break
            found = entries.find(above, seen[-1]) if above else None
            if found is None:
                break
            if found is entry:
                report.refuse(
                    entry.place,
                    f"{entry.kind}.partOf",
                    above[:100],
                    _("循环引用：沿 partOf 又回到了它自己。"),
                )
                break
            if found in seen:
                break
            seen.append(found)
