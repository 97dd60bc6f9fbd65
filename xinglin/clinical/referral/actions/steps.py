"""What several acts share: whose turn it is next, who hears of it, which reasons are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.clinical.referral import catalogue, events, permissions
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import clock, inbox, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.kernel.outbox import publish
from xinglin.registry.people.actions import end_care, link_care
from xinglin.registry.people.models import CareLink

SLACK = timedelta(minutes=5)


class UnknownReason(Refused):
    code = "unknown-reason"


class WrongTime(Refused):
    code = "wrong-time"


def coded(group: str, code: str, text: str, *, field: str) -> None:
    """Refuse a reason that is not in the catalogue, or one that asks for words and has none."""
    if not code:
        raise UnknownReason(_("请选择原因。"), field=field)
    found = catalogue.reasons(group).get(code)
    if found is None:
        raise UnknownReason(_("没有“%(code)s”这一原因代码。") % {"code": code}, field=field)
    if found.text and not text.strip():
        raise UnknownReason(
            _("选择“%(reason)s”时请补充说明。") % {"reason": found.label}, field=field
        )


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


def asked_by_another(referral: Referral) -> bool:
    """Two houses had a part: whoever wrote the letter is not the one that took the patient in."""
    return referral.written_by_id not in (referral.to_org_id, referral.receiver_id)


def open_record(referral: Referral) -> None:
    """Asked for by one house, accepted by the other, and the patient is here: both may read.

    A letter that a house wrote to itself (a patient from outside the county) opens nothing;
    there the patient shows a code or the card.
    """
    if not asked_by_another(referral):
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
