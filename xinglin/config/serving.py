"""How the house starts: database, demo, web processes, background worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import click
import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

DEMO_ACCOUNTS = (
    ("village", "村医"),
    ("township", "乡镇卫生院医生"),
    ("leader", "乡镇卫生院值班领导"),
    ("desk", "县人民医院转诊中心"),
    ("specialist", "县级专科医生"),
    ("insurance", "县人民医院医保办"),
    ("manager", "医共体管理办公室"),
    ("bureau", "卫生健康局"),
    ("admin", "系统管理员"),
    ("privacy", "隐私专员"),
    ("resident", "居民（手机页面 /m/）"),
    ("nurse", "青山镇卫生院护士"),
    ("pharmacist", "青山镇卫生院药师"),
    ("clerk", "县人民医院预约挂号员"),
    ("scheduler", "县人民医院门诊办公室"),
    ("stranger", "临水县医生（看不到青山县）"),
)
DEMO_PASSWORD = "xinglin-demo"


def prepare() -> None:
    """Bring the database and the static files to what this version needs; quick when they are."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()


def collect_static() -> None:
    """Put the static files, named by their content, where the web server reads them."""
    call_command("collectstatic", interactive=False, verbosity=0)


def load_demo(residents: int = 4200) -> None:
    """The demo county, with a progress bar; refuses in production."""
    from xinglin.gateway.demo import loading

    if not settings.DEMO:
        click.echo("演示县只能在 XINGLIN_ENV=demo 下装载。", err=True)
        sys.exit(1)
    with click.progressbar(length=100, label="装载演示县 青山县") as bar:
        seen = 0

        def progress(done: int, total: int) -> None:
            nonlocal seen
            percent = 100 * done // max(total, 1)
            bar.update(percent - seen)
            seen = percent

        loading.load(residents=residents, progress=progress)


def run(host: str, port: int, workers: int) -> None:
    """Serve until interrupted."""
    prepare()
    collect_static()
    if settings.DEMO and _empty():
        load_demo()
    connection.close()
    _announce(host, port)
    worker = multiprocessing.get_context("spawn").Process(
        target=work, name="xinglin-worker", daemon=True
    )
    worker.start()
    try:
        web(host, port, workers)
    finally:
        worker.terminate()
        worker.join(10)


def _empty() -> bool:
    from xinglin.registry.organisations.models import Organisation

    return not Organisation.objects.exists()


def _announce(host: str, port: int) -> None:
    click.echo(f"杏林 http://{host}:{port}")
    if settings.DEMO:
        click.echo(f"演示账号（密码均为 {DEMO_PASSWORD}）：")
        for name, label in DEMO_ACCOUNTS:
            click.echo(f"  {name:<12}{label}")
    sys.stdout.flush()


def web(host: str, port: int, workers: int) -> None:
    """The web processes alone, until interrupted."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    # One blocking thread a process: more threads each hold a database connection and, with
    # SQLite, its cache; processes scale, threads only wait for each other.
    Granian(
        "xinglin.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=1,
        backpressure=512,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
    ).serve()


def work() -> None:
    """The background worker as a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinglin.config.settings")
    django.setup()
    from xinglin.kernel import worker

    stop = threading.Event()

    def leave(signum: int, frame: FrameType | None) -> Any:
        stop.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    worker.run(stop)
