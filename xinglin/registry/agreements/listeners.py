"""What happens to agreements as days go by: reminders before the end, and the end."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from xinglin.kernel import clock, parameters, worker
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.registry.agreements import actions
from xinglin.registry.agreements.models import RUNNING, Agreement


@worker.every(600)
def watch_the_days() -> int:
    """Remind of what is about to end; note what has ended. How many of both."""
    today = timezone.localdate(clock.now())
    steps = sorted(parameters.get("agreement.remind_days"))
    if not steps:
        steps = [0]
    done = 0
    soon = Agreement.objects.running().filter(valid_until__lte=today + timedelta(days=steps[-1]))
    renewed = Agreement.objects.filter(state__in=RUNNING, follows__isnull=False)
    followed = set(renewed.values_list("follows_id", flat=True))
    for agreement in list(soon.order_by("valid_until", "id")):
        left = (agreement.valid_until - today).days
        try:
            with transaction.atomic():
                done += _turn(agreement, left, steps, followed=agreement.pk in followed)
        except Refused:
            # The clock may lose a race against a hand; then there is nothing left to do.
            continue
    return done


def _turn(agreement: Agreement, left: int, steps: list[int], *, followed: bool) -> int:
    by = system(agreement.county_id)
    if left < 0:
        actions.expire(agreement, by=by)
        return 1
    step = next((each for each in steps if left <= each), None)
    told = agreement.reminded
    if followed or step is None or (told is not None and told <= step):
        return 0
    actions.remind(agreement, by=by, days=step)
    return 1
