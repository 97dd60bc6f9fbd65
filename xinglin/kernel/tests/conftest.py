"""What the kernel's tests share: the county, and events that nobody else hears."""

from __future__ import annotations

import pytest

from tests import cast
from xinglin.kernel import outbox


@pytest.fixture
def county(db):
    return cast.make()


@pytest.fixture
def quiet():
    """Whatever a test registers as a listener is forgotten after it."""
    before = {name: (kind, list(heard)) for name, (kind, heard) in outbox._listeners.items()}
    yield
    outbox._listeners.clear()
    outbox._listeners.update(before)
