"""Long work: started by an action of a person, done by the worker, watched on a page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import Job

logger = logging.getLogger(__name__)
Work = Callable[[Job, "Progress"], dict[str, Any]]
_work: dict[str, Work] = {}


class Progress:
    """Tells those who watch how far a job is; writes at most once per percent."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        self._said = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 0
        if percent != self._said:
            self._said = percent
            Job.objects.filter(pk=self.job_id).update(done=done, total=total)


def job(kind: str) -> Callable[[Work], Work]:
    """Register the function that does this kind of work; its result is kept as JSON."""

    def register(work: Work) -> Work:
        _work[kind] = work
        return work

    return register


def start(kind: str, *, by: Actor, **arguments: Any) -> Job:
    """Queue a piece of work for the worker."""
    assert kind in _work, kind
    return Job.objects.create(
        kind=kind,
        arguments=arguments,
        county_id=by.county_id,
        user_id=by.user_id,
        post_id=by.post_id,
    )


def run_next() -> bool:
    """Do the oldest waiting job, if there is one; whether there was."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(state=Job.State.WAITING)
            .order_by("created_at")
            .first()
        )
        if job is None:
            return False
        job.state = Job.State.RUNNING
        job.started_at = timezone.now()
        job.save(update_fields=["state", "started_at"])
    try:
        job.result = _work[job.kind](job, Progress(job.pk))
        job.state = Job.State.DONE
    except Refused as refusal:
        job.error, job.state = str(refusal), Job.State.FAILED
    except Exception as error:
        logger.exception("Job failed")
        job.error, job.state = type(error).__name__, Job.State.FAILED
    job.finished_at = timezone.now()
    job.save(update_fields=["result", "error", "state", "finished_at"])
    return True
