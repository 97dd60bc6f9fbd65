"""Blank tables to be filled in: headers, an example row that a load skips, code lists."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from xinglin.clinical.record.models import Document, Encounter, Problem
from xinglin.gateway.imports.kinds import EXAMPLE, NOTE, Column, Kind
from xinglin.registry.organisations.models import Level
from xinglin.registry.staff import catalogue as staff_roles
from xinglin.registry.terminology import catalogue as terminology

MOST_IN_A_LIST = 40


def choices(column: Column) -> list[tuple[str, str]]:
    """(code, name) of what a coded column may hold."""
    if column.list_of == "level":
        return [(level.value, str(level.label)) for level in Level]
    if column.list_of == "role":
        return [(role.code, role.label) for role in staff_roles.roles().values()]
    if column.list_of == "visit":
        return [(kind.value, str(kind.label)) for kind in Encounter.Kind]
    if column.list_of == "problem":
        return [(status.value, str(status.label)) for status in Problem.Status]
    if column.list_of == "document":
        return [(kind.value, str(kind.label)) for kind in Document.Kind]
    if column.list_of:
        return [(each.code, each.label) for each in terminology.code_list(column.list_of).concepts]
    return []


def _example(column: Column) -> Any:
    if column is NOTE:
        return _("%(example)s行，导入时自动跳过") % {"example": EXAMPLE}
    return column.example


def as_csv(kind: Kind) -> bytes:
    """The blank as CSV in UTF-8 with its mark, which Excel opens as Chinese."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([column.label for column in kind.columns])
    writer.writerow([_example(column) for column in kind.columns])
    return lines.getvalue().encode("utf-8-sig")


def as_xlsx(kind: Kind) -> bytes:
    """The blank as a workbook: the table, and a sheet of notes with the code lists."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        table = book.add_worksheet(kind.sheet)
        plain = {"font_name": "等线", "font_size": 11, "num_format": "@"}
        head = book.add_format({**plain, "bold": True, "bg_color": "#E6F2F0", "bottom": 1})
        must = book.add_format(
            {**plain, "bold": True, "bg_color": "#E6F2F0", "bottom": 1, "font_color": "#B42318"}
        )
        words = book.add_format(plain)
        days = book.add_format({**plain, "num_format": "yyyy-mm-dd"})
        grey = book.add_format({**plain, "font_color": "#667085", "italic": True})
        grey_day = book.add_format({**plain, "num_format": "yyyy-mm-dd", "font_color": "#667085"})
        for at, column in enumerate(kind.columns):
            dated = isinstance(column.example, date)
            table.set_column(at, at, max(12, 2.2 * len(column.label)), days if dated else words)
            # Required: red and with a mark, which the headers' reader does not mind.
            label = f"{column.label}*" if column.required else column.label
            table.write_string(0, at, label, must if column.required else head)
            example = _example(column)
            if isinstance(example, date):
                table.write_datetime(1, at, example, grey_day)
            else:
                table.write_string(1, at, str(example or ""), grey)
            allowed = [name for _code, name in choices(column)]
            if allowed and len(",".join(allowed)) < 250:
                table.data_validation(
                    1, at, 20000, at, {"validate": "list", "source": allowed, "ignore_blank": True}
                )
        table.freeze_panes(1, 0)
        _notes(book, kind, words, head)
    return made.getvalue()


def _notes(book: Any, kind: Kind, words: Any, head: Any) -> None:
    """What each column may hold, and the codes."""
    notes = book.add_worksheet(_("填写说明"))
    wrapped = book.add_format({"font_name": "等线", "text_wrap": True, "valign": "top"})
    notes.set_column(0, 0, 18, words)
    notes.set_column(1, 1, 8, words)
    notes.set_column(2, 2, 80, wrapped)
    line = 0
    for sentence in _sentences(kind):
        notes.write_string(line, 0, sentence, book.add_format({"font_name": "等线"}))
        line += 1
    line += 1
    for at, title in enumerate((_("列"), _("必填"), _("填法"))):
        notes.write_string(line, at, title, head)
    for column in kind.columns:
        line += 1
        notes.write_string(line, 0, column.label, words)
        notes.write_string(line, 1, _("是") if column.required else "", words)
        listed = choices(column)
        told = str(column.hint or "")
        if listed:
            shown = _("、").join(
                f"{code} {name}" if code.isdigit() else name
                for code, name in listed[:MOST_IN_A_LIST]
            )
            told = f"{told} {shown}{'…' if len(listed) > MOST_IN_A_LIST else ''}".strip()
        notes.write_string(line, 2, told, wrapped)


def _sentences(kind: Kind) -> list[str]:
    sentences = [
        str(kind.note),
        _("红色列必填；列的先后可以调换，多余的列会被忽略并在结果中列出。"),
        _("日期写成 2026-03-02；身份证号和电话所在列须是“文本”格式，否则会丢位。"),
        _("任何一行有误，整批都不会写入；按结果中的行号改正后重新导入即可。"),
    ]
    return [sentence for sentence in sentences if sentence]
