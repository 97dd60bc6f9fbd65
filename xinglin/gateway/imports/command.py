"""`xinglin import`: the load from the command line."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click
import orjson
from django.utils.translation import gettext as _

from xinglin.gateway.imports import actions
from xinglin.gateway.imports.kinds import label_of
from xinglin.gateway.imports.report import Report
from xinglin.kernel.access import NONE, system
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Organisation

SHOWN = 20


def run(paths: list[Path], *, code: str, report: Path | None, as_json: bool) -> int:
    """Load, say what happened, and answer with the exit code: 0 loaded, 1 refused."""
    try:
        house = _house(code)
        if as_json:
            found = actions.load(paths, by=system(_county(house)), house=house, report_to=report)
            click.echo(orjson.dumps(found.as_dict(), option=orjson.OPT_INDENT_2).decode())
            return 0 if found.loaded else 1
        with click.progressbar(length=100, label=_("检查并导入")) as bar:
            seen = 0

            def progress(done: int, total: int) -> None:
                nonlocal seen
                percent = 100 * done // max(total, 1)
                bar.update(percent - seen)
                seen = percent

            found = actions.load(
                paths,
                by=system(_county(house)),
                house=house,
                progress=progress,
                report_to=report,
            )
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        return 1
    _tell(found)
    return 0 if found.loaded else 1


def _house(code: str) -> Organisation | None:
    if not code:
        return None
    found = list(Organisation.objects.filter(code=code)[:2])
    if not found:
        raise Refused(_("没有代码为“%(code)s”的机构。") % {"code": code})
    if len(found) > 1:
        raise Refused(
            _("几个县都有代码为“%(code)s”的机构，请用县（市、区）的代码。") % {"code": code}
        )
    return found[0]


def _county(house: Organisation | None) -> UUID:
    return house.region_id if house else NONE


def _tell(found: Report) -> None:
    for kind, count in found.counts.items():
        click.echo(
            _("%(kind)s：新增 %(new)d，更新 %(updated)d，未变 %(unchanged)d")
            % {
                "kind": label_of(kind),
                "new": count.new,
                "updated": count.updated,
                "unchanged": count.unchanged,
            }
        )
    for name, times in found.skipped.items():
        click.echo(_("跳过 %(name)s %(times)d 条") % {"name": name, "times": times})
    for unknown in found.unknown_columns:
        click.echo(
            _("%(file)s 中未用到的列：%(columns)s")
            % {"file": unknown["file"], "columns": _("、").join(unknown["columns"])}
        )
    if found.refused:
        click.echo(
            _("有 %(refused)d 处有误，未写入任何内容：") % {"refused": found.refused}, err=True
        )
        for refusal in found.refusals[:SHOWN]:
            told = (refusal.place.file, str(refusal.place), refusal.column, refusal.reason)
            click.echo("  " + " ".join(filter(None, told)), err=True)
        click.echo(_("全部列在 %(path)s") % {"path": found.path}, err=True)
