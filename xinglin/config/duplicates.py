"""`xinglin people duplicates`: the search for people registered twice, from the command line."""

from __future__ import annotations

import json

import click
from django.utils.translation import gettext as _

from xinglin.kernel.errors import Refused
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.registry.people import duplicates


def run(*, code: str, as_json: bool) -> int:
    """Search, say what was found, and answer with the exit code: 0 done, 1 refused."""
    try:
        county = _county(code)
        if as_json:
            click.echo(json.dumps(duplicates.run(county.pk)))
            return 0
        with click.progressbar(length=100, label=_("逐人比对")) as bar:
            seen = 0

            def progress(done: int, total: int) -> None:
                nonlocal seen
                percent = 100 * done // max(total, 1)
                bar.update(percent - seen)
                seen = percent

            found = duplicates.run(county.pk, progress)
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        return 1
    click.echo(_("比对 %(people)d 人，可能重复 %(pairs)d 对，新列入核对 %(asked)d 对。") % found)
    return 0


def _county(code: str) -> Organisation:
    regions = Organisation.objects.filter(level=Level.REGION)
    found = list(regions.filter(code=code)[:2] if code else regions[:2])
    if not found:
        raise Refused(_("没有这个县（市、区）。"))
    if len(found) > 1:
        raise Refused(_("有不止一个县（市、区），请用 --county 写明代码。"))
    return found[0]
