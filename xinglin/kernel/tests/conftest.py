"""What the kernel's tests share: the county, and events that nobody else hears."""

from __future__ import annotations

import copy

import pytest

from tests.standing import standing_county
from xinglin.kernel import outbox


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    with standing_county(django_db_blocker) as county:
        yield county


@pytest.fixture
def county(standing, db):
    return copy.deepcopy(standing)


@pytest.fixture
def quiet():
    """Whatever a test registers as a listener is forgotten after it."""
    before = {name: (kind, list(heard)) for name, (kind, heard) in outbox._listeners.items()}
    yield
    outbox._listeners.clear()
    outbox._listeners.update(before)
