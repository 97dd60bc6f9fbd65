"""Somebody comes into a bed, is moved to another, changes beds with somebody."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity.actions.beds.holding import end, take
from xinglin.clinical.capacity.actions.beds.steps import (
    AlreadyInBed,
    BedNotFree,
    WrongBed,
    WrongTime,
    leave_behind,
    lock_beds,
    must_be_current,
    must_be_open,
    must_suit,
    not_ahead,
    not_before,
    put,
    refuse_given,
)
from xinglin.clinical.capacity.actions.steps import alone_with
from xinglin.clinical.capacity.events.beds import BedTaken
from xinglin.clinical.capacity.models.beds import Bed, BedState
from xinglin.clinical.capacity.models.stays import BedHold, BedStay, HoldState, StayEnd
from xinglin.clinical.capacity.permissions import beds as permissions
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock, parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import WrongState
from xinglin.kernel.outbox import publish


@action(permissions.ADMIT)
def admit(stay: BedStay, *, by: Actor) -> BedStay:
    """Lay somebody in a free bed, or in the one that is kept for them."""
    now = clock.now()
    not_ahead(stay.since, now, field="since")
    alone_with(stay.person_id, stay.county_id)
    _fit_encounter(stay)
    _refuse_lying(stay)
    mine = Q(bed_id=stay.bed_id) | Q(person_id=stay.person_id)
    kept, beds = take(mine, [stay.bed_id], now)
    bed = beds[stay.bed_id]
    must_be_open(bed)
    own = next((h for h in kept if h.bed_id == bed.pk and h.person_id == stay.person_id), None)
    if not (own is not None and bed.state == BedState.HELD):
        refuse_given(bed)
    if own is not None and not stay.mix_code:
        stay.mix_code, stay.mix_text = own.mix_code, own.mix_text
    must_suit(bed, stay.person, stay.mix_code, stay.mix_text)
    not_before(stay, stay.since, "since")
    stay.bed, stay.began = bed, stay.since
    stay.admitted_by = by.name[:50]
    _check_plan(stay.planned_on, stay.since)
    _settle(stay, now)
    _let_go(kept, stay, now)
    return stay


def _let_go(kept: list[BedHold], stay: BedStay, now: datetime) -> None:
    """What was kept for somebody who has come is kept no more, wherever they lie now."""
    for hold in kept:
        if hold.person_id != stay.person_id:
            continue
        if hold.bed_id == stay.bed_id:
            end(hold, HoldState.USED, now)
        elif hold.organisation_id == stay.organisation_id:
            end(hold, HoldState.RELEASED, now, code="elsewhere")


def _fit_encounter(stay: BedStay) -> None:
    """The stay belongs to an open visit of the same person at the same house, or to none yet."""
    visit = stay.encounter
    if visit is None:
        stay.encounter = open_stay_of(stay)
        return
    if visit.person_id != stay.person_id or visit.organisation_id != stay.organisation_id:
        raise WrongBed(_("该次就诊不属于这位患者或本机构。"), field="encounter")
    if visit.voided_at is not None or visit.ended_at is not None:
        raise WrongBed(_("该次就诊已结束或作废。"), field="encounter")


def open_stay_of(stay: BedStay) -> Encounter | None:
    """The person's stay at the house that goes on, if it has been written already."""
    found: Encounter | None = (
        Encounter.objects.filter(
            person_id=stay.person_id,
            organisation_id=stay.organisation_id,
            kind=Encounter.Kind.INPATIENT,
            ended_at=None,
            voided_at=None,
        )
        .order_by("-started_at", "-id")
        .first()
    )
    return found


def _refuse_lying(stay: BedStay) -> None:
    lies = BedStay.objects.current().filter(person_id=stay.person_id)
    other = lies.select_related("bed__ward", "organisation").first()
    if other is None:
        return
    if other.organisation_id == stay.organisation_id:
        raise AlreadyInBed(
            _("%(person)s 已在%(bed)s，请办理转床。")
            % {"person": stay.person.name, "bed": other.bed.full_name},
            field="person",
        )
    raise AlreadyInBed(
        _("%(person)s 在%(house)s住院，尚未离床；请先由该机构办理出院。")
        % {"person": stay.person.name, "house": other.organisation},
        field="person",
    )


def _settle(stay: BedStay, now: datetime) -> None:
    """Store who lies in the bed; the database keeps that it is one, and in one bed."""
    stay.clean_or_refuse()
    try:
        with transaction.atomic():
            stay.save(force_insert=True)
    except IntegrityError as error:
        _refuse_lying(stay)
        raise BedNotFree(
            _("%(bed)s 已有患者，请另选床位。") % {"bed": stay.bed}, field="bed"
        ) from error
    put(stay.bed, BedState.OCCUPIED, now)
    publish(
        BedTaken(
            stay_id=stay.pk,
            bed_id=stay.bed_id,
            ward_id=stay.bed.ward_id,
            organisation_id=stay.organisation_id,
            person_id=stay.person_id,
            encounter_id=stay.encounter_id,
            moved_from_id=stay.moved_from_id,
            at=stay.since,
        )
    )


@action(permissions.MOVE)
def move(
    stay: BedStay,
    *,
    by: Actor,
    bed: Bed,
    at: datetime | None = None,
    mix_code: str = "",
    mix_text: str = "",
) -> BedStay:
    """Move somebody to another bed of the house; answers with the stay there."""
    now = clock.now()
    at = at or now
    must_be_current(stay)
    _check_move(stay, at, now)
    if bed.pk == stay.bed_id:
        raise WrongBed(_("患者已在 %(bed)s。") % {"bed": bed}, field="bed")
    if bed.organisation_id != stay.organisation_id:
        raise WrongBed(_("只能在本机构内转床；转往其他机构请办理转诊。"), field="bed")
    kept, beds = take(Q(bed_id=bed.pk), [stay.bed_id, bed.pk], now)
    target = beds[bed.pk]
    must_be_open(target)
    own = next((h for h in kept if h.person_id == stay.person_id), None)
    if not (own is not None and target.state == BedState.HELD):
        refuse_given(target)
    _end_by_move(stay, at)
    leave_behind(beds[stay.bed_id], now)
    following = _next(stay, target, at, by, mix_code, mix_text)
    not_before(following, at, "at")
    must_suit(target, stay.person, mix_code, mix_text)
    _settle(following, now)
    if own is not None:
        end(own, HoldState.USED, now)
    return following


def swap(
    stay: BedStay,
    other: BedStay,
    *,
    by: Actor,
    at: datetime | None = None,
    mix_code: str = "",
    mix_text: str = "",
) -> tuple[BedStay, BedStay]:
    """Let two people change beds in one act; answers with their stays, in the order given.

    Both locks are taken in one order, so that two who swap the same beds do not wait for ever.
    """
    if stay.pk == other.pk:
        raise WrongBed(_("请选择另一位患者。"), field="other")
    first, second = sorted((stay, other), key=lambda each: each.pk)
    done = _swap(first, by=by, other=second, at=at, mix_code=mix_code, mix_text=mix_text)
    second = BedStay.objects.select_related("person", "bed__ward").get(moved_from=second)
    return (done, second) if first is stay else (second, done)


@action(permissions.MOVE)
def _swap(
    stay: BedStay,
    *,
    by: Actor,
    other: BedStay,
    at: datetime | None,
    mix_code: str,
    mix_text: str,
) -> BedStay:
    """Let two people change beds, both or neither."""
    now = clock.now()
    at = at or now
    other = BedStay.objects.select_for_update().get(pk=other.pk)
    before = other.facts()
    permissions.MOVE.check(by, other)
    for each in (stay, other):
        must_be_current(each)
        _check_move(each, at, now)
    if stay.organisation_id != other.organisation_id:
        raise WrongBed(_("只能在本机构内转床；转往其他机构请办理转诊。"), field="other")
    beds = lock_beds([stay.bed_id, other.bed_id])
    _end_by_move(stay, at)
    _end_by_move(other, at)
    done: list[BedStay] = []
    for each, target in ((stay, beds[other.bed_id]), (other, beds[stay.bed_id])):
        must_suit(target, each.person, mix_code, mix_text)
        following = _next(each, target, at, by, mix_code, mix_text)
        _settle(following, now)
        done.append(following)
    trail.record(by, permissions.MOVE.code, done[1], before=before)
    return done[0]


def _check_move(stay: BedStay, at: datetime, now: datetime) -> None:
    not_ahead(at, now, field="at")
    if at < stay.since:
        raise WrongTime(_("转床时间早于入住时间，请核对。"), field="at")


def _end_by_move(stay: BedStay, at: datetime) -> None:
    stay.until, stay.end = at, StayEnd.MOVED
    stay.save()


def _next(
    stay: BedStay, bed: Bed, at: datetime, by: Actor, mix_code: str, mix_text: str
) -> BedStay:
    facts: dict[str, Any] = {"mix_code": mix_code, "mix_text": mix_text}
    return BedStay.into(
        bed,
        stay.person,
        since=at,
        began=stay.began,
        encounter=stay.encounter,
        planned_on=stay.planned_on,
        moved_from=stay,
        admitted_by=by.name[:50],
        **facts,
    )


@action(permissions.PLAN)
def plan(stay: BedStay, *, by: Actor, on: date | None) -> BedStay:
    """Say on which day somebody is expected to leave, or that it is not known."""
    must_be_current(stay)
    _check_plan(on, stay.since)
    if on is not None and on < timezone.localdate(clock.now()):
        raise WrongTime(_("计划出院日期不能早于今天。"), field="on")
    stay.planned_on = on
    stay.save()
    return stay


def _check_plan(on: date | None, since: datetime) -> None:
    if on is None:
        return
    first = timezone.localdate(since)
    if on < first:
        raise WrongTime(_("计划出院日期早于入住日期，请核对。"), field="on")
    if on > timezone.localdate(clock.now() + parameters.duration("beds.plan_days")):
        raise WrongTime(_("计划出院日期过远，请核对。"), field="on")


@action(permissions.JOIN)
def join(stay: BedStay, *, by: Actor, encounter: Encounter) -> BedStay:
    """Tie a bed that was taken first to the stay that was written afterwards."""
    must_be_current(stay)
    if stay.encounter_id is not None:
        raise WrongState(_("已关联住院。"))
    stay.encounter = encounter
    _fit_encounter(stay)
    stay.save()
    return stay
