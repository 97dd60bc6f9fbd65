"""The demo county 青山县: a seeded generator that walks through the doors a real county uses."""

from __future__ import annotations

from collections.abc import Callable


def load(residents: int = 4200, progress: Callable[[int, int], None] | None = None) -> bool:
    """Load the demo county with a year of its life; False if it stands already."""
    # Apps are not ready yet when Django imports this package.
    from xinglin.gateway.demo import loading

    return loading.load(residents, progress=progress)
