"""What the apps above the record tell the page of a person, all of them in one query."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from xinglin.clinical.careplans.models import CarePlan
from xinglin.clinical.careplans.tests import factories as plans
from xinglin.clinical.emergency.tests import factories as green
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.record.portrait import CONTRIBUTIONS, gather
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road


def text(response):
    return response.content.decode()


def test_an_open_referral_stands_on_the_page_until_it_is_over(cast, enter):
    referral = road.submitted(cast)
    part = gather(cast.wang, cast.patient)
    assert [request.state for request in part.requests] == ["已申请"]
    assert part.requests[0].due_at == referral.due_at
    shown = text(enter("wang").get(cast.patient.get_absolute_url()))
    assert "在办申请" in shown
    assert referral.get_absolute_url() in shown
    Referral.objects.filter(pk=referral.pk).update(
        state="cancelled", end_code="other", owner=None, due_at=None, duty="", clock_from=None
    )
    assert gather(cast.wang, cast.patient).requests == []


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
    part = gather(cast.wang, cast.patient)
    assert [sign.tone for sign in part.signs] == ["bad"]
    assert part.signs[0].word.startswith("随访逾期 2 天")
    assert "随访逾期" in text(enter("wang").get(cast.patient.get_absolute_url()))


def test_strangers_and_posts_without_the_permission_are_told_nothing(cast):
    road.submitted(cast)
    for part in ("stranger", "liu", "admin"):
        assert gather(cast.actors[part], cast.patient).requests == []


def everything(county, noon):
    """Something open of every app, of one person; with the moments and numbers that rows carry."""
    plan = plans.running(county)
    noon.shift(timedelta(days=12))
    CarePlan.objects.filter(pk=plan.pk).update(flagged_at=timezone.now())
    green.opened(county)
    visit = ward.admitted(county)
    ward.running(county, visit, **ward.BLOOD)
    ward.drafted(county, visit, **{**ward.CARE, "code": "care-1"})
    return plan


def test_one_query_reads_what_all_apps_have_to_tell(county_at_noon, noon):
    plan = everything(county_at_noon, noon)
    wang, patient = county_at_noon.wang, county_at_noon.patient
    unseen = gather(wang, patient)
    with CaptureQueriesContext(connection) as asked:
        told = gather(wang, patient)
    # As whoever counts queries gets it, and as the driver's own prepared statement answers.
    assert told == unseen
    assert len(asked) == 1
    assert {request.kind for request in told.requests} >= {
        "照护计划",
        "绿色通道",
        "检验医嘱",
        "护理医嘱",
    }
    words = [sign.word for sign in told.signs]
    assert words[0] == "卒中绿色通道"
    assert words[1].startswith("照护任务逾期")
    assert words[2] == "照护预警"
    [care] = [request for request in told.requests if request.kind == "照护计划"]
    assert care.url == plan.get_absolute_url()
    assert care.title == plan.letter.diagnosis_name
    assert care.way == f"{county_at_noon.hospital} → {county_at_noon.township}"
    dues = [request.due_at for request in told.requests if request.due_at]
    assert dues == sorted(dues)
    assert all(timezone.is_aware(due) for due in dues)


def test_everybody_is_told_what_each_app_lets_them_see_and_no_more(county_at_noon, noon):
    everything(county_at_noon, noon)
    patient = county_at_noon.patient
    seen = set()
    for name, actor in county_at_noon.actors.items():
        alone = {
            app
            for app, contribution in CONTRIBUTIONS.items()
            if contribution.rows(actor).filter(person_id=patient.pk).exists()
        }
        told = gather(actor, patient)
        assert {resolve(request.url).namespace for request in told.requests} == alone, name
        seen.add(frozenset(alone))
    # The cast holds posts that see all of it, some of it, and nothing.
    assert {frozenset(CONTRIBUTIONS), frozenset()} < seen
