"""Files as they come from a county: Excel sheets and CSV in whatever encoding, as rows of cells.

`tables` recognises each sheet by its headers, wherever in the first lines they stand, and
answers with rows whose cells have been read; what cannot be read goes to the report.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from xinglin.gateway.imports import kinds, values
from xinglin.gateway.imports.kinds import EXAMPLE, KINDS, NOTE, Column, Kind, plain
from xinglin.gateway.imports.report import Place, Report
from xinglin.kernel import parameters
from xinglin.kernel.errors import Refused
from xinglin.registry.people import rules

EXCEL = {".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"}
TEXT = {".csv", ".tsv", ".txt"}
# A title, a county's name, a date of the list: headers come after at most so many lines.
HEAD_LINES = 15
# A packed sheet that unfolds to more than this many times its size is no list of people.
UNFOLDS = 60


class WrongFile(Refused):
    """The file as a whole cannot be read."""

    code = "wrong-file"


@dataclass(slots=True)
class Row:
    """One row of a table: where it stands, and its cells by column."""

    place: Place
    cells: dict[str, Any]


@dataclass
class Table:
    """One recognised sheet."""

    kind: Kind
    file: str
    rows: list[Row] = field(default_factory=list)


def check_size(path: Path) -> None:
    """Refuse a file that is too large to be checked as a whole."""
    limit = parameters.get("import.max_megabytes")
    size = path.stat().st_size
    if size > limit * 1024 * 1024:
        raise WrongFile(
            _("文件有 %(size)d MB，超过 %(limit)d MB；请拆成几个文件分次导入。")
            % {"size": size // 1024 // 1024, "limit": limit}
        )
    if size == 0:
        raise WrongFile(_("文件是空的。"))


def tables(path: Path, name: str, report: Report) -> Iterator[Table]:
    """The recognised sheets of one file; refusals go to the report."""
    check_size(path)
    sheets = _excel(path) if path.suffix.lower() in EXCEL else _csv(path)
    found = 0
    unread = []
    for title, lines in sheets:
        said = f"{name}·{title}" if title else name
        head = _headers(lines, title)
        if head is None:
            if any(not values.is_empty(cell) for line in lines for cell in line):
                unread.append(said)
            continue
        found += 1
        yield _table(said, head, lines, report)
    if not found:
        raise WrongFile(
            _("认不出这张表：没有找到任何一类表的列名。请下载模板，或核对第一行的列名。")
            if unread
            else _("文件里没有内容。")
        )


def _excel(path: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    _no_bomb(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = list(book.sheet_names)
        for title in names:
            sheet = book.get_sheet_by_name(title)
            lines: list[list[Any]] = sheet.to_python(skip_empty_area=False)
            yield (title if len(names) > 1 else ""), lines
    except CalamineError as error:
        if "assword" in str(error):
            raise WrongFile(_("文件有打开密码，请去掉密码另存后再导入。")) from error
        raise WrongFile(
            _("这不是能读的 Excel 文件，可能已损坏；请用 Excel 打开后另存为 .xlsx 再导入。")
        ) from error


def _no_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as packed:
        size = sum(each.file_size for each in packed.infolist())
    if size > UNFOLDS * max(path.stat().st_size, 1 << 20):
        raise WrongFile(_("文件展开后过大，请用 Excel 打开后另存为 .xlsx 再导入。"))


def decoded(raw: bytes) -> str:
    """Text in UTF-8 (with or without mark), UTF-16 with mark, or GB18030."""
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    codecs = ["utf-16"] if marked else ["utf-8-sig", "gb18030"]
    for codec in codecs:
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    raise WrongFile(_("文件编码不是 UTF-8 或 GB18030，请另存为“CSV UTF-8”后再导入。"))


def _csv(path: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    written = decoded(path.read_bytes())
    if "\x00" in written:
        raise WrongFile(_("这不是文本文件。"))
    first = next((line for line in written.splitlines() if line.strip()), "")
    separator = max("\t,;，", key=first.count)
    try:
        yield "", list(csv.reader(io.StringIO(written, newline=""), delimiter=separator))
    except csv.Error as error:
        raise WrongFile(_("CSV 的引号或换行不完整，请检查后再导入。")) from error


@dataclass
class _Head:
    kind: Kind
    at: int
    columns: dict[int, Column]
    unknown: list[str]
    line: list[Any]


def _headers(lines: list[list[Any]], title: str) -> _Head | None:
    """The line that names the columns, and the kind of table that it names best."""
    best: tuple[int, _Head] | None = None
    for at, line in enumerate(lines[:HEAD_LINES]):
        for kind in KINDS:
            head = _read_head(kind, at, line)
            needed = [column for column in kind.columns if column.required]
            there = set(head.columns.values())
            score = 2 * len(there - {NOTE}) + 3 * sum(column in there for column in needed)
            score -= len(head.unknown)
            score += 3 * (plain(title) in (plain(kind.sheet), kind.code) and bool(there))
            enough = sum(column in there for column in needed) >= min(2, len(needed))
            if enough and len(there) > 1 and (best is None or score > best[0]):
                best = score, head
    return best[1] if best else None


def _read_head(kind: Kind, at: int, line: list[Any]) -> _Head:
    columns: dict[int, Column] = {}
    unknown: list[str] = []
    for place, cell in enumerate(line):
        if values.is_empty(cell):
            continue
        column = kind.by_header.get(plain(cell))
        if column is None or column in columns.values():
            unknown.append(values.shown(cell))
        else:
            columns[place] = column
    return _Head(kind, at, columns, unknown, line)


def _table(name: str, head: _Head, lines: list[list[Any]], report: Report) -> Table:
    table = Table(head.kind, name)
    if head.unknown:
        report.unknown_columns.append({"file": name, "columns": head.unknown})
    missing = [c for c in head.kind.columns if c.required and c not in head.columns.values()]
    for column in missing:
        report.refuse(
            Place(name, head.at + 1),
            column.label,
            "",
            _("缺少必填列“%(column)s”。") % {"column": column.label},
        )
    rows = 0
    for number, line in enumerate(lines[head.at + 1 :], start=head.at + 2):
        if all(values.is_empty(cell) for cell in line) or _is_example(head, line):
            continue
        if _is_head_again(head, line):
            continue
        rows += 1
        if not missing:
            row = _row(head, Place(name, number), line, report)
            if row is not None:
                table.rows.append(row)
    report.rows += rows
    report.files.append({"file": name, "kind": head.kind.code, "rows": rows})
    return table


def _is_example(head: _Head, line: list[Any]) -> bool:
    """The example of our own template, left standing."""
    return any(
        column is NOTE and place < len(line) and str(line[place]).strip().startswith(EXAMPLE)
        for place, column in head.columns.items()
    )


def _is_head_again(head: _Head, line: list[Any]) -> bool:
    """Headers repeated at the top of a printed page."""
    return len(head.line) > 1 and line[: len(head.line)] == head.line


def _row(head: _Head, place: Place, line: list[Any], report: Report) -> Row | None:
    cells: dict[str, Any] = {}
    fine = True
    for at, column in head.columns.items():
        cell = line[at] if at < len(line) else ""
        if values.is_empty(cell):
            if column.required:
                fine = False
                report.refuse(
                    place, column.label, "", _("“%(column)s”未填。") % {"column": column.label}
                )
            continue
        try:
            cells[column.key] = column.read(cell)
        except Refused as refusal:
            fine = False
            report.refuse(place, column.label, *masked(column, cell, str(refusal)))
    return Row(place, cells) if fine else None


def masked(column: Column | None, cell: Any, reason: str) -> tuple[str, str]:
    """Value and reason as a report may show them."""
    said = values.shown(cell)
    # A number in scientific notation has lost itself already.
    if column is None or not column.hides or "E+" in said.upper():
        return said, reason
    hidden = rules.mask_phone(said) if column.hides == "phone" else rules.mask_id_card(said)
    return hidden, reason.replace(said, hidden)


__all__ = ["EXCEL", "TEXT", "Row", "Table", "WrongFile", "check_size", "decoded", "kinds", "tables"]
