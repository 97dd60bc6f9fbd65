"""What both houses write on the way: the illness, the vehicle, vital signs, the ECG."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.emergency import permissions, rules
from xinglin.clinical.emergency.actions import turns
from xinglin.clinical.emergency.models import BEFORE_ARRIVAL, GreenCase
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Document
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused
from xinglin.registry.people.rules import check_phone
from xinglin.registry.terminology import catalogue as terminology

CODED = {
    "vehicle_kind": "vehicle-kind",
    "vehicle_status": "vehicle-status",
    "dispatch": "dispatch-status",
    "course": "emergency-course",
}
# The course says that the patient died: that is told by `report_death`.
DEADLY = ("03", "04", "05")
DESCRIBED = (
    *("complaint", "scene", "caller_phone", "sex_seen", "age_about"),
    *("vehicle", "vehicle_kind", "vehicle_status", "dispatch", "expected_at", "course"),
)
# Nobody is on the road for longer; a later time is a slip.
ROAD = timedelta(hours=12)


@action(permissions.DESCRIBE)
def describe(case: GreenCase, /, *, by: Actor, **facts: Any) -> GreenCase:
    """Write what is known of the illness and of the vehicle; only what is given changes."""
    turns.still(case, permissions.DESCRIBE)
    now = clock.now()
    for name, value in facts.items():
        assert name in DESCRIBED, name
        setattr(case, name, value.strip() if isinstance(value, str) else value)
    for name, system in CODED.items():
        if facts.get(name):
            terminology.require(system, facts[name], field=name)
    if facts.get("course") in DEADLY:
        raise Refused(_("患者死亡请用“登记死亡”。"), field="course")
    if facts.get("caller_phone"):
        case.caller_phone = check_phone(case.caller_phone, field="caller_phone")
    expected = facts.get("expected_at")
    if expected is not None and not now - rules.SLACK <= expected <= now + ROAD:
        raise rules.WrongTime(_("预计到达时间应在今后 12 小时以内，请核对。"), field="expected_at")
    return turns.keep(case, now)


@action(permissions.OBSERVE)
def observe(
    case: GreenCase, *, by: Actor, measured_at: datetime, values: Mapping[str, Decimal]
) -> GreenCase:
    """Write vital signs into the record; the other house sees them on the case at once."""
    turns.still(case, permissions.OBSERVE)
    found = record.measure(
        case.encounter if by.at(case.to_org_id) else None,
        by=by,
        measured_at=measured_at,
        values=values,
        person=case.person,
    )
    case.observations.add(*found)
    return turns.keep(case, clock.now())


@action(permissions.ATTACH)
def attach(
    case: GreenCase, *, by: Actor, content: File[bytes], title: str = "", ecg: bool = True
) -> GreenCase:
    """File an ECG or another picture; the first ECG's picture stamps nothing by itself."""
    turns.still(case, permissions.ATTACH)
    document = record.file_document(
        Document(
            person=case.person,
            organisation_id=by.org_id,
            kind=Document.Kind.REPORT,
            title=title.strip() or (_("心电图") if ecg else ""),
        ),
        by=by,
        content=content,
    )
    case.documents.add(document)
    turns.keep(case, clock.now())
    if by.at(case.from_org_id) and case.state in BEFORE_ARRIVAL:
        turns.tell_receiver(
            case, gettext_noop("%(patient)s 有新附件：%(title)s"), title=document.title
        )
    return case
