"""What happens at the commit and between two workers: tests that really commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from tests import cast
from tests.races import together
from xinglin.kernel import jobs, outbox
from xinglin.kernel.ids import new_id
from xinglin.kernel.models import Delivery, TrailEntry
from xinglin.registry.people import actions as people

pytestmark = pytest.mark.usefixtures("quiet")


class BellRang(outbox.Event):
    """The bell of the house has rung."""

    name = "test.bell-rang"
    bell_id: UUID


def ring() -> BellRang:
    event = BellRang(bell_id=new_id())
    outbox.publish(event)
    return event


@pytest.fixture
def kind():
    """Work of a kind that only this test knows."""
    yield lambda work: jobs.job("test")(work)
    jobs._work.pop("test", None)


@pytest.mark.django_db(transaction=True)
def test_change_and_line_are_committed_together():
    county = cast.make()
    seen = []
    with transaction.atomic():
        transaction.on_commit(lambda: seen.append(TrailEntry.objects.latest("id").verb))
        people.correct(county.patient, by=county.wang, name="陈桂花")
        assert seen == []
    assert seen == ["person.correct"]


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_told_after_the_commit_and_never_without_it():
    heard: list[Any] = []
    outbox.on(BellRang)(heard.append)
    with transaction.atomic():
        event = ring()
        assert heard == []
    assert outbox.deliver() == 1
    assert heard == [event]

    # The change was taken back, and so is its fact.
    with transaction.atomic():
        ring()
        transaction.set_rollback(True)
    assert outbox.deliver() == 0
    assert heard == [event]


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_workers_share_the_queue_and_each_fact_has_its_effect_once():
    heard: list[UUID] = []

    @outbox.on(BellRang)
    def listener(event: BellRang) -> None:
        heard.append(event.bell_id)

    rung = {ring().bell_id for _time in range(30)}

    def work() -> None:
        while Delivery.objects.pending(timezone.now()).exists():
            outbox.deliver()

    together(work, work)
    assert Delivery.objects.exclude(done_at=None).count() == 30
    # Once each: a delivery is locked while it is worked on.
    assert sorted(heard) == sorted(rung)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_workers_do_one_job_once(kind):
    county = cast.make()
    done: list[int] = []

    @kind
    def work(job, progress):
        done.append(job.arguments["n"])
        return {}

    for number in range(10):
        jobs.start("test", by=county.admin, n=number)

    def run() -> None:
        while jobs.run_next():
            pass

    together(run, run)
    assert sorted(done) == list(range(10))
