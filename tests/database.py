"""Which database the tests run on: `pytest --db sqlite` (default) or `pytest --db postgres`.

pyproject.toml names this module with `-p`, because everything here must be in the environment
before pytest-django reads the settings, and that happens before any conftest is loaded. Only the
controlling process acts; xdist's workers inherit its environment.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.postgres import PostgresMissing, TemporaryPostgres

# What conftest.py wants to know, in workers too, where the option is not parsed here.
SKIP_REASON = "XINGLIN_TESTS_SKIP_DATABASE"
TEST_HOME = "XINGLIN_TESTS_HOME"

_server: TemporaryPostgres | None = None
_home: Path | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db",
        choices=["sqlite", "postgres"],
        default="sqlite",
        help="database to test on; postgres is spawned for the run and thrown away",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _prepare(early_config.known_args_namespace.db)
    return (yield)


def _prepare(database: str) -> None:
    global _server, _home
    _home = Path(tempfile.mkdtemp(prefix="xinglin-tests-"))
    os.environ.pop(SKIP_REASON, None)
    os.environ |= {
        TEST_HOME: str(_home),
        # A developer's own settings must not leak into the tests, nor the tests into their data.
        "XINGLIN_HOME": str(_home),
        "XINGLIN_ENV": "demo",
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DATABASE_URL": f"sqlite:///{_home / 'xinglin.sqlite3'}",
    }
    for name in ("XINGLIN_CATALOGUE", "XINGLIN_HOSTS", "XINGLIN_DEBUG", "LANGUAGE_CODE"):
        os.environ.pop(name, None)
    # Playwright keeps an event loop in the thread that also prepares its data.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    if database == "postgres":
        try:
            _server = TemporaryPostgres().start()
        except PostgresMissing as missing:
            os.environ[SKIP_REASON] = str(missing)
        else:
            os.environ["DATABASE_URL"] = _server.url


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Also after Ctrl-C and after a failed collection."""
    global _server, _home
    if _server:
        _server.stop()
        _server = None
    if _home:
        shutil.rmtree(_home, ignore_errors=True)
        _home = None
