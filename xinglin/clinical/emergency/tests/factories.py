"""A case as far along its road as a test needs it, brought there by the cast's own acts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from tests import cast
from xinglin.clinical.emergency import actions as emergencies
from xinglin.clinical.emergency.models import GreenCase


def alarm(county: cast.Cast, **facts: Any) -> GreenCase:
    """A stroke that the township found, not yet saved."""
    given: dict[str, Any] = {
        "county_id": county.region.pk,
        "kind": "stroke",
        "from_org": county.township,
        "person": county.patient,
        "complaint": "突发右侧肢体无力、言语不清",
    }
    return GreenCase(**{**given, **facts})


def opened(county: cast.Cast, **facts: Any) -> GreenCase:
    return emergencies.open_case(alarm(county, **facts), by=county.wang)


def nameless(county: cast.Cast, **facts: Any) -> GreenCase:
    return opened(county, person=None, sex_seen="1", age_about=50, kind="trauma", **facts)


def confirmed(county: cast.Cast, **facts: Any) -> GreenCase:
    return emergencies.confirm(opened(county, **facts), by=county.li, prepared=["team"])


def departed(county: cast.Cast, **facts: Any) -> GreenCase:
    return emergencies.stamp(confirmed(county, **facts), by=county.wang, step="depart")


def arrived(county: cast.Cast, **facts: Any) -> GreenCase:
    return emergencies.stamp(departed(county, **facts), by=county.li, step="door")


def treated(county: cast.Cast, **facts: Any) -> GreenCase:
    return emergencies.stamp(arrived(county, **facts), by=county.chen, step="needle")


def handed_over(county: cast.Cast, **facts: Any) -> GreenCase:
    return emergencies.stamp(treated(county, **facts), by=county.chen, step="handover")


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def typed(minutes: float) -> str:
    """A moment ago as a browser sends it."""
    return timezone.localtime(ago(minutes)).strftime("%Y-%m-%dT%H:%M")
