"""Where a patient could go, and the place that a referral has, over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query

from xinglin.clinical.referral import permissions
from xinglin.clinical.referral.api import schemas
from xinglin.clinical.referral.api.acts import ADDRESS, one, router
from xinglin.clinical.referral.destinations.finding import Destination, find
from xinglin.clinical.referral.destinations.held import Held, held_by
from xinglin.clinical.referral.destinations.wanted import Wanted
from xinglin.clinical.triage.models import Assessment
from xinglin.kernel import trail
from xinglin.kernel.errors import Forbidden
from xinglin.registry.people.models import Person
from xinglin.ui.api import answer, chosen
from xinglin.ui.requests import Request


@router.get(
    "/referrals/destinations",
    response=schemas.DestinationsOut,
    operation_id="listReferralDestinations",
    summary="推荐去向",
)
def destinations(request: Request, asked: Query[schemas.DestinationQuery]) -> HttpResponse:
    """按能力、空余、路程、费用、协议和以往接收情况排序的可转往机构；不能转往的列明原因。"""
    actor = request.actor
    if not (actor.may(permissions.DRAFT.code) or actor.may(permissions.REDIRECT.code)):
        raise Forbidden(_("当前岗位不能填写转诊单。"))
    sex = asked.sex
    if asked.person is not None:
        sex = chosen(Person.objects.visible_to(actor), asked.person, "person").sex
    advice = (
        chosen(Assessment.objects.visible_to(actor), asked.assessment, "assessment")
        if asked.assessment
        else None
    )
    wanted = Wanted(
        county_id=actor.county_id,
        from_org_id=actor.org_id,
        urgency=asked.urgency,
        kind=asked.kind,
        sex=sex,
        diagnosis=asked.diagnosis_code.strip().upper(),
        department=asked.to_department or (advice.department if advice else ""),
        needs=tuple(asked.needs or (advice.needs if advice else ())),
        level=advice.level if advice else "",
        direction=asked.direction or "",
    )
    found = find(wanted, most=asked.limit)
    return answer(
        {
            "items": [_told(each) for each in found.destinations],
            "excluded": [
                {"id": each.house.pk, "name": str(each.house), "reason": each.reason}
                for each in found.excluded
            ],
        }
    )


def _told(each: Destination) -> dict[str, Any]:
    past = each.past
    return {
        "organisation": {"id": each.house.pk, "name": str(each.house)},
        "department": {"id": each.department_id, "name": each.department}
        if each.department_id
        else None,
        "to_department": each.department,
        "slot": each.slot.pk if each.slot else None,
        "slot_start_at": each.slot.start_at if each.slot else None,
        "ward": each.ward,
        "beds": each.beds,
        "minutes": each.minutes,
        "covered": each.cover.holds,
        "cover": each.cover.sentence,
        "asked": past.asked if past else 0,
        "accepted": past.accepted if past else 0,
        "median_minutes": past.median if past else None,
        "why": [words for words, _tone in each.why],
        "points": each.points,
        "shares": [
            {"factor": s.factor, "score": s.score, "points": s.points, "most": s.most}
            for s in each.shares
        ],
    }


@router.get(
    f"{ADDRESS}/place",
    response=schemas.PlaceOut | None,
    operation_id="readReferralPlace",
    summary="转诊预约的号源或床位",
)
def place(request: Request, pk: UUID) -> HttpResponse:
    """该转诊预占、已约或已用的号源或床位；没有则为 null。"""
    referral = one(request, pk)
    basis = permissions.ground(request.actor, referral).kept(door="REST")
    trail.read(request.actor, permissions.READ.code, referral, basis=basis, parts="referral")
    held = held_by(referral)
    return answer(_held(held) if held else None)


def _held(held: Held) -> dict[str, Any]:
    bed = held.bed
    return {
        "slot": held.slot.pk if held.slot else None,
        "booking": held.booking.pk if held.booking else None,
        "ward": bed.ward_id if bed else None,
        "bed": bed.pk if bed else None,
        "where": held.where,
        "start_at": held.start_at,
        "until": held.until,
        "state": (held.booking or held.hold).state,  # type: ignore[union-attr]
    }
