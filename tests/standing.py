"""A county that stands while a whole module of tests runs, built once and rolled back at its end.

    @pytest.fixture(scope="module")
    def standing(django_db_setup, django_db_blocker):
        with standing_county(django_db_blocker) as county:
            yield county

    @pytest.fixture
    def county(standing, db):
        return copy.deepcopy(standing)

Each test works inside a savepoint of its own. Tests that commit (`transaction=True`) therefore
live in modules of their own and make their own county.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction

from tests import cast

T = TypeVar("T")


@contextmanager
def standing_county(django_db_blocker, make: Callable[[], T] = cast.make) -> Iterator[T]:
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        county = make()
    try:
        yield county
    finally:
        with django_db_blocker.unblock():
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)
