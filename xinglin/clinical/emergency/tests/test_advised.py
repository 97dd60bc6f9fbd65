"""From the advice of triage into the green channel, and back into what triage counts."""

from __future__ import annotations

import pytest

from xinglin.clinical.emergency import actions as emergency
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.triage.models import Assessment, Decision
from xinglin.clinical.triage.tests.factories import visit
from xinglin.kernel import outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def stroke(cast):
    return visit(cast, codes=("I63.9",), complaint="右侧肢体无力1小时")


def test_who_follows_the_advice_stands_before_the_channel_it_named(cast, enter, stroke):
    wang = enter("wang")
    answer = wang.post(f"/triage/encounters/{stroke.pk}/decide/", {"follow": "1"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/emergency/new/?person={stroke.person_id}&kind=stroke"
    page = wang.get(answer["Location"]).content.decode()
    assert 'class="green-kind is-advised" name="kind" value="stroke"' in page
    assert stroke.person.name in page


def test_who_starts_the_channel_unasked_has_answered_the_advice(cast, stroke):
    emergency.open_case(
        GreenCase(
            county_id=cast.region.pk,
            kind="stroke",
            from_org_id=cast.township.pk,
            person=stroke.person,
        ),
        by=cast.wang,
    )
    outbox.deliver()
    (answer,) = Assessment.objects.filter(encounter=stroke).current()
    assert answer.decision == Decision.FOLLOWED
