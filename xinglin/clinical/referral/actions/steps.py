"""What several acts share: whose turn it is next, who hears of it, which reasons are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.clinical.referral import events, permissions
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import clock, inbox, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.outbox import publish
from xinglin.registry.people.actions import end_care, link_care
from xinglin.registry.people.models import CareLink

SLACK = timedelta(minutes=5)


class WrongTime(Refused):
    code = "wrong-time"


def in_order(
    value: datetime, *, field: str, after: datetime | None, now: datetime, sentence: str
) -> None:
    """A fact may not lie in the future, nor before the one it follows.

    People note whole minutes, so that a patient who has just consented may arrive at once.
    """
    if value > now + SLACK:
        raise WrongTime(_("时间不能晚于现在。"), field=field)
    if after is not None and value < after.replace(second=0, microsecond=0):
        raise WrongTime(sentence, field=field)


def foreseeable(value: datetime | None, *, field: str, now: datetime) -> None:
    """Refuse a plan so far ahead that it must be a slip; it would hide the patient for years."""
    days = parameters.duration("referral.plan_days")
    if value is not None and value > now + days:
        raise WrongTime(
            _("时间最多可定在 %(days)s 天以内，请核对。") % {"days": days.days}, field=field
        )


def keeping_the_record(by: Actor) -> Actor:
    """Whoever may note a discharge ends the visit with it, though a desk writes no record."""
    return replace(by, codes=by.codes | {"record.write"})


def ask_approval(referral: Referral, now: datetime) -> None:
    """The sender's leader owes the next step."""
    referral.hand_to(
        referral.approver_id or referral.sender_id,
        permissions.APPROVE.code,
        since=now,
        due_at=now + parameters.duration("referral.approve_minutes"),
    )


def owed_by_receiver(
    referral: Referral, permission: Any, *, since: datetime, due_at: datetime
) -> None:
    referral.hand_to(referral.receiver_id, permission.code, since=since, due_at=due_at)


def owed_by_sender(
    referral: Referral, permission: Any, *, since: datetime, due_at: datetime
) -> None:
    referral.hand_to(referral.sender_id, permission.code, since=since, due_at=due_at)


def tell_sender(referral: Referral, message: str, **params: Any) -> None:
    """The sender sees every step, whoever took it."""
    tell(referral, referral.sender_id, permissions.DRAFT.code, message, **params)


def tell_receiver(referral: Referral, message: str, **params: Any) -> None:
    tell(referral, referral.receiver_id, permissions.ACCEPT.code, message, **params)


def tell(
    referral: Referral, house: UUID | None, audience: str, message: str, **params: Any
) -> None:
    inbox.tell(
        house,
        audience,
        message,
        subject=referral,
        patient=referral.person.name,
        number=referral.number,
        to=referral.to_name,
        sender=referral.from_name,
        **params,
    )


def announce(
    event: type[events.ReferralEvent], referral: Referral, at: datetime, **more: Any
) -> None:
    publish(
        event(
            referral_id=referral.pk,
            person_id=referral.person_id,
            from_org_id=referral.from_org_id,
            to_org_id=referral.to_org_id,
            direction=referral.direction,
            at=at,
            **more,
        )
    )


# Who sends a letter, and who answers it: the verbs by which the trail knows them.
SENDING = (permissions.DRAFT, permissions.SUBMIT, permissions.APPROVE, permissions.REDIRECT)
ANSWERING = (permissions.ACCEPT, permissions.RECEIVE)


def by_two_parties(referral: Referral, by: Actor) -> bool:
    """Two houses had a part, and two people: one wrote the letter, another took the patient in.

    Somebody with a post in both houses who writes and answers alone is one party.
    """
    if referral.written_by_id in (referral.to_org_id, referral.receiver_id):
        return False
    lines = TrailEntry.objects.filter(subject_id=referral.pk, kind=TrailEntry.Kind.CHANGE)
    hands = set(
        lines.filter(verb__in=[each.code for each in (*SENDING, *ANSWERING)]).values_list(
            "user_id", flat=True
        )
    )
    return len(hands | {by.user_id}) > 1


def open_record(referral: Referral, by: Actor) -> None:
    """Asked for by one house, accepted by the other, and the patient is here: both may read.

    A letter that a house wrote to itself (a patient from outside the county), or that one person
    wrote and answered, opens nothing; there the patient shows a code or the card.
    """
    if not by_two_parties(referral, by):
        return
    for house in {referral.receiver_id, referral.follow_up_org_id or referral.receiver_id}:
        link_care(
            referral.person_id,
            house,
            CareLink.Basis.REFERRAL,
            evidence=CareLink.Evidence.REFERRAL,
            since=referral.arrived_at or clock.now(),
        )


def close_record(referral: Referral, at: datetime) -> None:
    """Once no referral of the person is open in a house, what it opened runs out."""
    for house in {referral.receiver_id, referral.follow_up_org_id or referral.receiver_id}:
        others = (
            Referral.objects.open()
            .filter(person_id=referral.person_id, arrived_at__isnull=False)
            .filter(Q(to_org_id=house) | Q(follow_up_org_id=house))
            .exclude(pk=referral.pk)
        )
        if not others.exists():
            end_care(
                referral.person_id,
                house,
                CareLink.Basis.REFERRAL,
                until=at + parameters.duration("privacy.care_days"),
            )


def stop(referral: Referral, state: State, code: str, text: str, now: datetime) -> None:
    """Close what did not reach its end, with its reason."""
    referral.move_to(state)
    referral.end_code = code
    referral.end_reason = text.strip()
    referral.ended_at = now
    referral.finish()
    if referral.arrived_at is not None:
        close_record(referral, now)
    announce(events.ReferralEnded, referral, now, end_code=code)
