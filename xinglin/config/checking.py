"""`xinglin check`: is the installation sound? One finding each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from xinglin.kernel import catalogue, parameters, trail
from xinglin.kernel.models import Delivery, Job


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    fine: bool
    told: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def findings() -> list[Finding]:
    """Configuration, database, jobs, storage, catalogues, trail."""
    looks: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("configuration", _configuration),
        ("database", _database),
        ("jobs", _jobs),
        ("storage", _storage),
        ("catalogues", _catalogues),
        ("trail", _trail),
    ]
    found = []
    for name, look in looks:
        try:
            fine, told = look()
        except Exception as error:  # a check reports what it meets, it does not fall over it
            fine, told = False, f"{type(error).__name__}: {error}"
        found.append(Finding(name, fine, told))
    return found


def _configuration() -> tuple[bool, str]:
    kind = "demo" if settings.DEMO else "production"
    if not settings.DEMO and not settings.ALLOWED_HOSTS:
        return False, "XINGLIN_HOSTS is empty: no address would be answered"
    return True, f"{kind}, home {settings.HOME}"


def _database() -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        return False, f"{waiting} migrations to apply: xinglin migrate"
    return True, connection.vendor


def _jobs() -> tuple[bool, str]:
    parked = Delivery.objects.parked().count()
    failed = Job.objects.filter(state=Job.State.FAILED).count()
    return parked == 0, f"{parked} parked events, {failed} unfinished jobs"


def _storage() -> tuple[bool, str]:
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    probe = settings.MEDIA_ROOT / ".check"
    probe.write_bytes(b"xinglin")
    probe.unlink()
    return True, f"{settings.MEDIA_ROOT} can be written"


def _catalogues() -> tuple[bool, str]:
    read = 0
    for folder in catalogue.folders():
        for path in sorted(folder.glob("*.toml")):
            catalogue.read_toml(path.name)
            read += 1
    return True, f"{read} files, {len(parameters.every())} parameters"


def _trail() -> tuple[bool, str]:
    verdict = trail.verify()
    if verdict.broken_at is not None:
        return False, f"broken at line {verdict.broken_at} ({verdict.reason})"
    return True, f"{verdict.lines} lines whole, {verdict.unsealed} to be chained"
