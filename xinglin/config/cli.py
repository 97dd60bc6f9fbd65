"""The command line: `xinglin …`.

Exit code 0 done, 1 refused with a sentence, 2 wrong usage.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinglin.config.settings")


def _ready() -> None:
    """Load the house: Django, and the database as it should be."""
    django.setup()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xinglin")
def main() -> None:
    """杏林：县域医共体协同平台。"""


@main.command()
@click.option("--host", default=lambda: os.environ.get("HOST", "127.0.0.1"), help="Address.")
@click.option("--port", default=lambda: int(os.environ.get("PORT", "8000")), type=int, help="Port.")
@click.option("--workers", default=1, show_default=True, help="Web processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the web and do the background work; the first start of a demo loads its county."""
    _ready()
    from xinglin.config.serving import run

    run(host, port, workers)


@main.command()
def migrate() -> None:
    """Bring the database to what this version needs."""
    _ready()
    from xinglin.config.serving import prepare

    prepare()


@main.command()
@click.option("--residents", default=4200, show_default=True, help="How many residents.")
def demo(residents: int) -> None:
    """Load the demo county 青山县; again changes nothing."""
    _ready()
    from xinglin.config.serving import load_demo, prepare

    prepare()
    load_demo(residents)


@main.command()
@click.argument("name")
@click.option("--code", required=True, help="Code of the county, such as its division code.")
@click.option("--administrator", required=True, help="Account name of its first administrator.")
@click.option("--person", default="管理员", show_default=True, help="The administrator's name.")
@click.password_option(help="The administrator's password; asked for when absent.")
def county(name: str, code: str, administrator: str, person: str, password: str) -> None:
    """Found a county with its first administrator, who then enters or imports everything else."""
    _ready()
    from xinglin.config.founding import found
    from xinglin.kernel.errors import Refused

    try:
        found(name, code=code, administrator=administrator, person=person, password=password)
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(1)
    click.echo(f"{name} 已建立，管理员账号 {administrator}。")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(as_json: bool) -> None:
    """Is the installation sound? One line each; exit code 1 if not."""
    _ready()
    from xinglin.config.checking import findings

    found = findings()
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in found], ensure_ascii=False))
    else:
        for finding in found:
            click.echo(f"{'✓' if finding.fine else '✗'} {finding.name}: {finding.told}")
    sys.exit(0 if all(finding.fine for finding in found) else 1)


@main.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--at", "code", default="", help="Code of the house on whose behalf; see the manual.")
@click.option("--report", type=click.Path(path_type=Path), help="Where to write refused rows.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def import_(paths: tuple[Path, ...], code: str, report: Path | None, as_json: bool) -> None:
    """Take in organisations, staff, residents, encounters (Excel, CSV) and FHIR bundles.

    Everything is checked first; if any row is refused nothing is loaded, and the report names
    file, line, column and reason of each.
    """
    _ready()
    from xinglin.gateway.imports.command import run

    sys.exit(run(list(paths), code=code, report=report, as_json=as_json))


@main.group()
def people() -> None:
    """Residents."""


@people.command()
@click.option("--county", "code", default="", help="Code of the county; needed if there are more.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def duplicates(code: str, as_json: bool) -> None:
    """Search a county for people registered twice and put them before the office.

    Nothing is merged; a pair that was judged before is not asked about again. Needs the extra
    `match`: pip install 'xinglin[match]'.
    """
    _ready()
    from xinglin.config.duplicates import run

    sys.exit(run(code=code, as_json=as_json))


@main.group()
def trail() -> None:
    """The audit trail."""


@trail.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(as_json: bool) -> None:
    """Recompute the chain from the first line to the last; names the first broken line."""
    from dataclasses import asdict

    _ready()
    from xinglin.kernel import trail as kernel_trail

    kernel_trail.seal(limit=10_000_000)
    verdict = kernel_trail.verify()
    if as_json:
        click.echo(json.dumps(asdict(verdict)))
    elif verdict.broken_at is None:
        click.echo(f"留痕链完整：{verdict.lines} 条。")
    else:
        click.echo(f"留痕链在第 {verdict.broken_at} 条断裂（{verdict.reason}）。", err=True)
    sys.exit(0 if verdict.broken_at is None else 1)


@main.command(context_settings={"ignore_unknown_options": True}, hidden=True)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def django_(arguments: tuple[str, ...]) -> None:
    """Django's own commands, for operators who know them."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["xinglin", *arguments])


if __name__ == "__main__":
    main()
