"""What referral tells the page of a person: open requests, and a follow-up that is overdue."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.portrait import tell
from xinglin.clinical.referral.tests import factories as road


def text(response):
    return response.content.decode()


def test_an_open_referral_stands_on_the_page_until_it_is_over(cast, enter):
    referral = road.submitted(cast)
    part = tell(cast.wang, cast.patient)
    assert [request.state for request in part.requests] == ["已申请"]
    assert part.requests[0].due_at == referral.due_at
    shown = text(enter("wang").get(cast.patient.get_absolute_url()))
    assert "在办申请" in shown
    assert referral.get_absolute_url() in shown
    Referral.objects.filter(pk=referral.pk).update(
        state="cancelled", end_code="other", owner=None, due_at=None, duty="", clock_from=None
    )
    assert tell(cast.wang, cast.patient).requests == []


def test_an_overdue_follow_up_is_a_sign(cast, enter):
    treated = road.treated(cast)
    late = timezone.now() - timedelta(days=2)
    Referral.objects.filter(pk=treated.pk).update(
        state="closed",
        direction="down",
        owner=cast.township,
        follow_up_org=cast.township,
        duty="referral.follow-up",
        due_at=late,
        clock_from=late - timedelta(days=14),
        closed_at=late,
    )
    part = tell(cast.wang, cast.patient)
    assert [sign.tone for sign in part.signs] == ["bad"]
    assert part.signs[0].word.startswith("随访逾期 2 天")
    assert "随访逾期" in text(enter("wang").get(cast.patient.get_absolute_url()))


def test_strangers_and_posts_without_the_permission_are_told_nothing(cast):
    road.submitted(cast)
    for part in ("stranger", "liu", "admin"):
        assert tell(cast.actors[part], cast.patient).requests == []
