"""What several acts share: whose turn it is next and until when, who hears of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from xinglin.clinical.emergency import events, permissions, rules
from xinglin.clinical.emergency.models import GreenCase, State
from xinglin.kernel import inbox, parameters
from xinglin.kernel.access import Permission
from xinglin.kernel.errors import WrongState
from xinglin.kernel.outbox import publish


def still(case: GreenCase, permission: Permission[Any]) -> None:
    """Refuse an act that the state of the case does not know any more."""
    if case.state not in permissions.STATES[permission.code]:
        raise WrongState(
            _("%(case)s 当前为“%(now)s”，不能再%(act)s。")
            % {"case": case, "now": State(case.state).label, "act": permission.label}
        )


def keep(case: GreenCase, now: datetime) -> GreenCase:
    """Say whose turn it is, and store the case as changed."""
    _owe(case, now)
    case.version += 1
    case.clean_or_refuse(exclude=["county", "person", "from_org", "to_org", "owner", "encounter"])
    case.save()
    return case


def _owe(case: GreenCase, now: datetime) -> None:
    """Nobody's turn in the end; else the receiver's until it has confirmed, then by the road."""
    times = case.times
    if case.state in (State.HANDED_OVER, State.STOOD_DOWN, State.DIED):
        case.finish()
        return
    sender, receiver = case.from_org_id, case.to_org_id
    if case.state in (State.OPEN, State.ON_THE_WAY) and case.confirmed_at is None:
        case.hand_to(
            receiver,
            permissions.CONFIRM.code,
            since=case.asked_at,
            due_at=case.asked_at + parameters.duration("emergency.confirm_minutes"),
        )
        return
    since, key, owner, wanted = {
        State.OPEN: (case.opened_at, "depart", sender, "on-the-way"),
        State.ON_THE_WAY: (times.get("depart"), "transit", receiver, "arrived"),
        State.ARRIVED: (case.arrived_at, "treat", receiver, "treated"),
        State.TREATED: (_last(case, times), "handover", receiver, "handed-over"),
    }[State(case.state)]
    start = since or now
    due = (
        _limit(case, times, wanted, now)
        or (case.expected_at if case.state == State.ON_THE_WAY else None)
        or start + parameters.duration(f"emergency.{key}_minutes")
    )
    case.hand_to(owner, permissions.STAMP.code, since=min(start, due), due_at=due)


def _limit(
    case: GreenCase, times: dict[str, datetime], wanted: str, now: datetime
) -> datetime | None:
    """When the first limit of the steps that lead on ends, if one runs."""
    dues = [
        each.due_at
        for line in rules.lines(case.of_kind, times, now=now)
        if line.step.moves == wanted and line.at is None
        for each in line.measures
        if each.due_at is not None
    ]
    return min(dues, default=None)


def _last(case: GreenCase, times: dict[str, datetime]) -> datetime | None:
    treated = [
        times[step.code]
        for step in case.of_kind.steps
        if step.moves == "treated" and step.code in times
    ]
    return max(treated, default=None)


def tell_sender(case: GreenCase, message: str, **params: Any) -> None:
    _tell(case, case.from_org_id, message, **params)


def tell_receiver(case: GreenCase, message: str, **params: Any) -> None:
    _tell(case, case.to_org_id, message, **params)


def _tell(case: GreenCase, house: UUID, message: str, **params: Any) -> None:
    inbox.tell(
        house,
        permissions.STAMP.code,
        message,
        subject=case,
        patient=case.person.name,
        number=case.number,
        kind=case.of_kind.zh,
        sender=case.from_name,
        to=case.to_name,
        **params,
    )


def announce(event: type[events.CaseEvent], case: GreenCase, at: datetime, **more: Any) -> None:
    publish(
        event(
            case_id=case.pk,
            person_id=case.person_id,
            from_org_id=case.from_org_id,
            to_org_id=case.to_org_id,
            kind=case.kind,
            at=at,
            **more,
        )
    )
