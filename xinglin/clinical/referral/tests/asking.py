"""What every test of an act asks: whose turn it is, who heard of it, who may not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests.conftest import NOON as NOON
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.kernel.models import InboxItem, Notice, OutboxEvent

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def owed(referral: Referral) -> tuple[object, str, datetime | None]:
    """Whose turn it is, for what, until when: as the row says and as the inbox says."""
    row = Referral.objects.get(pk=referral.pk)
    item = InboxItem.objects.filter(subject_id=row.pk, level=0).first()
    if row.owner_id is None:
        assert item is None
        return None, "", None
    assert item is not None
    assert (item.org_id, item.audience, item.due_at) == (row.owner_id, row.duty, row.due_at)
    return row.owner_id, row.duty.removeprefix("referral."), row.due_at


def news_of(actor) -> list[str]:
    return [notice.text for notice in Notice.objects.for_actor(actor)]


def told() -> list[str]:
    """The facts about referrals that were announced, in order."""
    names = OutboxEvent.objects.filter(name__startswith="referral.").order_by("id")
    return [name.removeprefix("referral.") for name in names.values_list("name", flat=True)]


def nobody_but(allowed: str, county, act, referral: Referral, **facts) -> None:
    """Everybody else of the cast gets a sentence, 路人 among them, and nothing changes."""
    before = Referral.objects.get(pk=referral.pk).facts()
    others = set(county.actors) - set(allowed.split())
    assert "stranger" in others
    for name in sorted(others):
        with pytest.raises(Forbidden):
            act(Referral.objects.get(pk=referral.pk), by=county.actors[name], **facts)
    assert Referral.objects.get(pk=referral.pk).facts() == before


def refused(kind: type[Refused], act, *args, **facts) -> Refused:
    with pytest.raises(kind) as caught:
        act(*args, **facts)
    assert str(caught.value)
    return caught.value
