"""The load as a job: files that were uploaded, done by the worker, watched on a page."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.text import get_valid_filename
from django.utils.translation import get_language, override

from xinglin.gateway.imports import actions, permissions
from xinglin.kernel import jobs
from xinglin.kernel.access import Actor
from xinglin.kernel.jobs import Progress
from xinglin.kernel.models import Job
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.staff.models import Post

KIND = "imports.load"


def start(
    uploads: Iterable[UploadedFile[Any]], *, by: Actor, house: Organisation, check_only: bool
) -> Job:
    """Keep the uploaded files where the worker finds them, and queue their load."""
    permissions.RUN.check(by, None)
    folder = Path(settings.HOME) / "uploads" / secrets.token_hex(12)
    folder.mkdir(parents=True, mode=0o700)
    files: list[dict[str, str]] = []
    for number, upload in enumerate(uploads):
        name = Path(upload.name or "").name[:150] or "file"
        path = folder / f"{number:02d}-{get_valid_filename(name)}"
        with path.open("wb") as kept:
            for chunk in upload.chunks():
                kept.write(chunk)
        files.append({"path": str(path), "name": name})
    return jobs.start(
        KIND,
        by=by,
        folder=str(folder),
        files=files,
        house=str(house.pk),
        house_name=house.name,
        check_only=check_only,
        by_name=by.name,
        language=get_language(),
    )


@jobs.job(KIND)
def work(job: Job, progress: Progress) -> dict[str, Any]:
    """Load the files as who sent them, and keep them no longer than that takes."""
    told = job.arguments
    folder = Path(told["folder"])
    try:
        post = Post.objects.select_related("organisation").get(pk=job.post_id)
        # The worker speaks the installation's language; the report is for whoever sent the files.
        with override(told.get("language")):
            report = actions.load(
                [Path(file["path"]) for file in told["files"]],
                by=post.actor(user_id=job.user_id, name=told["by_name"]),
                house=Organisation.objects.get(pk=UUID(told["house"])),
                check_only=told["check_only"],
                progress=progress,
                names={Path(file["path"]): file["name"] for file in told["files"]},
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = report.as_dict()
    # The refused rows stand in the report's own file, not in the job's row.
    found["refusals"] = []
    return found


def visible_to(actor: Actor) -> QuerySet[Job]:
    """The loads of the county, for whoever may load; the newest first."""
    if not permissions.RUN.allows(actor, None):
        return Job.objects.none()
    return Job.objects.filter(kind=KIND, county_id=actor.county_id).order_by("-created_at")
