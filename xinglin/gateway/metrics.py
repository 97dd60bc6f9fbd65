"""How the house is doing, for Prometheus: counts only, no names.

Answered to the machine itself, or to whoever shows the token of `XINGLIN_METRICS_TOKEN`. A
request that came through a proxy bears its marks and is no longer the machine itself.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from xinglin.clinical.referral.models import Referral
from xinglin.gateway.problems import problem
from xinglin.kernel.models import Delivery, Job, TrailEntry

PROXY_MARKS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        return problem(403, "forbidden", "Only for this machine, or with the metrics token.")
    lines = []
    for name, (told, value) in _measures().items():
        lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge", f"{name} {value}"]
    return HttpResponse(
        "\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _measures() -> dict[str, tuple[str, int]]:
    now = timezone.now()
    referrals = Referral.objects.open().aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=now))
    )
    deliveries = Delivery.objects.filter(done_at=None).aggregate(
        pending=Count("pk", filter=Q(parked_at=None)),
        parked=Count("pk", filter=Q(parked_at__isnull=False)),
    )
    return {
        "xinglin_referrals_open": ("Referrals that somebody owes a step.", referrals["open"]),
        "xinglin_referrals_overdue": ("Open referrals past their deadline.", referrals["overdue"]),
        "xinglin_deliveries_pending": ("Events not yet heard.", deliveries["pending"]),
        "xinglin_deliveries_parked": ("Events that failed ten times.", deliveries["parked"]),
        "xinglin_jobs_waiting": (
            "Jobs in the queue.",
            Job.objects.filter(state=Job.State.WAITING).count(),
        ),
        "xinglin_trail_unsealed": (
            "Lines of the trail not yet chained.",
            TrailEntry.objects.filter(link=None).count(),
        ),
    }


def _may_read(request: HttpRequest) -> bool:
    token = str(getattr(settings, "METRICS_TOKEN", ""))
    shown = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(shown.encode(), token.encode()):
        return True
    if any(mark in request.META for mark in PROXY_MARKS):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
