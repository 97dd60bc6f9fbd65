"""The clock: stamping a step, correcting one, striking one out; the state follows the steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.emergency import catalogue, events, permissions, rules
from xinglin.clinical.emergency.actions import turns
from xinglin.clinical.emergency.models import (
    AT_THE_HOSPITAL,
    BEFORE_ARRIVAL,
    GreenCase,
    GreenStep,
    State,
)
from xinglin.kernel import clock, parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.registry.people.actions import link_care
from xinglin.registry.people.models import CareLink


class StampedAlready(Conflict):
    """Somebody has noted this step; a wrong time is corrected."""

    code = "stamped-already"


class NotOnesSide(Refused):
    """The other house does this step."""

    code = "not-ones-side"
    status = 403


@action(permissions.STAMP)
def stamp(case: GreenCase, *, by: Actor, step: str, at: datetime | None = None) -> GreenCase:
    """Note one step of the clock, now or at the time that is told; the state follows."""
    turns.still(case, permissions.STAMP)
    now = clock.now()
    found = _ones_own(case, step, by)
    times = case.times
    if step in times:
        raise StampedAlready(
            _("“%(step)s”已登记为 %(at)s；时间有误请更正。")
            % {"step": found.label, "at": rules.said(times[step])},
            field="step",
        )
    moment = at or now
    rules.check_order(case.of_kind, found, moment, times, now=now)
    _write(case, found.code, moment, by)
    _move(case, found, moment, by)
    return turns.keep(case, now)


@action(permissions.CORRECT)
def correct(
    case: GreenCase, *, by: Actor, step: str, at: datetime, code: str, text: str = ""
) -> GreenCase:
    """Put another time in the place of a wrong one, which stays to be seen, struck out."""
    turns.still(case, permissions.CORRECT)
    catalogue.reasons.check("correct", code, text, field="code")
    now = clock.now()
    found = _ones_own(case, step, by)
    times = case.times
    old = _standing(case, found)
    rules.check_order(
        case.of_kind,
        found,
        at,
        {name: known for name, known in times.items() if name != step},
        now=now,
    )
    _strike(old, by, code, text)
    _write(case, found.code, at, by, replaces=old)
    if found.moves == State.ARRIVED and case.arrived_at is not None:
        case.arrived_at = at
    if found.moves == State.HANDED_OVER and case.state == State.HANDED_OVER:
        case.ended_at = at
    return turns.keep(case, now)


@action(permissions.CORRECT)
def withdraw(case: GreenCase, *, by: Actor, step: str, code: str, text: str = "") -> GreenCase:
    """Strike out a step that did not happen; one that brought the case on is only corrected."""
    turns.still(case, permissions.CORRECT)
    catalogue.reasons.check("correct", code, text, field="code")
    found = _ones_own(case, step, by)
    if found.moves and case.state != State.OPEN:
        raise WrongState(
            _("“%(step)s”已使病例进入下一状态，只能更正时间，不能撤销。") % {"step": found.label}
        )
    _strike(_standing(case, found), by, code, text)
    return turns.keep(case, clock.now())


def _ones_own(case: GreenCase, step: str, by: Actor) -> catalogue.Step:
    found = case.of_kind.step(step)
    if by.role != "system" and not permissions.on_ones_side(by, case, found):
        other = case.from_name if found.side == "sender" else case.to_name
        raise NotOnesSide(
            _("“%(step)s”由%(house)s登记。") % {"step": found.label, "house": other}, field="step"
        )
    return found


def _standing(case: GreenCase, step: catalogue.Step) -> GreenStep:
    found = case.steps.filter(code=step.code, voided_at=None).first()
    if found is None:
        raise WrongState(_("“%(step)s”尚未登记。") % {"step": step.label})
    return found


def _write(
    case: GreenCase, code: str, at: datetime, by: Actor, *, replaces: GreenStep | None = None
) -> None:
    row = GreenStep(
        case=case,
        code=code,
        at=at,
        organisation_id=by.org_id,
        author=by.name,
        replaces=replaces,
    )
    row.save(force_insert=True)
    trail.record(by, permissions.STAMP.code, row, before={})
    _forget(case)


def _strike(row: GreenStep, by: Actor, code: str, text: str) -> None:
    before = row.facts()
    row.voided_at, row.voided_by = clock.now(), by.name
    row.void_code, row.void_reason = code, text.strip()[:200]
    row.save()
    trail.record(by, permissions.CORRECT.code, row, before=before)
    _forget(row.case)


def _forget(case: GreenCase) -> None:
    """What was read with the case for a page is not what stands now."""
    case.__dict__.pop("standing", None)
    case._prefetched_objects_cache = {}  # type: ignore[attr-defined]


def _move(case: GreenCase, step: catalogue.Step, at: datetime, by: Actor) -> None:
    """Thrombolysis before the transfer, or an operation after another, moves nothing."""
    if not step.moves:
        return
    state = State(step.moves)
    if state is State.ON_THE_WAY and case.state == State.OPEN:
        case.move_to(state)
        turns.tell_receiver(case, gettext_noop("%(patient)s 已从%(sender)s出发"))
    elif state is State.ARRIVED and case.state in BEFORE_ARRIVAL:
        _arrive(case, at, by)
    elif state is State.TREATED and case.state == State.ARRIVED:
        case.move_to(state)
        turns.tell_sender(
            case, gettext_noop("%(patient)s 已在%(to)s开始救治：%(step)s"), step=step.zh
        )
    elif state is State.HANDED_OVER and case.state in AT_THE_HOSPITAL:
        case.move_to(state)
        case.ended_at = at
        turns.tell_sender(case, gettext_noop("%(patient)s 已在%(to)s完成交接"))
        turns.announce(events.CaseHandedOver, case, at)
    elif state is State.HANDED_OVER:
        raise WrongState(_("患者尚未到院，不能登记交接。"))


def _arrive(case: GreenCase, at: datetime, by: Actor) -> None:
    """The patient is at the door: nothing is asked for first, registration comes after."""
    case.move_to(State.ARRIVED)
    case.arrived_at = at
    case.vehicle_status = "07" if case.vehicle_status else ""
    if case.confirmed_at is None:
        case.confirmed_at, case.confirmed_by = clock.now(), by.name
    if by_two_parties(case, by):
        # Decision 0009: one house sent, another person of another house took in.
        link_care(
            case.person_id,
            case.to_org_id,
            CareLink.Basis.REFERRAL,
            evidence=CareLink.Evidence.EMERGENCY,
            since=at,
            until=at + parameters.duration("privacy.care_days"),
        )
    turns.tell_sender(case, gettext_noop("%(patient)s 已到达%(to)s"))
    turns.announce(events.CaseArrived, case, at)


def by_two_parties(case: GreenCase, by: Actor) -> bool:
    """Two houses and two people had a part: one opened the case, another took the patient in."""
    here: Any = case.to_org_id
    return case.from_org_id != here and by.at(here) and by.user_id != case.opener
