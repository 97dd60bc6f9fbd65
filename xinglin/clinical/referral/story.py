"""The story of a referral as its pages tell it, read from the trail; and how far it has come."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from xinglin.clinical.referral import catalogue
from xinglin.clinical.referral.models import FOLLOWED, Referral, State
from xinglin.kernel import trail
from xinglin.kernel.access import REGISTRY
from xinglin.kernel.models import TrailEntry
from xinglin.ui.templatetags.ui import when

TONES = {
    "referral.decline": "bad",
    "referral.expire": "bad",
    "referral.cancel": "warn",
    "referral.end": "warn",
    "referral.waitlist": "warn",
    "referral.accept": "good",
    "referral.close": "good",
    "referral.follow-up": "good",
}
ICONS = {
    "referral.draft": "edit",
    "referral.submit": "send",
    "referral.approve": "shield-check",
    "referral.accept": "check",
    "referral.decline": "ban",
    "referral.waitlist": "hourglass",
    "referral.redirect": "arrows-exchange",
    "referral.cancel": "x",
    "referral.depart": "ambulance",
    "referral.receive": "map-pin",
    "referral.treat": "stethoscope",
    "referral.discharge": "logout",
    "referral.propose-down": "arrow-back-up",
    "referral.close": "receipt",
    "referral.follow-up": "clipboard-heart",
    "referral.end": "circle-x",
    "referral.expire": "clock",
    "referral.hear": "refresh",
    "referral.attach": "paperclip",
    "referral.complete": "edit",
    "referral.file-insurance": "file-text",
}


def story(referral: Referral) -> list[dict[str, Any]]:
    """Every step, newest first: who, when, from which house, and the words that matter."""
    return [
        {
            "at": entry.at,
            "who": trail.who(entry),
            "org": entry.org_name,
            "what": _what(entry),
            "note": _note(entry),
            "icon": ICONS.get(entry.verb, "point"),
            "tone": TONES.get(entry.verb, "plain"),
        }
        for entry in reversed(trail.of([referral.pk]))
    ]


def _what(entry: TrailEntry) -> str:
    after = entry.changes.get("state", ["", ""])[1]
    if entry.verb == "referral.expire" and after:
        return str(State(after).label)
    permission = REGISTRY.get(entry.verb)
    return str(permission.label) if permission else entry.verb


def _note(entry: TrailEntry) -> str:
    """The new words of an act, in reading order."""
    now = {name: values[1] for name, values in entry.changes.items() if values[1]}
    told = []
    if entry.verb == "referral.decline":
        told.append(catalogue.reasons.label("refusal", now.get("refusal_code", "")))
        told += [now.get("refusal", ""), now.get("alternative", "")]
    elif entry.verb in ("referral.cancel", "referral.end"):
        group = "cancel" if entry.verb.endswith("cancel") else "end"
        told += [catalogue.reasons.label(group, now.get("end_code", "")), now.get("end_reason", "")]
    elif entry.verb == "referral.waitlist":
        told.append(catalogue.reasons.label("waiting", now.get("waiting_code", "")))
    elif entry.verb == "referral.accept":
        told += [
            now.get("to_department", ""),
            now.get("accepting_doctor", ""),
            now.get("place", ""),
        ]
    elif entry.verb == "referral.depart":
        told.append(now.get("transport", ""))
    elif entry.verb == "referral.follow-up":
        told.append(now.get("follow_up_note", ""))
    return _("，").join(text for text in told if text)


def stages(referral: Referral) -> list[dict[str, Any]]:
    """The road from request to receipt, with what is done and where it stands."""
    passed = [
        (pgettext("stage", "申请"), referral.submitted_at),
        (pgettext("stage", "接收"), referral.accepted_at),
        (pgettext("stage", "到诊"), referral.arrived_at),
        (pgettext("stage", "诊治"), referral.treated_at),
        (pgettext("stage", "回执"), referral.closed_at),
    ]
    if referral.direction in FOLLOWED:
        passed.append((pgettext("stage", "随访"), referral.followed_up_at))
    steps: list[dict[str, Any]] = []
    here = True
    stopped = referral.state in (State.CANCELLED, State.ENDED, State.DECLINED, State.EXPIRED)
    for label, at in passed:
        if at is not None:
            steps.append({"label": label, "state": "done", "note": when(at)})
        elif here:
            steps.append({"label": label, "state": "stopped" if stopped else "now", "note": ""})
            here = False
        else:
            steps.append({"label": label, "state": "next", "note": ""})
    return steps
