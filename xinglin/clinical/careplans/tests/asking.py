"""What every test of an act asks: whose turn it is, who may not, and one task done."""

from __future__ import annotations

import pytest
from django.utils import timezone

from xinglin.clinical.careplans import actions as careplans
from xinglin.kernel.errors import Forbidden
from xinglin.kernel.models import InboxItem


def waiting(row):
    """Whose turn it is, for what: as the row says and as the inbox says."""
    row.refresh_from_db()
    item = InboxItem.objects.filter(subject_id=row.pk, level=0).first()
    if row.owner_id is None:
        assert item is None
        return None
    assert item is not None
    assert (item.org_id, item.audience, item.due_at) == (row.owner_id, row.duty, row.due_at)
    return row.owner_id, row.duty


def nobody_but(allowed, county, act, row, **facts):
    for name in sorted(set(county.actors) - set(allowed.split())):
        with pytest.raises(Forbidden):
            act(type(row).objects.get(pk=row.pk), by=county.actors[name], **facts)


def do(task, by, **facts):
    given = {"done_at": timezone.now(), "note": "平稳"}
    return careplans.do(task, by=by, **{**given, **facts})
