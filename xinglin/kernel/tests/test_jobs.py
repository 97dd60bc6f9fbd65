"""Long work: started by a person, done by the worker, watched on a page."""

from __future__ import annotations

import pytest

from xinglin.kernel import jobs
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import Job, belongs_to


@pytest.fixture
def kind():
    """Work of a kind that only this test knows."""
    yield lambda work: jobs.job("test")(work)
    jobs._work.pop("test", None)


def test_a_job_waits_runs_and_keeps_its_result(county, kind):
    states = []

    @kind
    def count(job, progress):
        states.append(Job.objects.get(pk=job.pk).state)
        return {"counted": job.arguments["upto"]}

    job = jobs.start("test", by=county.admin, upto=3)
    assert job.state == Job.State.WAITING
    assert jobs.run_next() is True
    job.refresh_from_db()
    assert states == [Job.State.RUNNING]
    assert (job.state, job.result) == (Job.State.DONE, {"counted": 3})
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.started_at <= job.finished_at
    assert jobs.run_next() is False


def test_people_see_how_far_it_is(county, kind):
    seen = []

    @kind
    def work(job, progress):
        for done in range(0, 1001, 5):
            progress(done, 1000)
            seen.append(Job.objects.get(pk=job.pk).percent)
        return {}

    jobs.start("test", by=county.admin)
    jobs.run_next()
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 100)


def test_the_oldest_comes_first(county, kind):
    order = []

    @kind
    def work(job, progress):
        order.append(job.arguments["n"])
        return {}

    for number in range(3):
        jobs.start("test", by=county.admin, n=number)
    while jobs.run_next():
        pass
    assert order == [0, 1, 2]


def test_a_refusal_is_told_in_its_sentence(county, kind):
    @kind
    def work(job, progress):
        raise Refused("第 3 行的身份证号码不对。")

    job = jobs.start("test", by=county.admin)
    jobs.run_next()
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, "第 3 行的身份证号码不对。")


def test_a_breakdown_tells_no_innards(county, kind):
    @kind
    def work(job, progress):
        raise RuntimeError("password=secret")

    job = jobs.start("test", by=county.admin)
    jobs.run_next()
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, "RuntimeError")
    # And the next one runs.
    assert jobs.run_next() is False


def test_only_who_started_it_watches_it(county, kind):
    kind(lambda job, progress: {})
    job = jobs.start("test", by=county.admin)
    assert belongs_to(job, county.admin)
    for name in ("wang", "li", "zheng", "stranger", "strange_admin"):
        assert not belongs_to(job, getattr(county, name)), name
