"""What every test in the house stands on. The choice of database is in tests/database.py."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation

from tests.database import SKIP_REASON, TEST_HOME

if TYPE_CHECKING:
    from django.test import Client

    from tests.cast import Cast

# Shared machines stall for a second now and then; that says nothing about the code. In CI the
# same examples each time, so that a red run is about the commit.
hypothesis.settings.register_profile(
    "house", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True
)
hypothesis.settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    # Argon2 takes its 300 ms on purpose; a thousand invented doctors cannot wait for it.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_report_header(config: pytest.Config) -> str:
    return "database: " + os.environ["DATABASE_URL"].partition(":")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = os.environ.get(SKIP_REASON)
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """A database file for each worker: in memory, SQLite has no second connection, hence no races.

    The parent fixture has already told PostgreSQL's workers apart by the name of the database.
    """
    settings_dict = connections["default"].settings_dict
    if settings_dict["ENGINE"].endswith("sqlite3"):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        settings_dict["TEST"]["NAME"] = str(Path(os.environ[TEST_HOME]) / f"test-{worker}.sqlite3")


@pytest.fixture(autouse=True)
def speaking_chinese() -> None:
    """A request in English leaves its language in the thread, as it does until the next request."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    """What another test has rolled back is not remembered: agreements are referred to by rows."""
    from xinglin.clinical.referral.destinations.directory import directory
    from xinglin.clinical.referral.destinations.models import memory
    from xinglin.registry.agreements.models import book
    from xinglin.registry.organisations.models import travel

    book.forget()
    travel.forget()
    directory.forget()
    memory.forget()


@pytest.fixture
def cast(db: None) -> Cast:
    """The small 青山县 that everybody knows, built through the actions."""
    from tests.cast import make

    return make()


@pytest.fixture
def enter(cast: Cast) -> Callable[[str], Client]:
    """A browser in which one of the cast has signed in: `enter("wang").get("/")`."""
    from django.test import Client

    def browser(part: str) -> Client:
        client = Client()
        client.force_login(cast.users[part])
        return client

    return browser
