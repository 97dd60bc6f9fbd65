"""The real server on a county of a given size, and what it costs: processor time and memory.

The server is Granian with one worker and one blocking thread, as `xinglin serve` starts it, with
the product's own settings and middleware; the background worker is left out. PostgreSQL is
spawned for the run, with the durability of a real one (fsync on); SQLite runs as the product
configures it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.county import Scale
from tests.postgres import TemporaryPostgres

ROOT = Path(__file__).resolve().parent.parent
# What a loaded county is made by: another version of any makes another county.
LOADERS = (
    "bench/load/*.py",
    "bench/county/*.py",
    "xinglin/registry/people/matching/keys.py",
    "xinglin/registry/people/matching/sketches.py",
)
_TICK = os.sysconf("SC_CLK_TCK")
_WEB = "from xinglin.config import serving; serving.web('127.0.0.1', {port}, 1)"
# What a small county's machine would be given; the rest as PostgreSQL comes.
_POSTGRES = {"shared_buffers": "512MB", "effective_cache_size": "2GB", "max_wal_size": "4GB"}


class NotUp(Exception):
    """The server did not answer; the text is its own log."""


@dataclass
class Server:
    """A running server and what a client knows of its county."""

    scale: Scale
    port: int
    manifest: dict[str, Any]
    web: int
    postgres: int | None

    def cpu(self) -> float:
        """Seconds of processor time that the web process has used."""
        return _cpu(self.web)

    def database_cpu(self) -> float:
        """The same of PostgreSQL's processes; SQLite works inside the web process."""
        if self.postgres is None:
            return 0.0
        return sum(_cpu(pid) for pid in [self.postgres, *_children(self.postgres)])

    def memory(self) -> float:
        """Megabytes of resident memory of the web process."""
        for line in Path(f"/proc/{self.web}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


@contextmanager
def serving(database: str, scale: Scale, home: Path) -> Iterator[Server]:
    """A server on a fresh copy of the county; loaded first when it is not kept in `home`."""
    kept = _kept(database, scale, home)
    manifest = json.loads((kept / "manifest.json").read_text("utf-8"))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xinglin-bench-")))
        if database == "postgres":
            cluster = stack.enter_context(_postgres(seed=kept / "data"))
            url, pid = cluster.url, cluster.pid
        else:
            shutil.copyfile(kept / "xinglin.sqlite3", folder / "xinglin.sqlite3")
            url, pid = "", None
        environment = _environment(folder, url)
        prepare = [sys.executable, "-m", "bench.prepare", manifest["township"]]
        subprocess.run(prepare, env=environment, cwd=ROOT, check=True)
        port = _free_port()
        with (folder / "log").open("wb") as log:
            main = subprocess.Popen(
                [sys.executable, "-c", _WEB.format(port=port)],
                env=environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(port, main, folder / "log")
            yield Server(scale, port, manifest, _children(main.pid)[-1], pid)
        finally:
            main.send_signal(signal.SIGTERM)
            try:
                main.wait(20)
            except subprocess.TimeoutExpired:
                main.kill()
                main.wait()


@contextmanager
def loaded(database: str, scale: Scale, home: Path) -> Iterator[dict[str, str]]:
    """The environment of a process that works on a fresh copy of the county, without a server."""
    kept = _kept(database, scale, home)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xinglin-bench-")))
        url = ""
        if database == "postgres":
            url = stack.enter_context(_postgres(seed=kept / "data")).url
        else:
            shutil.copyfile(kept / "xinglin.sqlite3", folder / "xinglin.sqlite3")
        yield _environment(folder, url)


def _kept(database: str, scale: Scale, home: Path) -> Path:
    """The folder in which the loaded county is kept; loads it when what it was made by changed.

    Migrations that were added since are applied to the copy, as an installation would.
    """
    name = f"{database}-{scale.name}"
    kept = home / "data" / f"{name}-{_digest(*_loaders())}"
    made_by = kept / "migrations.json"
    now = {str(path.relative_to(ROOT)): _digest(path) for path in _migrations()}
    if made_by.exists() and json.loads(made_by.read_text()).items() <= now.items():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in kept.parent.glob(f"{name}-*"):
        shutil.rmtree(old)
    print(f"  loading {scale.name} on {database}", file=sys.stderr, flush=True)
    kept.mkdir()
    if database == "postgres":
        with _postgres(fast=True) as cluster:
            _load(scale, kept, cluster.url)
            cluster.keep(kept / "data")
    else:
        _load(scale, kept, "")
    made_by.write_text(json.dumps(now, indent=1))
    return kept


def _load(scale: Scale, folder: Path, url: str) -> None:
    command = [sys.executable, "-m", "bench.load", "--manifest", str(folder / "manifest.json")]
    for name, number in vars(scale).items():
        command += [f"--{name}", str(number)]
    subprocess.run(command, env=_environment(folder, url), cwd=ROOT, check=True)


def _loaders() -> list[Path]:
    return [path for pattern in LOADERS for path in sorted(ROOT.glob(pattern))]


def _migrations() -> list[Path]:
    return sorted((ROOT / "xinglin").glob("**/migrations/[0-9]*.py"))


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:8]


def _postgres(*, fast: bool = False, seed: Path | None = None) -> TemporaryPostgres:
    return TemporaryPostgres(fast=fast, seed=seed, options=_POSTGRES)


def _environment(home: Path, url: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("XINGLIN_")}
    return {
        **inherited,
        "XINGLIN_HOME": str(home),
        "XINGLIN_ENV": "demo",
        "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "xinglin.config.settings",
    }


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        server = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError):
            server.request("GET", "/readyz")
            if server.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise NotUp(log.read_text("utf-8", "replace"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cpu(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0.0
    user, system = text.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / _TICK


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]
