"""A private PostgreSQL: spawned on a free port, thrown away at the end.

Tests and benchmarks never touch a server that is already running on the machine. Run as a
program, it tells whether one could be spawned (exit code 0) or what to install (1).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

MISSING = "PostgreSQL server not found: install it (Debian and Ubuntu: apt-get install postgresql)."

# A test's data lives for seconds, so nothing is gained by waiting for the disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresMissing(Exception):
    """No server binaries on this machine; the text says what to install."""


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, or None.

    Debian keeps the servers of all versions side by side and off the path: the newest is taken.
    Elsewhere they lie beside `pg_ctl`.
    """

    def version(folder: Path) -> int:
        number = re.match(r"\d+", folder.parent.name)
        return int(number[0]) if number else 0

    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    on_path = shutil.which("pg_ctl")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


class TemporaryPostgres:
    """
        with TemporaryPostgres() as server:
            connect(server.url)          # postgres://xinglin@127.0.0.1:<port>/xinglin

    `fast=False` keeps the durability of a real server, for benchmarks of writing. `seed` is a
    folder that `keep` has written: the server begins with the databases of then. Raises
    `PostgresMissing` when there is nothing to spawn, `RuntimeError` with the server's own log
    when it does not come up.
    """

    def __init__(
        self,
        *,
        fast: bool = True,
        options: dict[str, str] | None = None,
        seed: Path | None = None,
    ) -> None:
        self._options = {
            "listen_addresses": "127.0.0.1",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            **(FAST if fast else {}),
            **(options or {}),
        }
        self._seed = seed
        self._user = "xinglin"
        self._database = "xinglin"
        self._owner = _server_account()
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"postgres://{self._user}@127.0.0.1:{self.port}/{self._database}"

    @property
    def pid(self) -> int:
        """Of the server's first process, the parent of all its others."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def socket_folder(self) -> Path:
        """For those who would rather connect through the unix socket."""
        assert self._home is not None, "not started"
        return self._home

    def start(self) -> Self:
        folder = binaries()
        if folder is None:
            raise PostgresMissing(MISSING)
        # Directly under /tmp whatever TMPDIR says: the server's account must be able to enter,
        # and a unix socket's whole path may not exceed 107 bytes.
        parent = "/tmp" if os.access("/tmp", os.W_OK) else None
        self._home = Path(tempfile.mkdtemp(prefix="xinglin-pg-", dir=parent))
        if self._owner:
            os.chown(self._home, self._owner.pw_uid, self._owner.pw_gid)
        try:
            if self._seed:
                self._copy_seed(self._seed)
            else:
                self._initdb(folder)
            self._launch(folder)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stops the server without a checkpoint and removes everything; harmless twice."""
        process, self._process = self._process, None
        if process and process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        home, self._home = self._home, None
        if home:
            shutil.rmtree(home, ignore_errors=True)

    def keep(self, folder: Path) -> None:
        """Stops the server in good order and copies its databases, for a later `seed`."""
        assert self._process is not None, "not started"
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        shutil.copytree(self._data, folder)
        self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _initdb(self, folder: Path) -> None:
        # The C locale sorts by code point, as SQLite does, and exists on every machine.
        done = subprocess.run(
            [
                *(folder / "initdb", "--pgdata", self._data, "--username", self._user),
                *("--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            cwd="/",
            **self._identity(),
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _copy_seed(self, seed: Path) -> None:
        shutil.copytree(seed, self._data)
        if self._owner:
            for path in (self._data, *self._data.rglob("*")):
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _launch(self, folder: Path) -> None:
        # Between asking for a free port and the server taking it, somebody else may.
        for attempt in (1, 2, 3):
            self.port = _free_port()
            options = {**self._options, "unix_socket_directories": str(self._home)}
            command: list[str | Path] = [folder / "postgres", "-D", self._data]
            command += ["-p", str(self.port)]
            for name, value in options.items():
                command += ["-c", f"{name}={value}"]
            log = self._log
            with log.open("wb") as out:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    # Ctrl-C is for the tests; they stop the server when they have tidied up.
                    process_group=0,
                    preexec_fn=_die_with_parent(),
                    **self._identity(),
                )
            if self._ready():
                return
            if attempt == 3:
                raise RuntimeError(f"PostgreSQL did not come up:\n{log.read_text()}")
            self._process.kill()
            self._process.wait()

    def _ready(self) -> bool:
        assert self._process is not None
        maintenance = f"postgres://{self._user}@127.0.0.1:{self.port}/postgres"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                with psycopg.connect(maintenance, autocommit=True, connect_timeout=5) as connection:
                    if not self._seed:
                        connection.execute(f"CREATE DATABASE {self._database}")
                return True
            time.sleep(0.05)
        return False

    @property
    def _data(self) -> Path:
        assert self._home is not None
        return self._home / "data"

    @property
    def _log(self) -> Path:
        assert self._home is not None
        return self._home / "log"

    def _identity(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root, so that root lends it another account."""
        if not self._owner:
            return {}
        return {
            "user": self._owner.pw_uid,
            "group": self._owner.pw_gid,
            "extra_groups": [],
            "env": {**os.environ, "HOME": str(self._home)},
        }


def _server_account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL does not run as root, and there is no account to lend it.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux a killed test run (a CI time limit) takes its server with it."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    pr_set_pdeathsig = 1

    def ask() -> None:
        libc.prctl(pr_set_pdeathsig, signal.SIGQUIT)

    return ask


if __name__ == "__main__":
    if binaries() is None:
        sys.exit(MISSING)
