"""The total of a REST list: exact as far as one waits, and honest beyond."""

from __future__ import annotations

import pytest

from xinglin.registry.organisations.models import Organisation
from xinglin.ui import api
from xinglin.ui.api import Named, Paging, page_of, paged

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(api, "COUNTED_TO", 3)


def listed(cast, **asked):
    return paged(Organisation.objects.order_by("id"), Paging(**asked))


def test_a_long_list_is_counted_to_a_limit_and_says_so(cast):
    total = Organisation.objects.count()
    assert total > 4
    told = listed(cast, page_size=2)
    assert (told["count"], told["exact"]) == (3, False)
    # What has been read already is counted at the least.
    assert listed(cast, page=2, page_size=2)["count"] == 4
    # Whoever wants the whole asks for it; the last page tells it by itself.
    assert listed(cast, page_size=2, total=True) | {"items": []} == {"items": [], "count": total}
    assert listed(cast, page_size=200)["count"] == total


def test_only_a_total_that_is_none_is_marked():
    page = page_of(Named)
    assert page(items=[], count=0).model_dump() == {"count": 0, "items": []}
    assert page(items=[], count=3, exact=False).model_dump()["exact"] is False
    described = page.model_json_schema(mode="serialization")["properties"]
    assert {"items", "count", "exact"} <= described.keys()
