"""The story of a case as its page tells it, read from the trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from xinglin.clinical.emergency import catalogue, permissions, rules
from xinglin.clinical.emergency.models import GreenCase
from xinglin.kernel import trail
from xinglin.kernel.access import REGISTRY
from xinglin.kernel.models import TrailEntry

ICONS = {
    "emergency.open": "urgent",
    "emergency.stamp": "clock",
    "emergency.correct": "history",
    "emergency.confirm": "check",
    "emergency.prepare": "clipboard-check",
    "emergency.observe": "heart-rate-monitor",
    "emergency.attach": "paperclip",
    "emergency.describe": "edit",
    "emergency.redirect": "arrows-exchange",
    "emergency.identify": "id",
    "emergency.admit": "stethoscope",
    "emergency.stand-down": "circle-x",
    "emergency.report-death": "circle-x",
}
TONES = {
    "emergency.open": "bad",
    "emergency.confirm": "good",
    "emergency.correct": "warn",
    "emergency.stand-down": "warn",
}
# Their lines about the case itself only say that something changed; the step's line says what.
BY_STEP = (permissions.STAMP.code, permissions.CORRECT.code)


def story(case: GreenCase) -> list[dict[str, Any]]:
    """Every act, newest first: who, when, from which house, and the words that matter."""
    steps = {row.pk: row for row in case.steps.all()}
    return [
        {
            "at": entry.at,
            "who": trail.who(entry),
            "org": entry.org_name,
            "what": _what(case, entry, steps),
            "note": _note(case, entry, steps),
            "icon": ICONS.get(entry.verb, "point"),
            "tone": TONES.get(entry.verb, "plain"),
        }
        for entry in reversed(trail.of([case.pk, *steps]))
        if entry.subject_id in steps or entry.verb not in BY_STEP
    ]


def _what(case: GreenCase, entry: TrailEntry, steps: dict[Any, Any]) -> str:
    row = steps.get(entry.subject_id)
    if row is not None:
        label = case.of_kind.step(row.code).label
        told = _("更正：%(step)s") if entry.verb == permissions.CORRECT.code else "%(step)s"
        return told % {"step": label}
    permission = REGISTRY.get(entry.verb)
    return str(permission.label) if permission else entry.verb


def _note(case: GreenCase, entry: TrailEntry, steps: dict[Any, Any]) -> str:
    now = {name: values[1] for name, values in entry.changes.items() if values[1]}
    row = steps.get(entry.subject_id)
    if row is not None:
        told = rules.said(row.at)
        if entry.verb != permissions.CORRECT.code:
            return told
        reason = catalogue.reasons.label("correct", row.void_code)
        return _("，").join(filter(None, (told, reason, row.void_reason)))
    if entry.verb == permissions.STAND_DOWN.code:
        reason = catalogue.reasons.label("stand-down", now.get("end_code", ""))
        return _("，").join(filter(None, (reason, now.get("end_reason", ""))))
    if entry.verb in (permissions.CONFIRM.code, permissions.PREPARE.code):
        labels = {each.code: each.label for each in case.of_kind.ready}
        ready = [labels.get(code, code) for code in now.get("prepared", [])]
        return _("、").join([*ready, *filter(None, (now.get("place"), now.get("prepared_note")))])
    if entry.verb == permissions.DESCRIBE.code:
        at = now.get("expected_at")
        words = [now.get("complaint", ""), now.get("vehicle", "")]
        if at:
            expected = rules.said(datetime.fromisoformat(at))
            words.append(_("预计 %(at)s 到达") % {"at": expected})
        return _("，").join(filter(None, words))
    return ""
