"""How a case ends before its end."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.emergency import catalogue, events, permissions
from xinglin.clinical.emergency.actions import bedding, turns
from xinglin.clinical.emergency.actions.noting import DEADLY
from xinglin.clinical.emergency.models import BEFORE_ARRIVAL, GreenCase, State
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused
from xinglin.registry.terminology import catalogue as terminology


@action(permissions.STAND_DOWN)
def stand_down(case: GreenCase, *, by: Actor, code: str, text: str = "") -> GreenCase:
    """End the alarm with its reason; both houses go back to their work."""
    catalogue.reasons.check("stand-down", code, text, field="code")
    case.move_to(State.STOOD_DOWN)
    now = clock.now()
    case.end_code, case.end_reason, case.ended_at = code, text.strip(), now
    turns.keep(case, now)
    bedding.free(case)
    tell = turns.tell_receiver if by.at(case.from_org_id) else turns.tell_sender
    tell(case, gettext_noop("%(patient)s 的绿色通道已解除"))
    turns.announce(events.CaseEnded, case, now, end_code=code)
    return case


@action(permissions.REPORT_DEATH)
def report_death(case: GreenCase, *, by: Actor, course: str = "", text: str = "") -> GreenCase:
    """Note that the patient died: at the scene, on the way, at the door, or in the hospital.

    `course` is of CV05.10.200 and needed until the patient is in the hospital. The death itself
    is registered by the certificate, not here.
    """
    if course:
        terminology.require("emergency-course", course, field="course")
    before = case.state in BEFORE_ARRIVAL
    if course and course not in DEADLY or (before and not course):
        raise Refused(_("请选择死亡发生在现场、途中还是到院时。"), field="course")
    case.move_to(State.DIED)
    now = clock.now()
    case.course = course or case.course
    case.end_reason, case.ended_at = text.strip(), now
    turns.keep(case, now)
    bedding.free(case)
    for tell in (turns.tell_sender, turns.tell_receiver):
        tell(case, gettext_noop("绿色通道患者 %(patient)s 已死亡"))
    turns.announce(events.CaseEnded, case, now, end_code="")
    return case


@action(permissions.REPORT_DEATH)
def hear_of_death(case: GreenCase, *, by: Actor) -> GreenCase:
    """The register says that the patient died: nothing runs any more."""
    case.move_to(State.DIED)
    now = clock.now()
    case.ended_at = now
    turns.keep(case, now)
    bedding.free(case)
    turns.announce(events.CaseEnded, case, now, end_code="")
    return case
