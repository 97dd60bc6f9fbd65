"""What referral does when time passes or when the record or the registry has news."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from xinglin.clinical.capacity.events import (
    BookingCancelled,
    BookingDisplaced,
    BookingEvent,
    BookingMoved,
    BookingRestored,
    SlotSubstituted,
)
from xinglin.clinical.capacity.models import Booking, Slot
from xinglin.clinical.careplans.events import CareTaskDone, RedFlagRaised
from xinglin.clinical.careplans.models import CarePlan
from xinglin.clinical.emergency.events import CaseArrived
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.record.events import EncounterEnded, EncounterStarted
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.record.rules import said_unit
from xinglin.clinical.referral import actions, drafting, rules
from xinglin.clinical.referral.actions.answers import sum_up_answers as sum_up
from xinglin.clinical.referral.destinations.held import SUBJECT
from xinglin.clinical.referral.events import ReferralSubmitted
from xinglin.clinical.referral.models import (
    BEFORE_ANSWER,
    ON_THE_WAY,
    Direction,
    Kind,
    Referral,
    State,
    Urgency,
)
from xinglin.clinical.triage import hearing as triage
from xinglin.kernel import parameters, worker
from xinglin.kernel.access import system
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import on
from xinglin.registry.people.events import PersonDied


@worker.every(15)
def watch_the_clock() -> int:
    """Expire what was accepted and not used; hand on what nobody answered."""
    now = timezone.now()
    overdue = Referral.objects.filter(due_at__lte=now).order_by("due_at")
    done = 0
    for referral in list(overdue.filter(state=State.ACCEPTED)):
        done += _try(actions.expire, referral)
    asked = overdue.filter(state__in=[State.SUBMITTED, State.APPROVED])
    for referral in list(asked.exclude(needs_approval=True, approved_at=None)):
        if referral.clock_from is None or referral.due_at is None:
            continue
        if rules.unanswered_at(referral.clock_from, referral.due_at) <= now:
            done += _try(actions.leave_unanswered, referral)
    return done


@worker.every(600)
def sum_up_answers() -> int:
    """Keep how often and how fast each house says yes, for the ranking of destinations."""
    return sum_up()


def _try(act: object, referral: Referral, **more: Any) -> int:
    """The clock may lose a race against a hand; then there is nothing left to do."""
    assert callable(act)
    try:
        with transaction.atomic():
            act(referral, by=system(referral.county_id), **more)
    except Refused:
        return 0
    return 1


@on(PersonDied)
def end_after_death(event: PersonDied) -> None:
    for referral in Referral.objects.filter(person_id=event.person_id).open():
        _try(actions.end, referral, code="died")


@on(EncounterStarted)
def end_when_admitted_elsewhere(event: EncounterStarted) -> None:
    """A stay in a third house answers the request that still waits."""
    if event.kind != Encounter.Kind.INPATIENT:
        return
    waiting = (*BEFORE_ANSWER, *ON_THE_WAY, State.DECLINED, State.EXPIRED)
    for referral in Referral.objects.filter(person_id=event.person_id, state__in=waiting):
        if event.organisation_id not in referral.parties:
            _try(actions.end, referral, code="admitted-elsewhere")


@on(ReferralSubmitted)
def count_as_agreement(event: ReferralSubmitted) -> None:
    """A doctor who refers a patient whom triage would have referred has answered its advice."""
    if event.direction in (Direction.UP, Direction.OUT):
        triage.heed(event.person_id, event.from_org_id, at=event.at)


def follow_the_booking(event: BookingEvent) -> None:
    """The letter of a promised patient tells no time or room at which nobody awaits them."""
    if event.subject_kind != SUBJECT or event.subject_id is None:
        return
    booking = Booking.objects.get(pk=event.booking_id)
    before = None
    if isinstance(event, BookingMoved):
        before = Slot.objects.get(pk=event.from_slot_id).start_at
    for referral in Referral.objects.filter(pk=event.subject_id, state__in=ON_THE_WAY):
        _try(actions.hear_of_booking, referral, booking=booking, before=before)


for news in (BookingMoved, BookingDisplaced, BookingRestored, BookingCancelled, SlotSubstituted):
    on(news)(follow_the_booking)


@on(EncounterEnded)
def start_the_receipts_clock(event: EncounterEnded) -> None:
    for referral in Referral.objects.filter(encounter_id=event.encounter_id, discharged_at=None):
        _try(actions.hear_of_discharge, referral, discharged_at=event.ended_at)


@on(CaseArrived)
def prepare_the_paper(event: CaseArrived) -> None:
    """A patient who came through the green channel: the form waits, filled in, for its sender."""
    case = GreenCase.objects.select_related("person").get(pk=event.case_id)
    if case.from_org_id == case.to_org_id or Referral.objects.filter(green_case=case).exists():
        return
    referral = Referral(
        county_id=case.county_id,
        written_by_id=case.from_org_id,
        green_case=case,
        person=case.person,
        from_org_id=case.from_org_id,
        to_org_id=case.to_org_id,
        urgency=Urgency.EMERGENCY,
        kind=Kind.GREEN_CHANNEL,
        doctor=case.opened_by,
        diagnosis_code=case.of_kind.diagnosis,
        diagnosis_name=case.of_kind.zh if not case.of_kind.diagnosis else "",
        diagnosed_on=timezone.localdate(case.opened_at),
        symptoms=case.complaint,
        results=_measured(case),
        reason_code="critical",
        referred_on=timezone.localdate(case.opened_at),
    )
    # A relation outside of the routes (a sideways transfer) needs no such paper.
    _try(
        actions.draft,
        referral,
        knowing_of_open=True,
        within=parameters.duration("referral.paper_hours"),
    )
    if referral._state.adding:
        return
    for paper in case.documents.filter(voided_at=None):
        referral.documents.add(paper)


def _measured(case: GreenCase) -> str:
    """The last vital signs of the case, as the form's line of results says them."""
    told: dict[str, str] = {}
    for sign in case.observations.filter(voided_at=None).order_by("measured_at"):
        if sign.value is not None:
            told[sign.name] = f"{sign.name} {sign.value.normalize():f} {said_unit(sign.unit)}"
    return "，".join(told.values())


@on(CareTaskDone)
def follow_up_with_the_visit(event: CareTaskDone) -> None:
    """The first visit of the plan and the follow-up of the letter are one."""
    if not event.follow_up:
        return
    for referral in Referral.objects.filter(care_plan_id=event.plan_id, state=State.CLOSED):
        _try(
            actions.hear_of_visit,
            referral,
            followed_up_at=event.at,
            note=event.note,
            doctor=event.done_by,
        )


@on(RedFlagRaised)
def prepare_the_way_up(event: RedFlagRaised) -> None:
    """Draft the referral to the hospital that sent the patient down, for the house to submit."""
    plan = CarePlan.objects.select_related("person").get(pk=event.plan_id)
    down = Referral.objects.filter(care_plan_id=plan.pk).first()
    if down is None:
        return
    house = event.organisation_id
    # Heard twice, or flagged again before the draft was sent: there is one way up.
    if down.sequels.filter(from_org_id=house, owner__isnull=False).exists():
        return
    _try(
        actions.draft,
        drafting.way_back_up(down, plan, house, event.found_by, event.findings),
        knowing_of_open=True,
        within=parameters.duration("careplans.red_flag_hours"),
    )
